//! Structures that everybody can read.

use super::{
    fault::{Check, Fault},
    vector::{Vector, equal},
};
use crate::restore::Wish;
use iota_core::{
    api::{
        frames::{CommitFrame, ObjectFrame, Segment, decode_bitmap, decode_objects, encode_bitmap},
        normalise_login,
    },
    certificate::SignedCertificate,
    chain,
    commit::{Body, Header, SignedHeader},
    entry::Entry,
    extent::{
        ChunkKey, ChunkRef, ExtentPageRef, decode_extent_index, decode_extent_page, encode_extent_index,
        encode_extent_page,
    },
    id::{Cid, VerifyingKey},
    page,
    path::{Key, TreePath},
    proof as proofs, refs,
    restore::SignedGrant,
    retention::{SignedDecision, What},
    slot::SignedSlotList,
    wire::{self, Reader, Writer},
};

pub(super) fn varint(vector: &Vector<'_>) -> Check {
    let mut reader = Reader::new(&vector.payload);
    let value = reader.varint()?;
    reader.finish()?;
    vector.same("value", &value)?;
    vector.same_again(&written(|writer| writer.varint(value)))
}

pub(super) fn signed_varint(vector: &Vector<'_>) -> Check {
    let mut reader = Reader::new(&vector.payload);
    let value = reader.signed()?;
    reader.finish()?;
    vector.same("value", &value)?;
    vector.same_again(&written(|writer| writer.signed(value)))
}

fn written(write: impl FnOnce(&mut Writer) -> &mut Writer) -> Vec<u8> {
    let mut writer = Writer::new();
    write(&mut writer);
    writer.finish()
}

pub(super) fn padme(vector: &Vector<'_>) -> Check {
    let floor = vector.parsed("floor")?;
    let lengths = vector.text("lengths")?.split(' ').map(|length| {
        let length = length.parse().map_err(|_| Fault::Broken("a length is no number".into()))?;
        Ok(wire::padme(length, floor).to_string())
    });
    vector.same("padded", &lengths.collect::<Check<Vec<_>>>()?.join(" "))
}

pub(super) fn path(vector: &Vector<'_>) -> Check {
    let path = TreePath::parse(&vector.payload)?;
    vector.same_bytes("key", path.key().as_bytes())?;
    equal("the path of the key", &Key::parse(path.key().as_bytes())?, &path)
}

pub(super) fn path_key(vector: &Vector<'_>) -> Check {
    let path = Key::parse(&vector.payload)?;
    vector.same_bytes("path", path.as_bytes())?;
    vector.same_again(path.key().as_bytes())
}

pub(super) fn entry(vector: &Vector<'_>) -> Check {
    let path = TreePath::parse(&vector.bytes("path")?)?;
    let entry = Entry::decode_tail(path, &vector.payload)?;
    vector.same("hash", &entry.hash())?;
    vector.same_again(&entry.encode_tail())
}

pub(super) fn page(vector: &Vector<'_>) -> Check {
    let entries = page::decode_page(&vector.payload)?;
    vector.same("items", &entries.len())?;
    vector.same_again(&page::encode_page(&entries))
}

pub(super) fn index(vector: &Vector<'_>) -> Check {
    let refs = page::decode_index(&vector.payload)?;
    vector.same("items", &refs.len())?;
    vector.same_again(&page::encode_index(&refs))
}

/// The reference that led to a page of extents, when the vector states its sums.
fn reference(vector: &Vector<'_>) -> Check<Option<ExtentPageRef>> {
    let chunk = ChunkRef::private(Cid::ZERO, ChunkKey([0; 32]));
    Ok(match vector.get("covers-bytes") {
        Some(_) => {
            Some(ExtentPageRef { chunk, bytes: vector.parsed("covers-bytes")?, count: vector.parsed("covers-count")? })
        }
        None => None,
    })
}

pub(super) fn extent_page(vector: &Vector<'_>) -> Check {
    let extents = match reference(vector)? {
        Some(reference) => reference.decode_page(&vector.payload)?,
        None => decode_extent_page(&vector.payload)?,
    };
    vector.same("items", &extents.len())?;
    vector.same_again(&encode_extent_page(&extents))
}

pub(super) fn extent_index(vector: &Vector<'_>) -> Check {
    let pages = match reference(vector)? {
        Some(reference) => reference.decode_index(&vector.payload)?,
        None => decode_extent_index(&vector.payload)?,
    };
    vector.same("items", &pages.len())?;
    vector.same_again(&encode_extent_index(&pages))
}

pub(super) fn header(vector: &Vector<'_>) -> Check {
    let signed = SignedHeader::decode(&vector.payload)?;
    signed.verify(&vector.parsed("device-key")?)?;
    vector.same("hash", &signed.header.hash())?;
    vector.same_again(&signed.encode())
}

pub(super) fn certificate(vector: &Vector<'_>) -> Check {
    let signed = SignedCertificate::decode(&vector.payload)?;
    signed.verify(&vector.parsed("identity")?)?;
    vector.same_again(&signed.encode())
}

pub(super) fn slot_list(vector: &Vector<'_>) -> Check {
    let identity: VerifyingKey = vector.parsed("identity")?;
    let signed = SignedSlotList::decode(&vector.payload)?;
    signed.verify(&identity)?;
    if vector.get("master").is_some() {
        let secret = super::text::Secret::read(vector)?;
        let master = crate::slot::open_any(&signed, &secret.as_slot_secret()?, &identity)?;
        vector.same_bytes("master", master.expose())?;
    }
    vector.same_again(&signed.encode())
}

pub(super) fn retention(vector: &Vector<'_>) -> Check {
    let signed = SignedDecision::decode(&vector.payload)?;
    signed.verify(&vector.parsed("identity")?)?;
    vector.same("version", &signed.decision.version)?;
    if let What::Keep(policy) = signed.decision.what {
        vector.same("policy", &policy)?;
    }
    vector.same_again(&signed.encode())
}

pub(super) fn restore_grant(vector: &Vector<'_>) -> Check {
    let signed = SignedGrant::decode(&vector.payload)?;
    signed.verify_signature(&vector.parsed("identity")?)?;
    vector.same("restore", &signed.grant.restore)?;
    vector.same_again(&signed.encode())
}

pub(super) fn restore_order(vector: &Vector<'_>) -> Check {
    let wish = Wish::decode(&vector.payload)?;
    vector.same("header", &wish.header)?;
    vector.same("paths", &wish.paths.len())?;
    vector.same_again(&wish.encode())
}

pub(super) fn body_plain(vector: &Vector<'_>) -> Check {
    let body = Body::decode(&vector.payload)?;
    vector.same_again(&body.encode())
}

pub(super) fn refs_root(vector: &Vector<'_>) -> Check {
    let references = refs::decode_references(&vector.payload, 1000)?;
    let count: usize = vector.parsed("added")?;
    let (added, dropped) =
        references.split_at_checked(count).ok_or_else(|| Fault::Broken("added exceeds the payload".into()))?;
    vector.same("root", &refs::refs_root(added, dropped)?)
}

pub(super) fn references(vector: &Vector<'_>) -> Check {
    let references = refs::decode_references(&vector.payload, vector.parsed("limit")?)?;
    vector.same_again(&refs::encode_references(&references))
}

pub(super) fn bitmap(vector: &Vector<'_>) -> Check {
    let known = decode_bitmap(&vector.payload, vector.parsed("count")?)?;
    vector.same_again(&encode_bitmap(&known))
}

pub(super) fn objects(vector: &Vector<'_>) -> Check {
    let frames = decode_objects(&vector.payload, vector.parsed("limit")?)?;
    let mut writer = Writer::new();
    frames.iter().for_each(|frame: &ObjectFrame<'_>| frame.write(&mut writer));
    vector.same_again(&writer.finish())
}

pub(super) fn commit_frame(vector: &Vector<'_>) -> Check {
    let frame = CommitFrame::decode(&vector.payload)?;
    vector.same_again(&frame.encode())
}

pub(super) fn segment(vector: &Vector<'_>) -> Check {
    let segment = Segment::decode(&vector.payload)?;
    vector.same_again(&segment.encode())
}

pub(super) fn chain(vector: &Vector<'_>) -> Check {
    let headers = vector.payload.chunks(Header::BYTES).map(Header::decode).collect::<wire::Result<Vec<_>>>()?;
    Ok(chain::verify_path(&headers)?)
}

pub(super) fn skip_path(vector: &Vector<'_>) -> Check {
    let seqs = chain::path(vector.parsed("from")?, vector.parsed("to")?);
    let text = seqs.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    vector.same("path", &text)
}

pub(super) fn proof(vector: &Vector<'_>) -> Check {
    let server = vector.parsed("server-id")?;
    let message = match vector.text("proof")? {
        "owner-session" => proofs::owner_session(server, vector.parsed("account")?, vector.parsed("challenge")?),
        "agent-session" => proofs::agent_session(server, vector.parsed("device")?, vector.parsed("challenge")?),
        "account-create" => proofs::account_creation(
            server,
            vector.parsed("account")?,
            &vector.parsed("identity")?,
            vector.text("login")?,
            &vector.array("auth-secret")?,
        ),
        other => return Err(Fault::Broken(format!("there is no proof called {other}"))),
    };
    vector.same_again(&message)
}

pub(super) fn login_name(vector: &Vector<'_>) -> Check {
    let raw = std::str::from_utf8(&vector.payload).map_err(|_| Fault::Broken("the login is not UTF-8".into()))?;
    vector.same_bytes("normal", normalise_login(raw).as_bytes())
}
