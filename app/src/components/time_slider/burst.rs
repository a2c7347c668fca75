//! What is said where far more changed at once than usual.

use leptos::prelude::*;

use super::Slider;
use crate::components::icon::Icon;
use crate::time::{Burst, Day};
use crate::words::{Moment, count};

/// Its day, counted from 1 January 1970.
pub(super) fn day_number(burst: &Burst) -> i64 {
    Moment::local(burst.device_ms).day_number()
}

impl Slider {
    /// The last burst of a day.
    pub(super) fn burst_of(&self, day: &Day) -> Option<Burst> {
        self.bursts.with(|bursts| bursts.iter().rev().find(|burst| day_number(burst) == day.number).copied())
    }

    /// The burst of the day that is shown, or else the newest among the days of the slider.
    fn told_burst(&self) -> Option<Burst> {
        let axis = self.axis.get();
        let days = axis.day(0)..=axis.last;
        let newest =
            || self.bursts.with(|bursts| bursts.iter().rev().find(|burst| days.contains(&day_number(burst))).copied());
        self.shown_day().and_then(|day| self.burst_of(&day)).or_else(newest)
    }
}

/// The burst, and the way to the point before it.
#[component]
pub(super) fn BurstNotice(slider: Slider) -> impl IntoView {
    // Another point under the thumb leaves the button as it is.
    let burst = Memo::new(move |_| slider.told_burst());
    move || {
        burst.get().map(|burst| {
            let words = format!(
                "Unusually many changes at once on {}: {} times as much as otherwise in ten minutes, by the server's list until the points are checked.",
                Moment::local(burst.device_ms).full(),
                count(burst.times)
            );
            view! {
                <p class="timeline__burst">
                    <Icon name="triangle-alert" />
                    <span>{words}</span>
                    <button class="button button--small" type="button" on:click=move |_| slider.pick(Some(burst.before))>
                        "Open the point before"
                    </button>
                </p>
            }
            .into_any()
        })
    }
}
