//! What a role has set for its sessions, all of it at once: it changes nothing of what is found and done.

mod support;

use std::process::{Command, Stdio};

use postgres::error::SqlState;
use serde_json::Value;
use support::{Database, Run, Server, role_name};

/// Those that the server does not know are left out.
const UNUSUAL: [(&str, &str); 62] = [
    ("default_transaction_read_only", "on"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("statement_timeout", "20ms"),
    ("lock_timeout", "1ms"),
    ("idle_in_transaction_session_timeout", "1ms"),
    ("transaction_timeout", "30ms"),
    ("row_security", "on"),
    ("search_path", "Elsewhere, pg_catalog"),
    ("session_replication_role", "replica"),
    ("synchronous_commit", "off"),
    ("DateStyle", "German"),
    ("IntervalStyle", "iso_8601"),
    ("TimeZone", "Pacific/Chatham"),
    ("bytea_output", "escape"),
    ("extra_float_digits", "-15"),
    ("xmlbinary", "hex"),
    ("array_nulls", "off"),
    ("transform_null_equals", "on"),
    ("quote_all_identifiers", "on"),
    ("standard_conforming_strings", "off"),
    ("backslash_quote", "off"),
    ("client_encoding", "LATIN1"),
    ("client_min_messages", "debug5"),
    ("log_statement", "all"),
    ("log_min_duration_statement", "0"),
    ("log_min_messages", "debug1"),
    ("enable_bitmapscan", "off"),
    ("enable_hashagg", "off"),
    ("enable_hashjoin", "off"),
    ("enable_indexonlyscan", "off"),
    ("enable_indexscan", "off"),
    ("enable_material", "off"),
    ("enable_memoize", "off"),
    ("enable_mergejoin", "off"),
    ("enable_nestloop", "off"),
    ("enable_partition_pruning", "off"),
    ("enable_seqscan", "off"),
    ("enable_sort", "off"),
    ("enable_tidscan", "off"),
    ("enable_incremental_sort", "off"),
    ("enable_parallel_append", "off"),
    ("enable_presorted_aggregate", "off"),
    ("enable_async_append", "off"),
    ("geqo_threshold", "2"),
    ("from_collapse_limit", "1"),
    ("join_collapse_limit", "1"),
    ("constraint_exclusion", "on"),
    ("cursor_tuple_fraction", "1"),
    ("plan_cache_mode", "force_generic_plan"),
    ("force_parallel_mode", "on"),
    ("debug_parallel_query", "on"),
    ("parallel_setup_cost", "0"),
    ("parallel_tuple_cost", "0"),
    ("min_parallel_table_scan_size", "0"),
    ("min_parallel_index_scan_size", "0"),
    ("jit", "on"),
    ("jit_above_cost", "0"),
    ("work_mem", "64kB"),
    ("temp_buffers", "800kB"),
    ("lc_numeric", "C"),
    ("lo_compat_privileges", "on"),
];

/// Serial and identity columns only: these are read by queries of their own.
const PLAIN: &str = r#"
    CREATE TABLE "Serial" ("Id No" serial PRIMARY KEY, day date DEFAULT '2024-02-03', "Name" text UNIQUE);
    INSERT INTO "Serial" SELECT g, '2024-02-03', 'no ' || g FROM generate_series(1, 40) AS g;
    CREATE TABLE "Back\slash" ("Id'" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
    INSERT INTO "Back\slash" OVERRIDING SYSTEM VALUE SELECT generate_series(1, 10);
    CREATE TABLE "In Sync" ("Id" serial); INSERT INTO "In Sync" SELECT FROM generate_series(1, 3);
    CREATE TABLE "Outlier" ("Id" serial); INSERT INTO "Outlier" VALUES (2147483647);
"#;

/// And all that is not.
const OTHERS: &str = r#"
    CREATE SEQUENCE "Down" INCREMENT BY -2;
    CREATE TABLE "Downwards" ("Id" int DEFAULT nextval('"Down"'));
    INSERT INTO "Downwards" SELECT generate_series(-8, -1);
    CREATE SEQUENCE "Parts" AS smallint CACHE 5;
    CREATE TABLE "Tree" ("Id" numeric DEFAULT nextval('"Parts"'), day date) PARTITION BY RANGE (day);
    CREATE TABLE "Leaf" PARTITION OF "Tree" FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    INSERT INTO "Tree" SELECT g, '2024-02-03' FROM generate_series(1, 9) AS g;
    CREATE SEQUENCE "Called";
    CREATE FUNCTION "Next"() RETURNS text LANGUAGE sql AS $$ SELECT 'x' || nextval('"Called"') $$;
    CREATE TABLE "Computed" ("Id" text DEFAULT "Next"());
    CREATE TABLE "Twice" ("Id" int DEFAULT nextval('"Called"') * 2);
"#;

/// A role that owns all of a new database of this content.
fn owned_by(role: &str, content: &str) -> Database {
    let database = Database::new();
    let mut owner = database.client();
    owner
        .batch_execute(&format!(r#"GRANT CREATE ON SCHEMA public TO "{role}"; SET ROLE "{role}"; {content}"#))
        .expect("it may create");
    database
}

fn run(database: &Database, role: &str, arguments: &[&str]) -> Run {
    Run::of(database.pgseqfix().args(arguments).env("PGUSER", role))
}

/// What all modes that change nothing say, and then what a fix says; the database's name is left out.
fn everything(database: &Database, role: &str, violations: &[String]) -> Vec<Value> {
    let mut said = Vec::new();
    let mut json = |arguments: &[&str], status| {
        let mut report = run(database, role, arguments).expect_status(status).json();
        report["database"] = Value::Null;
        report["next_command"] = Value::Null;
        said.push(report);
    };
    json(&["--format", "json"], 1);
    json(&["--format", "json", "-n", "public", "-t", r#"public."Ser"*"#], 1);
    json(&["fix", "--dry-run", "--format", "json"], 1);
    for violation in violations {
        let status = i32::from(violation.contains("Id No"));
        json(&["explain", "--show-row", "--format", "json", violation], status);
    }
    json(&["fix", "--yes", "--format", "json"], 0);
    json(&["fix", "--yes", "--format", "json"], 0);
    said
}

fn expect_settings_to_change_nothing(content: &str) {
    let role = role_name();
    let before = Database::with_setup(&format!(r#"CREATE ROLE "{role}" LOGIN"#));
    drop(before);
    let (usual, unusual) = (owned_by(&role, content), owned_by(&role, content));
    let violations = [
        usual.violation(r#"INSERT INTO "Serial" DEFAULT VALUES"#),
        usual.violation(r#"INSERT INTO "Serial" ("Id No", "Name") VALUES (5000, 'no 7')"#),
    ];
    // As the refused INSERT has drawn a value.
    unusual.execute(r#"SELECT nextval('"Serial_Id No_seq"')"#);
    let expected = everything(&usual, &role, &violations);

    for (setting, value) in UNUSUAL {
        if unusual.value(&format!("SELECT current_setting('{setting}', true) IS NOT NULL")) {
            unusual.execute(&format!(r#"ALTER ROLE "{role}" SET {setting} = '{value}'"#));
        }
    }
    let refused = unusual.client_as(&role).batch_execute("DROP TABLE public.\"Serial\"").expect_err("read only");
    assert_eq!(refused.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION), "the settings are in force: {refused}");
    let said = everything(&unusual, &role, &violations);
    for (said, expected) in said.iter().zip(&expected) {
        assert_eq!(said, expected, "{said:#}\ninstead of {expected:#}");
    }
    assert_eq!(unusual.sequence_states(), usual.sequence_states());
    unusual.assert_draws(r#"INSERT INTO "Serial" DEFAULT VALUES RETURNING "Id No""#, 41);
}

#[test]
fn the_settings_of_a_role_change_nothing_where_all_sequences_are_plain() {
    expect_settings_to_change_nothing(PLAIN);
}

#[test]
fn the_settings_of_a_role_change_nothing_where_sequences_are_of_all_kinds() {
    expect_settings_to_change_nothing(&format!("{PLAIN} {OTHERS}"));
}

#[test]
fn a_server_that_is_read_only_by_default_is_fixed_all_the_same_as_it_could_be_by_hand() {
    let server = Server::start_own(&["default_transaction_read_only=on"]);
    let by_hand = |sql: &str| {
        let mut client = server.connect("postgres", "postgres").expect("it runs");
        client.batch_execute(&format!("BEGIN READ WRITE; {sql}; COMMIT"))
    };
    by_hand("CREATE TABLE \"Serial\" (id serial PRIMARY KEY); INSERT INTO \"Serial\" VALUES (1), (2)").expect("it may");
    let pgseqfix = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgseqfix"));
        command.env("PGHOST", server.directory()).env("PGPORT", server.port().to_string());
        Run::of(command.args(arguments).stdin(Stdio::null()))
    };
    let refused = pgseqfix(&["fix", "--yes", "user=postgres dbname=postgres target_session_attrs=read-write"]);
    assert!(refused.expect_status(2).stderr.contains("session is read-only"), "who asks for it is told");
    pgseqfix(&["fix", "--dry-run", "user=postgres dbname=postgres"]).expect_status(1);
    pgseqfix(&["fix", "--yes", "user=postgres dbname=postgres"]).expect_status(0);
    by_hand("INSERT INTO \"Serial\" DEFAULT VALUES").expect("the next value is free");
}
