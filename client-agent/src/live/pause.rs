//! A pause that somebody asked for: a file in the state directory, so that it outlives a restart, and ends by itself.

use crate::durable;
use std::{fs, io, path::Path, time::Duration};

const FILE_NAME: &str = "paused";
/// A forgotten pause is no reason to have no backup.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Rests until a time, milliseconds since 1970.
///
/// # Errors
/// Those of the file system.
pub fn set(state_dir: &Path, until_ms: u64) -> io::Result<()> {
    durable::create_private_dir(state_dir)?;
    durable::write(&state_dir.join(FILE_NAME), until_ms.to_string().as_bytes())
}

/// Goes on. Says whether there was a pause.
///
/// # Errors
/// Those of the file system.
pub fn end(state_dir: &Path) -> io::Result<bool> {
    match fs::remove_file(state_dir.join(FILE_NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        result => result.map(|()| true),
    }
}

/// Until when to rest; `None` when there is no pause, or none any more. What is no pause of ours is none.
pub fn until_ms(state_dir: &Path, now_ms: u64) -> Option<u64> {
    let text = fs::read_to_string(state_dir.join(FILE_NAME)).ok()?;
    let longest_ms = now_ms + LONGEST.as_millis() as u64;
    text.trim().parse().ok().filter(|until_ms| (now_ms + 1..=longest_ms).contains(until_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_by_itself_and_is_never_longer_than_a_week() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(until_ms(directory.path(), 5), None);
        assert!(!end(directory.path()).unwrap());
        set(directory.path(), 10).unwrap();
        assert_eq!((until_ms(directory.path(), 5), until_ms(directory.path(), 10)), (Some(10), None));
        set(directory.path(), 6 + LONGEST.as_millis() as u64).unwrap();
        assert_eq!(until_ms(directory.path(), 5), None);
        set(directory.path(), 10).unwrap();
        assert!(end(directory.path()).unwrap());
        assert_eq!(until_ms(directory.path(), 5), None);
    }
}
