//! Columns of every type that holds whole numbers.

mod support;

use support::{Database, server_version};

#[test]
fn a_domain_over_an_integer_is_compared_as_the_integer() {
    let db = Database::with_setup(
        r#"CREATE DOMAIN "Positive" AS int CHECK (VALUE > 0);
           CREATE DOMAIN "Order Id" AS "Positive" NOT NULL;
           CREATE SEQUENCE s1; CREATE SEQUENCE s2;
           CREATE TABLE "One" (id "Positive" PRIMARY KEY DEFAULT nextval('s1'));
           CREATE TABLE "Two" (id "Order Id" PRIMARY KEY DEFAULT nextval('s2')::int);
           INSERT INTO "One" VALUES (1), (2); INSERT INTO "Two" VALUES (1), (8)"#,
    );
    assert_eq!(db.scan(1).sequence("s2")["columns"][0]["type"], r#"public."Order Id""#);
    db.assert_repaired(
        &["s1", "s2"],
        &[
            (r#"INSERT INTO "One" DEFAULT VALUES RETURNING id"#, 3),
            (r#"INSERT INTO "Two" DEFAULT VALUES RETURNING id"#, 9),
        ],
    );
}

#[test]
fn a_domain_narrows_the_limit_as_its_base_type_does() {
    let db = Database::with_setup(
        r#"CREATE DOMAIN "Tiny" AS smallint; CREATE DOMAIN "Tinier" AS "Tiny"; CREATE SEQUENCE s;
           CREATE TABLE "Narrow" (id "Tinier" PRIMARY KEY DEFAULT nextval('s'));
           INSERT INTO "Narrow" SELECT generate_series(32760, 32767); SELECT setval('s', 32759)"#,
    );
    let before = db.sequence_states();
    let report = db.scan(1);
    assert_eq!(report.sequence("s")["status"], "exhausted", "{:#}", report.sequence("s"));
    db.fix_as("postgres", 1);
    assert_eq!(db.sequence_states(), before);
}

#[test]
fn an_int_column_under_a_bigint_sequence_ends_where_the_column_ends() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE big; CREATE TABLE "Short" (id int PRIMARY KEY DEFAULT nextval('big'));
           INSERT INTO "Short" SELECT generate_series(2147483600, 2147483647); SELECT setval('big', 2147483599)"#,
    );
    let before = db.sequence_states();
    let found = db.scan(1);
    let found = found.sequence("big");
    assert_eq!(found["status"], "exhausted", "{found:#}");
    let hint = found["hint"].as_str().expect("a way out");
    assert!(hint.contains(r#"ALTER TABLE public."Short" ALTER COLUMN id TYPE bigint"#), "{hint}");
    db.fix_as("postgres", 1);
    assert_eq!(db.sequence_states(), before);
}

#[test]
fn an_int_column_under_a_bigint_sequence_is_repaired_while_room_is_left() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE big; CREATE TABLE "Short" (id int PRIMARY KEY DEFAULT nextval('big'));
           INSERT INTO "Short" SELECT generate_series(2147483600, 2147483646); SELECT setval('big', 2147483599)"#,
    );
    db.assert_repaired(&["big"], &[(r#"INSERT INTO "Short" DEFAULT VALUES RETURNING id"#, 2_147_483_647)]);
}

#[test]
fn values_of_a_wider_column_past_the_sequences_end_are_out_of_its_reach() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Wide" (id serial PRIMARY KEY); ALTER TABLE "Wide" ALTER id TYPE bigint;
           INSERT INTO "Wide" VALUES (1), (2), (9223372036854775807)"#,
    );
    db.assert_repaired(&["Wide_id_seq"], &[(r#"INSERT INTO "Wide" DEFAULT VALUES RETURNING id"#, 3)]);
}

#[test]
fn a_numeric_column_with_fractions_is_repaired_to_the_next_whole_number() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE s; CREATE TABLE "Decimal" (id numeric PRIMARY KEY DEFAULT nextval('s'));
           INSERT INTO "Decimal" VALUES (1), (2.5), (9.75), ('NaN')"#,
    );
    if server_version() >= 140_000 {
        db.execute(r#"INSERT INTO "Decimal" VALUES ('Infinity'), ('-Infinity')"#);
    }
    let found = db.scan(1);
    assert_eq!(found.sequence("s")["next_collision"], 1);
    assert_eq!(found.sequence("s")["colliding_calls"], 1);
    db.assert_repaired(&["s"], &[(r#"INSERT INTO "Decimal" DEFAULT VALUES RETURNING id"#, 10)]);
}

#[test]
fn a_numeric_column_of_fractions_alone_collides_with_nothing() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE s; CREATE TABLE "Fractions" (id numeric PRIMARY KEY DEFAULT nextval('s'));
           INSERT INTO "Fractions" VALUES (1.5), (2.5), ('NaN')"#,
    );
    assert_eq!(db.assert_nothing_to_do().sequence("s")["status"], "in_sync");
}

#[test]
fn a_numeric_column_with_values_beyond_bigint_is_repaired_below_them() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE s; CREATE TABLE "Huge" (id numeric(40,0) PRIMARY KEY DEFAULT nextval('s'));
           INSERT INTO "Huge" VALUES (1), (2), (1e30), (-1e30)"#,
    );
    db.assert_repaired(&["s"], &[(r#"INSERT INTO "Huge" DEFAULT VALUES RETURNING id"#, 3)]);
}

#[test]
fn a_numeric_columns_precision_is_its_limit() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE s; CREATE TABLE "Three Digits" (id numeric(5,2) PRIMARY KEY DEFAULT nextval('s'));
           INSERT INTO "Three Digits" SELECT generate_series(990, 999); SELECT setval('s', 989)"#,
    );
    assert_eq!(db.scan(1).sequence("s")["status"], "exhausted");
    db.execute(r#"DELETE FROM "Three Digits" WHERE id = 999"#);
    db.assert_repaired(&["s"], &[(r#"INSERT INTO "Three Digits" DEFAULT VALUES RETURNING id::int"#, 999)]);
}

#[test]
fn a_descending_sequence_over_numeric_fractions_goes_below_them() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE s INCREMENT -1; CREATE TABLE "Down" (id numeric PRIMARY KEY DEFAULT nextval('s'));
           INSERT INTO "Down" VALUES (-1), (-2.5), ('NaN')"#,
    );
    db.assert_repaired(&["s"], &[(r#"INSERT INTO "Down" DEFAULT VALUES RETURNING id"#, -3)]);
}

#[test]
fn a_default_with_an_explicit_cast_is_as_good_as_one_without() {
    let db = Database::with_setup(
        r#"CREATE DOMAIN "Odd :: ('type" AS bigint;
           CREATE SEQUENCE s1; CREATE SEQUENCE s2; CREATE SEQUENCE s3; CREATE SEQUENCE s4;
           CREATE TABLE "A" (id int PRIMARY KEY DEFAULT nextval('s1')::int);
           CREATE TABLE "B" (id bigint PRIMARY KEY DEFAULT (nextval('s2')::int)::bigint);
           CREATE TABLE "C" (id "Odd :: ('type" PRIMARY KEY DEFAULT nextval('s3')::"Odd :: ('type");
           CREATE TABLE "D" (id numeric(9,2) PRIMARY KEY DEFAULT nextval('s4')::numeric(9,2));
           INSERT INTO "A" VALUES (1); INSERT INTO "B" VALUES (1); INSERT INTO "C" VALUES (1); INSERT INTO "D" VALUES (1)"#,
    );
    db.assert_repaired(
        &["s1", "s2", "s3", "s4"],
        &[
            (r#"INSERT INTO "A" DEFAULT VALUES RETURNING id"#, 2),
            (r#"INSERT INTO "B" DEFAULT VALUES RETURNING id"#, 2),
            (r#"INSERT INTO "C" DEFAULT VALUES RETURNING id"#, 2),
            (r#"INSERT INTO "D" DEFAULT VALUES RETURNING id::int"#, 2),
        ],
    );
}

#[test]
fn an_own_type_called_bigint_is_not_taken_for_the_servers() {
    let db = Database::with_setup(
        r#"CREATE SCHEMA "Mine"; CREATE DOMAIN "Mine"."bigint" AS text; CREATE SEQUENCE s;
           CREATE TABLE "Trap" (id "Mine"."bigint" PRIMARY KEY DEFAULT nextval('s')::text);
           INSERT INTO "Trap" VALUES ('1'), ('9')"#,
    );
    db.assert_left_alone("s", "not_comparable", r#"public."Trap".id"#);
}
