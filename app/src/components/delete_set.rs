//! Everything that a machine stored is deleted, once its key was taken away.

use iota_core::id::SetId;
use iota_core::vault::Wish;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use crate::components::busy_button::BusyButton;
use crate::components::deletion_terms::{WhoIsTold, undo_until};
use crate::components::dialog::Dialog;
use crate::components::field::TextField;
use crate::components::icon::Icon;
use crate::components::machine_keys::typeable;
use crate::components::problem_notice::ProblemNotice;
use crate::components::toast::Toasts;
use crate::deciding::Deciding;
use crate::fleet::Fleet;
use crate::words::bytes;

/// The button, if there is something to delete, and its question.
#[component]
pub fn DeleteSet(
    /// The machine; nobody writes it.
    set: SetId,
) -> impl IntoView {
    let fleet = Fleet::current();
    let shown = RwSignal::new(false);
    let head = Memo::new(move |_| fleet.machine(set)?.head.map(|head| head.seq));
    view! {
        {move || {
            head.get()
                .map(|_| {
                    view! {
                        <button class="button button--small button--danger" type="button" on:click=move |_| shown.set(true)>
                            <Icon name="x" />
                            "Delete its backups…"
                        </button>
                    }
                })
        }}
        <Dialog open=shown labelled="delete-set-title">
            {move || head.get().map(|last| view! { <Question set last shown /> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Question(set: SetId, last: u64, shown: RwSignal<bool>) -> impl IntoView {
    let (fleet, toasts, deciding) = (Fleet::current(), Toasts::current(), Deciding::begin());
    let navigate = use_navigate();
    let (name, used) =
        untrack(|| fleet.machine(set)).map(|machine| (machine.title(), machine.live_bytes)).unwrap_or_default();
    let expected = StoredValue::new(name.clone());
    let typed = RwSignal::new(String::new());
    let wrong =
        Signal::derive(move || typed.with(|typed| expected.with_value(|name| typeable(typed) != typeable(name))));
    let delete = Callback::new(move |()| {
        let navigate = navigate.clone();
        deciding.decide(Wish::Delete { set, first: 1, last }, move || {
            shown.set(false);
            toasts.say("Deleted");
            fleet.again();
            navigate("/machines", Default::default());
        });
    });
    view! {
        <div class="dialog__body stack">
            <div class="stack stack--tight">
                <h2 id="delete-set-title">"Delete everything of " <bdi>{name.clone()}</bdi> "?"</h2>
                <p class="ink-2">
                    {format!(
                        "All of its points in time go, with every file in them; the newest alone uses {} on the server. Until {} they can be \
                         brought back on the page Machines. After that they are gone for good.",
                        bytes(used),
                        undo_until(),
                    )}
                </p>
                <WhoIsTold />
            </div>
            <TextField id="delete-set-name" label=format!("Type {name} to go on") value=typed />
            {move || deciding.problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| shown.set(false)>
                    "Keep it"
                </button>
                <BusyButton busy=deciding.busy disabled=wrong label="Delete all of it" working="Deleting…" class="button--danger" on_press=delete />
            </div>
        </div>
    }
    .into_any()
}
