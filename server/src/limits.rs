//! How much a client may ask for. Sizes of single requests are part of the API and stand in `iota_core::api`.

use serde::Deserialize;

/// Section `[limits]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Open connections; more are closed at once.
    pub connections: usize,
    /// Open connections of one address, unless a proxy stands in front.
    pub connections_per_address: usize,
    /// Requests of one account in a second, on average; ten times as many at once.
    pub requests_per_s: u32,
    /// Requests of somebody unknown from one network in a second, on average; ten times as many at once.
    pub strangers_per_s: u32,
    /// Seconds in which the headers of a request must have come.
    pub header_s: u64,
    /// Seconds for which a client may say nothing while the body of a request is due.
    pub body_s: u64,
    /// Bytes of a body that must come in each second, on average, once these seconds have gone.
    pub body_bytes_per_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 256,
            requests_per_s: 200,
            strangers_per_s: 20,
            header_s: 10,
            body_s: 10,
            body_bytes_per_s: 8192,
        }
    }
}
