//! When a backup of a machine is missed, and what mails call it.

use iota_core::api::alerts::{ChangeWatch, is_public_name};
use iota_core::id::SetId;
use iota_core::vault::{Problem, ProblemKind};
use leptos::ev;
use leptos::prelude::*;

use crate::client;
use crate::components::busy_button::BusyButton;
use crate::components::field::TextField;
use crate::components::limit_field::LimitField;
use crate::components::problem_notice::ProblemNotice;
use crate::components::proof::Proof;
use crate::components::skeleton::Skeleton;
use crate::components::toast::Toasts;
use crate::fleet::Fleet;

/// A card; none for a machine whose key was taken away.
#[component]
pub fn MachineWatch(
    /// The machine.
    set: SetId,
) -> impl IntoView {
    let fleet = Fleet::current();
    // The form is made once: what somebody types is not overwritten.
    let watched = Memo::new(move |_| fleet.machine(set).map(|machine| machine.watch.is_some()));
    move || match watched.get() {
        Some(false) => ().into_any(),
        known => view! {
            <section class="card" aria-labelledby="watch">
                <h2 class="card__title" id="watch">
                    "When a backup is missed"
                </h2>
                {match known {
                    Some(_) => view! { <WatchForm set /> }.into_any(),
                    None => view! { <Skeleton lines=2 /> }.into_any(),
                }}
            </section>
        }
        .into_any(),
    }
}

#[component]
fn WatchForm(set: SetId) -> impl IntoView {
    let (fleet, proof, toasts) = (Fleet::current(), Proof::current(), Toasts::current());
    let machine = untrack(|| fleet.machine(set));
    let number = machine.as_ref().map(|machine| machine.number).unwrap_or_default();
    let decided = machine.and_then(|machine| machine.watch);
    let limit = RwSignal::new(decided.as_ref().and_then(|watch| watch.limit_hours));
    let name = RwSignal::new(decided.map(|watch| watch.public_name).unwrap_or_default());
    let wrong = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let public_name = name.with_untracked(|name| name.trim().to_owned());
        let fits = is_public_name(&public_name);
        wrong.set((!fits).then(|| "Take at most 64 letters, digits, spaces and marks as in - . ’ ( ).".into()));
        if !fits || busy.get_untracked() {
            return;
        }
        problem.set(None);
        busy.set(true);
        let change = ChangeWatch { limit_hours: limit.get_untracked(), public_name };
        leptos::task::spawn_local(async move {
            let path = format!("/sets/{set}/watch");
            let answer = proof.run(|| client::send::<()>("PUT", &path, &change)).await;
            // Who asked may have gone.
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    fleet.again();
                    toasts.say("Saved");
                }
                Err(told) if told.kind == ProblemKind::Cancelled => {}
                Err(told) => drop(problem.try_set(Some(told))),
            }
        });
    };
    view! {
        <form class="stack" on:submit=save>
            <LimitField id="watch-limit" label="Without a complete backup for" value=limit none="As in Settings" />
            <TextField
                id="watch-name"
                label="Public name"
                value=name
                hint=format!(
                    "Mails call the machine so, and these pages do while the vault is locked; without one it is Machine {number}. This server and the mail’s way can read it.",
                )
                error=wrong
            />
            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div>
                <BusyButton busy label="Save" working="Saving…" class="button--small" />
            </div>
        </form>
    }
    .into_any()
}
