//! Chunk objects.
//!
//! ```text
//! payload = codec u8 (0 stored, 1 zstd) ‖ plain_len u32 ‖ body_len u32 ‖ body ‖ zeros    padmé(9 + body_len), 4 KiB at least
//! ckey    = keyed(K_dedup, plaintext)
//! nonce   = keyed(derive("… chunk nonce", ckey), payload)[..24]
//! object  = 0x01 ‖ nonce ‖ XChaCha20Poly1305(derive("… chunk enc", ckey), nonce, payload, aad = "iotabackup/chunk/v1")
//! cid     = H(object)
//! ```
//! Deterministic, so that equal content is stored once. The nonce depends on the exact payload, so that one key never
//! meets two payloads under one nonce. The codec is a function of the content alone.

use crate::{
    compress::Decompressor,
    derive::{context, derive, keyed},
    error::{CryptoError, Result},
    keys::DedupKey,
    seal::{NONCE_BYTES, TAG_BYTES, open_in_place, seal_in_place},
};
use iota_core::{
    extent::{ChunkKey, ChunkRef, MAX_CHUNK_BYTES},
    id::{Cid, Domain},
    wire::padme,
};

const AAD: &[u8] = b"iotabackup/chunk/v1";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 9;
const FLOOR_BYTES: usize = 4096;
const PREFIX_BYTES: usize = 1 + NONCE_BYTES;

/// `keyed(K_dedup, plaintext)`: the key of a chunk, and the name under which an agent remembers its content.
pub fn chunk_key(dedup: &DedupKey, plaintext: &[u8]) -> ChunkKey {
    ChunkKey(keyed(&dedup.0, plaintext))
}

/// A chunk object that was opened again after sealing and compared with its plaintext.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedChunk {
    /// Its id.
    pub cid: Cid,
    /// Its stored bytes.
    pub object: Vec<u8>,
}

fn payload_into(codec: u8, plain_len: usize, body: &[u8], object: &mut Vec<u8>) {
    object.clear();
    let payload_bytes = padme(HEAD_BYTES + body.len(), FLOOR_BYTES);
    object.reserve(PREFIX_BYTES + payload_bytes + TAG_BYTES);
    object.push(VERSION);
    object.extend_from_slice(&[0; NONCE_BYTES]);
    object.push(codec);
    object.extend_from_slice(&(plain_len as u32).to_le_bytes());
    object.extend_from_slice(&(body.len() as u32).to_le_bytes());
    object.extend_from_slice(body);
    object.resize(PREFIX_BYTES + payload_bytes, 0);
}

fn seal_payload(ckey: &ChunkKey, mut object: Vec<u8>) -> SealedChunk {
    let digest = keyed(&derive(context!("chunk nonce"), &[&ckey.0]), &object[PREFIX_BYTES..]);
    let nonce: [u8; NONCE_BYTES] = *digest.first_chunk().expect("a digest is longer than a nonce");
    object[1..PREFIX_BYTES].copy_from_slice(&nonce);
    seal_in_place(&derive(context!("chunk enc"), &[&ckey.0]), &nonce, AAD, &mut object, PREFIX_BYTES);
    SealedChunk { cid: Cid::of(&object), object }
}

/// Seals with codec 0, without compression: what every platform can write.
///
/// # Panics
/// When `plaintext` is empty or longer than a chunk may be.
pub fn seal_stored(ckey: &ChunkKey, plaintext: &[u8]) -> SealedChunk {
    assert!((1..=MAX_CHUNK_BYTES).contains(&plaintext.len()), "a chunk has 1 byte to 1 MiB");
    let mut object = Vec::new();
    payload_into(0, plaintext.len(), plaintext, &mut object);
    seal_payload(ckey, object)
}

/// Seals chunks; reuses its memory from one to the next.
#[cfg(not(target_family = "wasm"))]
pub struct ChunkSealer {
    compressor: crate::compress::Compressor,
    opener: ChunkOpener,
    frame: Vec<u8>,
    check: Vec<u8>,
}

#[cfg(not(target_family = "wasm"))]
impl Default for ChunkSealer {
    fn default() -> Self {
        Self {
            compressor: crate::compress::Compressor::new(),
            opener: ChunkOpener::default(),
            frame: Vec::new(),
            check: Vec::new(),
        }
    }
}

#[cfg(not(target_family = "wasm"))]
impl ChunkSealer {
    /// Seals `plaintext` under its own key, opens the object again and compares.
    ///
    /// # Errors
    /// [`CryptoError::System`] when what was sealed does not open to the same bytes: a fault of the machine or of a
    /// library, which must not become a backup.
    ///
    /// # Panics
    /// When `plaintext` is empty or longer than a chunk may be.
    pub fn seal(&mut self, ckey: &ChunkKey, plaintext: &[u8]) -> Result<SealedChunk> {
        assert!((1..=MAX_CHUNK_BYTES).contains(&plaintext.len()), "a chunk has 1 byte to 1 MiB");
        self.frame.clear();
        self.compressor.compress(plaintext, &mut self.frame);
        let stored_bytes = padme(HEAD_BYTES + plaintext.len(), FLOOR_BYTES);
        let compressed_bytes = padme(HEAD_BYTES + self.frame.len(), FLOOR_BYTES);
        let mut object = Vec::new();
        if compressed_bytes < stored_bytes {
            payload_into(1, plaintext.len(), &self.frame, &mut object);
        } else {
            payload_into(0, plaintext.len(), plaintext, &mut object);
        }
        self.checked(ckey, plaintext, seal_payload(ckey, object))
    }

    /// As [`ChunkSealer::seal`], without compression.
    ///
    /// # Errors
    /// Those of [`ChunkSealer::seal`].
    ///
    /// # Panics
    /// As [`ChunkSealer::seal`].
    pub fn seal_stored(&mut self, ckey: &ChunkKey, plaintext: &[u8]) -> Result<SealedChunk> {
        self.checked(ckey, plaintext, seal_stored(ckey, plaintext))
    }

    fn checked(&mut self, ckey: &ChunkKey, plaintext: &[u8], sealed: SealedChunk) -> Result<SealedChunk> {
        self.opener.open_object(ckey, &sealed.object, &mut self.check)?;
        if self.check != plaintext {
            return Err(CryptoError::System(
                "a sealed chunk did not open to the same bytes; check this machine's memory",
            ));
        }
        Ok(sealed)
    }
}

/// Opens chunk objects; reuses its memory from one to the next.
pub struct ChunkOpener {
    decompressor: Decompressor,
    payload: Vec<u8>,
}

impl Default for ChunkOpener {
    fn default() -> Self {
        Self { decompressor: Decompressor::new(), payload: Vec::new() }
    }
}

impl ChunkOpener {
    /// Checks id, seal and lengths, and replaces `out` by the plaintext.
    ///
    /// # Errors
    /// [`CryptoError::Chunk`] when anything does not fit.
    pub fn open(&mut self, chunk: &ChunkRef, object: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if Cid::of(object) != chunk.cid {
            return Err(CryptoError::Chunk);
        }
        self.open_object(&chunk.ckey, object, out)
    }

    /// [`ChunkOpener::open`], and checks that the key is the one of the content in the private domain. Only its machine can say that of an
    /// isolated chunk; which bytes it has is settled by its id and its key all the same, which the log says.
    ///
    /// # Errors
    /// [`CryptoError::Chunk`] when anything does not fit.
    pub fn open_checked(&mut self, dedup: &DedupKey, chunk: &ChunkRef, object: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.open(chunk, object, out)?;
        let fits = chunk.domain == Domain::ISOLATED || chunk_key(dedup, out) == chunk.ckey;
        if fits { Ok(()) } else { Err(CryptoError::Chunk) }
    }

    fn open_object(&mut self, ckey: &ChunkKey, object: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let (&version, rest) = object.split_first().ok_or(CryptoError::Chunk)?;
        let (nonce, ciphertext) = rest.split_first_chunk().ok_or(CryptoError::Chunk)?;
        if version != VERSION || object.len() > iota_core::api::MAX_OBJECT_BYTES {
            return Err(CryptoError::Chunk);
        }
        self.payload.clear();
        self.payload.extend_from_slice(ciphertext);
        open_in_place(&derive(context!("chunk enc"), &[&ckey.0]), nonce, AAD, &mut self.payload)
            .map_err(|_| CryptoError::Chunk)?;
        open_payload(&mut self.decompressor, &self.payload, out)
    }
}

/// Parses a payload: what stands inside the seal.
fn open_payload(decompressor: &mut Decompressor, payload: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let (head, rest) = payload.split_first_chunk::<HEAD_BYTES>().ok_or(CryptoError::Chunk)?;
    let [codec, p0, p1, p2, p3, b0, b1, b2, b3] = *head;
    let plain_len = u32::from_le_bytes([p0, p1, p2, p3]) as usize;
    let body_len = u32::from_le_bytes([b0, b1, b2, b3]) as usize;
    let (body, padding) = rest.split_at_checked(body_len).ok_or(CryptoError::Chunk)?;
    let well_formed = (1..=MAX_CHUNK_BYTES).contains(&plain_len)
        && payload.len() == padme(HEAD_BYTES + body_len, FLOOR_BYTES)
        && padding.iter().all(|&byte| byte == 0);
    match codec {
        _ if !well_formed => Err(CryptoError::Chunk),
        0 if body_len == plain_len => {
            out.clear();
            out.extend_from_slice(body);
            Ok(())
        }
        1 => decompressor.decompress(body, plain_len, out).map_err(|_| CryptoError::Chunk),
        _ => Err(CryptoError::Chunk),
    }
}

/// Parses an arbitrary payload, for fuzzing what stands behind the seal.
///
/// # Errors
/// [`CryptoError::Chunk`].
pub fn parse_payload(payload: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    open_payload(&mut Decompressor::new(), payload, &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> (DedupKey, Vec<u8>) {
        (DedupKey::from_bytes([0x11; 32]), (0..200_000).map(|i| (i % 251) as u8).collect())
    }

    #[test]
    fn known_answer() {
        let (dedup, plaintext) = known();
        let ckey = chunk_key(&dedup, &plaintext);
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        assert_eq!(hex(&ckey.0), "03db6625177b03a535af3f69b0534cc9f70f41cff1b320a8e1c174cbe25a2505");
        let sealed = seal_stored(&ckey, &plaintext);
        assert_eq!(hex(&sealed.object[1..25]), "11376dd182a082cb62a5ca4f65d70be8ae051203d4101416");
        assert_eq!(sealed.object.len(), 200_745);
        assert_eq!(sealed.cid.to_string(), "a07ee24f6c2e6aad5fe074a0c017e99747cd74859264d7b82e87ab53dd6bbec7");
    }

    #[test]
    fn seals_and_opens_both_codecs() {
        let (dedup, compressible) = known();
        let mut random = vec![0; 70_000];
        getrandom::fill(&mut random).unwrap();
        for plaintext in [compressible, random, vec![1]] {
            let ckey = chunk_key(&dedup, &plaintext);
            let sealed = ChunkSealer::default().seal(&ckey, &plaintext).unwrap();
            let chunk = ChunkRef::private(sealed.cid, ckey);
            let mut out = Vec::new();
            ChunkOpener::default().open_checked(&dedup, &chunk, &sealed.object, &mut out).unwrap();
            assert_eq!(out, plaintext);
        }
    }
}
