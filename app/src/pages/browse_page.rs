//! `/machines/:set/browse#at=…&f=…`: the files of a machine as they were at a point in time.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use iota_core::api::json::Event;
use iota_core::id::SetId;

use crate::components::folder_view::FolderView;
use crate::components::gate::Gate;
use crate::components::icon::Icon;
use crate::components::machine_frame::{MachineFrame, Tab};
use crate::components::problem_notice::ProblemNotice;
use crate::components::sealed::Sealed;
use crate::components::skeleton::Skeleton;
use crate::components::time_slider::TimeSlider;
use crate::live::Live;
use crate::spot::{self, Span, Spot};
use crate::time::{Points, place};
use crate::words::Moment;

/// Time, then the folder, then a file beside it.
#[component]
pub fn BrowsePage() -> impl IntoView {
    view! {
        <MachineFrame tab=Tab::Browse plain=true children=Callback::new(|set| view! { <Browse set /> }.into_any()) />
    }
}

#[component]
fn Browse(set: SetId) -> impl IntoView {
    let points = follow_points(set);
    let spot = RwSignal::new(Spot::default());
    let location = use_location();
    Effect::new(move || spot.set(Spot::parse(&location.hash.get())));
    reach(points, Signal::derive(move || spot.with(|spot| spot.at)));
    let navigate = use_navigate();
    let go = Callback::new(move |spot: Spot| {
        let address = location.pathname.get_untracked() + spot.fragment().trim_end_matches('#');
        navigate(&address, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    });
    let at = Memo::new(move |_| spot.with(|spot| spot.at));
    let past = Memo::new(move |_| {
        points.list().with(|list| place(list, at.get()).is_some_and(|place| place + 1 < list.len()))
    });
    let some = Memo::new(move |_| points.list().with(|list| !list.is_empty()));
    let choose = Callback::new(move |at| go.run(spot.get_untracked().at(at)));
    let (shown, shown_ms) = (RwSignal::new(None::<u64>), RwSignal::new(None::<u64>));
    let again = Trigger::new();
    // What was opened as the newest stays where it is when a newer one comes.
    let slider_at = Memo::new(move |_| at.get().or(shown.get()));
    let newer = Memo::new(move |_| {
        let newest = points.list().with(|list| list.last().map(|point| point.seq));
        at.get().is_none() && shown.get().zip(newest).is_some_and(|(shown, newest)| shown < newest)
    });
    view! {
        <div class="browse">
            <section class="card card--flush" class:in-past=past aria-label="Time">
                {move || {
                    if some.get() {
                        view! { <TimeSlider points at=slider_at choose /> }.into_any()
                    } else {
                        view! { <NoPoints points /> }.into_any()
                    }
                }}
            </section>
            <PastBanner set spot=spot.read_only() past shown shown_ms choose />
            {move || newer.get().then(|| view! { <NewerNotice again /> })}
            <Gate skeleton=sealed_folder>
                <FolderView set spot=spot.read_only() past shown shown_ms again go />
            </Gate>
        </div>
    }
    .into_any()
}

/// The points of a machine, kept as new as the server's.
pub fn follow_points(set: SetId) -> Points {
    let points = Points::new(set);
    let live = Live::current();
    Effect::new(move |before: Option<()>| {
        let about = match live.latest().get() {
            None | Some(Event::Resync) => true,
            Some(Event::Set { set: of }) => of == set,
            Some(_) => false,
        };
        // What was heard last before the page was there says nothing about it.
        let about = about || before.is_none();
        if about {
            leptos::task::spawn_local(async move { points.refresh().await });
        }
    });
    points
}

/// Sees to it that the chosen commit is among the points.
pub fn reach(points: Points, at: Signal<Option<u64>>) {
    let some = Memo::new(move |_| points.list().with(|list| !list.is_empty()));
    Effect::new(move || {
        if let (true, Some(at)) = (some.get(), at.get()) {
            leptos::task::spawn_local(async move { points.reach(at).await });
        }
    });
}

/// What stands in the place of time while there are no points.
#[component]
pub fn NoPoints(
    /// Which are not there.
    points: Points,
) -> impl IntoView {
    let retry = Callback::new(move |()| leptos::task::spawn_local(async move { points.refresh().await }));
    move || {
        match points.problem().get() {
        Some(problem) => view! { <ProblemNotice problem retry /> }.into_any(),
        None if points.is_complete() => {
            view! {
                <div class="empty">
                    <Icon name="clock" />
                    <h2>"Nothing stored yet"</h2>
                    <p>"This machine has no point in time so far. The first appears here as soon as it has stored something."</p>
                </div>
            }
            .into_any()
        }
        None => view! { <Skeleton /> }.into_any(),
    }
    }
}

#[component]
fn PastBanner(
    set: SetId,
    spot: ReadSignal<Spot>,
    past: Memo<bool>,
    shown: RwSignal<Option<u64>>,
    shown_ms: RwSignal<Option<u64>>,
    choose: Callback<Option<u64>>,
) -> impl IntoView {
    // The server's list alone is not certain of a time.
    let when = move || match shown_ms.get() {
        Some(ms) if shown.get() == spot.with(|spot| spot.at) => Moment::local(ms).full(),
        _ => "an earlier point in time".into(),
    };
    move || {
        past.get().then(|| {
            view! {
                <div class="notice notice--past">
                    <Icon name="history" />
                    <div>
                        <b>{format!("You are looking at {}.", when())}</b>
                    </div>
                    <div class="button-group">
                        <a
                            class="button button--small"
                            href=move || {
                                let Spot { at, path } = spot.get();
                                spot::compare(set, &Span { from: at, to: Spot { at: None, path } })
                            }
                        >
                            "What changed since"
                        </a>
                        <button class="button button--small" type="button" on:click=move |_| choose.run(None)>
                            "Back to the newest"
                        </button>
                    </div>
                </div>
            }
            .into_any()
        })
    }
}

#[component]
fn NewerNotice(again: Trigger) -> impl IntoView {
    view! {
        <div class="notice" role="status">
            <Icon name="refresh-cw" />
            <div>
                <b>"The machine has stored a newer point in time."</b>
            </div>
            <button class="button button--small" type="button" on:click=move |_| again.notify()>
                "Show it"
            </button>
        </div>
    }
    .into_any()
}

/// A folder while the vault is locked: bars of one width.
fn sealed_folder() -> impl IntoView {
    let rows = (0..6).map(|_| {
        view! {
            <li class="file-list__row">
                <span class="file-list__name">
                    <Icon name="file-text" />
                    <Sealed />
                </span>
            </li>
        }
    });
    view! {
        <section class="card card--flush" aria-label="Files, sealed">
            <ul class="file-list">{rows.collect::<Vec<_>>()}</ul>
        </section>
    }
    .into_any()
}
