//! A stream cut into chunks, for callers that do not keep their own buffers.

use super::{Chunker, ChunkerKey, SizeClass};
use std::io::{self, Read};

/// Bytes asked of the reader at a time.
const READ_BYTES: usize = 1 << 20;

/// The chunks of `reader` in order; ends after the first error. Holds at most the longest chunk and one read.
pub fn chunks<'k, R: Read + 'k>(
    reader: R,
    key: &'k ChunkerKey,
    class: SizeClass,
) -> impl Iterator<Item = io::Result<Vec<u8>>> + 'k {
    Chunks { reader, chunker: Chunker::new(key, class), buffer: Vec::new(), start: 0, state: State::Open }
}

#[derive(PartialEq)]
enum State {
    Open,
    End,
    Failed,
}

struct Chunks<'k, R> {
    reader: R,
    chunker: Chunker<'k>,
    /// What was read and not yet given away begins at `start`.
    buffer: Vec<u8>,
    start: usize,
    state: State,
}

impl<R: Read> Chunks<'_, R> {
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let read = self.reader.by_ref().take(READ_BYTES as u64).read_to_end(&mut self.buffer)?;
        if read == 0 {
            self.state = State::End;
        }
        Ok(())
    }
}

impl<R: Read> Iterator for Chunks<'_, R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.state != State::Failed {
            let rest = &self.buffer[self.start..];
            if let Some(length) = self.chunker.next_cut(rest, self.state == State::End) {
                self.start += length;
                return Some(Ok(rest[..length].to_vec()));
            }
            if self.state == State::End {
                return None;
            }
            if let Err(error) = self.fill() {
                self.state = State::Failed;
                return Some(Err(error));
            }
        }
        None
    }
}
