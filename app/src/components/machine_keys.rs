//! What can be done to a machine: another name, and taking its key away.

use iota_core::id::SetId;
use iota_core::vault::{Problem, ProblemKind, Rename, RevokeMachine};
use leptos::ev;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::busy_button::BusyButton;
use crate::components::delete_set::DeleteSet;
use crate::components::dialog::Dialog;
use crate::components::field::TextField;
use crate::components::icon::Icon;
use crate::components::problem_notice::ProblemNotice;
use crate::components::proof::Proof;
use crate::components::toast::Toasts;
use crate::components::when_open::WhenOpen;
use crate::fleet::Fleet;
use crate::vault::Vault;

/// A card with both.
#[component]
pub fn MachineKeys(
    /// The machine.
    set: SetId,
) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="keys">
            <h2 class="card__title" id="keys">
                "This machine"
            </h2>
            <WhenOpen otherwise=|| view! { <p class="small ink-2">"Unlock to give it another name, or to take its key away."</p> }>
                <NewName set />
                <Revocation set />
            </WhenOpen>
        </section>
    }
    .into_any()
}

#[component]
fn NewName(set: SetId) -> impl IntoView {
    let (vault, fleet, toasts) = (Vault::current(), Fleet::current(), Toasts::current());
    let name = RwSignal::new(String::new());
    let error = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    Effect::new(move || {
        // What somebody types is not overwritten.
        if name.with_untracked(String::is_empty)
            && let Some(known) = fleet.machine(set).and_then(|machine| machine.name)
        {
            name.set(known);
        }
    });
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.with_untracked(|name| name.trim().to_owned());
        if wanted.is_empty() || wanted.chars().count() > 64 {
            return error.set(Some("A name has 1 to 64 characters.".into()));
        }
        error.set(None);
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = vault.ask(Rename { set, name: wanted }).await;
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    fleet.again();
                    toasts.say("Renamed");
                }
                Err(problem) => drop(error.try_set(Some(problem.message))),
            }
        });
    };
    view! {
        <form class="stack stack--tight" on:submit=save>
            <TextField id="machine-name" label="Name" value=name error />
            <div>
                <BusyButton busy label="Rename" working="Sealing…" class="button--small" />
            </div>
        </form>
    }
    .into_any()
}

#[component]
fn Revocation(set: SetId) -> impl IntoView {
    let fleet = Fleet::current();
    let shown = RwSignal::new(false);
    // The dialogs stay open whatever else is heard of the machine.
    let revoked = Memo::new(move |_| fleet.machine(set).is_some_and(|machine| machine.revoked));
    let again = format!("/machines/add?set={set}");
    view! {
        {move || {
            if revoked.get() {
                let again = again.clone();
                view! {
                    <p class="small ink-2">"Its key was taken away. A machine can continue its history with a new key."</p>
                    <div class="button-group">
                        <A href=again attr:class="button button--small">
                            "Continue its history"
                        </A>
                        <DeleteSet set />
                    </div>
                }
                    .into_any()
            } else {
                view! {
                    <div class="button-group">
                        <button class="button button--small button--danger" type="button" on:click=move |_| shown.set(true)>
                            <Icon name="ban" />
                            "Take its key away"
                        </button>
                    </div>
                }
                    .into_any()
            }
        }}
        <Dialog open=shown labelled="revoke-title">
            <RevokeForm set shown />
        </Dialog>
    }
    .into_any()
}

/// What a keyboard gives for a name: plain apostrophes, and capital letters or not.
pub fn typeable(name: &str) -> String {
    name.trim().to_lowercase().replace(['’', '‘'], "'")
}

#[component]
fn RevokeForm(set: SetId, shown: RwSignal<bool>) -> impl IntoView {
    let (vault, fleet, proof) = (Vault::current(), Fleet::current(), Proof::current());
    let name = untrack(|| fleet.machine(set)).map(|machine| machine.title()).unwrap_or_default();
    let expected = StoredValue::new(name.clone());
    let typed = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let wrong =
        Signal::derive(move || typed.with(|typed| expected.with_value(|name| typeable(typed) != typeable(name))));
    let revoke = Callback::new(move |()| {
        busy.set(true);
        problem.set(None);
        leptos::task::spawn_local(async move {
            let answer = proof.run(|| async { vault.ask(RevokeMachine { set }).await }).await;
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    fleet.again();
                    shown.set(false);
                }
                Err(told) if told.kind == ProblemKind::Cancelled => {}
                Err(told) => drop(problem.try_set(Some(told))),
            }
        });
    });
    view! {
        <div class="dialog__body stack">
            <div class="stack stack--tight">
                <h2 id="revoke-title">"Take the key of " <bdi>{name.clone()}</bdi> " away?"</h2>
                <p class="ink-2">
                    "It stores nothing from this moment on. What it stored stays yours and can be restored. This is not undone, but a machine can continue its history with a new key."
                </p>
            </div>
            <TextField id="revoke-name" label=format!("Type {name} to go on") value=typed />
            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| shown.set(false)>
                    "Keep it"
                </button>
                <BusyButton busy disabled=wrong label="Take it away" working="Taking away…" class="button--danger" on_press=revoke />
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_typed() {
        assert_eq!(typeable(" nora's Laptop"), typeable("Nora’s laptop"));
        assert_ne!(typeable("Nora"), typeable("Nora’s laptop"));
    }
}
