//! What a fix does when nobody interferes: headroom, timeouts, settings of the role, the script, and one bad sequence.

mod support;

use std::process::Stdio;

use pgseqfix::db::{self, ApplyOptions, ScanOptions};
use pgseqfix::model::{Outcome, PlanOptions, Timeouts};
use support::repair::{COLUMN, Items, SEQUENCE, TABLE, reported, role_with, wait_until, waiting_for_locks};
use support::{Database, Run};

#[test]
fn headroom_leaves_as_many_increments_free() {
    Items::behind_by(100).expect_fixed_with(&["--headroom", "5"], 106);
    Items::behind_by(100).expect_fixed_with(&["--headroom", "0"], 101);
    Items::new("integer", "INCREMENT BY 3")
        .with_ids("generate_series(1, 4)")
        .expect_fixed_with(&["--headroom", "10"], 37);
    Items::new("integer", "INCREMENT BY -2").with_ids("-1").expect_fixed_with(&["--headroom", "1"], -5);
}

#[test]
fn headroom_is_no_reason_to_move_a_sequence_that_is_in_sync() {
    let items = Items::behind_by(10).at(10, true);
    let before = items.states();
    items.fix(&["--headroom", "1000"]).expect_status(0);
    assert_eq!(items.states(), before);
}

#[test]
fn headroom_up_to_the_limit_is_kept_and_more_is_refused() {
    let items = || Items::new("smallint", "AS smallint").with_ids("generate_series(1, 10)");
    for too_much in ["32757", "40000", "18446744073709551615"] {
        let items = items();
        let before = items.states();
        let (status, found) = items.fixed(&["--headroom", too_much]);
        assert_eq!(status, 1, "{found:#}");
        assert!(found["reason"].to_string().contains("--headroom"), "{found:#}");
        assert_eq!(items.states(), before);
    }
    items().expect_fixed_with(&["--headroom", "32756"], 32_767);
}

#[test]
fn an_identity_column_is_fixed_whether_by_default_or_always() {
    for kind in ["ALWAYS", "BY DEFAULT"] {
        let database = Database::with_setup(&format!(
            r#"CREATE TABLE "Guest Book" ("Entry" bigint GENERATED {kind} AS IDENTITY PRIMARY KEY);
               INSERT INTO "Guest Book" OVERRIDING SYSTEM VALUE SELECT generate_series(1, 20)"#
        ));
        database.run(&[]).expect_status(1);
        database.run(&["fix", "--yes"]).expect_status(0);
        database.run(&[]).expect_status(0);
        let next: i64 = database.value(r#"INSERT INTO "Guest Book" DEFAULT VALUES RETURNING "Entry""#);
        assert_eq!(next, 21);
    }
}

#[test]
fn one_bad_sequence_spoils_nothing() {
    let items = Items::behind_by(10);
    items.database.execute(
        r#"CREATE TABLE "A Locked" (id serial PRIMARY KEY);  INSERT INTO "A Locked" SELECT generate_series(1, 5);
           CREATE TABLE "B Refused" (id serial PRIMARY KEY); INSERT INTO "B Refused" VALUES (1), (2000000000);
           CREATE TABLE "Z Good" (id serial PRIMARY KEY);    INSERT INTO "Z Good" SELECT generate_series(1, 5);
           CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
               BEGIN
                   IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE '%B Refused%')
                   THEN RAISE EXCEPTION 'not this one'; END IF;
               END $$;
           CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE PROCEDURE refuse()"#,
    );
    let before = items.states();
    let mut other = items.database.client();
    other.batch_execute(r#"BEGIN; LOCK TABLE "A Locked" IN ROW EXCLUSIVE MODE"#).unwrap();
    let run = items.fix(&["--lock-timeout", "50ms"]).expect_status(1);
    other.batch_execute("ROLLBACK").unwrap();
    let result = |name| reported(&run.json(), name)["outcome"]["result"].clone();
    assert_eq!([result("A Locked_id_seq"), result("B Refused_id_seq")], ["busy", "failed"]);
    assert_eq!([result("Item Numbers"), result("Z Good_id_seq")], ["set", "set"]);
    let reason = reported(&run.json(), "B Refused_id_seq")["reason"].to_string();
    assert!(reason.contains("not this one"), "the server's own words are passed on: {reason}");
    assert_eq!((&run.json()["summary"]["fixed"], &run.json()["summary"]["unfixed"]), (&2.into(), &2.into()));

    let after = items.states();
    let moved: Vec<&str> = before.keys().filter(|name| before[*name] != after[*name]).map(String::as_str).collect();
    assert_eq!(moved, [SEQUENCE, r#"public."Z Good_id_seq""#], "what failed is as it was");
    items.database.execute("DROP EVENT TRIGGER refuse");
    items.fix(&[]).expect_status(0);
}

#[test]
fn a_fix_that_takes_too_long_leaves_no_trace() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Long One" (id serial); INSERT INTO "Long One" SELECT generate_series(1, 28000)"#,
    );
    let before = database.sequence_states();
    let mut client = database.client();
    let scan = db::scan(&mut client, &ScanOptions::default(), &mut ()).expect("it can be read");
    let plan = scan.plan(&PlanOptions::default());
    let impatient = Timeouts { lock_ms: 400, statement_ms: 1 };
    let options = ApplyOptions { timeouts: impatient, ..ApplyOptions::default() };
    let applied = db::apply(&mut client, &plan, &options, &mut ());
    let Some(Outcome::Failed(doubt)) = applied.outcomes.values().next() else { panic!("{applied:?}") };
    assert!(doubt.cure.as_ref().is_some_and(|cure| cure.contains("--statement-timeout")), "{doubt:?}");
    assert_eq!(database.sequence_states(), before);
    assert_eq!(client.query_one("SELECT 1", &[]).unwrap().get::<_, i32>(0), 1, "the session is as good as before");
}

/// Claims that a sequence whose table cannot be read in time is reported so, and that the others are fixed.
fn expect_unreadable_while(blocking: &str) {
    let items = Items::behind_by(10);
    items.database.execute(r#"CREATE TABLE "Z Good" (id serial); INSERT INTO "Z Good" SELECT generate_series(1, 5)"#);
    let mut other = items.database.client();
    other.batch_execute(&format!("BEGIN; {blocking}")).unwrap();
    for option in ["--lock-timeout=50ms", "--statement-timeout=250ms"] {
        let run = items.fix(&[option]).expect_status(2);
        let found = reported(&run.json(), "Item Numbers").clone();
        assert_eq!(found["status"], "unreadable", "{found:#}");
        assert!(found["reason"].to_string().contains("55P03"), "not that it is slow: {found:#}");
    }
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(items.states()[r#"public."Z Good_id_seq""#], (5, true), "one bad sequence spoils nothing");
    items.expect_fixed_to(11);
}

#[test]
fn a_read_that_takes_too_long_is_reported_with_the_servers_words() {
    // Readers of the table need the index, and wait for it.
    expect_unreadable_while(r#"REINDEX INDEX public."Stock Items_pkey""#);
}

#[test]
fn a_table_that_somebody_has_locked_is_reported_and_the_rest_is_done() {
    expect_unreadable_while(&format!("LOCK TABLE {TABLE}"));
}

/// Runs scan and fix as the owner of everything, a role with settings of its own; they must not matter.
fn expect_settings_do_not_matter(settings: &str) {
    let items = Items::behind_by(10);
    let role = role_with(
        &items.database,
        &format!(
            "ALTER SEQUENCE {SEQUENCE} OWNED BY NONE; ALTER TABLE {TABLE} OWNER TO @role;
             ALTER SEQUENCE {SEQUENCE} OWNER TO @role; {settings}"
        ),
    );
    let as_role = |args: &[&str]| Run::of(items.database.pgseqfix().args(args).env("PGUSER", &role));
    as_role(&["-t", "Stock Items"]).expect_status(2);
    as_role(&["-t", "\"Stock Items\""]).expect_status(1);
    let run = as_role(&["fix", "--yes", "--format", "json"]).expect_status(2);
    let done = reported(&run.json(), "Item Numbers").clone();
    assert_eq!((&done["outcome"]["result"], &done["fix"]["protection"]), (&"set".into(), &"full".into()), "{done:#}");
    as_role(&["-t", "\"Stock Items\""]).expect_status(0);
    assert_eq!(items.insert(), Ok(11));
}

#[test]
fn a_role_that_is_read_only_by_default_can_fix() {
    expect_settings_do_not_matter("ALTER ROLE @role SET default_transaction_read_only = on");
}

#[test]
fn a_role_with_unusual_defaults_can_fix() {
    expect_settings_do_not_matter(
        "ALTER ROLE @role SET default_transaction_isolation = 'serializable';
         ALTER ROLE @role SET default_transaction_deferrable = on;
         ALTER ROLE @role SET standard_conforming_strings = off;
         ALTER ROLE @role SET DateStyle = 'German'; ALTER ROLE @role SET IntervalStyle = 'iso_8601';
         ALTER ROLE @role SET client_encoding = 'LATIN1';
         ALTER ROLE @role SET row_security = off;
         ALTER ROLE @role SET array_nulls = off; ALTER ROLE @role SET bytea_output = 'escape'",
    );
}

#[test]
fn a_role_that_likes_quoted_identifiers_can_fix() {
    expect_settings_do_not_matter("ALTER ROLE @role SET quote_all_identifiers = on");
}

#[test]
fn the_time_limit_of_a_role_does_not_cut_a_scan_short() {
    let items = Items::behind_by(10);
    let role = role_with(
        &items.database,
        &format!(
            "GRANT SELECT ON {TABLE}, {SEQUENCE} TO @role; ALTER ROLE @role SET statement_timeout = '300ms';
             ALTER ROLE @role SET lock_timeout = '300ms'"
        ),
    );
    let mut other = items.database.client();
    other.batch_execute(r#"BEGIN; REINDEX INDEX public."Stock Items_pkey""#).unwrap();
    let mut command = items.database.pgseqfix();
    command.args(["--format", "json", "--lock-timeout", "1min", "-t", "\"Stock Items\""]).env("PGUSER", &role);
    let scan = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the scan waits for the table", || waiting_for_locks(&items.database) > 0);
    std::thread::sleep(std::time::Duration::from_millis(900));
    other.batch_execute("ROLLBACK").unwrap();
    let run = Run::from(scan.wait_with_output().unwrap()).expect_status(1);
    assert_eq!(reported(&run.json(), "Item Numbers")["status"], "behind");
}

#[test]
fn a_fix_sets_what_it_relies_on_for_its_own_transaction() {
    let items = Items::behind_by(10);
    items.database.execute(
        r#"CREATE TABLE "Seen" (name text, setting text);
           CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
               INSERT INTO public."Seen" SELECT s.name, pg_catalog.current_setting(s.name)
               FROM pg_catalog.unnest(ARRAY['synchronous_commit', 'transaction_isolation', 'search_path', 'lock_timeout',
                   'statement_timeout', 'row_security']) AS s (name); END $$;
           CREATE EVENT TRIGGER note ON ddl_command_end WHEN TAG IN ('ALTER SEQUENCE') EXECUTE PROCEDURE note()"#,
    );
    items.database.execute(&format!(r#"ALTER DATABASE "{}" SET synchronous_commit = off"#, items.database.name()));
    items.fix(&["--lock-timeout", "300ms", "--statement-timeout", "1min"]).expect_status(0);
    let seen: Vec<(String, String)> = items
        .database
        .texts(r#"SELECT * FROM "Seen""#)
        .into_iter()
        .map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap()))
        .collect();
    let expected = [
        ("synchronous_commit", "local"),
        ("transaction_isolation", "read committed"),
        // What others have written runs as in any session.
        ("search_path", "\"$user\", public"),
        // As short as the tables are locked.
        ("lock_timeout", "20ms"),
        ("statement_timeout", "100ms"),
        ("row_security", "on"),
    ];
    assert_eq!(seen, expected.map(|(name, setting)| (name.to_owned(), setting.to_owned())));
}

#[test]
fn nothing_of_a_hostile_search_path_is_run() {
    let items = Items::behind_by(10);
    let role = role_with(
        &items.database,
        r"CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO @role;
           DO $do$
           DECLARE of_type text; operator text;
           BEGIN
             FOREACH of_type IN ARRAY ARRAY['bigint', 'integer', 'text', 'oid', 'name', 'numeric', 'regclass'] LOOP
               EXECUTE format($$CREATE FUNCTION evil.trap(%1$s, %1$s) RETURNS boolean LANGUAGE plpgsql
                   AS 'BEGIN RAISE EXCEPTION ''hostile operator''; END'$$, of_type);
               FOREACH operator IN ARRAY ARRAY['=', '<', '>', '<=', '>=', '<>', '||', '~', '-', '+', '%'] LOOP
                 EXECUTE format('CREATE OPERATOR evil.%1$s (PROCEDURE = evil.trap, LEFTARG = %2$s, RIGHTARG = %2$s)',
                     operator, of_type);
               END LOOP;
             END LOOP;
             FOREACH operator IN ARRAY ARRAY['nextval(regclass)', 'setval(regclass, bigint, boolean)',
                 'setval(regclass, bigint)', 'max(integer)', 'min(integer)', 'format(text, text, text)',
                 'row_security_active(oid)', 'has_schema_privilege(oid, text)', 'version()', 'pg_is_in_recovery()',
                 'pg_table_is_visible(oid)', 'generate_series(integer, integer)', 'current_setting(text)'] LOOP
               EXECUTE 'CREATE FUNCTION evil.' || operator || $$ RETURNS bigint LANGUAGE plpgsql
                   AS 'BEGIN RAISE EXCEPTION ''hostile function''; END'$$;
             END LOOP;
           END $do$;
           CREATE TABLE evil.pg_class (oid oid); CREATE VIEW evil.pg_sequence AS SELECT 1 / 0 AS seqrelid;
           CREATE DOMAIN evil.int8 AS text; CREATE DOMAIN evil.regclass AS text; GRANT SELECT ON evil.pg_class, evil.pg_sequence TO @role;
           ALTER ROLE @role SUPERUSER; ALTER ROLE @role SET search_path = evil, public, pg_catalog",
    );
    let mut trapped = items.database.client_as(&role);
    assert!(trapped.simple_query("SELECT 1 = 1").is_err(), "the trap works");
    for args in [&["-t", r#"public."Stock "*"#][..], &["-n", "pub*"], &["-t", r#""Stock Items""#]] {
        Run::of(items.database.pgseqfix().args(args).env("PGUSER", &role)).expect_status(1);
    }
    let run = Run::of(items.database.pgseqfix().args(["fix", "--yes"]).env("PGUSER", &role)).expect_status(0);
    assert!(!(run.stdout + &run.stderr).contains("hostile"));
    assert_eq!(items.insert(), Ok(11));
}

#[test]
fn a_table_of_which_only_one_column_may_be_read_is_enough() {
    let items = Items::behind_by(10);
    let grants =
        format!("GRANT SELECT ({COLUMN}), TRUNCATE ON {TABLE} TO @role; GRANT SELECT, USAGE ON {SEQUENCE} TO @role");
    let role = role_with(&items.database, &grants);
    let args = ["fix", "--yes", "-t", "\"Stock Items\""];
    Run::of(items.database.pgseqfix().args(args).env("PGUSER", &role)).expect_status(0);
    assert_eq!(items.insert(), Ok(11));
}
