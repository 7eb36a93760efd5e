//! What `pg_depend` does not tell: names that are looked up at each call, and oids that occur in two catalogs.

mod support;

use support::Database;

#[test]
fn a_default_that_looks_its_name_up_at_each_call_is_resolved() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE old_style; CREATE SEQUENCE "Old Style 2"; CREATE SEQUENCE old_style_3;
           CREATE TABLE "One" (id int PRIMARY KEY DEFAULT nextval('Old_Style'::text));
           CREATE TABLE "Two" (id int PRIMARY KEY DEFAULT nextval(('public."Old Style 2"'::text)::regclass));
           CREATE TABLE "Three" (id int PRIMARY KEY DEFAULT nextval('old_style_3'::varchar));
           INSERT INTO "One" VALUES (1); INSERT INTO "Two" VALUES (2), (1); INSERT INTO "Three" VALUES (1)"#,
    );
    let report = db.scan(1);
    assert_eq!(report.columns("old_style"), ["public.One.id default counts"]);
    assert_eq!(report.at("/warnings"), &serde_json::json!([]));
    db.assert_repaired(
        &["old_style", "Old Style 2", "old_style_3"],
        &[
            (r#"INSERT INTO "One" DEFAULT VALUES RETURNING id"#, 2),
            (r#"INSERT INTO "Two" DEFAULT VALUES RETURNING id"#, 3),
            (r#"INSERT INTO "Three" DEFAULT VALUES RETURNING id"#, 2),
        ],
    );
}

#[test]
fn an_owned_column_whose_default_looks_the_name_up_is_resolved_too() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Owned" (id serial PRIMARY KEY);
           ALTER TABLE "Owned" ALTER id SET DEFAULT nextval('"Owned_id_seq"'::text);
           INSERT INTO "Owned" VALUES (1), (2)"#,
    );
    assert_eq!(db.scan(1).columns("Owned_id_seq"), ["public.Owned.id owned counts"]);
    db.assert_repaired(&["Owned_id_seq"], &[(r#"INSERT INTO "Owned" DEFAULT VALUES RETURNING id"#, 3)]);
}

#[test]
fn a_name_with_its_schema_is_resolved_although_another_schema_has_it_too() {
    let db = Database::with_setup(
        r#"CREATE SCHEMA "North"; CREATE SCHEMA "South";
           CREATE SEQUENCE "North".ids; CREATE SEQUENCE "South".ids;
           CREATE TABLE "Bird" (id int PRIMARY KEY DEFAULT nextval('"South".ids'::text));
           INSERT INTO "Bird" VALUES (1), (2)"#,
    );
    assert_eq!(db.scan(1).behind().into_iter().collect::<Vec<_>>(), ["ids"]);
    db.fix_as("postgres", 0);
    let states = db.sequence_states();
    assert_eq!((states[r#""North".ids"#], states[r#""South".ids"#]), ((1, false), (2, true)));
    db.assert_draws(r#"INSERT INTO "Bird" DEFAULT VALUES RETURNING id"#, 3);
}

#[test]
fn a_bare_name_that_two_schemas_have_is_reported_and_neither_is_moved() {
    let db = Database::with_setup(
        r#"CREATE SCHEMA "North"; CREATE SCHEMA "South";
           CREATE SEQUENCE "North".ids; CREATE SEQUENCE "South".ids;
           CREATE TABLE "Bird" (id int PRIMARY KEY DEFAULT nextval('ids'::text));
           INSERT INTO "Bird" VALUES (1), (2)"#,
    );
    let report = db.assert_nothing_to_do();
    for sequence in report.sequences() {
        assert_eq!(sequence["status"], "not_comparable", "{sequence:#}");
        let reason = sequence["reason"].as_str().expect("a reason");
        assert!(reason.contains(r#"public."Bird".id"#) && reason.contains("ids"), "{reason}");
    }
    assert_eq!(report.sequences().count(), 2);
}

#[test]
fn a_name_that_nobody_has_and_a_name_made_at_run_time_are_warned_of_with_their_columns() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE s;
           CREATE TABLE "Gone" (id int DEFAULT nextval('never_was'::text));
           CREATE TABLE "Guess" (id int DEFAULT nextval(current_setting('app.sequence')::regclass))"#,
    );
    let report = db.assert_nothing_to_do();
    let warnings = report.at("/warnings").to_string();
    assert!(warnings.contains("Gone") && warnings.contains("never_was"), "{warnings}");
    assert!(warnings.contains("Guess") && warnings.contains("current_setting"), "{warnings}");
    let run = db.run(&[]);
    assert!(run.stderr.contains("never_was") || run.stdout.contains("never_was"), "{run:#?}");
}

#[test]
fn a_looked_up_name_means_the_sequence_that_has_it_now() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE ticket_ids;
           CREATE TABLE "Ticket" (id int PRIMARY KEY DEFAULT nextval('ticket_ids'::text));
           ALTER SEQUENCE ticket_ids RENAME TO retired_ids;
           CREATE SEQUENCE ticket_ids;
           INSERT INTO "Ticket" VALUES (1), (2)"#,
    );
    db.assert_repaired(&["ticket_ids"], &[(r#"INSERT INTO "Ticket" DEFAULT VALUES RETURNING id"#, 3)]);
}

#[test]
fn a_looked_up_name_may_hold_quotes_dots_and_backslashes() {
    let db = Database::with_setup(
        r#"CREATE SCHEMA "a.b"; CREATE SEQUENCE "a.b"."It's \ ""so"".";
           CREATE TABLE "Odd" (id int PRIMARY KEY DEFAULT nextval('"a.b"."It''s \ ""so""."'::text));
           INSERT INTO "Odd" VALUES (1), (2)"#,
    );
    db.assert_repaired(&[r#"It's \ "so"."#], &[(r#"INSERT INTO "Odd" DEFAULT VALUES RETURNING id"#, 3)]);
}

#[test]
fn a_looked_up_name_counts_beside_a_table_that_draws_from_the_sequence_by_oid() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Main" (id serial PRIMARY KEY);
           CREATE TABLE "Side" (id int PRIMARY KEY DEFAULT nextval('"Main_id_seq"'::text));
           INSERT INTO "Main" SELECT nextval('"Main_id_seq"') FROM generate_series(1, 3);
           INSERT INTO "Side" SELECT generate_series(1, 9)"#,
    );
    db.assert_repaired(&["Main_id_seq"], &[(r#"INSERT INTO "Side" DEFAULT VALUES RETURNING id"#, 10)]);
}

#[test]
fn a_looked_up_name_in_a_partitioned_table_is_read_over_the_whole_tree() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE tree_ids;
           CREATE TABLE "Tree" (id int DEFAULT nextval('tree_ids'::text), part int) PARTITION BY LIST (part);
           CREATE TABLE "Leaf One" PARTITION OF "Tree" FOR VALUES IN (1);
           CREATE TABLE "Leaf Two" PARTITION OF "Tree" FOR VALUES IN (2);
           INSERT INTO "Tree" VALUES (1, 1), (6, 2)"#,
    );
    db.assert_repaired(&["tree_ids"], &[(r#"INSERT INTO "Tree" (part) VALUES (1) RETURNING id"#, 7)]);
}

#[test]
fn a_name_in_two_schemas_is_settled_by_the_ownership_of_neither() {
    let db = Database::with_setup(
        r#"CREATE SCHEMA "Tenant";
           CREATE TABLE item (id serial PRIMARY KEY); CREATE TABLE "Tenant".item (id serial PRIMARY KEY);
           ALTER TABLE item ALTER id SET DEFAULT nextval('item_id_seq'::text);
           INSERT INTO item VALUES (1), (2); INSERT INTO "Tenant".item VALUES (1), (2), (3)"#,
    );
    let found = db.scan(1);
    let status = |schema: &str| {
        let of_schema = |one: &&serde_json::Value| one["schema"] == schema;
        found.sequences().find(of_schema).expect("one in each schema")["status"].clone()
    };
    assert_eq!((status("Tenant"), status("public")), ("behind".into(), "not_comparable".into()));
    db.fix_as("postgres", 0);
    db.assert_draws(r#"INSERT INTO "Tenant".item DEFAULT VALUES RETURNING id"#, 4);
}

#[test]
fn a_database_that_quotes_all_identifiers_is_read_as_any_other() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Quoted" (id serial PRIMARY KEY); CREATE SEQUENCE by_name;
           CREATE TABLE "By Name" (id int PRIMARY KEY DEFAULT nextval('by_name'::text));
           CREATE TABLE "Cast" (id int PRIMARY KEY DEFAULT nextval('by_name')::int);
           INSERT INTO "Quoted" VALUES (1), (2); INSERT INTO "By Name" VALUES (1), (2)"#,
    );
    db.execute(&format!("ALTER DATABASE \"{}\" SET quote_all_identifiers = on", db.name()));
    db.assert_repaired(
        &["Quoted_id_seq", "by_name"],
        &[
            (r#"INSERT INTO "Quoted" DEFAULT VALUES RETURNING id"#, 3),
            (r#"INSERT INTO "By Name" DEFAULT VALUES RETURNING id"#, 3),
        ],
    );
}

#[test]
fn an_oid_that_occurs_in_two_catalogs_links_nothing() {
    // As if a function, and a function's default, had the same oids as the sequence and the table.
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "Twin"; CREATE TABLE "Innocent" (id int PRIMARY KEY DEFAULT 7); INSERT INTO "Innocent" VALUES (50);
           INSERT INTO pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype) VALUES
           ('pg_proc'::regclass, '"Twin"'::regclass, 0, 'pg_class'::regclass, '"Innocent"'::regclass, 1, 'a'),
           ('pg_class'::regclass, '"Twin"'::regclass, 0, 'pg_proc'::regclass, '"Innocent"'::regclass, 1, 'a'),
           ('pg_proc'::regclass, '"Twin"'::regclass, 0, 'pg_class'::regclass, '"Innocent"'::regclass, 1, 'i'),
           ('pg_proc'::regclass, (SELECT oid FROM pg_attrdef WHERE adrelid = '"Innocent"'::regclass), 0,
            'pg_class'::regclass, '"Twin"'::regclass, 0, 'n'),
           ('pg_attrdef'::regclass, (SELECT oid FROM pg_attrdef WHERE adrelid = '"Innocent"'::regclass), 0,
            'pg_proc'::regclass, '"Twin"'::regclass, 0, 'n'),
           ('pg_proc'::regclass, '"Twin"'::regclass, 0, 'pg_extension'::regclass, 1, 0, 'e')"#,
    );
    let report = db.assert_nothing_to_do();
    assert_eq!(report.sequence("Twin")["status"], "unlinked");
    assert_eq!(report.at("/excluded/extension"), 0);
}
