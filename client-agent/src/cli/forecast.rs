//! How much a backup has before it, so that it can say how long it takes: a second walk beside it, which reads nothing.

use iota_agent::{
    backup::source::{Event, FoundKind, Source},
    scan::Scan,
};
use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

/// Walks to the end and tells the sum of all sizes, unless `stop` says that nobody needs it any more.
///
/// # Errors
/// When the file system cannot be walked; the backup will say so, too.
pub fn forecast(mut walk: Scan, expect: impl FnOnce(u64), stop: &AtomicBool) -> io::Result<()> {
    let mut total_bytes = 0;
    while let Some(event) = walk.next()? {
        if let Event::Found(found) = event
            && matches!(found.kind, FoundKind::File { .. })
        {
            total_bytes += found.stamp.size;
        }
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
    }
    expect(total_bytes);
    Ok(())
}
