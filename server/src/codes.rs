//! One-time codes: the set-up token and invitations. 120 random bits in base32, in four groups; only their hash is kept.

use data_encoding::BASE32_NOPAD;
use iota_core::id::Digest;
use zeroize::Zeroizing;

/// How long a set-up token is good.
pub const SETUP_MS: u64 = 24 * 60 * 60 * 1000;
/// Milliseconds of a day, in which invitations are measured.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Most days that an invitation is good.
pub const MAX_INVITATION_DAYS: u32 = 30;

const BYTES: usize = 15;
const GROUP: usize = 6;

/// What a code makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// The first account, an administrator.
    Setup,
    /// One more account.
    Invitation,
}

impl CodeKind {
    /// As it stands in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Invitation => "invitation",
        }
    }
}

/// A code as people see it.
pub struct CodeText(pub Zeroizing<String>);

impl CodeText {
    /// The code of random bytes.
    pub fn new(random: [u8; BYTES]) -> Self {
        let text = Zeroizing::new(BASE32_NOPAD.encode(&random));
        let groups: Vec<&str> =
            (0..text.len()).step_by(GROUP).map(|at| &text[at..(at + GROUP).min(text.len())]).collect();
        Self(Zeroizing::new(groups.join("-")))
    }

    /// The hash by which it is kept.
    pub fn hash(&self) -> Digest {
        hash(&self.0).expect("the text was made from bytes")
    }
}

/// The hash of a code as somebody typed it; `None` when it cannot be one.
pub fn hash(typed: &str) -> Option<Digest> {
    if typed.len() > 100 {
        return None;
    }
    let plain: Zeroizing<String> = Zeroizing::new(
        typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect(),
    );
    let bytes = Zeroizing::new(BASE32_NOPAD.decode(plain.as_bytes()).ok()?);
    (bytes.len() == BYTES).then(|| Digest::of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_typed() {
        let code = CodeText::new([0xa5; BYTES]);
        assert_eq!(code.0.len(), 27);
        assert_eq!(hash(&format!(" {} ", code.0.to_lowercase().replace('-', " "))), Some(code.hash()));
        for wrong in
            ["", "ABCDEF", &code.0[1..], &format!("{}A", *code.0), "1BCDEF-ABCDEF-ABCDEF-ABCDEF", &"A".repeat(1000)]
        {
            assert_eq!(hash(wrong), None, "{wrong}");
        }
        assert_ne!(CodeText::new([0; BYTES]).hash(), code.hash());
    }
}
