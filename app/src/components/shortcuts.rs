//! Keys that work on every page, and the dialog that lists them. They can be switched off (WCAG 2.1.4).

use iota_core::id::SetId;
use leptos::ev;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::browser;
use crate::components::dialog::Dialog;
use crate::components::field::CheckField;
use crate::spot;
use crate::vault::Vault;
use crate::words::now_ms;

/// Name under which the browser keeps that they are off.
pub const OFF: &str = "iota-keys-off";
/// How long the second letter may take, milliseconds.
const PAIR_MS: u64 = 1_500;
/// Id of the field that looks for names.
const SEARCH: &str = "search-text";

/// Every key, and what it does. Those of one letter can be switched off.
const KEYS: [(&[&str], &str); 11] = [
    (&["/"], "Search the names of the machine"),
    (&["g", "h"], "Home"),
    (&["g", "m"], "Machines"),
    (&["g", "k"], "Keep your key"),
    (&["g", "s"], "Settings"),
    (&["l"], "Lock the vault"),
    (&["[", "]"], "Point in time before, after"),
    (&["{", "}"], "A day before, after"),
    (&["n"], "Newest point; among files \\"),
    (&["?"], "This list"),
    (&["Esc"], "Close what is on top"),
];

/// Listens for single letters: `l` locks; `g` and `h`, `m`, `k` or `s` go to a place; `/` searches; `?` lists them all.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let vault = Vault::current();
    let (navigate, location) = (use_navigate(), use_location());
    let listed = RwSignal::new(false);
    Effect::new(move || {
        let navigate = navigate.clone();
        let path = location.pathname;
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
                (false, "?") => listed.set(true),
                (false, "/") => {
                    let Some(search) = path.with_untracked(|path| search_of(path)) else { return };
                    // The sign itself is not looked for.
                    event.prevent_default();
                    if path.with_untracked(|path| *path == search) {
                        browser::focus(SEARCH);
                    } else {
                        navigate(&search, NavigateOptions::default());
                    }
                }
                _ => {}
            }
        });
    });
    view! {
        <Dialog open=listed labelled="keys-title">
            <KeyList listed />
        </Dialog>
    }
    .into_any()
}

/// Where the names of the machine are searched that a page is about.
fn search_of(path: &str) -> Option<String> {
    let set: SetId = path.strip_prefix("/machines/")?.split('/').next()?.parse().ok()?;
    Some(spot::search(set))
}

#[component]
fn KeyList(listed: RwSignal<bool>) -> impl IntoView {
    let on = keys_switch();
    let rows = KEYS.map(|(keys, words)| {
        let keys: Vec<_> = keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect();
        view! {
            <div>
                <dt>{words}</dt>
                <dd class="row">{keys}</dd>
            </div>
        }
    });
    view! {
        <div class="dialog__body">
            <h2 id="keys-title">"Keys"</h2>
            <dl class="facts">{rows.into_iter().collect::<Vec<_>>()}</dl>
            <CheckField
                id="keys-on"
                label="Keys of one letter"
                value=on
                switch=true
                hint="Switched off, they are switched on again on the page Settings."
            />
            <div class="row">
                <button class="button" type="button" on:click=move |_| listed.set(false)>
                    "Close"
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// Whether keys of one letter work. What it is set to, the browser keeps.
pub fn keys_switch() -> RwSignal<bool> {
    let on = RwSignal::new(true);
    Effect::new(move || on.set(browser::stored(OFF).is_none()));
    Effect::new(move |begun: Option<()>| {
        let on = on.get();
        if begun.is_some() {
            browser::store(OFF, (!on).then_some("off"));
        }
    });
    on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_is_that_of_the_machine() {
        let set = SetId([7; 16]);
        let search = format!("/machines/{set}/search");
        assert_eq!(search_of(&format!("/machines/{set}")), Some(search.clone()));
        assert_eq!(search_of(&format!("/machines/{set}/browse")), Some(search.clone()));
        assert_eq!(search_of(&search), Some(search));
        for path in ["/", "/machines", "/machines/", "/machines/add", "/keys"] {
            assert_eq!(search_of(path), None, "{path}");
        }
    }
}
