//! Files that were read and wait for the ids of their chunks.

use super::{BackupError, Run, small::Bundle, source::Treatment};
use crate::{
    state::{Put, StoredAs},
    upload::{Job, SealedRef},
};
use iota_core::{
    entry::{Entry, Kind, Metadata},
    extent::{ChunkKey, ChunkRef, Extent},
    id::Domain,
    operation::Operation,
    path::TreePath,
};
use iota_crypto::{chunk::chunk_key, cut::ExtentPacker};
use std::collections::{HashMap, VecDeque};

/// All domains, by their numbers.
const DOMAINS: [Domain; 2] = [Domain::PRIVATE, Domain::ISOLATED];

/// A file that is being read or waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId(u64);

/// An extent whose chunk may not have its id yet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece {
    /// Known.
    Ready(Extent),
    /// Waits for a chunk.
    Waiting,
}

/// A file that waits.
#[derive(Debug)]
pub(super) struct PendingFile {
    pub path: TreePath,
    pub metadata: Metadata,
    pub link: Option<TreePath>,
    treatment: Treatment,
    pub size: u64,
    pub stamp: Vec<u8>,
    /// Extents that are packed already, in pages as far as they fill them.
    packer: ExtentPacker,
    packed: usize,
    /// What comes behind: the first waits.
    pieces: VecDeque<Piece>,
    waiting: usize,
    /// The whole file was read.
    pub read: bool,
}

impl PendingFile {
    /// A file of which nothing was read yet.
    pub fn new(path: TreePath, link: Option<TreePath>, treatment: Treatment) -> Self {
        let (metadata, packer) = (Metadata::default(), ExtentPacker::default());
        let (stamp, pieces) = (Vec::new(), VecDeque::new());
        Self { path, metadata, link, treatment, size: 0, stamp, packer, packed: 0, pieces, waiting: 0, read: false }
    }

    /// Takes the extents before the first piece that waits.
    fn take_ready(&mut self) -> Vec<Extent> {
        let ready = |piece: &Piece| if let Piece::Ready(extent) = piece { Some(*extent) } else { None };
        let extents: Vec<Extent> = self.pieces.iter().map_while(ready).collect();
        self.pieces.drain(..extents.len());
        self.packed += extents.len();
        extents
    }
}

/// Who waits for a chunk under way: which piece of which file is which slice of it.
#[derive(Debug, Clone, Copy)]
struct Waiter {
    file: FileId,
    piece: usize,
    start: u32,
    bytes: u32,
}

/// A chunk under way.
#[derive(Debug)]
struct InFlight {
    domain: Domain,
    bytes: u64,
    stored_as: StoredAs,
    waiters: Vec<Waiter>,
    /// For bundles: content, start and length of each member.
    members: Vec<(ChunkKey, u32, u32)>,
}

/// Everything that waits.
#[derive(Debug, Default)]
pub(super) struct Pending {
    files: HashMap<FileId, PendingFile>,
    next: u64,
    chunks: HashMap<[u8; 32], InFlight>,
    /// Members of bundles under way, by content: bundle, start, length.
    slices: HashMap<[u8; 32], ([u8; 32], u32, u32)>,
    /// The bundles that are being filled, by domain.
    bundles: [Bundle; DOMAINS.len()],
}

impl Pending {
    fn bundle(&mut self, domain: Domain) -> &mut Bundle {
        &mut self.bundles[usize::from(domain.0)]
    }

    /// Begins a file.
    pub fn begin(&mut self, file: PendingFile) -> FileId {
        let id = FileId(self.next);
        self.next += 1;
        self.files.insert(id, file);
        id
    }

    fn file(&mut self, id: FileId) -> &mut PendingFile {
        self.files.get_mut(&id).expect("a file that is being read is pending")
    }

    /// How a file is treated.
    pub fn treatment(&self, id: FileId) -> Treatment {
        self.files.get(&id).map_or_else(Treatment::default, |file| file.treatment)
    }

    /// Begins to read a file: forgets what was read of it before. Chunks under way stay, without it.
    pub fn restart(&mut self, id: FileId, metadata: Metadata) {
        let file = self.file(id);
        file.metadata = metadata;
        if file.packed + file.pieces.len() > 0 {
            file.pieces.clear();
            (file.packer, file.packed, file.waiting) = (ExtentPacker::default(), 0, 0);
            self.forget_waiter(id);
        }
    }

    fn forget_waiter(&mut self, id: FileId) {
        for chunk in self.chunks.values_mut() {
            chunk.waiters.retain(|waiter| waiter.file != id);
        }
        for member in self.bundles.iter_mut().flat_map(|bundle| &mut bundle.members) {
            member.files.retain(|&file| file != id);
        }
    }

    /// Notes what reading found: the size, whether the file changed meanwhile, and the stamp to remember.
    pub fn set(&mut self, id: FileId, size: u64, torn: bool, stamp: Vec<u8>) {
        let file = self.file(id);
        file.size = size;
        file.metadata.torn = torn;
        file.stamp = stamp;
    }

    /// Gives up on a file.
    pub fn abandon(&mut self, id: FileId) {
        self.forget_waiter(id);
        self.files.remove(&id);
    }

    fn wait(&mut self, id: FileId) -> usize {
        let file = self.file(id);
        file.pieces.push_back(Piece::Waiting);
        file.waiting += 1;
        file.packed + file.pieces.len() - 1
    }

    /// Makes `id` wait for a chunk under way; says whether there is one.
    fn join(&mut self, id: FileId, ckey: &ChunkKey, start: u32, bytes: u32) -> bool {
        if !self.chunks.contains_key(&ckey.0) {
            return false;
        }
        let piece = self.wait(id);
        if let Some(chunk) = self.chunks.get_mut(&ckey.0) {
            chunk.waiters.push(Waiter { file: id, piece, start, bytes });
        }
        true
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl Run<'_, '_> {
    /// Adds an extent that needs to wait for nothing.
    pub(super) fn add_extent(&mut self, id: FileId, extent: Extent) -> Result<(), BackupError> {
        self.pending.file(id).pieces.push_back(Piece::Ready(extent));
        self.pack_ready(id)
    }

    /// Packs what is ready of a file: the list of a huge file would not fit in memory.
    fn pack_ready(&mut self, id: FileId) -> Result<(), BackupError> {
        let file = self.pending.file(id);
        let ready = file.take_ready();
        let mut packer = std::mem::take(&mut file.packer);
        for extent in ready {
            packer.push(extent, |plaintext| self.store_page(&plaintext, StoredAs::ExtentPage))?;
        }
        self.pending.file(id).packer = packer;
        Ok(())
    }

    /// Adds a chunk of a file: known, under way, or new.
    pub(super) fn add_chunk(&mut self, file: FileId, plaintext: Vec<u8>) -> Result<(), BackupError> {
        let Treatment { compression, domain, .. } = self.pending.treatment(file);
        let ckey = chunk_key(&self.machine.domains.of(domain).dedup, &plaintext);
        let bytes = plaintext.len() as u32;
        if let Some(known) = self.state.chunk(&ckey)?.filter(|row| row.stored_as == StoredAs::Data) {
            return self.add_extent(file, slice(ChunkRef { domain, ..known.chunk }, 0, bytes));
        }
        if self.pending.join(file, &ckey, 0, bytes) {
            return Ok(());
        }
        let chunk =
            InFlight { domain, bytes: bytes.into(), stored_as: StoredAs::Data, waiters: vec![], members: vec![] };
        self.pending.chunks.insert(ckey.0, chunk);
        self.pending.join(file, &ckey, 0, bytes);
        self.report.new_bytes += u64::from(bytes);
        Ok(self.uploads.push(Job { ckey, plaintext, compression })?)
    }

    /// Adds the whole content of a small file: in a known bundle, one under way, or the one that is being filled.
    pub(super) fn add_small(&mut self, file: FileId, plaintext: &[u8]) -> Result<(), BackupError> {
        let domain = self.pending.treatment(file).domain;
        let keys = self.machine.domains.of(domain);
        let content = chunk_key(&keys.dedup, plaintext);
        if self.pending.bundle(domain).is_crowded() {
            self.flush_bundle(domain)?;
        }
        if let Some(known) = self.state.slice(&content, &self.sparse)? {
            return self.add_extent(file, slice(ChunkRef { domain, ..known.chunk }, known.start, known.bytes));
        }
        if let Some(&(bundle, start, bytes)) = self.pending.slices.get(&content.0)
            && self.pending.join(file, &ChunkKey(bundle), start, bytes)
        {
            return Ok(());
        }
        if self.pending.bundle(domain).share(&content, file) {
            self.pending.wait(file);
            return Ok(());
        }
        if self.pending.bundle(domain).is_full_for(plaintext.len()) {
            self.flush_bundle(domain)?;
        }
        self.pending.wait(file);
        self.report.new_bytes += plaintext.len() as u64;
        let ends = self.pending.bundle(domain).push(content, plaintext, file, &keys.cut);
        if ends { self.flush_bundle(domain) } else { Ok(()) }
    }

    /// Sends the bundles that are being filled.
    pub(super) fn flush_bundles(&mut self) -> Result<(), BackupError> {
        DOMAINS.into_iter().try_for_each(|domain| self.flush_bundle(domain))
    }

    fn flush_bundle(&mut self, domain: Domain) -> Result<(), BackupError> {
        let bundle = std::mem::take(self.pending.bundle(domain));
        if bundle.members.is_empty() {
            return Ok(());
        }
        let ckey = chunk_key(&self.machine.domains.of(domain).dedup, &bundle.bytes);
        let mut chunk = InFlight {
            domain,
            bytes: bundle.bytes.len() as u64,
            stored_as: StoredAs::Bundle,
            waiters: Vec::new(),
            members: Vec::with_capacity(bundle.members.len()),
        };
        for member in bundle.members {
            let (start, bytes) = (member.start, member.bytes);
            chunk.members.push((member.content, start, bytes));
            chunk.waiters.extend(member.files.into_iter().map(|file| Waiter { file, piece: 0, start, bytes }));
            self.pending.slices.insert(member.content.0, (ckey.0, start, bytes));
        }
        if let Some(twin) = self.pending.chunks.get_mut(&ckey.0) {
            // The very same bundle is under way already.
            twin.waiters.append(&mut chunk.waiters);
            return Ok(());
        }
        self.pending.chunks.insert(ckey.0, chunk);
        Ok(self.uploads.push(Job { ckey, plaintext: bundle.bytes, compression: true })?)
    }

    /// Completes entries with the chunks that have their ids now; with `all`, waits until none is left.
    pub(super) fn take_sealed(&mut self, all: bool) -> Result<(), BackupError> {
        while let Some(sealed) = self.uploads.sealed(all)? {
            self.complete(sealed)?;
        }
        Ok(())
    }

    fn complete(&mut self, sealed: SealedRef) -> Result<(), BackupError> {
        let Some(in_flight) = self.pending.chunks.remove(&sealed.ckey.0) else { return Ok(()) };
        let chunk = ChunkRef { domain: in_flight.domain, cid: sealed.cid, ckey: sealed.ckey };
        let id = self.state.store_chunk(chunk, in_flight.stored_as, in_flight.bytes, None)?;
        for (content, start, bytes) in &in_flight.members {
            self.state.store_slice(id, *start, *bytes, content)?;
            self.pending.slices.remove(&content.0);
        }
        for waiter in in_flight.waiters {
            let Some(file) = self.pending.files.get_mut(&waiter.file) else { continue };
            let at = waiter.piece - file.packed;
            file.pieces[at] = Piece::Ready(slice(chunk, waiter.start, waiter.bytes));
            file.waiting -= 1;
            let whole = file.waiting == 0 && file.read;
            if at == 0 {
                self.pack_ready(waiter.file)?;
            }
            if whole {
                self.put_file(waiter.file)?;
            }
        }
        Ok(())
    }

    /// The whole file was read; it is put as soon as nothing of it waits.
    pub(super) fn file_read(&mut self, id: FileId) -> Result<(), BackupError> {
        let file = self.pending.file(id);
        file.read = true;
        if file.waiting == 0 { self.put_file(id) } else { Ok(()) }
    }

    fn put_file(&mut self, id: FileId) -> Result<(), BackupError> {
        let Some(file) = self.pending.files.remove(&id) else { return Ok(()) };
        let content = file.packer.finish(|plaintext| self.store_page(&plaintext, StoredAs::ExtentPage))?;
        let kind = Kind::File { size: file.size, link: file.link, content };
        self.put(Entry { path: file.path, metadata: file.metadata, kind }, &file.stamp)
    }

    /// Seals and sends a page unless the server has it.
    pub(super) fn store_page(&mut self, plaintext: &[u8], stored_as: StoredAs) -> Result<ChunkRef, BackupError> {
        let ckey = chunk_key(&self.machine.domains.private.dedup, plaintext);
        if let Some(known) = self.state.chunk(&ckey)?.filter(|row| row.stored_as == stored_as) {
            return Ok(known.chunk);
        }
        let sealed = self.sealer.seal(&ckey, plaintext)?;
        let chunk = ChunkRef::private(sealed.cid, ckey);
        self.uploads.push_sealed(sealed);
        let page = (stored_as == StoredAs::ExtentPage).then_some(plaintext);
        self.state.store_chunk(chunk, stored_as, plaintext.len() as u64, page)?;
        Ok(chunk)
    }

    /// Puts an entry whose chunks all have their ids.
    pub(super) fn put(&mut self, entry: Entry, stamp: &[u8]) -> Result<(), BackupError> {
        let put = self.state.put(&entry, stamp)?;
        if put == Put::InPlaceOfDirectory {
            self.remove_below(&entry.path)?;
        }
        if put != Put::Same {
            self.note_change(Operation::Put(entry));
        }
        Ok(())
    }
}

fn slice(chunk: ChunkRef, offset: u32, length: u32) -> Extent {
    Extent::Slice { chunk, offset, length }
}
