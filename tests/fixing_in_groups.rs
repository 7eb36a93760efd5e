//! Several fixes at once: all exactly as planned, or each decided anew.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pgseqfix::db::{self, Applied, ApplyOptions, ScanOptions, Watch};
use pgseqfix::model::{Fix, Outcome, Plan, PlanOptions, SequenceState, Timeouts, group_length, group_sql, shares};
use postgres::{Client, NoTls};
use support::repair::{listening_server, role_with, statements_of, wait_until};
use support::{Database, Run};

/// Tables `"T 1"` to `"T 6"` with the ids 1 to 10, all behind.
const TABLES: usize = 6;

fn tables_on(database: &Database) {
    for at in 1..=TABLES {
        database.execute(&format!(
            r#"CREATE TABLE "T {at}" (id serial PRIMARY KEY); INSERT INTO "T {at}" SELECT generate_series(1, 10)"#
        ));
    }
}

fn tables() -> Database {
    let database = Database::new();
    tables_on(&database);
    database
}

fn plan(client: &mut Client) -> Plan {
    let scan = db::scan(client, &ScanOptions::default(), &mut ()).expect("the scan works");
    scan.plan(&PlanOptions::default())
}

fn impatient() -> ApplyOptions {
    ApplyOptions { timeouts: Timeouts { lock_ms: 50, statement_ms: 60_000 }, attempts: 1, ..ApplyOptions::default() }
}

fn state(last_value: i64, is_called: bool) -> SequenceState {
    SequenceState { last_value, is_called }
}

/// The outcomes by the sequence's name.
fn by_name(plan: &Plan, applied: &Applied) -> BTreeMap<String, Outcome> {
    let outcome = |fix: &Fix| applied.outcomes.get(&fix.sequence.oid).expect("each fix has an outcome").clone();
    plan.fixes.iter().map(|fix| (fix.sequence.name.name.clone(), outcome(fix))).collect()
}

/// Claims that all but `"T 2"` were done exactly, as the server tells it; and returns the outcome of that.
fn expect_others_done(database: &Database, plan: &Plan, applied: &Applied) -> Outcome {
    assert!(applied.cut_short.is_none(), "{applied:?}");
    let mut outcomes = by_name(plan, applied);
    let second = outcomes.remove("T 2_id_seq").expect("it was behind");
    assert_eq!(outcomes.len(), TABLES - 1);
    let states = database.sequence_states();
    for (name, outcome) in outcomes {
        assert_eq!(outcome, Outcome::Set { before: state(1, false), after: state(10, true) }, "{name}");
        assert_eq!(states[&format!("public.\"{name}\"")], (10, true), "{name}");
    }
    second
}

#[test]
fn many_fixes_are_a_few_messages_and_nothing_to_fix_is_none() {
    let server = listening_server();
    let database = Database::on(&server);
    tables_on(&database);
    let role = role_with(&database, "ALTER ROLE @role SUPERUSER");
    let mut client = database.client_as(&role);
    let plan = plan(&mut client);
    let applied = db::apply(&mut client, &plan, &ApplyOptions::default(), &mut ());
    assert!(applied.outcomes.values().all(Outcome::is_good), "{applied:?}");
    let sent = statements_of(&server, &role);
    let largest = sent.iter().map(|(_, message)| message.matches("ALTER SEQUENCE").count()).max();
    assert!(largest > Some(1), "no message held a group: {sent:#?}");
    let applied = db::apply(&mut client, &Plan::default(), &ApplyOptions::default(), &mut ());
    assert!(applied.outcomes.is_empty() && applied.cut_short.is_none(), "{applied:?}");
    assert_eq!(statements_of(&server, &role).len(), sent.len());
}

#[test]
fn a_table_that_is_locked_holds_up_none_of_the_others() {
    let database = tables();
    let mut client = database.client();
    let plan = plan(&mut client);
    let mut other = database.client();
    other.batch_execute(r#"BEGIN; LOCK TABLE "T 2" IN SHARE MODE"#).expect("a lock");
    let applied = db::apply(&mut client, &plan, &impatient(), &mut ());
    let outcome = expect_others_done(&database, &plan, &applied);
    assert!(matches!(outcome, Outcome::Busy(_)), "{outcome:?}");
    other.batch_execute("ROLLBACK").expect("the lock is gone");
    database.run(&["fix", "--yes"]).expect_status(0);
}

#[test]
fn a_group_waits_for_no_table_while_it_holds_others() {
    let database = tables();
    let mut other = database.client();
    other.batch_execute(r#"BEGIN; LOCK TABLE "T 3" IN SHARE MODE"#).expect("a lock");
    let run = database.run(&["fix", "--yes", "-v", "--lock-timeout", "50ms"]).expect_status(1);
    assert!(run.stderr.contains("one by one: could not obtain lock on relation"), "{}", run.stderr);
}

#[test]
fn a_sequence_in_use_by_an_open_transaction_holds_up_none_of_the_others() {
    let database = tables();
    let mut client = database.client();
    let plan = plan(&mut client);
    let mut other = database.client();
    other.batch_execute(r#"BEGIN; SELECT nextval('"T 2_id_seq"')"#).expect("a value");
    let applied = db::apply(&mut client, &plan, &impatient(), &mut ());
    let outcome = expect_others_done(&database, &plan, &applied);
    assert!(matches!(outcome, Outcome::Busy(_)), "{outcome:?}");
}

/// Scans, lets somebody change something about `"T 2"`, and applies; the outcome of that, when all others were done.
fn outcome_after(change: &str) -> Outcome {
    let database = tables();
    let mut client = database.client();
    let plan = plan(&mut client);
    database.execute(change);
    let applied = db::apply(&mut client, &plan, &impatient(), &mut ());
    expect_others_done(&database, &plan, &applied)
}

#[test]
fn what_changed_since_the_scan_is_decided_anew_and_the_rest_is_done() {
    let from_start = |last_value| Outcome::Set { before: state(1, false), after: state(last_value, true) };
    for (change, expected) in [
        (r#"INSERT INTO "T 2" VALUES (99)"#, from_start(99)),
        (r#"DELETE FROM "T 2" WHERE id > 7"#, from_start(7)),
        (r#"SELECT setval('"T 2_id_seq"', 4)"#, Outcome::Set { before: state(4, true), after: state(10, true) }),
        (r#"SELECT setval('"T 2_id_seq"', 5000)"#, Outcome::AlreadyPast { state: state(5000, true) }),
        (r#"TRUNCATE "T 2""#, Outcome::AlreadyPast { state: state(1, false) }),
    ] {
        assert_eq!(outcome_after(change), expected, "{change}");
    }
}

#[test]
fn what_was_altered_or_dropped_since_the_scan_is_left_alone_and_the_rest_is_done() {
    for change in [
        r#"ALTER SEQUENCE "T 2_id_seq" INCREMENT BY 10"#,
        r#"ALTER SEQUENCE "T 2_id_seq" START WITH 5"#,
        r#"ALTER SEQUENCE "T 2_id_seq" RENAME TO "Another""#,
        r#"DROP SEQUENCE "T 2_id_seq" CASCADE"#,
        r#"DROP SEQUENCE "T 2_id_seq" CASCADE; CREATE SEQUENCE "T 2_id_seq""#,
        r#"ALTER TABLE "T 2" RENAME TO "Another""#,
        r#"ALTER TABLE "T 2" RENAME TO "Another"; CREATE TABLE "T 2" (id int PRIMARY KEY); INSERT INTO "T 2" VALUES (10)"#,
        r#"DROP TABLE "T 2""#,
        r#"ALTER TABLE "T 2" ADD x int; ALTER TABLE "T 2" RENAME id TO y; ALTER TABLE "T 2" RENAME x TO id"#,
        r#"ALTER TABLE "T 2" ALTER id TYPE smallint"#,
    ] {
        let outcome = outcome_after(change);
        assert!(matches!(outcome, Outcome::Failed(_)), "{change}: {outcome:?}");
    }
}

#[test]
fn what_no_longer_is_behind_but_has_the_same_farthest_value_is_left_there() {
    let database = tables();
    database.execute(r#"INSERT INTO "T 2" VALUES (2147483000)"#);
    let mut client = database.client();
    let plan = plan(&mut client);
    database.execute(r#"DELETE FROM "T 2" WHERE id <= 10"#);
    let applied = db::apply(&mut client, &plan, &impatient(), &mut ());
    let outcome = expect_others_done(&database, &plan, &applied);
    assert!(!matches!(outcome, Outcome::Set { .. }), "what is left is an outlier: {outcome:?}");
    assert_eq!(database.sequence_states()[r#"public."T 2_id_seq""#], (1, false));
}

/// What becomes of the second sequence when it gets another owner after the scan, and we this much of it.
fn outcome_once_no_longer_ours(grants: &str) -> Outcome {
    let database = tables();
    let own: Vec<String> = (1..=TABLES).map(|at| format!("ALTER TABLE \"T {at}\" OWNER TO @role;")).collect();
    let role = role_with(&database, &own.concat());
    let mut client = database.client_as(&role);
    let plan = plan(&mut client);
    let grants = grants.replace("@role", &format!("\"{role}\""));
    database.execute(&format!(r#"ALTER TABLE "T 2" OWNER TO postgres; {grants}"#));
    let applied = db::apply(&mut client, &plan, &impatient(), &mut ());
    expect_others_done(&database, &plan, &applied)
}

#[test]
fn a_sequence_that_is_no_longer_ours_fails_alone() {
    let outcome = outcome_once_no_longer_ours("");
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
}

#[test]
fn a_sequence_that_is_no_longer_ours_but_may_be_moved_is_moved_by_nextval() {
    let grants = r#"GRANT ALL ON "T 2" TO @role; GRANT ALL ON "T 2_id_seq" TO @role"#;
    let outcome = outcome_once_no_longer_ours(grants);
    assert!(matches!(outcome, Outcome::Advanced { .. }), "{outcome:?}");
}

/// Tells that it is stopped once somebody says so.
struct Stop<'a>(&'a AtomicBool);

impl Watch for Stop<'_> {
    fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn a_group_that_is_interrupted_leaves_no_trace() {
    let database = tables();
    database.execute(
        "CREATE FUNCTION halt() RETURNS event_trigger LANGUAGE plpgsql
             AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.15); END $$;
         CREATE EVENT TRIGGER halt ON ddl_command_end WHEN TAG IN ('ALTER SEQUENCE') EXECUTE PROCEDURE halt()",
    );
    let before = database.sequence_states();
    let mut client = database.client();
    let plan = plan(&mut client);
    let (is_stopped, cancel) = (AtomicBool::new(false), client.cancel_token());
    let applied = thread::scope(|scope| {
        let applying = scope.spawn(|| db::apply(&mut client, &plan, &ApplyOptions::default(), &mut Stop(&is_stopped)));
        let asleep = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event = 'PgSleep'";
        wait_until("the group is under way", || database.value::<i64>(asleep) > 0);
        is_stopped.store(true, Ordering::SeqCst);
        cancel.cancel_query(NoTls).expect("cancelled");
        applying.join().expect("it ends")
    });
    assert!(applied.cut_short.is_some(), "{applied:?}");
    assert!(applied.outcomes.values().all(|outcome| *outcome == Outcome::NotReached), "{applied:?}");
    assert_eq!((applied.outcomes.len(), database.sequence_states()), (TABLES, before));
    assert!(client.simple_query("SELECT 1").is_ok(), "the session is as good as before");
}

#[test]
fn a_group_that_fails_after_its_setvals_leaves_none_of_them() {
    let database = tables();
    let before = database.sequence_states();
    let mut client = database.client();
    let mut fixes = plan(&mut client).fixes;
    // The others are moved by then: this one does not get to where it shall be, as nothing is ever lowered.
    let last = fixes.last_mut().expect("they are behind");
    Arc::make_mut(last).to = state(0, true);
    let error = client.batch_execute(&format!("BEGIN; {}; COMMIT", group_sql(&fixes))).expect_err("it gives way");
    let said = error.as_db_error().expect("the server says so").message();
    assert!(said.contains("pgseqfix gives way: the sequence did not move"), "{said}");
    client.batch_execute("ROLLBACK").expect("rolled back");
    assert_eq!(database.sequence_states(), before);
    fixes.pop();
    client.batch_execute(&format!("BEGIN; {}; COMMIT", group_sql(&fixes))).expect("it holds");
    assert_eq!(database.sequence_states().values().filter(|state| **state == (10, true)).count(), TABLES - 1);
}

#[test]
fn one_that_takes_many_values_at_once_is_set_to_the_very_value_too() {
    let database = tables();
    database.execute(r#"ALTER SEQUENCE "T 2_id_seq" CACHE 50"#);
    let mut client = database.client();
    let fixes = plan(&mut client).fixes;
    client.batch_execute(&format!("BEGIN; {}; COMMIT", group_sql(&fixes))).expect("it holds");
    assert_eq!(database.sequence_states()[r#"public."T 2_id_seq""#], (10, true));
}

#[test]
fn descending_numeric_and_ignored_values_are_asserted_as_they_were_scanned() {
    let database = tables();
    database.execute(
        r#"CREATE SEQUENCE "Down" INCREMENT BY -3 START -1;
           CREATE TABLE "D" (id numeric PRIMARY KEY DEFAULT nextval('"Down"'));
           INSERT INTO "D" VALUES (-1), (-4), (-7.5), (-9999999);
           CREATE TABLE "E" (id bigserial PRIMARY KEY, other bigint UNIQUE DEFAULT nextval('"E_id_seq"'));
           INSERT INTO "E" VALUES (1, 2), (9, 3), (5000, 4)"#,
    );
    let mut client = database.client();
    let options = ScanOptions { ignore_above: Some(1000), ignore_below: Some(-1000), ..ScanOptions::default() };
    let scan = db::scan(&mut client, &options, &mut ()).expect("the scan works");
    let fixes = scan.plan(&PlanOptions::default()).fixes;
    assert_eq!(fixes.len(), TABLES + 2, "{fixes:#?}");
    client.batch_execute(&format!("BEGIN; {}; COMMIT", group_sql(&fixes))).expect("it holds");
    let states = database.sequence_states();
    assert_eq!((states[r#"public."Down""#], states[r#"public."E_id_seq""#]), ((-7, true), (9, true)));
}

#[test]
fn shares_keep_together_what_shares_a_table_and_are_of_about_one_length() {
    let database = tables();
    database.execute(
        r#"CREATE TABLE "Two" (id serial PRIMARY KEY, other serial UNIQUE);
           INSERT INTO "Two" SELECT n, n FROM generate_series(1, 10) AS n;
           CREATE TABLE "Parent" (id serial PRIMARY KEY); CREATE TABLE "Child" (own serial UNIQUE) INHERITS ("Parent");
           INSERT INTO "Child" SELECT n, n FROM generate_series(1, 10) AS n"#,
    );
    let fixes = plan(&mut database.client()).fixes;
    assert_eq!(fixes.len(), TABLES + 4);
    for workers in 1..=20 {
        let dealt = shares(fixes.clone(), workers);
        let lengths: Vec<usize> = dealt.iter().map(Vec::len).collect();
        assert_eq!(lengths.iter().sum::<usize>(), fixes.len());
        assert_eq!(lengths.len(), workers.min(TABLES + 2), "{lengths:?}");
        let spread = lengths.iter().max().zip(lengths.iter().min()).map(|(most, least)| most - least);
        assert!(spread <= Some(1), "{lengths:?}");
        let share_of =
            |name: &str| dealt.iter().position(|share| share.iter().any(|fix| fix.sequence.name.name == name));
        assert_eq!(share_of("Two_id_seq"), share_of("Two_other_seq"));
        assert_eq!(share_of("Parent_id_seq"), share_of("Child_own_seq"));
    }
    assert!(shares(Vec::new(), 4).is_empty());
}

#[test]
fn a_group_ends_before_an_unindexed_column_and_before_too_many_locks() {
    let database = tables();
    database.execute(
        r#"CREATE TABLE "T 3 unindexed" (id serial); INSERT INTO "T 3 unindexed" SELECT generate_series(1, 10)"#,
    );
    let fixes = plan(&mut database.client()).fixes;
    let unindexed = fixes.iter().position(|fix| fix.sequence.name.name.contains("unindexed")).expect("it is behind");
    assert_eq!((group_length(&fixes, 16, 640), group_length(&fixes[unindexed..], 16, 640)), (unindexed, 0));
    let mut large: Vec<Arc<Fix>> = fixes.into_iter().take(2).collect();
    Arc::make_mut(&mut Arc::make_mut(&mut large[0]).columns)[0].facts.cost.relations = 500;
    assert_eq!(group_length(&large, 16, 640), 0, "it is done alone");
    large.swap(0, 1);
    assert_eq!(group_length(&large, 16, 640), 1, "and not together with another one");
    assert_eq!(group_length(&large, 16, 3), 0, "hardly a lock is left for us");
    Run::of(database.pgseqfix().args(["fix", "--yes"])).expect_status(0);
}

#[test]
fn what_stood_before_is_told_as_it_stood_also_where_the_next_value_is_the_same() {
    let database = tables();
    let mut client = database.client();
    database.execute(r#"SELECT setval('"T 2_id_seq"', 5)"#);
    let plan = plan(&mut client);
    // The next value is 6 before and after.
    database.execute(r#"SELECT setval('"T 2_id_seq"', 6, false)"#);
    let applied = db::apply(&mut client, &plan, &ApplyOptions::default(), &mut ());
    let outcome = by_name(&plan, &applied).remove("T 2_id_seq").expect("it was behind");
    assert_eq!(outcome, Outcome::Set { before: state(6, false), after: state(10, true) });
}
