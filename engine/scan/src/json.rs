//! A JSON reader that keeps its buffers: one per connection, no allocation per message once they have grown.

use std::fmt;

use simd_json::{Buffers, ErrorType, INPUT_PADDING, Tape};

use crate::Value;

/// Why a message is not JSON that can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonError {
    /// Not JSON: syntax, bad UTF-8, truncation, or a number beyond `f64` and `u128`.
    Malformed,
    /// Longer than the reader's limit.
    TooLarge,
    /// Nested more deeply than the reader's limit.
    TooDeep,
    /// An object names a key that was asked for twice: it cannot be known which was meant.
    DuplicateKey,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Malformed => "not valid JSON",
            Self::TooLarge => "larger than the limit",
            Self::TooDeep => "nested more deeply than the limit",
            Self::DuplicateKey => "a key stands twice in an object",
        })
    }
}

impl std::error::Error for JsonError {}

/// Reads JSON texts one after another.
///
/// The message is copied behind its padding into a buffer of the reader, where simd-json indexes and unescapes it in
/// place; strings of the [`Document`] point into that buffer.
pub struct JsonReader {
    input: Vec<u8>,
    buffers: Buffers,
    /// Empty between messages; kept for its capacity.
    tape: Tape<'static>,
    bytes_max: usize,
}

impl JsonReader {
    /// A reader of messages up to `bytes_max` bytes and `depth_max` levels.
    #[must_use]
    pub fn new(bytes_max: usize, depth_max: usize) -> Self {
        Self { input: Vec::new(), buffers: Buffers::with_max_depth(0, depth_max), tape: Tape(Vec::new()), bytes_max }
    }

    /// Reads one text.
    ///
    /// # Errors
    /// Every [`JsonError`] but [`JsonError::DuplicateKey`], which only [`Object::pick`](crate::Object::pick) gives.
    #[inline]
    pub fn read(&mut self, text: &[u8]) -> Result<Document<'_>, JsonError> {
        if text.len() > self.bytes_max {
            return Err(JsonError::TooLarge);
        }
        self.input.clear();
        self.input.extend_from_slice(text);
        self.input.resize(text.len() + INPUT_PADDING, 0);
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let outcome = simd_json::fill_tape_padded(&mut self.input, text.len(), &mut self.buffers, &mut tape);
        let document = Document { tape, home: &mut self.tape };
        match outcome {
            Ok(()) if !document.tape.0.is_empty() => Ok(document),
            Ok(()) => Err(JsonError::Malformed),
            Err(error) => Err(match error.error() {
                ErrorType::DepthLimitExceeded => JsonError::TooDeep,
                ErrorType::InputTooLarge => JsonError::TooLarge,
                _ => JsonError::Malformed,
            }),
        }
    }
}

/// A text that was read. Dropping it gives its storage back to the reader.
pub struct Document<'a> {
    /// Not empty: starts with the root.
    tape: Tape<'a>,
    home: &'a mut Tape<'static>,
}

impl Document<'_> {
    /// The outermost value.
    #[must_use]
    #[inline]
    pub fn root(&self) -> Value<'_> {
        Value::new(&self.tape.0, 0)
    }
}

impl Drop for Document<'_> {
    fn drop(&mut self) {
        *self.home = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
    }
}
