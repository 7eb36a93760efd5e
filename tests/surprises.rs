//! What real databases have sprung on us: each of these once went wrong.

mod support;

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::repair::reported;
use support::{Database, Run, Server};

/// The report's entry of a sequence in `public`.
fn entry(report: &Value, name: &str) -> Value {
    let sequences = report["sequences"].as_array().expect("sequences");
    sequences.iter().find(|entry| entry["name"] == name).cloned().unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

fn scan(database: &Database) -> Value {
    database.run(&["--format", "json"]).json()
}

/// Waits until a session waits for a lock, or long enough to be told why not.
fn wait_for(database: &Database, condition: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !database.value::<bool>(condition) {
        assert!(Instant::now() < deadline, "never came true: {condition}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn tables_with_the_names_that_our_statements_use_are_read_as_any_other() {
    for name in ["next", "state", "stored", "source", "seen", "one_column", "value"] {
        let database = Database::with_setup(&format!(
            "CREATE TABLE {name} (id serial PRIMARY KEY, value int DEFAULT 1000, last_value int, nearest int);
             INSERT INTO {name} (id) SELECT generate_series(1, 10)"
        ));
        assert_eq!(entry(&scan(&database), &format!("{name}_id_seq"))["colliding_calls"], 10, "{name}");
        database.run(&["fix", "--yes"]).expect_status(0);
        database.execute(&format!("INSERT INTO {name} (value) VALUES (1)"));
    }
}

#[test]
fn a_table_that_is_dropped_during_the_catalog_query_does_not_end_the_scan() {
    let database = Database::with_setup(
        "CREATE TABLE stays (id serial PRIMARY KEY); INSERT INTO stays VALUES (1);
         CREATE TABLE goes (id serial PRIMARY KEY); INSERT INTO goes VALUES (1)",
    );
    // The catalog query starts, and waits for a catalog's lock; meanwhile the table goes.
    let mut dropper = database.client();
    let mut keeper = database.client();
    keeper.batch_execute("BEGIN; LOCK TABLE pg_catalog.pg_attrdef IN ACCESS EXCLUSIVE MODE").expect("a lock");
    dropper.batch_execute("BEGIN").expect("a transaction");
    let child = database
        .pgseqfix()
        .args(["--format", "json", "--lock-timeout", "0"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("pgseqfix starts");
    wait_for(&database, "SELECT count(*) > 0 FROM pg_catalog.pg_locks WHERE NOT granted");
    keeper.batch_execute("DROP TABLE goes; COMMIT").expect("dropped");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(entry(&report, "stays_id_seq")["status"], "behind");
}

#[test]
fn names_in_defaults_are_folded_and_cut_as_the_server_does_it() {
    let long = "s".repeat(70);
    let kept = &long[..63];
    let database = Database::with_setup(&format!(
        "CREATE SEQUENCE Ärger_seq; CREATE SEQUENCE {kept}; CREATE SEQUENCE third;
         CREATE TABLE a (id int PRIMARY KEY DEFAULT nextval('Ärger_seq'::text));
         CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('{long}'::text));
         INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (1), (2)"
    ));
    let quoted = database.name().replace('"', "\"\"");
    database.execute(&format!(
        "CREATE TABLE c (id int PRIMARY KEY DEFAULT nextval('\"{quoted}\".public.third'::text)); INSERT INTO c VALUES (1)"
    ));
    database.run(&["fix", "--yes"]).expect_status(0);
    for table in ["a", "b", "c"] {
        database.execute(&format!("INSERT INTO {table} DEFAULT VALUES"));
    }
    database.run(&["-t", "Ärger_seq"]).expect_status(0);
}

#[test]
fn a_column_that_cannot_be_compared_is_named_beside_one_that_is_behind() {
    let database = Database::with_setup(
        "CREATE SEQUENCE m;
         CREATE TABLE mi (id int PRIMARY KEY DEFAULT nextval('m')); INSERT INTO mi SELECT generate_series(1, 10);
         CREATE TABLE mt (id text PRIMARY KEY DEFAULT nextval('m')); INSERT INTO mt SELECT generate_series(1, 20)",
    );
    let run = database.run(&["fix", "--yes"]).expect_status(0);
    assert!(run.stdout.contains("not compared: public.mt.id is text"), "{run:#?}");
}

#[test]
fn a_column_that_its_shared_sequence_has_outgrown_is_exhausted() {
    let database = Database::with_setup(
        "CREATE SEQUENCE g;
         CREATE TABLE gi (id int PRIMARY KEY DEFAULT nextval('g'));
         CREATE TABLE gb (id bigint PRIMARY KEY DEFAULT nextval('g'));
         INSERT INTO gb VALUES (3000000000); SELECT setval('g', 3000000000)",
    );
    let run = database.run(&["--format", "json"]).expect_status(1);
    let found = entry(&run.json(), "g");
    assert_eq!(found["status"], "exhausted");
    assert_eq!(found["reason"], "the next value does not fit public.gi.id, which ends at 2147483647");
    database.execute("ALTER TABLE gi ALTER COLUMN id TYPE bigint");
    database.run(&[]).expect_status(0);
}

#[test]
fn nothing_is_fixed_whose_report_cannot_be_written() {
    let database = Database::with_setup("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    let before = database.sequence_states();
    for place in ["/nonexistent/report.json", "/tmp"] {
        let run = database.run(&["fix", "--yes", "-o", place]).expect_status(2);
        assert!(run.stderr.starts_with("error: could not write the result to "), "{run:#?}");
    }
    assert_eq!(database.sequence_states(), before);
}

#[test]
fn a_link_stays_a_link_and_a_private_file_private() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::new();
    let directory = tempfile::tempdir().expect("a directory");
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    std::fs::write(&file, "old").expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("private");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    database.run(&["-o", link.to_str().expect("UTF-8")]).expect_status(0);
    assert!(std::fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert_eq!(std::fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&file).expect("readable").contains("No sequences"));
}

#[test]
fn a_writer_in_a_partition_is_named_as_the_holder_of_the_lock() {
    let database = Database::with_setup(
        "CREATE TABLE p (id serial, k int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
         INSERT INTO p VALUES (1, 1), (2, 1)",
    );
    let mut writer = database.client();
    writer.batch_execute("BEGIN; INSERT INTO p1 VALUES (3, 1)").expect("a row");
    let pid: i32 = writer.query_one("SELECT pg_backend_pid()", &[]).expect("a pid").get(0);
    let run = database.run(&["fix", "--yes", "--lock-timeout", "20ms"]).expect_status(1);
    assert!(run.stdout.contains(&format!("held by pid {pid}")), "{run:#?}");
}

#[test]
fn a_forgotten_prepared_transaction_is_named_with_the_command_that_ends_it() {
    let server = Server::start_own(&["max_prepared_transactions=2"]);
    let database = Database::on(&server);
    database.execute("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    let mut writer = database.client();
    writer.batch_execute("BEGIN; INSERT INTO t VALUES (3); PREPARE TRANSACTION 'forgotten'").expect("prepared");
    let run = database.run(&["fix", "--yes", "--lock-timeout", "20ms"]).expect_status(1);
    assert!(run.stdout.contains("ROLLBACK PREPARED 'forgotten'"), "{run:#?}");
    writer.batch_execute("ROLLBACK PREPARED 'forgotten'").expect("rolled back");
    database.run(&["fix", "--yes"]).expect_status(0);
}

#[test]
fn the_hint_for_an_exhausted_sequence_gives_it_room() {
    for (definition, column) in [("AS int MAXVALUE 100", "bigint"), ("AS smallint MAXVALUE 100", "smallint")] {
        let database = Database::with_setup(&format!(
            "CREATE SEQUENCE mx {definition}; CREATE TABLE t (id {column} PRIMARY KEY DEFAULT nextval('mx'));
             INSERT INTO t VALUES (100); SELECT setval('mx', 100)"
        ));
        let run = database.run(&["--format", "json"]).expect_status(1);
        let hint = entry(&run.json(), "mx")["hint"].as_str().expect("a hint").to_owned();
        database.execute(&hint);
        database.run(&[]).expect_status(0);
        database.execute("INSERT INTO t DEFAULT VALUES");
    }
}

#[test]
fn an_outlier_that_cannot_be_fixed_is_not_offered_the_fix() {
    let database = Database::with_setup("CREATE TABLE t (id smallserial PRIMARY KEY); INSERT INTO t VALUES (32767)");
    let hint = entry(&scan(&database), "t_id_seq")["hint"].as_str().expect("a hint").to_owned();
    assert!(!hint.contains("--fix-outliers"), "{hint}");
}

#[test]
fn an_exclusion_constraint_covers_its_column() {
    let database = Database::with_setup(
        "CREATE TABLE t (id serial, EXCLUDE USING btree (id WITH =)); INSERT INTO t VALUES (1), (2)",
    );
    assert_eq!(entry(&scan(&database), "t_id_seq")["columns"][0]["unique"], "alone");
}

#[test]
fn a_parents_key_does_not_cover_its_children() {
    let database = Database::with_setup(
        "CREATE TABLE par (id serial PRIMARY KEY); CREATE TABLE chi () INHERITS (par);
         INSERT INTO chi SELECT generate_series(1, 9)",
    );
    let run = database.run(&[]).expect_status(1);
    assert!(run.stdout.contains("no unique constraint covers public.par.id: duplicates go in silently"), "{run:#?}");
}

#[test]
fn a_limit_on_transactions_is_no_limit_for_us() {
    if support::server_version() < 170_000 {
        return;
    }
    let database = Database::with_setup(
        "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1), (2);
         CREATE TABLE held (id serial PRIMARY KEY); INSERT INTO held VALUES (1)",
    );
    let quoted = database.name().replace('"', "\"\"");
    database.execute(&format!("ALTER DATABASE \"{quoted}\" SET transaction_timeout = '200ms'"));
    let mut holder = database.client();
    holder
        .batch_execute("SET transaction_timeout = 0; BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
        .expect("a lock");
    let report = database.run(&["--format", "json", "--lock-timeout", "700ms"]).expect_status(2).json();
    assert_eq!(entry(&report, "held_id_seq")["status"], "unreadable");
    assert_eq!(entry(&report, "t_id_seq")["status"], "behind");
}

#[test]
fn a_scan_of_many_partitions_holds_few_locks() {
    let database = Database::with_setup(
        "DO $$ BEGIN FOR t IN 1..4 LOOP
             EXECUTE format('CREATE TABLE tree%s (id serial, k int) PARTITION BY LIST (k)', t);
             FOR k IN 1..30 LOOP
                 EXECUTE format('CREATE TABLE tree%s_%s PARTITION OF tree%s FOR VALUES IN (%s)', t, k, t, k);
                 EXECUTE format('CREATE UNIQUE INDEX ON tree%s_%s (id)', t, k);
             END LOOP;
         END LOOP; END $$",
    );
    // The last one waits, and shows what its statement holds by then.
    let mut holder = database.client();
    holder.batch_execute("BEGIN; LOCK TABLE tree4 IN ACCESS EXCLUSIVE MODE").expect("a lock");
    let mut child = database.pgseqfix().args(["--lock-timeout", "0"]).spawn().expect("pgseqfix starts");
    wait_for(&database, "SELECT count(*) > 0 FROM pg_catalog.pg_locks WHERE NOT granted");
    let locks: i64 = database.value(
        "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
         WHERE a.application_name = 'pgseqfix' AND a.datname = current_database() AND l.locktype = 'relation'",
    );
    assert!(locks < 70, "{locks} locks at once");
    holder.batch_execute("ROLLBACK").expect("let go");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_default_of_a_domain_is_a_default() {
    let database = Database::with_setup(
        "CREATE SEQUENCE ids; CREATE DOMAIN did AS int DEFAULT nextval('ids');
         CREATE TABLE t (id did PRIMARY KEY, n text); INSERT INTO t VALUES (1), (2), (3);
         CREATE TABLE own (id did PRIMARY KEY DEFAULT 7)",
    );
    assert_eq!(entry(&scan(&database), "ids")["colliding_calls"], 3);
    database.run(&["fix", "--yes"]).expect_status(0);
    database.execute("INSERT INTO t (n) VALUES ('a')");
}

#[test]
fn a_view_is_left_alone_unless_its_table_counts() {
    let database = Database::with_setup(
        "CREATE SEQUENCE s;
         CREATE TABLE t1 (id int PRIMARY KEY DEFAULT nextval('s')); CREATE TABLE t2 (id int PRIMARY KEY);
         CREATE VIEW v AS SELECT * FROM t2; ALTER VIEW v ALTER id SET DEFAULT nextval('s');
         CREATE TABLE o (id int PRIMARY KEY); CREATE SEQUENCE os OWNED BY o.id; INSERT INTO o VALUES (1), (2);
         CREATE VIEW ov AS SELECT * FROM o; ALTER VIEW ov ALTER id SET DEFAULT nextval('os')",
    );
    let report = scan(&database);
    assert_eq!(entry(&report, "s")["status"], "not_comparable");
    assert_eq!(entry(&report, "os")["status"], "behind");
}

#[test]
fn moving_by_nextval_never_uses_a_sequence_up() {
    let database = Database::with_setup(
        "CREATE SEQUENCE s CACHE 100 MAXVALUE 100; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s'));
         INSERT INTO t SELECT generate_series(1, 40)",
    );
    let role = support::role_name();
    database.execute(&format!(
        "CREATE ROLE \"{role}\" LOGIN; GRANT ALL ON t TO \"{role}\"; GRANT SELECT, USAGE ON s TO \"{role}\""
    ));
    let before = database.sequence_states();
    let run = database.run(&["fix", "--yes", "-U", &role]).expect_status(1);
    assert!(run.stdout.contains("run as the sequence's owner"), "{run:#?}");
    assert_eq!(database.sequence_states(), before);
    database.execute(&format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\""));
}

#[test]
fn a_move_by_nextval_that_is_cut_short_says_where_the_sequence_stands() {
    let database = Database::with_setup(
        "CREATE SEQUENCE s; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s'));
         INSERT INTO t SELECT generate_series(1, 100); INSERT INTO t VALUES (9000000)",
    );
    let role = support::role_name();
    database.execute(&format!(
        "CREATE ROLE \"{role}\" LOGIN; GRANT ALL ON t TO \"{role}\"; GRANT SELECT, USAGE ON s TO \"{role}\""
    ));
    let run = database.run(&["fix", "--yes", "-U", &role, "--statement-timeout", "300ms", "--format", "json"]);
    let found = entry(&run.expect_status(1).json(), "s");
    let stands: i64 = database.value("SELECT last_value FROM s");
    assert!(found["reason"].as_str().expect("a reason").contains(&format!("it stands at {stands}")), "{found:#}");
    database.execute(&format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\""));
}

#[test]
fn a_fix_does_not_lead_to_an_ignored_value() {
    let database = Database::with_setup(
        "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10);
         INSERT INTO t VALUES (1001), (1002)",
    );
    for arguments in [["--ignore-above", "1001", "--headroom", "0"], ["--ignore-above", "1000", "--headroom", "990"]] {
        let run = Database::run(&database, &[&["fix", "--yes"], &arguments[..]].concat()).expect_status(1);
        assert!(run.stdout.contains("which is ignored, is stored"), "{run:#?}");
        assert!(run.stdout.contains("hint: ignore less, or look at this table alone with -t"), "{run:#?}");
        let run = database.run(&[&["-t", "t"], &arguments[..2], &["fix", "--yes"], &arguments[2..]].concat());
        assert!(run.expect_status(1).stdout.contains("hint: ignore less\n"), "it was given");
    }
    database.run(&["fix", "--yes", "--ignore-above", "1000"]).expect_status(0);
    assert_eq!(database.value::<i32>("INSERT INTO t DEFAULT VALUES RETURNING id"), 11);
    let run = database.run(&["--ignore-above", "1000"]).expect_status(0);
    assert!(run.stdout.contains("ignored, as asked for, although it is stored: 1001"), "{run:#?}");
}

#[test]
fn a_column_that_stays_outgrown_is_left_unfixed() {
    let database = Database::with_setup(
        "CREATE SEQUENCE s; CREATE TABLE a (id smallint PRIMARY KEY DEFAULT nextval('s'));
         CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('s')); SELECT setval('s', 40000);
         INSERT INTO b SELECT generate_series(40001, 40010)",
    );
    database.run(&["fix", "--yes"]).expect_status(1);
    database.execute("INSERT INTO b DEFAULT VALUES");
}

#[test]
fn an_outlier_that_was_fixed_is_counted_once() {
    let database = Database::with_setup(
        "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10);
         INSERT INTO t VALUES (2000000000); SELECT setval('t_id_seq', 10)",
    );
    database.run(&["fix", "--dry-run", "--fix-outliers"]).expect_status(1);
    let run = database.run(&["fix", "--yes", "--fix-outliers"]).expect_status(0);
    assert!(run.stdout.contains("1 sequence: 1 fixed.") && !run.stdout.contains("ask for the fix"), "{run:#?}");
}

#[test]
fn a_partition_that_is_being_detached_is_read_by_itself() {
    if support::server_version() < 140_000 {
        return;
    }
    let database = Database::with_setup(
        "CREATE SEQUENCE s; CREATE TABLE p (id int DEFAULT nextval('s'), k int) PARTITION BY LIST (k);
         CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
         ALTER TABLE p1 ADD PRIMARY KEY (id);
         INSERT INTO p1 (id, k) SELECT g, 1 FROM generate_series(1, 100) AS g;
         INSERT INTO p2 (id, k) SELECT g, 2 FROM generate_series(1, 30) AS g",
    );
    let mut reader = database.client();
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM p").expect("a snapshot");
    let mut detacher = database.client();
    detacher.batch_execute("SET statement_timeout = '500ms'").expect("set");
    detacher.batch_execute("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY").expect_err("it waits for the reader");
    reader.batch_execute("ROLLBACK").expect("done");
    database.run(&["fix", "--yes"]).expect_status(0);
    database.execute("INSERT INTO p1 (k) VALUES (1)");
}

#[test]
fn a_sequence_that_only_an_arguments_default_draws_from_is_named_with_the_function() {
    let database = Database::with_setup(
        "CREATE SEQUENCE s; CREATE FUNCTION newrow(p bigint DEFAULT nextval('s')) RETURNS bigint LANGUAGE sql AS 'SELECT $1'",
    );
    assert_eq!(entry(&scan(&database), "s")["callers"][0]["name"], "function public.newrow(p bigint)");
}

/// A server that does not know its encoding keeps any bytes, and refuses a whole answer to a client that wants UTF-8.
#[test]
fn names_that_are_no_utf_8_spoil_nothing_but_their_own() {
    let database = Database::new();
    let name = "Of any encoding";
    database.execute(&format!(
        "CREATE DATABASE \"{name}\" ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    ));
    let mut client = database.server().connect("postgres", name).expect("it was made");
    let set_up = "CREATE TABLE good (id serial PRIMARY KEY); INSERT INTO good SELECT generate_series(1, 9);
         DO $do$ BEGIN
             EXECUTE 'CREATE TABLE \"caf' || chr(233) || '\" (id serial PRIMARY KEY)';
             EXECUTE 'INSERT INTO \"caf' || chr(233) || '\" SELECT generate_series(1, 9)';
             EXECUTE 'CREATE FUNCTION calls() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval(''good_id_seq'') -- '
                 || chr(233) || E'\n$$';
         END $do$";
    client.batch_execute(set_up).expect("it takes any byte");
    let report =
        Run::of(database.pgseqfix().args(["fix", "--yes", "-d", name, "--format", "json"])).expect_status(2).json();
    assert_eq!((&report["summary"]["fixed"], &report["summary"]["unreadable"]), (&1.into(), &1.into()), "{report:#}");
    let unreadable = reported(&report, "caf\u{fffd}_id_seq");
    assert!(unreadable["reason"].to_string().contains("is not UTF-8"), "{unreadable:#}");
    assert_eq!(reported(&report, "good_id_seq")["callers"].as_array().map(Vec::len), Some(1), "{report:#}");
    let drawn: i64 = client.query_one("SELECT nextval('good_id_seq')", &[]).expect("it is there").get(0);
    assert_eq!(drawn, 10);
    drop(client);
    database.execute(&format!("DROP DATABASE \"{name}\""));
}
