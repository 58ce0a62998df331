//! Values of a JSON document: small cursors over simd-json's tape.

use simd_json::{Node, StaticNode};

use crate::{JsonError, NumberError, decimal, integer, integer128, unsigned_decimal};

/// One value of a [`Document`](crate::Document).
///
/// Conversions give `None` where the value is of another type, and take a number written as a JSON number or as a
/// string: venues do both.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    tape: &'a [Node<'a>],
    /// In range of `tape`.
    at: usize,
}

impl<'a> Value<'a> {
    #[inline]
    pub(crate) fn new(tape: &'a [Node<'a>], at: usize) -> Self {
        debug_assert!(at < tape.len());
        Self { tape, at }
    }

    #[inline]
    fn node(self) -> Node<'a> {
        self.tape[self.at]
    }

    /// Nodes this value takes on the tape.
    #[inline]
    fn extent(self) -> usize {
        match self.node() {
            Node::Object { count, .. } | Node::Array { count, .. } => count + 1,
            _ => 1,
        }
    }

    /// Where the value stands in its document, for [`Value::at`].
    #[must_use]
    #[inline]
    pub const fn position(self) -> usize {
        self.at
    }

    /// The value of the same document at a [`Value::position`].
    ///
    /// # Panics
    /// When the position lies outside the document.
    #[must_use]
    #[inline]
    pub fn at(self, position: usize) -> Self {
        assert!(position < self.tape.len(), "a position of another document");
        Self { tape: self.tape, at: position }
    }

    /// The text of a string, unescaped.
    #[must_use]
    #[inline]
    pub fn text(self) -> Option<&'a str> {
        match self.node() {
            Node::String(text) => Some(text),
            _ => None,
        }
    }

    /// A truth value.
    #[must_use]
    #[inline]
    pub fn truth(self) -> Option<bool> {
        match self.node() {
            Node::Static(StaticNode::Bool(truth)) => Some(truth),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    #[inline]
    pub fn is_null(self) -> bool {
        matches!(self.node(), Node::Static(StaticNode::Null))
    }

    /// The nearest `f64` of a number or a string that holds one; `None` for another type.
    #[inline]
    #[must_use]
    pub fn decimal(self) -> Option<Result<f64, NumberError>> {
        match self.node() {
            Node::String(text) => Some(decimal(text.as_bytes())),
            Node::Static(number) => float(number).map(Ok),
            _ => None,
        }
    }

    /// As [`Value::decimal`], refusing what is negative.
    #[inline]
    #[must_use]
    pub fn unsigned_decimal(self) -> Option<Result<f64, NumberError>> {
        match self.node() {
            Node::String(text) => Some(unsigned_decimal(text.as_bytes())),
            Node::Static(number) => {
                let value = float(number)?;
                Some(if value.is_sign_negative() { Err(NumberError::Negative) } else { Ok(value) })
            }
            _ => None,
        }
    }

    /// Every digit of an unsigned integer, number or string; `None` for another type.
    #[inline]
    #[must_use]
    pub fn integer(self) -> Option<Result<u64, NumberError>> {
        Some(match self.node() {
            Node::String(text) => integer(text.as_bytes()),
            Node::Static(StaticNode::U64(value)) => Ok(value),
            Node::Static(StaticNode::U128(_)) => Err(NumberError::TooLarge),
            Node::Static(StaticNode::I64(_) | StaticNode::I128(_)) => Err(NumberError::Negative),
            Node::Static(StaticNode::F64(_)) => Err(NumberError::Malformed),
            _ => return None,
        })
    }

    /// As [`Value::integer`] with 128 bits.
    #[inline]
    #[must_use]
    pub fn integer128(self) -> Option<Result<u128, NumberError>> {
        match self.node() {
            Node::String(text) => Some(integer128(text.as_bytes())),
            Node::Static(StaticNode::U128(value)) => Some(Ok(value)),
            _ => self.integer().map(|value| value.map(u128::from)),
        }
    }

    /// An object.
    #[must_use]
    #[inline]
    pub fn object(self) -> Option<Object<'a>> {
        match self.node() {
            Node::Object { .. } => Some(Object { value: self }),
            _ => None,
        }
    }

    /// An array.
    #[must_use]
    #[inline]
    pub fn array(self) -> Option<Array<'a>> {
        match self.node() {
            Node::Array { .. } => Some(Array { value: self }),
            _ => None,
        }
    }
}

/// The `f64` nearest to a JSON number.
fn float(number: StaticNode) -> Option<f64> {
    match number {
        StaticNode::F64(value) => Some(value),
        StaticNode::U64(value) => Some(value as f64),
        StaticNode::I64(value) => Some(value as f64),
        StaticNode::U128(value) => Some(value as f64),
        StaticNode::I128(value) => Some(value as f64),
        StaticNode::Bool(_) | StaticNode::Null => None,
    }
}

/// An object.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    value: Value<'a>,
}

impl<'a> Object<'a> {
    /// Keys and values in the order sent.
    #[inline]
    pub fn fields(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let tape = self.value.tape;
        let end = self.value.at + self.value.extent();
        let mut next = self.value.at + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let Node::String(key) = tape[next] else { return None };
            let value = Value::new(tape, next + 1);
            next += 1 + value.extent();
            Some((key, value))
        })
    }

    /// The values of several keys in one pass, `None` where a key is absent. Fastest when `keys` stand in the order
    /// in which the venue sends them.
    ///
    /// # Errors
    /// [`JsonError::DuplicateKey`] when one of `keys` stands twice.
    #[inline]
    pub fn pick<const N: usize>(self, keys: [&str; N]) -> Result<[Option<Value<'a>>; N], JsonError> {
        let mut found = [None; N];
        let mut expected = 0;
        for (key, value) in self.fields() {
            let Some(index) = search_from(&keys, expected, key) else { continue };
            if found[index].replace(value).is_some() {
                return Err(JsonError::DuplicateKey);
            }
            expected = index + 1;
        }
        Ok(found)
    }

    /// The value of one key.
    ///
    /// # Errors
    /// [`JsonError::DuplicateKey`] when it stands twice.
    #[inline]
    pub fn field(self, key: &str) -> Result<Option<Value<'a>>, JsonError> {
        self.pick([key]).map(|[value]| value)
    }
}

/// Where `key` stands in `keys`, looking from `start` on and then from the beginning.
#[inline]
fn search_from<const N: usize>(keys: &[&str; N], start: usize, key: &str) -> Option<usize> {
    (start..N).chain(0..start.min(N)).find(|index| keys[*index] == key)
}

/// An array.
#[derive(Clone, Copy, Debug)]
pub struct Array<'a> {
    value: Value<'a>,
}

impl<'a> Array<'a> {
    /// The array as a value, from which [`Value::at`] reaches its elements again.
    #[must_use]
    #[inline]
    pub const fn value(self) -> Value<'a> {
        self.value
    }

    /// Number of elements.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        match self.value.node() {
            Node::Array { len, .. } => len,
            _ => 0,
        }
    }

    /// Whether it has no element.
    #[must_use]
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The elements in order.
    #[must_use]
    #[inline]
    pub fn items(self) -> Items<'a> {
        Items { tape: self.value.tape, next: self.value.at + 1, end: self.value.at + self.value.extent() }
    }

    /// The first `N` elements; `None` when there are fewer.
    #[must_use]
    #[inline]
    pub fn first<const N: usize>(self) -> Option<[Value<'a>; N]> {
        if self.len() < N {
            return None;
        }
        let mut items = self.items();
        let mut found = [self.value; N];
        for slot in &mut found {
            *slot = items.next()?;
        }
        Some(found)
    }
}

/// The elements of an [`Array`].
#[derive(Clone, Debug)]
pub struct Items<'a> {
    tape: &'a [Node<'a>],
    next: usize,
    end: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        if self.next >= self.end {
            return None;
        }
        let value = Value::new(self.tape, self.next);
        self.next += value.extent();
        Some(value)
    }
}
