//! `/machines/:set/timeline`: when a machine stored, and what each point in time is. It works while the vault is locked.

use iota_core::id::SetId;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::components::churn_card::ChurnCard;
use crate::components::kept_card::KeptCard;
use crate::components::machine_frame::{MachineFrame, Tab};
use crate::components::point_table::{PointTable, Step};
use crate::components::problem_notice::ProblemNotice;
use crate::components::space_card::SpaceCard;
use crate::components::time_slider::TimeSlider;
use crate::pages::browse_page::{NoPoints, follow_points, reach};
use crate::spot::Spot;
use crate::time::{Day, Points, days, place};
use crate::vault::Vault;
use crate::words::many;

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
                <TimeSlider points=points.list() at choose />
            </section>
            <div class="split split--timeline" class:in-past=past>
                {move || of_day(set, points, all_days, at)}
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

/// The points of the day that is chosen.
fn of_day(set: SetId, points: Points, all_days: Memo<Vec<Day>>, at: RwSignal<Option<u64>>) -> Option<AnyView> {
    points.list().with(|list| {
        let place = place(list, at.get())?;
        let day = all_days
            .with(|days| days.iter().find(|day| (day.first..day.first + day.count).contains(&place)).copied())?;
        let step = |place: usize| -> Step {
            (list[place], place.checked_sub(1).map(|before| (list[before].seq, list[before].live_bytes)))
        };
        let steps: Vec<_> = (day.first..(day.first + day.count).min(list.len())).rev().map(step).collect();
        let chosen = list.get(place).map(|point| point.seq);
        Some(
            view! {
                <section class="card card--flush" aria-labelledby="points">
                    <div class="card__head">
                        <h2 class="card__title" id="points">
                            {day.moment.day_date()}
                        </h2>
                        <span class="card__note">{many(day.count as u64, "point", "points")}</span>
                    </div>
                    <PointTable set steps chosen />
                </section>
            }
            .into_any(),
        )
    })
}

#[component]
fn DayList(
    points: Points,
    all_days: Memo<Vec<Day>>,
    at: RwSignal<Option<u64>>,
    choose: Callback<Option<u64>>,
) -> impl IntoView {
    let shown = RwSignal::new(DAYS);
    let current = Memo::new(move |_| points.list().with(|list| place(list, at.get())));
    let days = move || {
        let current = current.get();
        all_days.with(|days| {
            let newest = days.iter().rev().take(shown.get());
            newest.map(|day| day_item(*day, current, points, choose)).collect::<Vec<_>>()
        })
    };
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

fn day_item(day: Day, current: Option<usize>, points: Points, choose: Callback<Option<u64>>) -> AnyView {
    let on = current.is_some_and(|place| (day.first..day.first + day.count).contains(&place));
    let press = move |_| {
        let last = points.list().with_untracked(|list| day.of(list).last().map(|point| point.seq));
        choose.run(last);
    };
    view! {
        <li>
            <button class="days__day" type="button" aria-pressed=if on { "true" } else { "false" } on:click=press>
                <span>{day.moment.day_date()}</span>
                <span class="ink-3 num">{many(day.count as u64, "point", "points")}</span>
            </button>
        </li>
    }
    .into_any()
}
