//! What every target checks: a parser of foreign bytes never panics, never takes more memory than its bound, and accepts
//! of each value exactly the bytes that a writer would write.

use cap::Cap;
use data_encoding::BASE32_NOPAD;
use std::{alloc::System, fmt::Debug};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What any call may take, bytes: messages, small buffers.
const SLACK_BYTES: usize = 64 << 10;

/// Runs `parse`; ends the process when it holds more than `bytes` at one time.
pub fn within<T>(bytes: usize, parse: impl FnOnce() -> T) -> T {
    let limit = MEMORY.allocated().saturating_add(bytes).saturating_add(SLACK_BYTES);
    MEMORY.set_limit(limit).expect("the limit is above what is in use");
    let parsed = parse();
    MEMORY.set_limit(usize::MAX).expect("everything is above what is in use");
    parsed
}

/// Parses `data` within `factor` times its length, and writes what was understood: the same bytes must come out.
pub fn one_encoding<'a, T, E>(
    data: &'a [u8],
    factor: usize,
    parse: impl FnOnce(&'a [u8]) -> Result<T, E>,
    write: impl FnOnce(&T) -> Vec<u8>,
) -> Option<T> {
    let parsed = within(data.len() * factor, || parse(data)).ok()?;
    assert_eq!(write(&parsed), data, "a value has two encodings");
    Some(parsed)
}

/// Parses `text`; what is written of it must parse, and be written in the same way again.
pub fn settles<T, E: Debug>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, E>,
    write: impl Fn(&T) -> String,
) -> Option<T> {
    let parsed = within(text.len() * 16, || parse(text)).ok()?;
    let written = write(&parsed);
    let again = parse(&written).expect("what was written parses");
    assert_eq!(write(&again), written, "a text does not settle");
    Some(parsed)
}

/// `PREFIX-` and base32 of `bytes ‖ checksum`, as `docs/format/keys.md` says: no fuzzer guesses a checksum.
pub fn checked_text(prefix: &str, bytes: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("iotabackup 2026-11 v1 text checksum");
    hasher.update(prefix.as_bytes()).update(bytes);
    let sum = hasher.finalize();
    format!("{prefix}-{}", BASE32_NOPAD.encode(&[bytes, &sum.as_bytes()[..4]].concat()))
}
