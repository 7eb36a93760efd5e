//! Servers that speak as PostgreSQL does and keep sequences otherwise: named, and nothing done that could harm.
//!
//! They are not here: a database says that it is one of them, and what of it counts is as there.

mod support;

use serde_json::Value;
use support::repair::{Items, reported, role_with};
use support::{Database, Run, Server};

/// Makes the database say that it is another kind of server.
fn pretend(database: &Database, version: &str) {
    database.execute(&format!(
        "ALTER FUNCTION pg_catalog.version() RENAME TO true_version;
         CREATE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql AS $$ SELECT '{version}'::text $$"
    ));
}

#[test]
fn a_fork_is_named_and_left_alone_unless_races_are_accepted() {
    for (version, name) in [
        ("PostgreSQL 11.2-YB-2.18.0.0-b0 on x86_64-pc-linux-gnu", "YugabyteDB"),
        ("PostgreSQL 12.12 (Greenplum Database 7.0.0) on x86_64", "Greenplum"),
        ("CockroachDB CCL v23.1.11", "CockroachDB"),
        ("KingbaseES V008R006", "unknown"),
    ] {
        let items = Items::behind_by(10);
        pretend(&items.database, version);
        let before = items.states();
        let scan = Run::of(items.database.pgseqfix().args(["--format", "json"])).expect_status(1).json();
        assert_eq!(scan["server_kind"], name);
        let found = reported(&scan, "Item Numbers");
        let said = (&found["status"], &found["protection"], &found["fix"]);
        assert_eq!(said, (&"behind".into(), &"headroom".into(), &Value::Null), "{found:#}");
        assert!(found["hint"].to_string().contains("--accept-races"), "{found:#}");
        let table = items.database.run(&[]).expect_status(1);
        assert!(table.stdout.contains(if name == "unknown" { "is not known" } else { name }), "{table:#?}");

        let (status, found) = items.fixed(&[]);
        assert_eq!((status, &found["outcome"]), (1, &Value::Null), "{found:#}");
        assert_eq!(items.states(), before, "nothing is done that was not asked for");

        let (status, found) = items.fixed(&["--accept-races"]);
        assert_eq!((status, &found["outcome"]["result"]), (0, &"set".into()), "{found:#}");
        assert_eq!(found["fix"]["protection"], "headroom");
        assert_eq!(items.state(), (1010, true), "with room for a thousand");
        assert_eq!(items.insert(), Ok(1011));
        items.fix(&["--accept-races"]).expect_status(0);
        assert_eq!(items.state(), (1011, true), "a second run does nothing");
    }
}

#[test]
fn what_has_no_sequences_is_checked_only() {
    let items = Items::behind_by(10);
    pretend(&items.database, "PostgreSQL 8.0.2 on i686-pc-linux-gnu, Redshift 1.0.48714");
    let (status, found) = items.fixed(&["--accept-races"]);
    assert_eq!((status, &found["protection"]), (1, &"check_only".into()), "{found:#}");
    assert_eq!(items.state(), (1, false));
    let table = items.database.run(&["fix", "--yes"]).expect_status(1);
    assert!(table.stdout.contains("check only"), "{table:#?}");
}

#[test]
fn the_level_follows_from_what_the_role_may_do() {
    let items = Items::behind_by(10);
    assert_eq!(items.scan(&[])["protection"], "full");
    let grants = "GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO @role;
                  GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA public TO @role";
    let clerk = role_with(&items.database, grants);
    assert_eq!(items.scan(&["-U", &clerk])["protection"], "advance");
    let reader = role_with(&items.database, &grants.replace(", UPDATE", "").replace(", USAGE", ""));
    assert_eq!(items.scan(&["-U", &reader])["protection"], "check_only");
    let table = items.database.run(&["-U", &clerk, "fix", "--yes"]).expect_status(0);
    assert!(table.stdout.contains("set 10 (advance)"), "{table:#?}");
}

/// A server whose catalog can be added to.
fn open_server() -> Server {
    Server::start_own(&["allow_system_table_mods=on"])
}

/// A database as a node of a Citus cluster has it, with a distributed table and a local one.
fn node(server: &Server, group: i32, columns: &str) -> Database {
    let database = Database::on(server);
    let oid = if server.version() >= 120_000 { ("oid, ", "65000, ") } else { ("", "") };
    database.execute(&format!(
        "INSERT INTO pg_extension ({}extname, extowner, extnamespace, extrelocatable, extversion)
             VALUES ({}'citus', 10, 11, false, '13.2-1');
         CREATE TABLE pg_catalog.pg_dist_local_group (groupid int NOT NULL PRIMARY KEY);
         INSERT INTO pg_catalog.pg_dist_local_group VALUES ({group});
         CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass NOT NULL);
         {columns}
         INSERT INTO pg_catalog.pg_dist_partition SELECT oid FROM pg_class WHERE relname LIKE 'spread%' AND relkind = 'r';
         CREATE TABLE local (id bigserial PRIMARY KEY); INSERT INTO local SELECT generate_series(1, 9)",
        oid.0, oid.1
    ));
    database
}

fn fixed(database: &Database) -> Value {
    Run::of(database.pgseqfix().args(["fix", "--yes", "--format", "json"])).expect_status(1).json()
}

#[test]
fn a_coordinator_of_citus_is_compared_within_its_own_range() {
    let database = node(
        &open_server(),
        0,
        "CREATE TABLE spread (id bigserial PRIMARY KEY);
         INSERT INTO spread SELECT generate_series(1, 5000); INSERT INTO spread VALUES (281474976710660);
         CREATE TABLE spread_past (id bigserial); INSERT INTO spread_past VALUES (3);
         SELECT setval('spread_past_id_seq', 281474976710658);",
    );
    let report = fixed(&database);
    let spread = reported(&report, "spread_id_seq");
    let said = (&spread["status"], &spread["protection"], &spread["farthest_value"], &spread["outcome"]);
    assert_eq!(said, (&"behind".into(), &"check_only".into(), &5000.into(), &Value::Null), "{spread:#}");
    let hint = spread["hint"].as_str().expect("a hint").to_owned();
    let (_, statement) = hint.split_once(": ").expect("a statement");
    let past = reported(&report, "spread_past_id_seq");
    assert_eq!(past["status"], "not_comparable", "{past:#}");
    assert!(past["reason"].to_string().contains("in a worker's range"), "{past:#}");
    let local = reported(&report, "local_id_seq");
    assert_eq!((&local["protection"], &local["outcome"]["result"]), (&"full".into(), &"set".into()), "{local:#}");
    let states = database.sequence_states();
    assert_eq!((states["public.spread_id_seq"], states["public.local_id_seq"]), ((1, false), (9, true)));

    assert!(!statement.to_lowercase().contains("from"), "setval and a table never go together: {statement}");
    database.execute(statement);
    let again = Run::of(database.pgseqfix().args(["--format", "json"])).json();
    assert_eq!(reported(&again, "spread_id_seq")["status"], "in_sync");
}

#[test]
fn what_a_worker_of_citus_has_parked_stays_parked() {
    let database = node(
        &open_server(),
        1,
        "CREATE TABLE spread (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
         INSERT INTO spread SELECT generate_series(1, 100); SELECT setval('spread_id_seq', 2147483647);
         CREATE TABLE spread_big (id bigint GENERATED BY DEFAULT AS IDENTITY
             (MINVALUE 281474976710657 MAXVALUE 562949953421313 START 281474976710657) PRIMARY KEY);
         INSERT INTO spread_big VALUES (7), (281474976710657), (562949953421313);",
    );
    let before = database.sequence_states();
    let report = fixed(&database);
    let parked = reported(&report, "spread_id_seq");
    assert_eq!(parked["status"], "not_comparable", "{parked:#}");
    assert!(parked["reason"].to_string().contains("parked"), "{parked:#}");
    let big = reported(&report, "spread_big_id_seq");
    let said = (&big["status"], &big["farthest_value"], &big["protection"]);
    assert_eq!(said, (&"behind".into(), &281_474_976_710_657_i64.into(), &"check_only".into()), "{big:#}");
    let after = database.sequence_states();
    for name in ["public.spread_id_seq", "public.spread_big_id_seq"] {
        assert_eq!(before[name], after[name], "{name}");
    }
}
