//! A request body that tells how far it is, so that a slow upload is told from a dead one.

use super::throttle::Throttle;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Instant,
};
use tokio::time::Sleep;

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
    throttle: Throttle,
    /// Bytes that may be sent once the time has come.
    next: Option<(usize, Pin<Box<Sleep>>)>,
}

impl UploadBody {
    /// A body of `bytes`.
    pub fn new(bytes: Bytes, motion: Motion, throttle: Throttle) -> Self {
        Self { rest: bytes, motion, throttle, next: None }
    }
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.motion.tell();
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let part_bytes = match self.next.take() {
            None => {
                let wanted = self.rest.len().min(PART_BYTES);
                let (part_bytes, wait) = self.throttle.take(wanted, Instant::now());
                if !wait.is_zero() {
                    let sleep = self.next.insert((part_bytes, Box::pin(tokio::time::sleep(wait))));
                    ready!(sleep.1.as_mut().poll(context));
                    self.next = None;
                }
                part_bytes
            }
            Some((part_bytes, mut sleep)) => {
                if sleep.as_mut().poll(context).is_pending() {
                    self.next = Some((part_bytes, sleep));
                    return Poll::Pending;
                }
                part_bytes
            }
        };
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
