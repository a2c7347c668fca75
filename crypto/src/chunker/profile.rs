//! Which cut rule a domain uses.

use iota_core::wire::{Result, WireError};

/// A cut rule, as a keyring names it by one byte. One domain has one, for ever: another one would cut everything anew.
///
/// 2 is set aside for SipHash-2-4 in place of AES, for machines without AES instructions; this version refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// 1: universal hash, then AES-128.
    Aes,
}

impl Profile {
    /// The byte.
    pub const fn code(self) -> u8 {
        match self {
            Self::Aes => 1,
        }
    }

    /// Parses the byte.
    ///
    /// # Errors
    /// [`WireError::Invalid`] for a profile that this version does not have.
    pub const fn parse(code: u8) -> Result<Self> {
        match code {
            1 => Ok(Self::Aes),
            _ => Err(WireError::Invalid("chunker profile")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_profiles_parse() {
        for code in 0..=u8::MAX {
            assert_eq!(Profile::parse(code).map(Profile::code).ok(), (code == 1).then_some(1));
        }
    }
}
