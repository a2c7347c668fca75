//! How rows are chosen: one by one, from one row to another, or all.

use iota_core::vault::{MAX_CHOSEN, MAX_FOUND_ROWS, PathToken, PlacedRow, Row};
use leptos::prelude::*;

use super::State;
use super::choice::{Choice, TooMany};
use super::rows::Source;
use crate::words::{count, many};

/// Where a stretch of rows begins, and what is chosen beside it.
#[derive(Clone)]
struct Anchor {
    row: u32,
    beside: Choice,
}

/// What a step to another point in time made of a choice.
#[derive(Clone, Default, PartialEq)]
struct Carried {
    /// What was chosen and is not there; it is chosen again where it is.
    away: Vec<PathToken>,
    /// What is away may stand among what cannot be shown.
    lost: bool,
    /// All of the folder was chosen, at another point in time.
    other_whole: bool,
}

/// What somebody has chosen of the folder that is shown. A copy is the same choice.
#[derive(Clone, Copy)]
pub struct Chosen {
    choice: RwSignal<Choice>,
    /// More was wanted than can be.
    refused: RwSignal<bool>,
    /// What the step to another point in time made of it.
    carried: RwSignal<Carried>,
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
            carried: RwSignal::default(),
            anchor: StoredValue::new(None),
            turn: StoredValue::new(0),
        }
    }

    /// What it is.
    pub fn with<T>(self, look: impl FnOnce(&Choice) -> T) -> T {
        self.choice.with(look)
    }

    /// What to say after a step through time; none when all that was chosen is there.
    pub fn carried(self) -> Option<String> {
        let Carried { away, lost, other_whole } = self.carried.get();
        let some = away.len() as u64;
        let is_away = match (lost, some) {
            (true, _) => "cannot be seen",
            (false, 1) => "is not there",
            _ => "are not there",
        };
        let who = match (some, self.is_there()) {
            (0, _) => return other_whole.then(|| "That is all of the folder at this point in time.".into()),
            (1, true) => "1 more was chosen that".into(),
            (1, false) => "What was chosen".into(),
            (_, true) => format!("{} more were chosen that", count(some)),
            (_, false) => format!("The {} that were chosen", many(some, "entry", "entries")),
        };
        Some(format!("{who} {is_away} at this point in time."))
    }

    /// Whether there is something to say or to do.
    pub fn is_shown(self) -> bool {
        self.is_there() || self.refused.get() || self.carried.with(|carried| !carried.away.is_empty())
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
        self.carried.set(Carried::default());
        self.forget_anchor();
    }

    /// The entries to look for at another point in time.
    pub(super) fn to_carry(self) -> Vec<PathToken> {
        let mut tokens = self.choice.with_untracked(Choice::tokens);
        tokens.extend(self.carried.with_untracked(|carried| carried.away.clone()));
        tokens.truncate(MAX_FOUND_ROWS - 1);
        tokens
    }

    /// Another one when somebody has chosen meanwhile; none once the view has gone.
    pub(super) fn turn(self) -> Option<u32> {
        self.turn.try_get_value()
    }

    /// Carries it from one list of the folder to another: what is there of the entries that were looked for stays chosen.
    pub(super) fn carry(self, tokens: Vec<PathToken>, found: Vec<Option<PlacedRow>>, from: Source, to: Source) {
        let now = self.choice.get_untracked();
        // As much may be something else.
        let other_whole = now.is_all() && from.seq != to.seq;
        let (mut away, mut rows) = (Vec::new(), Vec::new());
        for (token, found) in tokens.into_iter().zip(found) {
            match found {
                Some(found) => rows.push(found.row),
                None => away.push(token),
            }
        }
        let too_many = rows.len() > MAX_CHOSEN;
        rows.truncate(MAX_CHOSEN);
        away.truncate(MAX_CHOSEN);
        self.settle(Ok(match now {
            Choice::All(_) => Choice::All(to.whole),
            Choice::Some(_) => Choice::of(&rows),
        }));
        self.refused.set(too_many);
        self.carried.set(Carried { away, lost: to.lost > 0, other_whole });
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
        chosen.settle(now.with(&[row], state.whole()));
    } else if let Some(fewer) = now.without(&row.token) {
        chosen.settle(Ok(fewer));
    } else {
        return all_but(state, row.token);
    }
    chosen.anchor.set_value(Some(Anchor { row: index, beside: chosen.choice.get_untracked() }));
}

/// Chooses the rows from where the stretch began to this one; it begins at the active row unless somebody chose one.
pub fn extend(state: State, to: u32) {
    let to = to.min(state.count().saturating_sub(1));
    let chosen = state.chosen;
    let fresh = || Anchor { row: state.active.get_untracked(), beside: chosen.choice.get_untracked() };
    let anchor = chosen.anchor.get_value().unwrap_or_else(fresh);
    chosen.anchor.set_value(Some(anchor.clone()));
    let (first, end) = (anchor.row.min(to), anchor.row.max(to) + 1);
    if end - first == state.count() {
        chosen.settle(Ok(Choice::All(state.whole())));
    } else if (end - first) as usize > MAX_CHOSEN {
        chosen.settle(Err(TooMany));
    } else {
        read(state, first, end, move |rows| anchor.beside.with(rows, state.whole()));
    }
}

/// Chooses all rows.
pub fn all(state: State) {
    state.chosen.forget_anchor();
    state.chosen.settle(Ok(Choice::All(state.whole())));
}

fn all_but(state: State, token: PathToken) {
    if state.count() as usize > MAX_CHOSEN + 1 {
        return state.chosen.settle(Err(TooMany));
    }
    read(state, 0, state.count(), move |rows| Choice::all_but(rows, &token));
}

/// Chooses what comes of rows, at once when they are there.
fn read(state: State, first: u32, end: u32, wanted: impl FnOnce(&[Row]) -> Result<Choice, TooMany> + 'static) {
    if let Some(rows) = state.rows.known(first, end) {
        return state.chosen.settle(wanted(&rows));
    }
    let turn = state.chosen.begin();
    leptos::task::spawn_local(async move {
        let Some(rows) = state.rows.read(first, end).await else { return };
        // Rows of another point in time come with another turn.
        if state.chosen.turn.try_get_value() == Some(turn) {
            state.chosen.settle(wanted(&rows));
        }
    });
}

#[cfg(test)]
mod tests {
    use iota_core::vault::EntryKind;

    use super::*;
    use crate::components::file_list::choice::Amount;

    fn row(name: &str) -> Row {
        let token = PathToken(name.into());
        Row { name: name.into(), token, kind: EntryKind::File, bytes: 1, mtime_s: 0, torn: false, picture: None }
    }

    /// Carries a choice to another point, at which the folder has these entries.
    fn step(chosen: Chosen, folder: &[&str]) {
        step_to(chosen, folder, Source { seq: 2, ..Source::default() });
    }

    /// Likewise, from the list of commit 1.
    fn step_to(chosen: Chosen, folder: &[&str], to: Source) {
        let tokens = chosen.to_carry();
        let placed = |token: &PathToken| {
            let index = folder.iter().position(|name| *name == token.0)?;
            Some(PlacedRow { index: index as u32, row: row(folder[index]) })
        };
        let found = tokens.iter().map(placed).collect();
        let entries = folder.len() as u64;
        let from = Source { seq: 1, ..Source::default() };
        chosen.carry(tokens, found, from, Source { whole: Amount { entries, folders: 0, bytes: entries }, ..to });
    }

    fn taken(chosen: Chosen) -> Vec<String> {
        let tokens = chosen.choice.with_untracked(|choice| choice.selection(None).map(|selection| selection.only));
        tokens.unwrap_or_default().into_iter().map(|token| token.0).collect()
    }

    #[test]
    fn what_is_not_there_at_another_point_is_not_taken_and_comes_back() {
        Owner::new().with(|| {
            let chosen = Chosen::nothing();
            let whole = Amount { entries: 5, folders: 0, bytes: 5 };
            chosen.settle(Choice::default().with(&[row("a"), row("b"), row("c")], whole));
            step(chosen, &["a", "c", "x"]);
            assert_eq!(taken(chosen), ["a", "c"]);
            assert_eq!(chosen.carried().unwrap(), "1 more was chosen that is not there at this point in time.");
            // All that there is, but not what comes beside it later.
            step(chosen, &["a"]);
            assert_eq!((taken(chosen), chosen.with(Choice::is_all)), (vec!["a".into()], false));
            assert!(chosen.carried().unwrap().starts_with("2 more were chosen"));
            step(chosen, &[]);
            assert_eq!((taken(chosen).len(), chosen.is_there(), chosen.is_shown()), (0, false, true));
            assert!(chosen.carried().unwrap().starts_with("The 3\u{a0}entries that were chosen are not there"));
            step(chosen, &["a", "b", "c", "x", "y"]);
            assert_eq!((taken(chosen), chosen.carried()), (vec!["a".into(), "b".into(), "c".into()], None));
            step(chosen, &["a"]);
            chosen.clear();
            assert!(!chosen.is_shown());
            step(chosen, &["a", "b", "c"]);
            assert!(!chosen.is_shown(), "nobody wants them any more");
        });
    }

    #[test]
    fn all_of_a_folder_is_what_is_in_it_at_each_point_and_that_is_said() {
        Owner::new().with(|| {
            let chosen = Chosen::nothing();
            chosen.settle(Ok(Choice::All(Amount { entries: 2, folders: 0, bytes: 2 })));
            // In another order.
            step_to(chosen, &["b", "a"], Source { seq: 1, ..Source::default() });
            assert_eq!(chosen.carried(), None);
            // As many, and as large.
            step(chosen, &["a", "x"]);
            assert_eq!(chosen.carried().unwrap(), "That is all of the folder at this point in time.");
            step(chosen, &["a", "b", "c"]);
            assert_eq!(chosen.with(Choice::amount).entries, 3);
            assert_eq!(chosen.carried().unwrap(), "That is all of the folder at this point in time.");
        });
    }

    #[test]
    fn what_may_stand_in_a_lost_page_is_not_said_to_be_gone() {
        Owner::new().with(|| {
            let (chosen, lost) = (Chosen::nothing(), Source { seq: 2, lost: 7, ..Source::default() });
            let whole = Amount { entries: 5, folders: 0, bytes: 5 };
            chosen.settle(Choice::default().with(&[row("a"), row("b"), row("c")], whole));
            step_to(chosen, &["a", "b"], lost);
            assert_eq!(chosen.carried().unwrap(), "1 more was chosen that cannot be seen at this point in time.");
            step_to(chosen, &["x"], lost);
            let words = "The 3\u{a0}entries that were chosen cannot be seen at this point in time.";
            assert_eq!(chosen.carried().unwrap(), words);
            step(chosen, &["a", "b"]);
            assert_eq!(chosen.carried().unwrap(), "1 more was chosen that is not there at this point in time.");
        });
    }

    #[test]
    fn a_step_ends_what_was_still_being_read() {
        Owner::new().with(|| {
            let chosen = Chosen::nothing();
            let turn = chosen.begin();
            step(chosen, &["a"]);
            assert_ne!(chosen.turn(), Some(turn));
        });
    }
}
