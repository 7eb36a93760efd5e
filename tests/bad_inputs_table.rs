//! Bad input by the hundred: each line of these tables gets one clear error, exit status 2, and nothing else.
//!
//! Every password in here is `hush`, which no output may show.

mod support;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::{Command, Stdio};

use support::terminal::{Terminal, through_shell};
use support::{Database, Run};

/// A command line, and words of the error that it gets.
type Line = (&'static [&'static str], &'static [&'static str]);

const SETTINGS: &str = "error: could not use the connection settings: ";
const CONNECT: &str = "error: could not connect to database ";
const SELECT: &str = "error: could not select what to look at";

/// The one error of a command whose input is bad.
#[track_caller]
fn expect_one_error(command: &mut Command, words: &[&str]) {
    let run = Run::of(command);
    // A name with a line break in it goes on further in.
    let errors = run.stderr.lines().filter(|line| line.starts_with("error:")).count();
    assert_eq!((run.status, errors, run.stdout.as_str()), (2, 1, ""), "{command:?}: {run:#?}");
    assert!(run.stderr.starts_with("error: "), "{command:?}: {run:#?}");
    for word in words {
        assert!(run.stderr.contains(word), "{word:?} is missing after {command:?}: {run:#?}");
    }
    for never in ["panicked", "hush", "RUST_BACKTRACE", "invalid digit", "Error {", "os error 0"] {
        assert!(!run.stderr.contains(never), "{never:?} after {command:?}: {run:#?}");
    }
    assert!(!run.stderr.contains(|letter: char| letter.is_control() && letter != '\n'), "{command:?}: {run:#?}");
}

/// What went wrong after the command line was understood says what to try.
#[track_caller]
fn expect_failure(command: &mut Command, words: &[&str]) {
    expect_one_error(command, &[words, &["\n  hint: "]].concat());
}

#[track_caller]
fn expect_all(lines: &[Line]) {
    let database = Database::new();
    let names: BTreeSet<_> = lines.iter().map(|(line, _)| line).collect();
    assert_eq!(names.len(), lines.len(), "each line is another one");
    for (line, words) in lines {
        expect_one_error(database.pgseqfix().args(*line), words);
    }
}

const UNKNOWN: &[Line] = &[
    (&["--no-such"], &["unexpected argument '--no-such' found", "try '--help'"]),
    (&["--no-such=hush"], &["unexpected argument '--no-such' found"]),
    (&["-x"], &["unexpected argument '-x' found"]),
    (&["-vx"], &["unexpected argument '-x' found"]),
    (&["--tabel", "t"], &["'--tabel'", "a similar argument exists: '--table'"]),
    (&["--shema", "s"], &["'--shema'", "a similar argument exists: '--schema'"]),
    (&["--exclude-tables", "t"], &["a similar argument exists: '--exclude-table'"]),
    (&["--lock-timout", "1s"], &["a similar argument exists: '--lock-timeout'"]),
    (&["--skip-unindex"], &["a similar argument exists: '--skip-unindexed'"]),
    (&["--Format", "json"], &["a similar argument exists: '--format'"]),
    (&["--hots", "h"], &["'--hots'"]),
    (&["fix", "--dryrun"], &["a similar argument exists: '--dry-run'"]),
    (&["fix", "--hedroom", "5"], &["a similar argument exists: '--headroom'"]),
    (&["fix", "--fix-outlier"], &["a similar argument exists: '--fix-outliers'"]),
    (&["explain", "--ofline", "text"], &["a similar argument exists: '--offline'"]),
    (&["explain", "--language", "go", "text"], &["unexpected argument '--language' found"]),
    // An option of another command, with the command that has it.
    (&["--yes"], &["unexpected argument '--yes' found", "--yes is an option of fix: pgseqfix fix --yes"]),
    (&["-y"], &["-y is an option of fix: pgseqfix fix -y"]),
    (&["scan", "--dry-run"], &["--dry-run is an option of fix: pgseqfix fix --dry-run"]),
    (&["scan", "--headroom", "5"], &["--headroom is an option of fix"]),
    (&["--fix-outliers", "shop"], &["--fix-outliers is an option of fix"]),
    (&["--yes", "fix"], &["--yes is an option of fix: pgseqfix fix --yes"]),
    (&["explain", "--yes", "text"], &["--yes is an option of fix"]),
    (&["fix", "--log", "file"], &["--log is an option of explain"]),
    (&["--offline"], &["--offline is an option of explain"]),
    (&["fix", "--lang", "go"], &["--lang is an option of explain"]),
    // More than one database, be it that a command was misspelt.
    (&["one", "two"], &["unexpected argument 'two' found", "the commands are scan, fix and explain"]),
    (&["scna", "shop"], &["unexpected argument 'shop' found", "the commands are scan, fix and explain"]),
    (&["check", "shop"], &["unexpected argument 'shop' found", "the commands are scan, fix and explain"]),
    (&["Fix", "shop"], &["unexpected argument 'shop' found", "the commands are scan, fix and explain"]),
    (&["scan", "one", "two"], &["unexpected argument 'two' found"]),
    (&["fix", "--yes", "one", "two"], &["unexpected argument 'two' found"]),
    (&["--", "one", "two"], &["unexpected argument 'two' found"]),
    (&["-d", "one", "two"], &["the database is named more than once"]),
    (&["explain", "-q", "text"], &["--quiet and --github are for scan and fix"]),
    (&["fix", "--check", "shop"], &["unexpected argument '--check' found"]),
    (&["--check", "fix", "shop"], &["--check is for a scan"]),
    (&["-q", "-v"], &["cannot be used with"]),
    (&["--generate", "man", "shop"], &["cannot be used with"]),
    (&["--generate", "tcsh"], &["invalid value 'tcsh'", "bash, zsh, fish"]),
    (&["one", "fix", "two"], &["the database is named more than once"]),
    (&["fix", "-d", "one", "two"], &["the database is named more than once"]),
    (&["one", "-d", "two", "fix", "three"], &["the database is named more than once"]),
];

const VALUES: &[Line] = &[
    (&["-d"], &["a value is required for '--dbname <DBNAME>'"]),
    (&["-h"], &["a value is required for '--host <HOST>'"]),
    (&["-p"], &["a value is required for '--port <PORT>'"]),
    (&["-U"], &["a value is required for '--username <ROLE>'"]),
    (&["-n"], &["a value is required for '--schema <PATTERN>'"]),
    (&["-N"], &["a value is required for '--exclude-schema <PATTERN>'"]),
    (&["-t"], &["a value is required for '--table <PATTERN>'"]),
    (&["-T"], &["a value is required for '--exclude-table <PATTERN>'"]),
    (&["-j"], &["a value is required for '--jobs <N>'"]),
    (&["-o"], &["a value is required for '--output <FILE>'"]),
    (&["-o", ""], &["a value is required for '--output <FILE>'"]),
    (&["--format"], &["a value is required for '--format <FORMAT>'", "table, json, csv, markdown, sql"]),
    (&["--format", ""], &["a value is required for '--format <FORMAT>'"]),
    (&["--format", "xml"], &["invalid value 'xml' for '--format <FORMAT>'", "table, json, csv, markdown, sql"]),
    (&["--format", "JSON"], &["invalid value 'JSON'", "table, json, csv, markdown, sql"]),
    (&["--format", "jsn"], &["a similar value exists: 'json'"]),
    (&["--format", "table,json"], &["invalid value 'table,json'"]),
    (&["--jobs", "0"], &["invalid value '0' for '--jobs <N>'", "it takes a whole number from 1 to 64"]),
    (&["--jobs", "65"], &["it takes a whole number from 1 to 64"]),
    (&["--jobs=-1"], &["it takes a whole number from 1 to 64"]),
    (&["-j", "many"], &["it takes a whole number from 1 to 64"]),
    (&["-j", ""], &["it takes a whole number from 1 to 64"]),
    (&["-j", "2.5"], &["it takes a whole number from 1 to 64"]),
    (&["-jfix"], &["it takes a whole number from 1 to 64"]),
    (&["--ignore-above", ""], &["--ignore-above", "it takes a whole number from -9223372036854775808"]),
    (&["--ignore-above", "1e6"], &["--ignore-above", "it takes a whole number"]),
    (&["--ignore-above", "9223372036854775808"], &["--ignore-above", "to 9223372036854775807"]),
    (&["--ignore-above", "1_000"], &["--ignore-above", "it takes a whole number"]),
    (&["--ignore-below", "-9223372036854775809"], &["--ignore-below", "from -9223372036854775808"]),
    (&["--ignore-below", "٣"], &["--ignore-below", "it takes a whole number"]),
    (&["--lock-timeout", ""], &["--lock-timeout", "it takes a whole number of milliseconds, or one with ms, s, min"]),
    (&["--lock-timeout", "soon"], &["it takes a whole number of milliseconds, or one with ms, s, min"]),
    (&["--lock-timeout", "1.5s"], &["it takes a whole number of milliseconds, or one with ms, s, min"]),
    (&["--lock-timeout", "-1"], &["it takes a whole number of milliseconds, or one with ms, s, min"]),
    (&["--lock-timeout", "5 weeks"], &["it takes a whole number of milliseconds, or one with ms, s, min"]),
    (&["--statement-timeout", "25d"], &["it takes at most 24 days"]),
    (&["--statement-timeout", "2147483648"], &["it takes at most 24 days"]),
    (&["--statement-timeout", "99999999999999999999s"], &["it takes a whole number of milliseconds, or"]),
    (&["--statement-timeout", "1S"], &["it takes a whole number of milliseconds, or one with ms, s, min"]),
    (&["--time-limit", "5"], &["it needs a unit: 5s, 5min, 5ms"]),
    (&["--time-limit=-5s"], &["it takes a whole number with ms, s, min, h or d behind it"]),
    (&["--time-limit", "for ever"], &["it takes a whole number with ms, s, min, h or d behind it"]),
    (&["fix", "--headroom"], &["a value is required for '--headroom <N>'"]),
    (&["fix", "--headroom", ""], &["--headroom", "it takes a whole number from 0 to 18446744073709551615"]),
    (&["fix", "--headroom", "lots"], &["--headroom", "it takes a whole number from 0"]),
    (&["fix", "--headroom", "-1"], &["--headroom", "it takes a whole number from 0"]),
    (&["fix", "--headroom", "18446744073709551616"], &["--headroom", "to 18446744073709551615"]),
    (&["fix", "--yes=1"], &["unexpected value '1' for '--yes'"]),
    (&["fix", "--dry-run=yes"], &["unexpected value 'yes' for '--dry-run'"]),
    (&["--verbose=3"], &["unexpected value '3' for '--verbose...'"]),
    (&["--version=1"], &["unexpected value '1' for '--version'"]),
    (&["--skip-unindexed=off"], &["unexpected value 'off' for '--skip-unindexed'"]),
    (&["--password=hush"], &["unexpected value '…' for '--password'"]),
    (&["--no-password=hush"], &["unexpected value '…' for '--no-password'"]),
    (&["explain", "--lang", "cobol", "text"], &["invalid value 'cobol' for '--lang <LANGUAGE>'", "python, node"]),
    (&["explain", "--lang"], &["a value is required for '--lang <LANGUAGE>'"]),
    (&["explain", "--format", "csv", "text"], &["invalid value 'csv' for '--format <FORMAT>'", "table, json"]),
    (&["explain", "--format", "sql", "--offline", "text"], &["invalid value 'sql'", "table, json"]),
    (&["explain", "--log"], &["a value is required for '--log <FILE>...'"]),
    (&["explain", "--log", ""], &["a value is required for '--log <FILE>...'"]),
];

const CONFLICTS: &[Line] = &[
    (&["-w", "-W"], &["'--no-password' cannot be used with '--password'"]),
    (&["fix", "--dry-run", "--yes"], &["'--dry-run' cannot be used with '--yes'"]),
    (&["fix", "-y", "--dry-run"], &["'--yes' cannot be used with '--dry-run'"]),
    (&["fix", "--yes", "--yes"], &["'--yes' cannot be used multiple times"]),
    (&["-d", "a", "-d", "b"], &["'--dbname <DBNAME>' cannot be used multiple times"]),
    (&["-h", "a", "--host=b"], &["'--host <HOST>' cannot be used multiple times"]),
    (&["-o", "a", "-o", "b"], &["'--output <FILE>' cannot be used multiple times"]),
    (&["--format=json", "--format=csv"], &["'--format <FORMAT>' cannot be used multiple times"]),
    (&["--ignore-above", "5", "--ignore-above", "6"], &["cannot be used multiple times"]),
    (&["explain", "--offline", "--show-row", "text"], &["'--offline' cannot be used with '--show-row'"]),
    (&["explain", "--log", "f", "--show-row"], &["cannot be used with"]),
    (&["explain", "--log", "f", "--lang", "go"], &["cannot be used with"]),
    (&["explain", "--log", "f", "--", "text"], &["cannot be used with"]),
    (&["--format", "csv", "explain", "text"], &["explain has the formats table and json"]),
    (&["--format", "sql", "explain", "--offline", "text"], &["explain has the formats table and json"]),
];

/// What was understood, and cannot be done all the same.
const REFUSED: &[Line] = &[
    (&["fix"], &["could not ask before fixing: there is no terminal", "--yes", "--dry-run"]),
    (&["fix", "--headroom", "5"], &["could not ask before fixing"]),
    (&["-W"], &["could not read the password: not a terminal", "PGPASSWORD"]),
    (
        &["help"],
        &[CONNECT, "\"help\" does not exist", "psql -l", "help is taken for a database's name; for help: --help"],
    ),
    (&["fix", "help", "--yes"], &[CONNECT, "help is taken for a database's name; for help: --help"]),
    (&["version"], &[CONNECT, "version is taken for a database's name; for the version: --version"]),
    (&["scan", "fix"], &[CONNECT, "database \"fix\" does not exist"]),
    (&["-d", "No Such Db"], &[CONNECT, "database \"No Such Db\" does not exist", "3D000"]),
    (&["-U", "No Such Role"], &[CONNECT, "role \"No Such Role\" does not exist"]),
    (&["-d", "a\nerror: b"], &[CONNECT, "a\n    error: b"]),
    (&["-U", "a\n  hint: b\nerror: c"], &[CONNECT, "does not exist"]),
    (&["-d", "a\u{1b}[2J\u{7}\u{202e}"], &[CONNECT, "a\\u{1b}[2J\\u{7}\\u{202e}"]),
    (&["-p", "five"], &[SETTINGS, "invalid port number: \"five\"", "-p"]),
    (&["-p", "0"], &[SETTINGS, "invalid port number: \"0\""]),
    (&["-p", "65536"], &[SETTINGS, "invalid port number: \"65536\""]),
    (&["-p", "-1"], &[SETTINGS, "invalid port number: \"-1\""]),
    (&["-p", "5432,5433"], &[SETTINGS, "could not match 2 port numbers to 1 hosts"]),
    (&["-h", "/no/such/directory"], &[CONNECT, "/no/such/directory", "No such file", "-h"]),
    (&["-h", "no-such-host.invalid"], &[CONNECT, "no-such-host.invalid", "-h, PGHOST"]),
    (&["-h", "/no/such,/nor/such"], &[CONNECT, "/no/such/.s.", "/nor/such/.s."]),
    (&["explain", ""], &["could not find error 23505 (unique_violation) in the text: it is empty"]),
    (&["explain", " \n"], &["it is empty"]),
    (&["explain"], &["it is empty", "on standard input"]),
    (&["explain", "-"], &["it is empty"]),
    (&["explain", "what is this?"], &["it holds no error of PostgreSQL's that is known here", "--log"]),
    (&["explain", "ERROR: syntax error at or near \"x\""], &["could not find error 23505"]),
    (&["explain", "-", "text"], &["it holds no error of PostgreSQL's"]),
];

#[test]
fn an_argument_that_nobody_knows_is_named_and_a_near_one_suggested() {
    expect_all(UNKNOWN);
}

#[test]
fn a_value_that_is_none_is_named_with_what_would_do() {
    expect_all(VALUES);
}

#[test]
fn arguments_that_contradict_each_other_are_both_named() {
    expect_all(CONFLICTS);
}

#[test]
fn what_cannot_be_done_says_what_to_try() {
    let database = Database::new();
    for (line, words) in REFUSED {
        expect_failure(database.pgseqfix().args(*line), words);
    }
}

#[test]
fn a_password_among_the_arguments_is_not_shown_whatever_is_wrong_with_them() {
    let uri = "postgres://clerk:hush@localhost/shop";
    let pairs = "host=localhost password=hush";
    let database = Database::new();
    for secret in
        [uri, pairs, "mysql://clerk:hush@localhost", "jdbc:postgresql://h/d?user=u&password=hush", "pwd = hush"]
    {
        for line in [
            &["scna", secret][..],
            &["fix", "--yse", secret],
            &["fix", "shop", secret],
            &["-d", "shop", secret],
            &["--format", secret],
            &["--jobs", secret],
            &["--lock-timeout", secret],
            &["--ignore-above", secret],
            &["fix", "--headroom", secret],
            &["explain", "--lang", secret, "text"],
            &["--yes", secret],
            &["-p", secret],
            &["-h", secret],
            &["-U", secret],
            &["-n", secret],
            &["-T", secret],
            &["-o", secret],
            &["explain", "--log", secret],
        ] {
            expect_one_error(database.pgseqfix().args(line), &[]);
        }
        let mut command = database.pgseqfix();
        command.args(["explain", "--offline", "-h", secret, "duplicate key value violates unique constraint \"a\""]);
        let run = Run::of(&mut command).expect_status(0);
        assert!(!run.stdout.contains("hush") && run.stderr.is_empty(), "{run:#?}");
    }
}

#[test]
fn an_argument_can_do_nothing_to_the_terminal() {
    let evil = "x\u{1b}[2J\u{1b}]0;t\u{7}\u{202e}\r\ny";
    let database = Database::new();
    for line in [
        &["one", evil][..],
        &[&format!("--{evil}")],
        &["--format", evil],
        &["-j", evil],
        &["--time-limit", evil],
        &["-t", evil],
        &["-n", evil],
        &["-d", evil],
        &["-U", evil],
        &["-h", evil],
        &["-p", evil],
        &["-o", &format!("/no/such/{evil}")],
        &["explain", evil],
        &["explain", "--log", evil],
        &["explain", "--lang", evil, "text"],
    ] {
        expect_one_error(database.pgseqfix().args(line), &[]);
        let left = Terminal::run(database.pgseqfix().args(line)).end().expect_status(2).expect_sane();
        for harm in ["\u{1b}[2J", "\u{1b}]", "\u{7}", "\u{202e}"] {
            assert!(!left.written.contains(harm), "{line:?}: {left:#?}");
        }
    }
}

fn invalid() -> &'static OsStr {
    OsStr::from_bytes(b"a\xffb")
}

#[test]
fn an_argument_that_is_not_utf8_is_refused() {
    let database = Database::new();
    for before in [&[][..], &["-d"], &["-U"], &["-h"], &["-p"], &["-t"], &["-N"], &["--format"], &["explain"]] {
        expect_one_error(database.pgseqfix().args(before).arg(invalid()), &["invalid "]);
    }
    expect_one_error(database.pgseqfix().args(["explain", "--log"]).arg(invalid()), &["could not open log a\u{fffd}b"]);
    expect_one_error(
        database.pgseqfix().arg("-o").arg(Path::new("/no/such").join(invalid())),
        &["/no/such/a\u{fffd}b"],
    );
}

#[test]
fn a_file_whose_name_is_not_utf8_gets_the_result_as_any_other() {
    let database = Database::with_setup("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join(invalid());
    for task in [&["scan"][..], &["fix", "--dry-run"], &["fix", "--yes"]] {
        let run = Run::of(database.pgseqfix().args(task).arg("-o").arg(&file));
        assert_eq!(
            (run.status, run.stdout.as_str(), run.stderr.as_str()),
            (i32::from(task.len() < 2 || task[1] == "--dry-run"), "", "")
        );
        assert!(fs::read_to_string(&file).expect("a file").contains("t_id_seq"));
    }
}

/// A variable with its value, and words of the error.
const VARIABLES: &[(&str, &str, &[&str])] = &[
    ("PGPORT", "abc", &[SETTINGS, "invalid port number: \"abc\"", "PG* variable"]),
    ("PGPORT", "0", &[SETTINGS, "invalid port number: \"0\""]),
    ("PGPORT", "-1", &[SETTINGS, "invalid port number: \"-1\""]),
    ("PGPORT", "65536", &[SETTINGS, "invalid port number: \"65536\""]),
    ("PGPORT", "54 32", &[SETTINGS, "invalid port number: \"54 32\""]),
    ("PGPORT", "5432,5433", &[SETTINGS, "could not match 2 port numbers to 1 hosts"]),
    ("PGPORT", "5432,", &[SETTINGS, "could not match 2 port numbers"]),
    ("PGHOST", "/no/such/directory", &[CONNECT, "/no/such/directory"]),
    ("PGHOST", "./relative", &[CONNECT, "./relative", "PGHOST"]),
    ("PGHOST", "@no such abstract socket", &[CONNECT, "@no such abstract socket"]),
    ("PGHOST", " ", &[CONNECT, "on host \" \""]),
    ("PGHOST", "postgres://clerk:hush@localhost/shop", &[SETTINGS, "host looks like a connection string"]),
    ("PGHOST", "/a,/b,/c", &[CONNECT, "/a/.s.", "/b/.s.", "/c/.s."]),
    ("PGHOSTADDR", "localhost", &[SETTINGS, "could not parse network address \"localhost\""]),
    ("PGHOSTADDR", "300.1.1.1", &[SETTINGS, "could not parse network address \"300.1.1.1\""]),
    ("PGHOSTADDR", "127.0.0.1,::1", &[SETTINGS, "could not match 1 host names to 2 hostaddr values"]),
    ("PGDATABASE", "No Such Db", &[CONNECT, "\"No Such Db\" does not exist"]),
    ("PGDATABASE", "postgres://clerk:hush@localhost/shop", &[SETTINGS, "dbname looks like a connection string", "-d"]),
    ("PGDATABASE", "host=localhost password=hush", &[SETTINGS, "dbname looks like a connection string"]),
    ("PGDATABASE", "postgres:/clerk:hush@localhost/shop", &[SETTINGS, "dbname looks like a connection string"]),
    ("PGUSER", "No Such Role", &[CONNECT, "role \"No Such Role\" does not exist"]),
    ("PGUSER", "clerk;password=hush", &[SETTINGS, "user looks like a connection string"]),
    ("PGSSLMODE", "nonsense", &[SETTINGS, "invalid sslmode value: \"nonsense\""]),
    ("PGSSLMODE", "", &[SETTINGS, "invalid sslmode value: \"\""]),
    ("PGCHANNELBINDING", "Require", &[SETTINGS, "invalid channel_binding value: \"Require\""]),
    ("PGSSLNEGOTIATION", "Direct", &[SETTINGS, "invalid sslnegotiation value: \"Direct\""]),
    ("PGSSLMODE", "Require", &[SETTINGS, "invalid sslmode value: \"Require\""]),
    ("PGTARGETSESSIONATTRS", "master", &[SETTINGS, "invalid target_session_attrs value: \"master\""]),
    ("PGTARGETSESSIONATTRS", "any,primary", &[SETTINGS, "invalid target_session_attrs value"]),
    ("PGTARGETSESSIONATTRS", "standby", &[CONNECT, "server is not in hot standby mode", "PGTARGETSESSIONATTRS"]),
    ("PGTARGETSESSIONATTRS", "read-only", &[CONNECT, "session is not read-only"]),
    (
        "PGCONNECT_TIMEOUT",
        "soon",
        &[SETTINGS, "invalid integer value \"soon\" for connection option \"connect_timeout\""],
    ),
    ("PGCONNECT_TIMEOUT", "1.5", &[SETTINGS, "invalid integer value \"1.5\""]),
    ("PGCONNECT_TIMEOUT", "99999999999", &[SETTINGS, "invalid integer value \"99999999999\""]),
    ("PGSERVICE", "no such", &[SETTINGS, "definition of service \"no such\" not found", "service file"]),
    ("PGSERVICE", "", &[SETTINGS, "definition of service \"\" not found"]),
    ("PGCHANNELBINDING", "require", &[CONNECT, "channel binding"]),
    ("PGCHANNELBINDING", "maybe", &[SETTINGS, "invalid channel_binding value: \"maybe\"", "disable, prefer, require"]),
    ("PGGSSENCMODE", "require", &[SETTINGS, "gssencmode=require is asked for"]),
    ("PGGSSENCMODE", "on", &[SETTINGS, "invalid gssencmode value: \"on\""]),
    ("PGREQUIREPEER", "postgres", &[SETTINGS, "requirepeer=postgres is asked for"]),
    ("PGREQUIREAUTH", "scram-sha-256", &[SETTINGS, "require_auth=scram-sha-256 is asked for"]),
    ("PGLOADBALANCEHOSTS", "yes", &[SETTINGS, "invalid load_balance_hosts value: \"yes\"", "disable, random"]),
    ("PGMAXPROTOCOLVERSION", "9", &[SETTINGS, "invalid max_protocol_version value: \"9\""]),
    ("PGMINPROTOCOLVERSION", "3.2", &[SETTINGS, "min_protocol_version=3.2 is asked for"]),
    ("PGSSLMINPROTOCOLVERSION", "SSLv3", &[SETTINGS, "invalid ssl_min_protocol_version value: \"SSLv3\"", "TLSv1.3"]),
    ("PGSSLNEGOTIATION", "direct", &[SETTINGS, "weak sslmode \"prefer\" may not be used with sslnegotiation=direct"]),
    ("PGSSLCERTMODE", "require", &[SETTINGS, "sslcertmode=require is asked for"]),
    ("PGSSLMAXPROTOCOLVERSION", "TLSv1", &[SETTINGS, "invalid SSL protocol version range"]),
    ("PGSSLCERTMODE", "never", &[SETTINGS, "invalid sslcertmode value: \"never\""]),
    ("PGOPTIONS", "nonsense", &[CONNECT, "invalid command-line argument for server process: nonsense", "PGOPTIONS"]),
    ("PGOPTIONS", "-c nonsense=1", &[CONNECT, "unrecognized configuration parameter \"nonsense\"", "PGOPTIONS"]),
    ("PGOPTIONS", "-c work_mem=lots", &[CONNECT, "invalid value for parameter \"work_mem\": \"lots\"", "PGOPTIONS"]),
    ("PGOPTIONS", "--foo", &[CONNECT, "--foo requires a value", "PGOPTIONS"]),
];

#[test]
fn a_variable_with_a_bad_value_is_one_clear_error() {
    let database = Database::new();
    for (variable, value, words) in VARIABLES {
        expect_failure(database.pgseqfix().env(variable, value), words);
    }
    for variable in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGOPTIONS", "PGSERVICE", "PGPASSFILE"] {
        let words = [SETTINGS, &format!("{variable} is not UTF-8"), &format!("unset {variable}")];
        expect_failure(database.pgseqfix().env(variable, invalid()), &words);
    }
}

/// A connection string of pairs, and words of the error.
const PAIRS: &[(&str, &[&str])] = &[
    ("=", &["invalid connection option \"\""]),
    ("=x", &["invalid connection option \"\""]),
    ("dbname=a =", &["invalid connection option \"\""]),
    ("host=h dbname", &["missing \"=\" after \"dbname\""]),
    ("user=a clerk", &["missing \"=\" after \"clerk\""]),
    ("dbname='a", &["unterminated quoted string"]),
    ("dbname='a\\", &["unterminated quoted string"]),
    ("dbname='a\\'", &["unterminated quoted string"]),
    ("DBNAME=a", &["invalid connection option \"DBNAME\""]),
    ("database=a", &["invalid connection option \"database\""]),
    ("db name=a", &["missing \"=\" after \"db\""]),
    ("username=a", &["invalid connection option \"username\""]),
    ("dbname=a no_such=1", &["invalid connection option \"no_such\""]),
    ("dbname=a ümlaut=1", &["invalid connection option \"ümlaut\""]),
    ("port=x", &["invalid port number: \"x\""]),
    ("port=5432 port=abc", &["invalid port number: \"abc\""]),
    ("host=/a,/b port=1,2,3", &["could not match 3 port numbers to 2 hosts"]),
    ("host=a hostaddr=1.1.1.1,2.2.2.2", &["could not match 1 host names to 2 hostaddr values"]),
    ("host='' hostaddr=x", &["could not parse network address \"x\""]),
    ("service=no_such", &["definition of service \"no_such\" not found"]),
    ("service=", &["definition of service \"\" not found"]),
    ("service=s servicefile=/no/such", &["service file \"/no/such\" not found"]),
    ("sslmode=on", &["invalid sslmode value: \"on\""]),
    ("sslmode=require sslrootcert=system", &["weak sslmode \"require\" may not be used with sslrootcert=system"]),
    ("sslmode=verify-ca sslrootcert=/no/such host=127.0.0.1", &["root certificate file \"/no/such\" does not exist"]),
    ("sslmode=verify-full sslrootcert=system host='' hostaddr=127.0.0.1", &["host name must be specified"]),
    ("sslnegotiation=direct host=127.0.0.1", &["weak sslmode \"prefer\""]),
    ("connect_timeout=2s", &["invalid integer value \"2s\""]),
    ("keepalives=maybe", &["invalid integer value \"maybe\" for connection option \"keepalives\""]),
    ("keepalives_idle=1s", &["\"keepalives_idle\""]),
    ("keepalives_interval=0x1", &["\"keepalives_interval\""]),
    ("keepalives_count=99999999999", &["\"keepalives_count\""]),
    ("tcp_user_timeout=x", &["\"tcp_user_timeout\""]),
    ("target_session_attrs=master", &["invalid target_session_attrs value: \"master\""]),
    ("replication=database", &["replication=database is asked for"]),
    ("sslcertmode=require", &["sslcertmode=require is asked for"]),
    ("load_balance_hosts=x", &["invalid load_balance_hosts value: \"x\""]),
    ("scram_client_key=hush", &["scram_client_key is asked for"]),
    ("password=hush x", &["missing \"=\" after the password", "'...'"]),
    ("password=my hush=x", &["invalid connection option after the password"]),
    ("password='hush", &["unterminated quoted string"]),
    ("password=a'hush' b", &["after the password"]),
    ("oauth_client_secret=a hush", &["after the password"]),
    ("hostname=h password=hush", &["invalid connection option \"hostname\""]),
    ("pass=hush", &["invalid connection option \"pass\""]),
    ("PASSWORD=hush", &["invalid connection option \"PASSWORD\""]),
    ("Server=h;Password=hush", &["invalid connection option \"Server\""]),
    ("user=u;password=hush;host=h", &["user looks like a connection string", "blanks between its settings"]),
    ("user=u,password=hush", &["user looks like a connection string"]),
    ("dbname=postgres://u:hush@h/d", &["dbname looks like a connection string"]),
    ("host=postgres://u:hush@h/d", &["host looks like a connection string"]),
    ("host=h postgres://u:hush@h/d", &["missing \"=\" after (a connection URI, which stands alone)"]),
    ("DATABASE_URL=postgres://u:hush@h/d", &["invalid connection option \"DATABASE_URL\""]),
];

/// A URI, and words of the error.
const URIS: &[(&str, &[&str])] = &[
    ("Postgres://u:hush@h/d", &["has to start with \"postgresql://\" or \"postgres://\""]),
    ("POSTGRESQL://u:hush@h", &["has to start with"]),
    ("postgresql+asyncpg://u:hush@h/d", &["has to start with"]),
    ("mysql://u:hush@h/d", &["has to start with"]),
    ("http://u:hush@h/d", &["has to start with"]),
    ("jdbc:postgresql://h/d?user=u&password=hush", &["has to start with"]),
    (" postgres://u:hush@h/d", &["has to start with"]),
    ("\"postgres://u:hush@h/d\"", &["has to start with"]),
    ("postgres:/u:hush@h/d", &["dbname looks like a connection string"]),
    ("postgres:////u:hush@h/d", &["dbname looks like a connection string"]),
    ("host=h password:hush", &["missing \"=\" after the password"]),
    ("postgresql//u:hush@h/d", &["dbname looks like a connection string"]),
    ("postgres:u:hush@h/d", &["dbname looks like a connection string"]),
    ("postgres://u:hush@h:port/d", &["a port that is no number"]),
    ("postgres://u:hush@h:-1/d", &["a port that is no number"]),
    ("postgres://u:hush@h:0/d", &["invalid port number: \"0\""]),
    ("postgres://u:hush@h:99999/d", &["invalid port number: \"99999\""]),
    ("postgres://u:hush@h:1:2/d", &["a port that is no number"]),
    ("postgres://u:hush@[::1/d", &["no matching \"]\""]),
    ("postgres://u:hush@[]/d", &["may not be empty"]),
    ("postgres://u:hush@[::1]x/d", &["unexpected character after \"]\""]),
    ("postgres://u:hush@h/d?x", &["missing key/value separator"]),
    ("postgres://u:hush@h/d?x=1", &["invalid URI query parameter: \"x\""]),
    ("postgres://u:hush@h/d?user=a=b", &["extra key/value separator"]),
    ("postgres://u:hush@h/d?User=a", &["invalid URI query parameter: \"User\""]),
    ("postgres://u:hush@h/d?sslmode=on", &["invalid sslmode value: \"on\""]),
    ("postgres://u:hush@127.0.0.1/d?sslmode=verify-ca&sslrootcert=/no/such", &["/no/such\" does not exist", "sslmode"]),
    ("postgres://h/d?ssl=false", &["invalid URI query parameter: \"ssl\""]),
    ("postgres://u:hush@h/d?connect_timeout=2s", &["invalid integer value \"2s\""]),
    ("postgres://u:hush@h/d?port=x", &["invalid port number: \"x\""]),
    ("postgres://h/d?password=a&hush", &["missing key/value separator"]),
    ("postgres://h/d?password=a&hush=b", &["perhaps of a password", "%26"]),
    ("postgres://h/d?password=hush%zz", &["percent-encoded", "%25"]),
    ("postgres://u:hush%@h", &["percent-encoded", "%25"]),
    ("postgres://u:hush%2@h", &["percent-encoded"]),
    ("postgres://u:hush%00@h", &["forbidden value %00"]),
    ("postgres://u:hush%ff@h", &["no UTF-8"]),
    ("postgres://%ff@h", &["no UTF-8"]),
    ("postgres://u:hu/hush@h/d", &["stray \"@\"", "%2F"]),
    ("postgres://u:hu@hush@h/d", &["stray \"@\"", "%40"]),
    ("postgres://u@:hush@h/d", &["stray \"@\""]),
    ("postgres://a,b:1,c/d?port=1,2", &["could not match 2 port numbers to 3 hosts"]),
    ("postgres://u:hush@h/d?hostaddr=x", &["could not parse network address \"x\""]),
    ("postgres:///d?service=no_such", &["definition of service \"no_such\" not found"]),
    ("postgres:///d?require_auth=md5", &["require_auth=md5 is asked for"]),
];

#[test]
fn a_connection_string_that_leads_nowhere_is_one_clear_error() {
    let database = Database::new();
    for (string, words) in PAIRS.iter().chain(URIS) {
        let words = [&[SETTINGS], *words].concat();
        expect_failure(database.pgseqfix().arg(string), &words);
        expect_failure(database.pgseqfix().args(["fix", "--yes", "-d", string]), &words);
        expect_failure(
            database.pgseqfix().args(["explain", "-d", string, "Key (id)=(1) already exists. (23505)"]),
            &words,
        );
    }
}

/// A pattern, words of the error as a table's, and as a schema's.
const PATTERNS: &[(&str, &str, &str)] = &[
    ("", "the pattern for a table is empty", "the pattern for a schema is empty"),
    (" ", "no table matches", "no schema matches"),
    ("\"\"", "no table matches \"\"", "no schema matches \"\""),
    ("\"", "no table matches \"", "no schema matches \""),
    ("\"no such", "no table matches \"no such", "no schema matches \"no such"),
    ("no_such", "*.no_such looks in every schema", "no schema matches no_such"),
    ("No Such", "no table matches No Such", "put double quotes round a name with capitals"),
    ("no.such", "no table matches no.such", "too many dotted names"),
    (".", "no table matches .", "too many dotted names"),
    (".t", "no table matches .t", "too many dotted names"),
    ("public.", "no table matches public.", "too many dotted names"),
    ("public..t", "cross-database references are not implemented: public..t", "too many dotted names"),
    (
        "elsewhere.public.t",
        "cross-database references are not implemented: elsewhere.public.t",
        "too many dotted names",
    ),
    ("a.b.c.d", "too many dotted names", "too many dotted names"),
    ("...", "too many dotted names", "too many dotted names"),
    ("$", "no table matches $", "no schema matches $"),
    ("no'such", "no table matches no'such", "no schema matches no'such"),
    ("%", "no table matches %", "no schema matches %"),
    ("'; DROP TABLE t; --", "no table matches '; DROP TABLE t; --", "no schema matches '; DROP TABLE t; --"),
    ("(", "by (\n  the server said: ERROR: invalid regular expression", "by (\n  the server said"),
    (")", "parentheses () not balanced (2201B)", "2201B"),
    ("[", "brackets [] not balanced (2201B)", "2201B"),
    ("t[b-a]", "invalid character range (2201B)", "2201B"),
    ("+", "quantifier operand invalid (2201B)", "2201B"),
    ("t{2", "invalid repetition count(s) (2201B)", "2201B"),
    ("t{2,1}", "invalid repetition count(s) (2201B)", "2201B"),
    ("t{99999}", "invalid repetition count(s) (2201B)", "2201B"),
    ("t\\", "parentheses () not balanced (2201B)", "2201B"),
    ("(t)\\9", "invalid backreference number (2201B)", "2201B"),
    ("[[:no_such:]]", "invalid character class (2201B)", "2201B"),
];

#[test]
fn a_pattern_that_selects_nothing_or_is_none_is_one_clear_error() {
    let database = Database::with_setup("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1)");
    let states = database.sequence_states();
    for (pattern, as_table, as_schema) in PATTERNS {
        for (option, words) in [("-t", as_table), ("-n", as_schema)] {
            expect_failure(database.pgseqfix().args([option, pattern]), &[SELECT, words]);
            expect_failure(database.pgseqfix().args(["fix", "--yes", option, pattern]), &[SELECT, words]);
        }
        // What is left out may be missing, but has to be a pattern.
        for (option, words) in [("-T", as_table), ("-N", as_schema)] {
            if ["2201B", "too many", "is empty", "invalid reg"].iter().any(|wrong| words.contains(wrong)) {
                expect_failure(database.pgseqfix().args([option, pattern]), &[SELECT]);
            }
        }
    }
    expect_failure(database.pgseqfix().args(["-t", "t", "-T", "u(", "-n", "s"]), &[SELECT, "by one of s, t, u("]);
    assert_eq!(database.sequence_states(), states);
}

#[test]
fn a_file_that_cannot_be_written_or_read_is_one_clear_error() {
    let database = Database::new();
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).into_os_string();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(path(name), bytes).expect("our own directory");
        path(name)
    };
    let plain = write("plain", b"");
    let below = [plain.as_bytes(), b"/below"].concat();
    let long = path(&"n".repeat(300));
    for (file, words) in [
        (path("."), "is a directory"),
        (OsString::from("/"), "is a directory"),
        (path("no/such"), "No such file or directory"),
        (path("new/"), "irectory"),
        (OsString::from_vec(below), "Not a directory"),
        (long, "File name too long"),
        (path("a\nerror: b/c"), "a\\nerror: b/c"),
        (OsString::from("/proc/version"), ""),
        (OsString::from("/dev/full"), "No space left"),
    ] {
        for task in [&["scan"][..], &["fix", "--yes"], &["explain", "--offline", "23505 Key (id)=(1) already exists."]]
        {
            let mut command = database.pgseqfix();
            expect_one_error(command.args(task).arg("-o").arg(&file), &["could not write the result to ", words]);
        }
        let mut command = database.pgseqfix();
        command.args(["explain", "--offline", "--log", "/dev/null", "-o"]).arg(&file);
        expect_one_error(&mut command, &["could not write the result to ", words]);
    }
    assert_eq!(fs::read_dir(directory.path()).expect("our own").count(), 1, "nothing is left of an attempt");

    let packed = |rest: &[u8]| [b"\x1f\x8b\x08\0\0\0\0\0\0\0", rest].concat();
    for (file, words) in [
        (path("missing"), &["could not open log ", "/missing: No such file or directory"][..]),
        (path(""), &["could not open log ", "is a directory"]),
        (write("cut.gz", &packed(b"")), &["could not read log ", "cut.gz: "]),
        (write("spoilt.gz", &packed(b"no deflate")), &["could not read log ", "spoilt.gz: "]),
    ] {
        for place in [&[][..], &["--offline"]] {
            expect_one_error(database.pgseqfix().args(["explain"]).args(place).arg("--log").arg(&file), words);
        }
        // One that can be read does not make up for it.
        expect_one_error(database.pgseqfix().args(["explain", "--log", "/dev/null"]).arg(&file), words);
    }
    for bytes in [&b""[..], b"\n\n", b"\0\xff\xfe binary \x80", b"\x7fELF\x02\x01\x01\0"] {
        let file = fs::File::open(write("text", bytes)).expect("our own file");
        expect_failure(database.pgseqfix().args(["explain"]).stdin(Stdio::from(file)), &["could not find error 23505"]);
    }
    let mut closed = through_shell(database.pgseqfix().arg("explain"), r#""$0" "$@" <&-"#);
    expect_one_error(&mut closed, &["could not "]);
}

#[test]
fn a_file_that_may_not_be_written_is_not_replaced_either() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("theirs");
    fs::write(&file, "yesterday's").expect("our own directory");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).expect("our own file");
    if fs::OpenOptions::new().append(true).open(&file).is_ok() {
        eprintln!("skipped: root may write to every file");
        return;
    }
    expect_one_error(
        Database::new().pgseqfix().arg("-o").arg(&file),
        &["could not write the result to ", "Permission"],
    );
    assert_eq!(fs::read_to_string(&file).expect("our own file"), "yesterday's");
}

#[test]
fn a_service_file_that_cannot_be_taken_is_named_with_its_line() {
    let database = Database::new();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("services");
    for (text, words) in [
        (&b""[..], &["definition of service \"shop\" not found"][..]),
        (b"[other]\nhost=h\n", &["definition of service \"shop\" not found"]),
        (b"[shop\nhost=h\n", &["definition of service \"shop\" not found"]),
        (b"\0\xff binary", &["definition of service \"shop\" not found"]),
        (b"[shop]\nhost\n", &["syntax error in service file", "services\", line 2"]),
        (b"[shop]\n\npassword = hush\n", &["syntax error in service file", "line 3"]),
        (b"[shop]\npassword=hush\nno_such=hush\n", &["syntax error in service file", "line 3"]),
        (b"[shop]\nservice=other\n", &["nested service specification in service file", "line 2"]),
        (b"[shop]\nldap://h/dc=hush\n", &["an LDAP look-up, which this program cannot do,", "line 2"]),
        (b"[shop]\nport=hundred\n", &["invalid port number: \"hundred\""]),
        (b"[shop]\nsslmode=on\n", &["invalid sslmode value: \"on\""]),
        (b"[shop]\nhost=postgres://u:hush@h/d\n", &["host looks like a connection string"]),
    ] {
        fs::write(&file, text).expect("our own directory");
        let words = [&[SETTINGS], words].concat();
        // The service beats the environment.
        let mut command = database.pgseqfix();
        expect_failure(command.env("PGSERVICEFILE", &file).env("PGSERVICE", "shop"), &words);
        expect_failure(database.pgseqfix().env("PGSERVICEFILE", &file).arg("service=shop"), &words);
    }
    for (place, words) in [("/no/such", "\"/no/such\" not found"), ("/tmp", "not found"), ("", "\"\" not found")] {
        let mut command = database.pgseqfix();
        expect_failure(
            command.env("PGSERVICEFILE", place).env("PGSERVICE", "shop"),
            &[SETTINGS, "service file", words],
        );
    }
}
