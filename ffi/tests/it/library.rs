//! The built libraries, and the C toolchain of this machine.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const MANIFEST: &str = env!("CARGO_MANIFEST_DIR");

/// A file of this crate.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(MANIFEST).join(name)
}

/// The folder of the libraries that this test was built with: cargo makes every kind of the library before it links a
/// test, and puts them beside it.
pub(crate) fn folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test.parent().expect("a test lies in a folder").to_owned();
    for name in ["libtickplane.so", "libtickplane.a"] {
        assert!(folder.join(name).exists(), "{} has no {name}: run `cargo build -p tickplane-ffi`", folder.display());
    }
    folder
}

/// Whether a tool is there; if not, says aloud what is skipped.
pub(crate) fn has(tool: &str, for_what: &str) -> bool {
    let found = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("skipped: no `{tool}` on this machine, so {for_what}");
    }
    found
}

/// Runs a command to its end and gives what it said; kills it after a minute.
pub(crate) fn run(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    // Read beside the child: one that waits for room in a pipe never ends.
    let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let deadline = Instant::now() + Duration::from_secs(60);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().expect("a child can be killed");
            panic!("{command:?} did not end within a minute");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = |reader: JoinHandle<Vec<u8>>| reader.join().expect("a pipe can be read");
    Output { status, stdout: text(stdout), stderr: text(stderr) }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.expect("the pipe was asked for").read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

/// [`run`] of a command that must succeed; gives its stdout.
pub(crate) fn must(command: &mut Command) -> String {
    let output = run(command);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{stdout}{stderr}", output.status);
    stdout.into_owned()
}

/// How a program takes the library.
#[derive(Clone, Copy)]
pub(crate) enum Link {
    Shared,
    Static,
}

const WARNINGS: [&str; 5] = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror"];

/// A compiled program, removed at the end of its test.
pub(crate) struct Program(PathBuf);

impl Program {
    /// A run of the program.
    pub(crate) fn command(&self) -> Command {
        self.under(&[])
    }

    /// A run of the program under another, given with its options.
    pub(crate) fn under(&self, host: &[&str]) -> Command {
        let mut line = host.iter().map(OsStr::new).chain([self.0.as_os_str()]);
        let mut command = Command::new(line.next().expect("a line names a program"));
        // Cargo's own library path comes before the program's, and may hold an older build of the library.
        command.args(line).env_remove("LD_LIBRARY_PATH");
        command
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Compiles a program of this crate, every warning an error; `None` if there is no compiler.
pub(crate) fn compile(source: &str, link: Link) -> Option<Program> {
    let (compiler, standard) = if source.ends_with(".cpp") { ("c++", "-std=c++17") } else { ("cc", "-std=c11") };
    if !has(compiler, &format!("{source} is neither compiled nor run")) {
        return None;
    }
    let (folder, stem) = (folder(), Path::new(source).file_stem().expect("a source has a name").to_string_lossy());
    let kind = match link {
        Link::Shared => "shared",
        Link::Static => "static",
    };
    // Tests that compile the same program run side by side.
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
        "{stem}-{kind}-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    let mut command = Command::new(compiler);
    command.args([standard, "-O1", "-g"]).args(WARNINGS).arg("-I").arg(path("include"));
    command.arg(path(source)).arg("-o").arg(&program);
    match link {
        Link::Shared => {
            command.arg("-L").arg(&folder).arg("-l:libtickplane.so").arg(format!("-Wl,-rpath,{}", folder.display()))
        }
        // What `rustc --print native-static-libs` names for this library on Linux.
        Link::Static => {
            command.arg(folder.join("libtickplane.a")).args(["-lgcc_s", "-lrt", "-lpthread", "-lm", "-ldl"])
        }
    };
    must(&mut command);
    Some(Program(program))
}
