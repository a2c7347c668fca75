//! One more passkey.

use iota_core::api::json::code;
use iota_core::vault::{AddPasskey, Problem, ProblemKind};
use leptos::prelude::*;

use super::Desk;
use crate::components::icon::Icon;
use crate::passkey;
use crate::viewer::Viewer;

/// The button, with the price; or why there can be no passkey here.
#[component]
pub(super) fn AddPasskeyButton(desk: Desk) -> impl IntoView {
    let login = StoredValue::new(Viewer::current().session.map(|session| session.login).unwrap_or_default());
    let obstacle = RwSignal::new(None::<&'static str>);
    Effect::new(move || obstacle.set(passkey::obstacle()));
    on_cleanup(passkey::cancel);
    let add = move |_| {
        if !desk.is_ready() {
            return;
        }
        let Some(account) = desk.vault.state().with_untracked(|state| state.account) else { return };
        desk.busy.set(true);
        leptos::task::spawn_local(async move {
            let made = passkey::create(account, &login.get_value()).await;
            let Some(made) = desk.end(made) else { return };
            desk.busy.set(true);
            let answer = desk.proof.run(|| desk.vault.ask(AddPasskey { output: made.output.clone() })).await;
            let answer = answer.map_err(|problem| {
                if !is_surely_unused(&problem) {
                    return problem;
                }
                made.discard();
                unused(problem)
            });
            if let Some(slots) = desk.end(answer) {
                desk.slots.set(Some(slots));
                desk.toasts.say("Added. It opens the vault at this address from now on");
            }
        });
    };
    move || match obstacle.get() {
        None => view! {
            <div class="row">
                <button class="button" type="button" on:click=add>
                    <Icon name="plus" />
                    "Add a passkey"
                </button>
            </div>
            <p class="small ink-3">
                "A passkey works at this address only, and may live on this device only. It never replaces the kit."
            </p>
        }
        .into_any(),
        Some(obstacle) => view! { <p class="small ink-3">"No passkey can be added here. " {obstacle}</p> }.into_any(),
    }
}

/// Whether nothing was added. When the answer was lost, or the server failed on the way, it may have been.
fn is_surely_unused(problem: &Problem) -> bool {
    let failed_on_the_way = problem.has_code(code::UNAVAILABLE) || problem.has_code(code::INTERNAL);
    match problem.kind {
        ProblemKind::Cancelled | ProblemKind::Locked => true,
        ProblemKind::Refused => !failed_on_the_way,
        _ => false,
    }
}

/// The device keeps a passkey that opens nothing: that is said, even to who thought better of it.
fn unused(problem: Problem) -> Problem {
    let kind = if problem.kind == ProblemKind::Cancelled { ProblemKind::Failed } else { problem.kind };
    let message =
        format!("{}; the new passkey opens nothing: delete it where your device keeps passkeys", problem.message);
    Problem { kind, message, ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_is_given_up_when_nothing_was_added_and_only_then() {
        for kind in [ProblemKind::Cancelled, ProblemKind::Locked, ProblemKind::Refused] {
            let problem = Problem::new(kind, "nothing was changed");
            assert!(is_surely_unused(&problem));
            let said = unused(problem);
            assert!(said.kind != ProblemKind::Cancelled && said.message.contains("delete it"), "{said:?}");
        }
        assert!(!is_surely_unused(&Problem::unreachable()) && !is_surely_unused(&Problem::unavailable(502)));
    }
}
