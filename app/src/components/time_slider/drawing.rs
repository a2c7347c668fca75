//! What lies below the sliders: bars, the line of what is kept, ticks, dates.

use leptos::prelude::*;

use super::axis::{DAY_S, bins};
use super::{Slider, burst, second};
use crate::sprites::Sprites;
use crate::time::{Keep, Point, height, keeps, percentile};
use crate::words::Moment;

/// Height of a bar for a day as busy as any but one in a hundred, and where bars stand, in units of the drawing.
const DAY_BAR: (f64, f64) = (50.0, 62.0);
/// Likewise for parts of a day.
const PART_BAR: (f64, f64) = (26.0, 34.0);

/// The days.
pub(super) fn day_drawing(slider: Slider) -> AnyView {
    let axis = slider.axis.get();
    let shown = slider.shown_day().map(|day| day.number);
    let amounts = slider.days.with(|days| axis.amounts(days));
    let first = slider.days.with(|days| days.iter().map(|day| day.number).min());
    let (most, median) = (percentile(&amounts, 99), percentile(&amounts, 50));
    let burst_days: Vec<i64> = slider.bursts.with(|bursts| bursts.iter().map(burst::day_number).collect());
    let icons = Sprites::current().icons;
    let width = 100.0 / f64::from(axis.count);
    let marks: Vec<_> = amounts
        .iter()
        .enumerate()
        .filter_map(|(index, &amount)| {
            let number = axis.day(index as i64);
            let x = index as f64 * width;
            if amount == 0 {
                let kept = first.is_some_and(|first| number >= first);
                return kept.then(|| {
                    view! { <circle class="density__none" cx=format!("{:.2}%", x + width / 2.0) cy="59" r="2" /> }
                        .into_any()
                });
            }
            let is_burst = burst_days.contains(&number);
            let class = match (shown == Some(number), amount > median) {
                (true, _) => "density__bar density__bar--on",
                _ if is_burst => "density__burst",
                (_, true) => "density__bar density__bar--hot",
                _ => "density__bar",
            };
            let mark = is_burst.then(|| {
                let (href, x) = (format!("{icons}#triangle-alert"), format!("{:.2}%", x + width * 0.345));
                view! { <use_ class="density__alert" href=href x=x y="-2" width="12" height="12" /> }
            });
            let bar = bar(class, x, width * 0.69, height(amount, most), DAY_BAR);
            Some(view! { {bar} {mark} }.into_any())
        })
        .collect();
    let kept = slider.points.with(|points| slider.days.with(|days| axis.runs(days, &keeps(points, days))));
    let kept = kept.into_iter().map(|(from, to, keep)| {
        let (x, width) = (from as f64 * width, (to - from) as f64 * width);
        view! {
            <rect class=keep_class(keep) x=format!("{x:.2}%") y="64.5" width=format!("{width:.2}%") height="2.5" />
        }
        .into_any()
    });
    let kept: Vec<_> = kept.collect();
    let labels = axis.labels().map(|(x, text)| label(x, text, "77"));
    view! {
        <svg class="time-slider__svg time-slider__svg--days" aria-hidden="true">
            {marks}
            <line class="density__base" x1="0" x2="100%" y1="62.5" y2="62.5" />
            {kept}
            {labels.collect::<Vec<_>>()}
        </svg>
    }
    .into_any()
}

/// The class of a piece of the line of what is kept.
pub(super) fn keep_class(keep: Keep) -> &'static str {
    match keep {
        Keep::All => "density__keep",
        Keep::Hourly => "density__keep density__keep--2",
        Keep::Daily => "density__keep density__keep--3",
    }
}

/// A piece of the line, to explain it.
#[component]
pub(super) fn KeepKey(class: &'static str) -> impl IntoView {
    view! {
        <svg class="density__key" aria-hidden="true">
            <rect class=class x="0" y="0" width="100%" height="100%" />
        </svg>
    }
    .into_any()
}

fn bar(class: &'static str, x: f64, width: f64, share: f64, (tallest, base): (f64, f64)) -> AnyView {
    let tall = (share * tallest).max(1.5);
    view! {
        <rect
            class=class
            x=format!("{x:.2}%")
            y=format!("{:.1}", base - tall)
            width=format!("{width:.2}%")
            height=format!("{tall:.1}")
            rx="1.2"
        />
    }
    .into_any()
}

fn label(x: f64, text: String, y: &'static str) -> AnyView {
    let class = if x >= 99.9 { "density__text density__text--end" } else { "density__text" };
    view! {
        <text class=class x=format!("{x:.1}%") y=y>
            {text}
        </text>
    }
    .into_any()
}

/// The chosen day.
pub(super) fn part_drawing(slider: Slider) -> AnyView {
    let shown = slider.shown();
    let day = shown.and_then(|(place, _)| slider.day_of(place));
    let stored: Vec<(u32, u64)> = day.map_or_else(Vec::new, |day| {
        let stored = |point: &Point| (second(point), point.amount());
        slider.points.with(|points| day.of(points).iter().map(stored).collect())
    });
    let amounts = bins(&stored);
    let most = percentile(&amounts, 99);
    let width = 100.0 / amounts.len() as f64;
    let bursts = slider.bursts.with(|bursts| {
        let of_day = bursts.iter().filter(|burst| day.is_some_and(|day| burst::day_number(burst) == day.number));
        bins(&of_day.map(|burst| (Moment::local(burst.device_ms).second_of_day(), 1)).collect::<Vec<_>>())
    });
    let bars = amounts.iter().zip(bursts).enumerate().filter(|(_, (amount, _))| **amount > 0);
    let bars: Vec<_> = bars
        .map(|(index, (&amount, bursts))| {
            let class = if bursts > 0 { "density__burst" } else { "density__bar" };
            bar(class, index as f64 * width, width * 0.7, height(amount, most), PART_BAR)
        })
        .collect();
    let now = shown.map(|(_, point)| Moment::local(point.device_ms).second_of_day());
    // Ticks that fall together are one.
    let mut ticks: Vec<u32> = stored.iter().map(|(second, _)| second * 1000 / DAY_S).collect();
    ticks.sort_unstable();
    ticks.dedup();
    let ticks: Vec<_> = ticks
        .into_iter()
        .map(|tick| {
            let on = now.is_some_and(|now| now * 1000 / DAY_S == tick);
            let class = if on { "density__point density__point--on" } else { "density__point" };
            let x = format!("{:.1}%", f64::from(tick) / 10.0);
            view! { <rect class=class x=x width="2" y="38" height="6" rx="1" /> }.into_any()
        })
        .collect();
    let hours = ["00:00", "06:00", "12:00", "18:00", "24:00"];
    let labels = hours.iter().enumerate().map(|(index, hour)| label(index as f64 * 25.0, (*hour).to_owned(), "58"));
    view! {
        <svg class="time-slider__svg" aria-hidden="true">
            {bars}
            <line class="density__base" x1="0" x2="100%" y1="34.5" y2="34.5" />
            {ticks}
            {labels.collect::<Vec<_>>()}
        </svg>
    }
    .into_any()
}
