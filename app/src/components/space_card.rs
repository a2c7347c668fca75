//! What uses the space of a point in time, and what has grown: folders by the sizes of their files.

use iota_core::id::SetId;
use iota_core::vault::{
    FolderGrowth, FolderWeight, FolderWeights, GrownFolder, PathToken, Problem, ProblemKind, WeighFolders,
};
use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::busy_button::BusyButton;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::spot::{self, Spot};
use crate::time::{Point, Points, place};
use crate::vault::Vault;
use crate::words::{Moment, bytes, many};

const DAY_MS: u64 = 86_400_000;

/// How far back the point lies that growth is counted from, days, as people call it.
const PERIODS: [(u64, &str); 3] = [(1, "a day"), (7, "a week"), (30, "a month")];

/// What the parts of the card share.
#[derive(Clone, Copy)]
struct Space {
    vault: Vault,
    set: SetId,
    points: Points,
    chosen: Signal<Option<u64>>,
    /// Days back.
    period: RwSignal<u64>,
    weighed: RwSignal<Option<Weighed>>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
}

/// An answer, and of which point it is.
#[derive(Clone)]
struct Weighed {
    at: u64,
    weights: FolderWeights,
}

impl Space {
    /// Weighs the folders of the point that is chosen.
    fn weigh(self) {
        let Some(at) = self.chosen.get_untracked() else { return };
        if self.busy.get_untracked() {
            return;
        }
        let days = self.period.get_untracked();
        let since = self.points.list().with_untracked(|list| earlier(list, at, days));
        self.problem.set(None);
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let question = WeighFolders { set: self.set, at, since, folder: None };
            let answer = self.vault.ask(question).await;
            // The page may have gone.
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(weights) => self.weighed.set(Some(Weighed { at, weights })),
                Err(problem) if problem.kind == ProblemKind::Locked => {}
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// The answer, if it is of the point that is chosen.
    fn current(self) -> Option<Weighed> {
        let at = self.chosen.get();
        self.weighed.with(|weighed| weighed.clone().filter(|weighed| Some(weighed.at) == at))
    }
}

/// The newest whole point that is at least so many days older than `at`, or the oldest there is.
fn earlier(list: &[Point], at: u64, days: u64) -> Option<u64> {
    let chosen = list.get(place(list, Some(at))?)?;
    let before = || list.iter().filter(|point| point.seq < chosen.seq && !point.partial);
    let limit = chosen.device_ms.saturating_sub(days * DAY_MS);
    before().rfind(|point| point.device_ms <= limit).or(before().next()).map(|point| point.seq)
}

/// The card; it needs an open vault. Nothing is read before somebody asks for it.
#[component]
pub fn SpaceCard(
    /// The machine.
    set: SetId,
    /// Its points.
    points: Points,
    /// The point that is chosen.
    #[prop(into)]
    chosen: Signal<Option<u64>>,
) -> impl IntoView {
    let space = Space {
        vault: Vault::current(),
        set,
        points,
        chosen,
        period: RwSignal::new(7),
        weighed: RwSignal::new(None),
        problem: RwSignal::new(None),
        busy: RwSignal::new(false),
    };
    let retry = Callback::new(move |()| space.weigh());
    let past = Memo::new(move |_| points.list().with(|list| list.last().map(|point| point.seq) != chosen.get()));
    view! {
        <section class="card card--flush space" class:in-past=past aria-labelledby="space">
            <div class="card__head">
                <h2 class="card__title" id="space">
                    {"What uses the space"}
                </h2>
                <span class="card__note">{"Sizes of files as they are, not of what is stored."}</span>
            </div>
            {move || space.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
            <div class="space__body" aria-busy=move || space.busy.get().then_some("true")>
                {move || match space.current() {
                    Some(weighed) => view! { <Folders space weighed /> }.into_any(),
                    None => view! { <Unasked space /> }.into_any(),
                }}
            </div>
        </section>
    }
    .into_any()
}

/// What stands there before anything was weighed.
#[component]
fn Unasked(space: Space) -> impl IntoView {
    let weigh = Callback::new(move |()| space.weigh());
    let when = move || {
        space.points.list().with(|list| {
            let point = place(list, space.chosen.get()).and_then(|place| list.get(place));
            point.map(|point| Moment::local(point.device_ms).full())
        })
    };
    view! {
        <p class="small ink-2">
            {move || {
                format!(
                    "The largest folders of {}, and what has grown. The whole index of that point is read and opened in this browser, which can take a minute.",
                    when().unwrap_or_else(|| "this point".into()),
                )
            }}
        </p>
        <div>
            <BusyButton busy=space.busy label="Weigh the folders" working="Weighing…" class="button--small" on_press=weigh />
        </div>
    }
    .into_any()
}

#[component]
fn Folders(space: Space, weighed: Weighed) -> impl IntoView {
    let Weighed { at, weights } = weighed;
    let FolderWeights { at_ms, files, bytes: all, lost, largest, growth } = weights;
    let sum = format!("{} with {} on {}.", many(files, "file", "files"), bytes(all), Moment::local(at_ms).full());
    let lost = lost + growth.as_ref().map_or(0, |growth| growth.lost);
    let rows: Vec<_> = largest.into_iter().map(|folder| large(space.set, at, folder, all)).collect();
    let rows = if rows.is_empty() {
        view! { <p class="small ink-2">"There is nothing in folders: every file lies at the top, or is empty."</p> }
            .into_any()
    } else {
        view! { <ul class="space__list">{rows}</ul> }.into_any()
    };
    view! {
        {lost_notice(lost)}
        <p role="status">{sum}</p>
        <div class="space__sides">
            <section aria-labelledby="space-largest">
                <div class="space__head">
                    <h3 id="space-largest">{"Largest folders"}</h3>
                </div>
                {rows}
            </section>
            <section aria-labelledby="space-growing">
                <div class="space__head">
                    <h3 id="space-growing">{"Growing fastest"}</h3>
                    <PeriodChoice space />
                </div>
                {grown(space.set, at, growth, all)}
            </section>
        </div>
        <p class="small ink-2">
            {"A folder counts with everything in it, so one can be part of another. Where one folder makes up nearly all of another, only the inner one is listed. \
              A file with several names counts once, where the first of them is."}
        </p>
    }
    .into_any()
}

fn lost_notice(lost: u64) -> Option<AnyView> {
    (lost > 0).then(|| {
        let words = format!(
            "Up to {} could not be counted: their page is damaged in the store.",
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

/// How far back growth is counted from; a choice is an order to weigh again.
#[component]
fn PeriodChoice(space: Space) -> impl IntoView {
    let choices = PERIODS.map(|(days, word)| {
        let press = move |_| {
            if !space.busy.get_untracked() && space.period.get_untracked() != days {
                space.period.set(days);
                space.weigh();
            }
        };
        view! {
            <button
                class="segmented__item"
                type="button"
                aria-current=move || (space.period.get() == days).then_some("true")
                aria-disabled=move || space.busy.get().then_some("true")
                on:click=press
            >
                {word}
            </button>
        }
        .into_any()
    });
    view! {
        <div class="segmented" role="group" aria-label="Compared with the point before">
            {choices.into_iter().collect_view()}
        </div>
    }
    .into_any()
}

fn large(set: SetId, at: u64, folder: FolderWeight, all: u64) -> AnyView {
    let more = format!("{} of all \u{b7} {}", share(folder.bytes, all), many(folder.files, "file", "files"));
    row(set, at, (folder.path, folder.token), bytes(folder.bytes), more, (folder.bytes, all))
}

fn grown(set: SetId, at: u64, growth: Option<FolderGrowth>, all: u64) -> AnyView {
    let Some(growth) = growth else {
        return view! { <p class="small ink-2">"There is no whole point before this one to compare with."</p> }
            .into_any();
    };
    let since = Moment::local(growth.since_ms).full();
    let sum = match all.checked_sub(growth.bytes_then) {
        Some(0) => format!("All in all as much as on {since}."),
        Some(more) => format!("All in all {} more than on {since}.", bytes(more)),
        None => format!("All in all {} less than on {since}.", bytes(growth.bytes_then - all)),
    };
    let more = |folder: &GrownFolder| folder.bytes - folder.bytes_then.min(folder.bytes);
    let most = growth.folders.iter().map(more).max().unwrap_or_default();
    let rows = growth.folders.into_iter().map(|folder| {
        let grown = more(&folder);
        let sides = match folder.bytes_then {
            0 => format!("{}, nothing before", bytes(folder.bytes)),
            then => format!("from {} to {}", bytes(then), bytes(folder.bytes)),
        };
        row(set, at, (folder.path, folder.token), format!("+{}", bytes(grown)), sides, (grown, most))
    });
    let rows: Vec<_> = rows.collect();
    let list = if rows.is_empty() {
        view! { <p class="small ink-2">"No folder has grown."</p> }.into_any()
    } else {
        view! { <ul class="space__list">{rows}</ul> }.into_any()
    };
    view! {
        <p class="small ink-2">{sum}</p>
        {list}
    }
    .into_any()
}

/// A folder with a bar, which says what the words beside it say.
fn row(
    set: SetId,
    at: u64,
    (path, token): (String, PathToken),
    amount: String,
    more: String,
    (part, whole): (u64, u64),
) -> AnyView {
    let address = spot::browse(set, &Spot { at: Some(at), path: Some(token) });
    let width = format!("{:.2}%", percent(part, whole));
    view! {
        <li class="space__row">
            <A href=address attr:class="space__name">
                <bdi>{format!("/{path}")}</bdi>
            </A>
            <span class="space__amount num">{amount}</span>
            <svg class="meter" aria-hidden="true">
                <rect class="meter__a" x="0" width=width height="100%" />
            </svg>
            <small class="space__more num">{more}</small>
        </li>
    }
    .into_any()
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) * 100.0 }
}

/// As in `12 %`.
fn share(part: u64, whole: u64) -> String {
    let percent = percent(part, whole);
    if percent < 1.0 { "under 1\u{a0}%".into() } else { format!("{percent:.0}\u{a0}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_counted_from_the_newest_whole_point_that_is_old_enough() {
        let point = |seq, day: u64, partial| Point { seq, device_ms: day * DAY_MS, partial, ..Point::default() };
        let list = [point(1, 0, true), point(2, 1, false), point(4, 6, false), point(5, 7, true), point(9, 13, false)];
        for (at, days, expected) in
            [(9, 7, Some(4)), (9, 30, Some(2)), (9, 12, Some(2)), (9, 1, Some(4)), (4, 7, Some(2)), (2, 7, None)]
        {
            assert_eq!(earlier(&list, at, days), expected, "{at} {days}");
        }
        assert_eq!(earlier(&[], 1, 7), None);
    }

    #[test]
    fn shares_are_in_percent() {
        assert_eq!((share(1, 3).as_str(), share(1, 1000).as_str()), ("33\u{a0}%", "under 1\u{a0}%"));
        assert_eq!((share(0, 0).as_str(), share(5, 5).as_str()), ("under 1\u{a0}%", "100\u{a0}%"));
    }
}
