//! README's first screen is what the demo prints.

use std::path::Path;
use std::process::Command;

/// The lines of README's first block; `…` stands for lines left out.
fn first_block() -> Vec<String> {
    let readme = include_str!("../README.md");
    let block = readme.split("```console\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    block.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty() && line != "…").collect()
}

#[test]
fn the_first_screen_is_output_of_the_demo() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let demo = Command::new(root.join("scripts/demo"))
        .env("PGSEQFIX_DEMO_PROGRAM", env!("CARGO_BIN_EXE_pgseqfix"))
        .output()
        .expect("scripts/demo starts");
    let (printed, said) = (String::from_utf8_lossy(&demo.stdout), String::from_utf8_lossy(&demo.stderr));
    assert!(demo.status.success(), "{printed}\n{said}");
    let mut lines = printed.lines().map(str::trim_end);
    for line in first_block() {
        assert!(lines.any(|printed| printed == line), "the demo does not print, in this order: {line}\n{printed}");
    }
}
