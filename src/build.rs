//! Gives `--version` the commit that a release was built from.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// What goes into the program: a change elsewhere is none of it.
const SOURCES: [&str; 4] = ["src", "Cargo.toml", "Cargo.lock", ".cargo_vcs_info.json"];

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let number = env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    // A release only: whoever develops would wait for a build after each commit.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = if is_release { published().or_else(checked_out) } else { None };
    let version = commit.map_or(number.clone(), |commit| format!("{number} ({commit})"));
    println!("cargo::rustc-env=PGSEQFIX_VERSION={version}");
}

/// The commit that cargo wrote into the package of this version.
fn published() -> Option<String> {
    let noted = fs::read_to_string(".cargo_vcs_info.json").ok()?;
    println!("cargo::rerun-if-changed=.cargo_vcs_info.json");
    let (_, rest) = noted.split_once("\"sha1\": \"")?;
    let (hash, rest) = rest.split_once('"')?;
    Some(format!("{}{}", hash.get(..9)?, if rest.contains("\"dirty\": true") { "+changes" } else { "" }))
}

/// The commit that is checked out here, with its date. A repository around this directory is somebody else's.
fn checked_out() -> Option<String> {
    if !Path::new(".git").exists() {
        return None;
    }
    let commit = git(&["log", "-1", "--abbrev=9", "--date=short", "--format=%h %cd"])?;
    // What moves HEAD is noted in its log; the branch's own file may be packed away.
    let moves = ["HEAD", "logs/HEAD"].map(|file| git(&["rev-parse", "--git-path", file]));
    for path in moves.iter().flatten().map(String::as_str).chain(SOURCES).filter(|path| Path::new(path).exists()) {
        println!("cargo::rerun-if-changed={path}");
    }
    let changes = git(&[&["status", "--porcelain", "--"], &SOURCES[..]].concat())?;
    Some(if changes.is_empty() { commit } else { commit.replacen(' ', "+changes ", 1) })
}

/// What git says about this directory, whichever repository its variables name.
fn git(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args(["--git-dir=.git", "--work-tree=.", "--no-optional-locks"]).args(arguments);
    for name in ["GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(name);
    }
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
