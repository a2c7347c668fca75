//! The rows of a list, fetched as they come into view.

use std::collections::{BTreeMap, BTreeSet};

use iota_core::vault::{Listing, Problem, ProblemKind, ReadRows, Row};
use leptos::prelude::*;

use super::choice::Amount;
use super::window::Window;
use crate::vault::Vault;

/// Rows that are fetched at once.
const PAGE: u32 = 200;
/// Pages that are kept.
const KEPT: usize = 24;

/// Which list it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Source {
    /// Its number.
    pub listing: u32,
    /// The commit that it is of.
    pub seq: u64,
    /// How much is in it.
    pub whole: Amount,
    /// Entries that cannot be shown, at most.
    pub lost: u64,
}

impl Source {
    /// A folder that was listed at a commit.
    pub fn of(listing: &Listing, seq: u64) -> Self {
        Self { listing: listing.listing, seq, whole: Amount::of(listing), lost: listing.lost }
    }

    /// How many rows there are.
    pub fn count(&self) -> u32 {
        self.whole.entries as u32
    }
}

/// The pages that were fetched, by number.
pub type Pages = BTreeMap<u32, Vec<Row>>;

/// The rows of the list that is shown, which another may take the place of. A copy is the same.
#[derive(Clone, Copy)]
pub struct Rows {
    vault: Vault,
    source: RwSignal<Source>,
    pages: RwSignal<Pages>,
    asked: StoredValue<BTreeSet<u32>>,
    problem: RwSignal<Option<Problem>>,
}

impl Rows {
    /// Those of no list yet.
    pub fn new(vault: Vault) -> Self {
        Self {
            vault,
            source: RwSignal::default(),
            pages: RwSignal::default(),
            asked: StoredValue::default(),
            problem: RwSignal::new(None),
        }
    }

    /// The list they are of.
    pub fn source(&self) -> Source {
        self.source.get()
    }

    /// Likewise, for handlers.
    pub fn source_untracked(&self) -> Source {
        self.source.get_untracked()
    }

    /// The pages of a list that a window of rows needs.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn ahead(&self, source: Source, window: Window) -> Result<Pages, Problem> {
        let mut pages = Pages::new();
        let Some(last) = source.count().checked_sub(1) else { return Ok(pages) };
        let (from, to) = (window.first.min(last) / PAGE, window.end.saturating_sub(1).min(last) / PAGE);
        for page in from..=to {
            let question = ReadRows { listing: source.listing, from: page * PAGE, count: PAGE };
            pages.insert(page, self.vault.ask(question).await?);
        }
        Ok(pages)
    }

    /// Shows another list, of which some pages are there.
    pub fn turn_to(&self, source: Source, pages: Pages) {
        self.asked.set_value(BTreeSet::new());
        self.problem.set(None);
        self.pages.set(pages);
        self.source.set(source);
    }

    /// A row, once it is there.
    pub fn get(&self, index: u32) -> Option<Row> {
        self.pages.with(|pages| row(pages, index))
    }

    /// Likewise, for handlers.
    pub fn get_untracked(&self, index: u32) -> Option<Row> {
        self.pages.with_untracked(|pages| row(pages, index))
    }

    /// Whoever asks is told when rows come.
    pub fn track(&self) {
        self.pages.track();
    }

    /// The rows from one to another, when all of them are there.
    pub fn known(&self, first: u32, end: u32) -> Option<Vec<Row>> {
        self.pages.with_untracked(|pages| (first..end).map(|index| row(pages, index)).collect())
    }

    /// Likewise, wherever they are; `None` when they cannot be had.
    pub async fn read(&self, first: u32, end: u32) -> Option<Vec<Row>> {
        let mut rows = Vec::new();
        let mut from = first;
        while from < end {
            let question = ReadRows { listing: self.source_untracked().listing, from, count: (end - from).min(PAGE) };
            from += question.count;
            match self.vault.ask(question).await {
                Ok(fresh) => rows.extend(fresh),
                Err(problem) => {
                    self.fail(problem);
                    return None;
                }
            }
        }
        Some(rows)
    }

    /// Why rows could not be fetched.
    pub fn problem(&self) -> Signal<Option<Problem>> {
        self.problem.into()
    }

    /// Fetches what is missing of a window, and the pages beside it.
    pub fn want(&self, window: Window) {
        let Some(last) = self.source_untracked().count().checked_sub(1) else { return };
        let last = last / PAGE;
        let (from, to) = (window.first / PAGE, window.end.saturating_sub(1) / PAGE);
        self.drop_far_from(from);
        for page in from..=to.min(last) {
            self.fetch(page);
        }
        // Beside it: what is likely to be wanted next.
        if window.end % PAGE > PAGE / 2 && to < last {
            self.fetch(to + 1);
        }
        if window.first % PAGE < PAGE / 2 && from > 0 {
            self.fetch(from - 1);
        }
    }

    /// Forgets the problem and asks again.
    pub fn retry(&self, window: Window) {
        self.problem.set(None);
        self.want(window);
    }

    fn fetch(&self, page: u32) {
        let known = self.pages.with_untracked(|pages| pages.contains_key(&page));
        let new = !known && self.asked.try_update_value(|asked| asked.insert(page)) == Some(true);
        if !new {
            return;
        }
        let (rows, listing) = (*self, self.source_untracked().listing);
        leptos::task::spawn_local(async move {
            let answer = rows.vault.ask(ReadRows { listing, from: page * PAGE, count: PAGE }).await;
            // The list may have left the page meanwhile, or made room for another.
            if rows.source.try_get_untracked().is_none_or(|source| source.listing != listing) {
                return;
            }
            rows.asked.try_update_value(|asked| asked.remove(&page));
            match answer {
                Ok(fresh) => drop(rows.pages.try_update(|pages| pages.insert(page, fresh))),
                Err(problem) => rows.fail(problem),
            }
        });
    }

    fn fail(&self, problem: Problem) {
        // When it is missing, another list has taken its place already.
        if problem.kind != ProblemKind::Missing {
            self.problem.try_set(Some(problem));
        }
    }

    fn drop_far_from(&self, page: u32) {
        if self.pages.with_untracked(BTreeMap::len) <= KEPT {
            return;
        }
        self.pages.update_untracked(|pages| {
            while pages.len() > KEPT {
                let far = pages.keys().copied().max_by_key(|kept| kept.abs_diff(page));
                far.and_then(|far| pages.remove(&far));
            }
        });
    }
}

fn row(pages: &Pages, index: u32) -> Option<Row> {
    pages.get(&(index / PAGE))?.get((index % PAGE) as usize).cloned()
}
