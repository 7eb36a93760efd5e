//! What a unique violation came from: each verdict, on the error that the server really gives.

mod support;

use support::violations::{Explained, as_psql_prints};
use support::{Database, role_name};

/// Rows 1 to 3 in a table with a serial key, its sequence at its start.
const BEHIND: &str = r#"CREATE SCHEMA "Shop Floor"; CREATE TABLE "Shop Floor"."Order Line" ("Line Id" serial PRIMARY KEY, "Note" text);
    INSERT INTO "Shop Floor"."Order Line" VALUES (1, 'Secret 1'), (2, 'Secret 2'), (3, 'Secret 3')"#;
const INSERT: &str = r#"INSERT INTO "Shop Floor"."Order Line" ("Note") VALUES ('new')"#;
const MOVED: &str = r#"SELECT setval('"Shop Floor"."Order Line_Line Id_seq"', 3)"#;

/// The insert meets a sequence that is behind: explain says so, the command it names repairs it, and the same text is
/// that of a sequence that has passed then.
fn assert_behind_until_its_command_ran(database: &Database, insert: &str) -> Explained {
    let text = database.violation(insert);
    let before = database.sequence_states();
    let explained = database.explain(&text, 1).expect("sequence_behind");
    assert_eq!(database.sequence_states(), before, "explain moved something");
    database.run_printed(explained.text("/next_command")).expect_status(0);
    database.execute(insert);
    database.explain(&text, 0).expect("sequence_past");
    explained
}

#[test]
fn a_serial_key_that_is_behind_is_named_with_the_command_that_repairs_it() {
    let database = Database::with_setup(BEHIND);
    let explained = assert_behind_until_its_command_ran(&database, INSERT);
    assert_eq!(explained.text("/next_command"), r#"pgseqfix fix -t '"Shop Floor"."Order Line"'"#);
    assert_eq!(explained.text("/index/kind"), "primary_key");
    assert_eq!(explained.text("/index/key/0/column"), "Line Id");
    assert_eq!(explained.text("/index/key/0/sequences/0"), r#""Shop Floor"."Order Line_Line Id_seq""#);
    assert!(explained.screen.contains("the sequence is behind"), "{}", explained.screen);
}

#[test]
fn the_command_leads_to_the_database_that_was_named() {
    let database = Database::with_setup(BEHIND);
    let text = database.violation(INSERT);
    let mut command = database.pgseqfix();
    command.env_remove("PGDATABASE").args(["explain", "--format", "json", "-d", database.name(), &text]);
    let explained = support::Run::of(&mut command).expect_status(1).json();
    let next = explained["next_command"].as_str().expect("a command");
    assert!(next.contains(&format!("-d '{}'", database.name())), "{next}");
    database.run_printed(next).expect_status(0);
    database.execute(INSERT);
}

#[test]
fn an_identity_key_that_is_behind_is_named() {
    for when in ["ALWAYS", "BY DEFAULT"] {
        let database = Database::with_setup(&format!(
            r#"CREATE TABLE "Guest Book" (id bigint GENERATED {when} AS IDENTITY PRIMARY KEY, "Who" text);
               INSERT INTO "Guest Book" (id, "Who") OVERRIDING SYSTEM VALUE VALUES (1, 'a'), (2, 'b')"#
        ));
        assert_behind_until_its_command_ran(&database, r#"INSERT INTO "Guest Book" ("Who") VALUES ('c')"#);
    }
}

#[test]
fn a_sequence_that_two_tables_share_is_named_for_either() {
    for table in ["One Table", "Other Table"] {
        let database = Database::with_setup(
            r#"CREATE SEQUENCE "Shared Seq";
               CREATE TABLE "One Table" (id int PRIMARY KEY DEFAULT nextval('"Shared Seq"'));
               CREATE TABLE "Other Table" (id int PRIMARY KEY DEFAULT nextval('"Shared Seq"'));
               INSERT INTO "One Table" VALUES (1), (2); INSERT INTO "Other Table" VALUES (1), (2), (3)"#,
        );
        assert_behind_until_its_command_ran(&database, &format!(r#"INSERT INTO "{table}" DEFAULT VALUES"#));
    }
}

#[test]
fn a_descending_sequence_that_is_behind_is_named() {
    let database = Database::with_setup(
        r#"CREATE SEQUENCE "Down Seq" INCREMENT -1; CREATE TABLE "Down" (id int PRIMARY KEY DEFAULT nextval('"Down Seq"'));
           INSERT INTO "Down" VALUES (-1), (-2), (-3)"#,
    );
    assert_behind_until_its_command_ran(&database, r#"INSERT INTO "Down" DEFAULT VALUES"#);
}

#[test]
fn a_sequence_with_increment_2_is_blamed_for_its_own_values_only() {
    let database = Database::with_setup(
        r#"CREATE SEQUENCE "Odd Seq" INCREMENT 2; CREATE TABLE "Odd" (id int PRIMARY KEY DEFAULT nextval('"Odd Seq"'));
           INSERT INTO "Odd" VALUES (1), (2), (3), (4), (5)"#,
    );
    let even = database.violation(r#"INSERT INTO "Odd" VALUES (2)"#);
    assert_behind_until_its_command_ran(&database, r#"INSERT INTO "Odd" DEFAULT VALUES"#);
    database.explain(&even, 0).expect("genuine_duplicate");
}

#[test]
fn the_next_value_of_a_sequence_that_is_behind_is_told() {
    let database = Database::with_setup(BEHIND);
    let explained = database.explain(&database.violation(INSERT), 1).expect("sequence_behind");
    assert!(explained.facts().contains("next value 2"), "{}", explained.facts());
    assert!(explained.facts().contains("the farthest value stored is 3"), "{}", explained.facts());
}

#[test]
fn a_sequence_that_has_burnt_through_is_past() {
    let database = Database::with_setup(BEHIND);
    let text = database.violation(INSERT);
    database.error(INSERT);
    database.error(INSERT);
    database.execute(INSERT);
    let explained = database.explain(&text, 0).expect("sequence_past");
    assert!(explained.facts().contains("does not tell whether"), "{}", explained.facts());
    assert_eq!(explained.json["next_command"], serde_json::Value::Null);
}

#[test]
fn a_statement_that_leaves_the_column_out_makes_it_sure() {
    let database = Database::with_setup(BEHIND);
    let text = database.violation(INSERT);
    database.execute(MOVED);
    for more in [
        format!("STATEMENT:  {INSERT}"),
        format!("[SQL: {INSERT}]"),
        r#"STATEMENT:  insert into "Shop Floor"."Order Line" ("Line Id", "Note") values (default, $1)"#.to_owned(),
    ] {
        let explained = database.explain(&format!("{text}{more}\n"), 0).expect("sequence_past");
        assert!(explained.facts().contains("the statement left the column to the sequence"), "{}", explained.facts());
    }
}

#[test]
fn an_id_that_was_named_past_the_sequence_is_a_genuine_duplicate() {
    let database = Database::with_setup(BEHIND);
    database.execute(MOVED);
    database.execute(r#"INSERT INTO "Shop Floor"."Order Line" VALUES (100)"#);
    let text = database.violation(r#"INSERT INTO "Shop Floor"."Order Line" VALUES (100)"#);
    // The row lies before the sequence, which will come to it.
    let explained = database.explain(&text, 1).expect("genuine_duplicate");
    assert!(explained.facts().contains("it has not come to 100"), "{}", explained.facts());
}

#[test]
fn a_key_without_a_sequence_is_a_genuine_duplicate() {
    let database = Database::with_setup(
        r#"CREATE TABLE "User" (id serial PRIMARY KEY, "E Mail" text UNIQUE, key uuid UNIQUE);
           INSERT INTO "User" ("E Mail", key) VALUES ('a@b', '00000000-0000-0000-0000-000000000001')"#,
    );
    for insert in [
        r#"INSERT INTO "User" ("E Mail") VALUES ('a@b')"#,
        r#"INSERT INTO "User" (key) VALUES ('00000000-0000-0000-0000-000000000001')"#,
    ] {
        let explained = database.explain(&database.violation(insert), 0).expect("genuine_duplicate");
        assert_eq!(explained.json["row"]["stored"], true);
        assert!(explained.facts().contains("is seen to draw from a sequence"), "{}", explained.facts());
        assert_eq!(explained.json["next_command"], serde_json::Value::Null);
    }
}

#[test]
fn an_update_is_a_genuine_duplicate_wherever_the_sequence_stands() {
    let database = Database::with_setup(BEHIND);
    let update = r#"UPDATE "Shop Floor"."Order Line" SET "Line Id" = 1 WHERE "Line Id" = 2"#;
    let text = database.violation(update);
    database.execute(MOVED);
    database.explain(&format!("{text}STATEMENT:  {update}\n"), 0).expect("genuine_duplicate");
}

#[test]
fn a_row_that_is_deleted_since_is_gone() {
    let database = Database::with_setup(BEHIND);
    database.execute(MOVED);
    let text = database.violation(r#"INSERT INTO "Shop Floor"."Order Line" VALUES (2)"#);
    database.execute(r#"DELETE FROM "Shop Floor"."Order Line" WHERE "Line Id" = 2"#);
    let explained = database.explain(&text, 0).expect("gone");
    assert_eq!(explained.json["row"]["stored"], false);
}

#[test]
fn a_row_whose_writer_was_rolled_back_is_gone() {
    let database = Database::with_setup(r#"CREATE TABLE "Tag" ("Word" text PRIMARY KEY)"#);
    let text = database.violation(r#"INSERT INTO "Tag" VALUES ('x'); INSERT INTO "Tag" VALUES ('x')"#);
    database.explain(&text, 0).expect("gone");
}

#[test]
fn a_key_of_tenant_and_id_is_mixed() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Line" ("Tenant" int, id serial, PRIMARY KEY ("Tenant", id)); INSERT INTO "Line" VALUES (7, 1), (7, 2)"#,
    );
    let insert = r#"INSERT INTO "Line" ("Tenant") VALUES (7)"#;
    let text = database.violation(insert);
    let explained = database.explain(&text, 1).expect("mixed");
    assert!(explained.facts().contains(r#""Tenant" comes with the INSERT"#), "{}", explained.facts());
    database.run_printed(explained.text("/next_command")).expect_status(0);
    database.execute(insert);
    database.explain(&text, 0).expect("mixed");
}

#[test]
fn a_partition_key_beside_the_id_makes_it_mixed() {
    if support::server_version() < 110_000 {
        return;
    }
    let database = Database::with_setup(
        r#"CREATE TABLE "Event" (id bigserial, "Region" text, PRIMARY KEY (id, "Region")) PARTITION BY LIST ("Region");
           CREATE TABLE "Event North" PARTITION OF "Event" FOR VALUES IN ('north, or "up"');
           INSERT INTO "Event" VALUES (1, 'north, or "up"'), (2, 'north, or "up"')"#,
    );
    let insert = r#"INSERT INTO "Event" ("Region") VALUES ('north, or "up"')"#;
    let explained = database.explain(&database.violation(insert), 1).expect("mixed");
    assert_eq!(explained.text("/index/table"), "Event");
    assert_eq!(explained.text("/index/partition"), r#"public."Event North""#);
    assert_eq!(explained.json["row"]["stored"], true);
    database.run_printed(explained.text("/next_command")).expect_status(0);
    database.execute(insert);
}

#[test]
fn without_a_detail_a_sequence_that_is_past_decides_nothing() {
    let database = Database::with_setup(BEHIND);
    let text = as_psql_prints(&database.error(INSERT)).lines().next().expect("a line").to_owned();
    database.execute(MOVED);
    let explained = database.explain(&text, 0).expect("undetermined");
    assert!(explained.facts().contains("no DETAIL"), "{}", explained.facts());
    assert_eq!(explained.json["row"]["stored"], serde_json::Value::Null);
}

#[test]
fn without_a_detail_a_sequence_that_is_behind_is_the_likely_cause() {
    let database = Database::with_setup(BEHIND);
    let text = as_psql_prints(&database.error(INSERT)).lines().next().expect("a line").to_owned();
    database.explain(&text, 1).expect("sequence_behind");
}

#[test]
fn a_trigger_that_calls_nextval_leaves_it_undetermined() {
    let database = Database::with_setup(
        r#"CREATE SEQUENCE "Key Seq"; CREATE TABLE "Old Style" ("Key" bigint PRIMARY KEY);
           CREATE FUNCTION "Fill In"() RETURNS trigger LANGUAGE plpgsql AS
               $$BEGIN new."Key" := nextval('"Key Seq"'); RETURN new; END$$;
           INSERT INTO "Old Style" VALUES (1);
           CREATE TRIGGER fill BEFORE INSERT ON "Old Style" FOR EACH ROW EXECUTE PROCEDURE "Fill In"()"#,
    );
    let text = database.violation(r#"INSERT INTO "Old Style" DEFAULT VALUES"#);
    let explained = database.explain(&text, 0).expect("undetermined");
    assert!(explained.facts().contains("Fill In") && explained.facts().contains("Key Seq"), "{}", explained.facts());
}

#[test]
fn a_sequence_that_hibernate_calls_itself_is_suspected_until_it_is_linked() {
    let database = Database::with_setup(
        "CREATE SEQUENCE users_seq INCREMENT 50; CREATE TABLE users (id bigint PRIMARY KEY, name text);
         INSERT INTO users SELECT generate_series(1, 60)",
    );
    let text = database.violation("INSERT INTO users VALUES (nextval('users_seq'), 'x')");
    let explained = database.explain(&text, 0).expect("undetermined");
    assert!(explained.facts().contains("users_seq"), "{}", explained.facts());
    let hints = explained.hints();
    let link = hints.split("if it does: ").nth(1).and_then(|rest| rest.split(';').next()).expect("a statement");
    database.execute(link);
    let explained = database.explain(&text, 1).expect("sequence_behind");
    database.run_printed(explained.text("/next_command")).expect_status(0);
    database.execute("INSERT INTO users VALUES (nextval('users_seq'), 'x')");
}

#[test]
fn the_row_is_printed_where_it_is_asked_for() {
    let database = Database::with_setup(BEHIND);
    let text = database.violation(INSERT);
    let explained = database.explain_with(&["--show-row"], &text, 1);
    assert_eq!(explained.text("/row/content/Note"), "Secret 1");
    assert_eq!(explained.json["row"]["content"]["Line Id"], 1);
    assert!(explained.screen.contains("Secret 1"), "{}", explained.screen);
    assert!(!explained.screen.contains("Secret 2"), "{}", explained.screen);
}

#[test]
fn without_being_asked_no_data_of_other_columns_is_printed() {
    let database = Database::with_setup(BEHIND);
    let text = database.violation(INSERT);
    for format in ["table", "json"] {
        for level in ["off", "trace"] {
            let mut command = database.pgseqfix();
            command.env("RUST_LOG", level).args(["explain", "--format", format, "--lang", "python", &text]);
            let run = support::Run::of(&mut command).expect_status(1);
            assert!(!format!("{run:?}").contains("Secret"), "{run:#?}");
        }
    }
}

#[test]
fn a_role_that_may_not_read_the_table_is_told_what_it_needs() {
    let role = role_name();
    let database = Database::with_setup(BEHIND);
    database.execute(&format!(
        r#"CREATE ROLE "{role}" LOGIN; GRANT USAGE ON SCHEMA "Shop Floor" TO "{role}";
           GRANT INSERT ON "Shop Floor"."Order Line" TO "{role}";
           GRANT USAGE ON SEQUENCE "Shop Floor"."Order Line_Line Id_seq" TO "{role}""#
    ));
    let hidden = as_psql_prints(&database.error_as(&role, INSERT));
    assert!(!hidden.contains("DETAIL"), "{hidden}");
    let full = database.violation(INSERT);
    for text in [&hidden, &full] {
        let explained = database.explain_with(&["-U", &role], text, 2).expect("undetermined");
        assert!(explained.hints().contains("GRANT SELECT"), "{}\n{}", explained.facts(), explained.hints());
        assert_eq!(explained.json["row"]["stored"], serde_json::Value::Null);
    }
    let grants: Vec<String> = database
        .explain_with(&["-U", &role], &full, 2)
        .hints()
        .lines()
        .filter(|hint| hint.starts_with("GRANT"))
        .map(str::to_owned)
        .collect();
    database.execute(&grants.join(";"));
    for _ in 0..3 {
        let explained = database.run(&["explain", "--format", "json", "-U", &role, &full]);
        if explained.status == 1 {
            assert_eq!(explained.json()["verdict"], "sequence_behind", "{explained:#?}");
            return;
        }
        let evidence = explained.json()["evidence"].clone();
        let hints = evidence.as_array().expect("a list").iter().filter_map(|one| one["hint"].as_str());
        hints.filter(|hint| hint.starts_with("GRANT")).for_each(|grant| database.execute(grant));
    }
    panic!("the grants that are named do not cure it: {}", database.explain(&full, 1).facts());
}

#[test]
fn row_level_security_never_makes_a_row_gone() {
    let role = role_name();
    let database = Database::with_setup(BEHIND);
    database.execute(MOVED);
    database.execute(&format!(
        r#"CREATE ROLE "{role}" LOGIN; GRANT USAGE ON SCHEMA "Shop Floor" TO "{role}";
           GRANT SELECT, INSERT ON "Shop Floor"."Order Line" TO "{role}";
           GRANT SELECT, USAGE ON SEQUENCE "Shop Floor"."Order Line_Line Id_seq" TO "{role}";
           ALTER TABLE "Shop Floor"."Order Line" ADD UNIQUE ("Note"), ENABLE ROW LEVEL SECURITY;
           CREATE POLICY few ON "Shop Floor"."Order Line" USING ("Line Id" < 2)"#
    ));
    let by_id = database.violation(r#"INSERT INTO "Shop Floor"."Order Line" VALUES (3)"#);
    let explained = database.explain_with(&["-U", &role], &by_id, 2).expect("undetermined");
    assert_eq!(explained.json["row"]["stored"], serde_json::Value::Null);
    assert!(explained.facts().contains("row-level security"), "{}", explained.facts());

    let by_note = database.violation(r#"INSERT INTO "Shop Floor"."Order Line" ("Note") VALUES ('Secret 3')"#);
    let run = database.run(&["explain", "--format", "json", "-U", &role, &by_note]).json();
    assert_eq!(run["row"]["stored"], serde_json::Value::Null, "{run:#}");
    assert_ne!(run["verdict"], "gone", "{run:#}");
}

#[test]
fn a_sequence_that_may_not_be_read_leaves_it_undetermined() {
    let role = role_name();
    let database = Database::with_setup(BEHIND);
    database.execute(&format!(
        r#"CREATE ROLE "{role}" LOGIN; GRANT USAGE ON SCHEMA "Shop Floor" TO "{role}";
           GRANT SELECT, INSERT ON "Shop Floor"."Order Line" TO "{role}""#
    ));
    let text = database.violation(INSERT);
    let explained = database.explain_with(&["-U", &role], &text, 2).expect("undetermined");
    assert_eq!(explained.json["row"]["stored"], true);
    assert!(explained.hints().contains("GRANT SELECT ON SEQUENCE"), "{}", explained.hints());
}
