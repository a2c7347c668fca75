//! `/machines/:set/timeline`: when a machine stored, and what each point in time is. It works while the vault is locked.

use iota_core::id::SetId;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::components::churn_card::ChurnCard;
use crate::components::growth_chart::GrowthChart;
use crate::components::kept_card::KeptCard;
use crate::components::machine_frame::{MachineFrame, Tab};
use crate::components::point_table::{PointTable, Step};
use crate::components::problem_notice::ProblemNotice;
use crate::components::space_card::SpaceCard;
use crate::components::time_slider::TimeSlider;
use crate::pages::browse_page::{NoPoints, follow_points, reach};
use crate::spot::Spot;
use crate::time::{Day, Point, Points, days, place};
use crate::vault::Vault;
use crate::words::{Moment, many};

/// Days that are listed at once.
const DAYS: usize = 60;

/// Time, then the points of a day, then all days.
#[component]
pub fn TimelinePage() -> impl IntoView {
    view! {
        <MachineFrame tab=Tab::Timeline plain=true children=Callback::new(|set| view! { <Timeline set /> }.into_any()) />
    }
}

#[component]
fn Timeline(set: SetId) -> impl IntoView {
    let points = follow_points(set);
    let at = RwSignal::new(None::<u64>);
    let location = use_location();
    Effect::new(move || at.set(Spot::parse(&location.hash.get()).at));
    reach(points, at.into());
    let navigate = use_navigate();
    let choose = Callback::new(move |at| {
        let fragment = Spot { at, path: None }.fragment();
        let address = location.pathname.get_untracked() + fragment.trim_end_matches('#');
        navigate(&address, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    });
    let all_days = Memo::new(move |_| points.list().with(|list| days(list)));
    // Older points that come leave what is shown as it is.
    let of_day = Memo::new(move |_| points.list().with(|list| all_days.with(|days| OfDay::of(list, days, at.get()))));
    let some = Memo::new(move |_| points.list().with(|list| !list.is_empty()));
    let past = Memo::new(move |_| {
        points.list().with(|list| place(list, at.get()).is_some_and(|place| place + 1 < list.len()))
    });
    let vault = Vault::current();
    let open = Memo::new(move |_| vault.is_open());
    let chosen = Signal::derive(move || {
        points.list().with(|list| place(list, at.get()).and_then(|place| list.get(place)).map(|point| point.seq))
    });
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
            <section class="card card--flush" class:in-past=past aria-label="Time">
                <TimeSlider points at choose />
            </section>
            <div class="split split--timeline" class:in-past=past>
                {move || of_day.get().map(|day| view! { <PointsOfDay set day /> })}
                <section class="card card--flush" aria-labelledby="days">
                    <div class="card__head">
                        <h2 class="card__title" id="days">
                            "Days"
                        </h2>
                        {move || {
                            let count = points.list().with(Vec::len) as u64;
                            let more = if points.is_complete() { "" } else { " so far" };
                            view! { <span class="card__note">{many(count, "point", "points")} {more}</span> }
                        }}
                    </div>
                    <DayList points all_days at choose />
                </section>
            </div>
            <section class="card" aria-labelledby="growth">
                <div class="card__head">
                    <h2 class="card__title" id="growth">
                        "Stored over time"
                    </h2>
                </div>
                <GrowthChart points=points.list() />
            </section>
            {move || {
                open.get()
                    .then(|| {
                        view! {
                            <SpaceCard set points chosen />
                            <ChurnCard set points chosen />
                            <KeptCard set points chosen />
                        }
                    })
            }}
        }
        .into_any()
    }
}

/// The points of a day.
#[derive(Clone, PartialEq)]
struct OfDay {
    moment: Moment,
    /// Newest first.
    steps: Vec<Step>,
    chosen: Option<u64>,
}

impl OfDay {
    /// Those of the day that is chosen.
    fn of(list: &[Point], days: &[Day], at: Option<u64>) -> Option<Self> {
        let place = place(list, at)?;
        let day = days.iter().find(|day| (day.first..day.first + day.count).contains(&place))?;
        let step = |place: usize| -> Step {
            (list[place], place.checked_sub(1).map(|before| (list[before].seq, list[before].live_bytes)))
        };
        let steps = (day.first..(day.first + day.count).min(list.len())).rev().map(step).collect();
        Some(Self { moment: day.moment, steps, chosen: list.get(place).map(|point| point.seq) })
    }
}

#[component]
fn PointsOfDay(set: SetId, day: OfDay) -> impl IntoView {
    let OfDay { moment, steps, chosen } = day;
    view! {
        <section class="card card--flush" aria-labelledby="points">
            <div class="card__head">
                <h2 class="card__title" id="points">
                    {moment.day_date()}
                </h2>
                <span class="card__note">{many(steps.len() as u64, "point", "points")}</span>
            </div>
            <PointTable set steps chosen />
        </section>
    }
    .into_any()
}

/// A day in the list.
#[derive(Clone, PartialEq)]
struct DayItem {
    moment: Moment,
    count: usize,
    /// Its last commit.
    last: Option<u64>,
    chosen: bool,
}

impl DayItem {
    fn of(day: &Day, list: &[Point], chosen: Option<usize>) -> Self {
        Self {
            moment: day.moment,
            count: day.count,
            last: day.of(list).last().map(|point| point.seq),
            chosen: chosen.is_some_and(|place| (day.first..day.first + day.count).contains(&place)),
        }
    }
}

#[component]
fn DayList(
    points: Points,
    all_days: Memo<Vec<Day>>,
    at: RwSignal<Option<u64>>,
    choose: Callback<Option<u64>>,
) -> impl IntoView {
    let shown = RwSignal::new(DAYS);
    let items = Memo::new(move |_| {
        points.list().with(|list| {
            let chosen = place(list, at.get());
            let newest = |days: &Vec<Day>| -> Vec<DayItem> {
                days.iter().rev().take(shown.get()).map(|day| DayItem::of(day, list, chosen)).collect()
            };
            all_days.with(newest)
        })
    });
    let days = move || items.get().into_iter().map(|item| day_item(item, choose)).collect::<Vec<_>>();
    let rest = move || all_days.with(Vec::len).saturating_sub(shown.get());
    let more = move |_| {
        if rest() > 0 {
            shown.update(|shown| *shown += DAYS);
        } else {
            leptos::task::spawn_local(async move { points.older().await });
        }
    };
    view! {
        <ol class="days">{days}</ol>
        {move || {
            let retry = Callback::new(move |()| leptos::task::spawn_local(async move { points.older().await }));
            points.problem().get().map(|problem| view! { <ProblemNotice problem retry /> })
        }}
        {move || {
            (rest() > 0 || !points.is_complete())
                .then(|| {
                    let label = if points.is_asking() { "Asking…" } else { "Show older ones" };
                    view! {
                        <div class="days__more">
                            <button class="button button--small" type="button" on:click=more>
                                {label}
                            </button>
                        </div>
                    }
                })
        }}
    }
    .into_any()
}

fn day_item(item: DayItem, choose: Callback<Option<u64>>) -> AnyView {
    let DayItem { moment, count, last, chosen } = item;
    view! {
        <li>
            <button
                class="days__day"
                type="button"
                aria-pressed=if chosen { "true" } else { "false" }
                on:click=move |_| choose.run(last)
            >
                <span>{moment.day_date()}</span>
                <span class="ink-3 num">{many(count as u64, "point", "points")}</span>
            </button>
        </li>
    }
    .into_any()
}
