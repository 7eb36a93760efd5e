//! Where results go, and what may not happen on the way: half a file, a panic, a terminal that obeys a name.

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use support::situations::{finish, start};
use support::terminal::{Terminal, through_shell};
use support::{Database, Run};

const FORMATS: [&str; 5] = ["table", "json", "csv", "markdown", "sql"];

fn shop() -> Database {
    let database = Database::new();
    for number in 0..40 {
        database.execute(&format!(
            "CREATE TABLE \"Table {number:02}\" (id serial PRIMARY KEY); INSERT INTO \"Table {number:02}\" VALUES (30)"
        ));
    }
    database
}

fn files(directory: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).expect("our own directory");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

fn expect_one_error(run: &Run) {
    assert!(run.stderr.starts_with("error: could not write the result") && run.stdout.is_empty(), "{run:#?}");
    assert_eq!(run.stderr.matches("error:").count(), 1, "{run:#?}");
}

#[test]
fn a_file_gets_what_standard_output_would() {
    let database = shop();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("re port");
    let file_name = file.to_str().expect("ASCII");
    for format in FORMATS {
        let shown = database.run(&["--format", format]).expect_status(1).stdout;
        let run = database.run(&["--format", format, "-o", file_name]).expect_status(1);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{format}");
        // What the table says to do next repeats the command line.
        let same = |text: &str| text.split_once("To fix what is behind").map_or(text, |it| it.0).to_owned();
        assert_eq!(same(&fs::read_to_string(&file).expect("a file")), same(&shown), "{format}");
    }
    assert_eq!(files(&directory), ["re port"]);
}

#[test]
fn a_new_file_has_the_mode_that_the_umask_leaves_and_an_old_one_keeps_its_own() {
    let database = shop();
    let directory = tempfile::tempdir().expect("a directory");
    let mode = |name: &str| fs::metadata(directory.path().join(name)).expect("a file").permissions().mode() & 0o7777;
    let write = |name: &str, umask: &str| {
        let mut command = database.pgseqfix();
        command.arg("-o").arg(directory.path().join(name));
        Run::of(&mut through_shell(&command, &format!(r#"umask {umask}; "$0" "$@""#))).expect_status(1);
    };
    write("new", "027");
    assert_eq!(mode("new"), 0o640);
    fs::write(directory.path().join("private"), "").expect("our own directory");
    fs::set_permissions(directory.path().join("private"), Permissions::from_mode(0o600)).expect("our own file");
    write("private", "022");
    assert_eq!(mode("private"), 0o600, "nobody else could read it before");
}

#[test]
fn a_directory_that_is_not_there_is_one_error() {
    let database = shop();
    let directory = tempfile::tempdir().expect("a directory");
    for path in ["no/such/file", "."] {
        let path = directory.path().join(path);
        let path = path.to_str().expect("ASCII");
        let run = database.run(&["-o", path]).expect_status(2);
        expect_one_error(&run);
        assert!(run.stderr.contains(path), "{run:#?}");
    }
    assert!(files(&directory).is_empty());
}

#[test]
fn links_are_followed_to_their_end_and_stay_links() {
    let (database, directory) = (shop(), tempfile::tempdir().expect("there is room"));
    let place = |name: &str| directory.path().join(name);
    for (target, link) in [("second", "first"), ("end", "second"), ("loop 2", "loop 1"), ("loop 1", "loop 2")] {
        symlink(target, place(link)).expect("a link");
    }
    database.run(&["-o", place("first").to_str().expect("UTF-8")]).expect_status(1);
    assert!(place("second").is_symlink() && !place("end").is_symlink() && place("end").is_file());
    let run = database.run(&["-o", place("loop 1").to_str().expect("UTF-8")]);
    expect_one_error(&run);
    assert!(place("loop 1").is_symlink() && place("loop 2").is_symlink());
}

#[test]
fn a_full_disk_is_an_error() {
    let database = shop();
    for format in FORMATS {
        expect_one_error(&database.run(&["--format", format, "-o", "/dev/full"]).expect_status(2));
        let mut command = database.pgseqfix();
        command.args(["--format", format]);
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("every Linux has it");
        let child = command.stdout(full).stderr(Stdio::piped()).spawn().expect("it starts");
        expect_one_error(&finish(child).expect_status(2));
    }
}

#[test]
fn a_file_that_does_not_fit_leaves_the_old_one_as_it_was() {
    let database = shop();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("report");
    fs::write(&file, "yesterday's").expect("our own directory");
    let mut command = database.pgseqfix();
    command.args(["--format", "json", "-o"]).arg(&file);
    let mut limited = through_shell(&command, r#"trap "" XFSZ; ulimit -f 1; "$0" "$@""#);
    expect_one_error(&Run::of(&mut limited).expect_status(2));
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "yesterday's");
    assert_eq!(files(&directory), ["report"], "nothing is left of the attempt");
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let database = shop();
    for format in FORMATS {
        let mut child = start(database.pgseqfix().args(["--format", format]));
        drop(child.stdout.take());
        let run = finish(child);
        assert_eq!((run.stderr.as_str(), run.status), ("", 1), "{format}");
        let mut command = database.pgseqfix();
        command.args(["--format", format]);
        let run = Run::of(&mut through_shell(&command, r#""$0" "$@" | head -1"#));
        assert_eq!((run.stderr.as_str(), run.stdout.lines().count()), ("", 1), "{format}");
    }
}

#[test]
fn an_error_that_nobody_reads_still_ends_with_its_status() {
    let database = shop();
    let mut child = start(database.pgseqfix().args(["-d", "No Such Db"]));
    drop(child.stderr.take());
    finish(child).expect_status(2);
}

/// Raises the bell, clears the screen, sets the title, turns the reading direction, and begins a new line.
const EVIL: &str = "evil\u{7}\u{1b}[2J\u{1b}]0;t\u{9b}1m\u{202e}\u{200b}\r\nx";

fn evil_place() -> Database {
    let database = Database::new();
    database.execute(&format!(
        r#"CREATE SCHEMA "{EVIL}"; CREATE DOMAIN "{EVIL}"."{EVIL}d" AS int; SET search_path = "{EVIL}";
           CREATE SEQUENCE "{EVIL}";
           CREATE TABLE "{EVIL}t" ("{EVIL}" "{EVIL}"."{EVIL}d" DEFAULT nextval('"{EVIL}"'));
           INSERT INTO "{EVIL}t" VALUES (30);
           CREATE SEQUENCE "{EVIL}2";
           CREATE FUNCTION "{EVIL}f"() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('"{EVIL}"."{EVIL}2"') $$;
           CREATE TABLE "{EVIL}u" (id text DEFAULT 'N' || "{EVIL}f"());
           CREATE SEQUENCE "{EVIL}3" CYCLE;
           CREATE TABLE "{EVIL}v" (id int DEFAULT nextval('"{EVIL}3"') * 10)"#
    ));
    database
}

/// What a terminal would obey, beside the colours and movements of our own.
fn expect_harmless(text: &str) {
    for (harm, name) in [
        ("\u{7}", "bell"),
        ("\u{1b}[2J", "erase"),
        ("\u{1b}]", "title"),
        ("\u{9b}", "C1"),
        ("\u{202e}", "direction"),
        ("\u{200b}", "invisible"),
    ] {
        assert!(!text.contains(harm), "{name} in {text:?}");
    }
}

#[test]
fn a_name_can_do_nothing_to_the_terminal() {
    let database = evil_place();
    for format in FORMATS {
        for arguments in [&["-vv", "--format", format][..], &["fix", "--dry-run", "-vv", "--format", format]] {
            let mut command = database.pgseqfix();
            let left = Terminal::run(command.args(arguments)).end().expect_status(1).expect_sane();
            assert!(left.written.contains("evil"), "{format}: {left:#?}");
            expect_harmless(&left.written);
        }
    }
    let run = database.run(&["-t", &format!("\"{EVIL}none\"")]).expect_status(2);
    expect_harmless(&run.stderr);
    let run = database.run(&["-d", &format!("{EVIL}none")]).expect_status(2);
    expect_harmless(&run.stderr);
    let mut command = database.pgseqfix();
    let mut terminal = Terminal::run(command.arg("fix"));
    let left = terminal.wait_for("Fix which?").press("\r").wait_for("Set th").press("y").end();
    expect_harmless(&left.expect_status(0).expect_sane().written);
    database.run(&[]).expect_status(0);
}

#[test]
fn people_and_json_get_no_raw_control_character_anywhere_and_json_the_right_name() {
    let database = evil_place();
    for format in ["table", "markdown", "json", "sql"] {
        let run = database.run(&["-vv", "--format", format]).expect_status(1);
        expect_harmless(&run.stdout);
        expect_harmless(&run.stderr);
        assert!(!run.stdout.contains('\r'), "{format}: {run:#?}");
    }
    let report = database.run(&["--format", "json"]).expect_status(1).json();
    assert_eq!((&report["sequences"][0]["schema"], &report["sequences"][0]["name"]), (&EVIL.into(), &EVIL.into()));
    let table = database.run(&[]).expect_status(1);
    assert_eq!(table.stdout.lines().filter(|line| line.starts_with("behind")).count(), 1, "{table:#?}");
}

#[test]
fn the_script_for_psql_cannot_be_led_astray_by_a_name() {
    let database = evil_place();
    let Some(mut psql) = database.program("psql") else {
        eprintln!("skipped: no psql on this machine");
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("script");
    database.run(&["--format", "sql", "-o", file.to_str().expect("ASCII")]).expect_status(1);
    let run = Run::of(psql.args(["-X", "-q", "-f"]).arg(&file)).expect_status(0);
    assert_eq!(run.stderr, "");
    database.run(&[]).expect_status(0);
}

/// Whether there is a colour in it.
fn is_coloured(text: &str) -> bool {
    text.split("\u{1b}[")
        .skip(1)
        .any(|rest| rest.find('m').is_some_and(|end| rest[..end].chars().all(|it| it.is_ascii_digit() || it == ';')))
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let database = shop();
    let on_terminal = |command: &mut Command| Terminal::run(command).end().expect_status(1).written;
    assert!(is_coloured(&on_terminal(&mut database.pgseqfix())));
    assert!(!is_coloured(&on_terminal(database.pgseqfix().env("NO_COLOR", "1"))));
    assert!(!is_coloured(&on_terminal(database.pgseqfix().args(["--format", "json"]))));
    assert!(!is_coloured(&database.run(&[]).expect_status(1).stdout));
    let forced =
        |format: &str| Run::of(database.pgseqfix().env("CLICOLOR_FORCE", "1").args(["--format", format])).stdout;
    assert!(is_coloured(&forced("table")));
    for format in &FORMATS[1..] {
        assert!(!is_coloured(&forced(format)), "{format} is for programs");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("report");
    Run::of(database.pgseqfix().env("CLICOLOR_FORCE", "1").arg("-o").arg(&file)).expect_status(1);
    assert!(!is_coloured(&fs::read_to_string(file).expect("a file")));
}
