//! Somebody is here: what keys and pointer tell the vault, so that it does not lock under a person's hands.

use iota_core::vault::Touch;
use leptos::ev;
use leptos::prelude::*;

use crate::vault::Vault;
use crate::words::now_ms;

/// At most one word in this time, milliseconds.
const EVERY_MS: u64 = 30_000;

/// Listens as long as the tab lives.
pub fn watch(vault: Vault) {
    Effect::new(move || {
        let last = StoredValue::new(0u64);
        let seen = move || {
            let now = now_ms();
            let holds_keys = vault.state().with_untracked(|state| state.locks_at_ms.is_some());
            if !holds_keys || now.saturating_sub(last.get_value()) < EVERY_MS {
                return;
            }
            last.set_value(now);
            leptos::task::spawn_local(async move {
                // The vault tells its new state by itself; one that has just locked has nothing to prolong.
                let _ = vault.ask(Touch {}).await;
            });
        };
        // They stay for the life of the tab.
        let _ = window_event_listener(ev::keydown, move |_| seen());
        let _ = window_event_listener(ev::pointerdown, move |_| seen());
        let _ = window_event_listener(ev::pointermove, move |_| seen());
        let _ = window_event_listener(ev::wheel, move |_| seen());
    });
}
