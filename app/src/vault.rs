//! The vault, as the pages see it: questions and answers ([`iota_core::vault`]). The program that holds the keys is another
//! one, in a Worker; it starts with the first question.

#[cfg(feature = "hydrate")]
mod worker;

use iota_core::vault::{AskState, Lock, Problem, Question, VaultEvent, VaultState};
use leptos::prelude::*;

/// The vault of this tab. A copy is the same vault.
#[derive(Clone, Copy)]
pub struct Vault {
    state: RwSignal<VaultState>,
    last: RwSignal<Option<VaultEvent>>,
}

impl Vault {
    /// Makes it known to everything below.
    pub fn provide() -> Self {
        let vault = Self { state: RwSignal::new(VaultState::default()), last: RwSignal::new(None) };
        provide_context(vault);
        vault
    }

    /// The vault of this tab.
    pub fn current() -> Self {
        expect_context()
    }

    /// Whether it is open, and until when.
    pub fn state(&self) -> ReadSignal<VaultState> {
        self.state.read_only()
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.state.with(VaultState::is_open)
    }

    /// The newest event of a download.
    pub fn last_event(&self) -> ReadSignal<Option<VaultEvent>> {
        self.last.read_only()
    }

    /// Asks.
    ///
    /// # Errors
    /// The vault's [`Problem`].
    pub async fn ask<Q: Question>(&self, question: Q) -> Result<Q::Answer, Problem> {
        let text = serde_json::to_string(&question.into()).map_err(|error| garbled(&error))?;
        let answer = self.exchange(text).await?;
        serde_json::from_str(&answer).map_err(|error| garbled(&error))
    }

    /// Locks it now.
    pub fn lock(&self) {
        let vault = *self;
        leptos::task::spawn_local(async move {
            // It has nothing to refuse.
            let _ = vault.ask(Lock {}).await;
        });
    }

    /// Learns whether it is open; of use after the page came alive.
    pub async fn refresh(&self) {
        if let Ok(state) = self.ask(AskState {}).await {
            self.state.set(state);
        }
    }

    /// Asks, and hands something over `beside` the question: a port, or a file handle.
    ///
    /// # Errors
    /// The vault's [`Problem`].
    #[cfg(feature = "hydrate")]
    pub async fn ask_with<Q: Question>(
        &self,
        question: Q,
        beside: Option<wasm_bindgen::JsValue>,
    ) -> Result<Q::Answer, Problem> {
        let text = serde_json::to_string(&question.into()).map_err(|error| garbled(&error))?;
        let answer = worker::exchange(*self, text, beside).await?;
        serde_json::from_str(&answer).map_err(|error| garbled(&error))
    }

    #[cfg(feature = "hydrate")]
    async fn exchange(&self, question: String) -> Result<String, Problem> {
        worker::exchange(*self, question, None).await
    }

    #[cfg(not(feature = "hydrate"))]
    async fn exchange(&self, _question: String) -> Result<String, Problem> {
        Err(garbled(&"not in a browser"))
    }

    #[cfg(feature = "hydrate")]
    fn tell(&self, event: VaultEvent) {
        match event {
            VaultEvent::State(state) => self.state.set(state),
            other => self.last.set(Some(other)),
        }
    }
}

fn garbled(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        iota_core::vault::ProblemKind::Failed,
        format!("the page and its vault do not understand each other ({error}); reload the page"),
    )
}
