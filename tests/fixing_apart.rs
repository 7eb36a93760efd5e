//! Tables that take long to read are not locked while they are read: what others commit meanwhile is not lost.

mod support;

use std::sync::Arc;
use std::thread;

use pgseqfix::db::{self, ApplyOptions, ScanOptions};
use pgseqfix::model::{Outcome, Plan, PlanOptions, SequenceState, Timeouts};
use postgres::Client;
use support::repair::{listening_server, role_with, statements_of, wait_until};
use support::terminal::Terminal;
use support::{Database, Run, server_version};

/// As many ids as take a few megabytes, without an index; the sequence was never called.
const ROWS: i64 = 60_000;

fn large_on(db: &Database) {
    db.execute(&format!(
        "CREATE TABLE big (id serial, note text); INSERT INTO big SELECT generate_series(1, {ROWS}), 'x'"
    ));
}

fn large() -> Database {
    let db = Database::new();
    large_on(&db);
    db
}

fn plan(client: &mut Client) -> Plan {
    let scan = db::scan(client, &ScanOptions::default(), &mut ()).expect("the scan works");
    scan.plan(&PlanOptions::default())
}

fn apply(client: &mut Client, plan: &Plan, lock_ms: u64) -> Outcome {
    let timeouts = Timeouts { lock_ms, statement_ms: 60_000 };
    let options = ApplyOptions { timeouts, attempts: 4, ..ApplyOptions::default() };
    let applied = db::apply(client, plan, &options, &mut ());
    assert!(applied.cut_short.is_none(), "{applied:?}");
    applied.outcomes.into_values().next().expect("there is one fix")
}

fn called(last_value: i64) -> SequenceState {
    SequenceState { last_value, is_called: true }
}

const NEW: SequenceState = SequenceState { last_value: 1, is_called: false };

fn next(db: &Database) -> i64 {
    i64::from(db.value::<i32>("INSERT INTO big (note) VALUES ('new') RETURNING id"))
}

#[test]
fn a_large_table_is_fixed_exactly_and_never_locked() {
    let server = listening_server();
    let db = Database::on(&server);
    large_on(&db);
    let role = role_with(&db, "ALTER TABLE big OWNER TO @role");
    Run::of(db.pgseqfix().args(["fix", "--yes", "-U", &role])).expect_status(0);
    assert_eq!(next(&db), ROWS + 1);
    let sent = statements_of(&server, &role);
    assert!(sent.iter().any(|(_, sql)| sql.contains("ALTER SEQUENCE")), "{sent:#?}");
    assert!(!sent.iter().any(|(_, sql)| sql.contains("LOCK TABLE")), "{sent:#?}");
}

#[test]
fn what_was_committed_since_the_scan_is_passed_too() {
    let db = large();
    let mut client = db.client();
    let plan = plan(&mut client);
    db.execute(&format!("INSERT INTO big VALUES ({})", ROWS + 500));
    let outcome = apply(&mut client, &plan, 400);
    assert_eq!(outcome, Outcome::Set { before: NEW, after: called(ROWS + 500) });
    assert_eq!(next(&db), ROWS + 501);
}

#[test]
fn a_writer_is_waited_for_and_nobody_waits_for_us() {
    for (end, expected) in [("COMMIT", ROWS + 78), ("ROLLBACK", ROWS + 1)] {
        let db = large();
        let mut client = db.client();
        let plan = plan(&mut client);
        let mut writer = db.client();
        writer.batch_execute(&format!("BEGIN; INSERT INTO big VALUES ({})", ROWS + 77)).expect("it writes");
        thread::scope(|scope| {
            let fixing = scope.spawn(|| apply(&mut client, &plan, 30_000));
            let is_moved = || db.sequence_states()["public.big_id_seq"] == (ROWS, true);
            wait_until("the sequence is past what was read", is_moved);
            // Others neither wait nor fail; a lock that we hold or wait for would keep them.
            db.execute("SET lock_timeout = '50ms'; LOCK TABLE big IN ROW EXCLUSIVE MODE");
            assert!(!fixing.is_finished(), "it waits for the writer");
            writer.batch_execute(end).expect("the writer ends");
            let after = if end == "COMMIT" { ROWS + 77 } else { ROWS };
            assert_eq!(fixing.join().expect("it ends"), Outcome::Set { before: NEW, after: called(after) }, "{end}");
        });
        assert_eq!(next(&db), expected, "{end}");
    }
}

#[test]
fn a_writer_that_does_not_end_is_named() {
    let db = large();
    let mut client = db.client();
    let plan = plan(&mut client);
    let mut writer = db.client();
    writer.batch_execute(&format!("BEGIN; INSERT INTO big VALUES ({})", ROWS + 77)).expect("it writes");
    let pid: i32 = writer.query_one("SELECT pg_backend_pid()", &[]).expect("it has one").get(0);
    let Outcome::Moved { before, after, why } = apply(&mut client, &plan, 50) else { panic!("the writer goes on") };
    assert!(why.reason.contains(&format!("pid {pid}")), "{why:?}");
    assert_eq!((before, after), (NEW, called(ROWS)));
    writer.batch_execute("COMMIT").expect("the writer ends");
    Run::of(db.pgseqfix().args(["fix", "--yes"])).expect_status(0);
    assert_eq!(next(&db), ROWS + 78);
}

#[test]
fn a_sequence_that_somebody_draws_from_in_a_long_transaction_is_busy() {
    let db = large();
    let mut client = db.client();
    let plan = plan(&mut client);
    let mut drawing = db.client();
    drawing.batch_execute("BEGIN; SELECT nextval('big_id_seq')").expect("it draws");
    let outcome = apply(&mut client, &plan, 50);
    assert!(matches!(&outcome, Outcome::Busy(doubt) if doubt.reason.contains("lock timeout")), "{outcome:?}");
    assert_eq!(db.sequence_states()["public.big_id_seq"], (1, true), "nothing was moved");
}

#[test]
fn without_ownership_it_is_advanced_and_read_again() {
    let db = large();
    let role = role_with(&db, "GRANT SELECT, UPDATE ON big TO @role; GRANT SELECT, USAGE ON big_id_seq TO @role");
    let mut client = db.client_as(&role);
    let plan = plan(&mut client);
    db.execute(&format!("INSERT INTO big VALUES ({})", ROWS + 5));
    assert_eq!(apply(&mut client, &plan, 400), Outcome::Set { before: NEW, after: called(ROWS + 5) });
    assert_eq!(next(&db), ROWS + 6);
}

#[test]
fn a_sequence_altered_since_the_scan_is_left_as_it_is() {
    let db = large();
    let mut client = db.client();
    let plan = plan(&mut client);
    db.execute("ALTER SEQUENCE big_id_seq INCREMENT 10");
    let outcome = apply(&mut client, &plan, 400);
    assert!(matches!(&outcome, Outcome::Failed(doubt) if doubt.reason.contains("altered")), "{outcome:?}");
    assert_eq!(db.sequence_states()["public.big_id_seq"], (1, false));
}

#[test]
fn a_sequence_set_to_another_phase_since_the_scan_is_left_as_it_is() {
    for owner in [true, false] {
        let db = large();
        db.execute("ALTER SEQUENCE big_id_seq INCREMENT 2 START 1");
        let role =
            role_with(&db, "GRANT SELECT, UPDATE ON big TO @role; GRANT SELECT, USAGE ON SEQUENCE big_id_seq TO @role");
        let mut client = if owner { db.client() } else { db.client_as(&role) };
        let plan = plan(&mut client);
        db.execute("SELECT setval('big_id_seq', 2)");
        let outcome = apply(&mut client, &plan, 400);
        assert!(matches!(&outcome, Outcome::Failed(why) if why.reason.contains("altered since")), "{outcome:?}");
        assert_eq!(db.sequence_states()["public.big_id_seq"], (2, true));
    }
}

#[test]
fn somebody_was_faster() {
    let db = large();
    let mut client = db.client();
    let plan = plan(&mut client);
    db.execute(&format!("SELECT setval('big_id_seq', {})", ROWS + 1_000));
    assert_eq!(apply(&mut client, &plan, 400), Outcome::AlreadyPast { state: called(ROWS + 1_000) });
    assert_eq!(next(&db), ROWS + 1_001);
}

#[test]
fn a_row_at_the_end_of_the_range_that_came_in_since_is_told() {
    let db = large();
    let mut client = db.client();
    let plan = plan(&mut client);
    db.execute(
        "INSERT INTO big SELECT generate_series(2147483640, 2147483647); SELECT setval('big_id_seq', 2147483639)",
    );
    let outcome = apply(&mut client, &plan, 400);
    assert!(matches!(outcome, Outcome::Failed(_)), "there is no next value: {outcome:?}");
}

#[test]
fn how_much_has_to_be_read_is_told_before() {
    let db = Database::new();
    db.execute(
        "CREATE TABLE vast (id serial, note text);
         INSERT INTO vast SELECT g, repeat('x', 1900) FROM generate_series(1, 34000) AS g",
    );
    let told: String = db.value("SELECT 'needs to read ' || round(pg_relation_size('vast') / 1e6, 2) || ' MB'");
    let run = db.run(&["-v"]).expect_status(1);
    assert!(run.stderr.contains(&told), "{told}: {run:#?}");
    let mut terminal = Terminal::run(db.pgseqfix().arg("fix"));
    terminal.wait_for(&format!("(public.vast.id), {told}")).press("\r").wait_for("Set this sequence?").press("y");
    terminal.end().expect_status(0);
    assert_eq!(db.value::<i32>("INSERT INTO vast DEFAULT VALUES RETURNING id"), 34_001);
}

#[test]
fn a_table_that_is_being_added_is_waited_for() {
    let db = large();
    db.execute(&format!("CREATE TABLE added (id int NOT NULL, note text); INSERT INTO added VALUES ({})", ROWS + 50));
    let mut client = db.client();
    let plan = plan(&mut client);
    let mut adding = db.client();
    adding.batch_execute("BEGIN; ALTER TABLE added INHERIT big").expect("it is added");
    thread::scope(|scope| {
        let fixing = scope.spawn(|| apply(&mut client, &plan, 30_000));
        wait_until("the sequence is past what was read", || db.sequence_states()["public.big_id_seq"] == (ROWS, true));
        adding.batch_execute("COMMIT").expect("it ends");
        assert_eq!(fixing.join().expect("it ends"), Outcome::Set { before: NEW, after: called(ROWS + 50) });
    });
    assert_eq!(next(&db), ROWS + 51);
}

#[test]
fn what_takes_long_under_a_lock_after_all_is_done_without() {
    let db = large();
    let mut client = db.client();
    let mut plan = plan(&mut client);
    // As if it had been small, or had had an index, when it was scanned.
    for column in Arc::make_mut(&mut Arc::make_mut(&mut plan.fixes[0]).columns) {
        column.facts.cost.bytes = 0;
    }
    db.execute(&format!("INSERT INTO big SELECT n, repeat('x', 100) FROM generate_series({ROWS} + 1, 2000000) AS n"));
    assert_eq!(apply(&mut client, &plan, 400), Outcome::Set { before: NEW, after: called(2_000_000) });
}

#[test]
fn a_session_that_was_idle_for_too_long_is_opened_again() {
    if server_version() < 140_000 {
        return;
    }
    let db = Database::new();
    let role = role_with(&db, "ALTER ROLE @role SUPERUSER; ALTER ROLE @role SET idle_session_timeout = '300ms'");
    large_on(&db);
    db.execute("CREATE TABLE small (id serial PRIMARY KEY); INSERT INTO small VALUES (9)");
    let mut terminal = Terminal::run(db.pgseqfix().args(["fix", "-U", &role]));
    terminal.wait_for("Fix which?");
    thread::sleep(std::time::Duration::from_secs(1));
    terminal.press("\r").wait_for("Set these 2 sequences?").press("y");
    terminal.end().expect_status(0);
    assert_eq!(next(&db), ROWS + 1);
}

#[test]
fn the_end_of_the_time_ends_a_wait_for_a_lock() {
    let db = Database::new();
    db.execute("CREATE TABLE small (id serial PRIMARY KEY); INSERT INTO small VALUES (9)");
    let mut writer = db.client();
    writer.batch_execute("BEGIN; INSERT INTO small VALUES (10)").expect("it writes");
    let run = db.run(&["fix", "--yes", "--time-limit", "1s", "--lock-timeout", "0", "--format", "json"]);
    assert_eq!(run.expect_status(1).report().sequence("small_id_seq")["outcome"]["result"], "not_reached");
}
