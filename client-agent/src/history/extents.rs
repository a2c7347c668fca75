//! The extents of a file; the pages of long lists are fetched as they are needed.

use super::{Fault, LostObject, Objects, ReadError};
use iota_core::{
    extent::{Content, Extent, ExtentPageRef},
    id::Cid,
    wire::WireError,
};

/// A stretch of a file whose extents are not known, because their page is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostStretch {
    /// The page.
    pub object: LostObject,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Extents in file order; a page that is lost takes the place of its extents.
pub struct Extents<'e> {
    objects: &'e Objects<'e>,
    /// Pages that were met.
    pages: Vec<Cid>,
    /// What comes next, last first.
    stack: Vec<Step<'e>>,
}

enum Step<'e> {
    Extents(std::vec::IntoIter<Extent>),
    Inline(std::slice::Iter<'e, Extent>),
    /// References to extent pages, or (`true`) to pages of the second level.
    Pages(std::vec::IntoIter<ExtentPageRef>, bool),
}

impl<'e> Extents<'e> {
    pub(super) fn new(objects: &'e Objects<'e>, content: &'e Content) -> Self {
        let step = match content {
            Content::Inline(extents) => Step::Inline(extents.iter()),
            Content::Pages(pages) => Step::Pages(pages.clone().into_iter(), false),
            Content::Index(pages) => Step::Pages(pages.clone().into_iter(), true),
        };
        Self { objects, pages: Vec::new(), stack: vec![step] }
    }

    /// The next extent.
    ///
    /// # Errors
    /// [`ReadError::Remote`].
    pub fn next_extent(&mut self) -> Result<Option<Result<Extent, LostStretch>>, ReadError> {
        while let Some(step) = self.stack.last_mut() {
            let found = match step {
                Step::Inline(extents) => extents.next().copied(),
                Step::Extents(extents) => extents.next(),
                Step::Pages(pages, is_index) => {
                    let is_index = *is_index;
                    let Some(page) = pages.next() else {
                        self.stack.pop();
                        continue;
                    };
                    self.pages.push(page.chunk.cid);
                    match self.open(&page, is_index)? {
                        Ok(step) => self.stack.push(step),
                        Err(object) => return Ok(Some(Err(LostStretch { object, bytes: page.bytes }))),
                    }
                    continue;
                }
            };
            match found {
                Some(extent) => return Ok(Some(Ok(extent))),
                None => self.stack.pop(),
            };
        }
        Ok(None)
    }

    /// The pages that were met since the last call.
    pub fn take_pages(&mut self) -> Vec<Cid> {
        std::mem::take(&mut self.pages)
    }

    fn open(&self, page: &ExtentPageRef, is_index: bool) -> Result<Result<Step<'e>, LostObject>, ReadError> {
        let parse = |plaintext: Vec<u8>| -> Result<Step<'e>, WireError> {
            Ok(if is_index {
                Step::Pages(page.decode_index(&plaintext)?.into_iter(), false)
            } else {
                Step::Extents(page.decode_page(&plaintext)?.into_iter())
            })
        };
        let damaged = LostObject { cid: page.chunk.cid, fault: Fault::Damaged };
        Ok(self.objects.read(&page.chunk)?.and_then(|plaintext| parse(plaintext).map_err(|_| damaged)))
    }
}
