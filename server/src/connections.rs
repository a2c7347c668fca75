//! Connections: no more than are allowed, and none that neither reads nor writes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a client may take nothing of what we have for it.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);

/// Accepts connections while there is room; closes the others at once.
#[derive(Clone, Debug)]
pub struct Bounded(Arc<Room>);

#[derive(Debug)]
struct Room {
    connections: usize,
    per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One place in the room; given back when the connection ends.
#[derive(Debug)]
struct Seat {
    room: Arc<Room>,
    address: IpAddr,
}

impl Bounded {
    /// Room for `connections`, of which one address may have `per_address`.
    pub fn new(connections: usize, per_address: usize) -> Self {
        Self(Arc::new(Room { connections, per_address, taken: Mutex::default() }))
    }

    fn seat(&self, address: IpAddr) -> Option<Seat> {
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        if all >= self.0.connections || taken.get(&address).is_some_and(|&own| own >= self.0.per_address) {
            return None;
        }
        *taken.entry(address).or_default() += 1;
        Some(Seat { room: self.0.clone(), address })
    }
}

/// One host has all addresses of a /64 of IPv6.
fn host_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address => address,
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.room.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut own) = taken.entry(self.address) {
            *own.get_mut() -= 1;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = Connection<TcpStream>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(stream.peer_addr().and_then(|peer| {
            let full = || io::Error::other("too many connections");
            let seat = self.seat(host_of(peer.ip())).ok_or_else(full)?;
            stream.set_nodelay(true)?;
            Ok((Connection::new(stream, seat), service))
        }))
    }
}

/// A connection that ends when its client stops reading.
pub struct Connection<T> {
    inner: T,
    stalled: Option<Pin<Box<Sleep>>>,
    _seat: Seat,
}

impl<T> Connection<T> {
    fn new(inner: T, seat: Seat) -> Self {
        Self { inner, stalled: None, _seat: seat }
    }

    /// Passes a result of writing on, unless the client has taken nothing for too long.
    fn watch<R>(&mut self, polled: Poll<io::Result<R>>, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let sleep = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + WRITE_PATIENCE)));
        if sleep.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client stopped reading")));
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.watch(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(context);
        self.watch(polled, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    fn seat() -> Seat {
        Bounded::new(1, 1).seat(IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_left() {
        let (near, _far) = duplex(16);
        let written = Connection::new(near, seat()).write_all(&[0; 1000]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_is_served() {
        let (near, mut far) = duplex(16);
        let reader = tokio::spawn(async move {
            let mut buffer = [0; 16];
            let mut total = 0;
            while total < 1000 {
                tokio::time::sleep(WRITE_PATIENCE / 2).await;
                total += far.read(&mut buffer).await.unwrap();
            }
        });
        Connection::new(near, seat()).write_all(&[0; 1000]).await.unwrap();
        reader.await.unwrap();
    }

    #[test]
    fn a_host_has_more_than_one_address() {
        let host = |text: &str| host_of(text.parse().unwrap());
        assert_eq!(host("2001:db8::1"), host("2001:db8::ffff:1:2:3"));
        assert_ne!(host("2001:db8::1"), host("2001:db8:0:1::1"));
        assert_ne!(host("192.0.2.1"), host("192.0.2.2"));
        assert_eq!(host("192.0.2.1"), host("::ffff:192.0.2.1"));
    }

    #[test]
    fn one_address_cannot_take_all_the_room() {
        let bounded = Bounded::new(3, 2);
        let address = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let seats = [bounded.seat(address(1)), bounded.seat(address(1))];
        assert!(seats.iter().all(Option::is_some));
        assert!(bounded.seat(address(1)).is_none());
        let third = bounded.seat(address(2));
        assert!(third.is_some() && bounded.seat(address(3)).is_none());
        drop(seats);
        assert!(bounded.seat(address(3)).is_some());
        drop(third);
        assert!(bounded.0.taken.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn more_than_are_allowed_are_closed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bounded = Bounded::new(1, 1);
        let accept = async || {
            let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (far, _) = listener.accept().await.unwrap();
            (near, bounded.accept(far, ()).await)
        };
        let (_near, first) = accept().await;
        let (mut refused, second) = accept().await;
        assert!(first.is_ok() && second.is_err());
        assert_eq!(refused.read(&mut [0; 1]).await.unwrap(), 0);
        drop(first);
        assert!(accept().await.1.is_ok());
    }
}
