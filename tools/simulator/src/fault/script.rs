//! Scripts: a fault a line, `#` begins a comment.
#![allow(clippy::disallowed_methods, reason = "this file reads a script that the user named")]

use std::path::Path;

use super::{Fault, FaultError};

impl Fault {
    /// Reads the faults of a script's text, one a line; blank lines and what follows a `#` are left out. `path` is
    /// for the errors.
    ///
    /// # Errors
    /// The first line that is no fault, by number.
    pub fn parse_script(text: &str, path: &Path) -> Result<Vec<Self>, FaultError> {
        let lines = text.lines().map(|line| without_comment(line).trim());
        let faults = (1..).zip(lines).filter(|(_, line)| !line.is_empty());
        faults
            .map(|(number, line)| {
                let script = |error| FaultError::Script { path: path.to_owned(), line: number, error: Box::new(error) };
                line.parse().map_err(script)
            })
            .collect()
    }

    /// Reads a script.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is no fault.
    pub fn read_script(path: &Path) -> Result<Vec<Self>, FaultError> {
        let failed = |error: std::io::Error| FaultError::File { path: path.to_owned(), reason: error.to_string() };
        Self::parse_script(&std::fs::read_to_string(path).map_err(failed)?, path)
    }
}

/// What stands before a `#` that begins the line or follows a blank: symbols may hold one.
fn without_comment(line: &str) -> &str {
    let begins = |at: &usize| *at == 0 || line[..*at].ends_with(char::is_whitespace);
    line.match_indices('#').map(|(at, _)| at).find(begins).map_or(line, |at| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_comments_and_numbered_errors() {
        let path = Path::new("outage.faults");
        let text = "# an outage\n\nbinance:silence@5+10   # then nothing\n  kraken:rest-429@7:30\n";
        let faults = Fault::parse_script(text, path).unwrap();
        assert_eq!(
            faults.iter().map(Fault::to_string).collect::<Vec<_>>(),
            ["binance:silence@5+10", "kraken:rest-429@7+10:30"]
        );
        let error = Fault::parse_script("# one\nbinance:silence@5\nbinance:nothing@6\n", path).unwrap_err();
        assert!(error.to_string().starts_with("outage.faults:3: fault `binance:nothing@6`"), "{error}");
        let error = Fault::read_script(Path::new("/nonexistent/faults")).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/faults"), "{error}");
    }
}
