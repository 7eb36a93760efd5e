//! Trees of more tables than may be locked at once: read some at a time, and told as if they were read at once.

mod support;

use std::thread;

use support::repair::role_with;
use support::situations::wait_until_it_asks_again;
use support::{Database, Run, Server};

/// `tree`, partitioned: so many partitions, each with an index where the version has that; ids by `ids`.
fn partitioned(db: &Database, partitions: u32, ids: &str) {
    db.execute("CREATE TABLE tree (id serial, day int) PARTITION BY RANGE (day)");
    for from in (1..=partitions).step_by(50) {
        db.execute(&format!(
            "DO $do$ BEGIN FOR n IN {from}..{} LOOP
                EXECUTE format('CREATE TABLE tree_%s PARTITION OF tree (PRIMARY KEY (id)) FOR VALUES FROM (%s) TO (%s)',
                    n, n, n + 1);
                -- Past the tree's root, where old servers lock all of it.
                EXECUTE format('INSERT INTO tree_%s VALUES (%s, %s)', n, {ids}, n);
            END LOOP; END $do$",
            (from + 49).min(partitions)
        ));
    }
}

/// Four connections share what one may lock: a tree of a hundred is too large for one of four.
fn scan(db: &Database, jobs: &str, options: &[&str]) -> serde_json::Value {
    let mut arguments = vec!["--format", "json", "-v", "--jobs", jobs];
    arguments.extend(options);
    let mut report = Run::of(db.pgseqfix().args(arguments)).json();
    // Of a tree only the whole knows which values its parts have in common.
    report["sequences"].take()
}

#[test]
fn parts_tell_what_the_whole_does() {
    let db = Database::new();
    partitioned(&db, 100, "n * 3");
    db.execute(
        "CREATE SEQUENCE shared INCREMENT -2 START -1;
         CREATE TABLE upper (id int DEFAULT nextval('shared'), note text);
         INSERT INTO upper VALUES (-7);
         CREATE TABLE other (id numeric DEFAULT nextval('shared'));
         INSERT INTO other VALUES (-3), (-4.5), ('NaN'), (12)",
    );
    db.execute(
        "DO $do$ BEGIN FOR n IN 1..250 LOOP
            EXECUTE format('CREATE TABLE under_%s () INHERITS (upper)', n);
            EXECUTE format('INSERT INTO under_%s VALUES (%s)', n, -n * 2);
        END LOOP; END $do$",
    );
    for options in [&[][..], &["--ignore-above", "150"], &["--ignore-below", "-100"]] {
        let (whole, parts) = (scan(&db, "1", options), scan(&db, "8", options));
        assert_eq!(whole, parts, "{options:?}");
        assert_eq!(whole.as_array().map(Vec::len), Some(2));
    }
    let tree = &scan(&db, "8", &[])[1];
    assert_eq!(tree["farthest_value"], 300);
    assert_eq!(tree["next_collision"], 3, "{tree:#}");
}

#[test]
fn a_server_with_hardly_any_locks_has_enough_of_them() {
    let server = Server::start_own(&["max_locks_per_transaction=10", "max_connections=20", "max_wal_senders=0"]);
    let db = Database::on(&server);
    partitioned(&db, 1_500, "n");
    let refused = db.try_execute("SELECT max(id) FROM tree").expect_err("the whole tree does not fit");
    assert_eq!(refused.code().map(postgres::error::SqlState::code), Some("53200"), "{refused}");

    let report = db.run(&["fix", "--yes", "--format", "json"]).expect_status(0).report();
    let tree = report.sequence("tree_id_seq");
    assert_eq!(
        (tree["farthest_value"].as_i64(), tree["outcome"]["result"].as_str()),
        (Some(1_500), Some("set")),
        "{tree:#}"
    );
    assert_eq!(db.value::<i32>("INSERT INTO tree_7 (day) VALUES (7) RETURNING id"), 1_501);
    assert_eq!(db.scan(0).sequence("tree_id_seq")["status"], "in_sync");
}

#[test]
fn who_may_read_the_tree_alone_reads_it_as_a_whole() {
    let db = Database::new();
    partitioned(&db, 100, "n");
    let role = role_with(&db, "GRANT SELECT ON tree, tree_id_seq TO @role");
    let run = Run::of(db.pgseqfix().args(["--jobs", "8", "--format", "json", "-U", &role])).expect_status(1);
    assert_eq!(run.report().sequence("tree_id_seq")["farthest_value"], 100);
}

#[test]
fn a_locked_part_spoils_its_tree_and_nothing_else() {
    let db = Database::new();
    partitioned(&db, 100, "n");
    db.execute("CREATE TABLE plain (id serial PRIMARY KEY); INSERT INTO plain VALUES (3)");
    let mut other = db.client();
    let mut locking = other.transaction().expect("a transaction");
    locking.batch_execute("LOCK TABLE tree_42").expect("a lock");
    let run = Run::of(db.pgseqfix().args(["--jobs", "8", "--format", "json", "--lock-timeout", "200ms"]));
    let report = run.expect_status(2).report();
    let tree = report.sequence("tree_id_seq");
    assert_eq!(tree["status"], "unreadable", "{tree:#}");
    assert!(tree["reason"].to_string().contains("lock timeout"), "{tree:#}");
    assert_eq!(report.sequence("plain_id_seq")["status"], "behind");
}

#[test]
fn of_values_that_may_be_in_several_parts_only_those_of_one_are_counted() {
    let db = Database::new();
    partitioned(&db, 100, "n % 5");
    let tree = &scan(&db, "8", &[])[0];
    assert_eq!((tree["farthest_value"].as_i64(), tree["colliding_calls"].as_i64()), (Some(4), Some(4)), "{tree:#}");
    assert_eq!(tree["colliding_calls_is_minimum"], true);
}

#[test]
fn a_row_that_changes_its_part_while_they_are_read_is_not_missed() {
    let db = Database::new();
    partitioned(&db, 100, "n");
    db.execute("INSERT INTO tree_100 VALUES (5000, 100)");
    let mut other = db.client();
    let mut locking = other.transaction().expect("a transaction");
    locking.batch_execute("LOCK TABLE tree_90").expect("a lock");
    thread::scope(|scope| {
        let scanning = scope
            .spawn(|| db.run(&["--jobs", "8", "--lock-timeout", "1min", "--format", "json"]).expect_status(1).report());
        wait_until_it_asks_again(&db);
        // The first parts are read by now. Moved by hand, as old servers do not move rows.
        db.execute("WITH moved AS (DELETE FROM tree_100 WHERE id = 5000 RETURNING id) INSERT INTO tree_1 SELECT id, 1 FROM moved");
        locking.commit().expect("unlocked");
        let report = scanning.join().expect("it ends");
        assert_eq!(report.sequence("tree_id_seq")["farthest_value"], 5_000);
    });
}

#[test]
fn a_parents_index_is_none_of_its_children() {
    let db = Database::new();
    db.execute(
        "CREATE TABLE upper (id serial PRIMARY KEY); CREATE TABLE lower () INHERITS (upper);
         INSERT INTO lower VALUES (7)",
    );
    let indexed = |db: &Database| db.scan(1).sequence("upper_id_seq")["columns"][0]["indexed"].clone();
    assert_eq!(indexed(&db), false);
    db.execute("CREATE INDEX ON lower (id)");
    assert_eq!(indexed(&db), true);
}
