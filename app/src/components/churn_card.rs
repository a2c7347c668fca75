//! How much changed each day: files that are new or changed, in the days up to the chosen point.

use iota_core::id::SetId;
use iota_core::vault::{DayChurn, Problem, ProblemKind, ReadChurn};
use leptos::prelude::*;

use crate::components::busy_button::BusyButton;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::time::{Points, begin_of_day, place};
use crate::vault::Vault;
use crate::words::{Moment, bytes, count, many};

const DAY_MS: u64 = 86_400_000;
/// Days that are drawn.
const DAYS: usize = 30;
/// Height of the highest bar, parts of 100; the scale is written above it.
const MOST: f64 = 92.0;
/// Height of the bar of a day on which next to nothing changed, likewise.
const LEAST: f64 = 1.5;

/// What the parts of the card share.
#[derive(Clone, Copy)]
struct Churn {
    vault: Vault,
    set: SetId,
    points: Points,
    chosen: Signal<Option<u64>>,
    /// An answer, and up to which point.
    read: RwSignal<Option<(u64, Vec<Day>)>>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
}

/// A day in the calendar of who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Day {
    /// When it begins.
    begin_ms: u64,
    /// None without a point that has one before it.
    churn: Option<DayChurn>,
}

impl Churn {
    /// Reads what changed in the days up to that of the point that is chosen.
    fn read(self) {
        let chosen = self.chosen.get_untracked();
        let point =
            self.points.list().with_untracked(|list| place(list, chosen).and_then(|place| list.get(place)).copied());
        let Some(point) = point.filter(|_| !self.busy.get_untracked()) else { return };
        let days_ms = days_up_to(point.device_ms);
        self.problem.set(None);
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let question = ReadChurn { set: self.set, to: point.seq, days_ms: days_ms.clone() };
            let answer = self.vault.ask(question).await;
            // The page may have gone.
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(churn) => {
                    let days = days_ms.into_iter().zip(churn).map(|(begin_ms, churn)| Day { begin_ms, churn });
                    self.read.set(Some((point.seq, days.collect())));
                }
                Err(problem) if problem.kind == ProblemKind::Locked => {}
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// The answer, if it is of the point that is chosen.
    fn current(self) -> Option<Vec<Day>> {
        let chosen = self.chosen.get();
        self.read.with(|read| read.as_ref().filter(|(at, _)| Some(*at) == chosen).map(|(_, days)| days.clone()))
    }
}

/// When each of the days up to that of a moment begins.
fn days_up_to(last_ms: u64) -> Vec<u64> {
    let mut begin = begin_of_day(last_ms);
    let mut days = Vec::with_capacity(DAYS);
    for _ in 0..DAYS {
        days.push(begin);
        begin = begin_of_day(begin.saturating_sub(DAY_MS / 2));
    }
    days.reverse();
    days
}

/// The card; it needs an open vault. Nothing is read before somebody asks for it.
#[component]
pub fn ChurnCard(
    /// The machine.
    set: SetId,
    /// Its points.
    points: Points,
    /// The point that is chosen.
    #[prop(into)]
    chosen: Signal<Option<u64>>,
) -> impl IntoView {
    let churn = Churn {
        vault: Vault::current(),
        set,
        points,
        chosen,
        read: RwSignal::new(None),
        problem: RwSignal::new(None),
        busy: RwSignal::new(false),
    };
    let retry = Callback::new(move |()| churn.read());
    let past = Memo::new(move |_| points.list().with(|list| list.last().map(|point| point.seq) != chosen.get()));
    view! {
        <section class="card churn" class:in-past=past aria-labelledby="churn">
            <div class="card__head">
                <h2 class="card__title" id="churn">
                    {"Changed by day"}
                </h2>
                <span class="card__note">{format!("{} up to the chosen point", many(DAYS as u64, "day", "days"))}</span>
            </div>
            {move || churn.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
            {move || match churn.current() {
                Some(days) => view! { <Chart days /> }.into_any(),
                None => view! { <Unasked churn /> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

/// What stands there before anything was read.
#[component]
fn Unasked(churn: Churn) -> impl IntoView {
    let read = Callback::new(move |()| churn.read());
    view! {
        <p class="small ink-2">
            {"How many files are new or changed each day, and how large they are. \
              The history of these days is read and opened in this browser, which can take a minute."}
        </p>
        <div>
            <BusyButton busy=churn.busy label="Count the changes" working="Counting…" class="button--small" on_press=read />
        </div>
    }
    .into_any()
}

/// Bars by day, and what they say as a table.
#[component]
fn Chart(days: Vec<Day>) -> impl IntoView {
    let told: Vec<(u64, DayChurn)> = days.iter().filter_map(|day| Some((day.begin_ms, day.churn?))).collect();
    let (Some(first), Some(last), false) = (days.first(), days.last(), told.is_empty()) else {
        return view! { <p class="small ink-2">{"There is no point before these days to compare with."}</p> }
            .into_any();
    };
    let most = told.iter().map(|(_, churn)| churn.bytes).max().unwrap_or_default();
    let marks: Vec<_> = days.iter().enumerate().map(|(place, day)| mark(*day, place, most)).collect();
    let rows: Vec<_> = told.iter().rev().map(|(begin_ms, churn)| row(*begin_ms, *churn)).collect();
    let date = |day: &Day| Moment::local(day.begin_ms).date();
    view! {
        {lost_notice(told.iter().map(|(_, churn)| churn.lost).sum())}
        <p role="status">{sum(&told)}</p>
        <div class="growth">
            <div class="axis">
                <span>{bytes(most)}</span>
            </div>
            <svg class="churn__chart" role="img" aria-label=sentence(&days)>
                <line class="spark__limit" x1="0" x2="100%" y1="8%" y2="8%" />
                {marks}
                <line class="density__base" x1="0" x2="100%" y1="100%" y2="100%" />
            </svg>
            <div class="axis">
                <span>{date(first)}</span>
                <span>{date(last)}</span>
            </div>
            <details class="growth__table">
                <summary class="small">{"Show as a table"}</summary>
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">{"Day"}</th>
                            <th scope="col" class="table__num">{"New or changed"}</th>
                            <th scope="col" class="table__num">{"Bytes"}</th>
                            <th scope="col" class="table__num">{"Gone"}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </div>
        <p class="small ink-2">
            {"A file counts each time that it changed, with all of its bytes, also when only its times or permissions did. \
              Where points are kept no more, what changed in between counts on the day of the next one. A hollow dot is a day without a point to compare."}
        </p>
    }
    .into_any()
}

fn lost_notice(lost: u64) -> Option<AnyView> {
    (lost > 0).then(|| {
        let words = format!(
            "Up to {} could not be compared: their page is damaged in the store.",
            many(lost, "entry", "entries")
        );
        view! {
            <div class="notice notice--bad">
                <Icon name="cloud-alert" />
                <div>
                    <b>{words}</b>
                </div>
            </div>
        }
        .into_any()
    })
}

fn mark(day: Day, place: usize, most: u64) -> AnyView {
    let width = 100.0 / DAYS as f64;
    let x = place as f64 * width;
    let percent = |value: f64| format!("{value:.2}%");
    let Some(churn) = day.churn else {
        return view! { <circle class="churn__none" cx=percent(x + width / 2.0) cy="95%" r="2"></circle> }.into_any();
    };
    let tall = height(churn.bytes, most);
    view! {
        <rect
            class="churn__bar"
            x=percent(x + width * 0.17)
            y=percent(100.0 - tall)
            width=percent(width * 0.66)
            height=percent(tall)
            rx="1.5"
        ></rect>
    }
    .into_any()
}

/// Parts of 100.
fn height(bytes: u64, most: u64) -> f64 {
    if most == 0 { LEAST } else { (bytes as f64 / most as f64 * MOST).max(LEAST) }
}

fn row(begin_ms: u64, churn: DayChurn) -> AnyView {
    view! {
        <tr>
            <td>{Moment::local(begin_ms).day_date()}</td>
            <td class="table__num">{count(churn.files)}</td>
            <td class="table__num">{bytes(churn.bytes)}</td>
            <td class="table__num">{count(churn.removed)}</td>
        </tr>
    }
    .into_any()
}

/// All days in a sentence.
fn sum(told: &[(u64, DayChurn)]) -> String {
    let (files, all) =
        told.iter().fold((0, 0u64), |(files, all), (_, churn)| (files + churn.files, all.saturating_add(churn.bytes)));
    let days = many(told.len() as u64, "day", "days");
    format!("{} with {} new or changed on {days}.", many(files, "file", "files"), bytes(all))
}

/// What the bars say.
fn sentence(days: &[Day]) -> String {
    let date = |ms| Moment::local(ms).date();
    let most = days.iter().filter_map(|day| Some((day.begin_ms, day.churn?.bytes))).max_by_key(|(_, bytes)| *bytes);
    let none = days.iter().filter(|day| day.churn.is_none()).count() as u64;
    let mut text = match (days.first(), days.last()) {
        (Some(first), Some(last)) => {
            format!("Bytes new or changed by day, from {} to {}", date(first.begin_ms), date(last.begin_ms))
        }
        _ => String::new(),
    };
    if let Some((begin_ms, most)) = most {
        text += &format!(": at most {}, on {}", bytes(most), date(begin_ms));
    }
    if none > 0 {
        text += &format!("; nothing to compare on {}", many(none, "day", "days"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;

    fn day(number: u64, files: u64, bytes: u64) -> (u64, DayChurn) {
        (number * DAY_MS, DayChurn { files, bytes, ..DayChurn::default() })
    }

    #[test]
    fn days_begin_at_midnight_and_end_with_that_of_the_point() {
        let days = days_up_to(100 * DAY_MS + 5 * HOUR_MS + 7);
        assert_eq!((days.len(), days[0], days[DAYS - 1]), (DAYS, 71 * DAY_MS, 100 * DAY_MS));
        assert!(days.windows(2).all(|pair| pair[1] - pair[0] == DAY_MS));
        assert_eq!(days_up_to(5), [0; DAYS]);
    }

    #[test]
    fn bars_share_a_scale_and_none_is_missing() {
        assert_eq!((height(10, 10), height(5, 10), height(0, 10), height(0, 0)), (92.0, 46.0, 1.5, 1.5));
        assert_eq!(height(1, 1_000_000), LEAST);
    }

    #[test]
    fn days_are_told_in_words() {
        let told = [day(10, 2, 3_000_000), day(12, 1, 1_000_000)];
        assert_eq!(
            sum(&told),
            format!(
                "{} with {} new or changed on {}.",
                many(3, "file", "files"),
                bytes(4_000_000),
                many(2, "day", "days")
            )
        );
        let some = |(begin_ms, churn)| Day { begin_ms, churn: Some(churn) };
        let days = [some(told[0]), Day { begin_ms: 11 * DAY_MS, churn: None }, some(told[1])];
        let text = sentence(&days);
        let most = format!(": at most {}, on {}", bytes(3_000_000), Moment::local(10 * DAY_MS).date());
        assert!(text.contains(&most) && text.ends_with(&format!("on {}", many(1, "day", "days"))), "{text}");
        assert!(!sentence(&days[..1]).contains("nothing to compare"));
    }
}
