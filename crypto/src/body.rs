//! Commit bodies.
//!
//! ```text
//! padded = plain_len u32 ‖ frame_len u32 ‖ zstd frame ‖ zeros       padmé, 512 bytes at least
//! sealed = 0x01 ‖ nonce24 (random) ‖ XChaCha20Poly1305(BK_n, nonce, padded, aad)
//! aad    = "iotabackup/log/v1" ‖ account ‖ set ‖ device ‖ seq u64 ‖ kind u8 ‖ prev ‖ key_epoch u32
//! ```

use crate::{
    compress::Decompressor,
    error::{CryptoError, Result},
    ratchet::BodyKey,
    seal::open_random,
};
use iota_core::{
    commit::{Body, CommitKind, Header, MAX_BODY_PLAIN_BYTES},
    id::{AccountId, Cid, DeviceId, HeaderHash, SetId},
    wire::{Reader, Writer, padme, zero_padding},
};

const FLOOR_BYTES: usize = 512;

/// Where a body stands in a log; it opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPlace {
    /// Owner of the set.
    pub account: AccountId,
    /// The set.
    pub set: SetId,
    /// The machine that writes.
    pub device: DeviceId,
    /// Number of the commit.
    pub seq: u64,
    /// Base or delta.
    pub kind: CommitKind,
    /// Hash of the header before.
    pub prev: HeaderHash,
    /// Key epoch.
    pub key_epoch: u32,
}

impl From<&Header> for BodyPlace {
    fn from(header: &Header) -> Self {
        let &Header { account, set, device, seq, kind, prev, key_epoch, .. } = header;
        Self { account, set, device, seq, kind, prev, key_epoch }
    }
}

impl BodyPlace {
    fn aad(&self) -> Vec<u8> {
        let mut writer = Writer::typed(b"iotabackup/log/v1");
        writer.raw(&self.account.0).raw(&self.set.0).raw(&self.device.0).u64(self.seq);
        writer.u8(self.kind.code()).raw(&self.prev.0).u32(self.key_epoch);
        writer.finish()
    }
}

/// Seals a body that opens only at `place`, after reading back what it will seal: what a reader would refuse is not
/// written.
///
/// # Errors
/// [`iota_core::wire::WireError`] when it exceeds the limits of the format or its operations are out of order;
/// [`CryptoError::System`] when it does not read back.
#[cfg(not(target_family = "wasm"))]
pub fn seal(key: &BodyKey, place: &BodyPlace, body: &Body, random: &mut impl rand_core::CryptoRng) -> Result<Vec<u8>> {
    use iota_core::{commit::MAX_BODY_BYTES, wire::WireError};
    let plaintext = body.encode();
    if plaintext.len() > MAX_BODY_PLAIN_BYTES {
        return Err(WireError::TooLarge("commit body").into());
    }
    if Body::decode(&plaintext)? != *body {
        return Err(CryptoError::System(
            "a commit body did not read back as it was written; check this machine's memory",
        ));
    }
    let mut frame = Vec::new();
    crate::compress::Compressor::new().compress(&plaintext, &mut frame);
    let mut writer = Writer::new();
    writer.u32(plaintext.len() as u32).u32(frame.len() as u32).raw(&frame);
    let mut padded = writer.finish();
    padded.resize(padme(padded.len(), FLOOR_BYTES), 0);
    let sealed = crate::seal::seal_random(&key.0, &place.aad(), &padded, random);
    if sealed.len() > MAX_BODY_BYTES { Err(WireError::TooLarge("commit body").into()) } else { Ok(sealed) }
}

/// Opens the body of a commit whose header was verified.
///
/// # Errors
/// [`CryptoError::Body`] when the bytes are not those that the header names, or were sealed for another place or key.
pub fn open(key: &BodyKey, header: &Header, sealed: &[u8]) -> Result<Body> {
    if sealed.len() != header.body_len as usize || Cid::of(sealed) != header.body_cid {
        return Err(CryptoError::Body);
    }
    let padded = open_random(&key.0, &BodyPlace::from(header).aad(), sealed).map_err(|_| CryptoError::Body)?;
    let body = parse_padded(&padded)?;
    if body.kind() == header.kind { Ok(body) } else { Err(CryptoError::Body) }
}

/// Parses what stands inside the seal of a body.
///
/// # Errors
/// [`CryptoError::Body`] when the frame is malformed, [`CryptoError::Wire`] when what it holds is.
pub fn parse_padded(padded: &[u8]) -> Result<Body> {
    let mut reader = Reader::new(padded);
    let (plain_len, frame_len) = (reader.u32()? as usize, reader.u32()? as usize);
    let frame = reader.raw(frame_len).map_err(|_| CryptoError::Body)?;
    if plain_len > MAX_BODY_PLAIN_BYTES || padded.len() != padme(8 + frame_len, FLOOR_BYTES) {
        return Err(CryptoError::Body);
    }
    zero_padding(reader.rest()).map_err(|_| CryptoError::Body)?;
    let mut plaintext = Vec::new();
    Decompressor::new().decompress(frame, plain_len, &mut plaintext).map_err(|_| CryptoError::Body)?;
    Ok(Body::decode(&plaintext)?)
}
