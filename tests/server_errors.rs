//! What the server says is passed on: what was being done, its words, and what to try; with -v all of its words, as psql
//! has them with VERBOSITY set to verbose.

mod support;

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use support::situations::{lock, server_with_readable_passwords};
use support::{Database, Run};

fn run(database: &Database, arguments: &[&str]) -> Run {
    Run::of(database.pgseqfix().env("PGPASSWORD", "wrong").arg("-w").args(arguments))
}

#[test]
fn an_error_at_the_door_has_its_words_and_what_to_try() {
    let server = server_with_readable_passwords();
    let database = Database::on(&server);
    database.execute(
        "CREATE ROLE clerk LOGIN PASSWORD 'right'; CREATE ROLE full LOGIN PASSWORD 'wrong' CONNECTION LIMIT 0;
         CREATE ROLE guest LOGIN PASSWORD 'wrong'",
    );
    for sql in ["CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC", "CREATE DATABASE shut"] {
        database.execute(sql);
    }
    database.execute("ALTER DATABASE shut ALLOW_CONNECTIONS false");
    let name = database.name();
    for (arguments, code, words, tip) in [
        (["-U", "clerk", "-d", name], "28P01", "password authentication failed for user \"clerk\"", "PGPASSWORD"),
        (["-U", "guest", "-d", "nothing"], "3D000", "database \"nothing\" does not exist", "psql -l"),
        (["-U", "full", "-d", name], "53300", "too many connections for role \"full\"", "try again later"),
        (["-U", "guest", "-d", "closed"], "42501", "permission denied for database \"closed\"", "GRANT CONNECT"),
        (["-U", "guest", "-d", "shut"], "55000", "is not currently accepting connections", "ALLOW_CONNECTIONS"),
    ] {
        let said = run(&database, &arguments).expect_status(2).stderr;
        assert!(said.starts_with("error: could not connect to database ") && !said.contains("wrong"), "{said}");
        assert!(said.contains("\n  the server said: ") && said.contains(&format!("{words} ({code})")), "{said}");
        assert!(said.lines().any(|line| line.starts_with("  hint: ") && line.contains(tip)), "{said}");
        assert_eq!(said.contains("\n  detail: User does not have CONNECT privilege."), code == "42501", "{said}");
        let verbose = run(&database, &[&["-v"], &arguments[..]].concat()).expect_status(2).stderr;
        assert!(verbose.contains(&format!("FATAL: {code}: ")) && verbose.contains("; LOCATION: "), "{verbose}");
        let Some(psql) = database.program("psql") else { continue };
        assert!(psql_says(psql, &arguments).contains(words), "psql has other words than {words}");
    }
}

fn psql_says(mut psql: Command, arguments: &[&str]) -> String {
    Run::of(psql.env("PGPASSWORD", "wrong").args(["-wXc", "SELECT 1"]).args(arguments)).stderr
}

#[test]
fn an_error_of_one_table_is_the_reason_in_its_row() {
    let database = Database::with_setup(
        "CREATE TABLE held (id serial PRIMARY KEY); INSERT INTO held VALUES (5);
         CREATE TABLE free (id serial PRIMARY KEY); INSERT INTO free VALUES (5)",
    );
    let transaction = lock(&database, "held");
    let report = expect_reason(&database, &["fix", "--yes", "--lock-timeout", "100ms"], "lock timeout", "55P03");
    assert_eq!(report["free_id_seq"]["outcome"]["result"], "set", "the others are fixed all the same: {report:#?}");
    assert!(report["held_id_seq"]["hint"].to_string().contains("raise --lock-timeout"), "{report:#?}");
    // For a statement is for its locks, too.
    let patient = ["scan", "--lock-timeout", "0", "--statement-timeout", "200ms"];
    let report = expect_reason(&database, &patient, "lock timeout", "55P03");
    assert!(report["held_id_seq"]["hint"].to_string().contains("raise --statement-timeout"), "{report:#?}");
    drop(transaction);
}

/// The sequences of a report by their names, in which this is why one could not be read.
fn expect_reason(database: &Database, arguments: &[&str], what: &str, code: &str) -> BTreeMap<String, Value> {
    let run = run(database, &[arguments, &["--format", "json", "-v"]].concat());
    let verbose = format!("ERROR: {code}: canceling statement due to {what}");
    assert!(run.stderr.contains(&verbose), "{run:#?}");
    let report = run.json();
    let sequences = report["sequences"].as_array().expect("an array").iter().cloned();
    let sequences: BTreeMap<String, Value> =
        sequences.map(|it| (it["name"].as_str().expect("a text").to_owned(), it)).collect();
    let reason = format!("canceling statement due to {what} ({code})");
    assert_eq!(sequences["held_id_seq"]["reason"], reason, "{run:#?}");
    sequences
}
