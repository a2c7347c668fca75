//! Keys that work on every page. They can be switched off (WCAG 2.1.4).

use leptos::ev;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::browser;
use crate::vault::Vault;
use crate::words::now_ms;

/// Name under which the browser keeps that they are off.
pub const OFF: &str = "iota-keys-off";
/// How long the second letter may take, milliseconds.
const PAIR_MS: u64 = 1_500;

/// Listens for single letters: `l` locks; `g` and `h`, `m`, `k` or `s` go to a place.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let vault = Vault::current();
    let navigate = use_navigate();
    Effect::new(move || {
        let navigate = navigate.clone();
        let began = StoredValue::new(0u64);
        // It stays for the life of the tab.
        let _ = window_event_listener(ev::keydown, move |event| {
            if event.ctrl_key() || event.meta_key() || event.alt_key() || event.repeat() || browser::is_typing() {
                return;
            }
            if browser::stored(OFF).is_some() {
                return;
            }
            let second = now_ms().saturating_sub(began.get_value()) < PAIR_MS;
            began.set_value(0);
            match (second, event.key().as_str()) {
                (true, "h") => navigate("/", NavigateOptions::default()),
                (true, "m") => navigate("/machines", NavigateOptions::default()),
                (true, "k") => navigate("/keys", NavigateOptions::default()),
                (true, "s") => navigate("/settings", NavigateOptions::default()),
                (false, "g") => began.set_value(now_ms()),
                (false, "l") if vault.state().with_untracked(|state| state.is_open()) => vault.lock(),
                _ => {}
            }
        });
    });
}
