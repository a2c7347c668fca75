//! What an account decided about its snapshots, as it lies in the packs: with the time of receipt, from which on a deletion can be taken
//! back for a while.

use iota_core::retention::SignedDecision;
use iota_core::wire::{Reader, Result, WireError, Writer};

const TYPE: &[u8] = b"iotabackup/decision-record/v1\0";
const CLOSED_TYPE: &[u8] = b"iotabackup/closed-record/v1\0";

/// Payload of the record of a decision. It is signed, and no secret.
pub fn encode_decision(received_ms: u64, decision: &SignedDecision) -> Vec<u8> {
    let mut writer = Writer::typed(TYPE);
    writer.u64(received_ms).raw(&decision.encode());
    writer.finish()
}

/// Parses [`encode_decision`]; does not check the signature.
///
/// # Errors
/// [`WireError`].
pub fn decode_decision(payload: &[u8]) -> Result<(u64, SignedDecision)> {
    let mut reader = Reader::typed(payload, TYPE)?;
    let received_ms = reader.u64()?;
    if received_ms > i64::MAX as u64 {
        return Err(WireError::Invalid("time of receipt"));
    }
    Ok((received_ms, SignedDecision::decode(reader.rest())?))
}

/// Payload of the record that an account is closed: what came before is nobody's.
pub fn encode_closed(closed_ms: u64) -> Vec<u8> {
    let mut writer = Writer::typed(CLOSED_TYPE);
    writer.u64(closed_ms);
    writer.finish()
}

/// Parses [`encode_closed`].
///
/// # Errors
/// [`WireError`].
pub fn decode_closed(payload: &[u8]) -> Result<u64> {
    let mut reader = Reader::typed(payload, CLOSED_TYPE)?;
    let closed_ms = reader.u64()?;
    reader.finish()?;
    Ok(closed_ms)
}
