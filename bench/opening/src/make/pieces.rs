//! Pieces of files: half of the bytes is source text (this project's own), half is noise.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use iota_bench_opening::fixture::{ACCOUNT, Content, Piece};
use iota_core::api::json::Bytes;
use iota_crypto::chunk::{ChunkSealer, chunk_key};
use iota_crypto::keys::{DedupKey, FIRST_EPOCH, MasterKey};

use super::noise;

/// The mean of what the chunker cuts.
const PIECE_BYTES: usize = 200_000;

/// Pieces of together `bytes` of plaintext, and their objects.
///
/// # Errors
/// When the sources of the workspace cannot be read.
pub fn seal(master: &MasterKey, bytes: usize) -> Result<(Vec<Piece>, Vec<Vec<u8>>)> {
    let dedup = master.dedup_key(ACCOUNT, FIRST_EPOCH);
    let source = source_text()?;
    ensure!(source.len() > 2 * PIECE_BYTES, "the workspace has too little source");
    let mut sealer = Sealer { dedup, sealer: ChunkSealer::default(), pieces: Vec::new(), objects: Vec::new() };
    let mut random = vec![0; PIECE_BYTES];
    for number in 0..bytes.div_ceil(2 * PIECE_BYTES) {
        // Every piece begins elsewhere, so that no two are equal.
        let start = number * 154_321 % (source.len() - PIECE_BYTES);
        sealer.seal(Content::Text, &source[start..start + PIECE_BYTES])?;
        noise(number as u64, &mut random);
        sealer.seal(Content::Noise, &random)?;
    }
    Ok((sealer.pieces, sealer.objects))
}

struct Sealer {
    dedup: DedupKey,
    sealer: ChunkSealer,
    pieces: Vec<Piece>,
    objects: Vec<Vec<u8>>,
}

impl Sealer {
    fn seal(&mut self, content: Content, plaintext: &[u8]) -> Result<()> {
        let ckey = chunk_key(&self.dedup, plaintext);
        let sealed = self.sealer.seal(&ckey, plaintext)?;
        let bytes = plaintext.len() as u64;
        self.pieces.push(Piece { content, cid: sealed.cid, ckey: Bytes(ckey.0.to_vec()), bytes });
        self.objects.push(sealed.object);
        Ok(())
    }
}

/// The sources of the crates that matter here, one after another.
pub fn source_text() -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in ["core", "crypto", "client-agent", "server/src", "app"] {
        append(&workspace.join(folder), &mut text)?;
    }
    Ok(text)
}

fn append(folder: &Path, text: &mut Vec<u8>) -> Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            append(&path, text)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.extend(fs::read(&path)?);
        }
    }
    Ok(())
}
