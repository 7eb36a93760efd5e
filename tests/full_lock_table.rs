//! A server whose lock table others have filled: what is done at once gets smaller, and all is done.

mod support;

use pgseqfix::db::{self, ApplyOptions, ScanOptions};
use pgseqfix::model::{Outcome, PlanOptions};
use postgres::Client;
use postgres::error::SqlState;
use support::{Database, Server, server_version};

const TABLES: usize = 300;

/// A server with few connections, and so with a small lock table; but with room for the largest batches.
fn server() -> Server {
    Server::start_own(&["max_connections=20", "max_wal_senders=0", "max_worker_processes=0"])
}

/// Tables with the ids 1 to 10, all behind.
fn tables_on(server: &Server) -> Database {
    let database = Database::on(server);
    for from in (1..=TABLES).step_by(100) {
        database.execute(&format!(
            r#"DO $do$ BEGIN FOR n IN {from}..{} LOOP
                EXECUTE format('CREATE TABLE "T %s" (id serial PRIMARY KEY)', n);
                EXECUTE format('INSERT INTO "T %s" SELECT generate_series(1, 10)', n);
            END LOOP; END $do$"#,
            from + 99
        ));
    }
    database
}

/// A session that holds every lock that the server has room for, but so many. A lock of a session outlives the
/// statement that took it, also one that failed.
fn holder_of_all_but(free: u32, database: &Database) -> Client {
    let mut holder = database.client();
    let all = holder.batch_execute("SELECT pg_advisory_lock(n) FROM generate_series(1, 1000000) AS n");
    assert_eq!(all.expect_err("the table is full").code(), Some(&SqlState::OUT_OF_MEMORY));
    let some = format!("SELECT pg_advisory_unlock(n) FROM generate_series(1, {free}) AS n");
    holder.batch_execute(&some).expect("they were held");
    holder
}

fn times_full(server: &Server) -> usize {
    server.log().matches("out of shared memory").count()
}

#[test]
fn a_scan_reads_smaller_batches_and_tells_all() {
    let server = server();
    let database = tables_on(&server);
    // Since 18 a session has room of its own for as many locks again as a batch takes.
    let holder = holder_of_all_but(if server_version() < 180_000 { 40 } else { 10 }, &database);
    let before = times_full(&server);
    let report = database.run(&["--format", "json", "--jobs", "1"]).expect_status(1).report();
    assert_eq!(report.behind().len(), TABLES);
    let full = times_full(&server) - before;
    assert!(full > 0, "a batch did not fit");
    // A batch holds 33 of them; each that does not fit could be one that others need the room for.
    assert!(full <= TABLES / 33 / 2, "batches stay small for a while: {full}");
    drop(holder);
}

#[test]
fn a_fix_leaves_its_groups_and_does_all_one_by_one() {
    let server = server();
    let database = tables_on(&server);
    let mut client = database.client();
    let scan = db::scan(&mut client, &ScanOptions::default(), &mut ()).expect("the scan works");
    let plan = scan.plan(&PlanOptions::default());
    assert_eq!(plan.fixes.len(), TABLES);
    let holder = holder_of_all_but(10, &database);
    let before = times_full(&server);
    let applied = db::apply(&mut client, &plan, &ApplyOptions::default(), &mut ());
    assert!(applied.cut_short.is_none(), "{applied:?}");
    assert!(applied.outcomes.values().all(|outcome| matches!(outcome, Outcome::Set { .. })), "{applied:?}");
    assert!(times_full(&server) > before, "no group was too large");
    drop(holder);
    assert_eq!(database.value::<i32>(r#"INSERT INTO "T 7" DEFAULT VALUES RETURNING id"#), 11);
    assert!(database.scan(0).behind().is_empty());
}
