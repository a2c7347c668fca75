//! The chunker: where a file is cut. Boundaries depend on content, and tell nothing about it without the key.
//!
//! ```text
//! d(p) = Σ_{j=0..63} x^(63−j) · T[b_j]  mod x^64 + x^4 + x^3 + x + 1      b_j: the 64 bytes before position p
//! a cut may be at p where  u64(AES-128(K, d(p) u64 ‖ 0^64)[..8]) < threshold
//! T = XOF(derive("… chunker table", K_chunker), 2,048 bytes) as 256 u64;  K = derive("… chunker aes key", K_chunker)[..16]
//! ```
//! A universal hash, then a pseudo-random function, at every position: keyed Gear, FastCDC, buzhash and Rabin give their
//! secrets away (eprint 2025/558, 2025/532), and so would a cheaper first filter. The window runs over the file and is
//! not reset at cuts. All integers are little-endian; the lowest bit of d is the coefficient of x^0.

mod class;
mod key;
mod profile;
mod scan;
mod stream;

pub use class::SizeClass;
pub use key::ChunkerKey;
pub use profile::Profile;
pub use stream::chunks;

use scan::Scan;

/// Cuts one stream.
pub struct Chunker<'k> {
    key: &'k ChunkerKey,
    class: SizeClass,
    /// Positions of the current chunk up to here hold no cut.
    scanned: usize,
    scan: Scan,
}

impl<'k> Chunker<'k> {
    /// Begins a stream.
    pub fn new(key: &'k ChunkerKey, class: SizeClass) -> Self {
        Self { key, class, scanned: 0, scan: Scan::new() }
    }

    /// Length of the chunk at the start of `data`: at a cut, at the maximum, or (at `eof`) at the end. `None` when more
    /// data is needed, or at `eof` when there is none.
    ///
    /// A later call for the same chunk must begin with the same bytes; positions are not looked at again.
    pub fn next_cut(&mut self, data: &[u8], eof: bool) -> Option<usize> {
        let end = data.len().min(self.class.max_bytes());
        let from = self.scanned.max(self.class.min_bytes() - 1);
        let cut = self.scan.first_cut(self.key, self.class, data, from, end);
        let whole = end == self.class.max_bytes() || (eof && end > 0);
        let length = cut.or(whole.then_some(end));
        self.scanned = if length.is_some() { 0 } else { from.max(end) };
        length
    }
}
