//! What is shipped beside the program: completions, pages of the manual.

mod support;

use std::process::Command;

use regex::Regex;
use support::Run;

fn generated(what: &str) -> String {
    Run::of(Command::new(env!("CARGO_BIN_EXE_pgseqfix")).args(["--generate", what])).expect_status(0).stdout
}

#[test]
fn bash_completes_commands_and_options() {
    let script = generated("bash");
    for (words, expected) in
        [("pgseqfix fi", "fix"), ("pgseqfix fix --dry", "--dry-run"), ("pgseqfix --format pro", "prometheus")]
    {
        let words: Vec<&str> = words.split(' ').collect();
        let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
        let line = format!(
            "{script}\nCOMP_WORDS=({}); COMP_CWORD={}; _pgseqfix pgseqfix {last} {before}; echo \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1
        );
        let run = Run::of(Command::new("bash").args(["--norc", "-c", &line])).expect_status(0);
        assert!(run.stdout.split_whitespace().any(|word| word == expected), "{words:?}: {run:#?}");
    }
}

#[test]
fn other_shells_get_completions_with_every_command() {
    for shell in ["zsh", "fish"] {
        let script = generated(shell);
        for word in ["scan", "fix", "explain", "time-limit", "accept-races"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_manual_has_a_page_for_the_program_and_each_command_with_its_options() {
    for (page, title, option) in [
        ("man", "pgseqfix", r"\-\-time\-limit"),
        ("man-scan", "pgseqfix-scan", r"\-\-check"),
        ("man-fix", "pgseqfix-fix", r"\-\-dry\-run"),
        ("man-explain", "pgseqfix-explain", r"\-\-log"),
    ] {
        let text = generated(page);
        assert!(text.lines().any(|line| line.starts_with(&format!(".TH {title} 1"))), "{text}");
        assert!(text.contains(option) && text.contains(".SH SYNOPSIS"), "{page}: {text}");
        assert!(!text.contains("generate"), "it is not for users: {text}");
    }
}

#[test]
fn the_version_tells_its_commit_if_at_all() {
    // A debug build tells none, whoever built it.
    let form = Regex::new(r"^pgseqfix \d+\.\d+\.\d+( \([0-9a-f]{7,40}(\+changes)?( \d{4}-\d\d-\d\d)?\))?\n$")
        .expect("a pattern");
    for option in ["--version", "-V"] {
        let run = Run::of(Command::new(env!("CARGO_BIN_EXE_pgseqfix")).arg(option)).expect_status(0);
        assert!(form.is_match(&run.stdout), "{run:#?}");
        assert!(run.stdout.starts_with(concat!("pgseqfix ", env!("CARGO_PKG_VERSION"))), "{run:#?}");
    }
}
