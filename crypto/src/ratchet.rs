//! The ratchet of a log: one key for each commit, and none that leads back.
//!
//! ```text
//! BK_n     = derive("… log ratchet body", LK_n)
//! LK_{n+1} = derive("… log ratchet next", LK_n)
//! ```
//! The agent overwrites LK_n once the commit is acknowledged. Whoever steals it later cannot read history; the owner
//! recomputes any LK_n from LK_0. LK_n must never be kept beside LK_{n+1}.

use crate::{
    derive::{context, derive},
    secret::secrets,
};

secrets! {
    /// LK_n.
    LogKey;
    /// BK_n: seals one body.
    BodyKey;
}

impl LogKey {
    /// The key of the body of this step.
    pub fn body_key(&self) -> BodyKey {
        BodyKey(derive(context!("log ratchet body"), &[&self.0]))
    }

    /// The next step.
    #[must_use]
    pub fn next(&self) -> Self {
        Self(derive(context!("log ratchet next"), &[&self.0]))
    }

    /// The step `n` further on.
    #[must_use]
    pub fn advance(self, n: u64) -> Self {
        (0..n).fold(self, |key, _| key.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let root = LogKey::from_bytes([7; 32]);
        let hex = |bytes: &[u8; 32]| data_encoding::HEXLOWER.encode(bytes);
        assert_eq!(hex(root.next().expose()), "2224d62f35fe0d416c2ab84e59e1b7e71addd7f1d6e23f8a185ee556d6bec9f3");
        assert_eq!(hex(root.body_key().expose()), "5600a40ae1a75d150b2a92c36d7ec8a384a8857cfa6c34344f4f63e5b9dc58df");
        assert_eq!(root.next().next().expose(), LogKey::from_bytes([7; 32]).advance(2).expose());
    }
}
