//! A request body that tells how far it is, so that a slow upload is told from a dead one.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

/// Bytes that the connection takes at a time.
const PART_BYTES: usize = 256 << 10;

/// Counts everything that moves in either direction.
#[derive(Debug, Clone, Default)]
pub(super) struct Motion(Arc<AtomicU64>);

impl Motion {
    /// Something moved.
    pub fn tell(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something has moved.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// See the module.
pub(super) struct UploadBody {
    rest: Bytes,
    motion: Motion,
}

impl UploadBody {
    /// A body of `bytes`.
    pub fn new(bytes: Bytes, motion: Motion) -> Self {
        Self { rest: bytes, motion }
    }
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.motion.tell();
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let part_bytes = self.rest.len().min(PART_BYTES);
        let part = self.rest.split_to(part_bytes);
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
