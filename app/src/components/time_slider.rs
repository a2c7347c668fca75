//! Moves through time: days, and the points of a day that can be opened. Both sliders are the browser's own, so keyboard, touch
//! and screen readers work; the drawings lie below them.

mod axis;
mod burst;
mod day_count;
mod drawing;

use axis::{Axis, DAY_S};
use burst::BurstNotice;
use day_count::DayCount;
use drawing::{KeepKey, day_drawing, keep_class, part_drawing};

use leptos::ev;
use leptos::prelude::*;
use leptos::web_sys::HtmlInputElement;

use crate::browser;
use crate::clock::Clock;
use crate::components::icon::Icon;
use crate::components::shortcuts::OFF;
use crate::time::{Burst, Day, Keep, Point, Points, bursts, day_step, days, place, step};
use crate::words::{Moment, many, now_ms, span};

/// What the sliders share.
#[derive(Clone, Copy)]
struct Slider {
    points: ReadSignal<Vec<Point>>,
    days: Memo<Vec<Day>>,
    bursts: Memo<Vec<Burst>>,
    /// What is known of the day that is shown, in words.
    counted: RwSignal<Option<String>>,
    /// Place of the point that is open.
    chosen: Memo<Option<usize>>,
    /// The commit under a thumb that is being moved. Places change while older points come.
    draft: RwSignal<Option<u64>>,
    /// Day and number of days that the upper slider shows.
    axis: Memo<Axis>,
    choose: Callback<Option<u64>>,
}

impl Slider {
    /// The point under the thumb, or else the open one.
    fn shown(&self) -> Option<(usize, Point)> {
        let draft = self.draft.get();
        let chosen = self.chosen.get();
        self.points.with(|points| {
            let place = draft.map_or(chosen, |seq| place(points, Some(seq)))?;
            points.get(place).map(|point| (place, *point))
        })
    }

    /// The point that is open. The controls stand here and are not set while they are dragged: a browser tells of no change at the end of a
    /// drag whose value was set on the way.
    fn open(&self) -> Option<(usize, Point)> {
        let place = self.chosen.get()?;
        self.points.with(|points| points.get(place).map(|point| (place, *point)))
    }

    fn day_of(&self, place: usize) -> Option<Day> {
        self.days.with(|days| days.iter().find(|day| (day.first..day.first + day.count).contains(&place)).copied())
    }

    /// The day under the thumb, or else that of the open point.
    fn shown_day(&self) -> Option<Day> {
        self.shown().and_then(|(place, _)| self.day_of(place))
    }

    fn pick(&self, seq: Option<u64>) {
        self.draft.set(None);
        if seq.is_some() {
            self.choose.run(seq);
        }
    }

    fn step(&self, by: isize) {
        let place = self.chosen.get_untracked();
        self.pick(place.and_then(|place| self.points.with_untracked(|points| step(points, place, by))));
    }

    fn day_step(&self, by: isize) {
        let Some(place) = self.chosen.get_untracked() else { return };
        let seq = self.points.with_untracked(|points| {
            self.days.with_untracked(|days| day_step(points, days, place, by).or_else(|| end(points, by)))
        });
        self.pick(seq);
    }

    fn is_newest(&self) -> bool {
        let last = self.points.with(|points| points.len().checked_sub(1));
        self.chosen.get() == last
    }
}

/// Beyond the first and the last day there is nothing: the first and the last point.
fn end(points: &[Point], by: isize) -> Option<u64> {
    if by < 0 { points.first() } else { points.last() }.map(|point| point.seq)
}

/// The sliders, with the date that they stand at.
#[component]
pub fn TimeSlider(
    /// All points.
    points: Points,
    /// The commit that is open; none for the newest.
    #[prop(into)]
    at: Signal<Option<u64>>,
    /// Opens another; none for the newest.
    choose: Callback<Option<u64>>,
) -> impl IntoView {
    let all = points;
    let points = all.list();
    let chosen = Memo::new(move |_| points.with(|points| place(points, at.get())));
    let all_days = Memo::new(move |_| points.with(|points| days(points)));
    let narrow = RwSignal::new(false);
    Effect::new(move || {
        let width = window().inner_width().ok().and_then(|width| width.as_f64());
        narrow.set(width.is_some_and(|width| width < 832.0));
    });
    let axis = Memo::new(move |_| {
        let day = |place: usize| {
            points.with(|points| points.get(place).map(|point| Moment::local(point.device_ms).day_number()))
        };
        let today = Moment::local(now_ms()).day_number();
        let last = points.with(Vec::len).checked_sub(1).and_then(day).unwrap_or(today);
        Axis::new(last.max(today), chosen.get().and_then(day), if narrow.get() { 60 } else { 120 })
    });
    let bursts = Memo::new(move |_| points.with(|points| all_days.with(|days| bursts(points, days))));
    let (counted, draft) = (RwSignal::new(None), RwSignal::new(None));
    let slider = Slider { points, days: all_days, bursts, counted, chosen, draft, axis, choose };
    listen(slider);
    view! {
        <div class="timeline" class:timeline--past=move || !slider.is_newest()>
            <Head slider />
            <DaySlider slider />
            <DayCount slider set=all.set() />
            <BurstNotice slider />
            <PartSlider slider />
            <p class="timeline__keys timeline__keys--desk">
                <span>
                    <kbd>"["</kbd>
                    " "
                    <kbd>"]"</kbd>
                    " point before, after"
                </span>
                <span>
                    <kbd>"⇧"</kbd>
                    " "
                    <kbd>"["</kbd>
                    " "
                    <kbd>"]"</kbd>
                    " a day"
                </span>
                <span>
                    <kbd>"N"</kbd>
                    " newest, among files "
                    <kbd>"\\"</kbd>
                </span>
                <span>"Ticks: points that you can open. Hollow dots: days without one"</span>
            </p>
            <p class="timeline__keys timeline__keys--desk">
                <span>
                    "Bars: how much changed, by the size of the sealed records as the server lists them; a step higher is twice as much. Thinned days show what is left"
                </span>
                <span>
                    "The first point of a day, and very large changes, are recorded whole and count as the least"
                </span>
                <span>
                    "Line below: how densely points are kept, "
                    <KeepKey class=keep_class(Keep::All) />
                    " every change, "
                    <KeepKey class=keep_class(Keep::Hourly) />
                    " hourly, "
                    <KeepKey class=keep_class(Keep::Daily) />
                    " daily"
                </span>
            </p>
            {move || (!all.is_complete()).then(|| view! { <Unread points=all /> })}
        </div>
    }
    .into_any()
}

/// What is said while the drawing lacks the past: days before its first point are not empty.
#[component]
fn Unread(points: Points) -> impl IntoView {
    let first = Memo::new(move |_| {
        points.list().with(|list| list.first().map(|point| Moment::local(point.device_ms).date())).unwrap_or_default()
    });
    let more = move |_| leptos::task::spawn_local(async move { points.older().await });
    let words = move || {
        if points.is_filling() || points.is_asking() {
            return view! { <span>"Older points are still being read"</span> }.into_any();
        }
        view! {
            <span>{move || format!("Points before {} are not read yet", first.get())}</span>
            <button class="link-button" type="button" on:click=more>
                "Read older ones"
            </button>
        }
        .into_any()
    };
    view! { <p class="timeline__keys">{words}</p> }.into_any()
}

/// Single keys that move time, wherever the focus is; not while somebody types.
fn listen(slider: Slider) {
    let heard = window_event_listener(ev::keydown, move |event| {
        let held = event.ctrl_key() || event.meta_key() || event.alt_key();
        if held
            || event.default_prevented()
            || browser::is_typing() && !on_slider(&event)
            || browser::stored(OFF).is_some()
        {
            return;
        }
        match event.key().as_str() {
            "[" => slider.step(-1),
            "]" => slider.step(1),
            "{" => slider.day_step(-1),
            "}" => slider.day_step(1),
            // Among files a letter looks for a name.
            "n" | "\\" => slider.choose.run(None),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || heard.remove());
}

/// A slider is an input, but nobody types into it.
fn on_slider(event: &ev::KeyboardEvent) -> bool {
    input_of(event).is_some_and(|input| input.type_() == "range")
}

fn input_of(event: &ev::Event) -> Option<HtmlInputElement> {
    use leptos::wasm_bindgen::JsCast;
    event.target().and_then(|target| target.dyn_into().ok())
}

#[component]
fn Head(slider: Slider) -> impl IntoView {
    let clock = Clock::current().slow();
    let moment = Memo::new(move |_| slider.shown().map(|(_, point)| Moment::local(point.device_ms)));
    let before = move || {
        let (_, point) = slider.shown()?;
        let newest = slider.is_newest() && slider.draft.get().is_none();
        let ago = span(clock.get().saturating_sub(point.device_ms) / 1000);
        Some(if newest { format!("newest, {ago} ago") } else { format!("{ago} before now") })
    };
    // Older points that come do not touch the button, which may have the focus.
    let newest = Memo::new(move |_| slider.is_newest());
    let has = move |by| {
        let place = slider.chosen.get();
        move || place.is_some_and(|place| slider.points.with(|points| step(points, place, by).is_some()))
    };
    view! {
        <div class="timeline__head">
            <div class="timeline__now" aria-live="polite">
                {move || moment.get().map(|moment| moment.full())}
                <small class="desk">{before}</small>
            </div>
            <div class="button-group">
                <button
                    class="button button--small button--icon"
                    type="button"
                    aria-label="Point before"
                    aria-disabled=move || (!has(-1)()).then_some("true")
                    on:click=move |_| slider.step(-1)
                >
                    <Icon name="chevron-left" />
                </button>
                <button
                    class="button button--small button--icon"
                    type="button"
                    aria-label="Point after"
                    aria-disabled=move || (!has(1)()).then_some("true")
                    on:click=move |_| slider.step(1)
                >
                    <Icon name="chevron-right" />
                </button>
                {move || {
                    (!newest.get())
                        .then(|| {
                            view! {
                                <button
                                    class="button button--small button--past"
                                    type="button"
                                    on:click=move |_| slider.choose.run(None)
                                >
                                    <Icon name="undo-2" />
                                    "Newest"
                                </button>
                            }
                        })
                }}
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn DaySlider(slider: Slider) -> impl IntoView {
    let index = move |day: Option<Day>| day.map_or(0, |day| slider.axis.get().index(day.number));
    let value = move || index(slider.open().and_then(|(place, _)| slider.day_of(place)));
    let spoken = move || {
        slider.shown_day().map(|day| {
            let count = slider.counted.get().unwrap_or_else(|| many(day.count as u64, "point", "points"));
            let burst = slider.burst_of(&day).map(|_| ", unusually many changes at once");
            format!("{}, {count}{}", day.moment.spoken(), burst.unwrap_or_default())
        })
    };
    let input = move |event: ev::Event| {
        let number = input_of(&event).and_then(|input| input.value().parse().ok()).unwrap_or_default();
        slider.draft.set(nearest_day(slider, slider.axis.get_untracked().day(number)));
    };
    let change = move |event: ev::Event| {
        // The thumb goes where the point is, also when that is where it was.
        set(&event, untrack(|| index(slider.shown_day())));
        commit(slider);
    };
    let cancel = move |event: ev::PointerEvent| {
        slider.draft.set(None);
        set(&event, untrack(value));
    };
    let key = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => slider.day_step(-1),
            "ArrowRight" | "ArrowUp" => slider.day_step(1),
            "PageDown" => slider.day_step(-7),
            "PageUp" => slider.day_step(7),
            "Home" => slider.day_step(isize::MIN),
            "End" => slider.choose.run(None),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div class="time-slider">
            <label class="visually-hidden" for="day-slider">
                "Day"
            </label>
            {move || day_drawing(slider)}
            <input
                class="time-slider__input"
                id="day-slider"
                type="range"
                min="0"
                max=move || slider.axis.get().count - 1
                prop:value=move || value().to_string()
                aria-valuetext=spoken
                on:input=input
                on:change=change
                on:pointercancel=cancel
                on:keydown=key
            />
        </div>
    }
    .into_any()
}

/// Moves the thumb.
fn set(event: &ev::Event, value: impl ToString) {
    if let Some(input) = input_of(event) {
        input.set_value(&value.to_string());
    }
}

fn commit(slider: Slider) {
    slider.pick(slider.draft.get_untracked());
}

/// The last point of the day that is nearest.
fn nearest_day(slider: Slider, number: i64) -> Option<u64> {
    let day = slider.days.with_untracked(|days| days.iter().min_by_key(|day| day.number.abs_diff(number)).copied())?;
    slider.points.with_untracked(|points| day.of(points).last().map(|point| point.seq))
}

#[component]
fn PartSlider(slider: Slider) -> impl IntoView {
    let value = move || slider.open().map_or(0, |(_, point)| second(&point));
    let spoken = move || {
        slider.shown().map(|(place, point)| {
            let day = slider.day_of(place);
            let number = day.map_or(1, |day| place - day.first + 1);
            let count = day.map_or(1, |day| day.count);
            format!("{}, point {number} of {count} of this day", Moment::local(point.device_ms).clock_seconds())
        })
    };
    let input = move |event: ev::Event| {
        let wanted: u32 = input_of(&event).and_then(|input| input.value().parse().ok()).unwrap_or_default();
        let day = slider.chosen.get_untracked().and_then(|place| slider.day_of(place));
        let near = day.and_then(|day| slider.points.with_untracked(|points| nearest_second(day.of(points), wanted)));
        slider.draft.set(near);
    };
    let change = move |event: ev::Event| {
        set(&event, untrack(|| slider.shown().map_or(0, |(_, point)| second(&point))));
        commit(slider);
    };
    let cancel = move |event: ev::PointerEvent| {
        slider.draft.set(None);
        set(&event, untrack(value));
    };
    let key = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => slider.step(-1),
            "ArrowRight" | "ArrowUp" => slider.step(1),
            "PageDown" => slider.day_step(-1),
            "PageUp" => slider.day_step(1),
            "Home" => slider.day_step(isize::MIN),
            "End" => slider.choose.run(None),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div class="time-slider time-slider--minutes">
            <label class="visually-hidden" for="part-slider">
                "Point of the day"
            </label>
            {move || part_drawing(slider)}
            <input
                class="time-slider__input"
                id="part-slider"
                type="range"
                min="0"
                max=DAY_S - 1
                prop:value=move || value().to_string()
                aria-valuetext=spoken
                on:input=input
                on:change=change
                on:pointercancel=cancel
                on:keydown=key
            />
        </div>
    }
    .into_any()
}

/// Of its day, by the clock of this device.
fn second(point: &Point) -> u32 {
    Moment::local(point.device_ms).second_of_day()
}

/// The point of a day that is nearest to a second of it. Of several in one second it is the last when they lie before it, else the first: so
/// each end of the slider is an end of the day.
fn nearest_second(of_day: &[Point], wanted: u32) -> Option<u64> {
    let distance = |point: &&Point| {
        let second = second(point);
        (second.abs_diff(wanted), if second <= wanted { u64::MAX - point.seq } else { point.seq })
    };
    of_day.iter().min_by_key(distance).map(|point| point.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_of_the_slider_is_an_end_of_the_day_also_within_a_second() {
        let point = |seq: u64, second: u64| Point { seq, device_ms: second * 1000, ..Point::default() };
        let together = [point(1, 50_000), point(2, 50_000), point(3, 50_000)];
        let at = |wanted| nearest_second(&together, wanted);
        assert_eq!((at(0), at(49_999), at(50_000), at(DAY_S - 1)), (Some(1), Some(1), Some(3), Some(3)));
        let apart = [point(4, 10_000), point(5, 20_000), point(6, 20_000)];
        let at = |wanted| nearest_second(&apart, wanted);
        assert_eq!((at(0), at(14_999), at(15_001), at(21_000)), (Some(4), Some(4), Some(5), Some(6)));
        assert_eq!(nearest_second(&[], 7), None);
    }
}
