//! What attacks on runs beside others found, each as a claim of its own.

mod support;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use support::repair::{Items, fix_command, reported, wait_until, waiting_for_locks};
use support::situations::{finish, lock_in_mode, start, wait_until_it_waits};
use support::{Database, Run, Server};

/// How often the server found a deadlock in the database.
fn deadlocks(database: &Database) -> i64 {
    database.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
}

fn event_trigger(database: &Database, body: &str) {
    database.execute(&format!(
        "CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
         CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE PROCEDURE noted()"
    ));
}

#[test]
fn what_an_event_trigger_draws_at_the_alter_is_not_undone_and_told_as_done() {
    let database = Database::with_setup(
        "CREATE TABLE ddl_log (id serial PRIMARY KEY, tag text); INSERT INTO ddl_log VALUES (1, 'imported')",
    );
    event_trigger(&database, "INSERT INTO public.ddl_log (tag) VALUES (tg_tag);");
    fix_command(&database, &[]).expect_status(0);
    database.run(&[]).expect_status(0);
    database.execute("INSERT INTO ddl_log DEFAULT VALUES");
}

#[test]
fn a_slow_event_trigger_does_not_keep_writers_waiting_and_the_sequence_is_moved_all_the_same() {
    let items = Items::behind_by(10);
    event_trigger(&items.database, "PERFORM pg_sleep(20);");
    let (status, found) = items.fixed(&[]);
    let said = (status, &found["outcome"]["result"], &found["fix"]["protection"]);
    assert_eq!(said, (0, &"set".into(), &"advance".into()), "{found:#}");
    assert_eq!(items.insert(), Ok(11));
}

#[test]
fn who_writes_to_a_tree_is_never_the_victim_of_a_deadlock() {
    let database = Database::new();
    database.execute("CREATE TABLE parent (id serial PRIMARY KEY, v int)");
    for number in 1..=12 {
        database.execute(&format!("CREATE TABLE child{number} () INHERITS (parent)"));
    }
    database.execute("INSERT INTO child5 VALUES (100000)");
    // Each of three lets the fix go on by one child more, just before it would give up waiting for that one.
    let mut held: Vec<_> =
        [2, 3, 4].map(|n| (n, lock_in_mode(&database, &format!("child{n}"), "ROW EXCLUSIVE"))).into();
    let mut writer = database.client();
    let mut writing = writer.transaction().expect("a transaction");
    writing.batch_execute("INSERT INTO child5 VALUES (-9)").expect("nobody else has it");
    let child = start(database.pgseqfix().args(["fix", "--yes", "--lock-timeout", "1min", "-t", "parent"]));
    wait_until_it_waits(&database);
    thread::scope(|scope| {
        scope.spawn(|| {
            for (_, holder) in held.drain(..) {
                thread::sleep(Duration::from_millis(330));
                drop(holder);
            }
        });
        for _ in 0..40 {
            let mut nested = writing.transaction().expect("a savepoint");
            nested.batch_execute("INSERT INTO child1 VALUES (-50)").expect("it is no victim");
            nested.rollback().expect("rolled back");
            thread::sleep(Duration::from_millis(40));
        }
    });
    writing.rollback().expect("rolled back");
    finish(child).expect_status(0);
    assert_eq!(deadlocks(&database), 0);
}

#[test]
fn who_alters_a_table_is_never_the_victim_of_an_explanation() {
    let database = Database::with_setup("CREATE TABLE q (id int PRIMARY KEY, v int); INSERT INTO q VALUES (1)");
    let mut other = database.client();
    let mut altering = other.transaction().expect("a transaction");
    altering.batch_execute("REINDEX INDEX q_pkey").expect("nobody else has it");
    let text = "duplicate key value violates unique constraint \"q_pkey\"\nDETAIL:  Key (id)=(1) already exists.";
    let child = start(database.pgseqfix().args(["explain", "--lock-timeout", "1min", text]));
    wait_until("it waits", || waiting_for_locks(&database) > 0);
    thread::sleep(Duration::from_millis(1200));
    altering.batch_execute("ALTER TABLE q ADD COLUMN z int").expect("it is no victim");
    altering.commit().expect("committed");
    finish(child).expect_status(0);
    assert_eq!(deadlocks(&database), 0);
}

#[test]
fn a_commit_does_not_wait_for_a_standby_that_is_gone() {
    let server = Server::start_own(&[]);
    let items = Items::on(Database::on(&server), "integer", "").with_ids("generate_series(1, 10)");
    let mut administrator = items.database.client();
    administrator.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").expect("set");
    administrator.batch_execute("SELECT pg_reload_conf()").expect("reloaded");
    wait_until("it is set", || items.database.value::<String>("SHOW synchronous_standby_names") == "nobody");
    let run = fix_command(&items.database, &["--time-limit", "30s"]).expect_status(0);
    assert_eq!(reported(&run.json(), "Item Numbers")["outcome"]["result"], "set", "{run:#?}");
    administrator.batch_execute("ALTER SYSTEM RESET synchronous_standby_names").expect("set");
    administrator.batch_execute("SELECT pg_reload_conf()").expect("reloaded");
    wait_until("it is reset", || items.database.value::<String>("SHOW synchronous_standby_names").is_empty());
}

#[test]
fn a_script_without_guards_lowers_nothing_that_has_moved_on() {
    let items = Items::behind_by(10);
    items.database.execute(
        "ALTER FUNCTION pg_catalog.version() RENAME TO true_version;
         CREATE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql AS $$ SELECT 'CockroachDB CCL v23'::text $$",
    );
    let script = items.database.run(&["fix", "--dry-run", "--format", "sql", "--accept-races"]).expect_status(1).stdout;
    let run_it = || {
        let mut psql = items.database.program("psql").expect("psql");
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), &script).expect("written");
        Run::of(psql.args(["-X", "-f"]).arg(file.path())).expect_status(0);
    };
    items.put(500_000, true);
    run_it();
    assert_eq!(items.state(), (500_000, true));
    items.put(1, false);
    run_it();
    assert_eq!(items.state(), (1010, true));
}

#[test]
fn two_signals_at_once_are_one_and_the_report_is_there() {
    let items = Items::behind_by(10);
    let holder = lock_in_mode(&items.database, r#""Stock Items""#, "ROW EXCLUSIVE");
    let child = start(items.database.pgseqfix().args(["fix", "--yes", "--format", "json", "--lock-timeout", "0"]));
    wait_until_it_waits(&items.database);
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    kill(pid, Signal::SIGHUP).expect("it runs");
    kill(pid, Signal::SIGINT).expect("it runs");
    let run = finish(child).expect_status(130);
    assert_eq!(reported(&run.json(), "Item Numbers")["outcome"]["result"], "not_reached", "{run:#?}");
    drop(holder);
}

#[test]
fn a_place_that_can_only_be_a_directory_is_refused_before_the_work() {
    let items = Items::behind_by(10);
    let directory = tempfile::tempdir().expect("a directory");
    let place = |name: &str| directory.path().join(name).to_str().expect("UTF-8").to_owned();
    let run = items.database.run(&["fix", "--yes", "-o", &place("new/")]).expect_status(2);
    assert!(run.stderr.contains("could not write the result"), "{run:#?}");
    assert_eq!(items.state(), (1, false));
    // A link that leads nowhere yet stays a link.
    std::os::unix::fs::symlink("target", place("link")).expect("a link");
    items.database.run(&["fix", "--yes", "-o", &place("link")]).expect_status(0);
    assert!(fs::symlink_metadata(place("link")).expect("it is there").is_symlink());
    assert!(fs::read_to_string(place("target")).expect("it is there").contains("fixed"));
}

#[test]
fn a_password_is_not_in_the_command_that_is_proposed_nor_in_a_name() {
    let items = Items::behind_by(10);
    let server = items.database.server();
    let host = server.directory().to_str().expect("UTF-8").replace('/', "%2F");
    let name = items.database.name().replace(' ', "%20");
    let uri = format!("postgres://{host}:{}/{name}?user=postgres&pass%77ord=s3cr3tpw", server.port());
    for arguments in [&[uri.as_str()][..], &["-d", &uri], &[&format!("--dbname={uri}")], &["u:s3cr3tpw@localhost/db"]] {
        let run = items.database.run(arguments);
        assert!(!format!("{run:?}").contains("s3cr3t"), "{arguments:?}: {run:#?}");
    }
    let report: Value = Run::of(items.database.pgseqfix().args(["--format", "json", &uri])).expect_status(1).json();
    assert_eq!(reported(&report, "Item Numbers")["status"], "behind");
}

/// Before 18 whoever reads a sequence at the moment of an ALTER finds no row in it.
#[test]
fn sequences_that_are_altered_all_the_time_are_read_all_the_same() {
    let database = Database::new();
    for number in 1..=12 {
        database.execute(&format!(
            "CREATE TABLE t{number} (id serial PRIMARY KEY); INSERT INTO t{number} SELECT generate_series(1, 9)"
        ));
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = database.client();
            while !is_over.load(Ordering::Relaxed) {
                for number in 1..=12 {
                    client.batch_execute(&format!("ALTER SEQUENCE t{number}_id_seq CACHE 1")).unwrap();
                }
            }
        });
        let runs: Vec<Run> = (0..40).map(|_| database.run(&["--format", "json"])).collect();
        is_over.store(true, Ordering::Relaxed);
        for run in runs {
            let report = run.expect_status(1).json();
            assert_eq!(report["summary"]["behind"], 12, "{report:#}");
        }
    });
}
