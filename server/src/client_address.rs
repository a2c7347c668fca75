//! Where a request comes from: the network, to count; and the address, for the owner of a session to recognise it by.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::store::attempt;
use crate::visitor::ClientAddress;

/// A /24 of IPv4 or a /56 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(pub [u8; 8]);

impl Network {
    /// Of requests that came by no network.
    pub const NONE: Self = Self([0; 8]);

    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        let mut network = [0; 8];
        match address.to_canonical() {
            IpAddr::V4(address) => {
                network[0] = 4;
                network[1..4].copy_from_slice(&address.octets()[..3]);
            }
            IpAddr::V6(address) => {
                network[0] = 6;
                network[1..].copy_from_slice(&address.octets()[..7]);
            }
        }
        Self(network)
    }

    /// Name of what it is counted for, in [`crate::store::attempt`].
    pub fn bucket(self, what: &[u8]) -> [u8; 32] {
        attempt::bucket(&[b"network", what, &self.0])
    }
}

/// Whom to believe about the client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// The other end of the connection is the client.
    None,
    /// A proxy stands in front and appends the client's address to `X-Forwarded-For`.
    InFront,
}

/// Middleware: notes the client's network and address.
pub async fn note(State(proxy): State<Proxy>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let address = match proxy {
        Proxy::None => peer,
        Proxy::InFront => peer.filter(|peer| is_near(*peer)).and_then(|_| last_forwarded(request.headers())).or(peer),
    };
    request.extensions_mut().insert(address.map_or(Network::NONE, Network::of));
    if let Some(address) = address {
        request.extensions_mut().insert(ClientAddress(address));
    }
    next.run(request).await
}

/// A proxy of ours stands on this machine or in a network of its own; whoever comes from the internet is none.
fn is_near(peer: IpAddr) -> bool {
    match peer.to_canonical() {
        IpAddr::V4(peer) => peer.is_loopback() || peer.is_private() || peer.is_link_local(),
        IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local() || peer.is_unicast_link_local(),
    }
}

/// The entry that our own proxy appended: the last one. All before it is what the client claims.
fn last_forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let value = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let last = value.rsplit(',').next()?.trim();
    last.parse().ok().or_else(|| last.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

impl<S: Sync> FromRequestParts<S> for Network {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().copied().unwrap_or(Self::NONE))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn neighbours_are_one_network() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(network("192.0.2.1"), network("192.0.2.254"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.9"));
        assert_eq!(network("2001:db8:0:1200::1"), network("2001:db8:0:12ff::2"));
        assert_ne!(network("2001:db8:0:1200::1"), network("2001:db8:0:1300::1"));
    }

    #[test]
    fn strangers_are_no_proxies() {
        for near in
            ["127.0.0.1", "::1", "10.1.2.3", "172.17.0.1", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1", "fe80::1"]
        {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in ["192.0.2.1", "8.8.8.8", "2001:db8::1", "::ffff:8.8.8.8"] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }

    #[test]
    fn only_the_last_hop_is_believed() {
        let forwarded = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            values.iter().for_each(|value| {
                headers.append("x-forwarded-for", HeaderValue::try_from(*value).unwrap());
            });
            last_forwarded(&headers).map(|address| address.to_string())
        };
        assert_eq!(forwarded(&["10.0.0.1, 198.51.100.7"]).as_deref(), Some("198.51.100.7"));
        assert_eq!(forwarded(&["10.0.0.1", "198.51.100.8:4711"]).as_deref(), Some("198.51.100.8"));
        assert_eq!(forwarded(&["[2001:db8::1]:443"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(forwarded(&["10.0.0.1, nonsense"]), None);
        assert_eq!(forwarded(&[]), None);
    }
}
