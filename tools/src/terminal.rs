//! Talk with people: stderr, and what a terminal can show.

use std::fmt;
use std::io::{IsTerminal, Write, stderr, stdout};

/// A line on stderr. One that cannot be written is lost: nobody listens.
pub(crate) fn talk(text: impl fmt::Display) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Whether stdout is a terminal.
pub(crate) fn stdout_is_terminal() -> bool {
    stdout().is_terminal()
}

/// Whether stdout may be coloured: it is a terminal, and NO_COLOR (no-color.org) is not set.
pub(crate) fn stdout_has_colour() -> bool {
    stdout_is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// How text looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    Bold,
    Dim,
    Green,
    Red,
}

impl Style {
    /// The text in this style, if colour is on.
    pub(crate) fn paint(self, text: &str, has_colour: bool) -> String {
        if !has_colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match self {
            Self::Bold => 1,
            Self::Dim => 2,
            Self::Red => 31,
            Self::Green => 32,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Columns and lines of the terminal on stdout; 80 and 24 where it does not say.
pub(crate) fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}
