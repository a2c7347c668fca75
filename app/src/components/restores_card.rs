//! Restores that a machine was ordered to do, how far they are, and what became of them.

mod ending;

use iota_core::api::json::Event;
use iota_core::id::{RestoreId, SetId};
use iota_core::live::RestoreProgress;
use iota_core::vault::{CancelRestore, ListRestores, Problem, ProblemKind, RestoreView, Standing};
use leptos::prelude::*;

use crate::components::ago::Ago;
use crate::components::busy_button::BusyButton;
use crate::components::icon::Icon;
use crate::components::machine_frame::MachineName;
use crate::components::problem_notice::ProblemNotice;
use crate::components::proof::Proof;
use crate::components::right_now::Word;
use crate::components::state::{Look, StateWord};
use crate::components::toast::Toasts;
use crate::live::Live;
use crate::spot::{self, Spot};
use crate::time::Points;
use crate::vault::Vault;
use crate::words::{Moment, count, now_ms, restore};

/// So many are shown at first.
const FIRST: usize = 5;

/// The restores of a machine, as this page knows them. A copy is the same list.
#[derive(Clone, Copy)]
struct Restores {
    vault: Vault,
    proof: Proof,
    toasts: Toasts,
    set: SetId,
    word: Word,
    points: Points,
    list: RwSignal<Vec<RestoreView>>,
    problem: RwSignal<Option<Problem>>,
    /// Counts the questions: only the answer to the last counts.
    turn: StoredValue<u32>,
}

impl Restores {
    fn load(self) {
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        leptos::task::spawn_local(async move {
            let answer = self.vault.ask(ListRestores { machine: self.set }).await;
            // The page may have gone, or a later answer will come.
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            match answer {
                Ok(list) => {
                    self.problem.set(None);
                    self.list.set(list);
                }
                // What is no machine, or locked, the page says itself.
                Err(problem) if matches!(problem.kind, ProblemKind::Locked | ProblemKind::Missing) => {}
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// How far the machine is with one of them.
    fn progress(self, order: RestoreId) -> Option<RestoreProgress> {
        self.word.restore().filter(|progress| progress.order == order)
    }

    fn cancel(self, order: RestoreId, busy: RwSignal<bool>) {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            let question = CancelRestore { machine: self.set, order };
            let answer = self.proof.run(|| self.vault.ask(question.clone())).await;
            // The page may have gone, or the restore may have ended meanwhile.
            busy.try_set(false);
            match answer {
                Ok(()) => self.toasts.say("Cancelled"),
                Err(problem) if problem.kind == ProblemKind::Cancelled => return,
                Err(problem) => self.toasts.say(problem.message),
            }
            if self.turn.try_get_value().is_some() {
                self.load();
            }
        });
    }
}

/// The card; none while there are no restores. It needs an open vault.
#[component]
pub fn RestoresCard(
    /// The machine.
    set: SetId,
    /// Its own word.
    word: Word,
    /// Its points in time.
    points: Points,
) -> impl IntoView {
    let restores = Restores {
        vault: Vault::current(),
        proof: Proof::current(),
        toasts: Toasts::current(),
        set,
        word,
        points,
        list: RwSignal::new(Vec::new()),
        problem: RwSignal::new(None),
        turn: StoredValue::new(0),
    };
    let latest = Live::current().latest();
    Effect::new(move |before: Option<()>| {
        let about = match latest.get() {
            Some(Event::Set { set: of }) => of == set,
            Some(Event::Resync) => true,
            _ => false,
        };
        if about || before.is_none() {
            restores.load();
        }
    });
    let under_way = Memo::new(move |_| word.restore().map(|progress| progress.order));
    Effect::new(move |before: Option<()>| {
        under_way.track();
        if before.is_some() {
            restores.load();
        }
    });
    let some =
        Memo::new(move |_| restores.list.with(|list| !list.is_empty()) || restores.problem.with(Option::is_some));
    move || some.get().then(|| view! { <Shown restores /> })
}

#[component]
fn Shown(restores: Restores) -> impl IntoView {
    let all = RwSignal::new(false);
    let number = Memo::new(move |_| restores.list.with(Vec::len));
    let orders = Memo::new(move |_| {
        let shown = if all.get() { usize::MAX } else { FIRST };
        restores.list.with(|list| list.iter().take(shown).map(|view| view.order).collect::<Vec<_>>())
    });
    let more = move || {
        (!all.get() && number.get() > FIRST).then(|| {
            view! {
                <div>
                    <button class="button button--small" type="button" on:click=move |_| all.set(true)>
                        {format!("Show all {}", count(number.get() as u64))}
                    </button>
                </div>
            }
        })
    };
    let retry = Callback::new(move |()| restores.load());
    view! {
        <section class="card" aria-labelledby="restores">
            <div class="card__head">
                <h2 class="card__title" id="restores">
                    {"Restores"}
                </h2>
            </div>
            {move || restores.problem.get().map(|problem| view! { <ProblemNotice problem retry /> })}
            <ul class="slots">
                <For each=move || orders.get() key=|order| *order let:order>
                    <Item restores order />
                </For>
            </ul>
            {more}
        </section>
    }
    .into_any()
}

#[component]
fn Item(restores: Restores, order: RestoreId) -> impl IntoView {
    let view = Memo::new(move |_| restores.list.with(|list| list.iter().find(|view| view.order == order).cloned()));
    move || view.get().map(|view| shown(restores, view))
}

fn shown(restores: Restores, view: RestoreView) -> AnyView {
    let RestoreView { order, set, at, ordered_ms, until_ms, ordered, standing } = view;
    // One that has ended says it itself.
    let ordered = ordered.filter(|_| !matches!(standing, Standing::Ended(_)));
    let ordered = ordered.map(|ordered| view! { <p>{restore::ordered(&ordered)}</p> });
    let open = standing == Standing::Open;
    let busy = RwSignal::new(false);
    let cancel = open.then(|| {
        let press = Callback::new(move |()| restores.cancel(order, busy));
        view! { <BusyButton busy label="Cancel" working="Cancelling…" class="button--small" on_press=press /> }
    });
    let how = match standing {
        Standing::Open => view! { <Open restores order until_ms /> }.into_any(),
        Standing::Cancelled => ending::cancelled(),
        Standing::Expired => {
            let words = if until_ms > now_ms() {
                "The machine got a new key since.".to_owned()
            } else {
                format!("Its time was over {}.", Moment::local(until_ms).full())
            };
            ending::told(Look::Locked, "clock", "Expired", words)
        }
        Standing::Unreadable => {
            let words = "What the machine said of it cannot be read. It got a new key since, or the server altered it.";
            ending::told(Look::Warn, "triangle-alert", "Unreadable", words)
        }
        Standing::Ended(outcome) => ending::ended(set, at, &outcome),
    };
    view! {
        <li class="slot slot--tall">
            <span class="slot__glyph">
                <Icon name="archive-restore" />
            </span>
            <div class="stack stack--tight">
                <div>
                    <b>{source(restores, set, at)}</b>
                    <p>"Ordered " <Ago ms=ordered_ms /></p>
                </div>
                {ordered}
                {how}
            </div>
            {cancel}
        </li>
    }
    .into_any()
}

/// Which snapshot of which machine.
fn source(restores: Restores, set: SetId, at: u64) -> AnyView {
    let own = set == restores.set;
    let known = move || restores.points.list().with(|list| list.iter().find(|point| point.seq == at).copied());
    let snapshot = move || match known().filter(|_| own) {
        Some(point) => Moment::local(point.device_ms).full(),
        None => format!("No. {}", count(at)),
    };
    let of = (!own).then(|| view! { <span>"Files of " <MachineName set /></span> });
    let address = spot::browse(set, &Spot { at: Some(at), path: None });
    view! {
        {of}
        <a href=address>{move || format!("As it was {}", snapshot())}</a>
    }
    .into_any()
}

/// One that the machine has to do, or does.
#[component]
fn Open(restores: Restores, order: RestoreId, until_ms: u64) -> impl IntoView {
    let progress = Memo::new(move |_| restores.progress(order));
    let begun = Memo::new(move |_| progress.with(|progress| progress.as_ref().map(|progress| progress.dry_run)));
    let away = Memo::new(move |_| restores.word.listens() == Some(false));
    let until = Moment::local(until_ms).full();
    let state = move || match (begun.get(), away.get()) {
        (Some(_), true) => view! { <StateWord look=Look::Warn icon="wifi-off" text="Not connected" /> },
        (Some(false), false) => view! { <StateWord look=Look::Busy icon="loader" text="Under way" /> },
        (Some(true), false) => view! { <StateWord look=Look::Busy icon="loader" text="Looks what it would do" /> },
        (None, _) => view! { <StateWord look=Look::Locked icon="hourglass" text="Waits for the machine" /> },
    };
    let more = move || match (begun.get(), away.get()) {
        (Some(_), true) => Some("It goes on when the machine is back.".to_owned()),
        (Some(_), false) => None,
        (None, true) => Some(format!("The machine is not connected now. The order is good until {until}.")),
        (None, false) => Some(format!("The order is good until {until}.")),
    };
    let far = move || progress.get().map(|progress| view! { <Far progress /> });
    view! {
        {state}
        {far}
        {move || more().map(|more| view! { <p>{more}</p> })}
    }
    .into_any()
}

#[component]
fn Far(progress: RestoreProgress) -> impl IntoView {
    let share = (progress.expected_bytes > 0)
        .then(|| (progress.bytes as f64 / progress.expected_bytes as f64).clamp(0.0, 1.0) * 100.0);
    let bar = share.map(|share| {
        let percent = format!("{share:.1}%");
        let spoken = format!("{percent} restored");
        view! {
            <svg class="meter" role="img" aria-label=spoken>
                <rect class="meter__a" x="0" width=percent height="100%" />
            </svg>
        }
    });
    let current = progress.current.clone().map(|path| {
        view! {
            <p class="live__file">
                <Icon name="file-text" />
                <bdi class="live__path">{path}</bdi>
            </p>
        }
    });
    view! {
        {bar}
        <p>{restore::progress(&progress)}</p>
        {current}
    }
    .into_any()
}
