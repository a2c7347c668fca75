//! A fresh proof of identity, asked for when the server wants one.

use std::future::Future;

use futures_channel::oneshot;
use iota_core::api::json::code;
use iota_core::vault::{Problem, ProblemKind, ProvePassword};
use leptos::ev;
use leptos::prelude::*;

use crate::components::busy_button::BusyButton;
use crate::components::dialog::Dialog;
use crate::components::field::{PasswordField, UsernameHint};
use crate::components::problem_notice::ProblemNotice;
use crate::components::second_factor_field::{SecondFactor, SecondFactorField};
use crate::vault::Vault;
use crate::viewer::Viewer;

/// Runs what may need a fresh proof. A copy is the same dialog.
#[derive(Clone, Copy)]
pub struct Proof {
    shown: RwSignal<bool>,
    waiting: StoredValue<Option<oneshot::Sender<()>>>,
}

impl Proof {
    /// Makes it known to everything below.
    pub fn provide() {
        provide_context(Self { shown: RwSignal::new(false), waiting: StoredValue::new(None) });
    }

    /// The one of this tab. Call it in a component, not in a handler.
    pub fn current() -> Self {
        expect_context()
    }

    /// Runs `action`; when the server wants a fresh proof, has the password asked for and runs it once more.
    ///
    /// # Errors
    /// Those of `action`, and [`ProblemKind::Cancelled`] when the password was not given.
    pub async fn run<T, F>(&self, action: impl Fn() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Problem>>,
    {
        match action().await {
            Err(problem) if problem.has_code(code::REAUTHENTICATE) => {
                self.ask().await?;
                action().await
            }
            other => other,
        }
    }

    async fn ask(&self) -> Result<(), Problem> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.set_value(Some(sender));
        self.shown.set(true);
        receiver
            .await
            .map_err(|_| Problem::new(ProblemKind::Cancelled, "the password was not given; nothing was changed"))
    }

    fn end(&self, given: bool) {
        let sender = self.waiting.try_update_value(Option::take).flatten();
        if let (true, Some(sender)) = (given, sender) {
            // Who waits may have left.
            let _ = sender.send(());
        }
        if self.shown.get_untracked() {
            self.shown.set(false);
        }
    }
}

/// The dialog itself; once, outside the pages.
#[component]
pub fn ProofDialog() -> impl IntoView {
    let proof = Proof::current();
    Effect::new(move || {
        // Closed by Escape: who waits must not wait for ever.
        if !proof.shown.get() {
            proof.end(false);
        }
    });
    view! {
        <Dialog open=proof.shown labelled="proof-title">
            <ProofForm />
        </Dialog>
    }
    .into_any()
}

#[component]
fn ProofForm() -> impl IntoView {
    let proof = Proof::current();
    let vault = Vault::current();
    let login = Viewer::current().session.map(|session| session.login).unwrap_or_default();
    let password = RwSignal::new(String::new());
    let second = SecondFactor::new();
    let wrong = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let prove = StoredValue::new(login.clone());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        if password.with_untracked(String::is_empty) {
            return wrong.set(Some("Type your password first.".into()));
        }
        wrong.set(None);
        problem.set(None);
        busy.set(true);
        let question =
            ProvePassword { login: prove.get_value(), password: password.get_untracked(), second: second.take() };
        leptos::task::spawn_local(async move {
            let answer = vault.ask(question).await;
            busy.set(false);
            match answer {
                Ok(()) => proof.end(true),
                Err(error) if second.refuse(&error) => {}
                Err(error) if error.has_code(code::BAD_CREDENTIALS) => {
                    wrong.set(Some("That is not the password of this account. Capital letters?".into()));
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    view! {
        <form class="dialog__body" on:submit=submit>
            <div class="stack stack--tight">
                <h2 id="proof-title">"Is it you?"</h2>
                <p class="ink-2">"This needs your password again. It counts for five minutes."</p>
            </div>
            <UsernameHint login />
            <PasswordField
                id="proof-password"
                label="Password for signing in"
                value=password
                autocomplete="current-password"
                error=wrong
                big=true
                focus=true
            />
            <SecondFactorField second id="proof-second" big=true />
            {move || problem.get().map(|problem| view! { <ProblemNotice problem /> })}
            <div class="row row--between">
                <button class="button" type="button" on:click=move |_| proof.end(false)>
                    "Cancel"
                </button>
                <BusyButton busy label="Go on" working="Checking…" class="button--primary" />
            </div>
        </form>
    }
    .into_any()
}
