//! The machines: other names, and taking a key away.

use iota_core::id::SetId;
use iota_core::vault::{Problem, ProblemKind, Rename, RevokeMachine};
use leptos::ev;
use leptos::prelude::*;

use crate::components::busy_button::BusyButton;
use crate::components::dialog::Dialog;
use crate::components::field::TextField;
use crate::components::mark::Mark;
use crate::components::problem_notice::ProblemNotice;
use crate::components::proof::Proof;
use crate::components::sealed::Sealed;
use crate::components::skeleton::Skeleton;
use crate::components::toast::Toasts;
use crate::components::unlock_dialog::Unlocker;
use crate::fleet::{Fleet, Machine};
use crate::vault::Vault;

/// Longest name, characters.
const MAX_NAME: usize = 64;

/// What the card works on. A copy is the same.
#[derive(Clone, Copy)]
struct Desk {
    fleet: Fleet,
    vault: Vault,
    proof: Proof,
    toasts: Toasts,
    unlocker: Unlocker,
    /// Whose name or key is changed.
    chosen: RwSignal<Option<(SetId, String)>>,
    renaming: RwSignal<bool>,
    revoking: RwSignal<bool>,
}

#[component]
pub(super) fn MachinesCard() -> impl IntoView {
    let desk = Desk {
        fleet: Fleet::current(),
        vault: Vault::current(),
        proof: Proof::current(),
        toasts: Toasts::current(),
        unlocker: Unlocker::current(),
        chosen: RwSignal::new(None),
        renaming: RwSignal::new(false),
        revoking: RwSignal::new(false),
    };
    Effect::new(move || desk.fleet.want());
    let open = Memo::new(move |_| desk.vault.is_open());
    Effect::new(move || {
        if !open.get() {
            desk.renaming.set(false);
            desk.revoking.set(false);
            desk.chosen.set(None);
        }
    });
    let problem = desk.fleet.problem();
    let retry = Callback::new(move |()| desk.fleet.again());
    let machines = Memo::new(move |_| desk.fleet.machines());
    let rows = move || {
        match machines.get() {
        None if problem.with(Option::is_some) => ().into_any(),
        None => view! { <div class="card__inset"><Skeleton /></div> }.into_any(),
        Some(list) if list.is_empty() => view! {
            <div class="card__inset">
                <p class="ink-2">
                    "No machines yet. " <a href="/machines/add">"Add the first one"</a> "; it takes one line and about two minutes."
                </p>
            </div>
        }
        .into_any(),
        Some(list) => {
            let rows = list.into_iter().map(|machine| view! { <MachineRow desk machine /> }).collect_view();
            view! { <ul class="machine-rows">{rows}</ul> }.into_any()
        }
    }
    };
    view! {
        <section class="card card--flush" aria-labelledby="machines-title">
            <div class="card__head">
                <h2 class="card__title" id="machines-title">
                    "Machines"
                </h2>
                {move || {
                    (!open.get())
                        .then(|| {
                            view! {
                                <button class="link-button small" type="button" on:click=move |_| desk.unlocker.open()>
                                    "Unlock to read names"
                                </button>
                            }
                        })
                }}
            </div>
            {move || problem.get().map(|problem| view! { <div class="card__inset"><ProblemNotice problem retry /></div> })}
            {rows}
        </section>
        <Dialog open=desk.renaming labelled="rename-title">
            {desk.chosen.get_untracked().map(|(set, name)| view! { <RenameForm desk set name /> })}
        </Dialog>
        <Dialog open=desk.revoking labelled="revoke-title">
            {desk.chosen.get_untracked().map(|(set, name)| view! { <RevokeForm desk set name /> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn MachineRow(desk: Desk, machine: Machine) -> impl IntoView {
    let title = machine.title();
    let Machine { set, name, revoked, .. } = machine;
    let shown = match &name {
        Some(name) => view! { <b>{name.clone()}</b> }.into_any(),
        None => view! { <Sealed short=true spoken=format!("{title}, name sealed") /> }.into_any(),
    };
    let choose = move |which: RwSignal<bool>| match &name {
        Some(name) => {
            desk.chosen.set(Some((set, name.clone())));
            which.set(true);
        }
        None => desk.unlocker.open(),
    };
    let rename = choose.clone();
    let acts = (!revoked).then(|| {
        view! {
            <button
                class="button button--small button--danger"
                type="button"
                aria-label=format!("Take the key of {title} away")
                on:click=move |_| choose(desk.revoking)
            >
                "Revoke"
            </button>
        }
    });
    view! {
        <li class="machine-row">
            <Mark set />
            <span class="machine-row__name">
                {shown}
                {revoked.then(|| view! { <small>"Key taken away; what it stored stays"</small> })}
            </span>
            <span class="button-group">
                <button
                    class="button button--small"
                    type="button"
                    aria-label=format!("Rename {title}")
                    on:click=move |_| rename(desk.renaming)
                >
                    "Rename"
                </button>
                {acts}
            </span>
        </li>
    }
    .into_any()
}

#[component]
fn RenameForm(desk: Desk, set: SetId, name: String) -> impl IntoView {
    let typed = RwSignal::new(name.clone());
    let wrong = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let name = typed.get_untracked().trim().to_owned();
        wrong.set(if name.is_empty() {
            Some("Type a name first.".into())
        } else if name.chars().count() > MAX_NAME {
            Some(format!("Take at most {MAX_NAME} characters."))
        } else {
            None
        });
        if wrong.with_untracked(Option::is_some) || busy.get_untracked() {
            return;
        }
        problem.set(None);
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = desk.proof.run(|| desk.vault.ask(Rename { set, name: name.clone() })).await;
            busy.set(false);
            match answer {
                Ok(()) => {
                    desk.renaming.set(false);
                    desk.fleet.again();
                    desk.toasts.say("Renamed");
                }
                Err(error) if error.kind == ProblemKind::Cancelled => {}
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    view! {
        <form class="dialog__body" on:submit=submit>
            <h2 id="rename-title">{format!("Rename {name}")}</h2>
            <TextField
                id="machine-name"
                label="Name"
                value=typed
                hint="Sealed before it is sent: this server cannot read it."
                error=wrong
                big=true
                focus=true
            />
            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| desk.renaming.set(false)>
                    "Cancel"
                </button>
                <BusyButton busy label="Rename" working="Sealing…" class="button--primary" />
            </div>
        </form>
    }
    .into_any()
}

/// Says what goes and what stays, and asks for the name.
#[component]
fn RevokeForm(desk: Desk, set: SetId, name: String) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let wanted = StoredValue::new(name.clone());
    let right = Signal::derive(move || typed.with(|typed| wanted.with_value(|name| typed.trim() == name.trim())));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || !right.get_untracked() {
            return;
        }
        problem.set(None);
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = desk.proof.run(|| desk.vault.ask(RevokeMachine { set })).await;
            busy.set(false);
            match answer {
                Ok(()) => {
                    desk.revoking.set(false);
                    desk.fleet.again();
                    desk.toasts.say("Its key is taken away");
                }
                Err(error) if error.kind == ProblemKind::Cancelled => {}
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    view! {
        <form class="dialog__body" on:submit=submit>
            <div class="stack stack--tight">
                <h2 id="revoke-title">{format!("Take the key of {name} away?")}</h2>
                <p class="ink-2">
                    "From now on it can store nothing, and its files are protected no more. What it stored stays yours and stays restorable. This cannot be undone; the machine can be let in again with a new key and goes on then."
                </p>
            </div>
            <TextField id="revoke-name" label=format!("Type {name} to go on") value=typed focus=true />
            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| desk.revoking.set(false)>
                    "Keep it"
                </button>
                <BusyButton
                    busy
                    label="Take the key away"
                    working="Revoking…"
                    class="button--danger"
                    disabled=Signal::derive(move || !right.get())
                />
            </div>
        </form>
    }
    .into_any()
}
