//! Files: extents in order, fetched in batches ahead, each piece verified before a byte of it is handed on. Memory does not grow
//! with the file. Many files go one after another through the same batches into an archive.

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
use crate::archive::{Item, Members, Notes};
use crate::keys::OpenVault;
use crate::objects;
use crate::platform::{Platform, Sink};
use crate::point::Point;
use crate::problem::{Result, missing};
use crate::zip::{Member, MemberKind, ZipWriter};

/// Bytes of plaintext fetched at a time.
const BATCH_BYTES: u64 = 4 << 20;
/// Pieces fetched at a time.
const BATCH_PIECES: usize = 128;
/// Members of an archive in a batch, which may be empty.
const BATCH_MEMBERS: usize = 1024;
/// Plaintext of pieces that is kept because files repeat themselves.
const RECENT_BYTES: usize = 8 << 20;
/// A hole is handed on in stretches of this many zeros.
const ZEROS: u64 = 1 << 20;
/// Smaller stretches of an archive are handed on together.
const STRETCH_BYTES: usize = 256 << 10;

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
        _ => Err(missing("regular file: folders come as a zip, and links and devices in one")),
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
    let stack = vec![Step::of(file.content)];
    let mut out = Bare { sink };
    let written = Writer::new(platform, open, stack, None).run(&mut out, progress).await;
    let result = written.and_then(|written| if written == bytes { Ok(()) } else { Err(other_size(bytes, written)) });
    conclude(result, sink).await
}

/// Writes what `members` are into `sink` as a zip. A file that is damaged, or not as long as it should be, is not listed in its
/// directory; a text at the end says so.
///
/// # Errors
/// As [`write`], but for damage.
pub async fn write_zip<P: Platform>(
    platform: &P,
    open: &OpenVault,
    members: Members<'_, P>,
    sink: &mut impl Sink,
    progress: impl FnMut(u64) -> Result<()>,
) -> Result<()> {
    let mut out = Zipped {
        sink,
        zip: ZipWriter::default(),
        stretch: Vec::new(),
        begun: None,
        open: None,
        notes: Notes::default(),
    };
    let result = Writer::new(platform, open, Vec::new(), Some(members)).run(&mut out, progress).await;
    let result = match result {
        Ok(_) => out.finish(platform.now_ms()).await,
        Err(problem) => Err(problem),
    };
    conclude(result, sink).await
}

async fn conclude(result: Result<()>, sink: &mut impl Sink) -> Result<()> {
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

/// What verified bytes go into.
trait Output {
    /// A member begins.
    async fn begin(&mut self, member: Member) -> Result<()>;
    /// Verified content.
    async fn write(&mut self, content: &[u8]) -> Result<()>;
    /// The member has ended.
    async fn end(&mut self) -> Result<()>;
    /// The rest of what was begun is damaged.
    fn give_up(&mut self, problem: Problem) -> Result<()>;
    /// Whether content is wanted.
    fn wants(&self) -> bool;
    /// Something is to be said.
    fn note(&mut self, note: String);
}

/// A file by itself.
struct Bare<'s, S> {
    sink: &'s mut S,
}

impl<S: Sink> Output for Bare<'_, S> {
    async fn begin(&mut self, _member: Member) -> Result<()> {
        Ok(())
    }

    async fn write(&mut self, content: &[u8]) -> Result<()> {
        self.sink.write(content).await
    }

    async fn end(&mut self) -> Result<()> {
        Ok(())
    }

    fn give_up(&mut self, problem: Problem) -> Result<()> {
        Err(problem)
    }

    fn wants(&self) -> bool {
        true
    }

    fn note(&mut self, _note: String) {}
}

/// Files in an archive.
struct Zipped<'s, S> {
    sink: &'s mut S,
    zip: ZipWriter,
    /// What was not handed on yet.
    stretch: Vec<u8>,
    /// Where the open member begins in it, while nothing of that was handed on.
    begun: Option<usize>,
    /// Name of the open member; none also when it was given up.
    open: Option<String>,
    notes: Notes,
}

impl<S: Sink> Zipped<'_, S> {
    async fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if self.stretch.len() + bytes.len() > STRETCH_BYTES {
            self.flush().await?;
        }
        if bytes.len() > STRETCH_BYTES {
            self.begun = None;
            return self.sink.write(bytes).await;
        }
        self.stretch.extend_from_slice(bytes);
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        if !self.stretch.is_empty() {
            self.begun = None;
            self.sink.write(&self.stretch).await?;
            self.stretch.clear();
        }
        Ok(())
    }

    async fn finish(mut self, now_ms: u64) -> Result<()> {
        if let Some((name, text)) = std::mem::take(&mut self.notes).text() {
            let (mtime_s, bytes) = ((now_ms / 1000) as i64, text.len() as u64);
            self.begin(Member { name: name.into(), kind: MemberKind::File, mode: 0o644, mtime_s, bytes }).await?;
            self.write(text.as_bytes()).await?;
            self.end().await?;
        }
        let end = std::mem::take(&mut self.zip).finish();
        for stretch in end.chunks(STRETCH_BYTES) {
            self.put(stretch).await?;
        }
        self.flush().await
    }
}

impl<S: Sink> Output for Zipped<'_, S> {
    async fn begin(&mut self, member: Member) -> Result<()> {
        self.open = Some(member.name.clone());
        let head = self.zip.begin(member);
        self.put(&head).await?;
        self.begun = self.stretch.len().checked_sub(head.len());
        Ok(())
    }

    async fn write(&mut self, content: &[u8]) -> Result<()> {
        self.zip.pass(content);
        self.put(content).await
    }

    async fn end(&mut self) -> Result<()> {
        let Some(name) = self.open.take() else { return Ok(()) };
        match self.zip.end() {
            Some(tail) => self.put(&tail).await,
            None => {
                self.notes.add(format!("missing: {name}, whose length is not what it should be"));
                Ok(())
            }
        }
    }

    fn give_up(&mut self, problem: Problem) -> Result<()> {
        if problem.kind != ProblemKind::Damaged {
            return Err(problem);
        }
        if let Some(name) = self.open.take() {
            match self.begun.take() {
                Some(begun) => {
                    self.stretch.truncate(begun);
                    self.zip.take_back();
                }
                None => self.zip.give_up(),
            }
            self.notes.add(format!("missing: {name}, a piece of which is missing or damaged in the store"));
        }
        Ok(())
    }

    fn wants(&self) -> bool {
        self.open.is_some()
    }

    fn note(&mut self, note: String) {
        self.notes.add(note);
    }
}

struct Writer<'a, P> {
    platform: &'a P,
    open: &'a OpenVault,
    opener: ChunkOpener,
    pieces: Pieces<'a, P>,
    recent: Recent,
}

/// What is handed on, in order.
enum Piece {
    Begin(Member),
    Extent(Extent),
    Bytes(Vec<u8>),
    /// What comes next of the member cannot be read.
    Broken(Problem),
    End,
    Note(String),
}

/// Pieces that are handed on together, and the sealed objects that they need.
struct Batch {
    pieces: Vec<Piece>,
    sealed: HashMap<Cid, Vec<u8>>,
}

impl<'a, P: Platform> Writer<'a, P> {
    fn new(platform: &'a P, open: &'a OpenVault, stack: Vec<Step>, members: Option<Members<'a, P>>) -> Self {
        let pieces = Pieces { platform, open, stack, members };
        Self { platform, open, opener: ChunkOpener::default(), pieces, recent: Recent::default() }
    }

    /// Returns how many bytes of content were handed on.
    async fn run(mut self, out: &mut impl Output, mut progress: impl FnMut(u64) -> Result<()>) -> Result<u64> {
        let mut written = 0;
        let mut next = self.pieces.batch(&self.recent).await?;
        while let Some(batch) = next {
            // The next batch is on its way while this one is handed on.
            let Self { platform, open, opener, pieces, recent } = &mut self;
            let known = Recent { pieces: recent.pieces.clone(), bytes: recent.bytes };
            let fetched = pieces.batch(&known);
            let hand_on = async {
                let mut hand = Hand { open, opener, recent, sealed: batch.sealed, platform: *platform };
                for piece in batch.pieces {
                    open.require_open()?;
                    let passed = |bytes| {
                        written += bytes;
                        progress(written)
                    };
                    hand.take(piece, out, passed).await?;
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
    async fn take(&mut self, piece: Piece, out: &mut impl Output, passed: impl FnMut(u64) -> Result<()>) -> Result<()> {
        match piece {
            Piece::Begin(member) => out.begin(member).await,
            Piece::Extent(_) | Piece::Bytes(_) | Piece::Broken(_) if !out.wants() => Ok(()),
            Piece::Extent(extent) => self.write(&extent, out, passed).await,
            Piece::Bytes(bytes) => out.write(&bytes).await,
            Piece::Broken(problem) => out.give_up(problem),
            Piece::End => out.end().await,
            Piece::Note(note) => {
                out.note(note);
                Ok(())
            }
        }
    }

    /// `passed` hears of each stretch that was handed on.
    async fn write(
        &mut self,
        extent: &Extent,
        out: &mut impl Output,
        mut passed: impl FnMut(u64) -> Result<()>,
    ) -> Result<()> {
        match *extent {
            Extent::Hole { length } => {
                let zeros = vec![0; length.min(ZEROS) as usize];
                let mut left = length;
                while left > 0 {
                    self.open.require_open()?;
                    let count = left.min(ZEROS);
                    out.write(&zeros[..count as usize]).await?;
                    left -= count;
                    passed(count)?;
                }
                Ok(())
            }
            Extent::Slice { chunk, offset, length, .. } => {
                let plaintext = match self.piece(&chunk).await {
                    Ok(plaintext) => plaintext,
                    Err(problem) => return out.give_up(problem),
                };
                match plaintext.get(offset as usize..(offset as usize).saturating_add(length as usize)) {
                    Some(slice) => out.write(slice).await?,
                    None => return out.give_up(damaged(chunk.cid)),
                }
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
        let opened = self.opener.open_checked(&self.open.keys()?.dedup, chunk, &sealed, &mut plaintext);
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

/// Extents in file order, of one file after another; the pages of long lists are read as they are needed.
struct Pieces<'a, P> {
    platform: &'a P,
    open: &'a OpenVault,
    /// What comes next of the member, last first.
    stack: Vec<Step>,
    members: Option<Members<'a, P>>,
}

enum Step {
    Extents(std::vec::IntoIter<Extent>),
    /// References to extent pages, or (`true`) to pages of the second level.
    Pages(std::vec::IntoIter<ExtentPageRef>, bool),
    Bytes(Vec<u8>),
    End,
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

impl<P: Platform> Pieces<'_, P> {
    /// The next pieces with the objects that they need and that are not `known`; `None` at the end.
    async fn batch(&mut self, known: &Recent) -> Result<Option<Batch>> {
        let (mut pieces, mut bytes, mut wanted) = (Vec::new(), 0u64, Vec::<Cid>::new());
        while bytes < BATCH_BYTES && wanted.len() < BATCH_PIECES && pieces.len() < BATCH_MEMBERS {
            let Some(piece) = self.next().await? else { break };
            if let Piece::Extent(extent) = &piece {
                bytes = bytes.saturating_add(extent.length());
                if let Extent::Slice { chunk, .. } = extent
                    && known.get(chunk).is_none()
                    && !wanted.contains(&chunk.cid)
                {
                    wanted.push(chunk.cid);
                }
            }
            pieces.push(piece);
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        let fetched = api::objects(self.platform, &wanted).await?;
        let sealed = wanted.into_iter().zip(fetched).filter_map(|(cid, object)| Some((cid, object?))).collect();
        Ok(Some(Batch { pieces, sealed }))
    }

    async fn next(&mut self) -> Result<Option<Piece>> {
        loop {
            let Some(step) = self.stack.last_mut() else {
                let Some(members) = &mut self.members else { return Ok(None) };
                return Ok(members.next().await?.map(|item| self.begin(item)));
            };
            match step {
                Step::Extents(extents) => {
                    if let Some(extent) = extents.next() {
                        return Ok(Some(Piece::Extent(extent)));
                    }
                    self.stack.pop();
                }
                Step::Pages(pages, is_index) => {
                    let is_index = *is_index;
                    match pages.next() {
                        Some(page) => match self.page(&page, is_index).await {
                            Ok(step) => self.stack.push(step),
                            Err(problem) if problem.kind == ProblemKind::Damaged => {
                                self.stack.retain(|step| matches!(step, Step::End));
                                return Ok(Some(Piece::Broken(problem)));
                            }
                            Err(problem) => return Err(problem),
                        },
                        None => drop(self.stack.pop()),
                    }
                }
                Step::Bytes(bytes) => {
                    let piece = Piece::Bytes(std::mem::take(bytes));
                    self.stack.pop();
                    return Ok(Some(piece));
                }
                Step::End => {
                    self.stack.pop();
                    return Ok(Some(Piece::End));
                }
            }
        }
    }

    fn begin(&mut self, item: Item) -> Piece {
        let (member, step) = match item {
            Item::Member(member, content) => (member, Step::of(content)),
            Item::Link(member, target) => (member, Step::Bytes(target)),
            Item::Note(note) => return Piece::Note(note),
        };
        self.stack.extend([Step::End, step]);
        Piece::Begin(member)
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
