//! Identifiers of every kind.

mod support;

use support::{Database, Run};

/// Puts double quotes round an identifier.
fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// One table of this name, its schema, column and sequence named alike, is found behind and repaired.
fn assert_repaired_under_the_name(name: &str) {
    let db = Database::new();
    let id = quoted(name);
    let literal = format!("{id}.{id}").replace('\'', "''").replace('\\', "\\\\");
    db.execute(&format!(
        "CREATE SCHEMA {id}; CREATE SEQUENCE {id}.{id};
         CREATE TABLE {id}.\"of {rest} (a int, {id} int PRIMARY KEY DEFAULT nextval(E'{literal}'));
         INSERT INTO {id}.\"of {rest} VALUES (0, 1), (0, 2)",
        rest = &id[1..]
    ));
    let found = db.scan(1);
    let found = found.sequence(name);
    assert_eq!((found["schema"].as_str(), found["columns"][0]["column"].as_str()), (Some(name), Some(name)));
    let insert = format!("INSERT INTO {id}.\"of {} DEFAULT VALUES RETURNING {id}", &id[1..]);
    db.assert_repaired(&[name], &[(&insert, 3)]);
}

#[test]
fn capitals_and_blanks_are_kept() {
    assert_repaired_under_the_name("Camel Case  Two Blanks ");
}

#[test]
fn quotes_of_both_kinds_are_kept() {
    assert_repaired_under_the_name(r#"it's a "quoted" name"#);
    assert_repaired_under_the_name(r#""'"#);
}

#[test]
fn dots_and_casts_are_kept() {
    assert_repaired_under_the_name("public.t.id::int");
}

#[test]
fn backslashes_and_dollars_are_kept() {
    assert_repaired_under_the_name(r"C:\new\table $1 $$ %I %s {} \'");
}

#[test]
fn unicode_is_kept() {
    assert_repaired_under_the_name("Größe_表_🐘_İ");
}

#[test]
fn reserved_words_are_kept() {
    for word in ["select", "user", "table", "all"] {
        assert_repaired_under_the_name(word);
    }
}

#[test]
fn what_looks_like_sql_is_a_name() {
    assert_repaired_under_the_name(r#"x"; DROP TABLE "y"; --"#);
    assert_repaired_under_the_name("nextval('x'::regclass) /* ");
}

#[test]
fn digits_and_parentheses_may_come_first() {
    assert_repaired_under_the_name("1st (of {2}), 'three'");
}

#[test]
fn line_ends_and_escapes_are_kept_and_never_reach_the_terminal() {
    let name = "a\nb\tc\x1b[2Jd\re\x07";
    assert_repaired_under_the_name(name);
    let id = quoted(name);
    let db = Database::with_setup(&format!(
        "CREATE TABLE {id} ({id} serial PRIMARY KEY); INSERT INTO {id} VALUES (1), (2); CREATE SEQUENCE s;
         CREATE TABLE \"more\" ({id} text DEFAULT 'x' || nextval('s'))"
    ));
    for args in [&[][..], &["-v"], &["fix", "--dry-run"], &["--format", "markdown"], &["fix", "--yes"]] {
        let Run { stdout, stderr, .. } = db.run(args);
        let control = |letter: char| letter.is_control() && letter != '\n';
        assert!(!stdout.contains(control) && !stderr.contains(control), "{args:?}: {stdout:?} {stderr:?}");
        assert!(!stdout.contains("a\nb"), "{args:?}: {stdout:?}");
    }
}

#[test]
fn names_of_63_bytes_are_kept() {
    let db = Database::new();
    let long = |letter: &str| letter.repeat(63 / letter.len());
    let (schema, table, column, sequence) = (long("S"), long("é"), long("c"), long("表"));
    assert_eq!((schema.len(), table.len(), sequence.len()), (63, 62, 63));
    db.execute(&format!(
        "CREATE SCHEMA \"{schema}\"; CREATE SEQUENCE \"{schema}\".\"{sequence}\";
         CREATE TABLE \"{schema}\".\"{table}\" (\"{column}\" int PRIMARY KEY DEFAULT nextval('\"{schema}\".\"{sequence}\"'));
         INSERT INTO \"{schema}\".\"{table}\" VALUES (1), (2)"
    ));
    let screen = db.run(&[]).expect_status(1).stdout;
    for name in [&table, &column, &sequence] {
        assert!(screen.contains(name.as_str()), "{name} is not whole on the screen:\n{screen}");
    }
    let insert = format!("INSERT INTO \"{schema}\".\"{table}\" DEFAULT VALUES RETURNING \"{column}\"");
    db.assert_repaired(&[&sequence], &[(&insert, 3)]);
}

#[test]
fn the_same_table_name_in_two_schemas_is_kept_apart() {
    let db = Database::with_setup(
        r#"CREATE SCHEMA "One"; CREATE SCHEMA "Two";
           CREATE TABLE "One".item (id serial PRIMARY KEY); CREATE TABLE "Two".item (id serial PRIMARY KEY);
           INSERT INTO "One".item VALUES (500); SELECT setval('"One".item_id_seq', 500);
           INSERT INTO "Two".item VALUES (1), (2)"#,
    );
    assert_eq!(db.scan(1).at("/summary/behind"), 1);
    db.fix_as("postgres", 0);
    let states = db.sequence_states();
    assert_eq!((states[r#""One".item_id_seq"#], states[r#""Two".item_id_seq"#]), ((500, true), (2, true)));
    db.assert_draws(r#"INSERT INTO "Two".item DEFAULT VALUES RETURNING id"#, 3);
    db.assert_draws(r#"INSERT INTO "One".item DEFAULT VALUES RETURNING id"#, 501);
}

#[test]
fn a_sequence_in_another_schema_than_its_table_is_found() {
    let db = Database::with_setup(
        r#"CREATE SCHEMA "Tables"; CREATE SCHEMA "Sequences"; CREATE SEQUENCE "Sequences"."Ids";
           CREATE TABLE "Tables"."T" (id int PRIMARY KEY DEFAULT nextval('"Sequences"."Ids"'));
           INSERT INTO "Tables"."T" VALUES (1), (2)"#,
    );
    db.assert_repaired(&["Ids"], &[(r#"INSERT INTO "Tables"."T" DEFAULT VALUES RETURNING id"#, 3)]);
}

#[test]
fn a_renamed_sequence_is_found_although_its_old_name_belongs_to_another() {
    let db = Database::with_setup(
        r#"CREATE TABLE "First" (id serial PRIMARY KEY); ALTER SEQUENCE "First_id_seq" RENAME TO "Renamed";
           CREATE SEQUENCE "First_id_seq"; SELECT setval('"First_id_seq"', 90);
           CREATE TABLE "Other" (id int PRIMARY KEY DEFAULT nextval('"First_id_seq"'));
           INSERT INTO "Other" VALUES (90); INSERT INTO "First" VALUES (1), (2)"#,
    );
    db.assert_repaired(
        &["Renamed"],
        &[
            (r#"INSERT INTO "First" DEFAULT VALUES RETURNING id"#, 3),
            (r#"INSERT INTO "Other" DEFAULT VALUES RETURNING id"#, 91),
        ],
    );
}

#[test]
fn a_renamed_table_and_column_are_found_under_their_new_names() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Before" (id serial PRIMARY KEY); INSERT INTO "Before" VALUES (1), (2);
           ALTER TABLE "Before" RENAME TO "After"; ALTER TABLE "After" RENAME id TO "No";
           CREATE SCHEMA "Moved"; ALTER TABLE "After" SET SCHEMA "Moved""#,
    );
    assert_eq!(db.scan(1).columns("Before_id_seq"), ["Moved.After.No owned counts"]);
    db.assert_repaired(&["Before_id_seq"], &[(r#"INSERT INTO "Moved"."After" DEFAULT VALUES RETURNING "No""#, 3)]);
}

#[test]
fn objects_named_as_the_servers_own_do_not_hide_them() {
    let db = Database::with_setup(
        "CREATE TABLE pg_class (id serial PRIMARY KEY); CREATE TABLE pg_sequence (id serial PRIMARY KEY);
           CREATE FUNCTION setval(regclass, bigint, boolean) RETURNS bigint LANGUAGE sql AS 'SELECT 666::bigint';
           CREATE FUNCTION max(int) RETURNS int LANGUAGE sql AS 'SELECT 666';
           INSERT INTO public.pg_class VALUES (1), (2)",
    );
    db.execute(&format!("ALTER DATABASE \"{}\" SET search_path = public, pg_catalog", db.name()));
    db.assert_repaired(&["pg_class_id_seq"], &[("INSERT INTO public.pg_class DEFAULT VALUES RETURNING id", 3)]);
}

#[test]
fn a_database_with_the_old_rules_for_backslashes_is_read_as_any_other() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "back\slash"; CREATE SEQUENCE "by\name";
           CREATE TABLE "T" (id int PRIMARY KEY DEFAULT nextval('"back\slash"')); INSERT INTO "T" VALUES (1), (2);
           CREATE TABLE "N" (id int PRIMARY KEY DEFAULT nextval('"by\name"'::text)); INSERT INTO "N" VALUES (1), (2)"#,
    );
    db.execute(&format!("ALTER DATABASE \"{}\" SET standard_conforming_strings = off", db.name()));
    db.assert_repaired(
        &[r"back\slash", r"by\name"],
        &[(r#"INSERT INTO "T" DEFAULT VALUES RETURNING id"#, 3), (r#"INSERT INTO "N" DEFAULT VALUES RETURNING id"#, 3)],
    );
}
