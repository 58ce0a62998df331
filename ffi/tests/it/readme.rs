//! The programs of the README are the examples, which other tests compile and run.

use std::fs;
use std::path::Path;

/// The README's fence of a language, and the example it must be; each may have so many lines.
const PROGRAMS: [(&str, &str, usize); 3] =
    [("c", "examples/follow.c", 30), ("cpp", "examples/follow.cpp", 20), ("python", "python/examples/follow.py", 6)];

fn fenced<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let open = format!("```{language}\n");
    text.split(&open).skip(1).filter_map(|rest| rest.split_once("```")).map(|(program, _)| program).collect()
}

#[test]
fn the_programs_of_the_readme_are_the_examples_that_are_run() {
    let ffi = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(ffi.join("../README.md")).expect("the README");
    for (language, example, lines_max) in PROGRAMS {
        let text = fs::read_to_string(ffi.join(example)).expect(example);
        assert_eq!(fenced(&readme, language), [text.as_str()], "README.md, ```{language}, is {example}");
        assert!(text.lines().count() <= lines_max, "{example} has at most {lines_max} lines");
    }
}
