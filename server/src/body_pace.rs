//! Bodies that come too slowly are cut off, so that nobody holds a request open for ever. Only the time in which we wait
//! for the client counts.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::{Instant, Sleep, sleep_until};

/// How slow a body may be.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a client may be silent at first.
    pub grace: Duration,
    /// What a body must bring in each second, on average, once that time has gone.
    pub bytes_per_s: u32,
}

/// Middleware: a body must keep the pace.
pub async fn keep(State(pace): State<Pace>, request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::new(PacedBody::new(body, pace)))).await
}

/// See [`keep`].
struct PacedBody {
    inner: Body,
    bytes_per_s: u32,
    /// How long the client may still keep us waiting.
    credit: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl PacedBody {
    fn new(inner: Body, pace: Pace) -> Self {
        Self { inner, bytes_per_s: pace.bytes_per_s, credit: pace.grace, waiting: None }
    }

    fn earn(&mut self, bytes: usize) {
        let earned = Duration::from_secs_f64(bytes as f64 / f64::from(self.bytes_per_s.max(1)));
        self.credit = self.credit.saturating_add(earned);
    }

    fn spend_waited(&mut self) {
        if let Some((since, _)) = self.waiting.take() {
            self.credit = self.credit.saturating_sub(since.elapsed());
        }
    }

    fn is_too_slow(&mut self, context: &mut Context<'_>) -> bool {
        let credit = self.credit;
        let (_, sleep) = self.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + credit)))
        });
        sleep.as_mut().poll(context).is_ready()
    }
}

impl HttpBody for PacedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        match polled {
            Poll::Ready(frame) => {
                self.spend_waited();
                if let Some(Ok(frame)) = &frame {
                    self.earn(frame.data_ref().map_or(0, Bytes::len));
                }
                Poll::Ready(frame)
            }
            Poll::Pending if self.is_too_slow(context) => {
                let slow = io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly");
                Poll::Ready(Some(Err(axum::Error::new(slow))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};
    use http_body_util::BodyExt;

    use super::*;

    const PACE: Pace = Pace { grace: Duration::from_secs(10), bytes_per_s: 8192 };

    /// Sends `bytes` every `every`, `count` times.
    async fn collect(bytes: usize, every: Duration, count: usize) -> Result<usize, axum::Error> {
        let stream = stream::iter(0..count).then(move |_| async move {
            tokio::time::sleep(every).await;
            Ok::<_, io::Error>(Bytes::from(vec![0; bytes]))
        });
        let body = PacedBody::new(Body::from_stream(stream), PACE);
        Ok(body.collect().await?.to_bytes().len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_body_may_take_as_long_as_it_needs() {
        assert_eq!(collect(8192, Duration::from_secs(1), 3600).await.unwrap(), 3600 * 8192);
        assert_eq!(collect(100_000, Duration::from_secs(9), 100).await.unwrap(), 10_000_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_cut_off() {
        assert!(collect(1, Duration::from_secs(1), 3600).await.is_err());
        assert!(collect(0, Duration::from_secs(11), 1).await.is_err());
        assert!(collect(4096, Duration::from_secs(1), 3600).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nobody_reads_does_not_count() {
        let two = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"one")), Ok(Bytes::from_static(b"two"))]);
        let mut body = PacedBody::new(Body::from_stream(two), PACE);
        body.frame().await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "two");
    }
}
