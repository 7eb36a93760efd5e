//! Many sequences at once: batches, several connections, limits of time; every one is told as if it were alone.

mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use support::Database;
use support::repair::{wait_until, waiting_for_locks};

/// So many tables of all ways in which a column can stand: in sync, behind, empty, never called, past the range.
fn many(count: u32) -> Database {
    let db = Database::new();
    for from in (1..=count).step_by(100) {
        db.execute(&format!(
            "DO $do$ BEGIN FOR n IN {from}..{} LOOP
                EXECUTE format('CREATE TABLE t%s (id %s)', n, CASE n % 2 WHEN 0 THEN 'serial' ELSE 'serial PRIMARY KEY' END);
                CASE n % 8
                    WHEN 0, 1 THEN EXECUTE format('INSERT INTO t%s SELECT FROM generate_series(1, 5)', n);
                    WHEN 2, 3 THEN EXECUTE format('INSERT INTO t%s SELECT generate_series(1, 7)', n);
                    WHEN 4 THEN NULL;
                    WHEN 5 THEN EXECUTE format('INSERT INTO t%s VALUES (1), (2), (1000)', n);
                        EXECUTE format('ALTER SEQUENCE t%s_id_seq MAXVALUE 500', n);
                    WHEN 6 THEN EXECUTE format('INSERT INTO t%s VALUES (-3)', n);
                    WHEN 7 THEN EXECUTE format('ALTER SEQUENCE t%s_id_seq INCREMENT -1 MINVALUE -90 MAXVALUE 90', n);
                        EXECUTE format('INSERT INTO t%s VALUES (-4), (4)', n);
                END CASE;
            END LOOP; END $do$",
            (from + 99).min(count)
        ));
    }
    db
}

#[test]
fn each_of_many_is_told_as_if_it_were_alone_however_many_connections_read() {
    let db = many(480);
    for jobs in ["1", "2", "7"] {
        let report = db.run(&["--format", "json", "--jobs", jobs]).expect_status(1).report();
        for number in 1..=480 {
            let found = report.sequence(&format!("t{number}_id_seq"));
            let said =
                (found["status"].as_str(), found["farthest_value"].as_i64(), found["state"]["last_value"].as_i64());
            let expected = match number % 8 {
                0 | 1 => ("in_sync", Some(5), 5),
                2 | 3 => ("behind", Some(7), 1),
                4 | 6 => ("in_sync", None, 1),
                5 => ("behind", Some(2), 1),
                _ => ("behind", Some(-4), 1),
            };
            assert_eq!(said, (Some(expected.0), expected.1, Some(expected.2)), "t{number}, {jobs} connections");
        }
    }
}

#[test]
fn what_is_not_as_most_of_the_others_are_is_told_as_if_it_were_alone() {
    let db = Database::new();
    // More than half of each batch stand as they were created, and are behind.
    db.execute(
        "DO $do$ BEGIN FOR n IN 1000..1159 LOOP
            EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY)', n);
            CASE n % 16
                WHEN 9 THEN EXECUTE format('ALTER SEQUENCE t%s_id_seq START 5', n);
                    EXECUTE format('INSERT INTO t%s VALUES (5), (6)', n);
                WHEN 10 THEN EXECUTE format('SELECT setval(''t%s_id_seq'', 3, false)', n);
                    EXECUTE format('INSERT INTO t%s SELECT generate_series(1, 9)', n);
                WHEN 11 THEN EXECUTE format('INSERT INTO t%s SELECT FROM generate_series(1, 5)', n);
                WHEN 12 THEN EXECUTE format('INSERT INTO t%s SELECT generate_series(-12000, 12000)', n);
                WHEN 13 THEN EXECUTE format('ALTER SEQUENCE t%s_id_seq INCREMENT -1 MINVALUE -90 MAXVALUE 90', n);
                    EXECUTE format('INSERT INTO t%s VALUES (-4), (4)', n);
                WHEN 14 THEN EXECUTE format('SELECT setval(''t%s_id_seq'', 2)', n);
                    EXECUTE format('INSERT INTO t%s VALUES (-7), (9)', n);
                WHEN 15 THEN EXECUTE format('INSERT INTO t%s VALUES (-7), (-3)', n);
                ELSE EXECUTE format('INSERT INTO t%s SELECT generate_series(-3, 7)', n);
            END CASE;
        END LOOP; END $do$",
    );
    let report = db.run(&["--format", "json", "--jobs", "1"]).expect_status(1).report();
    for number in 1000..1160 {
        let found = report.sequence(&format!("t{number}_id_seq"));
        let number_at = |at: &str| found.pointer(at).and_then(serde_json::Value::as_i64);
        let said = (
            found["status"].as_str().unwrap_or_default(),
            number_at("/state/last_value"),
            found["state"]["is_called"].as_bool(),
            number_at("/farthest_value"),
            number_at("/next_collision"),
            number_at("/colliding_calls"),
        );
        let expected = match number % 16 {
            9 => ("behind", Some(1), Some(false), Some(6), Some(5), Some(2)),
            10 => ("behind", Some(3), Some(false), Some(9), Some(3), Some(7)),
            11 => ("in_sync", Some(5), Some(true), Some(5), None, None),
            12 => ("behind", Some(1), Some(false), Some(12000), Some(1), Some(12000)),
            13 => ("behind", Some(1), Some(false), Some(-4), Some(-4), Some(1)),
            14 => ("behind", Some(2), Some(true), Some(9), Some(9), Some(1)),
            15 => ("in_sync", Some(1), Some(false), None, None, None),
            _ => ("behind", Some(1), Some(false), Some(7), Some(1), Some(7)),
        };
        assert_eq!(said, expected, "t{number}");
    }
}

#[test]
fn one_table_that_is_locked_spoils_no_other() {
    let db = many(80);
    let mut other = db.client();
    let mut locking = other.transaction().expect("a transaction");
    locking.batch_execute("LOCK TABLE t17").expect("a lock");
    let report = db.run(&["--format", "json", "--lock-timeout", "300ms"]).expect_status(2).report();
    let unreadable: Vec<&str> = report
        .sequences()
        .filter(|sequence| sequence["status"] == "unreadable")
        .filter_map(|sequence| sequence["name"].as_str())
        .collect();
    assert_eq!(unreadable, ["t17_id_seq"]);
}

#[test]
fn who_truncates_and_restarts_during_a_scan_is_never_the_victim_of_a_deadlock() {
    let db = many(17);
    // As TRUNCATE does: the table first, then its sequence, which a read of it holds.
    let mut other = db.client();
    let mut restarting = other.transaction().expect("a transaction");
    restarting.batch_execute("LOCK TABLE t17").expect("a lock");
    let scan = db.pgseqfix().args(["-t", "t17", "--lock-timeout", "1min"]).stdout(Stdio::piped()).spawn();
    wait_until("the scan waits", || waiting_for_locks(&db) > 0);
    let end = Instant::now() + Duration::from_millis(1500);
    while Instant::now() < end {
        let mut nested = restarting.transaction().expect("a savepoint");
        nested.batch_execute("TRUNCATE t17 RESTART IDENTITY").expect("it is no victim");
        nested.rollback().expect("rolled back");
        std::thread::sleep(Duration::from_millis(20));
    }
    restarting.rollback().expect("rolled back");
    let scan = scan.expect("it began").wait_with_output().expect("it ends");
    assert_eq!(scan.status.code(), Some(0), "it was read in the end");
    let deadlocks: i64 = db.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    assert_eq!(deadlocks, 0, "nor is the scan");
}

#[test]
fn a_sequence_that_somebody_alters_is_read_all_the_same() {
    let db = many(24);
    let mut other = db.client();
    let mut altering = other.transaction().expect("a transaction");
    altering.batch_execute("ALTER SEQUENCE t8_id_seq CACHE 3").expect("altered");
    let report = db.scan(1);
    assert_eq!(report.sequence("t8_id_seq")["status"], "in_sync");
}

#[test]
fn a_time_limit_ends_the_scan_in_good_order() {
    let db =
        Database::with_setup("CREATE TABLE held (id serial PRIMARY KEY); CREATE TABLE early (id serial PRIMARY KEY)");
    let mut holder = db.client();
    let mut holding = holder.transaction().expect("a transaction");
    holding.batch_execute("LOCK TABLE held").expect("a lock");
    let started = Instant::now();
    let run = db.run(&["--format", "json", "--lock-timeout", "0", "--time-limit", "700ms"]).expect_status(1);
    assert!(started.elapsed() < Duration::from_secs(20), "{run:#?}");
    let report = run.report();
    assert_eq!(report.sequence("held_id_seq")["status"], "not_reached");
    assert_eq!(report.at("/summary/not_reached"), 1);
    let reason = report.sequence("held_id_seq")["hint"].as_str().unwrap_or_default().to_owned();
    assert!(reason.contains("--time-limit"), "{reason}");
}

#[test]
fn a_time_limit_leaves_a_fix_time_for_what_was_read() {
    let db = Database::with_setup(
        "CREATE TABLE held (id serial PRIMARY KEY); CREATE TABLE early (id serial PRIMARY KEY);
         INSERT INTO early VALUES (1)",
    );
    let mut holder = db.client();
    let mut holding = holder.transaction().expect("a transaction");
    holding.batch_execute("LOCK TABLE held").expect("a lock");
    let options = ["fix", "--yes", "--format", "json", "--lock-timeout", "0", "--time-limit", "6s"];
    let report = db.run(&options).expect_status(1).report();
    assert_eq!(report.sequence("held_id_seq")["status"], "not_reached");
    assert_eq!(report.sequence("early_id_seq")["outcome"]["result"], "set");
}

#[test]
fn what_many_sequences_share_is_said_once() {
    let db = Database::new();
    db.execute(
        "DO $do$ BEGIN FOR n IN 1..4 LOOP EXECUTE format('CREATE TABLE t%s (id serial)', n); END LOOP; END $do$",
    );
    let said = db.run(&["--skip-unindexed"]).expect_status(0).stdout;
    assert_eq!(said.matches("no index on all rows").count(), 1, "{said}");
    assert!(said.contains("4 sequences: no index on all rows"), "{said}");
    db.execute("DROP TABLE t4");
    let said = db.run(&["--skip-unindexed"]).expect_status(0).stdout;
    assert_eq!(said.matches("no index on all rows").count(), 3, "a few are named: {said}");
}

#[test]
fn what_no_index_helps_with_can_be_left_out_and_is_named() {
    let db = Database::with_setup(
        "CREATE TABLE bare (id serial); INSERT INTO bare VALUES (9);
         CREATE TABLE keyed (id serial PRIMARY KEY); INSERT INTO keyed VALUES (9)",
    );
    let report = db.run(&["--format", "json", "--skip-unindexed"]).expect_status(1).report();
    assert_eq!(report.sequence("bare_id_seq")["status"], "skipped");
    assert_eq!(report.sequence("keyed_id_seq")["status"], "behind");
    let fixed = db.run(&["fix", "--yes", "--format", "json", "--skip-unindexed"]).expect_status(0).report();
    assert_eq!(fixed.at("/summary/skipped"), 1);
    assert_eq!(db.scan(1).behind().len(), 1, "it is left as it was");
}

#[test]
fn a_tree_of_many_partitions_is_read_beside_the_others() {
    let db = many(40);
    db.execute("CREATE TABLE tree (id serial, day int) PARTITION BY RANGE (day)");
    db.execute(
        "DO $do$ BEGIN FOR n IN 1..150 LOOP
            EXECUTE format('CREATE TABLE tree_%s PARTITION OF tree FOR VALUES FROM (%s) TO (%s)', n, n, n + 1);
         END LOOP; END $do$; INSERT INTO tree VALUES (77, 3), (4, 149)",
    );
    let found = db.scan(1);
    assert_eq!(found.sequence("tree_id_seq")["farthest_value"], 77);
    assert_eq!(found.sequence("tree_id_seq")["status"], "behind");
}
