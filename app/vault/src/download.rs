//! Files: extents in order, fetched in batches ahead, each piece verified before a byte of it is handed on. Memory does not grow
//! with the file.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use futures::future::try_join;
use iota_core::entry::{Entry, Kind};
use iota_core::extent::{ChunkRef, Content, Extent, ExtentPageRef};
use iota_core::id::Cid;
use iota_core::path::TreePath;
use iota_core::vault::{Problem, ProblemKind};
use iota_crypto::chunk::ChunkOpener;

use crate::api;
use crate::keys::OpenVault;
use crate::objects;
use crate::platform::{Platform, Sink};
use crate::point::Point;
use crate::problem::{Result, missing};

/// Bytes of plaintext fetched at a time.
const BATCH_BYTES: u64 = 4 << 20;
/// Pieces fetched at a time.
const BATCH_PIECES: usize = 128;
/// Plaintext of pieces that is kept because files repeat themselves.
const RECENT_BYTES: usize = 8 << 20;
/// A hole is handed on in stretches of this many zeros.
const ZEROS: u64 = 1 << 20;

/// A file to take out.
pub struct File {
    /// Its size.
    pub bytes: u64,
    content: Content,
}

/// The file at a path of a point.
///
/// # Errors
/// When there is none.
pub async fn find(platform: &impl Platform, open: &OpenVault, point: &Point, path: &TreePath) -> Result<File> {
    let entry = point.entry(platform, open, path).await?.ok_or_else(|| missing("file at this point in time"))?;
    match entry {
        Entry { kind: Kind::File { size, content, .. }, .. } => Ok(File { bytes: size, content }),
        _ => Err(missing("regular file: only files can be downloaded, not folders, links or devices")),
    }
}

/// Writes a file into `sink`; `progress` hears how many bytes were written. Stops between pieces when the vault is locked.
///
/// # Errors
/// [`ProblemKind::Damaged`] when a piece is; the sink's; the server's. The sink was told to abort then.
pub async fn write(
    platform: &impl Platform,
    open: &OpenVault,
    file: File,
    sink: &mut impl Sink,
    progress: impl FnMut(u64) -> Result<()>,
) -> Result<()> {
    let bytes = file.bytes;
    let result = Writer::new(platform, open, file).run(sink, progress).await;
    let result = result.and_then(|written| if written == bytes { Ok(()) } else { Err(other_size(bytes, written)) });
    match result {
        Ok(()) => sink.finish().await,
        Err(problem) => {
            sink.abort(&problem).await;
            Err(problem)
        }
    }
}

fn other_size(expected: u64, written: u64) -> Problem {
    let text = format!("the file should have {expected} bytes and has {written}; no part of it was kept");
    Problem::new(ProblemKind::Altered, text)
}

fn damaged(cid: Cid) -> Problem {
    let text = format!(
        "a piece of this file is missing or damaged in the store (object {cid}); no part of it was kept. Another version may be whole, \
         and a machine that still has the file sends the piece again with its next backup"
    );
    Problem::new(ProblemKind::Damaged, text)
}

struct Writer<'a, P> {
    platform: &'a P,
    open: &'a OpenVault,
    opener: ChunkOpener,
    extents: Extents<'a, P>,
    recent: Recent,
}

/// Extents that are handed on together, and the sealed pieces that they need.
struct Batch {
    extents: Vec<Extent>,
    sealed: HashMap<Cid, Vec<u8>>,
}

impl<'a, P: Platform> Writer<'a, P> {
    fn new(platform: &'a P, open: &'a OpenVault, file: File) -> Self {
        let extents = Extents { platform, open, stack: vec![Step::of(file.content)] };
        Self { platform, open, opener: ChunkOpener::default(), extents, recent: Recent::default() }
    }

    async fn run(mut self, sink: &mut impl Sink, mut progress: impl FnMut(u64) -> Result<()>) -> Result<u64> {
        let mut written = 0;
        let mut next = self.extents.batch(&self.recent).await?;
        while let Some(batch) = next {
            // The next batch is on its way while this one is handed on.
            let Self { platform, open, opener, extents, recent } = &mut self;
            let known = Recent { pieces: recent.pieces.clone(), bytes: recent.bytes };
            let fetched = extents.batch(&known);
            let hand_on = async {
                let mut hand = Hand { open, opener, recent, sealed: batch.sealed, platform: *platform };
                for extent in &batch.extents {
                    open.require_open()?;
                    let passed = |bytes| {
                        written += bytes;
                        progress(written)
                    };
                    hand.write(extent, sink, passed).await?;
                }
                Ok::<_, Problem>(())
            };
            // Whichever fails first ends the other.
            (next, _) = try_join(fetched, hand_on).await?;
        }
        Ok(written)
    }
}

/// Opens pieces and hands them on.
struct Hand<'h, P> {
    platform: &'h P,
    open: &'h OpenVault,
    opener: &'h mut ChunkOpener,
    recent: &'h mut Recent,
    sealed: HashMap<Cid, Vec<u8>>,
}

impl<P: Platform> Hand<'_, P> {
    /// `passed` hears of each stretch that was handed on.
    async fn write(
        &mut self,
        extent: &Extent,
        sink: &mut impl Sink,
        mut passed: impl FnMut(u64) -> Result<()>,
    ) -> Result<()> {
        match *extent {
            Extent::Hole { length } => {
                let zeros = vec![0; length.min(ZEROS) as usize];
                let mut left = length;
                while left > 0 {
                    self.open.require_open()?;
                    let count = left.min(ZEROS);
                    sink.write(&zeros[..count as usize]).await?;
                    left -= count;
                    passed(count)?;
                }
                Ok(())
            }
            Extent::Slice { chunk, offset, length, .. } => {
                let plaintext = self.piece(&chunk).await?;
                let slice = plaintext.get(offset as usize..(offset as usize).saturating_add(length as usize));
                sink.write(slice.ok_or_else(|| damaged(chunk.cid))?).await?;
                passed(length.into())
            }
        }
    }

    async fn piece(&mut self, chunk: &ChunkRef) -> Result<Rc<Vec<u8>>> {
        if let Some(plaintext) = self.recent.get(chunk) {
            return Ok(plaintext);
        }
        let sealed = match self.sealed.remove(&chunk.cid) {
            Some(sealed) => Some(sealed),
            // It was at hand when the batch was asked for, and has made room since.
            None => api::objects(self.platform, &[chunk.cid]).await?.pop().flatten(),
        };
        let sealed = sealed.ok_or_else(|| damaged(chunk.cid))?;
        let mut plaintext = Vec::new();
        let opened = self.opener.open_private(&self.open.keys()?.dedup, chunk, &sealed, &mut plaintext);
        opened.map_err(|_| damaged(chunk.cid))?;
        let plaintext = Rc::new(plaintext);
        self.recent.put(*chunk, Rc::clone(&plaintext));
        Ok(plaintext)
    }
}

/// Pieces that were opened a moment ago.
#[derive(Default)]
struct Recent {
    pieces: VecDeque<(ChunkRef, Rc<Vec<u8>>)>,
    bytes: usize,
}

impl Recent {
    fn get(&self, chunk: &ChunkRef) -> Option<Rc<Vec<u8>>> {
        self.pieces.iter().find(|(kept, _)| kept == chunk).map(|(_, plaintext)| Rc::clone(plaintext))
    }

    fn put(&mut self, chunk: ChunkRef, plaintext: Rc<Vec<u8>>) {
        self.bytes += plaintext.len();
        self.pieces.push_back((chunk, plaintext));
        while self.bytes > RECENT_BYTES
            && let Some((_, oldest)) = self.pieces.pop_front()
        {
            self.bytes -= oldest.len();
        }
    }
}

/// Extents in file order; the pages of long lists are read as they are needed.
struct Extents<'a, P> {
    platform: &'a P,
    open: &'a OpenVault,
    /// What comes next, last first.
    stack: Vec<Step>,
}

enum Step {
    Extents(std::vec::IntoIter<Extent>),
    /// References to extent pages, or (`true`) to pages of the second level.
    Pages(std::vec::IntoIter<ExtentPageRef>, bool),
}

impl Step {
    fn of(content: Content) -> Self {
        match content {
            Content::Inline(extents) => Self::Extents(extents.into_iter()),
            Content::Pages(pages) => Self::Pages(pages.into_iter(), false),
            Content::Index(pages) => Self::Pages(pages.into_iter(), true),
        }
    }
}

impl<P: Platform> Extents<'_, P> {
    /// The next extents with the pieces that they need and that are not `known`; `None` at the end.
    async fn batch(&mut self, known: &Recent) -> Result<Option<Batch>> {
        let (mut extents, mut bytes, mut wanted) = (Vec::new(), 0u64, Vec::<Cid>::new());
        while bytes < BATCH_BYTES && wanted.len() < BATCH_PIECES {
            let Some(extent) = self.next().await? else { break };
            bytes = bytes.saturating_add(extent.length());
            if let Extent::Slice { chunk, .. } = &extent
                && known.get(chunk).is_none()
                && !wanted.contains(&chunk.cid)
            {
                wanted.push(chunk.cid);
            }
            extents.push(extent);
        }
        if extents.is_empty() {
            return Ok(None);
        }
        let fetched = api::objects(self.platform, &wanted).await?;
        let sealed = wanted.into_iter().zip(fetched).filter_map(|(cid, object)| Some((cid, object?))).collect();
        Ok(Some(Batch { extents, sealed }))
    }

    async fn next(&mut self) -> Result<Option<Extent>> {
        while let Some(step) = self.stack.last_mut() {
            match step {
                Step::Extents(extents) => {
                    if let Some(extent) = extents.next() {
                        return Ok(Some(extent));
                    }
                    self.stack.pop();
                }
                Step::Pages(pages, is_index) => {
                    let is_index = *is_index;
                    match pages.next() {
                        Some(page) => {
                            let step = self.page(&page, is_index).await?;
                            self.stack.push(step);
                        }
                        None => drop(self.stack.pop()),
                    }
                }
            }
        }
        Ok(None)
    }

    async fn page(&self, page: &ExtentPageRef, is_index: bool) -> Result<Step> {
        let sealed = objects::read_kept(self.platform, &[page.chunk.cid]).await?;
        let plaintext = objects::open(self.open, &mut ChunkOpener::default(), &sealed, &page.chunk);
        let plaintext = plaintext.ok_or_else(|| damaged(page.chunk.cid))?;
        let step = if is_index {
            page.decode_index(&plaintext).map(|pages| Step::Pages(pages.into_iter(), false))
        } else {
            page.decode_page(&plaintext).map(|extents| Step::Extents(extents.into_iter()))
        };
        step.map_err(|_| damaged(page.chunk.cid))
    }
}
