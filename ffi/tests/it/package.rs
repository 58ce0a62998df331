//! An installation in a folder of its own: found by pkg-config and CMake, moved, and used by a program.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::{Scratch, Writer};
use crate::library;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A folder on a disk, removed at the end: an installation is larger than shared memory should hold.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn script() -> Command {
    let mut command = Command::new("sh");
    command.arg(library::path("install.sh")).env_remove("DESTDIR");
    command
}

fn install(prefix: &Path, more: &[&str]) {
    let mut command = script();
    command.arg("--prefix").arg(prefix).arg("--from").arg(library::folder()).args(more);
    let told = library::must(&mut command);
    assert!(told.contains(&format!("libtickplane {VERSION} (interface {})", tickplane::TP_ABI_VERSION)), "{told}");
}

/// The example against a plane with two rows.
fn use_it(program: &mut Command) {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.fill(2);
    program.env_remove("LD_LIBRARY_PATH").args(["candles:binance:BTC-USDT:1m", "test"]).arg(&scratch.root);
    let told = library::must(program);
    assert!(told.starts_with("closed row=1 ") && told.contains("\nlive row=2 "), "{told}");
}

#[test]
fn an_installation_has_everything_and_may_be_moved() {
    let folder = Folder::new("install");
    let (first, prefix) = (folder.join("first"), folder.join("second"));
    install(&first, &["--libdir", "lib/here"]);
    std::fs::rename(&first, &prefix).unwrap();
    let lib = prefix.join("lib/here");
    for name in ["include/tickplane.h", "share/tickplane/examples/last_candle.c", "lib/here/libtickplane.a"] {
        assert!(prefix.join(name).is_file(), "{name}");
    }
    let link = |name: &str| std::fs::read_link(lib.join(name)).unwrap();
    assert_eq!(link("libtickplane.so"), Path::new(library::SONAME));
    assert_eq!(link(library::SONAME), Path::new(&format!("libtickplane.so.{VERSION}")));

    if !library::has("pkg-config", "tickplane.pc is not tried") || !library::has("cc", "nothing is compiled with it") {
        return;
    }
    let ask = |what: &[&str]| {
        let mut command = Command::new("pkg-config");
        command.env("PKG_CONFIG_PATH", lib.join("pkgconfig")).args(what).arg("tickplane");
        library::must(&mut command).trim().to_owned()
    };
    assert_eq!(ask(&["--modversion"]), VERSION);
    let flags = ask(&["--cflags", "--libs"]);
    assert!(ask(&["--static", "--libs"]).contains("-lgcc_s"), "what the static library needs");
    let program = folder.join("last_candle");
    let example = prefix.join("share/tickplane/examples/last_candle.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c11"]).arg(example).arg("-o").arg(&program).args(flags.split_whitespace());
    library::must(compiler.arg(format!("-Wl,-rpath,{}", lib.display())));
    use_it(&mut Command::new(&program));
}

const LISTS: &str = r#"
cmake_minimum_required(VERSION 3.10)
project(uses_tickplane C)
set(CMAKE_C_STANDARD 11)
find_package(tickplane WANTED REQUIRED)
foreach(kind shared static)
  add_executable(with_${kind} "${EXAMPLE}")
  target_link_libraries(with_${kind} PRIVATE tickplane::${kind})
endforeach()
if(NOT TARGET tickplane::headers)
  message(FATAL_ERROR "no tickplane::headers")
endif()
"#;

#[test]
fn cmake_finds_an_installation() {
    if !library::has("cmake", "the CMake package is not tried") || !library::has("cc", "nothing is compiled with it") {
        return;
    }
    let folder = Folder::new("cmake");
    let prefix = folder.join("prefix");
    install(&prefix, &[]);
    let build = folder.join("build");
    let configure = |wanted: &str| {
        std::fs::write(folder.join("CMakeLists.txt"), LISTS.replace("WANTED", wanted)).unwrap();
        let _ = std::fs::remove_dir_all(&build);
        let mut command = Command::new("cmake");
        command.arg("-S").arg(&folder.0).arg("-B").arg(&build).arg("-DCMAKE_BUILD_TYPE=Release");
        command.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
        command.arg(format!("-DEXAMPLE={}", prefix.join("share/tickplane/examples/last_candle.c").display()));
        library::run(&mut command)
    };
    for (wanted, is_found) in
        [("", true), ("0.1", true), ("0.0.9", true), ("0.1...<0.2", true), ("99.0", false), ("1.0", false)]
    {
        let output = configure(wanted);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), is_found, "find_package(tickplane {wanted}): {said}");
    }
    assert!(configure(VERSION).status.success());
    library::must(Command::new("cmake").arg("--build").arg(&build));
    for kind in ["with_shared", "with_static"] {
        use_it(&mut Command::new(build.join(kind)));
    }
}

#[test]
fn the_installer_says_what_is_wrong() {
    for (arguments, words) in [
        (&[][..], "--prefix is missing"),
        (&["--prefix"], "--prefix needs a value"),
        (&["--prefix", "x", "--libdir", "/lib"], "--libdir is a folder under the prefix"),
        (&["--what"], "unknown argument '--what'"),
    ] {
        let output = library::run(script().args(arguments));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let folder = Folder::new("nothing");
    let output = library::run(script().arg("--prefix").arg(&folder.0).args(["--from", "/nowhere"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no /nowhere/libtickplane.so"));
}
