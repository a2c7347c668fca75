//! What keys do in a list.

use iota_core::vault::Jump;
use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::Element;

use super::{FileListing, State, choosing, go_to};
use crate::vault::Vault;
use crate::words::now_ms;

/// Letters that follow each other faster belong to one word, milliseconds.
const TYPING_MS: u64 = 1_000;

/// What the keys of one list share.
#[derive(Clone, Copy)]
pub struct Keys {
    state: State,
    vault: Vault,
    list: StoredValue<FileListing>,
    /// A word, and when its last letter came.
    typed: StoredValue<(String, u64)>,
}

impl Keys {
    /// Those of a list.
    pub fn new(state: State, vault: Vault, list: StoredValue<FileListing>) -> Self {
        Self { state, vault, list, typed: StoredValue::default() }
    }

    /// A key went down.
    pub fn press(self, event: &ev::KeyboardEvent) {
        let (state, key) = (self.state, event.key());
        if event.alt_key() || state.count() == 0 && key != "Backspace" {
            return;
        }
        let held = event.ctrl_key() || event.meta_key();
        let done = match place(state, &key) {
            _ if held => !event.shift_key() && key.eq_ignore_ascii_case("a") && self.choose_all(),
            Some(row) => self.move_to(row, event.shift_key()),
            None => self.other(event, &key),
        };
        if done {
            event.prevent_default();
            event.stop_propagation();
        }
    }

    fn choose_all(self) -> bool {
        choosing::all(self.state);
        true
    }

    fn move_to(self, row: u32, shift: bool) -> bool {
        if shift {
            choosing::extend(self.state, row);
        } else {
            self.state.chosen.forget_anchor();
        }
        go_to(self.state, row);
        true
    }

    fn other(self, event: &ev::KeyboardEvent, key: &str) -> bool {
        let state = self.state;
        let row = state.active.get_untracked();
        match key {
            // A control in the head has its own idea of these.
            "Enter" | " " if on_control(event) => return false,
            "Enter" => match state.rows.get_untracked(row) {
                Some(row) => self.list.with_value(|list| list.open).run(row),
                None => return false,
            },
            " " if !self.is_in_word() => choosing::toggle(state, row),
            "Escape" if untrack(|| state.chosen.is_there()) => state.chosen.clear(),
            "Backspace" => self.list.with_value(|list| list.up).run(()),
            // These move time, everywhere on the page, or search; no name has a slash.
            "[" | "]" | "{" | "}" | "\\" | "/" => return false,
            key if key.chars().count() == 1 => self.jump(key),
            _ => return false,
        }
        true
    }

    fn is_in_word(self) -> bool {
        self.typed.with_value(|(word, last_ms)| !word.is_empty() && now_ms().saturating_sub(*last_ms) <= TYPING_MS)
    }

    fn jump(self, key: &str) {
        let going_on = self.is_in_word();
        let typed = self.typed.try_update_value(|(word, last_ms)| {
            if !going_on {
                word.clear();
            }
            *last_ms = now_ms();
            word.push_str(key);
            word.clone()
        });
        let Keys { state, vault, .. } = self;
        let listing = state.rows.source_untracked().listing;
        leptos::task::spawn_local(async move {
            if let Ok(Some(row)) = vault.ask(Jump { listing, typed: typed.unwrap_or_default() }).await
                && state.active.try_get_untracked().is_some()
            {
                state.chosen.forget_anchor();
                go_to(state, row);
            }
        });
    }
}

/// The row that a key leads to.
fn place(state: State, key: &str) -> Option<u32> {
    let row = state.active.get_untracked();
    let page = state.measure.get_value().map_or(10, |measure| (measure.view_px / measure.row_px) as u32).max(2) - 1;
    Some(match key {
        "ArrowDown" => row + 1,
        "ArrowUp" => row.saturating_sub(1),
        "PageDown" => row.saturating_add(page),
        "PageUp" => row.saturating_sub(page),
        "Home" => 0,
        "End" => state.count().saturating_sub(1),
        _ => return None,
    })
}

fn on_control(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| matches!(target.tag_name().as_str(), "BUTTON" | "INPUT"))
}
