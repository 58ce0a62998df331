//! Bytes into blocks of whole lines.

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::source::Source;
use crate::failure::Failure;

/// Bytes of a block, and so of the longest line.
const BLOCK_BYTES: usize = 1 << 18;

/// What some programs put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The blocks of a source.
pub(crate) struct Blocks {
    source: Source,
    buffer: Box<[u8]>,
    /// Bytes that were read and not given out yet.
    held: Range<usize>,
    /// Lines given out.
    lines: u64,
    is_over: bool,
}

impl Blocks {
    /// The blocks of `source`.
    pub(crate) fn new(source: Source) -> Self {
        let buffer = vec![0; BLOCK_BYTES].into_boxed_slice();
        Self { source, buffer, held: 0..0, lines: 0, is_over: false }
    }

    /// Where the bytes come from.
    pub(crate) const fn source(&self) -> &Source {
        &self.source
    }

    /// The first line, without a byte order mark; `None` where there is nothing.
    pub(crate) fn header(&mut self) -> Result<Option<&[u8]>, Failure> {
        let whole = self.fill()?;
        let text = &self.buffer[..whole];
        let Some((_, line)) = (Lines { text, count: &mut self.lines }).next() else { return Ok(None) };
        // Its end: the line feed, and what stood before it.
        self.held.start = memchr(b'\n', text).map_or(whole, |at| at + 1);
        Ok(Some(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)))
    }

    /// The next whole lines, as many as there are without waiting longer; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Lines<'_>>, Failure> {
        let whole = self.fill()?;
        self.held.start = whole;
        let text = &self.buffer[..whole];
        Ok((whole > 0).then_some(Lines { text, count: &mut self.lines }))
    }

    /// Makes the buffer begin with whole lines, reading on where it must; gives their length, 0 at the end.
    fn fill(&mut self) -> Result<usize, Failure> {
        self.buffer.copy_within(self.held.clone(), 0);
        self.held = 0..self.held.len();
        let mut whole = last_line_end(&self.buffer[..self.held.end]);
        while whole == 0 && !self.is_over {
            if self.held.end == self.buffer.len() {
                let (name, line, kib) = (self.source.name(), self.lines + 1, BLOCK_BYTES >> 10);
                return Err(Failure::Failed(format!("{name}:{line}: a line of more than {kib} KiB; is this CSV?")));
            }
            let start = self.held.end;
            let count = self.source.read(&mut self.buffer[start..])?;
            self.is_over = count == 0;
            self.held.end += count;
            whole = match last_line_end(&self.buffer[start..self.held.end]) {
                0 => 0,
                end => start + end,
            };
        }
        Ok(if self.is_over { self.held.end } else { whole })
    }
}

/// Where the last whole line ends; 0 where there is none.
fn last_line_end(text: &[u8]) -> usize {
    memrchr(b'\n', text).map_or(0, |at| at + 1)
}

/// The lines of a block, each with its number in the file, counted from 1.
pub(crate) struct Lines<'b> {
    text: &'b [u8],
    count: &'b mut u64,
}

impl<'b> Iterator for Lines<'b> {
    type Item = (u64, &'b [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.text.is_empty() {
            return None;
        }
        let (line, rest) = match memchr(b'\n', self.text) {
            Some(at) => (&self.text[..at], &self.text[at + 1..]),
            None => (self.text, &[][..]),
        };
        self.text = rest;
        *self.count += 1;
        Some((*self.count, line.strip_suffix(b"\r").unwrap_or(line)))
    }
}
