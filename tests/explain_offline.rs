//! `explain` without a server, where the text comes from, and what is no violation at all.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use support::Run;

const TEXT: &str = "ERROR:  duplicate key value violates unique constraint \"Order Line_pkey\"\n\
                    DETAIL:  Key (\"Line Id\")=(7) already exists.\n";

/// The program with no server in reach.
fn pgseqfix() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgseqfix"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent").env("PGHOST", "/nonexistent");
    command.stdin(Stdio::null());
    command
}

fn explain(arguments: &[&str]) -> Run {
    Run::of(pgseqfix().arg("explain").args(arguments))
}

/// Likewise, with something on standard input.
fn explain_stdin(arguments: &[&str], input: &[u8]) -> Run {
    let mut command = pgseqfix();
    command.arg("explain").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("pgseqfix starts");
    // A program that refuses its arguments reads nothing.
    let _ = child.stdin.take().expect("it was piped").write_all(input);
    child.wait_with_output().expect("it was started").into()
}

fn assert_refused(run: &Run, words: &[&str]) {
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(words.iter().all(|word| run.stderr.contains(word)), "{words:?} is not all in {run:#?}");
}

#[test]
fn the_text_alone_tells_the_constraint_and_the_key() {
    let run = explain(&["--offline", TEXT]).expect_status(0);
    for words in [
        "23505, duplicate key: \"Order Line_pkey\"",
        "(\"Line Id\")=(7)",
        "no server was asked",
        "pgseqfix explain -d DBNAME",
        "--lang",
    ] {
        assert!(run.stdout.contains(words), "{words} is not in {}", run.stdout);
    }
    assert_eq!(run.stderr, "");
}

#[test]
fn as_json_it_has_no_verdict_and_names_no_server() {
    let found = explain(&["--offline", "--format", "json", TEXT]).expect_status(0).json();
    assert_eq!(found["mode"], "explain");
    assert_eq!(found["error"]["sqlstate"], "23505");
    assert_eq!(found["error"]["constraint"], "Order Line_pkey");
    assert_eq!(found["error"]["columns"], serde_json::json!(["\"Line Id\""]));
    assert_eq!(found["error"]["values"], "7");
    for field in ["verdict", "index", "database", "server_version", "snippet"] {
        assert!(found[field].is_null(), "{field} in {found:#}");
    }
    assert_eq!(found["sequences"], serde_json::json!([]));
}

#[test]
fn the_command_to_run_next_keeps_the_connection_that_was_given() {
    let found = explain(&["--offline", "--format", "json", "-h", "db.example", "-d", "My Shop", TEXT]).expect_status(0);
    let next = found.json()["next_command"].as_str().expect("a command").to_owned();
    assert!(next.contains("-h db.example") && next.contains("-d 'My Shop'"), "{next}");
}

#[test]
fn a_table_that_the_text_names_gets_a_statement_that_asks_for_its_sequence() {
    let text = format!("{TEXT}SCHEMA NAME:  Shop Floor\nTABLE NAME:  Order Line\nCONSTRAINT NAME:  Order Line_pkey\n");
    let found = explain(&["--offline", "--format", "json", &text]).expect_status(0).json();
    assert_eq!(
        (found["error"]["schema"].as_str(), found["error"]["table"].as_str()),
        (Some("Shop Floor"), Some("Order Line"))
    );
    let database = support::Database::with_setup(
        r#"CREATE SCHEMA "Shop Floor"; CREATE TABLE "Shop Floor"."Order Line" ("Line Id" serial PRIMARY KEY)"#,
    );
    let sql = found["statements"][0]["sql"].as_str().expect("a statement");
    assert_eq!(database.value::<String>(sql), r#""Shop Floor"."Order Line_Line Id_seq""#);
}

#[test]
fn a_snippet_names_the_constraint_of_the_text() {
    for language in ["python", "node", "ruby", "go", "java", "rust", "php", "csharp"] {
        let found = explain(&["--offline", "--format", "json", "--lang", language, TEXT]).expect_status(0).json();
        assert_eq!(found["snippet"]["language"], language);
        assert!(found["snippet"]["code"].as_str().expect("lines").contains("Order Line_pkey"), "{found:#}");
        let screen = explain(&["--offline", "--lang", language, TEXT]).expect_status(0).stdout;
        assert!(screen.contains(found["snippet"]["code"].as_str().expect("lines")), "{screen}");
    }
}

#[test]
fn the_text_comes_from_standard_input_without_an_argument_or_with_a_dash() {
    let expected = explain(&["--offline", TEXT]).expect_status(0).stdout;
    assert_eq!(explain_stdin(&["--offline"], TEXT.as_bytes()).expect_status(0).stdout, expected);
    assert_eq!(explain_stdin(&["--offline", "-"], TEXT.as_bytes()).expect_status(0).stdout, expected);
}

#[test]
fn words_without_quotes_are_one_text() {
    let words: Vec<&str> = TEXT.split_whitespace().collect();
    let found = explain(&[&["--offline", "--format", "json"], words.as_slice()].concat()).expect_status(0).json();
    assert_eq!(found["error"]["values"], "7");
}

#[test]
fn a_text_that_is_no_utf_8_is_read_all_the_same() {
    let text = [b"\xff\xfe\xe4 ", TEXT.as_bytes()].concat();
    let run = explain_stdin(&["--offline", "--format", "json"], &text).expect_status(0);
    assert_eq!(run.json()["error"]["constraint"], "Order Line_pkey");
}

#[test]
fn what_a_terminal_would_obey_is_not_sent_to_it() {
    let text = "duplicate key value violates unique constraint \"a\u{1b}[31mb\"\nDETAIL:  Key (x)=(\u{1b}]0;y\u{7}) already exists.";
    for arguments in [["--offline", "--format", "table"], ["--offline", "--format", "json"]] {
        let run = explain_stdin(&arguments, text.as_bytes()).expect_status(0);
        assert!(!run.stdout.contains(['\u{1b}', '\u{7}']), "{run:#?}");
    }
}

#[test]
fn text_and_log_together_are_refused() {
    assert_refused(&explain(&["--log", "some.log", "--offline", "--", TEXT]), &["--log", "cannot be used with"]);
    assert_refused(&explain(&["--offline", "--show-row", TEXT]), &["--show-row", "cannot be used with"]);
    assert_refused(&explain(&["--offline", "--lang", "cobol", TEXT]), &["cobol", "python"]);
}

#[test]
fn its_help_shows_what_an_explanation_takes() {
    let help = explain(&["--help"]).expect_status(0).stdout;
    for words in ["Which of several constraints of one name", "[possible values: table, json]"] {
        assert!(help.contains(words), "{words} is not in {help}");
    }
    for words in ["markdown", "csv,", "--jobs", "Show every sequence"] {
        assert!(!help.contains(words), "{words} is in {help}");
    }
}

#[test]
fn formats_that_fit_a_scan_only_are_refused() {
    for format in ["csv", "sql"] {
        assert_refused(&explain(&["--offline", "--format", format, TEXT]), &["possible values: table, json"]);
    }
}

#[test]
fn nothing_at_all_is_refused() {
    assert_refused(&explain_stdin(&["--offline"], b""), &["it is empty", "\n  hint: "]);
    assert_refused(&explain_stdin(&["--offline"], b" \n\t\n"), &["it is empty"]);
    assert_refused(&explain(&["--offline", ""]), &["it is empty"]);
}

#[test]
fn garbage_is_refused() {
    for text in ["hello", "\u{0}\u{1}\u{2}", "{}", "[[[[[", "Key (a)=(b)", "23505 bottles of beer"] {
        assert_refused(&explain_stdin(&["--offline"], text.as_bytes()), &["23505 (unique_violation)", "\n  hint: "]);
    }
}

#[test]
fn another_databases_error_is_named() {
    for (text, name) in [
        ("ERROR 1062 (23000): Duplicate entry '1' for key 'users.PRIMARY'", "MySQL"),
        ("sqlite3.IntegrityError: UNIQUE constraint failed: users.id", "SQLite"),
        ("ORA-00001: unique constraint (SYS.USERS_PK) violated", "Oracle"),
        (
            "Violation of PRIMARY KEY constraint 'PK_Users'. Cannot insert duplicate key in object 'dbo.Users'.",
            "SQL Server",
        ),
        ("E11000 duplicate key error collection: test.users index: _id_", "MongoDB"),
    ] {
        assert_refused(&explain(&["--offline", text]), &[name]);
    }
}

#[test]
fn another_error_of_postgres_is_named_with_its_sqlstate() {
    for (text, code) in [
        (
            "ERROR:  insert or update on table \"a b\" violates foreign key constraint \"a b_fk\"\nDETAIL:  Key (x)=(1) is not present in table \"c\".",
            "23503",
        ),
        ("ERROR:  null value in column \"x\" of relation \"t\" violates not-null constraint", "23502"),
        ("ERROR:  current transaction is aborted, commands ignored until end of transaction block", "25P02"),
    ] {
        assert_refused(&explain(&["--offline", text]), &[code, "\n  hint: "]);
    }
}

#[test]
fn no_server_in_reach_is_trouble() {
    assert_refused(&explain(&["-d", "nowhere", TEXT]), &["error: could not connect", "\n  hint: "]);
}

#[test]
fn the_result_goes_to_a_file_where_one_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("an answer.json");
    let name = file.to_str().expect("it is UTF-8");
    let run = explain(&["--offline", "--format", "json", "-o", name, TEXT]).expect_status(0);
    assert_eq!(run.stdout, "");
    assert!(std::fs::read_to_string(&file).expect("it was written").contains("Order Line_pkey"));
}
