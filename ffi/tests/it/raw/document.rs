//! `docs/format.md` against the structures of `tickplane_raw.h`: every offset and size as a static assertion.

use std::fmt::Write as _;
use std::process::Command;

use super::rig;
use crate::library;

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/format.md"));

/// A C program that repeats every row of every table of bytes.
fn assertions() -> (String, usize) {
    let (mut text, mut count) = ("#include \"tickplane_raw.h\"\n".to_owned(), 0);
    for piece in DOCUMENT.split("<!-- table: ").skip(1) {
        let (mark, rest) = piece.split_once(" -->\n").expect("a mark ends on its line");
        let kind = mark.split(' ').nth(1).expect("a table names its structure");
        for line in rest.lines().take_while(|line| line.starts_with('|')).skip(2) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let (offset, size, name) = (cells[1], cells[2], cells[3].trim_matches('`'));
            writeln!(text, "TPR_ASSERT(offsetof({kind}, {name}) == {offset}, \"{kind}.{name}\");").unwrap();
            // Others grow with the shape.
            if size.parse::<u64>().is_ok() {
                writeln!(text, "TPR_ASSERT(sizeof((({kind} *)0)->{name}) == {size}, \"{kind}.{name}\");").unwrap();
            }
            count += 1;
        }
    }
    (text, count)
}

#[test]
fn every_offset_of_the_document_is_the_headers() {
    let (text, count) = assertions();
    assert!(count > 120, "{count} rows found");
    let source = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("offsets-{}.c", std::process::id()));
    std::fs::write(&source, text).unwrap();
    for compiler in rig::compilers("offsets.c") {
        for standard in ["-std=c11", "-std=c17"] {
            let mut command = Command::new(compiler);
            command.args([standard, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I"]);
            library::must(command.arg(library::path("include")).arg(&source));
        }
    }
    std::fs::remove_file(&source).unwrap();
}
