//! Decisions of the account about what is kept: signed in the vault, with a fresh proof of identity where the server wants one.

use iota_core::api::retention::{AskFreed, Freed};
use iota_core::id::SetId;
use iota_core::vault::{DecideRetention, Problem, ProblemKind, ReadRetention, RetentionView, Wish};
use leptos::prelude::*;

use crate::client;
use crate::components::proof::Proof;
use crate::vault::Vault;

/// What the account decided, and a way to decide something else. A copy is the same.
#[derive(Clone, Copy)]
pub struct Deciding {
    vault: Vault,
    proof: Proof,
    /// Nothing before it is read, for which the vault has to be open.
    pub view: RwSignal<Option<RetentionView>>,
    /// Why it could not be read or decided.
    pub problem: RwSignal<Option<Problem>>,
    /// Something is being decided.
    pub busy: RwSignal<bool>,
}

impl Deciding {
    /// Knows nothing yet. Call it in a component, not in a handler.
    pub fn begin() -> Self {
        Self {
            vault: Vault::current(),
            proof: Proof::current(),
            view: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    /// Reads what was decided.
    pub fn load(self) {
        self.problem.set(None);
        leptos::task::spawn_local(async move {
            let answer = self.vault.ask(ReadRetention {}).await;
            // The page may have gone.
            match answer {
                Ok(view) => drop(self.view.try_set(Some(view))),
                Err(problem) if problem.kind == ProblemKind::Locked => {}
                Err(problem) => drop(self.problem.try_set(Some(problem))),
            }
        });
    }

    /// Decides; `then` is for what went well.
    pub fn decide(self, wish: Wish, then: impl FnOnce() + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.problem.set(None);
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = self.proof.run(|| self.vault.ask(DecideRetention { wish: wish.clone() })).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(view) => {
                    self.view.set(Some(view));
                    then();
                }
                Err(problem) if problem.kind == ProblemKind::Cancelled => {}
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }
}

/// How many bytes on the server only these points of a machine use, ascending.
///
/// # Errors
/// What the server refuses, and when it does not answer.
pub async fn freed(set: SetId, gone: Vec<u64>) -> Result<u64, Problem> {
    client::send("POST", &format!("/sets/{set}/freed"), &AskFreed { gone }).await.map(|freed: Freed| freed.bytes)
}
