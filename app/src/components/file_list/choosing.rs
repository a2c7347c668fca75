//! How rows are chosen: one by one, from one row to another, or all.

use iota_core::vault::{MAX_CHOSEN, PathToken, Row};
use leptos::prelude::*;

use super::State;
use super::choice::{Choice, TooMany};
use crate::words::count;

/// Where a stretch of rows begins, and what is chosen beside it.
#[derive(Clone)]
struct Anchor {
    row: u32,
    beside: Choice,
}

/// What somebody has chosen of the folder that is shown. A copy is the same choice.
#[derive(Clone, Copy)]
pub struct Chosen {
    choice: RwSignal<Choice>,
    /// More was wanted than can be.
    refused: RwSignal<bool>,
    anchor: StoredValue<Option<Anchor>>,
    /// Counts the changes: what was read for an earlier one comes too late.
    turn: StoredValue<u32>,
}

impl Chosen {
    /// Nothing yet.
    pub fn nothing() -> Self {
        Self {
            choice: RwSignal::default(),
            refused: RwSignal::new(false),
            anchor: StoredValue::new(None),
            turn: StoredValue::new(0),
        }
    }

    /// What it is.
    pub fn with<T>(self, look: impl FnOnce(&Choice) -> T) -> T {
        self.choice.with(look)
    }

    /// Whether there is something.
    pub fn is_there(self) -> bool {
        self.choice.with(|choice| !choice.is_empty())
    }

    /// What to say of it; none when nothing is chosen.
    pub fn words(self) -> Option<String> {
        self.choice.with(|choice| (!choice.is_empty()).then(|| choice.words()))
    }

    /// What to say when more was wanted than can be.
    pub fn refusal(self) -> Option<String> {
        let most = count(MAX_CHOSEN as u64);
        self.refused.get().then(|| format!("At most {most} can be chosen one by one; or all of the folder."))
    }

    /// Chooses nothing.
    pub fn clear(self) {
        self.settle(Ok(Choice::default()));
        self.forget_anchor();
    }

    /// The next stretch begins elsewhere.
    pub fn forget_anchor(self) {
        self.anchor.set_value(None);
    }

    fn begin(self) -> u32 {
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        turn
    }

    fn settle(self, wanted: Result<Choice, TooMany>) {
        self.begin();
        self.refused.set(wanted.is_err());
        if let Ok(choice) = wanted {
            self.choice.set(choice);
        }
    }
}

/// Chooses a row, or no longer.
pub fn toggle(state: State, index: u32) {
    let Some(row) = state.rows.get_untracked(index) else { return };
    let chosen = state.chosen;
    chosen.forget_anchor();
    let now = chosen.choice.get_untracked();
    if !now.contains(&row.token) {
        chosen.settle(now.with(&[row], state.whole));
    } else if let Some(fewer) = now.without(&row.token) {
        chosen.settle(Ok(fewer));
    } else {
        return all_but(state, row.token);
    }
    chosen.anchor.set_value(Some(Anchor { row: index, beside: chosen.choice.get_untracked() }));
}

/// Chooses the rows from where the stretch began to this one; it begins at the active row unless somebody chose one.
pub fn extend(state: State, to: u32) {
    let to = to.min(state.count.saturating_sub(1));
    let chosen = state.chosen;
    let fresh = || Anchor { row: state.active.get_untracked(), beside: chosen.choice.get_untracked() };
    let anchor = chosen.anchor.get_value().unwrap_or_else(fresh);
    chosen.anchor.set_value(Some(anchor.clone()));
    let (first, end) = (anchor.row.min(to), anchor.row.max(to) + 1);
    if end - first == state.count {
        chosen.settle(Ok(Choice::All(state.whole)));
    } else if (end - first) as usize > MAX_CHOSEN {
        chosen.settle(Err(TooMany));
    } else {
        read(state, first, end, move |rows| anchor.beside.with(rows, state.whole));
    }
}

/// Chooses all rows.
pub fn all(state: State) {
    state.chosen.forget_anchor();
    state.chosen.settle(Ok(Choice::All(state.whole)));
}

fn all_but(state: State, token: PathToken) {
    if state.count as usize > MAX_CHOSEN + 1 {
        return state.chosen.settle(Err(TooMany));
    }
    read(state, 0, state.count, move |rows| Choice::all_but(rows, &token));
}

/// Chooses what comes of rows, at once when they are there.
fn read(state: State, first: u32, end: u32, wanted: impl FnOnce(&[Row]) -> Result<Choice, TooMany> + 'static) {
    if let Some(rows) = state.rows.known(first, end) {
        return state.chosen.settle(wanted(&rows));
    }
    let turn = state.chosen.begin();
    leptos::task::spawn_local(async move {
        let Some(rows) = state.rows.read(first, end).await else { return };
        if state.chosen.turn.try_get_value() == Some(turn) {
            state.chosen.settle(wanted(&rows));
        }
    });
}
