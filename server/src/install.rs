//! The script that installs the agent: a template, and what this server says of itself.

use axum::http::{HeaderMap, header};
use data_encoding::BASE64;
use iota_core::api::json::Download;

use crate::security_headers::Transport;
use crate::tls::Pin;

const TEMPLATE: &str = include_str!("install/install.sh");

/// The script of a server at `url`.
///
/// Whatever stands in it is in single quotes: an address was checked by [`url`], all else is hexadecimal, base64 or a name of
/// [`crate::downloads`].
pub fn script(url: &str, pin: Option<Pin>, programs: &[Download]) -> String {
    let line = |program: &Download| {
        let Download { system, architecture, name, sha256, .. } = program;
        format!("{system} {architecture} {name} {sha256}")
    };
    let programs: Vec<String> = programs.iter().map(line).collect();
    TEMPLATE
        .replace("@URL@", url)
        .replace("@PIN_BASE64@", &pin.map(|pin| BASE64.encode(&pin.0)).unwrap_or_default())
        .replace("@PIN_HEX@", &pin.map(|pin| pin.to_string()).unwrap_or_default())
        .replace("@PROGRAMS@", &programs.join("\n"))
}

/// The address by which a client came; `None` when what it says is no name of a host.
pub fn url(headers: &HeaderMap, transport: Transport) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let scheme = match transport {
        Transport::Plain => "http",
        Transport::Tls => "https",
    };
    is_host(host).then(|| format!("{scheme}://{host}"))
}

/// A name, an address of IPv4, or one of IPv6 in brackets; with or without a port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let Some((address, rest)) = rest.split_once(']') else { return false };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').unwrap_or("?")) };
            ("v6", port)
        }
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let named = (1..=253).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    named && port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_hosts_are_believed() {
        for host in ["backup.example", "backup.example:4680", "192.0.2.1", "127.0.0.1:1", "[2001:db8::1]", "[::1]:4680"]
        {
            assert!(is_host(host), "{host}");
        }
        let bad = [
            "",
            ":1",
            "a b",
            "a'b",
            "a;b",
            "$(id)",
            "a/b",
            "a@b",
            "a:",
            "a:99999",
            "a:1:2",
            "a:+1",
            "-a",
            "::1",
            "[::1",
            "[a]:1",
            "[::1]x",
            "[::1]:",
            "a\nb",
            "ä",
            &"a".repeat(254),
        ];
        for host in bad {
            assert!(!is_host(host), "{host}");
        }
    }

    #[test]
    fn nothing_of_the_template_is_left() {
        let pin = Pin([7; 32]);
        let script = script("https://backup.example", Some(pin), &[]);
        assert!(script.contains("url='https://backup.example'") && script.contains(&format!("pin_hex='{pin}'")));
        for mark in ["@URL@", "@PIN", "@PROGRAMS@"] {
            assert!(!script.contains(mark), "{mark}");
        }
    }
}
