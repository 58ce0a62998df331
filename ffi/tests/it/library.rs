//! The built libraries, and the C toolchain of this machine.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The name under which a program finds the shared library.
pub(crate) const SONAME: &str = "libtickplane.so.1";

const MANIFEST: &str = env!("CARGO_MANIFEST_DIR");

/// A file of this crate.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(MANIFEST).join(name)
}

/// A folder with the libraries that this test was built with, the shared one also under the name that it says it has, as
/// an installation has it.
pub(crate) fn folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(link_libraries).clone()
}

/// Cargo makes every kind of the library before it links a test, and puts them beside it.
fn link_libraries() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let built = test.parent().expect("a test lies in a folder");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lib");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    for (name, target) in [("libtickplane.so", "so"), (SONAME, "so"), ("libtickplane.a", "a")] {
        let target = built.join("libtickplane").with_extension(target);
        assert!(target.exists(), "no {}: run `cargo build -p tickplane-ffi`", target.display());
        // By rename: another run of the tests may load it at this moment.
        let fresh = folder.join(format!("{name}-{}", std::process::id()));
        std::os::unix::fs::symlink(target, &fresh).expect("a link can be made");
        std::fs::rename(&fresh, folder.join(name)).expect("a link can be named");
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
    /// Not at all: it loads it by itself.
    Loaded,
}

/// What `rustc --print native-static-libs` names for this library on Linux.
pub(crate) const NATIVE_LIBS: [&str; 6] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"];

const WARNINGS: [&str; 5] = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror"];

/// A compiled program, removed at the end of its test.
pub(crate) struct Program(PathBuf);

impl Program {
    /// A place for a program of this test. Tests that compile the same program run side by side.
    pub(crate) fn named(name: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{number}", std::process::id())))
    }

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

/// What makes a C program watch itself.
pub(crate) const SANITIZERS: [&str; 3] =
    ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/// Whether sanitized programs can be made and run here; if not, says aloud what is skipped.
pub(crate) fn has_sanitizers(for_what: &str) -> bool {
    let program = Program::named("sanitized");
    let source = path("tests/c/nothing.c");
    let compiled = has("cc", for_what)
        && Command::new("cc")
            .args(SANITIZERS)
            .arg(source)
            .arg("-o")
            .arg(&program.0)
            .output()
            .is_ok_and(|o| o.status.success());
    let works = compiled && program.command().output().is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("skipped: no working sanitizers on this machine, so {for_what}");
    }
    works
}

/// A language as a compiler takes it.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) compiler: &'static str,
    pub(crate) standard: &'static str,
}

impl Dialect {
    pub(crate) const fn of(compiler: &'static str, standard: &'static str) -> Self {
        Self { compiler, standard }
    }

    /// Every dialect the header is for.
    pub(crate) const ALL: [Self; 6] = [
        Self::of("cc", "-std=c99"),
        Self::of("cc", "-std=c11"),
        Self::of("cc", "-std=c17"),
        Self::of("c++", "-std=c++11"),
        Self::of("c++", "-std=c++17"),
        Self::of("c++", "-std=c++20"),
    ];

    fn of_source(source: &str) -> Self {
        if source.ends_with(".cpp") { Self::of("c++", "-std=c++17") } else { Self::of("cc", "-std=c11") }
    }
}

/// Compiles a program of this crate, every warning an error; `None` if there is no compiler.
pub(crate) fn compile(source: &str, link: Link) -> Option<Program> {
    compile_with(Dialect::of_source(source), source, link, &[])
}

/// [`compile`] as a given language and with more flags.
pub(crate) fn compile_with(dialect: Dialect, source: &str, link: Link, flags: &[&str]) -> Option<Program> {
    let Dialect { compiler, standard } = dialect;
    if !has(compiler, &format!("{source} is neither compiled nor run")) {
        return None;
    }
    let stem = Path::new(source).file_stem().expect("a source has a name").to_string_lossy();
    let program = Program::named(&format!("{stem}{standard}"));
    let mut command = Command::new(compiler);
    // POSIX beside the standard: examples sleep.
    command.args([standard, "-D_POSIX_C_SOURCE=200809L", "-O1", "-g"]).args(WARNINGS).args(flags);
    command.arg("-I").arg(path("include")).arg(path(source)).arg("-o").arg(&program.0);
    match link {
        Link::Shared => {
            let folder = folder();
            command.arg("-L").arg(&folder).arg("-ltickplane").arg(format!("-Wl,-rpath,{}", folder.display()))
        }
        Link::Static => command.arg(folder().join("libtickplane.a")).args(NATIVE_LIBS),
        Link::Loaded => command.arg("-ldl"),
    };
    must(&mut command);
    Some(program)
}
