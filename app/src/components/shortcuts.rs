//! Keys that work on every page, and the dialog that lists them. They can be switched off (WCAG 2.1.4).

use iota_core::id::SetId;
use leptos::ev;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::browser;
use crate::components::dialog::Dialog;
use crate::components::field::CheckField;
use crate::fleet::Fleet;
use crate::spot;
use crate::vault::Vault;
use crate::viewer::Viewer;
use crate::words::now_ms;

/// Name under which the browser keeps that they are off.
pub const OFF: &str = "iota-keys-off";
/// How long the second letter may take, milliseconds.
const PAIR_MS: u64 = 1_500;
/// Id of the field that looks for names.
const SEARCH: &str = "search-text";

/// Every key, and what it does. Those of one letter can be switched off.
const KEYS: [(&[&str], &str); 12] = [
    (&["/", "Ctrl K"], "Search the names of the machine"),
    (&["g", "h"], "Home"),
    (&["g", "m"], "Machines"),
    (&["g", "a"], "Alerts"),
    (&["g", "k"], "Keep your key"),
    (&["g", "s"], "Settings"),
    (&["l"], "Lock the vault"),
    (&["[", "]"], "Point in time before, after"),
    (&["{", "}"], "A day before, after"),
    (&["n"], "Newest point; among files \\"),
    (&["?"], "This list"),
    (&["Esc"], "Close what is on top"),
];

/// Listens for single letters: `l` locks; `g` and `h`, `m`, `a`, `k` or `s` go to a place; `/` searches; `?` lists them all. Ctrl-K, or Cmd-K, searches
/// from a field, too, and is never switched off.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let vault = Vault::current();
    let (navigate, location) = (use_navigate(), use_location());
    let (fleet, viewer) = (Fleet::current(), Viewer::signal());
    let listed = RwSignal::new(false);
    Effect::new(move || {
        let navigate = navigate.clone();
        let path = location.pathname;
        let search = {
            let navigate = navigate.clone();
            move |event: &ev::KeyboardEvent| {
                if viewer.with_untracked(|viewer| viewer.session.is_none()) {
                    return;
                }
                // The sign itself is not looked for.
                event.prevent_default();
                let only = untrack(|| fleet.machines()).and_then(|machines| match &machines[..] {
                    [machine] => Some(machine.set),
                    _ => None,
                });
                let search = path.with_untracked(|path| search_from(path, only));
                if path.with_untracked(|path| *path == search) {
                    browser::focus(SEARCH);
                } else {
                    navigate(&search, NavigateOptions::default());
                }
            }
        };
        let began = StoredValue::new(0u64);
        // It stays for the life of the tab.
        let _ = window_event_listener(ev::keydown, move |event| {
            if event.alt_key() || event.repeat() || browser::is_in_dialog() {
                return;
            }
            if event.ctrl_key() || event.meta_key() {
                if !event.shift_key() && event.key().eq_ignore_ascii_case("k") {
                    search(&event);
                }
                return;
            }
            if browser::is_typing() || browser::stored(OFF).is_some() {
                return;
            }
            let second = now_ms().saturating_sub(began.get_value()) < PAIR_MS;
            began.set_value(0);
            match (second, event.key().as_str()) {
                (true, "h") => navigate("/", NavigateOptions::default()),
                (true, "m") => navigate("/machines", NavigateOptions::default()),
                (true, "a") => navigate("/settings#alerts-title", NavigateOptions::default()),
                (true, "k") => navigate("/keys", NavigateOptions::default()),
                (true, "s") => navigate("/settings", NavigateOptions::default()),
                (false, "g") => began.set_value(now_ms()),
                (false, "l") if vault.state().with_untracked(|state| state.is_open()) => vault.lock(),
                (false, "?") => listed.set(true),
                (false, "/") => search(&event),
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

/// Where names are searched: those of the machine that a page is about, or of the only one; else a machine is chosen first.
fn search_from(path: &str, only: Option<SetId>) -> String {
    let of_page = path.strip_prefix("/machines/").and_then(|rest| rest.split('/').next()?.parse().ok());
    of_page.or(only).map_or_else(|| "/machines".to_owned(), spot::search)
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
        let only = Some(SetId([8; 16]));
        for path in [format!("/machines/{set}"), format!("/machines/{set}/browse"), search.clone()] {
            assert_eq!(search_from(&path, only), search, "{path}");
        }
        for path in ["/", "/machines", "/machines/", "/machines/add", "/keys"] {
            assert_eq!(search_from(path, None), "/machines", "{path}");
            assert_eq!(search_from(path, only), spot::search(SetId([8; 16])), "{path}");
        }
    }
}
