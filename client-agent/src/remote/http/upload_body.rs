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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, time::Duration};

    #[test]
    fn a_body_that_is_held_back_arrives_whole_and_not_sooner_than_the_limit_lets_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let content: Vec<u8> = (0..30_000_u32).map(|number| number as u8).collect();
        let motion = Motion::default();
        let mut body = UploadBody::new(content.clone().into(), motion.clone(), Throttle::new(|| Some(100_000)));
        let begun = Instant::now();
        let mut arrived = Vec::new();
        runtime.block_on(async {
            while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
                arrived.extend_from_slice(&frame.unwrap().into_data().unwrap());
            }
        });
        assert_eq!(arrived, content);
        // Two parts: the second waits for the time that the first takes.
        assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
        assert!(body.is_end_stream() && motion.count() > 2);
    }
}
