//! What is left alone, and named with the reason.

mod support;

use support::{Database, server_version};

#[test]
fn a_default_that_is_more_than_nextval_is_left_alone() {
    for (column, default) in [
        ("bigint", "nextval('s') * 1000"),
        ("text", "'INV-' || nextval('s')"),
        ("int", "coalesce(nextval('s'), 1)"),
        ("bigint", "nextval('s') + nextval('s')"),
        ("bigint", "-nextval('s')"),
        ("int", "CASE WHEN current_user = 'x' THEN nextval('s') ELSE 0 END"),
    ] {
        let db = Database::with_setup(&format!(
            r#"CREATE SEQUENCE s; CREATE TABLE "More" (id {column} PRIMARY KEY DEFAULT {default});
               INSERT INTO "More" VALUES ('1'), ('5000')"#
        ));
        db.assert_left_alone("s", "not_comparable", r#"public."More".id is more than a plain nextval"#);
    }
}

#[test]
fn a_column_beside_that_does_more_does_not_keep_the_key_from_its_repair() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Invoice" (id serial PRIMARY KEY, code text DEFAULT 'INV-' || nextval('"Invoice_id_seq"'));
           INSERT INTO "Invoice" VALUES (1), (2), (3); SELECT setval('"Invoice_id_seq"', 1, false)"#,
    );
    db.assert_repaired(&["Invoice_id_seq"], &[]);
    db.execute(r#"INSERT INTO "Invoice" DEFAULT VALUES"#);
}

#[test]
fn a_default_that_only_reads_the_sequence_does_not_draw_from_it() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Node" (id serial PRIMARY KEY, root int DEFAULT currval('"Node_id_seq"'));
           INSERT INTO "Node" VALUES (1, 1), (2, 900)"#,
    );
    db.assert_repaired(&["Node_id_seq"], &[(r#"INSERT INTO "Node" DEFAULT VALUES RETURNING root"#, 3)]);
    let report = db.scan(0);
    assert_eq!(report.sequence("Node_id_seq")["status"], "in_sync", "{:#}", report.sequence("Node_id_seq"));
}

#[test]
fn a_users_function_as_default_is_left_alone_and_named() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "Hidden Seq";
           CREATE FUNCTION "Next Id"() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('"Hidden Seq"') $$;
           CREATE TABLE "By Function" (id bigint PRIMARY KEY DEFAULT "Next Id"());
           INSERT INTO "By Function" VALUES (1), (2)"#,
    );
    let report = db.assert_left_alone("Hidden Seq", "unlinked", r#"function public."Next Id"()"#);
    let caller = &report.sequence("Hidden Seq")["callers"][0];
    assert_eq!(caller["reached_by"][0], r#"default of public."By Function".id"#);
}

#[test]
fn an_owned_sequence_behind_a_users_function_is_left_alone_and_both_are_named() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Owner" (id serial PRIMARY KEY);
           CREATE FUNCTION next_owner() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('"Owner_id_seq"') * 10 $$;
           ALTER TABLE "Owner" ALTER id SET DEFAULT next_owner();
           INSERT INTO "Owner" VALUES (10), (20)"#,
    );
    let report = db.assert_left_alone("Owner_id_seq", "not_comparable", "next_owner()");
    assert_eq!(report.sequence("Owner_id_seq")["callers"][0]["name"], "function public.next_owner()");
}

#[test]
fn another_schemas_nextval_is_left_alone() {
    let db = Database::with_setup(
        r#"CREATE SCHEMA snowflake; CREATE SEQUENCE s;
           CREATE FUNCTION snowflake.nextval(regclass) RETURNS bigint LANGUAGE sql AS $$ SELECT 4711 + pg_catalog.nextval($1) $$;
           CREATE TABLE "Flake" (id bigint PRIMARY KEY DEFAULT snowflake.nextval('s'));
           INSERT INTO "Flake" VALUES (1), (2)"#,
    );
    db.assert_left_alone("s", "not_comparable", "snowflake.nextval(");
}

#[test]
fn a_nextval_that_hides_the_servers_on_the_search_path_is_left_alone() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE s;
           CREATE FUNCTION public.nextval(regclass) RETURNS bigint LANGUAGE sql AS $$ SELECT 4711 + pg_catalog.nextval($1) $$;
           CREATE TABLE "Flake" (id bigint PRIMARY KEY DEFAULT public.nextval('s'));
           INSERT INTO "Flake" VALUES (1), (2)"#,
    );
    db.execute(&format!("ALTER DATABASE \"{}\" SET search_path = public, pg_catalog", db.name()));
    db.assert_left_alone("s", "not_comparable", "public.nextval(");
}

#[test]
fn a_views_default_alone_is_left_alone() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "View Seq"; CREATE TABLE "Behind It" (id int PRIMARY KEY); INSERT INTO "Behind It" VALUES (1), (2);
           CREATE VIEW "Front" AS SELECT id FROM "Behind It";
           ALTER VIEW "Front" ALTER id SET DEFAULT nextval('"View Seq"')"#,
    );
    db.assert_left_alone("View Seq", "not_comparable", r#"public."Front".id is a view's column"#);
}

#[test]
fn a_views_default_beside_its_tables_does_not_stand_in_the_way() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Behind It" (id serial PRIMARY KEY); INSERT INTO "Behind It" VALUES (1), (2);
           CREATE VIEW "Front" AS SELECT id FROM "Behind It";
           ALTER VIEW "Front" ALTER id SET DEFAULT nextval('"Behind It_id_seq"')"#,
    );
    db.assert_repaired(&["Behind It_id_seq"], &[(r#"INSERT INTO "Front" DEFAULT VALUES RETURNING id"#, 3)]);
}

#[test]
fn a_trigger_that_assigns_the_id_is_named_with_its_function_and_table() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "Trigger Seq"; CREATE TABLE "Assigned" (id int PRIMARY KEY);
           CREATE FUNCTION assign() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN NEW.id := nextval('public."Trigger Seq"'); RETURN NEW; END $$;
           CREATE TRIGGER t BEFORE INSERT ON "Assigned" FOR EACH ROW EXECUTE PROCEDURE assign();
           INSERT INTO "Assigned" VALUES (9); SELECT setval('"Trigger Seq"', 5); INSERT INTO "Assigned" VALUES (0)"#,
    );
    let report = db.assert_left_alone("Trigger Seq", "unlinked", "function public.assign()");
    assert_eq!(report.sequence("Trigger Seq")["callers"][0]["reached_by"][0], r#"trigger on public."Assigned""#);
}

#[test]
fn a_function_that_inserts_with_nextval_is_named() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "Called Seq"; CREATE TABLE "Filled" (id int PRIMARY KEY);
           CREATE FUNCTION fill(n int) RETURNS void LANGUAGE plpgsql AS
           $$ BEGIN INSERT INTO "Filled" VALUES (NEXTVAL ( '"Called Seq"' :: regclass )); END $$"#,
    );
    db.assert_left_alone("Called Seq", "unlinked", "function public.fill(n integer)");
}

#[test]
fn a_function_with_a_parsed_body_is_named() {
    if server_version() < 140_000 {
        return;
    }
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "Atomic Seq";
           CREATE FUNCTION atomic() RETURNS bigint BEGIN ATOMIC SELECT nextval('"Atomic Seq"'); END"#,
    );
    db.assert_left_alone("Atomic Seq", "unlinked", "function public.atomic()");
}

#[test]
fn a_rule_that_draws_is_named() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "Rule Seq"; CREATE TABLE "Source" (x int); CREATE TABLE "Audit" (id int, x int);
           CREATE RULE log AS ON INSERT TO "Source" DO ALSO INSERT INTO "Audit" VALUES (nextval('"Rule Seq"'), NEW.x)"#,
    );
    db.assert_left_alone("Rule Seq", "unlinked", r#"rule of public."Source""#);
}

#[test]
fn a_view_that_draws_is_named_and_one_that_only_reads_the_state_is_not() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "Drawn"; CREATE SEQUENCE "Watched";
           CREATE VIEW "Draws" AS SELECT nextval('"Drawn"') AS n;
           CREATE VIEW "Watches" AS SELECT last_value FROM "Watched""#,
    );
    let report = db.assert_left_alone("Drawn", "unlinked", r#"view public."Draws""#);
    let watched = report.sequence("Watched");
    assert_eq!(watched["callers"], serde_json::json!([]), "{watched:#}");
}

#[test]
fn of_two_sequences_owned_by_one_column_the_one_in_the_default_counts_and_the_other_is_named() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Two Owned" (id serial PRIMARY KEY); CREATE SEQUENCE "Left Over";
           ALTER SEQUENCE "Left Over" OWNED BY "Two Owned".id;
           INSERT INTO "Two Owned" VALUES (1), (2)"#,
    );
    let reason = db.scan(1).sequence("Left Over")["reason"].to_string();
    assert!(reason.contains("does not draw from it"), "{reason}");
    db.assert_repaired(&["Two Owned_id_seq"], &[(r#"INSERT INTO "Two Owned" DEFAULT VALUES RETURNING id"#, 3)]);
    db.assert_left_alone("Left Over", "not_comparable", "does not draw from it");
}

#[test]
fn a_sequence_owned_by_an_identity_column_beside_its_own_is_named_and_not_moved() {
    // Before 13 the server itself refuses every INSERT into such a table: "more than one owned sequence found".
    if support::server_version() < 130_000 {
        return;
    }
    let db = Database::with_setup(
        r#"CREATE TABLE "Migrated" (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY); CREATE SEQUENCE "Old Serial";
           ALTER SEQUENCE "Old Serial" OWNED BY "Migrated".id;
           INSERT INTO "Migrated" VALUES (1), (2)"#,
    );
    db.assert_repaired(&["Migrated_id_seq"], &[(r#"INSERT INTO "Migrated" DEFAULT VALUES RETURNING id"#, 3)]);
    db.assert_left_alone("Old Serial", "not_comparable", "does not draw from it");
}

#[test]
fn text_and_varchar_ids_are_left_alone() {
    for column in ["text", "varchar(20)", "char(9)", "double precision", "oid"] {
        let db = Database::with_setup(&format!(
            r#"CREATE SEQUENCE s; CREATE TABLE "Letters" (id {column} DEFAULT nextval('s'));
               INSERT INTO "Letters" VALUES ('9'), ('10')"#
        ));
        db.assert_left_alone("s", "not_comparable", r#"public."Letters".id is "#);
    }
}

#[test]
fn a_text_column_beside_an_integer_one_does_not_keep_it_from_its_repair() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Key" (id serial PRIMARY KEY); INSERT INTO "Key" VALUES (1), (2);
           CREATE TABLE "Letters" (id text DEFAULT nextval('"Key_id_seq"'))"#,
    );
    db.assert_repaired(&["Key_id_seq"], &[(r#"INSERT INTO "Key" DEFAULT VALUES RETURNING id"#, 3)]);
    db.assert_left_alone("Key_id_seq", "not_comparable", r#"public."Letters".id is text"#);
}

#[test]
fn a_cycling_sequence_is_left_alone() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "Round Robin" MAXVALUE 10 CYCLE;
           CREATE TABLE "Slot" (id int PRIMARY KEY DEFAULT nextval('"Round Robin"')); INSERT INTO "Slot" VALUES (1), (2)"#,
    );
    db.assert_left_alone("Round Robin", "cycling", "CYCLE");
}

#[test]
fn a_sequence_that_nobody_uses_is_unlinked_and_stays_off_the_screen() {
    let db = Database::with_setup(r#"CREATE SEQUENCE "Idle One""#);
    assert_eq!(db.assert_nothing_to_do().sequence("Idle One")["status"], "unlinked");
    assert!(!db.run(&[]).expect_status(0).stdout.contains("Idle One"));
    assert!(db.run(&["-v"]).expect_status(0).stdout.contains("Idle One"));
}
