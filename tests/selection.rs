//! What is looked at: the patterns of pg_dump.

mod support;

use std::collections::BTreeSet;

use support::{Database, Run};

/// A table with a serial column, in each of several schemas, with capitals and blanks in between.
fn shop() -> Database {
    let database = Database::with_setup(
        r#"CREATE SCHEMA warehouse; CREATE SCHEMA "Back Office"; CREATE SCHEMA back_up; CREATE SCHEMA backup"#,
    );
    for table in [
        "public.album",
        "public.artist",
        "public.\"Album\"",
        "public.\"Order Item\"",
        "public.\"a.b\"",
        "public.\"a*b\"",
        "warehouse.album",
        "\"Back Office\".stock",
        "back_up.stock",
        "backup.stock",
    ] {
        database.execute(&format!("CREATE TABLE {table} (id serial); INSERT INTO {table} VALUES (30)"));
    }
    database
}

/// The selected tables, by their sequences; the rest is counted.
fn selected(database: &Database, arguments: &[&str]) -> BTreeSet<String> {
    let run = Run::of(database.pgseqfix().args(["--format", "json"]).args(arguments));
    assert!(run.status < 2, "{arguments:?}: {run:#?}");
    let report = run.json();
    let sequences = report["sequences"].as_array().expect("an array");
    let all = database.sequence_states().len();
    assert_eq!(report["excluded"]["not_selected"], all - sequences.len(), "{arguments:?}: the rest is counted");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    sequences.iter().map(|it| format!("{}.{}", text(&it["schema"]), text(&it["name"]).replace("_id_seq", ""))).collect()
}

fn expect(database: &Database, arguments: &[&str], tables: &[&str]) {
    let tables: BTreeSet<_> = tables.iter().map(|table| (*table).to_owned()).collect();
    assert_eq!(selected(database, arguments), tables, "{arguments:?}");
}

#[test]
fn unquoted_letters_are_folded_and_quoted_ones_are_not() {
    let database = shop();
    expect(&database, &["-t", "album"], &["public.album"]);
    expect(&database, &["-t", "ALBUM"], &["public.album"]);
    expect(&database, &["-t", "\"Album\""], &["public.Album"]);
    expect(&database, &["-t", "\"Order Item\""], &["public.Order Item"]);
    expect(&database, &["--table", "al\"bum\""], &["public.album"]);
    expect(&database, &["-n", "WAREHOUSE"], &["warehouse.album"]);
    expect(&database, &["--schema", "\"Back Office\""], &["Back Office.stock"]);
}

#[test]
fn wildcards_are_psqls() {
    let database = shop();
    expect(&database, &["-t", "a*"], &["public.album", "public.artist", "public.a.b", "public.a*b"]);
    expect(&database, &["-t", "a????"], &["public.album"]);
    expect(&database, &["-t", "album|artist"], &["public.album", "public.artist"]);
    expect(&database, &["-t", "a[lr]*"], &["public.album", "public.artist"]);
    expect(&database, &["-n", "back?up"], &["back_up.stock"]);
    // The whole name, not a part of it.
    expect(&database, &["-t", "artis?", "-T", "rtist"], &["public.artist"]);
}

#[test]
fn in_quotes_no_letter_is_special() {
    let database = shop();
    expect(&database, &["-t", "\"a*b\""], &["public.a*b"]);
    expect(&database, &["-t", "\"a.b\""], &["public.a.b"]);
    expect(&database, &["-t", "public.\"a.b\""], &["public.a.b"]);
}

#[test]
fn a_name_with_a_schema_is_looked_for_there() {
    let database = shop();
    expect(&database, &["-t", "warehouse.album"], &["warehouse.album"]);
    expect(&database, &["-t", "*.album"], &["public.album", "warehouse.album"]);
    expect(&database, &["-t", "\"Back Office\".*"], &["Back Office.stock"]);
    expect(&database, &["-t", "back*.stock"], &["back_up.stock", "backup.stock"]);
}

#[test]
fn a_name_without_a_schema_is_one_on_the_search_path() {
    let database = shop();
    expect(&database, &["-t", "album"], &["public.album"]);
    let mut command = database.pgseqfix();
    command.env("PGOPTIONS", "-c search_path=warehouse,backup").args(["--format", "json", "-t", "*"]);
    let report = Run::of(&mut command).expect_status(1).json();
    let schemas: BTreeSet<_> =
        report["sequences"].as_array().expect("an array").iter().map(|it| it["schema"].as_str()).collect();
    assert_eq!(schemas, [Some("warehouse"), Some("backup")].into());
}

#[test]
fn several_patterns_add_up() {
    let database = shop();
    expect(&database, &["-t", "artist", "-t", "warehouse.*"], &["public.artist", "warehouse.album"]);
    expect(&database, &["-n", "warehouse", "-n", "backup"], &["warehouse.album", "backup.stock"]);
    expect(&database, &["-n", "back*", "-N", "backup"], &["back_up.stock"]);
    expect(&database, &["-n", "warehouse", "-T", "warehouse.album"], &[]);
    expect(&database, &["-t", "a*", "-T", "album", "-T", "\"a.b\""], &["public.artist", "public.a*b"]);
    let all = database.sequence_states().len();
    assert_eq!(selected(&database, &["-N", "public"]).len(), all - 6);
    assert_eq!(selected(&database, &["-T", "album"]).len(), all - 1);
    // What is left out may be missing.
    assert_eq!(selected(&database, &["-N", "no_such", "-T", "no_such"]).len(), all);
}

#[test]
fn a_schema_has_no_effect_beside_a_table() {
    let database = shop();
    expect(&database, &["-n", "warehouse", "-t", "artist"], &["public.artist"]);
    expect(&database, &["-N", "public", "-t", "artist"], &["public.artist"]);
}

#[test]
fn a_sequence_can_be_named_itself() {
    let database = shop();
    database.execute("CREATE SEQUENCE \"Plain\"");
    expect(&database, &["-t", "album_id_seq"], &["public.album"]);
    expect(&database, &["-t", "warehouse.album_id_seq"], &["warehouse.album"]);
    expect(&database, &["-t", "\"Plain\""], &["public.Plain"]);
    expect(&database, &["-t", "a*", "-T", "album_id_seq", "-T", "\"a\"*\"b\""], &["public.artist"]);
}

#[test]
fn a_selected_table_with_a_shared_sequence_is_still_compared_with_the_other_tables_rows() {
    let database = Database::with_setup(
        "CREATE SEQUENCE shared;
         CREATE TABLE one (id bigint DEFAULT nextval('shared') PRIMARY KEY);
         CREATE TABLE two (id bigint DEFAULT nextval('shared') PRIMARY KEY);
         INSERT INTO one VALUES (10); INSERT INTO two VALUES (500)",
    );
    let report = database.run(&["-t", "one", "--format", "json"]).expect_status(1).json();
    assert_eq!(report["sequences"][0]["farthest_value"], 500);
    database.run(&["fix", "--yes", "-t", "one"]).expect_status(0);
    assert_eq!(database.sequence_states()["public.shared"], (500, true));
    // It is left out only when all its tables are.
    expect(&database, &["-T", "one"], &["public.shared"]);
    expect(&database, &["-T", "one", "-T", "two"], &[]);
}

#[test]
fn a_sequence_goes_with_its_table_into_another_schema() {
    let database = Database::with_setup(
        "CREATE SCHEMA counters; CREATE SEQUENCE counters.ids;
         CREATE TABLE t (id bigint DEFAULT nextval('counters.ids'))",
    );
    expect(&database, &["-n", "public"], &["counters.ids"]);
    expect(&database, &["-n", "counters"], &["counters.ids"]);
    expect(&database, &["-N", "public"], &[]);
}

#[test]
fn a_partition_can_be_named_and_the_whole_tree_counts() {
    let database = Database::with_setup(
        "CREATE TABLE event (id bigserial, day int) PARTITION BY RANGE (day);
         CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
         CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
         INSERT INTO event VALUES (5, 1), (700, 11)",
    );
    let report = database.run(&["-t", "event_1", "--format", "json"]).expect_status(1).json();
    assert_eq!(
        (&report["sequences"][0]["name"], &report["sequences"][0]["farthest_value"]),
        (&"event_id_seq".into(), &700.into())
    );
    database.run(&["fix", "--yes", "-t", "event_1"]).expect_status(0);
    assert_eq!(database.sequence_states()["public.event_id_seq"], (700, true));
}

#[test]
fn a_fix_touches_what_is_selected_and_nothing_else() {
    let database = shop();
    let mut expected = database.sequence_states();
    database.run(&["fix", "--yes", "-t", "album", "-t", "\"Order Item\""]).expect_status(0);
    for name in ["public.album_id_seq", "public.\"Order Item_id_seq\""] {
        expected.insert(name.to_owned(), (30, true));
    }
    assert_eq!(database.sequence_states(), expected);
    let table = database.run(&["-t", "album"]).expect_status(0);
    assert!(table.stdout.contains("9 not selected"), "{table:#?}");
}

#[test]
fn the_databases_own_name_may_stand_in_front_as_with_pg_dump() {
    let database = Database::with_setup(
        "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE u (id serial)",
    );
    let own = format!("\"{}\".public.t", database.name());
    let run = database.run(&["--format", "json", "-t", &own]).expect_status(1);
    assert_eq!(run.json()["excluded"]["not_selected"], 1);
    database.run(&["-t", "elsewhere.public.t"]).expect_status(2);
}

#[test]
fn what_a_letter_is_the_databases_collation_says_as_in_psql() {
    let database = Database::new();
    let server = database.server();
    let name = "Letters of all";
    database.execute(&format!(
        "CREATE DATABASE \"{name}\" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0"
    ));
    let mut client = server.connect("postgres", name).expect("it was made");
    client.batch_execute("CREATE TABLE été (id serial); INSERT INTO été VALUES (30)").expect("it is a good name");
    drop(client);
    for (option, found) in [("-t", 1), ("-T", 0)] {
        let run = Run::of(database.pgseqfix().args(["-d", name, "--format", "json", option, "[[:alpha:]]+"]));
        let report = run.expect_status(found).json();
        assert_eq!(report["summary"]["behind"], found, "{option}: {report:#}");
    }
    database.execute(&format!("DROP DATABASE \"{name}\""));
}

#[test]
fn a_pattern_of_another_database_is_refused_also_where_it_excludes() {
    let database = shop();
    for option in ["-t", "-T"] {
        let run = database.run(&[option, "elsewhere.public.album"]).expect_status(2);
        let said = "cross-database references are not implemented: elsewhere.public.album";
        assert!(run.stderr.contains(said) && run.stdout.is_empty(), "{run:#?}");
    }
    expect(&database, &["-t", &format!("\"{}\".public.album", database.name())], &["public.album"]);
}
