//! The Python that has ccxt, and one run of it against one simulated exchange.

use std::io::{Write as _, stderr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Set where the test must run, as in CI: a Python with the packages of requirements.txt.
const VARIABLE: &str = "TICKPLANE_THIRD_PARTY_PYTHON";
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/third_party");

/// The Python to run; `None`, said aloud, where there is none with ccxt.
pub(crate) fn python() -> Option<&'static str> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    FOUND.get_or_init(find).as_deref()
}

fn find() -> Option<String> {
    let named = std::env::var(VARIABLE).ok();
    let python = named.clone().unwrap_or_else(|| "python3".to_owned());
    match version(&python) {
        Ok(version) => {
            let pinned = std::fs::read_to_string(format!("{FOLDER}/requirements.txt")).unwrap();
            if !pinned.contains(&format!("ccxt=={version}\n")) {
                aloud(&format!("ccxt is {version} here, not the version of {FOLDER}/requirements.txt"));
            }
            Some(python)
        }
        Err(reason) if named.is_some() => panic!("{VARIABLE} is {python}, which has no ccxt: {reason}"),
        Err(reason) => {
            aloud(&format!(
                "skipped: no third-party client ran. {python} has no ccxt ({reason}); make a virtual environment, \
                 install {FOLDER}/requirements.txt there, and set {VARIABLE} to its python"
            ));
            None
        }
    }
}

fn version(python: &str) -> Result<String, String> {
    let script = "import ccxt.pro; print(ccxt.__version__)";
    let output = Command::new(python).args(["-c", script]).output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr).lines().last().unwrap_or_default().to_owned()),
    }
}

/// Past the test harness, which keeps what a passing test prints to itself.
fn aloud(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}

/// What a client said, line by line.
#[derive(Debug)]
pub(crate) struct Report(Vec<Value>);

impl Report {
    /// Runs ccxt_client.py with these arguments to its end.
    #[track_caller]
    pub(crate) fn of(python: &str, endpoint: [&str; 3], ca: &Path, symbol: &str, seconds: u32) -> Self {
        let output = Command::new(python)
            .arg(format!("{FOLDER}/ccxt_client.py"))
            .args(endpoint)
            .arg(ca)
            .args([symbol, &seconds.to_string()])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{endpoint:?}: {errors}");
        // What a callback of ccxt could not digest is only said.
        assert_eq!(errors, "", "{endpoint:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        Self(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// The lines of a type, in order.
    pub(crate) fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |line| line["type"] == kind)
    }

    /// The only line of a type.
    #[track_caller]
    pub(crate) fn one<'a>(&'a self, kind: &'a str) -> &'a Value {
        let mut all = self.all(kind);
        let first = all.next().unwrap_or_else(|| panic!("no {kind}"));
        assert!(all.next().is_none(), "more than one {kind}");
        first
    }
}
