//! For who is signed in: the answer, the machines, what needs a hand, the key, the space.

use iota_core::id::SetId;
use leptos::prelude::*;
use leptos_router::components::A;

use super::answer::answer;
use super::cards::{Cards, Slots};
use super::needs_hand::NeedsHand;
use crate::clock::Clock;
use crate::components::ago::Ago;
use crate::components::closing_notice::{ClosingNotice, follow_retention};
use crate::components::fleet_list::FleetList;
use crate::components::gate::LockedNotice;
use crate::components::icon::Icon;
use crate::components::machine_frame::MachineName;
use crate::components::problem_notice::ProblemNotice;
use crate::components::rings::Rings;
use crate::components::skeleton::Skeleton;
use crate::fleet::Fleet;
use crate::live::Live;
use crate::spot;
use crate::vault::Vault;
use crate::words::{Moment, span};

/// A connection that is lost for less is not worth a word, milliseconds.
const PATIENCE_MS: u64 = 15_000;

#[component]
pub(super) fn Dashboard() -> impl IntoView {
    let fleet = Fleet::current();
    let vault = Vault::current();
    Effect::new(move || fleet.want());
    let count = Memo::new(move |_| fleet.machines().map(|machines| machines.len()));
    let locked = Memo::new(move |_| !vault.is_open() && count.get().is_some_and(|count| count > 0));
    let lost = lost();
    let (slots, retention) = (Slots::ask(), follow_retention());
    view! {
        <AnswerSection lost />
        <ClosingNotice retention />
        {move || locked.get().then(|| view! { <LockedNotice /> })}
        {move || {
            let retry = Callback::new(move |()| fleet.again());
            fleet.problem().get().map(|problem| view! { <ProblemNotice problem retry /> })
        }}
        {move || match count.get() {
            Some(0) => ().into_any(),
            Some(_) => {
                view! {
                    <section
                        class="card card--flush"
                        class=("fleet-stale", move || lost.get().is_some())
                        aria-labelledby="machines"
                    >
                        <div class="card__head">
                            <h2 class="card__title" id="machines">
                                "Machines"
                            </h2>
                            <span class="card__note">"Least protected first"</span>
                        </div>
                        <FleetList />
                    </section>
                }
                    .into_any()
            }
            None => {
                view! {
                    <section class="card" aria-label="Machines">
                        <Skeleton lines=4 />
                    </section>
                }
                    .into_any()
            }
        }}
        <NeedsHand slots retention />
        <Cards slots />
    }
    .into_any()
}

/// Since when nothing is heard, and when it is tried again; milliseconds since 1970.
fn lost() -> Memo<Option<(u64, u64)>> {
    let lost = Live::current().lost();
    let now = Clock::current().now();
    Memo::new(move |_| {
        let lost = lost.get()?;
        (now.get().saturating_sub(lost.since_ms) >= PATIENCE_MS).then_some((lost.since_ms, lost.retry_ms))
    })
}

#[component]
fn AnswerSection(lost: Memo<Option<(u64, u64)>>) -> impl IntoView {
    let fleet = Fleet::current();
    let now = Clock::current().slow();
    let told = Memo::new(move |_| fleet.machines().map(|machines| answer(&machines, now.get())));
    let failed = Memo::new(move |_| fleet.problem().with(Option::is_some));
    let tone = move || match (told.get(), lost.get().is_some() || failed.get()) {
        (_, true) => "answer answer--warn",
        (Some(Some(told)), _) => match told.tone {
            "ok" => "answer answer--ok",
            "warn" => "answer answer--warn",
            _ => "answer answer--bad",
        },
        _ => "answer",
    };
    let content = move || {
        if lost.get().is_some() || failed.get() {
            return view! { <CannotTell lost /> }.into_any();
        }
        match told.get() {
            None => view! { <Loading /> }.into_any(),
            Some(None) => view! { <NoMachines /> }.into_any(),
            Some(Some(told)) => view! {
                <h1 class="answer__line" id="answer">
                    <em>{told.word}</em>
                    " "
                    {told.about.map(|set| view! { <Named set /> })}
                    {told.line}
                </h1>
                <p class="answer__more">{told.more}</p>
                <LastChange />
            }
            .into_any(),
        }
    };
    view! {
        <section class=tone aria-labelledby="answer" aria-live="polite">
            <Rings />
            <p class="answer__question">"Are we protected?"</p>
            {content}
        </section>
    }
    .into_any()
}

/// The machine that the answer is about.
#[component]
fn Named(set: SetId) -> impl IntoView {
    view! {
        <A href=spot::machine(set)>
            <MachineName set />
        </A>
        " "
    }
    .into_any()
}

#[component]
fn Loading() -> impl IntoView {
    view! {
        <h1 class="visually-hidden" id="answer">
            "Home"
        </h1>
        <span class="skeleton skeleton--title"></span>
        <span class="skeleton skeleton--mid"></span>
        <span class="visually-hidden">"Loading"</span>
    }
    .into_any()
}

#[component]
fn NoMachines() -> impl IntoView {
    view! {
        <h1 class="answer__line" id="answer">
            "No machines yet."
        </h1>
        <p class="answer__more">"Add the first one. It takes one line and about two minutes."</p>
        <div class="button-group">
            <A href="/machines/add" attr:class="button button--primary button--big">
                <Icon name="plus" />
                "Add a machine"
            </A>
        </div>
    }
    .into_any()
}

#[component]
fn CannotTell(lost: Memo<Option<(u64, u64)>>) -> impl IntoView {
    let fleet = Fleet::current();
    let now = Clock::current().now();
    let since = move || {
        lost.get().map_or_else(
            || "The server gave no answer.".to_owned(),
            |(since_ms, _)| format!("No word from the server for {}.", span(now.get().saturating_sub(since_ms) / 1000)),
        )
    };
    let more = move || {
        let measured = fleet.measured_ms().get();
        let seen = (measured > 0)
            .then(|| format!("What you see below was measured at {}. ", Moment::local(measured).clock_seconds()));
        let retry = lost.get().map(|(_, retry_ms)| {
            let seconds = retry_ms.saturating_sub(now.get()) / 1000;
            if seconds == 0 { "Trying again now.".to_owned() } else { format!("Trying again in {}.", span(seconds)) }
        });
        seen.unwrap_or_default() + &retry.unwrap_or_default()
    };
    view! {
        <h1 class="answer__line" id="answer">
            <em>"We cannot tell. "</em>
            // A number that changes each second is not read out each second.
            <span aria-live="off">{since}</span>
        </h1>
        <p class="answer__more" aria-live="off">
            {more}
        </p>
    }
    .into_any()
}

/// When something was last stored, by any machine.
#[component]
fn LastChange() -> impl IntoView {
    let fleet = Fleet::current();
    let newest =
        Memo::new(move |_| fleet.machines()?.iter().filter_map(|machine| Some(machine.head?.received_ms)).max());
    move || {
        newest.get().map(|ms| {
            view! {
                <ul class="answer__facts">
                    <li>
                        <Icon name="clock" />
                        <span>"Last stored " <b><Ago ms /></b></span>
                    </li>
                </ul>
            }
            .into_any()
        })
    }
}
