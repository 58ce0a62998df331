//! How far a long reading has come, on stderr.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use crate::terminal::{stdout_is_terminal, talk};

/// A line on a terminal is redrawn so often.
const REDRAW: Duration = Duration::from_millis(200);
/// Where there is no terminal, a line is added so often.
const REPEAT: Duration = Duration::from_secs(10);

/// Tells now and then.
pub(crate) struct Progress {
    what: &'static str,
    /// Bytes there are to read, where that is known.
    length: Option<u64>,
    is_quiet: bool,
    /// A line in place; not where rows go to the same terminal.
    is_drawn: bool,
    start: Instant,
    next: Instant,
}

impl Progress {
    /// Of so many bytes.
    pub(crate) fn new(what: &'static str, length: Option<u64>, is_quiet: bool) -> Self {
        let is_drawn = stderr().is_terminal() && !stdout_is_terminal();
        let start = Instant::now();
        let first = if is_drawn { REDRAW } else { REPEAT };
        Self { what, length, is_quiet, is_drawn, start, next: start + first }
    }

    /// So much is done.
    pub(crate) fn tell(&mut self, count: u64, position: u64) {
        let now = Instant::now();
        if self.is_quiet || now < self.next {
            return;
        }
        let text = line(self.what, count, position, self.length, now - self.start);
        if self.is_drawn {
            // Talk that cannot be written is lost: nobody listens.
            let _ = write!(stderr().lock(), "\r{text}\x1b[K");
            self.next = now + REDRAW;
        } else {
            talk(text);
            self.next = now + REPEAT;
        }
    }

    /// All is done: the line makes room for what comes.
    pub(crate) fn end(&mut self) {
        if self.is_drawn && !self.is_quiet && Instant::now() >= self.start + REDRAW {
            let _ = write!(stderr().lock(), "\r\x1b[K");
        }
    }
}

/// `12.4 million trades, 6.2 million/s, 40 %, 5 s left`
fn line(what: &str, count: u64, position: u64, length: Option<u64>, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(1e-3);
    let million = |number: f64| format!("{:.1} million", number / 1e6);
    let mut text = format!("{} {what}, {}/s", million(count as f64), million(count as f64 / seconds));
    if let Some(length) = length.filter(|length| *length > 0 && position > 0) {
        let done = (position as f64 / length as f64).min(1.0);
        text.push_str(&format!(", {:.0} %, {:.0} s left", done * 100.0, seconds * (1.0 - done) / done));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_estimated_where_the_size_is_known() {
        let elapsed = Duration::from_secs(2);
        assert_eq!(
            line("trades", 12_400_000, 40, Some(100), elapsed),
            "12.4 million trades, 6.2 million/s, 40 %, 3 s left"
        );
        assert_eq!(line("rows", 500_000, 40, None, elapsed), "0.5 million rows, 0.2 million/s");
        assert_eq!(line("rows", 0, 0, Some(0), Duration::ZERO), "0.0 million rows, 0.0 million/s");
    }
}
