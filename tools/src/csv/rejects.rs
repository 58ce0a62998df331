//! Lines that could not be used: why, how many, and where the first one is.

use std::fmt;

use crate::terminal::talk;

/// Why a line could not be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reason {
    /// The column at fault; empty where it is the line.
    column: &'static str,
    what: &'static str,
}

impl Reason {
    /// A field is at fault.
    pub(crate) const fn new(column: &'static str, what: &'static str) -> Self {
        Self { column, what }
    }

    /// The line is.
    pub(crate) const fn of_line(what: &'static str) -> Self {
        Self::new("", what)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            "" => f.write_str(self.what),
            column => write!(f, "{column}: {}", self.what),
        }
    }
}

/// The lines of one reason.
#[derive(Clone, Copy, Debug)]
struct Count {
    reason: Reason,
    first_line: u64,
    lines: u64,
}

/// All lines of a file that could not be used.
#[derive(Debug)]
pub(crate) struct Rejects {
    name: String,
    counts: Vec<Count>,
}

impl Rejects {
    /// None yet, of the file of this name.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), counts: Vec::new() }
    }

    /// Counts a line.
    #[cold]
    pub(crate) fn add(&mut self, line: u64, reason: Reason) {
        match self.counts.iter_mut().find(|count| count.reason == reason) {
            Some(count) => {
                count.lines += 1;
                count.first_line = count.first_line.min(line);
            }
            None => self.counts.push(Count { reason, first_line: line, lines: 1 }),
        }
    }

    /// How many lines could not be used.
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().map(|count| count.lines).sum()
    }

    /// Says each reason on stderr, with its first line.
    pub(crate) fn tell(&self) {
        for Count { reason, first_line, lines } in &self.counts {
            let more = if *lines > 1 { format!(" ({lines} such lines, this is the first)") } else { String::new() };
            talk(format_args!("{}:{first_line}: rejected: {reason}{more}", self.name));
        }
    }
}
