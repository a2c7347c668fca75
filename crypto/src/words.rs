//! Recovery words: twelve words of the English BIP-39 list, which stand for 16 bytes of entropy and a checksum.
//!
//! The key is derived from the entropy itself, not from BIP-39's PBKDF2 seed: 128 random bits need no stretching.

use crate::{
    derive::{context, derive},
    error::{CryptoError, Result},
    secret::random_bytes,
    slot::Kek,
};
use bip39::{Language, Mnemonic};
use iota_core::id::{AgreementKey, VerifyingKey};
use rand_core::CryptoRng;

/// How many words there are.
pub const WORD_COUNT: usize = 12;

/// The entropy of recovery words.
#[derive(zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct RecoveryWords([u8; 16]);

impl RecoveryWords {
    /// New random words.
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        Self(random_bytes(random))
    }

    /// Parses words separated by blanks; capital letters do not matter.
    ///
    /// # Errors
    /// [`CryptoError::Text`] when a word is not on the list, the number is not twelve, or the checksum fails.
    pub fn parse(text: &str) -> Result<Self> {
        let error = |hint| CryptoError::Text { what: "the list of recovery words", hint };
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        if words.len() != WORD_COUNT {
            return Err(error("there are twelve words"));
        }
        if let Some(_unknown) = words.iter().find(|word| Language::English.find_word(word).is_none()) {
            return Err(error("one of the words is not on the list of recovery words; compare the spelling"));
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &words.join(" "))
            .map_err(|_| error("the words do not belong together; compare each word and their order"))?;
        let (entropy, length) = mnemonic.to_entropy_array();
        if length != 16 {
            return Err(error("there are twelve words"));
        }
        Ok(Self(*entropy.first_chunk().expect("the array has 33 bytes")))
    }

    /// The words.
    pub fn words(&self) -> Vec<&'static str> {
        let mnemonic = Mnemonic::from_entropy_in(Language::English, &self.0).expect("16 bytes are a length of BIP-39");
        mnemonic.words().collect()
    }

    pub(crate) fn kek(&self) -> Kek {
        Kek::from_bytes(derive(context!("recovery words"), &[&self.0]))
    }
}

/// A random passphrase of six words: 66 bits.
pub fn random_passphrase(random: &mut impl CryptoRng) -> zeroize::Zeroizing<String> {
    let bytes = zeroize::Zeroizing::new(random_bytes::<16>(random));
    zeroize::Zeroizing::new(words_of(&bytes[..], 6).join("-"))
}

/// Four words that stand for two public keys, for a person to compare: the first 44 bits of
/// `derive("… machine fingerprint", ed25519 public ‖ x25519 public)`.
pub fn fingerprint(signing: &VerifyingKey, agreement: &AgreementKey) -> String {
    words_of(&derive(context!("machine fingerprint"), &[&signing.0, &agreement.0]), 4).join(" ")
}

/// Words for the first `11 · count` bits, most significant first.
fn words_of(bytes: &[u8], count: usize) -> Vec<&'static str> {
    let list = Language::English.word_list();
    let bit = |at: usize| usize::from(bytes[at / 8] >> (7 - at % 8) & 1);
    (0..count).map(|word| list[(0..11).fold(0, |sum, at| sum * 2 + bit(word * 11 + at))]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_words() {
        assert_eq!(words_of(&[0, 0, 0], 2), ["abandon", "abandon"]);
        assert_eq!(words_of(&[0xff; 3], 2), ["zoo", "zoo"]);
        assert_eq!(words_of(&[0, 0x20, 0x04], 2), ["ability", "ability"]);
        let (one, other) = (VerifyingKey([1; 32]), VerifyingKey([2; 32]));
        let agreement = AgreementKey([3; 32]);
        assert_eq!(fingerprint(&one, &agreement).split(' ').count(), 4);
        assert_ne!(fingerprint(&one, &agreement), fingerprint(&other, &agreement));
        let mut random = crate::secret::system_random();
        let (a, b) = (random_passphrase(&mut random), random_passphrase(&mut random));
        assert_eq!(a.split('-').count(), 6);
        assert_ne!(a, b);
    }

    #[test]
    fn words_round_trip_and_mistakes_are_found() {
        let words = RecoveryWords([0; 16]).words();
        assert_eq!(words.join(" "), format!("{} about", ["abandon"; 11].join(" ")));
        let text = RecoveryWords([9; 16]).words().join("  ").to_uppercase();
        assert_eq!(RecoveryWords::parse(&text).unwrap().0, [9; 16]);
        for bad in ["", "abandon", &["abandon"; 12].join(" "), &format!("{} abuot", ["abandon"; 11].join(" "))] {
            assert!(RecoveryWords::parse(bad).is_err(), "{bad}");
        }
    }
}
