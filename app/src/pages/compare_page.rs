//! `/machines/:set/compare#from=…&at=…&f=…`: what lies between two points in time, both chosen here.

use iota_core::id::SetId;
use iota_core::vault::{
    Change, Compare, Comparison, DifferenceRow, EntryKind, OpenPoint, Problem, ProblemKind, ReadDifferences, Side,
};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::components::gate::Gate;
use crate::components::icon::Icon;
use crate::components::machine_frame::{MachineFrame, Tab};
use crate::components::problem_notice::ProblemNotice;
use crate::components::sealed::Sealed;
use crate::components::skeleton::Skeleton;
use crate::components::time_slider::TimeSlider;
use crate::pages::browse_page::{NoPoints, follow_points, reach};
use crate::spot::{self, Span, Spot};
use crate::time::{Point, Points, place, step};
use crate::vault::Vault;
use crate::words::{Moment, bytes, count, many};

/// Rows that are shown at first, and how many more each time.
const ROWS: u32 = 200;

/// In which ways paths differ, as people call it.
const CHANGES: [(Change, &str, &str); 5] = [
    (Change::Added, "New", "plus"),
    (Change::Content, "Changed", "refresh-cw"),
    (Change::Silent, "Other bytes, same time", "triangle-alert"),
    (Change::Metadata, "Permissions and the like", "key-round"),
    (Change::Removed, "Gone", "x"),
];

/// One slider chooses both points, one at a time. Without a choice they are the newest and the one before.
#[component]
pub fn ComparePage() -> impl IntoView {
    view! {
        <MachineFrame tab=Tab::Compare plain=true children=Callback::new(|set| view! { <Between set /> }.into_any()) />
    }
}

#[component]
fn Between(set: SetId) -> impl IntoView {
    let points = follow_points(set);
    let span = RwSignal::new(None::<Span>);
    let location = use_location();
    Effect::new(move || span.set(Some(Span::parse(&location.hash.get()))));
    let from = Memo::new(move |_| span.with(|span| span.as_ref().and_then(|span| span.from)));
    let to = Memo::new(move |_| span.with(|span| span.as_ref().and_then(|span| span.to.at)));
    reach(points, from.into());
    reach(points, to.into());
    let end = RwSignal::new(End::Earlier);
    let navigate = use_navigate();
    let go = move |span: Span| {
        let address = location.pathname.get_untracked() + &span.fragment();
        navigate(&address, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    // Without a choice, the point before the later one.
    let chosen = Memo::new(move |_| from.get().or_else(|| points.list().with(|list| before(list, to.get()))));
    let choose = Callback::new(move |at| {
        let Some(now) = span.get_untracked() else { return };
        let shown =
            Span { from: if end.get_untracked() == End::Earlier { now.from } else { chosen.get_untracked() }, ..now };
        let (next, moved) = moved(shown, end.get_untracked(), at);
        end.set(moved);
        go(next);
    });
    let at = Signal::derive(move || match end.get() {
        End::Earlier => chosen.get(),
        End::Later => to.get(),
    });
    let some = Memo::new(move |_| points.list().with(|list| !list.is_empty()));
    move || {
        if !some.get() {
            return view! {
                <section class="card" aria-label="Time">
                    <NoPoints points />
                </section>
            }
            .into_any();
        }
        view! {
            <section class="card card--flush" aria-label="Points in time">
                <div class="compare__ends">
                    <Ends points end earlier=chosen later=to />
                </div>
                <TimeSlider points at choose />
            </section>
            <Gate skeleton=sealed>
                {move || match (span.get(), chosen.get()) {
                    (Some(span), Some(from)) => view! { <Compared set from to=span.to /> }.into_any(),
                    _ => view! { <Skeleton /> }.into_any(),
                }}
            </Gate>
        }
        .into_any()
    }
}

/// Which of the two points the slider moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Earlier,
    Later,
}

/// The point before another; the other itself when it is the first.
fn before(points: &[Point], at: Option<u64>) -> Option<u64> {
    let place = place(points, at)?;
    step(points, place, -1).or(points.first().map(|point| point.seq))
}

/// One end at another place, and which of the two it is then: the earlier one comes first.
fn moved(Span { from, to }: Span, end: End, at: Option<u64>) -> (Span, End) {
    let ((from, later), other) = match end {
        End::Earlier => ((at, to.at), End::Later),
        End::Later => ((from, at), End::Earlier),
    };
    let newest = |at: Option<u64>| at.unwrap_or(u64::MAX);
    if newest(from) > newest(later) {
        (Span { from: later, to: to.at(from) }, other)
    } else {
        (Span { from, to: to.at(later) }, end)
    }
}

/// Says both points, and which of them is being chosen.
#[component]
fn Ends(points: Points, end: RwSignal<End>, earlier: Memo<Option<u64>>, later: Memo<Option<u64>>) -> impl IntoView {
    let time = move |at: Option<u64>| {
        let point = points.list().with(|list| place(list, at).map(|place| list[place]));
        point.map(|point| Moment::local(point.device_ms).date_clock())
    };
    let choices = [(End::Earlier, "From", earlier), (End::Later, "To", later)].map(|(of, word, at)| {
        view! {
            <button
                class="segmented__item"
                type="button"
                aria-current=move || (end.get() == of).then_some("true")
                on:click=move |_| end.set(of)
            >
                {word}
                <span class="num">{move || time(at.get())}</span>
            </button>
        }
    });
    view! {
        <div class="segmented" role="group" aria-label="Point to choose">
            {choices.into_iter().collect::<Vec<_>>()}
        </div>
    }
    .into_any()
}

fn sealed() -> impl IntoView {
    view! {
        <section class="card" aria-label="Comparison, sealed">
            <Sealed />
            <Sealed />
        </section>
    }
    .into_any()
}

/// What the parts of a comparison share.
#[derive(Clone, Copy)]
struct View {
    vault: Vault,
    set: SetId,
    comparison: RwSignal<Option<(u64, u64, Comparison)>>,
    only: RwSignal<Option<Change>>,
    rows: RwSignal<Vec<DifferenceRow>>,
    problem: RwSignal<Option<Problem>>,
}

#[component]
fn Compared(set: SetId, from: u64, to: Spot) -> impl IntoView {
    let view = View {
        vault: Vault::current(),
        set,
        comparison: RwSignal::new(None),
        only: RwSignal::new(None),
        rows: RwSignal::new(Vec::new()),
        problem: RwSignal::new(None),
    };
    let to = StoredValue::new(to);
    let begin = move || {
        view.problem.set(None);
        leptos::task::spawn_local(async move {
            let Some(to) = to.try_get_value() else { return };
            match view.compare(from, to).await {
                // The page may have gone.
                Ok(shown) => drop(view.comparison.try_set(Some(shown))),
                Err(problem) if problem.kind == ProblemKind::Locked => {}
                Err(problem) => drop(view.problem.try_set(Some(problem))),
            }
        });
    };
    begin();
    let retry = Callback::new(move |()| begin());
    Effect::new(move || {
        let only = view.only.get();
        if let Some(comparison) = view.comparison.with(|shown| shown.as_ref().map(|(_, _, shown)| shown.comparison)) {
            view.read(comparison, only, 0);
        }
    });
    view! {
        {move || view.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
        {move || match view.comparison.get() {
            Some((low, high, comparison)) => view! { <Found view low high comparison /> }.into_any(),
            None if view.problem.with(Option::is_some) => ().into_any(),
            None => {
                view! {
                    <section class="card" aria-busy="true">
                        <p class="small ink-2" role="status">
                            "Comparing…"
                        </p>
                        <Skeleton lines=4 />
                    </section>
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}

impl View {
    async fn compare(self, from: u64, to: Spot) -> Result<(u64, u64, Comparison), Problem> {
        let to_seq = match to.at {
            Some(at) => at,
            None => self.vault.ask(OpenPoint { set: self.set, at: None }).await?.seq,
        };
        let (low, high) = (from.min(to_seq), from.max(to_seq));
        let question = Compare { set: self.set, from: low, to: high, folder: to.path };
        Ok((low, high, self.vault.ask(question).await?))
    }

    /// Reads rows from `from` on; what was there before stays when it is not 0.
    fn read(self, comparison: u32, only: Option<Change>, from: u32) {
        leptos::task::spawn_local(async move {
            match self.vault.ask(ReadDifferences { comparison, only, from, count: ROWS }).await {
                Ok(fresh) if self.only.try_get_untracked() == Some(only) => drop(self.rows.try_update(|rows| {
                    rows.truncate(from as usize);
                    rows.extend(fresh);
                })),
                // Another comparison has taken its place already, or everything has gone.
                _ => {}
            }
        });
    }
}

#[component]
fn Found(view: View, low: u64, high: u64, comparison: Comparison) -> impl IntoView {
    let Comparison { counts, from_ms, to_ms, more_bytes, fewer_bytes, lost, comparison, crumbs } = comparison;
    // Below a folder paths begin there.
    let root = if crumbs.is_empty() { "/" } else { "" };
    let sides = format!("{} → {}", Moment::local(from_ms).full(), Moment::local(to_ms).full());
    let all = counts.all();
    let sums =
        (more_bytes > 0 || fewer_bytes > 0).then(|| format!("+{} \u{2212}{}", bytes(more_bytes), bytes(fewer_bytes)));
    let lost = (lost > 0).then(|| {
        view! {
            <div class="notice notice--bad">
                <Icon name="cloud-alert" />
                <div>
                    <b>
                        {format!("Up to {} could not be compared: their page is damaged in the store.", many(lost, "entry", "entries"))}
                    </b>
                </div>
            </div>
        }
    });
    let choices = CHANGES.iter().filter(|(change, _, _)| counts.of(*change) > 0);
    let choices: Vec<_> = std::iter::once((None, "All", all))
        .chain(choices.map(|(change, word, _)| (Some(*change), *word, counts.of(*change))))
        .map(|(only, word, number)| {
            let press = move |_| view.only.set(only);
            view! {
                <button
                    class="segmented__item"
                    type="button"
                    aria-current=move || (view.only.get() == only).then_some("true")
                    on:click=press
                >
                    {word}
                    <span class="num">{count(number.into())}</span>
                </button>
            }
        })
        .collect();
    let more = move || {
        let wanted = view.only.get().map_or(all, |only| counts.of(only));
        let shown = view.rows.with(Vec::len) as u32;
        (shown < wanted && shown > 0).then(|| {
            let press = move |_| view.read(comparison, view.only.get_untracked(), shown);
            view! {
                <div class="days__more">
                    <button class="button button--small" type="button" on:click=press>
                        {format!("Show more of {}", count(wanted.into()))}
                    </button>
                </div>
            }
        })
    };
    let rows = move || {
        view.rows.with(|rows| rows.iter().map(|row| difference(view.set, low, high, root, row)).collect::<Vec<_>>())
    };
    let body = if all == 0 {
        view! {
            <div class="empty">
                <Icon name="circle-check" />
                <h2>"Nothing changed"</h2>
                <p>"Both points in time are the same."</p>
            </div>
        }
        .into_any()
    } else {
        view! {
            <div class="compare__only">
                <div class="segmented" role="group" aria-label="Show">
                    {choices}
                </div>
            </div>
            <ul class="found">{rows}</ul>
            {more}
        }
        .into_any()
    };
    view! {
        {lost}
        <section class="card card--flush" aria-labelledby="between">
            <div class="card__head">
                <h2 class="card__title" id="between">
                    {sides}
                </h2>
                <span class="card__note num">{sums}</span>
            </div>
            {body}
        </section>
    }
    .into_any()
}

fn difference(set: SetId, low: u64, high: u64, root: &str, row: &DifferenceRow) -> AnyView {
    let (_, word, icon) = CHANGES.iter().find(|(change, _, _)| *change == row.change).copied().unwrap_or(CHANGES[1]);
    let at = if row.change == Change::Removed { low } else { high };
    let here = Spot { at: Some(at), path: Some(row.token.clone()) };
    let address = if row.kind == EntryKind::Folder { spot::browse(set, &here) } else { spot::file(set, &here) };
    let class = match row.change {
        Change::Added => "found__row found__row--ok",
        Change::Removed | Change::Silent => "found__row found__row--bad",
        Change::Content | Change::Metadata => "found__row",
    };
    let sizes = (row.kind == EntryKind::File).then(|| sizes(row.before, row.after));
    let when = row.after.or(row.before).map(|side| Moment::local_s(side.mtime_s).date_clock());
    view! {
        <li class=class>
            <Icon name=icon />
            <a class="found__name" href=address>
                <bdi>{format!("{root}{}", row.path)}</bdi>
            </a>
            <span class="found__size num">{sizes}</span>
            <small class="found__folder">{word}</small>
            <small class="found__when">{when}</small>
        </li>
    }
    .into_any()
}

fn sizes(before: Option<Side>, after: Option<Side>) -> String {
    match (before.map(|side| side.bytes), after.map(|side| side.bytes)) {
        (Some(before), Some(after)) if before != after => format!("{} → {}", bytes(before), bytes(after)),
        (_, Some(one)) | (Some(one), None) => bytes(one),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use iota_core::vault::PathToken;

    use super::*;

    fn points(seqs: &[u64]) -> Vec<Point> {
        seqs.iter().map(|&seq| Point { seq, ..Point::default() }).collect()
    }

    #[test]
    fn without_a_choice_it_is_the_point_before() {
        let list = points(&[3, 5, 9]);
        for (at, expected) in [(None, 5), (Some(9), 5), (Some(5), 3), (Some(7), 3), (Some(3), 3)] {
            assert_eq!(before(&list, at), Some(expected), "{at:?}");
        }
        assert_eq!((before(&points(&[4]), None), before(&[], None)), (Some(4), None));
    }

    #[test]
    fn either_end_moves_and_they_stay_in_order() {
        use End::{Earlier, Later};
        let path = Some(PathToken("9f-3_cA".into()));
        let span = |from, at| Span { from, to: Spot { at, path: path.clone() } };
        for (from, to, end, at, expected) in [
            (Some(3), Some(9), Earlier, Some(5), (Some(5), Some(9), Earlier)),
            (Some(3), Some(9), Later, Some(5), (Some(3), Some(5), Later)),
            (Some(3), Some(9), Later, None, (Some(3), None, Later)),
            (None, None, Earlier, Some(9), (Some(9), None, Earlier)),
            (Some(3), None, Earlier, None, (None, None, Earlier)),
            (Some(5), Some(9), Later, Some(5), (Some(5), Some(5), Later)),
            // What is moved beyond the other takes its place.
            (Some(3), Some(5), Earlier, Some(9), (Some(5), Some(9), Later)),
            (Some(3), Some(5), Earlier, None, (Some(5), None, Later)),
            (Some(5), Some(9), Later, Some(3), (Some(3), Some(5), Earlier)),
        ] {
            let (low, high, which) = expected;
            assert_eq!(moved(span(from, to), end, at), (span(low, high), which), "{from:?} {to:?} {end:?} {at:?}");
        }
    }
}
