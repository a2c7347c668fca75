//! Compression. The writer is libzstd 1.5.7 at level 3, whose output is part of the format (codec 1); the reader is
//! libzstd on machines and `ruzstd` in the browser, both cut off at the declared length.

/// Why decompression was refused.
pub(crate) struct BadFrame;

/// Magic number and a frame header descriptor of zero: no content size, no checksum, no dictionary.
const FRAME_START: [u8; 5] = [0x28, 0xb5, 0x2f, 0xfd, 0];
/// Window descriptor of 8 MiB.
const MAX_WINDOW: u8 = 13 << 3;

/// Checks that `frame` is one frame as the writer makes them, and nothing before or after it. Libraries would also
/// take skippable frames, several frames and other options: one content must not have many encodings.
///
/// Source: RFC 8878, sections 3.1.1.1 and 3.1.1.2.
fn check_frame(frame: &[u8]) -> Result<(), BadFrame> {
    let (&window, mut blocks) = frame.strip_prefix(&FRAME_START).and_then(<[u8]>::split_first).ok_or(BadFrame)?;
    if window > MAX_WINDOW {
        return Err(BadFrame);
    }
    loop {
        let (head, rest) = blocks.split_first_chunk::<3>().ok_or(BadFrame)?;
        let head = u32::from_le_bytes([head[0], head[1], head[2], 0]);
        let bytes = match head >> 1 & 3 {
            1 => 1,
            0 | 2 => (head >> 3) as usize,
            _ => return Err(BadFrame),
        };
        blocks = rest.get(bytes..).ok_or(BadFrame)?;
        if head & 1 == 1 {
            return if blocks.is_empty() { Ok(()) } else { Err(BadFrame) };
        }
    }
}

/// Largest window that a frame may ask for.
#[cfg(target_family = "wasm")]
const MAX_WINDOW_BYTES: u64 = 8 << 20;
/// The same, as libzstd counts: 2^23 bytes.
#[cfg(not(target_family = "wasm"))]
const MAX_WINDOW_LOG: u32 = 23;

/// Compresses whole messages with codec 1.
#[cfg(not(target_family = "wasm"))]
pub(crate) struct Compressor(zstd_safe::CCtx<'static>);

#[cfg(not(target_family = "wasm"))]
impl Compressor {
    /// A context of level 3: no dictionary, no checksum, no content size.
    pub(crate) fn new() -> Self {
        use zstd_safe::CParameter::{ChecksumFlag, CompressionLevel, ContentSizeFlag, DictIdFlag};
        let mut context = zstd_safe::CCtx::create();
        for parameter in [CompressionLevel(3), ContentSizeFlag(false), ChecksumFlag(false), DictIdFlag(false)] {
            context.set_parameter(parameter).expect("libzstd knows its own parameters");
        }
        Self(context)
    }

    /// Appends the frame of `plaintext` to `out` and returns its length.
    pub(crate) fn compress(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.resize(start + zstd_safe::compress_bound(plaintext.len()), 0);
        let length =
            self.0.compress2(&mut out[start..], plaintext).expect("the buffer has the size that libzstd asks for");
        out.truncate(start + length);
        length
    }
}

/// Decompresses whole messages.
#[cfg(not(target_family = "wasm"))]
pub(crate) struct Decompressor(zstd_safe::DCtx<'static>);

#[cfg(not(target_family = "wasm"))]
impl Decompressor {
    pub(crate) fn new() -> Self {
        let mut context = zstd_safe::DCtx::create();
        context
            .set_parameter(zstd_safe::DParameter::WindowLogMax(MAX_WINDOW_LOG))
            .expect("libzstd accepts a window limit of 8 MiB");
        Self(context)
    }

    /// Replaces `out` by exactly `plain_len` bytes; nothing is allocated beyond that.
    pub(crate) fn decompress(&mut self, frame: &[u8], plain_len: usize, out: &mut Vec<u8>) -> Result<(), BadFrame> {
        check_frame(frame)?;
        out.resize(plain_len, 0);
        match self.0.decompress(&mut out[..], frame) {
            Ok(length) if length == plain_len => Ok(()),
            _ => Err(BadFrame),
        }
    }
}

/// Decompresses whole messages.
#[cfg(target_family = "wasm")]
pub(crate) struct Decompressor(ruzstd::decoding::FrameDecoder);

#[cfg(target_family = "wasm")]
impl Decompressor {
    pub(crate) fn new() -> Self {
        let mut decoder = ruzstd::decoding::FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW_BYTES);
        Self(decoder)
    }

    /// Replaces `out` by exactly `plain_len` bytes; nothing is allocated beyond that and the window.
    pub(crate) fn decompress(&mut self, frame: &[u8], plain_len: usize, out: &mut Vec<u8>) -> Result<(), BadFrame> {
        check_frame(frame)?;
        out.resize(plain_len, 0);
        match self.0.decode_all(frame, &mut out[..]) {
            Ok(length) if length == plain_len => Ok(()),
            _ => Err(BadFrame),
        }
    }
}
