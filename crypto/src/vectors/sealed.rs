//! Structures under keys.

use super::{
    fault::{Check, Fault},
    vector::{Vector, equal},
};
use crate::{
    body as bodies,
    chunk::{ChunkOpener, chunk_key, parse_payload, seal_stored},
    chunker::{Chunker, ChunkerKey, SizeClass},
    cut::{CutKey, ends_extent_page, pack_extents},
    keys::{ChunkerSecret, DedupKey, LabelKey, LiveKey, MasterKey},
    label as labels, live as live_channel,
    ratchet::{BodyKey, LogKey},
};
use iota_core::{
    commit::Header,
    entry::{Entry, Kind, Metadata},
    extent::{ChunkKey, ChunkRef, Extent},
    id::Cid,
    path::TreePath,
    slot::Slot,
};

pub(super) fn keys(vector: &Vector<'_>) -> Check {
    let master = MasterKey::from_bytes(vector.array("master")?);
    let (account, set, epoch) = (vector.parsed("account")?, vector.parsed("set")?, vector.parsed("epoch")?);
    vector.same("identity", &master.identity(account).verifying_key())?;
    vector.same_bytes("dedup", master.dedup_key(account, epoch).expose())?;
    vector.same_bytes("chunker", master.chunker_secret(account, epoch).expose())?;
    vector.same_bytes("cut", CutKey::new(&master.chunker_secret(account, epoch)).expose())?;
    vector.same_bytes("log-root", master.log_root(account, set, epoch).expose())?;
    let live = master.live_key(account, set, epoch);
    vector.same_bytes("live", live.expose())?;
    vector.same_bytes("isolated-dedup", live.isolated_dedup_key().expose())?;
    vector.same_bytes("isolated-chunker", live.isolated_chunker_secret().expose())?;
    vector.same_bytes("label", master.label_key(account).expose())
}

/// Lengths of the chunks of `plaintext`, cut with everything at hand and piece by piece.
pub(super) fn chunker(vector: &Vector<'_>) -> Check {
    let plaintext = vector.generated("plaintext")?;
    let key = ChunkerKey::new(&ChunkerSecret::from_bytes(vector.array("chunker")?));
    let class = match vector.text("class")? {
        "normal" => SizeClass::Normal,
        "fine" => SizeClass::Fine,
        other => return Err(Fault::Broken(format!("there is no size class {other}"))),
    };
    for piece_bytes in [plaintext.len().max(1), 10_007] {
        vector.same("lengths", &chunk_lengths(&mut Chunker::new(&key, class), &plaintext, piece_bytes))?;
    }
    Ok(())
}

fn chunk_lengths(chunker: &mut Chunker<'_>, plaintext: &[u8], piece_bytes: usize) -> String {
    let (mut start, mut end, mut lengths) = (0, 0, Vec::new());
    loop {
        match chunker.next_cut(&plaintext[start..end], end == plaintext.len()) {
            Some(length) => {
                lengths.push(length.to_string());
                start += length;
            }
            None if end == plaintext.len() => return lengths.join(" "),
            None => end = plaintext.len().min(end + piece_bytes),
        }
    }
}

pub(super) fn size_class(vector: &Vector<'_>) -> Check {
    let class = match SizeClass::of(vector.text("name")?.as_bytes(), &vector.payload) {
        SizeClass::Normal => "normal",
        SizeClass::Fine => "fine",
    };
    vector.same("class", class)
}

pub(super) fn ratchet(vector: &Vector<'_>) -> Check {
    let key = LogKey::from_bytes(vector.array("log-key")?).advance(vector.parsed("steps")?);
    vector.same_bytes("stepped", key.expose())?;
    vector.same_bytes("body-key", key.body_key().expose())
}

pub(super) fn chunk(vector: &Vector<'_>) -> Check {
    let dedup = DedupKey::from_bytes(vector.array("dedup")?);
    let chunk = ChunkRef::private(vector.parsed("cid")?, ChunkKey(vector.array("ckey")?));
    let mut plaintext = Vec::new();
    ChunkOpener::default().open_checked(&dedup, &chunk, &vector.payload, &mut plaintext)?;
    vector.same_hash("plaintext-hash", &plaintext)?;
    match seal(vector.text("codec")?, &chunk.ckey, &plaintext)? {
        Some(object) => vector.same_again(&object),
        None => Ok(()),
    }
}

pub(super) fn chunk_seal(vector: &Vector<'_>) -> Check {
    let plaintext = vector.generated("plaintext")?;
    let ckey = chunk_key(&DedupKey::from_bytes(vector.array("dedup")?), &plaintext);
    vector.same_bytes("ckey", &ckey.0)?;
    let object = seal(vector.text("codec")?, &ckey, &plaintext)?;
    // Looked at even where nothing can be compressed, so that no field counts as overlooked.
    let expected = (vector.text("nonce")?, vector.text("cid")?, vector.text("object-bytes")?);
    let Some(object) = object else { return Ok(()) };
    let found = (hex(&object[1..25]), Cid::of(&object).to_string(), object.len().to_string());
    equal("nonce, cid or length", &(&found.0[..], &found.1[..], &found.2[..]), &expected)
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// The object of `plaintext`: `stored` is codec 0, `chosen` what the writer chooses; `None` where this platform cannot
/// choose.
fn seal(codec: &str, ckey: &ChunkKey, plaintext: &[u8]) -> Check<Option<Vec<u8>>> {
    match codec {
        "stored" => Ok(Some(seal_stored(ckey, plaintext).object)),
        #[cfg(not(target_family = "wasm"))]
        "chosen" => Ok(Some(crate::chunk::ChunkSealer::default().seal(ckey, plaintext)?.object)),
        #[cfg(target_family = "wasm")]
        "chosen" => Ok(None),
        other => Err(Fault::Broken(format!("there is no codec {other}"))),
    }
}

pub(super) fn chunk_payload(vector: &Vector<'_>) -> Check {
    let payload = match vector.get("generated") {
        Some(_) => [vector.payload.clone(), vector.generated("generated")?].concat(),
        None => vector.payload.clone(),
    };
    vector.same_hash("plaintext-hash", &parse_payload(&payload)?)
}

pub(super) fn codec1(vector: &Vector<'_>) -> Check {
    let plaintext = vector.generated("plaintext")?;
    let (frame_bytes, frame_hash) = (vector.text("frame-bytes")?, vector.text("frame-hash")?);
    #[cfg(not(target_family = "wasm"))]
    {
        let mut frame = Vec::new();
        crate::compress::Compressor::new().compress(&plaintext, &mut frame);
        equal("the length of the frame", frame.len().to_string().as_str(), frame_bytes)?;
        equal("the frame", blake3::hash(&frame).to_hex().as_str(), frame_hash)?;
        open_frame(&frame, &plaintext)?;
    }
    if !vector.payload.is_empty() {
        equal("the length of the payload", vector.payload.len().to_string().as_str(), frame_bytes)?;
        equal("the payload", blake3::hash(&vector.payload).to_hex().as_str(), frame_hash)?;
        open_frame(&vector.payload, &plaintext)?;
    }
    Ok(())
}

fn open_frame(frame: &[u8], plaintext: &[u8]) -> Check {
    let mut out = Vec::new();
    crate::compress::Decompressor::new()
        .decompress(frame, plaintext.len(), &mut out)
        .map_err(|_| Fault::Broken("the frame does not open".into()))?;
    equal("the plaintext", &out[..], plaintext)
}

pub(super) fn slot(vector: &Vector<'_>) -> Check {
    let slot = Slot::decode(&vector.payload)?;
    let secret = super::text::Secret::read(vector)?;
    let identity = vector.get("identity").map(|_| vector.parsed("identity")).transpose()?;
    let master = crate::slot::open(&slot, &secret.as_slot_secret()?, identity.as_ref())?;
    vector.same_bytes("master", master.expose())?;
    if vector.get("commitment").is_some() {
        vector.same_bytes("commitment", &slot.commitment)?;
    }
    let again = crate::slot::wrap(&master, &secret.as_slot_secret()?.kek(&slot.header)?, slot.header);
    vector.same_again(&again.encode())
}

pub(super) fn body(vector: &Vector<'_>) -> Check {
    let header = Header::decode(&vector.bytes("header")?)?;
    let body = bodies::open(&BodyKey::from_bytes(vector.array("body-key")?), &header, &vector.payload)?;
    vector.same_hash("plain-hash", &body.encode())
}

pub(super) fn body_padded(vector: &Vector<'_>) -> Check {
    let body = bodies::parse_padded(&vector.payload)?;
    vector.same_hash("plain-hash", &body.encode())
}

pub(super) fn label(vector: &Vector<'_>) -> Check {
    let key = LabelKey::from_bytes(vector.array("label-key")?);
    vector.same("text", &labels::open(&key, vector.parsed("set")?, &vector.payload)?)
}

pub(super) fn live(vector: &Vector<'_>) -> Check {
    let key = LiveKey::from_bytes(vector.array("live")?);
    let place = live_channel::Place { account: vector.parsed("account")?, set: vector.parsed("set")? };
    let direction = match vector.text("to")? {
        "machine" => live_channel::Direction::ToMachine,
        "owner" => live_channel::Direction::ToOwner,
        other => return Err(Fault::Broken(format!("nobody called {other} hears"))),
    };
    let (seq, text) = live_channel::open(&key, direction, &place, vector.parsed("after")?, &vector.payload)?;
    vector.same("seq", &seq)?;
    vector.same("text", &text)
}

/// Each line of the payload is an item; the field `ends` has the numbers, from 0, of those that something ends after.
pub(super) fn cut(vector: &Vector<'_>) -> Check {
    let broken = |_| Fault::Broken("the payload is not text".into());
    let key = CutKey::new(&ChunkerSecret::from_bytes(vector.array("chunker")?));
    let what = vector.text("what")?;
    let mut ends = Vec::new();
    for (number, line) in std::str::from_utf8(&vector.payload).map_err(broken)?.lines().enumerate() {
        let is_end = match what {
            "page" => key.ends_page(&TreePath::parse(line.as_bytes())?),
            "index" => key.ends_index_page(&TreePath::parse(line.as_bytes())?),
            "bundle" => {
                // Item: number of the content and length; the content key is the hash of the number.
                let length = line.parse().map_err(|_| Fault::Broken("a length is no number".into()))?;
                key.ends_bundle(&ChunkKey(*blake3::hash(&(number as u64).to_le_bytes()).as_bytes()), length)
            }
            other => return Err(Fault::Broken(format!("nothing called {other} is cut"))),
        };
        if is_end {
            ends.push(number.to_string());
        }
    }
    vector.same("ends", &ends.join(" "))
}

/// `count` extents of 32 KiB, number i in a chunk whose cid is H(i u64) and whose key is 32 bytes of i mod 256, packed
/// with pages sealed by codec 0.
pub(super) fn extents(vector: &Vector<'_>) -> Check {
    let dedup = DedupKey::from_bytes(vector.array("dedup")?);
    let extents: Vec<Extent> = (0..vector.parsed("count")?).map(numbered_extent).collect();
    let ends: Vec<String> =
        extents.iter().enumerate().filter(|(_, extent)| ends_extent_page(extent)).map(|(i, _)| i.to_string()).collect();
    vector.same("ends", &ends.join(" "))?;
    let content = pack_extents(extents, |page| -> Check<ChunkRef> {
        let ckey = chunk_key(&dedup, &page);
        Ok(ChunkRef::private(seal_stored(&ckey, &page).cid, ckey))
    })?;
    let kind = Kind::File { size: content.bytes()?, link: None, content };
    let entry = Entry { path: TreePath::parse(b"f")?, metadata: Metadata::default(), kind };
    vector.same("entry-hash", &entry.hash())
}

fn numbered_extent(number: u64) -> Extent {
    let chunk = ChunkRef::private(Cid::of(&number.to_le_bytes()), ChunkKey([number as u8; 32]));
    Extent::Slice { chunk, offset: 0, length: 32 << 10 }
}
