//! How well a passphrase withstands guessing.

use std::time::Duration;

use iota_core::vault::{RatePassphrase, Strength};
use leptos::prelude::*;

use crate::vault::Vault;

/// Typing goes on; what counts is the end.
const PAUSE: Duration = Duration::from_millis(200);

/// Rates what is typed, a moment after it was. None while nothing is rated.
pub fn rated(passphrase: RwSignal<String>, login: RwSignal<String>) -> Rating {
    let vault = Vault::current();
    let (strength, fresh) = (RwSignal::new(None), RwSignal::new(false));
    let turn = StoredValue::new(0u32);
    Effect::new(move || {
        let text = passphrase.get();
        login.track();
        turn.update_value(|turn| *turn += 1);
        let mine = turn.get_value();
        fresh.set(false);
        if text.is_empty() {
            return strength.set(None);
        }
        set_timeout(
            move || {
                let newest = move || turn.try_get_value() == Some(mine);
                if !newest() {
                    return;
                }
                let question = RatePassphrase { passphrase: passphrase.get_untracked(), login: login.get_untracked() };
                leptos::task::spawn_local(async move {
                    // Without a rating the vault itself decides when the passphrase is used.
                    if let Ok(answer) = vault.ask(question).await
                        && newest()
                    {
                        strength.set(Some(answer));
                        fresh.set(true);
                    }
                });
            },
            PAUSE,
        );
    });
    Rating { strength: strength.read_only(), fresh: fresh.read_only() }
}

/// How well what is typed withstands guessing.
#[derive(Clone, Copy)]
pub struct Rating {
    /// Of what was typed last and rated.
    pub strength: ReadSignal<Option<Strength>>,
    /// Nothing was typed since.
    fresh: ReadSignal<bool>,
}

impl Rating {
    /// Whether what is typed is known to be too weak.
    pub fn is_too_weak(&self) -> bool {
        let weak = self.strength.with_untracked(|strength| strength.as_ref().is_some_and(|strength| !strength.enough));
        weak && self.fresh.get_untracked()
    }
}

/// The rating as a bar and in words.
#[component]
pub fn StrengthMeter(
    /// The rating.
    strength: ReadSignal<Option<Strength>>,
) -> impl IntoView {
    let shown = move || {
        strength.get().map(|Strength { score, enough, advice }| {
            let words = match (enough, score) {
                (true, 4..) => "Very hard to guess.",
                (true, _) => "Hard to guess.",
                (false, 3..) => "Nearly.",
                (false, 2) => "Could be guessed.",
                (false, _) => "Easily guessed.",
            };
            let part = if enough { "meter__ok" } else { "meter__warn" };
            // The rest is advice about looks, which does not make it stronger.
            let advice = advice.filter(|_| !enough);
            view! {
                <div class="strength">
                    <svg class="meter" aria-hidden="true">
                        <rect class=part x="0" width=format!("{}%", (u32::from(score) + 1) * 20) height="100%" />
                    </svg>
                    <p class="small ink-2">{words} " " {advice}</p>
                </div>
            }
        })
    };
    view! { <div aria-live="polite">{shown}</div> }.into_any()
}
