//! Light or dark, when somebody has chosen: a cookie, so that the server writes it into the page before anything is drawn.

/// Name of the cookie.
pub const THEME: &str = "iota-theme";

/// A theme that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// By day.
    Light,
    /// By night.
    Dark,
}

impl Theme {
    /// The one that the header `Cookie` tells, if any.
    pub fn of_cookies(header: &str) -> Option<Self> {
        let value = header.split(';').find_map(|cookie| cookie.trim().strip_prefix(THEME)?.strip_prefix('='))?;
        match value {
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            _ => None,
        }
    }

    /// As it stands on the root element.
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_tells_the_theme() {
        assert_eq!(Theme::of_cookies("__Host-iota=x; iota-theme=dark"), Some(Theme::Dark));
        assert_eq!(Theme::of_cookies("iota-theme=light"), Some(Theme::Light));
        for other in ["", "iota-theme=\"><b>", "iota-themes=dark", "x=iota-theme=dark"] {
            assert_eq!(Theme::of_cookies(other), None, "{other}");
        }
    }
}
