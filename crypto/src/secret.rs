//! Secrets: types without `Debug`, `Clone` or serialisation, wiped when dropped.

use rand_core::CryptoRng;

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
        pub struct $name(pub(crate) [u8; 32]);

        impl $name {
            /// Takes over the bytes.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes, for the one place that stores or sends them.
            pub fn expose(&self) -> &[u8; 32] {
                &self.0
            }
        }
    )*};
}
pub(crate) use secrets;

/// `N` random bytes.
pub fn random_bytes<const N: usize>(random: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill_bytes(&mut bytes);
    bytes
}

/// The operating system's generator.
pub fn system_random() -> impl CryptoRng {
    rand_core::UnwrapErr(getrandom::SysRng)
}
