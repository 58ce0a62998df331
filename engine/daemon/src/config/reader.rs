//! Reads single values of a TOML document and collects every mistake with its line.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, nearest};

/// A key and its value as they stand in the file.
#[derive(Clone)]
pub(super) struct Field<'t> {
    /// The key.
    pub(super) key: &'t str,
    /// Where the key stands.
    pub(super) key_span: Range<usize>,
    /// The value.
    pub(super) value: &'t Spanned<DeValue<'t>>,
}

/// The text of a config and the mistakes found in it.
pub(super) struct Reader<'t> {
    text: &'t str,
    errors: Vec<ConfigError>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, errors: Vec::new() }
    }

    /// Notes a mistake that stands at a place of the text.
    pub(super) fn error(&mut self, at: Range<usize>, message: impl Into<String>) {
        let before = &self.text.as_bytes()[..at.start.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        self.errors.push(ConfigError { line, message: message.into() });
    }

    /// All mistakes in the order of lines.
    pub(super) fn into_errors(mut self) -> Vec<ConfigError> {
        self.errors.sort_by_key(|error| error.line);
        self.errors.dedup();
        self.errors
    }

    /// The lines in which mistakes were noted so far.
    pub(super) fn lines_with_errors(&self) -> Vec<usize> {
        self.errors.iter().map(|error| error.line).collect()
    }

    /// Drops what was noted after the first mistakes, one for each of `lines`, about those same lines.
    pub(super) fn drop_echoes(&mut self, lines: &[usize]) {
        let later = self.errors.split_off(lines.len());
        self.errors.extend(later.into_iter().filter(|error| !lines.contains(&error.line)));
    }

    /// A key that nothing reads.
    pub(super) fn unknown_key(&mut self, field: &Field<'_>, known: &[&str]) {
        let meant = match nearest(field.key, known.iter().copied()) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("known are: {}", known.join(" ")),
        };
        self.error(field.key_span.clone(), format!("unknown key \"{}\"; {meant}", field.key));
    }

    fn wrong_type(&mut self, field: &Field<'_>, expected: &str) {
        let found = kind(field.value.get_ref());
        self.error(field.value.span(), format!("{} must be {expected}, not {found}", field.key));
    }

    /// A text.
    pub(super) fn text(&mut self, field: &Field<'t>) -> Option<&'t str> {
        let text = field.value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(field, "a text in quotes");
        }
        text
    }

    /// A text that `check` accepts.
    pub(super) fn checked(&mut self, field: &Field<'t>, check: fn(&str) -> Result<(), String>) -> Option<&'t str> {
        let text = self.text(field)?;
        match check(text) {
            Ok(()) => Some(text),
            Err(message) => {
                self.error(field.value.span(), message);
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, field: &Field<'_>) -> Option<bool> {
        let flag = field.value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(field, "true or false");
        }
        flag
    }

    /// A whole number of a range.
    pub(super) fn number<T>(&mut self, field: &Field<'_>, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i128> + PartialOrd + Display,
    {
        let Some(integer) = field.value.get_ref().as_integer() else {
            self.wrong_type(field, "a whole number");
            return None;
        };
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok().and_then(|n| T::try_from(n).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.error(field.value.span(), format!("{} must be {from} to {to}, not {integer}", field.key));
        }
        number
    }

    /// `"auto"` (the inner `None`) or what `read` makes of the value; other texts go to `read` too.
    pub(super) fn auto<T>(
        &mut self,
        field: &Field<'t>,
        read: impl FnOnce(&mut Self, &Field<'t>) -> Option<T>,
    ) -> Option<Option<T>> {
        if field.value.get_ref().as_str() == Some("auto") { Some(None) } else { read(self, field).map(Some) }
    }

    /// A word that parses.
    pub(super) fn word<T: FromStr<Err: Display>>(&mut self, field: &Field<'t>) -> Option<T> {
        let text = self.text(field)?;
        self.parsed(text, field.value.span())
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, text: &str, at: Range<usize>) -> Option<T> {
        match text.parse() {
            Ok(word) => Some(word),
            Err(error) => {
                self.error(at, format!("{error}"));
                None
            }
        }
    }

    /// A list of texts, each through `read`; one that stands twice is a mistake. Wrong ones are left out.
    pub(super) fn list<T: PartialEq>(
        &mut self,
        field: &Field<'t>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let Some(array) = field.value.get_ref().as_array() else {
            self.wrong_type(field, "a list of texts, [\"...\", ...]");
            return None;
        };
        let mut list = Vec::new();
        for item in array {
            let Some(text) = item.get_ref().as_str() else {
                self.wrong_type(&Field { value: item, ..field.clone() }, "a list of texts only");
                continue;
            };
            match read(text) {
                Ok(value) if list.contains(&value) => {
                    self.error(item.span(), format!("\"{text}\" stands twice in {}", field.key));
                }
                Ok(value) => list.push(value),
                Err(message) => self.error(item.span(), message),
            }
        }
        Some(list)
    }

    /// The fields of a table.
    pub(super) fn table(&mut self, field: &Field<'t>) -> Option<&'t DeTable<'t>> {
        let table = field.value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(field, "a table");
        }
        table
    }
}

/// The fields of a table in the order of their keys.
pub(super) fn fields<'t>(table: &'t DeTable<'t>) -> impl Iterator<Item = Field<'t>> {
    table.iter().map(|(key, value)| Field { key: key.get_ref(), key_span: key.span(), value })
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
