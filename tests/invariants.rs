//! The invariants 1 to 8 of the design, each held by the server's own word.

mod support;

use std::collections::BTreeMap;

use serde_json::Value;
use support::repair::{
    Items, SEQUENCE, TABLE, fix_command, import_sql, listening_server, reported, role_with, sent_by, statements_of,
};
use support::{Database, Run, Server};

/// Ten kinds of drift in one database, with names that need quotes.
const DRIFTED: &str = r#"
    CREATE SCHEMA "Back Office";
    CREATE TABLE "Back Office"."Serial" ("Id No" serial PRIMARY KEY);
    INSERT INTO "Back Office"."Serial" SELECT generate_series(1, 40);
    CREATE TABLE "Identity" ("Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
    INSERT INTO "Identity" OVERRIDING SYSTEM VALUE SELECT generate_series(1, 10);
    CREATE SEQUENCE "Down" INCREMENT BY -2;
    CREATE TABLE "Downwards" ("Id" int DEFAULT nextval('"Down"'));
    INSERT INTO "Downwards" SELECT generate_series(-8, -1);
    CREATE SEQUENCE "Odd" INCREMENT BY 2 CACHE 5;
    CREATE TABLE "Odd Ones" ("Id" int PRIMARY KEY DEFAULT nextval('"Odd"'));
    INSERT INTO "Odd Ones" SELECT generate_series(1, 20);
    CREATE TABLE "First" ("Id" serial); INSERT INTO "First" VALUES (1);
    CREATE TABLE "In Sync" ("Id" serial); INSERT INTO "In Sync" SELECT FROM generate_series(1, 3);
    CREATE TABLE "Ahead" ("Id" serial); SELECT setval('"Ahead_Id_seq"', 1000);
    CREATE TABLE "Empty" ("Id" serial);
    CREATE TABLE "Outlier" ("Id" serial); INSERT INTO "Outlier" VALUES (2147483647);
    CREATE TABLE "Full" ("Id" smallserial); INSERT INTO "Full" VALUES (1), (32767);
"#;

/// What the next INSERT into each behind table gets.
const NEXT_IDS: [(&str, i64); 5] = [
    (r#""Back Office"."Serial""#, 41),
    (r#""Identity""#, 11),
    (r#""Downwards""#, -9),
    (r#""Odd Ones""#, 21),
    (r#""First""#, 2),
];

fn drifted() -> Database {
    Database::with_setup(DRIFTED)
}

/// Every state in a report, by name as the harness spells it: before as scanned, or after as fixed.
fn states_in(report: &Value, when: &str) -> BTreeMap<String, (i64, bool)> {
    let sequences = report["sequences"].as_array().unwrap().iter();
    sequences
        .map(|sequence| {
            let quoted = |part: &str| {
                let name = sequence[part].as_str().unwrap();
                if name == "public" { name.to_owned() } else { format!("\"{name}\"") }
            };
            let told = &sequence["outcome"][when];
            let state = if told.is_null() { &sequence["state"] } else { told };
            let state = (state["last_value"].as_i64().unwrap(), state["is_called"].as_bool().unwrap());
            (format!("{}.{}", quoted("schema"), quoted("name")), state)
        })
        .collect()
}

#[test]
fn scan_and_dry_run_change_no_sequence() {
    let database = drifted();
    let before = database.sequence_states();
    for format in ["table", "json", "csv", "markdown", "sql"] {
        database.run(&["--format", format]).expect_status(1);
        database.run(&["fix", "--dry-run", "--format", format]).expect_status(1);
        database.run(&["fix", "--dry-run", "--fix-outliers", "--headroom", "9", "--format", format]).expect_status(1);
        database.run(&["fix", "--format", format]).expect_status(2);
    }
    assert_eq!(database.sequence_states(), before);
}

#[test]
fn scan_and_dry_run_ask_the_server_itself_to_refuse_changes() {
    let server = listening_server();
    let items = Items::on(Database::on(&server), "integer", "").with_ids("generate_series(1, 10)");
    let role = role_with(&items.database, "ALTER ROLE @role SUPERUSER");
    for args in [&["-v"][..], &["-t", TABLE], &["fix", "--dry-run"]] {
        Run::of(items.database.pgseqfix().args(args).env("PGUSER", &role)).expect_status(1);
    }
    let statements = statements_of(&server, &role);
    let mut inside: BTreeMap<&str, bool> = BTreeMap::new();
    for (process, statement) in &statements {
        let is_inside = inside.entry(process).or_insert(false);
        if statement.starts_with("BEGIN") {
            assert!(statement.contains("READ ONLY"), "{statement}");
            assert!(!*is_inside, "the one before is still open: {statement}");
            *is_inside = true;
        }
        let is_harmless = ["SET LOCAL", "ROLLBACK", "COMMIT"].iter().any(|word| statement.starts_with(word));
        assert!(*is_inside || is_harmless, "outside of a READ ONLY transaction: {statement}");
        assert!(!statement.contains("READ WRITE") && !statement.contains("setval"), "{statement}");
        if ["ROLLBACK", "COMMIT"].iter().any(|word| statement.starts_with(word) || statement.ends_with(word)) {
            *is_inside = false;
        }
    }
    assert!(statements.len() > 6 && inside.len() == 3, "the log was understood: {statements:#?}");
}

#[test]
fn what_finds_nothing_to_do_writes_nothing_to_the_log_of_changes() {
    let server = Server::start_own(&["wal_level=minimal", "max_wal_senders=0", "checkpoint_timeout=1d"]);
    let items = Items::on(Database::on(&server), "integer", "").with_ids("generate_series(1, 10)").at(10, true);
    items.database.execute("VACUUM");
    items.expect_nothing_to_do(&[]);
    items.database.execute("CHECKPOINT");
    let position = || items.database.value::<String>("SELECT pg_current_wal_insert_lsn()::text");
    let before = position();
    items.expect_nothing_to_do(&[]);
    assert_eq!(position(), before);
    items.import("11");
    let before = position();
    items.expect_fixed_to(12);
    assert_ne!(position(), before, "a fix does show in it");
}

#[test]
fn tables_are_locked_first_then_the_sequence_and_only_then_it_is_looked_and_set() {
    let server = listening_server();
    let items = Items::on(Database::on(&server), "integer", "CACHE 3").with_ids("generate_series(1, 10)");
    let role = role_with(&items.database, "ALTER ROLE @role SUPERUSER; ALTER ROLE @role SET synchronous_commit = off");
    Run::of(items.database.pgseqfix().args(["fix", "--yes"]).env("PGUSER", &role)).expect_status(0);
    let all = sent_by(&server, &role);
    let fix: Vec<String> = all.into_iter().skip_while(|statement| !statement.contains("READ WRITE")).collect();
    let marks = [
        "idle_in_transaction_session_timeout = 5000",
        "synchronous_commit = local",
        "LOCK TABLE \"public\".\"Stock Items\" IN SHARE ROW EXCLUSIVE MODE",
        "statement_timeout = 100",
        "ALTER SEQUENCE \"public\".\"Item Numbers\" START WITH 1",
        "pg_catalog.pg_sequence WHERE seqrelid",
        "max(",
        "setval",
        "SELECT last_value, is_called FROM",
        "COMMIT",
    ];
    let places = marks.map(|mark| fix.iter().rposition(|statement| statement.contains(mark)));
    assert!(places.iter().all(Option::is_some), "{places:?} {fix:#?}");
    assert!(places.is_sorted_by(|one, next| one < next), "each a statement of its own, in this order: {fix:#?}");
    let set = &fix[places[7].expect("it is there")];
    assert_eq!(set.matches("SELECT").count(), 1, "its argument is a literal: {set}");
}

#[test]
fn what_a_dry_run_shows_is_what_a_fix_sends() {
    let server = listening_server();
    let database = Database::on(&server);
    database.execute(DRIFTED);
    let role = role_with(&database, "ALTER ROLE @role SUPERUSER");
    let shown = database.run(&["fix", "--dry-run", "--format", "json"]).expect_status(1).json();
    let mut shown: Vec<String> = shown["sequences"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|sequence| sequence["fix"]["sql"].as_str().map(str::to_owned))
        .collect();
    let script = database.run(&["--format", "sql"]).expect_status(1).stdout;
    Run::of(database.pgseqfix().args(["fix", "--yes"]).env("PGUSER", &role)).expect_status(1);
    let sent = sent_by(&server, &role);
    let mut sent: Vec<String> = sent.into_iter().filter(|statement| statement.contains("setval")).collect();
    for statement in &shown {
        assert!(script.contains(statement.as_str()), "{statement} is in the script");
    }
    shown.sort();
    sent.sort();
    // A group that gave way was sent, too.
    sent.dedup();
    assert_eq!(shown.len(), NEXT_IDS.len());
    assert_eq!(sent, shown);
}

#[test]
fn after_a_fix_every_insert_works_with_exactly_the_next_value() {
    let database = drifted();
    let run = fix_command(&database, &[]).expect_status(1);
    assert_eq!(
        (&run.json()["summary"]["fixed"], &run.json()["summary"]["unfixed"]),
        (&5.into(), &1.into()),
        "{run:#?}"
    );
    for (table, next_id) in NEXT_IDS {
        let column = if table.contains("Serial") { r#""Id No""# } else { r#""Id""# };
        let id: i64 = database.value(&format!("INSERT INTO {table} DEFAULT VALUES RETURNING {column}::bigint"));
        assert_eq!(id, next_id, "{table}");
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let database = drifted();
    fix_command(&database, &[]).expect_status(1);
    let files = || database.texts("SELECT oid, pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'S' ORDER BY 1");
    let before = (database.sequence_states(), files());
    let again = fix_command(&database, &[]).expect_status(1).json();
    assert_eq!((&again["summary"]["behind"], &again["summary"]["fixed"]), (&0.into(), &0.into()));
    assert_eq!((database.sequence_states(), files()), before);
}

#[test]
fn no_sequence_is_ever_moved_against_its_own_direction() {
    let database = drifted();
    let before = database.sequence_states();
    fix_command(&database, &["--fix-outliers", "--headroom", "3"]);
    for (name, after) in database.sequence_states() {
        let (was, is_down) = (before[&name], name.contains("Down"));
        assert!(
            after == was || (after.0 < was.0) == is_down && after.0 != was.0 || !was.1 && after.1,
            "{name}: {was:?} to {after:?}"
        );
    }
    for (last, is_called) in [(11, true), (10, true), (11, false), (5000, true)] {
        let items = Items::behind_by(10).at(last, is_called);
        items.fix(&["--headroom", "100"]).expect_status(0);
        assert_eq!(items.state(), (last, is_called));
    }
}

#[test]
fn the_report_tells_the_states_that_the_server_had_and_has() {
    let database = drifted();
    let before = database.sequence_states();
    let report = fix_command(&database, &[]).expect_status(1).json();
    assert_eq!(states_in(&report, "before"), before);
    assert_eq!(states_in(&report, "after"), database.sequence_states());
    let set: Vec<&Value> =
        report["sequences"].as_array().unwrap().iter().filter(|one| one["outcome"]["result"] == "set").collect();
    assert_eq!(set.len(), NEXT_IDS.len());
    assert_eq!(reported(&report, "Full_Id_seq")["outcome"], Value::Null);
}

#[test]
fn the_report_of_a_run_that_is_blocked_tells_what_was_done_and_what_was_not() {
    let items = Items::behind_by(10);
    items.database.execute(DRIFTED);
    let before = items.states();
    let mut other = items.database.client();
    other.batch_execute(&format!("BEGIN; {}", import_sql("11"))).unwrap();
    let report = items.fix(&["--lock-timeout", "50ms"]).expect_status(1).json();
    assert_eq!(states_in(&report, "before"), before);
    assert_eq!(states_in(&report, "after"), items.states());
    assert_eq!(items.state(), before[SEQUENCE]);
    assert_eq!(reported(&report, "Item Numbers")["outcome"]["result"], "busy");
    assert_eq!(report["summary"]["fixed"], NEXT_IDS.len());
}
