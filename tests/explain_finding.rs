//! Which index a violation's text means, and whether its row is found there.

mod support;

use serde_json::Value;
use support::violations::{Explained, as_psql_prints, as_psql_prints_verbosely};
use support::{Database, Server, server_version};

/// Where the index was found: `schema.table name`.
fn place(explained: &Explained) -> String {
    let word = |field: &str| explained.text(&format!("/index/{field}")).to_owned();
    format!("{}.{} {}", word("schema"), word("table"), word("name"))
}

/// The two inserts are duplicates of each other, and the row of the first is found by the text of the error.
fn assert_row_is_found(database: &Database, insert: &str) -> Explained {
    database.execute(insert);
    let text = database.violation(insert);
    let explained = database.explain(&text, 0).expect("genuine_duplicate");
    assert_eq!(explained.json["row"]["stored"], true, "{text}\n{}", explained.facts());
    explained
}

/// A table with one key column of each type in turn: the row with its value, written as a literal, is found, and gone once
/// it is deleted.
fn assert_values_are_found(setup: &str, values: &[(&str, &str)]) {
    let database = Database::with_setup(setup);
    for (kind, literal) in values {
        database.execute(&format!(r#"CREATE TABLE "Odd Things" ("The Key" {kind} PRIMARY KEY)"#));
        assert_value_is_found_in(&database, literal);
        database.execute(r#"DROP TABLE "Odd Things""#);
    }
}

fn assert_value_is_found_in(database: &Database, literal: &str) {
    let insert = format!(r#"INSERT INTO "Odd Things" VALUES ({literal})"#);
    database.execute(&insert);
    let text = database.violation(&insert);
    let expect = |verdict, is_stored: bool| {
        let found = database.run(&["explain", "--format", "json", &text]).expect_status(0).json();
        assert_eq!((&found["verdict"], &found["row"]["stored"]), (&verdict, &is_stored.into()), "{text}\n{found:#}");
    };
    expect(Value::from("genuine_duplicate"), true);
    database.execute(r#"DELETE FROM "Odd Things""#);
    expect(Value::from("gone"), false);
}

#[test]
fn the_index_is_found_in_any_schema() {
    let database = Database::with_setup(
        r#"CREATE SCHEMA "Far Off"; CREATE TABLE "Far Off"."A Table" ("Key" text CONSTRAINT "Its Key" UNIQUE)"#,
    );
    let explained = assert_row_is_found(&database, r#"INSERT INTO "Far Off"."A Table" VALUES ('x')"#);
    assert_eq!(place(&explained), "Far Off.A Table Its Key");
    assert_eq!(explained.text("/index/kind"), "unique_constraint");
}

/// The same constraint's name in two schemas and, with another column, on a third table.
const SAME_NAMES: &str = r#"CREATE SCHEMA "North"; CREATE SCHEMA "South"; CREATE SCHEMA "East";
    CREATE TABLE "North"."Town" (id int CONSTRAINT "Town Key" PRIMARY KEY);
    CREATE TABLE "South"."Town" (id int CONSTRAINT "Town Key" PRIMARY KEY);
    CREATE TABLE "East"."Village" ("Name" text CONSTRAINT "Town Key" PRIMARY KEY)"#;

#[test]
fn an_ambiguous_name_lists_all_that_it_may_be() {
    let database = Database::with_setup(SAME_NAMES);
    let text = "duplicate key value violates unique constraint \"Town Key\"";
    let explained = database.explain(text, 2);
    assert_eq!(
        explained.candidates(),
        ["East.Village Town Key", "North.Town Town Key", "South.Town Town Key"],
        "{:#}",
        explained.json
    );
    assert!(explained.json["index"].is_null() && explained.json["verdict"].is_null(), "{:#}", explained.json);
    for words in ["-n SCHEMA or -t TABLE", r#""North"."Town""#, r#""South"."Town""#, r#""East"."Village""#] {
        assert!(explained.screen.contains(words), "{words} is not in {}", explained.screen);
    }
}

#[test]
fn an_ambiguous_name_is_narrowed_by_the_columns_of_the_detail() {
    let database = Database::with_setup(SAME_NAMES);
    let text = database.violation(r#"INSERT INTO "North"."Town" VALUES (1); INSERT INTO "North"."Town" VALUES (1)"#);
    assert_eq!(database.explain(&text, 2).candidates(), ["North.Town Town Key", "South.Town Town Key"]);
    let text =
        database.violation(r#"INSERT INTO "East"."Village" VALUES ('a'); INSERT INTO "East"."Village" VALUES ('a')"#);
    assert_eq!(place(&database.explain(&text, 0)), "East.Village Town Key");
}

#[test]
fn an_ambiguous_name_is_narrowed_by_options() {
    let database = Database::with_setup(SAME_NAMES);
    let text = database.violation(r#"INSERT INTO "North"."Town" VALUES (1); INSERT INTO "North"."Town" VALUES (1)"#);
    for arguments in [
        &["-n", r#""South""#][..],
        &["-t", r#""South"."Town""#],
        &["-t", r#"*."Town""#, "-T", r#""North"."Town""#],
        &["-T", r#""North"."Town""#],
    ] {
        assert_eq!(place(&database.explain_with(arguments, &text, 0)), "South.Town Town Key", "{arguments:?}");
    }
}

#[test]
fn an_ambiguous_name_is_narrowed_by_the_fields_of_the_text() {
    let database = Database::with_setup(SAME_NAMES);
    let insert = r#"INSERT INTO "South"."Town" VALUES (1); INSERT INTO "South"."Town" VALUES (1)"#;
    let error = database.error(insert);
    let verbose = as_psql_prints_verbosely(&error);
    let debug = format!("{error:?}");
    let object = serde_json::json!({"severity": "ERROR", "code": "23505", "message": error.message(), "detail": error.detail(),
        "schema": error.schema(), "table": error.table(), "constraint": error.constraint()});
    for text in [verbose, debug, object.to_string()] {
        assert_eq!(place(&database.explain(&text, 0)), "South.Town Town Key", "{text}");
    }
}

#[test]
fn psqls_verbose_lines_tell_the_schema_and_the_table_whatever_their_names() {
    let odd = ["a (old)", "customer's", "a,b", "trail ", "{x}[y]", "\"q\"", "a"];
    let of_table = |name: &str| {
        let name = name.replace('"', "\"\"");
        format!(r#"CREATE SCHEMA "{name}"; CREATE TABLE "{name}"."{name}" (id serial CONSTRAINT pk1 PRIMARY KEY);"#)
    };
    let behind = "INSERT INTO a.a VALUES (1), (2), (3)";
    let database = Database::with_setup(&(odd.map(of_table).concat() + behind));
    for name in odd.iter().filter(|name| **name != "a") {
        let quoted = name.replace('"', "\"\"");
        let error = database.error(&format!(r#"INSERT INTO "{quoted}"."{quoted}" VALUES (7), (7)"#));
        let text = as_psql_prints_verbosely(&error);
        for text in [text.clone(), text.replace('\n', "\r\n")] {
            assert_eq!(place(&database.explain(&text, 0)), format!("{name}.{name} pk1"), "{text}");
        }
    }
}

#[test]
fn an_ambiguous_name_is_narrowed_by_the_table_of_the_statement() {
    let database = Database::with_setup(
        r#"CREATE SCHEMA "Other"; CREATE TABLE "First" (id int CONSTRAINT k UNIQUE); CREATE TABLE "Other"."Second" (id int CONSTRAINT k UNIQUE)"#,
    );
    let insert = r#"INSERT INTO "Other"."Second" (id) VALUES (1)"#;
    let text = database.violation(&format!("{insert}; {insert}"));
    assert_eq!(place(&database.explain(&format!("{text}STATEMENT:  {insert}\n"), 0)), "Other.Second k");
}

#[test]
fn a_partitions_constraint_is_that_of_its_root() {
    if server_version() < 110_000 {
        return;
    }
    let database = Database::with_setup(
        r#"CREATE SCHEMA "Parts";
           CREATE TABLE "Log" (id bigserial, part int, sub int, PRIMARY KEY (id, part, sub)) PARTITION BY LIST (part);
           CREATE TABLE "Parts"."Log 1" PARTITION OF "Log" FOR VALUES IN (1);
           CREATE TABLE "Parts"."Log 2" PARTITION OF "Log" FOR VALUES IN (2) PARTITION BY LIST (sub);
           CREATE TABLE "Parts"."Log 2 of 2" PARTITION OF "Parts"."Log 2" FOR VALUES IN (2)"#,
    );
    for (row, partition) in [("7, 1, 1", r#""Parts"."Log 1""#), ("8, 2, 2", r#""Parts"."Log 2 of 2""#)] {
        let insert = format!(r#"INSERT INTO "Log" VALUES ({row})"#);
        database.execute(&insert);
        let text = database.violation(&insert);
        let explained = database.run(&["explain", "--format", "json", &text]).json();
        assert_eq!(explained["index"]["table"], "Log", "{explained:#}");
        assert_eq!(explained["index"]["name"], "Log_pkey");
        assert_eq!(explained["index"]["partition"], partition);
        assert_eq!(explained["row"]["stored"], true);
    }
}

#[test]
fn an_index_of_one_partition_alone_is_that_partitions() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Log" (id bigserial, part int) PARTITION BY LIST (part);
           CREATE TABLE "Log 1" PARTITION OF "Log" FOR VALUES IN (1);
           CREATE UNIQUE INDEX "Log 1 Key" ON "Log 1" (id); INSERT INTO "Log" VALUES (1, 1), (2, 1)"#,
    );
    let text = database.violation(r#"INSERT INTO "Log" (part) VALUES (1)"#);
    let explained = database.explain(&text, 1).expect("sequence_behind");
    assert_eq!(place(&explained), "public.Log 1 Log 1 Key");
    assert_eq!(explained.json["index"]["partition"], Value::Null);
    database.run_printed(explained.text("/next_command")).expect_status(0);
    database.execute(r#"INSERT INTO "Log" (part) VALUES (1)"#);
}

#[test]
fn the_number_of_a_citus_shard_is_stripped_where_nothing_else_has_the_name() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Order" (id int CONSTRAINT "Order Key" PRIMARY KEY); INSERT INTO "Order" VALUES (1)"#,
    );
    let text = "ERROR:  duplicate key value violates unique constraint \"Order Key_102016\"\nDETAIL:  Key (id)=(1) already exists.\n";
    assert_eq!(place(&database.explain(text, 0)), "public.Order Order Key");
    database.execute(r#"CREATE TABLE "Other" (id int CONSTRAINT "Order Key_102016" PRIMARY KEY)"#);
    assert_eq!(place(&database.explain(text, 0)), "public.Other Order Key_102016");
}

#[test]
fn fields_alone_find_the_index_that_covers_just_these() {
    let database = Database::with_setup(
        r#"CREATE TABLE "User" (id int PRIMARY KEY, tenant int, email text, UNIQUE (tenant, email), UNIQUE (email, id));
           CREATE TABLE "Other" (id int, email text UNIQUE)"#,
    );
    let explained = database.explain("Unique constraint failed on the fields: (`email`,`tenant`)", 0);
    assert_eq!(place(&explained), "public.User User_tenant_email_key");
    assert_eq!(explained.json["row"]["stored"], Value::Null);
    let by_model = "code: 'P2002', clientVersion: '5.0.0', meta: { modelName: 'other', target: [ 'email' ] }";
    assert_eq!(place(&database.explain(by_model, 0)), "public.Other Other_email_key");
    let said = database.explain_in_vain(&[], "Unique constraint failed on the fields: (`tenant`)");
    assert!(said.contains("no unique index covers just (tenant)"), "{said}");
}

#[test]
fn fields_with_capitals_and_blanks_are_found_without_quotes() {
    let database =
        Database::with_setup(r#"CREATE TABLE "User" ("Tenant No" int, "eMail" text, UNIQUE ("Tenant No", "eMail"))"#);
    let explained = database.explain("Unique constraint failed on the fields: (`Tenant No`,`eMail`)", 0);
    assert_eq!(explained.text("/index/table"), "User");
}

#[test]
fn odd_names_of_constraints_are_found() {
    let long = "Ä".repeat(31) + "x";
    for name in [
        "Two Words",
        "it's",
        "a \"quoted\" one",
        "\"",
        "ends with \"",
        "„deutsch“ «español» 「日本」",
        "percent % and \\ back \\n slash",
        "new\nline",
        "a \"quote\" and a new\nline",
        "\u{1b}[31mred_pkey",
        " blanks ",
        "ключ",
        "has_123456",
        "(id)=(1) already exists.",
        &long,
    ] {
        let quoted = name.replace('"', "\"\"");
        let database = Database::with_setup(&format!(
            r#"CREATE TABLE "Odd Table" (id int CONSTRAINT "{quoted}" PRIMARY KEY, CONSTRAINT other_key UNIQUE (id))"#
        ));
        let text = database.violation(r#"INSERT INTO "Odd Table" VALUES (1), (1)"#);
        let explained = database.explain(&text, 0);
        assert_eq!(explained.text("/index/name"), name, "{text}");
    }
}

#[test]
fn names_that_are_the_beginning_of_one_another_are_told_apart() {
    let database = Database::with_setup(
        r#"CREATE TABLE "T 1" (id int CONSTRAINT "a" UNIQUE); CREATE TABLE "T 2" (id int CONSTRAINT "a""b" UNIQUE)"#,
    );
    for (table, name) in [("T 1", "a"), ("T 2", "a\"b")] {
        let text = database.violation(&format!(r#"INSERT INTO "{table}" VALUES (1), (1)"#));
        assert_eq!(place(&database.explain(&text, 0)), format!("public.{table} {name}"));
    }
}

#[test]
fn a_key_of_several_texts_is_found_whatever_is_in_them() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Odd Things" ("a, b" text, "c)=(d" text, "It's" text, PRIMARY KEY ("a, b", "c)=(d", "It's"))"#,
    );
    for values in [
        "'x', 'y', 'z'",
        "'1, 2', '3, 4', '5, 6'",
        "', ', ', ', ', '",
        "'', '', ''",
        "')', '(', '()'",
        "'a)=(b', ')=(', '=('",
        "'\"', '''', '`'",
        r"'\', '\n', E'\t'",
        "E'two\nlines', E'\n', E'\n\n'",
        "'x) already exists.', E') already exists.\n', 'y) already exists'",
        "'null', 'NULL', 'Null'",
        "' ', '  ', ' x '",
        "'ERROR:  y', 'DETAIL:  z', 'HINT:  a'",
        "'ü', '日本', '🎉'",
        "'»«', '„“', '「」'",
        "'{\"json\": \"\\\\n\"}', '<b>&amp;</b>', '%s $1'",
    ] {
        assert_value_is_found_in(&database, values);
    }
}

#[test]
fn a_value_with_lines_like_the_servers_own_is_found_or_not_looked_for() {
    for value in
        [r"E'x\nHINT:  a'", r"E'x\nDETAIL:  y'", r"E'x\nDETAIL:  Key (a)=(b) already exists.'", r"E'\n\nERROR:  z'"]
    {
        let database = Database::with_setup(r#"CREATE TABLE "Odd Things" ("The Key" text PRIMARY KEY)"#);
        let insert = format!(r#"INSERT INTO "Odd Things" VALUES ({value})"#);
        database.execute(&insert);
        let text = database.violation(&insert);
        let explained = database.explain(&text, 0).expect("genuine_duplicate");
        assert_ne!(explained.json["row"]["stored"], false, "{text}");
    }
}

#[test]
fn numbers_of_every_kind_are_found() {
    assert_values_are_found(
        "",
        &[
            ("smallint", "-32768"),
            ("bigint", "9223372036854775807"),
            ("numeric(12, 4)", "-0.5000"),
            ("numeric", "'NaN'"),
            ("numeric", "1e30"),
            ("oid", "4294967295"),
        ],
    );
}

#[test]
fn texts_of_every_kind_are_found() {
    assert_values_are_found(
        "",
        &[
            ("char(5)", "'ab'"),
            ("varchar(5)", "'ab  '"),
            ("\"char\"", "'x'"),
            ("name", "'Some Name'"),
            ("text COLLATE \"C\"", "'ß'"),
            ("text", "repeat('lang, (er) ', 100)"),
        ],
    );
}

#[test]
fn other_types_are_found() {
    assert_values_are_found(
        "",
        &[
            ("bytea", r"'\x00ff5c27'"),
            ("boolean", "true"),
            ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"),
            ("inet", "'10.0.0.1/8'"),
            ("bit(5)", "B'10101'"),
            ("bit varying", "B'101'"),
            ("jsonb", r#"'{"a, b": ["x", null, 1.50]}'"#),
            ("interval", "'1 month 3 days -00:00:01.5'"),
            ("time with time zone", "'12:00:00.123456+05:30'"),
            ("date", "'2026-02-03'"),
            ("date", "'0044-03-15 BC'"),
            ("date", "'infinity'"),
            ("timestamp", "'2026-02-03 04:05:06.789'"),
            ("timestamptz", "'2026-02-03 04:05:06+09'"),
            ("int4range", "'[1,5)'"),
            ("tstzrange", "'[2026-02-03 04:05:06+09,)'"),
            ("daterange", "'[2026-02-03,infinity)'"),
            ("timestamp[]", r"'{2026-02-03 04:05:06.7,NULL}'"),
            ("date[]", r"'{2026-02-03,0044-03-15 BC}'"),
            ("int[]", "'{1,NULL,3}'"),
            ("text[]", r#"'{"a, b","c\"d",NULL,"null",""}'"#),
            ("int[]", "'[0:1][0:1]={{1,2},{3,4}}'"),
        ],
    );
}

#[test]
fn a_time_with_zone_is_found_from_a_session_of_another_zone() {
    let database = Database::with_setup(r#"CREATE TABLE "Odd Things" ("The Key" timestamptz PRIMARY KEY)"#);
    let insert = r#"SET timezone = 'Asia/Kolkata'; INSERT INTO "Odd Things" VALUES ('2026-02-03 04:05:06')"#;
    let explained = assert_row_is_found(&database, insert);
    assert!(explained.text("/error/values").ends_with("+05:30"), "{:#}", explained.json);
}

#[test]
fn enums_domains_and_composites_are_found() {
    let kinds = r#"CREATE TYPE "Mood" AS ENUM ('so, so', 'it''s (fine)'); CREATE DOMAIN "Short" AS text CHECK (length(value) < 9);
        CREATE DOMAIN "Shorter" AS "Short" CHECK (length(value) < 5); CREATE TYPE "Pair" AS (a int, "b c" text);
        CREATE DOMAIN "Id Number" AS bigint"#;
    assert_values_are_found(
        kinds,
        &[
            (r#""Mood""#, "'so, so'"),
            (r#""Mood""#, "'it''s (fine)'"),
            (r#""Short""#, "'a, b'"),
            (r#""Shorter""#, "'a)'"),
            (r#""Id Number""#, "7"),
        ],
    );
    let database =
        Database::with_setup(&format!(r#"{kinds}; CREATE TABLE "Odd Things" ("The Key" "Pair" PRIMARY KEY)"#));
    assert_row_is_found(&database, r#"INSERT INTO "Odd Things" VALUES (ROW(1, 'x, "y" (z)'))"#);
}

#[test]
fn a_value_that_its_domain_refuses_today_is_found() {
    let database = Database::with_setup(
        r#"CREATE DOMAIN "Small" AS int; CREATE TABLE "Odd Things" ("The Key" "Small" PRIMARY KEY);
           INSERT INTO "Odd Things" VALUES (100)"#,
    );
    let text = database.violation(r#"INSERT INTO "Odd Things" VALUES (100)"#);
    database.execute(r#"ALTER DOMAIN "Small" ADD CHECK (value < 9) NOT VALID"#);
    assert_eq!(database.explain(&text, 0).expect("genuine_duplicate").json["row"]["stored"], true);
}

#[test]
fn letters_that_citext_takes_for_the_same_are_found() {
    let database = Database::new();
    if database.try_execute("CREATE EXTENSION citext").is_err() {
        eprintln!("skipped: no citext on this server");
        return;
    }
    database.execute(
        r#"CREATE TABLE "Odd Things" ("The Key" citext PRIMARY KEY); INSERT INTO "Odd Things" VALUES ('Some, Body')"#,
    );
    let text = database.violation(r#"INSERT INTO "Odd Things" VALUES ('SOME, body')"#);
    let explained = database.explain(&text, 0).expect("genuine_duplicate");
    assert_eq!(explained.json["row"]["stored"], true, "{}", explained.facts());
}

#[test]
fn citext_in_a_schema_off_the_path_is_found() {
    let database = Database::with_setup(r#"CREATE SCHEMA "Ext""#);
    if database.try_execute(r#"CREATE EXTENSION citext SCHEMA "Ext""#).is_err() {
        eprintln!("skipped: no citext on this server");
        return;
    }
    database.execute(
        r#"CREATE TABLE "Odd Things" ("The Key" "Ext".citext, n int, PRIMARY KEY ("The Key", n)); INSERT INTO "Odd Things" VALUES ('Some', 1)"#,
    );
    let text = database.violation(r#"INSERT INTO "Odd Things" VALUES ('SOME', 1)"#);
    let explained = database.explain(&text, 0).expect("genuine_duplicate");
    assert_eq!(explained.json["row"]["stored"], true, "{}", explained.facts());
}

#[test]
fn nulls_that_are_not_distinct_are_found() {
    if server_version() < 150_000 {
        return;
    }
    let database =
        Database::with_setup(r#"CREATE TABLE "Odd Things" ("A" int, "B" text, UNIQUE NULLS NOT DISTINCT ("A", "B"))"#);
    for values in ["NULL, NULL", "NULL, 'x'", "1, NULL", "2, 'null'", "NULL, 'null, null'"] {
        assert_value_is_found_in(&database, values);
    }
}

#[test]
fn rows_of_expressions_and_predicates_are_found() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Odd Things" (id int, "E Mail" text, is_gone boolean DEFAULT false);
           CREATE UNIQUE INDEX "Mail Key" ON "Odd Things" (lower("E Mail"), (id + 1)) WHERE NOT is_gone;
           INSERT INTO "Odd Things" VALUES (1, 'A, B', true)"#,
    );
    let insert = r#"INSERT INTO "Odd Things" VALUES (1, 'A, b')"#;
    let text = database.violation(&format!("{insert}; {insert}"));
    assert_eq!(database.explain(&text, 0).expect("gone").json["row"]["stored"], false);
    let explained = assert_row_is_found(&database, insert);
    assert_eq!(explained.text("/index/predicate"), "(NOT is_gone)");
    assert!(explained.screen.contains("over an expression"), "{}", explained.screen);
}

#[test]
fn a_rounded_number_is_never_said_to_be_gone() {
    for (kind, set) in [("double precision", "SET extra_float_digits = -10"), ("real", "SET extra_float_digits = -3")] {
        let database = Database::with_setup(&format!(
            r#"CREATE TABLE "Odd Things" ("The Key" {kind} PRIMARY KEY); INSERT INTO "Odd Things" VALUES (0.123456789012345)"#
        ));
        let text = database.violation(&format!(r#"{set}; INSERT INTO "Odd Things" VALUES (0.123456789012345)"#));
        let explained = database.explain(&text, 0);
        assert_ne!(explained.text("/verdict"), "gone", "{text}");
        assert_ne!(explained.json["row"]["stored"], false);
        let exact = database.violation(r#"INSERT INTO "Odd Things" VALUES (0.123456789012345)"#);
        if server_version() >= 120_000 {
            assert_eq!(database.explain(&exact, 0).json["row"]["stored"], true, "{exact}");
        }
    }
}

#[test]
fn a_date_in_another_style_is_not_looked_for() {
    for kind in ["date", "timestamp", "timestamptz"] {
        for style in ["SQL, DMY", "SQL, MDY", "German", "Postgres, DMY"] {
            let database = Database::with_setup(&format!(
                r#"CREATE TABLE "Odd Things" ("The Key" {kind} PRIMARY KEY); INSERT INTO "Odd Things" VALUES ('2026-02-03')"#
            ));
            let insert = format!(r#"SET datestyle = '{style}'; INSERT INTO "Odd Things" VALUES (DATE '2026-02-03')"#);
            let text = database.violation(&insert);
            let explained = database.explain(&text, 0);
            assert_eq!(explained.json["row"]["stored"], Value::Null, "{text}");
            assert_ne!(explained.text("/verdict"), "gone", "{text}");
            assert!(explained.facts().contains("DateStyle"), "{text}{}", explained.facts());
        }
    }
}

#[test]
fn values_inside_of_ranges_and_arrays_in_another_style_are_never_said_to_be_gone() {
    for (kind, literal) in [
        ("date[]", "ARRAY[DATE '2026-02-03']"),
        ("daterange", "daterange('2026-02-03', '2026-03-04')"),
        ("tsrange", "tsrange('2026-02-03', '2026-03-04')"),
    ] {
        let database = Database::with_setup(&format!(
            r#"CREATE TYPE "Dated" AS (n int, day date); CREATE TABLE "Odd Things" ("The Key" {kind} PRIMARY KEY); INSERT INTO "Odd Things" VALUES ({literal})"#
        ));
        let text =
            database.violation(&format!(r#"SET datestyle = 'SQL, DMY'; INSERT INTO "Odd Things" VALUES ({literal})"#));
        let explained = database.explain(&text, 0);
        assert_ne!(explained.text("/verdict"), "gone", "{text}");
    }
}

#[test]
fn intervals_in_another_style_and_bytes_escaped_are_never_said_to_be_gone() {
    for (kind, literal, set) in [
        ("interval", "interval '1 month -3 days 2 hours'", "SET intervalstyle = 'sql_standard'"),
        ("interval", "interval '-1 month -3 days -2 hours'", "SET intervalstyle = 'sql_standard'"),
        ("interval", "interval '-1 month 3 days'", "SET intervalstyle = 'postgres_verbose'"),
        ("interval", "interval '-1 month 3 days'", "SET intervalstyle = 'iso_8601'"),
        ("bytea", r"'\x005c27ff'::bytea", "SET bytea_output = 'escape'"),
    ] {
        let database = Database::with_setup(&format!(
            r#"CREATE TABLE "Odd Things" ("The Key" {kind} PRIMARY KEY); INSERT INTO "Odd Things" VALUES ({literal})"#
        ));
        let text = database.violation(&format!(r#"{set}; INSERT INTO "Odd Things" VALUES ({literal})"#));
        let explained = database.explain(&text, 0);
        assert_ne!(explained.text("/verdict"), "gone", "{text}");
    }
}

#[test]
fn settings_of_the_asking_session_do_not_change_what_a_value_means() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Odd Things" ("The Key" timestamptz PRIMARY KEY); INSERT INTO "Odd Things" VALUES ('2026-02-03 04:05:06+00')"#,
    );
    let text = database.violation(r#"INSERT INTO "Odd Things" VALUES ('2026-02-03 04:05:06+00')"#);
    database.execute(&format!(
        r#"ALTER DATABASE "{0}" SET datestyle = 'SQL, DMY'; ALTER DATABASE "{0}" SET timezone = 'America/New_York';
            ALTER DATABASE "{0}" SET search_path = ''"#,
        database.name()
    ));
    let explained = database.explain(&text, 0).expect("genuine_duplicate");
    assert_eq!(explained.json["row"]["stored"], true, "{}", explained.facts());
}

#[test]
fn a_name_that_is_nowhere_is_a_clear_error() {
    let database = Database::with_setup(r#"CREATE TABLE "T" (id int PRIMARY KEY)"#);
    let said = database.explain_in_vain(&[], "duplicate key value violates unique constraint \"No Such Key\"");
    for words in ["error: could not find the constraint in database", database.name(), "No Such Key", "\n  hint: "] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    let text = database.violation(r#"INSERT INTO "T" VALUES (1), (1)"#);
    database.explain_in_vain(&["-n", "pg_catalog"], &text);
}

#[test]
fn a_temporary_tables_key_is_nowhere() {
    let database = Database::new();
    let text =
        database.violation(r#"CREATE TEMP TABLE "Mine" (id int PRIMARY KEY); INSERT INTO "Mine" VALUES (1), (1)"#);
    assert!(database.explain_in_vain(&[], &text).contains("temporary table"));
}

#[test]
fn an_index_of_the_system_catalog_is_explained_without_statements() {
    let database = Database::with_setup(r#"CREATE TYPE "Some Type" AS (a int)"#);
    // As two sessions that create it at once get it.
    let text = database.violation(
        r"
           UPDATE pg_catalog.pg_type SET typname = 'Some Type' WHERE typname = '_Some Type'",
    );
    assert!(text.contains("pg_type_typname_nsp_index"), "{text}");
    let explained = database.explain(&text, 0).expect("genuine_duplicate");
    assert_eq!(explained.text("/index/schema"), "pg_catalog");
    assert_eq!(explained.json["statements"], serde_json::json!([]));
    assert!(explained.facts().contains("system catalog"), "{}", explained.facts());
}

#[test]
fn an_index_that_could_not_be_built_is_explained() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Odd Things" ("The Key" text); INSERT INTO "Odd Things" VALUES ('a, b'), ('a, b'), (NULL), (NULL)"#,
    );
    let error = database.error(r#"ALTER TABLE "Odd Things" ADD CONSTRAINT "New Key" UNIQUE ("The Key")"#);
    let text =
        format!("{}SCHEMA NAME:  public\nTABLE NAME:  Odd Things\nCONSTRAINT NAME:  New Key\n", as_psql_prints(&error));
    let run = database.run(&["explain", "--format", "json", &text]).expect_status(0).json();
    assert_eq!(run["error"]["occasion"], "index_build");
    let sql = run["statements"][0]["sql"].as_str().expect("a statement");
    assert_eq!(database.texts(sql), [[Some("a, b".to_owned()), Some("2".to_owned())]]);
}

#[test]
fn the_servers_own_log_is_read_like_psqls_text() {
    let server = Server::start_own(&["log_line_prefix=%m [%p] %q%u@%d/%a "]);
    let database = Database::on(&server);
    database.execute(r#"CREATE TABLE "Odd Things" (id serial, "A, B" text, PRIMARY KEY (id, "A, B"))"#);
    database.execute("INSERT INTO \"Odd Things\" VALUES (1, E'x\ny) already exists.\nz')");
    let before = server.log().len();
    database.violation("INSERT INTO \"Odd Things\" (\"A, B\") VALUES (E'x\ny) already exists.\nz')");
    let log = server.log()[before..].to_owned();
    let explained = database.run(&["explain", "--format", "json", &log]).json();
    assert_eq!(explained["row"]["stored"], true, "{log}\n{explained:#}");
    assert_eq!(explained["index"]["name"], "Odd Things_pkey");
}
