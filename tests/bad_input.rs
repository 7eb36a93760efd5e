//! Whatever is wrong: one clear error, exit status 2, and nothing on standard output that looks like a result.

mod support;

use std::net::TcpListener;

use support::situations::{finish, lock, lock_in_mode, start, wait_until_it_waits};
use support::{Database, Run, Server, role_name};

/// One error that says what was being done and names all of `words`, and nothing else was written.
fn expect_error(run: Run, words: &[&str]) -> Run {
    let run = expect_error_text(run, words);
    assert_eq!(run.stdout, "", "{run:#?}");
    run
}

fn expect_error_text(run: Run, words: &[&str]) -> Run {
    let run = run.expect_status(2);
    let errors = run.stderr.lines().filter(|line| line.trim_start().starts_with("error:"));
    assert_eq!(errors.count(), 1, "one error: {run:#?}");
    for word in words {
        assert!(run.stderr.contains(word), "{word:?} is missing in {run:#?}");
    }
    assert!(!run.stderr.contains("panicked"), "{run:#?}");
    run
}

/// The error of a run that went wrong after the command line was understood: one block, with a hint.
fn expect_failure(run: Run, words: &[&str]) -> Run {
    let run = expect_error(run, words);
    let mut lines = run.stderr.lines();
    assert!(lines.next().is_some_and(|first| first.starts_with("error: could not ")), "{run:#?}");
    assert!(lines.all(|line| line.starts_with("  ")), "what follows belongs to the error: {run:#?}");
    assert!(run.stderr.contains("\n  hint: "), "what can be tried? {run:#?}");
    run
}

fn shop() -> Database {
    Database::with_setup(
        r#"CREATE SCHEMA "Back Office";
           CREATE TABLE "Back Office"."Stock" (id serial PRIMARY KEY);
           CREATE TABLE album (id serial PRIMARY KEY);
           CREATE TABLE "Order" (id serial PRIMARY KEY);
           INSERT INTO album SELECT generate_series(1, 30);
           INSERT INTO "Order" SELECT generate_series(1, 30)"#,
    )
}

#[test]
fn an_unknown_database_is_named() {
    let database = Database::new();
    let run = database.run(&["No Such Db"]);
    expect_failure(
        run,
        &["could not connect", r#"the server said: FATAL: database "No Such Db" does not exist (3D000)"#],
    );
    expect_failure(database.run(&["fix", "--yes", "-d", "No Such Db"]), &["3D000"]);
}

#[test]
fn a_host_that_is_down_is_named_with_its_port() {
    let database = Database::new();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let port = port.to_string();
    let run = database.run(&["-h", "127.0.0.1", "-p", &port]);
    expect_failure(run, &["could not connect", "127.0.0.1", &port, "refused"]);
    let run = database.run(&["-h", "/no/such/directory"]);
    expect_failure(run, &["could not connect", "/no/such/directory", "-h"]);
}

#[test]
fn an_unknown_role_is_named() {
    let run = Database::new().run(&["-U", "No Such Role"]);
    expect_failure(run, &["could not connect", r#"role "No Such Role" does not exist"#]);
}

#[test]
fn a_selection_that_matches_nothing_is_an_error_and_no_success() {
    let database = shop();
    for arguments in [
        ["-n", "no_such"],
        ["-t", "no_such"],
        ["-t", "no_such.album"],
        ["-t", "no_such.*"],
        // Folded, so it means another one.
        ["-t", "Order"],
        ["-n", "Back Office"],
        // Not on the search_path.
        ["-t", "\"Stock\""],
    ] {
        let run = expect_failure(database.run(&arguments), &["could not select", arguments[1]]);
        assert!(run.stderr.contains(if arguments[0] == "-n" { "schema" } else { "table" }), "{run:#?}");
    }
    // One good pattern does not make up for a bad one.
    expect_failure(database.run(&["-t", "album", "-t", "no_such"]), &["no_such"]);
    let states = database.sequence_states();
    expect_failure(database.run(&["fix", "--yes", "-t", "album", "-t", "no_such"]), &["no_such"]);
    assert_eq!(states, database.sequence_states());
}

#[test]
fn a_pattern_with_too_many_dots_is_refused() {
    let database = shop();
    for arguments in [["-t", "a.b.c.d"], ["-T", "a.b.c.d"], ["-n", "a.b.c"], ["-N", "a.b.c"]] {
        expect_failure(database.run(&arguments), &["could not select", "too many dotted names", arguments[1]]);
    }
}

#[test]
fn a_pattern_that_is_no_regular_expression_is_refused_with_the_servers_words() {
    let database = shop();
    for arguments in [["-t", "album("], ["-T", "album("], ["-n", "[a"], ["-N", "(a"]] {
        expect_failure(database.run(&arguments), &["could not select", "invalid regular expression", "2201B"]);
    }
}

#[test]
fn an_option_with_a_bad_value_is_named() {
    let database = shop();
    for arguments in [
        ["--lock-timeout", "soon"],
        ["--statement-timeout", "25d"],
        ["--format", "xml"],
        ["--ignore-above", "many"],
        ["--ignore-below", "9223372036854775808"],
    ] {
        expect_error(database.run(&arguments), &["error: ", arguments[0]]);
    }
    expect_error(database.run(&["--statement-timeout=-1"]), &["--statement-timeout"]);
    expect_error(database.run(&["fix", "--yes", "--headroom", "lots"]), &["--headroom", "lots"]);
    expect_error(database.run(&["fix", "--yes", "--headroom=-1"]), &["--headroom"]);
    expect_error(database.run(&["fix", "--yes", "--dry-run"]), &["--yes", "--dry-run"]);
    expect_error(database.run(&["--yes"]), &["--yes"]);
    expect_error(database.run(&["-w", "-W"]), &["--no-password", "--password"]);
    expect_error(database.run(&["--no-such-option"]), &["--no-such-option"]);
    expect_error(database.run(&["one", "two"]), &["two"]);
    for port in ["five", "0", "99999"] {
        expect_error(database.run(&["-p", port]), &["could not use the connection settings", port]);
    }
}

#[test]
fn a_connection_string_that_cannot_be_read_is_refused_without_showing_its_password() {
    let database = shop();
    for string in [
        "postgres://clerk:s3cret@localhost:port/shop",
        "postgres://clerk:s3cret@[::1/shop",
        "postgres://clerk:s3cret@localhost/shop?no_such=1",
        "postgres://clerk:s3cret%zz@localhost/shop",
        "host=localhost password=s3cret no_such=1",
        "host=localhost password='s3cret",
        "password=s3cret host",
        "host=localhost sslmode=s3cret-ly password=s3cret",
    ] {
        let run = expect_error(database.run(&["-vv", string]), &["could not use the connection settings"]);
        assert!(!run.stderr.replace("s3cret-ly", "").contains("s3cret"), "{string}: {run:#?}");
    }
}

#[test]
fn a_session_that_is_ended_during_the_scan_ends_it_with_one_error() {
    let database = shop();
    let holder = lock(&database, "album");
    let child = start(database.pgseqfix().args(["--lock-timeout", "0"]));
    wait_until_it_waits(&database);
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'pgseqfix'",
    );
    let run = expect_failure(finish(child), &["could not compare sequences with their columns"]);
    // The driver loses the server's last words where they and the end of the connection arrive in one read.
    let words = ["terminating connection due to administrator command (57P01)", "connection closed"];
    assert!(words.iter().any(|words| run.stderr.contains(words)), "{run:#?}");
    assert!(!run.stderr.contains("every role may"), "privileges have nothing to do with it: {run:#?}");
    drop(holder);
}

#[test]
fn a_server_that_stops_during_the_scan_ends_it_with_an_error() {
    let server = Server::start_own(&[]);
    let database = Database::on(&server);
    database.execute("CREATE TABLE album (id serial PRIMARY KEY); INSERT INTO album SELECT generate_series(1, 30)");
    let holder = lock(&database, "album");
    let child = start(database.pgseqfix().args(["--lock-timeout", "0"]));
    wait_until_it_waits(&database);
    server.stop_immediate();
    let run = expect_failure(finish(child), &[]);
    assert!(!run.stderr.contains("every role may"), "privileges have nothing to do with it: {run:#?}");
    drop(holder);
}

#[test]
fn a_server_that_stops_during_the_fix_leaves_a_report_of_what_was_done() {
    let server = Server::start_own(&[]);
    let database = Database::on(&server);
    for table in ["a", "b", "c"] {
        database.execute(&format!(
            "CREATE TABLE {table} (id serial PRIMARY KEY); INSERT INTO {table} SELECT generate_series(1, 30)"
        ));
    }
    // A writer: it lets us read, and keeps us from locking.
    let holder = lock_in_mode(&database, "b", "ROW EXCLUSIVE");
    let fix = ["fix", "--yes", "--format", "json", "--lock-timeout", "0", "--statement-timeout", "0"];
    let child = start(database.pgseqfix().args(fix));
    wait_until_it_waits(&database);
    server.stop_immediate();
    let run = expect_error_text(finish(child), &["error: could not ", "b_id_seq", "\n  hint: "]);
    drop(holder);
    let report = run.json();
    let results: Vec<_> =
        report["sequences"].as_array().expect("an array").iter().map(|it| &it["outcome"]["result"]).collect();
    assert_eq!(results, ["set", "failed", "not_reached"], "{run:#?}");
    assert_eq!(report["sequences"][0]["outcome"]["after"]["last_value"], 30);
    assert_eq!((&report["summary"]["fixed"], &report["summary"]["unfixed"]), (&1.into(), &2.into()));

    server.start();
    // fsync is off, but the processes died and not the machine: what was committed is there.
    assert_eq!(database.sequence_states()["public.a_id_seq"], (30, true));
    database.run(&["fix", "--yes"]).expect_status(0);
    database.execute("INSERT INTO a DEFAULT VALUES; INSERT INTO b DEFAULT VALUES; INSERT INTO c DEFAULT VALUES");
}

#[test]
fn a_table_that_somebody_locks_spoils_only_its_own_sequence() {
    let database = shop();
    let holder = lock(&database, "album");
    let run = database.run(&["--lock-timeout", "200ms", "--format", "json"]).expect_status(2);
    drop(holder);
    let report = run.json();
    let found: Vec<_> = report["sequences"].as_array().expect("an array").iter().map(|it| &it["status"]).collect();
    assert_eq!(found, ["in_sync", "behind", "unreadable"], "{run:#?}");
    let reason = report["sequences"][2]["reason"].as_str().expect("a reason");
    assert!(reason.contains("lock timeout"), "{reason}");
}

#[test]
fn a_catalog_that_may_not_be_read_is_named() {
    let database = shop();
    let role = role_name();
    database.execute(&format!("CREATE ROLE \"{role}\" LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC"));
    for catalog in ["pg_depend", "pg_sequence", "pg_attrdef"] {
        database.execute(&format!("REVOKE SELECT ON pg_catalog.{catalog} FROM PUBLIC"));
        let words = ["could not read the catalog", "permission denied", catalog, "42501"];
        expect_failure(database.run(&["-U", &role]), &words);
        expect_failure(database.run(&["-U", &role, "fix", "--yes"]), &words);
        database.execute(&format!("GRANT SELECT ON pg_catalog.{catalog} TO PUBLIC"));
    }
}
