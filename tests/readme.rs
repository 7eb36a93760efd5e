//! What README shows of a session is what the demo prints.

use std::path::Path;
use std::process::Command;

/// The lines of each block that shows a session; `…` stands for lines left out.
fn sessions() -> Vec<Vec<&'static str>> {
    let readme = include_str!("../README.md");
    let blocks = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = |block: &'static str| {
        block.lines().map(str::trim_end).filter(|line| !line.is_empty() && *line != "…").collect::<Vec<_>>()
    };
    blocks.map(lines).collect()
}

#[test]
fn every_session_is_output_of_the_demo() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let demo = Command::new(root.join("scripts/demo"))
        .env("PGSEQFIX_DEMO_PROGRAM", env!("CARGO_BIN_EXE_pgseqfix"))
        .output()
        .expect("scripts/demo starts");
    let (printed, said) = (String::from_utf8_lossy(&demo.stdout), String::from_utf8_lossy(&demo.stderr));
    assert!(demo.status.success(), "{printed}\n{said}");
    let sessions = sessions();
    assert!(sessions.len() > 1, "the first screen, and the error");
    for session in sessions {
        let mut lines = printed.lines().map(str::trim_end);
        for line in session {
            assert!(lines.any(|printed| printed == line), "the demo does not print, in this order: {line}\n{printed}");
        }
    }
}
