//! Addresses within this site that come from an address: only those of this site count.

/// Percent-encodes everything but letters, digits and `/`, for a query.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Where to go after signing in: a path of this site that was asked for, else the start page.
pub fn next_page(asked: Option<&str>) -> String {
    let own = |path: &&str| {
        let mut letters = path.chars();
        // `//host` and `/\host` lead elsewhere, and browsers drop tabs and line ends.
        letters.next() == Some('/')
            && !matches!(letters.next(), Some('/' | '\\'))
            && !path.chars().any(|c| c.is_control() || c == '\\')
            && !path.starts_with("/sign-in")
    };
    asked.filter(own).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        for own in ["/", "/machines/3?x=1#at=4", "/keys"] {
            assert_eq!(next_page(Some(own)), own);
        }
        for other in
            ["", "machines", "//evil", "/\\evil", "https://evil", "/\t/evil", "/a\\b", "/sign-in?next=/sign-in"]
        {
            assert_eq!(next_page(Some(other)), "/", "{other}");
        }
        assert_eq!(next_page(None), "/");
    }

    #[test]
    fn an_address_fits_in_a_query() {
        assert_eq!(encode("/machines/3?x=1#a&b"), "/machines/3%3Fx%3D1%23a%26b");
    }
}
