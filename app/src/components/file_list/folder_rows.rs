//! The rows of a folder that somebody looks at, and what goes along when time moves: the active row, what is chosen, where the page stands.

use iota_core::vault::{
    CompareListing, Fate, FindRows, Listing, ListingComparison, PathToken, PlacedRow, Problem, ProblemKind, Row,
};
use leptos::prelude::*;

use super::changes::Changes;
use super::choosing::Chosen;
use super::rows::{Pages, Rows, Source};
use super::thumbs::Thumbs;
use super::window::Window;
use crate::vault::Vault;

/// See the module. A copy is the same.
#[derive(Clone, Copy)]
pub struct FolderRows {
    pub(super) rows: Rows,
    /// What is chosen, to be taken out together.
    pub chosen: Chosen,
    pub(super) active: RwSignal<u32>,
    pub(super) window: RwSignal<Window>,
    /// What changed in the folder, and when.
    pub changes: Changes,
    pub(super) thumbs: Thumbs,
    /// The list that was compared, and what became of its rows.
    compared: RwSignal<Option<(u32, ListingComparison)>>,
    vault: Vault,
}

/// Another list, and what goes along to it.
pub struct Turn {
    source: Source,
    pages: Pages,
    active: u32,
    /// Tokens, and what was found of them; none for another folder.
    carried: Option<(Vec<PathToken>, Vec<Option<PlacedRow>>)>,
}

impl FolderRows {
    /// Those of no folder yet.
    pub fn new(vault: Vault) -> Self {
        Self {
            rows: Rows::new(vault),
            chosen: Chosen::nothing(),
            active: RwSignal::new(0),
            window: RwSignal::default(),
            changes: Changes::nothing(vault),
            thumbs: Thumbs::nothing(vault),
            compared: RwSignal::new(None),
            vault,
        }
    }

    /// Fetches what must be there before the list of a folder at a commit is shown; `same`: it is of the folder that is shown now.
    ///
    /// # Errors
    /// When the list has made room for another.
    pub async fn prepare(self, listing: &Listing, seq: u64, same: bool) -> Result<Turn, Problem> {
        let source = Source::of(listing, seq);
        let window = if same { self.window.get_untracked() } else { Window::default() };
        let pages = self.rows.ahead(source, window).await?;
        if !same {
            return Ok(Turn { source, pages, active: 0, carried: None });
        }
        loop {
            let Some(index) = self.active.try_get_untracked() else { return Err(left()) };
            let (mut tokens, turn) = (self.chosen.to_carry(), self.chosen.turn());
            let active = self.rows.get_untracked(index).map(|row| row.token);
            let has_active = active.is_some();
            tokens.extend(active);
            let question = FindRows { listing: source.listing, tokens: tokens.clone() };
            let mut found = if tokens.is_empty() { Vec::new() } else { self.vault.ask(question).await? };
            let last = if has_active { tokens.pop().and(found.pop()).flatten() } else { None };
            // Somebody may have chosen more meanwhile.
            if self.chosen.turn() == turn {
                let active = last.map_or(index, |placed| placed.index).min(source.count().saturating_sub(1));
                return Ok(Turn { source, pages, active, carried: Some((tokens, found)) });
            }
        }
    }

    /// Shows the list that was prepared.
    pub fn turn_to(self, Turn { source, pages, active, carried }: Turn) {
        match carried {
            Some((tokens, found)) => self.chosen.carry(tokens, found, self.rows.source_untracked(), source),
            None => {
                self.chosen.clear();
                self.changes.clear();
                self.window.set(Window::default());
            }
        }
        self.active.set(active);
        self.rows.turn_to(source, pages);
        self.rows.want(self.window.get_untracked());
    }

    /// Compares the list with the newest point, and says when that was.
    ///
    /// # Errors
    /// When it cannot be compared.
    pub async fn compare(self, listing: u32) -> Result<u64, Problem> {
        let compared = self.vault.ask(CompareListing { listing }).await?;
        let newest_ms = compared.device_time_ms;
        self.compared.try_set(Some((listing, compared)));
        Ok(newest_ms)
    }

    /// What became of a row until the newest point; none when nothing did, or when it is not known.
    fn fate(self, index: u32) -> Option<Fate> {
        let listing = self.rows.source().listing;
        self.compared.with(|compared| {
            compared.as_ref().filter(|(of, _)| *of == listing).and_then(|(_, compared)| compared.fate(index))
        })
    }

    /// What to say of a row beside its name, and in which class.
    pub(super) fn badge(self, index: u32, row: &Row, at: u64, past: bool) -> Option<(&'static str, String)> {
        let class = if past { "badge badge--past" } else { "badge badge--accent" };
        Some((class, self.changes.badge(row, self.fate(index), at, past)?))
    }
}

/// The view has gone while an answer was awaited.
fn left() -> Problem {
    Problem::new(ProblemKind::Cancelled, "nobody looks any more")
}
