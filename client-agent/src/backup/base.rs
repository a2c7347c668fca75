//! A base: the whole state as pages, sharing every unchanged page with the base before.

use super::{BackupError, Run};
use crate::state::StoredAs;
use iota_core::{
    extent::ChunkRef,
    page::{IndexWriter, PageRef, PageWriter},
    path::TreePath,
};

/// Pages and index pages as they are cut.
#[derive(Default)]
struct Pages {
    page: PageWriter,
    first_of_page: Option<TreePath>,
    index: IndexWriter,
    first_of_index: Option<TreePath>,
    entries_of_index: u64,
    top: Vec<PageRef>,
    all: Vec<ChunkRef>,
}

impl Run<'_, '_> {
    /// Writes the pages of the state and returns the references to its index pages.
    pub(super) fn write_base(&mut self) -> Result<Vec<PageRef>, BackupError> {
        self.monitor.stage(crate::monitor::Stage::Base);
        let mut pages = Pages::default();
        let mut after = Vec::new();
        loop {
            // In batches, because storing pages changes the database that is read.
            let batch = self.state.entries_after(&after, 1000)?;
            let Some((last, _)) = batch.last() else { break };
            after = last.key().as_bytes().to_vec();
            for (path, tail) in batch {
                pages.first_of_page.get_or_insert_with(|| path.clone());
                pages.page.push_encoded(&path, &tail);
                if pages.page.is_full() || self.machine.domains.private.cut.ends_page(&path) {
                    self.end_page(&mut pages)?;
                }
            }
        }
        self.end_page(&mut pages)?;
        self.end_index_page(&mut pages)?;
        self.state.set_base_pages(&pages.all)?;
        Ok(pages.top)
    }

    fn end_page(&mut self, pages: &mut Pages) -> Result<(), BackupError> {
        let Some(first) = pages.first_of_page.take() else { return Ok(()) };
        let page = std::mem::take(&mut pages.page);
        let entries = page.count() as u64;
        let chunk = self.store_page(&page.finish(), StoredAs::BasePage)?;
        pages.all.push(chunk);
        pages.first_of_index.get_or_insert_with(|| first.clone());
        pages.entries_of_index += entries;
        let ends = self.machine.domains.private.cut.ends_index_page(&first);
        pages.index.push(&PageRef { first, chunk, entries });
        if ends || pages.index.is_full() { self.end_index_page(pages) } else { Ok(()) }
    }

    fn end_index_page(&mut self, pages: &mut Pages) -> Result<(), BackupError> {
        let Some(first) = pages.first_of_index.take() else { return Ok(()) };
        let index = std::mem::take(&mut pages.index);
        let chunk = self.store_page(&index.finish(), StoredAs::BasePage)?;
        pages.all.push(chunk);
        pages.top.push(PageRef { first, chunk, entries: std::mem::take(&mut pages.entries_of_index) });
        Ok(())
    }
}
