//! Thirty days in one line: what was stored on each, and on which nothing was heard.

use iota_core::api::json::{DayInfo, SHOWN_DAYS};
use leptos::prelude::*;

use crate::fleet::Machine;
use crate::time::height;
use crate::words::many;

const DAY_MS: u64 = 86_400_000;
/// The lowest bar, so that one point of a day among thousands is seen; parts of 100.
const LEAST: f64 = 12.0;

/// What is known of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// The machine was not there yet, or no longer.
    Outside,
    /// Nothing was heard of it.
    Silent,
    /// It was there, and had nothing to store.
    Quiet,
    /// What it stored.
    Stored { commits: u64, gaps: bool, today: bool },
}

/// The last days of a machine, oldest first; `today` counts from 1 January 1970 (UTC), as the server counts.
fn days(machine: &Machine, today: u64) -> Vec<Day> {
    let first = (today + 1).saturating_sub(u64::from(SHOWN_DAYS));
    let state = |day: u64| match machine.days.iter().find(|info| info.day == day) {
        Some(&DayInfo { commits: 0, .. }) => Day::Quiet,
        Some(&DayInfo { commits, gaps, .. }) => Day::Stored { commits, gaps, today: day == today },
        None if day < machine.created_ms / DAY_MS || machine.revoked => Day::Outside,
        // It is not over yet: that a machine is silent says its state.
        None if day == today => Day::Quiet,
        None => Day::Silent,
    };
    (first..=today).map(state).collect()
}

/// The strip of a machine.
#[component]
pub fn Strip(
    /// The machine.
    machine: Machine,
    /// Milliseconds since 1970.
    now_ms: u64,
) -> impl IntoView {
    let days = days(&machine, now_ms / DAY_MS);
    let label = sentence(&days);
    let most = days.iter().map(|day| if let Day::Stored { commits, .. } = day { *commits } else { 0 }).max();
    let width = 100.0 / days.len().max(1) as f64;
    let marks = days.iter().enumerate().map(|(place, day)| mark(*day, place as f64 * width, width, most.unwrap_or(0)));
    view! {
        <svg class="strip" role="img" aria-label=label>
            {marks.collect::<Vec<_>>()}
        </svg>
    }
    .into_any()
}

fn mark(day: Day, x: f64, width: f64, most: u64) -> AnyView {
    let (class, tall) = match day {
        Day::Silent => {
            let middle = percent(x + width / 2.0);
            return view! { <circle class="strip__none" cx=middle cy="90%" r="2"></circle> }.into_any();
        }
        Day::Outside => ("strip__before", 3.0),
        Day::Quiet => ("strip__asleep", 8.0),
        Day::Stored { commits, gaps, today } => {
            let class = match (gaps, today) {
                (true, _) => "strip__bar strip__bar--gaps",
                (_, true) => "strip__bar strip__bar--today",
                _ => "strip__bar",
            };
            (class, (height(commits, most) * 100.0).max(LEAST))
        }
    };
    let bar = if matches!(day, Day::Stored { .. }) { width * 0.66 } else { width };
    view! {
        <rect class=class x=percent(x) y=percent(100.0 - tall) width=percent(bar) height=percent(tall) rx="1.5"></rect>
    }
    .into_any()
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

fn sentence(days: &[Day]) -> String {
    let stored =
        days.iter().filter_map(|day| if let Day::Stored { commits, .. } = day { Some(*commits) } else { None });
    let (points, busy) = stored.fold((0, 0), |(points, busy), commits| (points + commits, busy + 1));
    let gaps = days.iter().filter(|day| matches!(day, Day::Stored { gaps: true, .. })).count() as u64;
    let silent = days.iter().filter(|day| matches!(day, Day::Silent)).count() as u64;
    let mut text = format!("Last 30 days: {} on {}", many(points, "point", "points"), many(busy, "day", "days"));
    if gaps > 0 {
        text += &format!(", with gaps on {}", many(gaps, "day", "days"));
    }
    if silent > 0 {
        text += &format!(", nothing heard on {}", many(silent, "day", "days"));
    }
    text
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::{Bytes, SetInfo};
    use iota_core::id::{DeviceId, SetId};

    use super::*;

    fn machine(created_day: u64, days: Vec<DayInfo>) -> Machine {
        let info = SetInfo {
            set: SetId([1; 16]),
            device: DeviceId([1; 16]),
            label: Bytes(vec![]),
            created_ms: created_day * DAY_MS + 5,
            certificates: vec![],
            head: None,
            contact_ms: None,
            live_bytes: 0,
            upload: None,
            days,
            watch: None,
        };
        Machine::new(1, &info)
    }

    #[test]
    fn a_silent_day_is_never_simply_missing() {
        let info = |day, commits| DayInfo { day, commits, gaps: day == 97 };
        let machine = machine(95, vec![info(95, 3), info(97, 1), info(98, 0)]);
        let days = days(&machine, 100);
        assert_eq!(days.len(), 30);
        assert_eq!(days[..24], [Day::Outside; 24]);
        let stored = |commits, gaps| Day::Stored { commits, gaps, today: false };
        assert_eq!(days[24..], [stored(3, false), Day::Silent, stored(1, true), Day::Quiet, Day::Silent, Day::Quiet]);
        let told = sentence(&days).replace('\u{a0}', " ");
        assert_eq!(told, "Last 30 days: 4 points on 2 days, with gaps on 1 day, nothing heard on 2 days");
    }

    #[test]
    fn the_day_that_runs_has_its_own_colour() {
        let machine = machine(100, vec![DayInfo { day: 100, commits: 2, gaps: false }]);
        assert_eq!(days(&machine, 100).last(), Some(&Day::Stored { commits: 2, gaps: false, today: true }));
    }
}
