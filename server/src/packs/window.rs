//! Reading a file in large steps. A sector that cannot be read is zeros: what lies there will not verify.

use std::io;

use super::disk::{ReadFile, read_full};

/// How much is read at once, at least.
const WINDOW_BYTES: usize = 1 << 20;
/// What is given up at once around a sector that cannot be read.
const BLOCK_BYTES: usize = 4096;
/// EIO.
const INPUT_OUTPUT_ERROR: i32 = 5;

/// A part of a file.
pub(super) struct Window<'a> {
    file: &'a dyn ReadFile,
    start: u64,
    buffer: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(super) fn new(file: &'a dyn ReadFile) -> Self {
        Self { file, start: 0, buffer: Vec::new() }
    }

    /// The `count` bytes at `position`; fewer at the end of the file.
    pub(super) fn bytes(&mut self, position: u64, count: usize) -> io::Result<&[u8]> {
        let held = self.start..=self.start + self.buffer.len() as u64;
        if !held.contains(&position) || !held.contains(&(position + count as u64)) {
            self.fill(position, count.max(WINDOW_BYTES))?;
        }
        let from = (position - self.start) as usize;
        Ok(&self.buffer[from..(from + count).min(self.buffer.len())])
    }

    /// The first place at or after `position` where `pattern` stands.
    pub(super) fn find(&mut self, pattern: &[u8], position: u64) -> io::Result<Option<u64>> {
        let mut at = position;
        loop {
            let bytes = self.bytes(at, WINDOW_BYTES)?;
            if let Some(index) = bytes.windows(pattern.len()).position(|bytes| bytes == pattern) {
                return Ok(Some(at + index as u64));
            }
            if bytes.len() < WINDOW_BYTES {
                return Ok(None);
            }
            at += (WINDOW_BYTES - pattern.len() + 1) as u64;
        }
    }

    fn fill(&mut self, position: u64, count: usize) -> io::Result<()> {
        let rest = self.file.len_bytes()?.saturating_sub(position);
        let count = (count as u64).min(rest) as usize;
        self.start = position;
        self.buffer.clear();
        self.buffer.resize(count, 0);
        let filled = match read_full(self.file, &mut self.buffer, position) {
            Err(error) if error.raw_os_error() == Some(INPUT_OUTPUT_ERROR) => self.fill_blocks(position)?,
            filled => filled?,
        };
        self.buffer.truncate(filled);
        Ok(())
    }

    /// Reads block by block what can be read.
    fn fill_blocks(&mut self, position: u64) -> io::Result<usize> {
        for (block, at) in self.buffer.chunks_mut(BLOCK_BYTES).zip((position..).step_by(BLOCK_BYTES)) {
            match read_full(self.file, block, at) {
                Err(error) if error.raw_os_error() == Some(INPUT_OUTPUT_ERROR) => block.fill(0),
                read => {
                    read?;
                }
            }
        }
        Ok(self.buffer.len())
    }
}
