//! The committed header, and what the shared library exports.

use std::collections::BTreeSet;
use std::process::Command;

use crate::library::{self, Dialect, Link};

/// In the order in which the header has them.
const SOURCES: [&str; 16] = [
    "version.rs",
    "status.rs",
    "options.rs",
    "plane.rs",
    "wait.rs",
    "keys.rs",
    "candle.rs",
    "series.rs",
    "column.rs",
    "copies.rs",
    "view.rs",
    "instrument.rs",
    "trades.rs",
    "events.rs",
    "health.rs",
    "names.rs",
];
const HEADER: &str = "include/tickplane.h";

fn read(name: &str) -> String {
    std::fs::read_to_string(library::path(name)).unwrap_or_default()
}

#[test]
fn the_header_is_what_cbindgen_makes_of_the_source() {
    let config = cbindgen::Config::from_file(library::path("cbindgen.toml")).unwrap();
    let builder = cbindgen::Builder::new().with_config(config);
    let sources = SOURCES.iter().map(|name| library::path(&format!("src/{name}")));
    let bindings = sources.fold(builder, cbindgen::Builder::with_src).generate().unwrap();
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = String::from_utf8(header).unwrap();
    if std::env::var_os("TICKPLANE_BLESS").is_some() {
        // By rename: other tests compile with it at this moment.
        let fresh = library::path("include/tickplane.h.new");
        std::fs::write(&fresh, &header).unwrap();
        std::fs::rename(&fresh, library::path(HEADER)).unwrap();
    }
    let committed = read(HEADER);
    let differs = header.lines().zip(committed.lines()).position(|(new, old)| new != old);
    assert!(
        header == committed,
        "ffi/{HEADER} is not what the source says (first difference in line {}): run \
         `TICKPLANE_BLESS=1 cargo test -p tickplane-ffi the_header`, review the change and commit it",
        differs.unwrap_or_else(|| header.lines().count().min(committed.lines().count())) + 1
    );
}

/// The documentation and text of every function that the sources export.
fn entries() -> Vec<(String, String)> {
    let mut entries = Vec::new();
    for name in SOURCES {
        let source = read(&format!("src/{name}"));
        for piece in source.split("\n\n").filter(|piece| piece.contains("#[unsafe(no_mangle)]")) {
            let from = piece.find("fn tp_").expect("an exported function is named tp_*") + "fn ".len();
            let length = piece[from..].find('(').expect("a function has parameters");
            // The body may have blank lines: take it from the source.
            let start = source.find(piece).expect("a piece of the source");
            let end = source[start..].find("\n}\n").expect("a function ends") + start;
            entries.push((piece[from..from + length].to_owned(), source[start..end].to_owned()));
        }
    }
    entries
}

#[test]
fn every_entry_is_guarded_and_says_which_threads_may_call_it() {
    let entries = entries();
    assert!(entries.len() > 60, "{} entries found", entries.len());
    for (name, text) in entries {
        assert!(text.contains("/// Threads: "), "{name} does not say which threads may call it");
        let parameters = text.split(&format!("fn {name}(")).nth(1).and_then(|rest| rest.split(')').next()).unwrap();
        let is_guarded = ["guard(", "guard_or(", "take_back(", " values("].iter().any(|guard| text.contains(guard));
        assert!(is_guarded || !parameters.contains('*'), "{name} takes pointers and is not guarded against panics");
    }
}

#[test]
fn only_the_headers_functions_are_exported_and_no_allocator_comes_along() {
    if !library::has("nm", "exported symbols are not checked") {
        return;
    }
    let shared = library::folder().join("libtickplane.so");
    let listing = library::must(Command::new("nm").args(["-D", "--defined-only"]).arg(&shared));
    let exported: BTreeSet<&str> = listing.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let allowed = read("symbols.txt");
    assert_eq!(exported, allowed.lines().collect(), "what is exported stays: ffi/symbols.txt lists it");
    let entries = entries();
    let declared: BTreeSet<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(exported, declared);
    let header = read(HEADER);
    for name in declared {
        assert!(header.contains(&format!("{name}(")), "{name} is not in the header");
    }

    let symbols = library::must(Command::new("nm").arg(&shared));
    let foreign = symbols.lines().filter_map(|line| line.split_whitespace().last());
    let foreign: Vec<&str> = foreign.filter(|name| name.starts_with("mi_") || name.contains("mimalloc")).collect();
    assert_eq!(foreign, [""; 0], "an allocator in a library fights with its host's");
    if library::has("readelf", "the kind of thread-local storage is not checked") {
        let dynamic = library::must(Command::new("readelf").arg("-d").arg(&shared));
        assert!(!dynamic.contains("STATIC_TLS"), "dlopen of a library with static TLS fails now and then:\n{dynamic}");
    }
}

#[test]
fn the_shared_library_is_named_by_its_interface() {
    assert_eq!(library::SONAME, format!("libtickplane.so.{}", tickplane::TP_ABI_VERSION), "see build.rs");
    if library::has("readelf", "the name of the library is not checked") {
        let shared = library::folder().join("libtickplane.so");
        let dynamic = library::must(Command::new("readelf").arg("-d").arg(shared));
        assert!(dynamic.contains(&format!("Library soname: [{}]", library::SONAME)), "{dynamic}");
    }
}

#[test]
fn the_header_stands_alone_in_every_dialect() {
    for dialect in Dialect::ALL {
        let source = if dialect.compiler == "cc" { "tests/c/header.c" } else { "tests/c/header.cpp" };
        for link in [Link::Shared, Link::Static] {
            if let Some(program) = library::compile_with(dialect, source, link, &[]) {
                library::must(&mut program.command());
            }
        }
    }
}
