//! A fix beside sessions that import, draw, alter, move and drop.

mod support;

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pgseqfix::db::{self, ApplyOptions, ScanOptions};
use pgseqfix::model::{Outcome, Plan, PlanOptions, SequenceState, Timeouts};
use postgres::Client;
use support::repair::{
    COLUMN, Items, PATIENCE, SEQUENCE, TABLE, drawn_during, duplicates, import_sql, reported, wait_until,
    waiting_for_locks,
};
use support::{Database, Run};

fn plan(client: &mut Client) -> Plan {
    let scan = db::scan(client, &ScanOptions::default(), &mut ()).expect("the scan works");
    scan.plan(&PlanOptions::default())
}

fn patient() -> ApplyOptions {
    ApplyOptions { timeouts: Timeouts { lock_ms: 60_000, statement_ms: 60_000 }, ..ApplyOptions::default() }
}

/// Scans, lets somebody change something, and applies; the outcome of `"Item Numbers"`.
fn apply_after(items: &Items, change: &str) -> Outcome {
    let mut client = items.database.client();
    let plan = plan(&mut client);
    let fix = plan.fixes.iter().find(|fix| fix.sequence.name.name == "Item Numbers").expect("it is behind");
    items.database.execute(change);
    let mut applied = db::apply(&mut client, &plan, &ApplyOptions::default(), &mut ());
    assert!(applied.cut_short.is_none(), "{applied:?}");
    applied.outcomes.remove(&fix.sequence.oid).expect("each fix has an outcome")
}

#[test]
fn an_open_import_is_waited_for_again_and_again_and_then_reported_with_its_pid() {
    let items = Items::behind_by(10);
    items.database.execute(r#"CREATE TABLE "Z Free" (id serial); INSERT INTO "Z Free" SELECT generate_series(1, 5)"#);
    let before = items.states();
    let mut importer = items.database.client();
    let pid: i32 = importer.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    importer.batch_execute(&format!("BEGIN; {}", import_sql("generate_series(11, 20)"))).unwrap();

    let run = items.fix(&["-v", "--lock-timeout", "100ms"]).expect_status(1);
    let found = reported(&run.json(), "Item Numbers").clone();
    assert_eq!(found["outcome"]["result"], "busy", "{found:#}");
    let words = found["outcome"]["reason"].to_string();
    assert!(words.contains(&format!("pid {pid}")), "{words}");
    assert!(run.stderr.contains("attempt 2"), "it tries more than once: {}", run.stderr);
    assert_eq!(items.state(), before[SEQUENCE]);
    assert_eq!(reported(&run.json(), "Z Free_id_seq")["outcome"]["result"], "set", "the others are done");

    importer.batch_execute("COMMIT").unwrap();
    items.expect_fixed_to(21);
}

#[test]
fn an_import_that_commits_while_the_fix_waits_is_covered() {
    let items = Items::behind_by(10);
    let mut importer = items.database.client();
    importer.batch_execute(&format!("BEGIN; {}", import_sql("generate_series(11, 20)"))).unwrap();
    let mut command = items.database.pgseqfix();
    command.args(["fix", "--yes", "--format", "json", "--lock-timeout", "5s"]);
    let fix = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the fix waits for the table", || waiting_for_locks(&items.database) > 0);
    importer.batch_execute("COMMIT").unwrap();
    Run::from(fix.wait_with_output().unwrap()).expect_status(0);
    assert_eq!(items.insert(), Ok(21));
}

#[test]
fn a_lock_that_is_free_again_at_the_second_attempt_is_enough() {
    let items = Items::behind_by(10);
    let mut other = items.database.client();
    other.batch_execute(&format!("BEGIN; LOCK TABLE {TABLE} IN SHARE MODE")).unwrap();
    let mut command = items.database.pgseqfix();
    command.args(["fix", "--yes", "--format", "json"]);
    let fix = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for is_waiting in [true, false, true] {
        wait_until("the fix gives up and tries again", || (waiting_for_locks(&items.database) > 0) == is_waiting);
    }
    other.batch_execute("ROLLBACK").unwrap();
    Run::from(fix.wait_with_output().unwrap()).expect_status(0);
    assert_eq!(items.insert(), Ok(11));
}

#[test]
fn sessions_that_call_nextval_during_a_fix_never_get_a_value_twice() {
    let items = Items::new("bigint", "").with_ids("1");
    let mut moves = 0;
    let mut client = items.database.client();
    // Made once: what is set is decided anew under the locks each time, and so the fixes follow fast.
    let plan = plan(&mut client);
    let drawn = drawn_during(&items, || {
        let mut importer = items.database.client();
        let (begin, mut distance) = (Instant::now(), 64);
        while begin.elapsed() < Duration::from_secs(2) || (moves < 50 && begin.elapsed() < PATIENCE) {
            // Just ahead of the others, so that they are about to pass it at the very moment of the fix.
            let import = format!("INSERT INTO {TABLE} ({COLUMN}) SELECT last_value + {distance} FROM {SEQUENCE}");
            // They may be so slow that the same value is imported twice.
            let _ = importer.batch_execute(&import);
            let applied = db::apply(&mut client, &plan, &patient(), &mut ());
            let has_moved = applied.outcomes.values().any(|outcome| matches!(outcome, Outcome::Set { .. }));
            moves += i32::from(has_moved);
            distance = if has_moved { distance * 15 / 16 } else { distance + 8 };
        }
    });
    assert!(moves > 0 && drawn.len() > 100, "{moves} moves beside {} calls prove nothing", drawn.len());
    assert_eq!(duplicates(&drawn), 0);
}

#[test]
fn whoever_calls_nextval_while_a_fix_decides_waits_and_gets_a_value_past_it() {
    let items = Items::behind_by(10);
    // Halts the fix where it has locked the sequence.
    items.database.execute(
        "CREATE FUNCTION halt() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
             WHILE NOT pg_catalog.pg_try_advisory_xact_lock(1) LOOP PERFORM pg_catalog.pg_sleep(0.01); END LOOP; END $$;
         CREATE EVENT TRIGGER halt ON ddl_command_end WHEN TAG IN ('ALTER SEQUENCE') EXECUTE PROCEDURE halt()",
    );
    let mut other = items.database.client();
    let before = items.state();
    let has_waited = (0..20).any(|_| {
        items.put(before.0, before.1);
        other.batch_execute("SELECT pg_advisory_lock(1)").unwrap();
        let mut drawer = items.database.client();
        thread::scope(|scope| {
            let fix = scope.spawn(|| items.fix(&["--lock-timeout", "1min"]));
            let halted = "SELECT count(*) FROM pg_stat_activity
                          WHERE datname = current_database() AND wait_event = 'PgSleep'";
            wait_until("the fix has locked the sequence", || items.database.value::<i64>(halted) > 0);
            let draw = scope.spawn(move || {
                let row = drawer.query_one(&format!("SELECT nextval('{SEQUENCE}')"), &[]);
                row.unwrap().get::<_, i64>(0)
            });
            let mut waits = false;
            wait_until("the other waits for the fix, or came too late for it, which does not halt for long", || {
                waits = waiting_for_locks(&items.database) > 0;
                waits || draw.is_finished()
            });
            other.batch_execute("SELECT pg_advisory_unlock(1)").unwrap();
            fix.join().unwrap().expect_status(0);
            let drawn = draw.join().unwrap();
            assert!(!waits || drawn == 11, "{drawn}");
            waits
        })
    });
    assert!(has_waited, "it came too late each time");
}

#[test]
fn who_draws_first_and_inserts_then_is_never_the_victim_of_a_deadlock() {
    let items = Items::behind_by(10);
    // The application looks for a deadlock sooner than the fix was told to give way.
    items.database.set_for_all("deadlock_timeout", "250ms");
    let draw = format!("BEGIN; SELECT nextval('{SEQUENCE}')");
    let insert = format!("INSERT INTO {TABLE} ({COLUMN}) VALUES (1000); COMMIT");
    let mut application = items.database.client();
    application.batch_execute(&draw).unwrap();
    thread::scope(|scope| {
        let fix = scope.spawn(|| items.fix(&["--lock-timeout", "10s", "-v"]));
        wait_until("the fix waits for the sequence", || waiting_for_locks(&items.database) > 0);
        application.batch_execute(&insert).expect("it is not ended for us");
        let run = fix.join().unwrap().expect_status(0);
        assert!(!run.stderr.contains("deadlock"), "{}", run.stderr);
    });
    assert_eq!(items.state(), (1000, true));
}

#[test]
fn who_writes_to_a_table_hardly_waits_while_its_sequence_is_in_use() {
    let items = Items::behind_by(10);
    let mut other = items.database.client();
    other.batch_execute(&format!("BEGIN; SELECT nextval('{SEQUENCE}')")).unwrap();
    let mut writer = items.database.client();
    writer.batch_execute("SET lock_timeout = '200ms'").unwrap();
    thread::scope(|scope| {
        let fix = scope.spawn(|| items.fix(&[]));
        let mut id = 1000;
        while !fix.is_finished() {
            id += 1;
            writer
                .batch_execute(&format!("INSERT INTO {TABLE} ({COLUMN}) VALUES ({id})"))
                .expect("it soon gets through");
        }
        let run = fix.join().unwrap().expect_status(1);
        assert_eq!(reported(&run.json(), "Item Numbers")["outcome"]["result"], "busy");
    });
}

#[test]
fn a_long_wait_is_many_short_ones_behind_which_others_get_through() {
    let items = Items::behind_by(10);
    let mut importer = items.database.client();
    importer.batch_execute(&format!("BEGIN; {}", import_sql("generate_series(11, 20)"))).unwrap();
    thread::scope(|scope| {
        let fix = scope.spawn(|| items.fix(&["--lock-timeout", "1min"]));
        wait_until("the fix waits", || waiting_for_locks(&items.database) > 0);
        // Behind one long wait it would wait for as long.
        let mut writer = items.database.client();
        let insert = format!("SET lock_timeout = '10s'; INSERT INTO {TABLE} ({COLUMN}) VALUES (2000)");
        let written = writer.batch_execute(&insert);
        let is_waiting = !fix.is_finished();
        // First, as the fix waits on where the test fails.
        importer.batch_execute("COMMIT").unwrap();
        written.expect("it gets through");
        assert!(is_waiting, "the fix waits on");
        fix.join().unwrap().expect_status(0);
    });
    assert_eq!(items.state(), (2000, true));
}

fn cache_size(items: &Items) -> i64 {
    items.database.value(&format!("SELECT seqcache FROM pg_sequence WHERE seqrelid = '{SEQUENCE}'::regclass"))
}

#[test]
fn values_that_another_session_has_cached_are_not_handed_out_after_the_fix() {
    let items = Items::new("integer", "CACHE 10");
    let mut other = items.database.client();
    let insert = format!("INSERT INTO {TABLE} (note) VALUES ('cached') RETURNING {COLUMN}");
    assert_eq!(other.query_one(&insert, &[]).unwrap().get::<_, i32>(0), 1);
    items.import("generate_series(2, 100)");
    items.fix(&[]).expect_status(0);
    assert_eq!(other.query_one(&insert, &[]).unwrap().get::<_, i32>(0), 101, "it held 2 to 10");
    assert_eq!(cache_size(&items), 10, "the cache is as large as before");
}

#[test]
fn a_sequence_that_somebody_moved_further_meanwhile_is_not_lowered() {
    let items = Items::behind_by(10);
    let outcome = apply_after(&items, &format!("SELECT setval('{SEQUENCE}', 5000)"));
    assert_eq!(outcome, Outcome::AlreadyPast { state: SequenceState { last_value: 5000, is_called: true } });
    assert_eq!(items.insert(), Ok(5001));
}

#[test]
fn a_descending_sequence_that_somebody_moved_further_meanwhile_is_not_raised() {
    let items = Items::new("integer", "INCREMENT BY -1").with_ids("generate_series(-10, -1)");
    let outcome = apply_after(&items, &format!("SELECT setval('{SEQUENCE}', -5000)"));
    assert_eq!(outcome, Outcome::AlreadyPast { state: SequenceState { last_value: -5000, is_called: true } });
    assert_eq!(items.insert(), Ok(-5001));
}

#[test]
fn a_sequence_that_somebody_moved_onto_free_ground_is_left_there() {
    let items = Items::behind_by(10).with_ids("2147483000");
    assert_eq!(items.scan(&[])["status"], "behind");
    let outcome = apply_after(&items, &format!("SELECT setval('{SEQUENCE}', 10)"));
    assert_eq!(items.state(), (10, true), "what is left is an outlier, and nobody asked to pass it: {outcome:?}");
}

#[test]
fn rows_that_come_in_after_the_scan_are_covered() {
    let items = Items::behind_by(10);
    let outcome = apply_after(&items, &import_sql("generate_series(11, 30)"));
    assert!(matches!(outcome, Outcome::Set { .. }), "{outcome:?}");
    assert_eq!(items.insert(), Ok(31));
}

#[test]
fn rows_that_are_gone_after_the_scan_make_no_gap() {
    let items = Items::behind_by(30);
    let outcome = apply_after(&items, &format!("DELETE FROM {TABLE} WHERE {COLUMN} > 10"));
    assert!(matches!(outcome, Outcome::Set { .. }), "{outcome:?}");
    assert_eq!(items.insert(), Ok(11));
    let emptied = Items::behind_by(30);
    let outcome = apply_after(&emptied, &format!("TRUNCATE {TABLE}"));
    assert!(matches!(outcome, Outcome::AlreadyPast { .. }), "{outcome:?}");
    assert_eq!(emptied.insert(), Ok(1));
}

#[test]
fn a_sequence_altered_since_the_scan_is_left_alone() {
    for change in ["INCREMENT BY 10", "MAXVALUE 50", "CACHE 7", "CYCLE", "MINVALUE 0", "START 3"] {
        let items = Items::behind_by(10);
        let outcome = apply_after(&items, &format!("ALTER SEQUENCE {SEQUENCE} {change}"));
        assert!(matches!(outcome, Outcome::Failed(_)), "{change}: {outcome:?}");
        assert_eq!(items.state(), (1, false), "{change}");
        assert_ne!(items.fix(&[]).status, 2, "and the next run knows it anew");
    }
}

#[test]
fn what_was_dropped_or_replaced_since_the_scan_is_left_alone_and_the_rest_is_done() {
    let replaced = format!(
        "CREATE TABLE {TABLE} ({COLUMN} integer); {}",
        import_sql("77").replace(", note)", ")").replace(", 'imported'", "")
    );
    for change in [
        format!("DROP TABLE {TABLE}"),
        format!("DROP SEQUENCE {SEQUENCE} CASCADE"),
        format!("DROP SEQUENCE {SEQUENCE} CASCADE; CREATE SEQUENCE {SEQUENCE}"),
        format!("ALTER SEQUENCE {SEQUENCE} RENAME TO \"Another Name\""),
        format!("ALTER TABLE {TABLE} RENAME {COLUMN} TO other"),
        format!("ALTER TABLE {TABLE} RENAME TO \"Old Stock\"; {replaced}"),
        format!("ALTER TABLE {TABLE} RENAME TO \"Old Stock\"; CREATE VIEW {TABLE} AS SELECT 5 AS {COLUMN}"),
    ] {
        let items = Items::behind_by(10);
        items
            .database
            .execute(r#"CREATE TABLE "Z Good" (id serial); INSERT INTO "Z Good" SELECT generate_series(1, 5)"#);
        let outcome = apply_after(&items, &change);
        assert!(matches!(outcome, Outcome::Failed(_)), "{change}: {outcome:?}");
        let states = items.states();
        assert_eq!(states[r#"public."Z Good_id_seq""#], (5, true), "{change}");
        let touched = states
            .iter()
            .filter(|(name, state)| name.contains('N') && !name.contains("Never") && **state != (1, false));
        assert_eq!(touched.count(), 0, "{change}: {states:?}");
    }
}

#[test]
fn an_alter_that_commits_while_the_fix_waits_is_not_undone() {
    let items = Items::behind_by(10);
    let mut client = items.database.client();
    let plan = plan(&mut client);
    let mut other = items.database.client();
    other.batch_execute(&format!("BEGIN; ALTER SEQUENCE {SEQUENCE} INCREMENT BY 10 CACHE 20")).unwrap();
    let applied = thread::scope(|scope| {
        let applying = scope.spawn(|| db::apply(&mut client, &plan, &patient(), &mut ()));
        // Over the session that commits: a wait for the sequence is over before another would have connected.
        wait_until("the fix waits for the sequence", || {
            let waiting = "SELECT FROM pg_locks WHERE relation = $1::text::regclass AND NOT granted";
            !other.query(waiting, &[&SEQUENCE]).unwrap().is_empty()
        });
        other.batch_execute("COMMIT").unwrap();
        applying.join().unwrap()
    });
    assert_eq!(cache_size(&items), 20, "what the other session set stays: {applied:?}");
    assert!(matches!(applied.outcomes.values().next(), Some(Outcome::Failed(_))), "{applied:?}");
    assert_eq!(items.state(), (1, false));
}

#[test]
fn statements_of_a_fix_that_are_rolled_back_leave_no_trace() {
    let items = Items::new("integer", "CACHE 5").with_ids("generate_series(1, 10)");
    let mut client = items.database.client();
    let fix = plan(&mut client).fixes.remove(0);
    let lock = fix.lock_sequence_sql().expect("it is ours");
    let statements = [fix.lock_tables_sql(), lock, fix.move_sql()].join("; ");
    client.batch_execute(&format!("BEGIN; {statements}; ROLLBACK")).unwrap();
    assert_eq!(items.state(), (1, false));
    client.batch_execute(&format!("BEGIN; {statements}; COMMIT")).unwrap();
    assert_eq!(items.insert(), Ok(11));
}

#[test]
fn two_fixes_at_once_come_to_the_same_end_as_one() {
    let items = Items::behind_by(1000);
    let start = || {
        let mut command = items.database.pgseqfix();
        command.args(["fix", "--yes", "--lock-timeout", "30s"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let running: Vec<_> = (0..4).map(|_| start()).collect();
    for one in running {
        Run::from(one.wait_with_output().unwrap()).expect_status(0);
    }
    assert_eq!(items.insert(), Ok(1001));
}

#[test]
fn an_insert_that_runs_beside_a_scan_is_no_false_alarm() {
    let database = Database::with_setup(r#"CREATE TABLE "Busy One" (id bigserial PRIMARY KEY)"#);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut client = database.client();
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    client.batch_execute(r#"INSERT INTO "Busy One" DEFAULT VALUES"#).unwrap();
                }
            });
        }
        let mut client = database.client();
        let found: Vec<usize> = (0..200).map(|_| plan(&mut client).fixes.len()).collect();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(found.iter().sum::<usize>(), 0);
    });
}
