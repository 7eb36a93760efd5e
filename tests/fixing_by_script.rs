//! The script of `--format sql`, run by psql: the same effect and the same guards as `fix --yes`.

mod support;

use std::io::{Seek, Write};
use std::process::Command;

use support::repair::{
    COLUMN, Items, SEQUENCE, TABLE, fix_command, import_sql, role_with, wait_until, waiting_for_locks,
};
use support::{Database, Run};

const DRIFTED: &str = r#"
    CREATE SCHEMA "Back 'Office'";
    CREATE TABLE "Back 'Office'"."Se""rial" ("Id No" serial PRIMARY KEY);
    INSERT INTO "Back 'Office'"."Se""rial" SELECT generate_series(1, 40);
    CREATE TABLE "Back\slash :name" ("Id" bigint GENERATED ALWAYS AS IDENTITY);
    INSERT INTO "Back\slash :name" OVERRIDING SYSTEM VALUE SELECT generate_series(1, 10);
    CREATE SEQUENCE "Down" INCREMENT BY -2;
    CREATE TABLE "Downwards" ("Id" int DEFAULT nextval('"Down"'));
    INSERT INTO "Downwards" SELECT generate_series(-8, -1);
    CREATE SEQUENCE "Odd" INCREMENT BY 2 CACHE 5;
    CREATE TABLE "Odd Ones" ("Id" numeric PRIMARY KEY DEFAULT nextval('"Odd"'));
    CREATE TABLE "Also Odd" ("Id" int PRIMARY KEY DEFAULT nextval('"Odd"'));
    INSERT INTO "Odd Ones" SELECT generate_series(1, 20); INSERT INTO "Also Odd" VALUES (31);
    CREATE TABLE "Two
Lines" ("Id" serial); INSERT INTO "Two
Lines" VALUES (1);
    CREATE TABLE "In Sync" ("Id" serial); INSERT INTO "In Sync" SELECT FROM generate_series(1, 3);
    CREATE TABLE "Outlier" ("Id" serial); INSERT INTO "Outlier" VALUES (2147483647);
    CREATE TABLE "Full" ("Id" smallserial); INSERT INTO "Full" VALUES (1), (32767);
"#;

/// psql with the script on its standard input, or none where there is no psql.
fn psql(database: &Database, script: &str) -> Option<Command> {
    let mut command = database.program("psql")?;
    let mut file = tempfile::tempfile().expect("a file for the script");
    file.write_all(script.as_bytes()).and_then(|()| file.rewind()).expect("the script can be written");
    command.args(["-X", "-f", "-"]).stdin(file);
    Some(command)
}

/// Runs a script, and says whether there is a psql.
fn run_by_psql(database: &Database, script: &str) -> Option<Run> {
    let run = Run::of(&mut psql(database, script)?);
    Some(run.expect_status(0))
}

fn script_of(database: &Database, options: &[&str]) -> String {
    Run::of(database.pgseqfix().args(["fix", "--dry-run", "--format", "sql"]).args(options)).expect_status(1).stdout
}

#[test]
fn the_script_comes_to_the_same_end_as_the_fix() {
    for options in [&[][..], &["--headroom", "7"], &["--fix-outliers"]] {
        let (by_script, by_fix) = (Database::with_setup(DRIFTED), Database::with_setup(DRIFTED));
        let script = script_of(&by_script, options);
        let before = by_script.sequence_states();
        let Some(run) = run_by_psql(&by_script, &script) else { return };
        assert!(!run.stderr.contains("ERROR"), "{run:#?}");
        fix_command(&by_fix, options).expect_status(1);
        assert_ne!(by_script.sequence_states(), before);
        assert_eq!(by_script.sequence_states(), by_fix.sequence_states());
        assert_eq!(by_script.run(&["--format", "json"]).json()["summary"]["behind"], 0);
    }
}

#[test]
fn the_script_of_a_scan_is_that_of_a_dry_run() {
    let database = Database::with_setup(DRIFTED);
    assert_eq!(database.run(&["--format", "sql"]).expect_status(1).stdout, script_of(&database, &[]));
}

#[test]
fn tables_that_two_sequences_share_are_locked_in_the_same_order_for_both() {
    // A name that is looked up at each call is found after the others.
    let database = Database::with_setup(
        r#"CREATE SEQUENCE "One"; CREATE SEQUENCE "Other";
           CREATE TABLE "A" (id int DEFAULT nextval('"One"'::text), other int DEFAULT nextval('"Other"'));
           CREATE TABLE "B" (id int DEFAULT nextval('"One"'), other int DEFAULT nextval('"Other"'::text));
           INSERT INTO "A" VALUES (1, 1); INSERT INTO "B" VALUES (2, 2)"#,
    );
    let script = script_of(&database, &[]);
    let locks: Vec<&str> = script.lines().filter(|line| line.starts_with("LOCK TABLE")).collect();
    let [one, other] = locks.as_slice() else { panic!("there are two fixes: {script}") };
    assert!(one.contains(r#""A""#) && one.contains(r#""B""#), "{one}");
    assert_eq!(one, other, "two runs at once would wait for each other");
}

#[test]
fn the_script_twice_is_the_script_once() {
    let items = Items::behind_by(10);
    let script = script_of(&items.database, &[]);
    let Some(_) = run_by_psql(&items.database, &script) else { return };
    let after = items.states();
    run_by_psql(&items.database, &script);
    assert_eq!(items.states(), after);
    assert_eq!(items.insert(), Ok(11));
}

#[test]
fn the_script_of_a_role_without_ownership_moves_by_nextval_and_comes_to_the_same_end() {
    for (options, ids) in [
        ("", "generate_series(1, 10)"),
        ("INCREMENT BY -3", "generate_series(-10, -1)"),
        ("INCREMENT BY 3 START 2", "generate_series(1, 11)"),
    ] {
        let prepare = || {
            let items = Items::new("bigint", options).with_ids(ids);
            let grants =
                format!("GRANT SELECT, UPDATE ON {TABLE} TO @role; GRANT SELECT, USAGE ON {SEQUENCE} TO @role");
            let role = role_with(&items.database, &grants);
            (items, role)
        };
        let ((by_script, scripter), (by_fix, fixer)) = (prepare(), prepare());
        let selected = ["-t", r#"public."Stock Items""#];
        let mut dry = by_script.database.pgseqfix();
        let script =
            Run::of(dry.args(["--format", "sql"]).args(selected).env("PGUSER", &scripter)).expect_status(1).stdout;
        assert!(script.contains("nextval") && !script.contains("setval") && !script.contains("ALTER"), "{script}");
        for _ in 0..2 {
            let Some(mut command) = psql(&by_script.database, &script) else { return };
            let run = Run::of(command.env("PGUSER", &scripter)).expect_status(0);
            assert!(!run.stderr.contains("ERROR"), "{run:#?}");
        }
        let mut fix = by_fix.database.pgseqfix();
        Run::of(fix.args(["fix", "--yes"]).args(selected).env("PGUSER", &fixer)).expect_status(0);
        assert_eq!(by_script.states(), by_fix.states());
        assert_eq!(by_script.insert(), by_fix.insert());
    }
}

#[test]
fn the_script_leaves_alone_what_has_changed_since_and_says_so() {
    let items = Items::behind_by(10);
    items.database.execute(r#"CREATE TABLE "Z Good" (id serial); INSERT INTO "Z Good" SELECT generate_series(1, 5)"#);
    let script = script_of(&items.database, &[]);
    let before = items.states();
    items.import("11");
    let Some(run) = run_by_psql(&items.database, &script) else { return };
    assert!(run.stdout.contains("left alone") && run.stdout.contains("Item Numbers"), "{run:#?}");
    let after = items.states();
    let moved: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
    assert_eq!(moved, [r#"public."Z Good_id_seq""#], "the others are done");
}

#[test]
fn the_script_never_lowers() {
    for (last, is_called) in [(5000, true), (11, false), (11, true), (10, true)] {
        let items = Items::behind_by(10);
        let script = script_of(&items.database, &[]);
        items.put(last, is_called);
        let Some(_) = run_by_psql(&items.database, &script) else { return };
        assert_eq!(items.state(), (last, is_called));
    }
    let items = Items::new("integer", "INCREMENT BY -1").with_ids("generate_series(-10, -1)");
    let script = script_of(&items.database, &[]);
    items.put(-5000, true);
    run_by_psql(&items.database, &script);
    assert_eq!(items.state(), (-5000, true));
}

#[test]
fn the_script_waits_for_an_open_import_and_then_leaves_its_table_alone() {
    let items = Items::behind_by(10);
    let script = script_of(&items.database, &["--lock-timeout", "1min"]);
    let mut importer = items.database.client();
    importer.batch_execute(&format!("BEGIN; {}", import_sql("11"))).unwrap();
    let Some(mut command) = psql(&items.database, &script) else { return };
    let running = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait_until("the script waits for the table", || waiting_for_locks(&items.database) > 0);
    importer.batch_execute("COMMIT").unwrap();
    Run::from(running.wait_with_output().unwrap()).expect_status(0);
    assert_eq!(items.state(), (1, false), "11 is stored, and the script knows of 10");
}

#[test]
fn a_script_that_cannot_get_its_lock_changes_nothing_and_goes_on() {
    let items = Items::behind_by(10);
    items.database.execute(r#"CREATE TABLE "Z Good" (id serial); INSERT INTO "Z Good" SELECT generate_series(1, 5)"#);
    let script = script_of(&items.database, &["--lock-timeout", "50ms"]);
    let mut other = items.database.client();
    other.batch_execute(&format!("BEGIN; LOCK TABLE {TABLE} IN ROW EXCLUSIVE MODE")).unwrap();
    let Some(run) = run_by_psql(&items.database, &script) else { return };
    assert!(run.stdout.contains("left alone") && run.stderr.contains("lock timeout"), "{run:#?}");
    assert_eq!((items.state(), items.states()[r#"public."Z Good_id_seq""#]), ((1, false), (5, true)));
}

#[test]
fn the_script_leaves_a_sequence_alone_that_was_altered_since() {
    for change in ["INCREMENT BY 10", "MAXVALUE 12", "CACHE 20"] {
        let items = Items::behind_by(10);
        let script = script_of(&items.database, &[]);
        items.database.execute(&format!("ALTER SEQUENCE {SEQUENCE} {change}"));
        let Some(_) = run_by_psql(&items.database, &script) else { return };
        assert_eq!(items.state(), (1, false), "{change}: as a fix does");
    }
}

#[test]
fn values_that_another_session_has_cached_are_not_handed_out_after_the_script() {
    let items = Items::new("integer", "CACHE 5");
    let mut other = items.database.client();
    let insert = format!("INSERT INTO {TABLE} DEFAULT VALUES RETURNING {COLUMN}");
    let mut insert = || other.query_one(&insert, &[]).map(|row| row.get::<_, i32>(0));
    assert_eq!(insert().expect("the first id"), 1);
    items.import("generate_series(2, 10)");
    let Some(_) = run_by_psql(&items.database, &script_of(&items.database, &[])) else { return };
    assert_eq!(insert().expect("2 to 5 were cached"), 11);
}

#[test]
fn the_script_undoes_no_alter_of_somebody_else() {
    for change in ["INCREMENT BY 10", "CACHE 20", "MAXVALUE 12", "START WITH 3"] {
        let items = Items::behind_by(10);
        let script = script_of(&items.database, &[]);
        items.database.execute(&format!("ALTER SEQUENCE {SEQUENCE} {change}"));
        let definition = "SELECT s::text FROM pg_sequence AS s JOIN pg_class AS c ON c.oid = seqrelid ORDER BY relname";
        let before = items.database.texts(definition);
        let Some(_) = run_by_psql(&items.database, &script) else { return };
        assert_eq!(items.database.texts(definition), before, "{change}: what somebody set stays");
    }
}

#[test]
fn the_script_runs_under_a_hostile_search_path_and_with_other_defaults() {
    let items = Items::behind_by(10);
    let script = script_of(&items.database, &[]);
    let role = role_with(
        &items.database,
        r"CREATE SCHEMA evil; ALTER ROLE @role SUPERUSER; ALTER ROLE @role SET search_path = evil, public, pg_catalog;
           ALTER ROLE @role SET default_transaction_read_only = on;
           ALTER ROLE @role SET standard_conforming_strings = off;
           CREATE FUNCTION evil.trap(bigint, bigint) RETURNS boolean LANGUAGE plpgsql
               AS $$ BEGIN RAISE EXCEPTION 'hostile operator'; END $$;
           CREATE OPERATOR evil.< (PROCEDURE = evil.trap, LEFTARG = bigint, RIGHTARG = bigint);
           CREATE OPERATOR evil.>= (PROCEDURE = evil.trap, LEFTARG = bigint, RIGHTARG = bigint);
           CREATE FUNCTION evil.setval(regclass, bigint, boolean) RETURNS bigint LANGUAGE plpgsql
               AS $$ BEGIN RAISE EXCEPTION 'hostile setval'; END $$",
    );
    let Some(mut command) = psql(&items.database, &script) else { return };
    let run = Run::of(command.env("PGUSER", &role)).expect_status(0);
    assert!(!run.stderr.contains("hostile"), "{run:#?}");
    assert_eq!(items.insert(), Ok(11), "{COLUMN} goes on: {run:#?}");
}

#[test]
fn the_script_names_what_it_does_not_repair() {
    let database = Database::with_setup(DRIFTED);
    let role = role_with(
        &database,
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO @role; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO @role",
    );
    // There is another schema, which it may not read.
    let by_role = Run::of(database.pgseqfix().args(["-U", &role, "--format", "sql"])).expect_status(2).stdout;
    let report = database.scan_as(&role, 2);
    let left: Vec<&str> = by_role.lines().filter(|line| line.starts_with("-- not repaired: ")).collect();
    for name in report.behind() {
        // A line break in a name is spelled out.
        let name = name.lines().next().expect("no name is empty");
        assert!(left.iter().any(|line| line.contains(name) && line.contains("GRANT")), "{name}: {by_role}");
    }
    assert!(by_role.ends_with(&format!("-- 0 to repair, {} not repaired here.\n", left.len())), "{by_role}");
    let by_owner = script_of(&database, &[]);
    assert!(by_owner.contains("-- not repaired: public.\"Full_Id_seq\" (exhausted): "), "{by_owner}");
}
