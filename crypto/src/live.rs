//! The sealed channel between a machine and its owner, one key per direction.
//!
//! ```text
//! K    = derive("… live to machine" | "… live to owner", K_live)
//! text = JSON (iota_core::live), padded with spaces to a multiple of 1024 bytes
//! sealed = seq u64 ‖ 0x01 ‖ nonce24 ‖ XChaCha20Poly1305(K, nonce, text, aad = "iotabackup/live/v1\0" ‖ account16 ‖ set16 ‖ seq u64)
//! ```
//! Only the owner and this machine have the key, so what opens is theirs: the server can delay and drop, and neither read, forge nor reorder, as each
//! side takes only a `seq` above the last.

use crate::{
    derive::{context, derive},
    error::{CryptoError, Result},
    keys::LiveKey,
    seal::{open_random, seal_random},
};
use iota_core::{
    id::{AccountId, SetId},
    live::MAX_FRAME_BYTES,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

const PAD_BYTES: usize = 1024;

/// Who hears a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Orders.
    ToMachine,
    /// Status.
    ToOwner,
}

/// Whose channel it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The machine's set.
    pub set: SetId,
}

fn key(live: &LiveKey, direction: Direction) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(match direction {
        Direction::ToMachine => derive(context!("live to machine"), &[&live.0]),
        Direction::ToOwner => derive(context!("live to owner"), &[&live.0]),
    })
}

fn aad(place: &Place, seq: u64) -> Vec<u8> {
    [b"iotabackup/live/v1\0", &place.account.0[..], &place.set.0, &seq.to_le_bytes()].concat()
}

/// Seals a message with a number above that of the one before.
///
/// # Errors
/// [`CryptoError::Live`] when it is longer than [`MAX_FRAME_BYTES`].
pub fn seal(
    live: &LiveKey,
    direction: Direction,
    place: &Place,
    seq: u64,
    json: &str,
    random: &mut impl CryptoRng,
) -> Result<Vec<u8>> {
    let mut text = json.as_bytes().to_vec();
    text.resize(text.len().next_multiple_of(PAD_BYTES), b' ');
    let sealed = seal_random(&key(live, direction), &aad(place, seq), &text, random);
    let frame = [&seq.to_le_bytes()[..], &sealed].concat();
    if frame.len() > MAX_FRAME_BYTES { Err(CryptoError::Live) } else { Ok(frame) }
}

/// Opens a message, which must have a number above `after`; with its text comes that number.
///
/// # Errors
/// [`CryptoError::Live`].
pub fn open(live: &LiveKey, direction: Direction, place: &Place, after: u64, frame: &[u8]) -> Result<(u64, String)> {
    let (seq, sealed) = frame.split_first_chunk().ok_or(CryptoError::Live)?;
    let seq = u64::from_le_bytes(*seq);
    if seq <= after || frame.len() > MAX_FRAME_BYTES {
        return Err(CryptoError::Live);
    }
    let text = open_random(&key(live, direction), &aad(place, seq), sealed).map_err(|_| CryptoError::Live)?;
    let mut text = String::from_utf8(text).map_err(|_| CryptoError::Live)?;
    text.truncate(text.trim_end_matches(' ').len());
    Ok((seq, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::system_random;

    const PLACE: Place = Place { account: AccountId([1; 16]), set: SetId([2; 16]) };

    fn live(byte: u8) -> LiveKey {
        LiveKey::from_bytes([byte; 32])
    }

    #[test]
    fn a_message_opens_where_it_belongs_and_once() {
        let seal = |seq| seal(&live(1), Direction::ToMachine, &PLACE, seq, "{}", &mut system_random()).unwrap();
        let open = |key, direction, place, after, frame: &[u8]| open(&live(key), direction, place, after, frame);
        let frame = seal(7);
        assert_eq!(open(1, Direction::ToMachine, &PLACE, 6, &frame), Ok((7, "{}".to_owned())));
        let elsewhere = Place { set: SetId([3; 16]), ..PLACE };
        let wrong = Err(CryptoError::Live);
        assert_eq!(open(1, Direction::ToMachine, &PLACE, 7, &frame), wrong, "again");
        assert_eq!(open(2, Direction::ToMachine, &PLACE, 6, &frame), wrong, "another key");
        assert_eq!(open(1, Direction::ToOwner, &PLACE, 6, &frame), wrong, "sent back");
        assert_eq!(open(1, Direction::ToMachine, &elsewhere, 6, &frame), wrong, "another machine's");
        for place in [0, 8, 9, 40, frame.len() - 1] {
            let mut changed = frame.clone();
            changed[place] ^= 1;
            assert_eq!(open(1, Direction::ToMachine, &PLACE, 0, &changed), wrong, "byte {place}");
        }
        for length in [0, 7, 8, 40] {
            assert_eq!(open(1, Direction::ToMachine, &PLACE, 0, &frame[..length]), wrong);
        }
    }

    #[test]
    fn lengths_say_little_and_have_an_end() {
        let seal = |text: &str| super::seal(&live(1), Direction::ToOwner, &PLACE, 1, text, &mut system_random());
        assert_eq!(seal("a").unwrap().len(), seal(&"a".repeat(900)).unwrap().len());
        assert_eq!(seal(&"a".repeat(MAX_FRAME_BYTES)), Err(CryptoError::Live));
    }
}
