//! The rows of a list, fetched as they come into view.

use std::collections::{BTreeMap, BTreeSet};

use iota_core::vault::{Problem, ProblemKind, ReadRows, Row};
use leptos::prelude::*;

use super::window::Window;
use crate::vault::Vault;

/// Rows that are fetched at once.
const PAGE: u32 = 200;
/// Pages that are kept.
const KEPT: usize = 24;

/// The rows of one list. A copy is the same.
#[derive(Clone, Copy)]
pub struct Rows {
    vault: Vault,
    listing: u32,
    count: u32,
    pages: RwSignal<BTreeMap<u32, Vec<Row>>>,
    asked: StoredValue<BTreeSet<u32>>,
    problem: RwSignal<Option<Problem>>,
}

impl Rows {
    /// None yet.
    pub fn new(vault: Vault, listing: u32, count: u32) -> Self {
        Self {
            vault,
            listing,
            count,
            pages: RwSignal::new(BTreeMap::new()),
            asked: StoredValue::default(),
            problem: RwSignal::new(None),
        }
    }

    /// A row, once it is there.
    pub fn get(&self, index: u32) -> Option<Row> {
        self.pages.with(|pages| row(pages, index))
    }

    /// Likewise, for handlers.
    pub fn get_untracked(&self, index: u32) -> Option<Row> {
        self.pages.with_untracked(|pages| row(pages, index))
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
            let question = ReadRows { listing: self.listing, from, count: (end - from).min(PAGE) };
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
        if self.count == 0 {
            return;
        }
        let last = (self.count - 1) / PAGE;
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
        let rows = *self;
        leptos::task::spawn_local(async move {
            let question = ReadRows { listing: rows.listing, from: page * PAGE, count: PAGE };
            let answer = rows.vault.ask(question).await;
            // The list may have left the page meanwhile; then these do nothing.
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

fn row(pages: &BTreeMap<u32, Vec<Row>>, index: u32) -> Option<Row> {
    pages.get(&(index / PAGE))?.get((index % PAGE) as usize).cloned()
}
