//! Every statement that `explain` prints runs on the server as it was printed, and does what it is said to do.

mod support;

use postgres::{Client, SimpleQueryMessage, Transaction};
use support::violations::Explained;
use support::{Database, server_version};

const KEEP: &str = "keep the row that is there";
const UPDATE: &str = "update the row that is there";
const MERGE: &str = "update the row that is there, or insert one";

/// A table with a duplicate, and two rows for the statements: the second has the key of the first.
struct Case {
    /// Makes the table.
    setup: &'static str,
    /// Ends with the violation.
    violation: &'static str,
    /// The values of the statements' parameters; NULL is "-".
    first: &'static [&'static str],
    second: &'static [&'static str],
    /// Shows the table in one text.
    look: &'static str,
    /// What it shows where the first row was kept, and where it was updated.
    kept: &'static str,
    updated: &'static str,
}

impl Case {
    /// The statements printed are those of these purposes, and each does what it says.
    fn assert_cured_by(&self, purposes: &[&str]) -> Explained {
        let database = Database::with_setup(self.setup);
        let text = database.violation(self.violation);
        let explained = database.run(&["explain", "--format", "json", &text]);
        assert!(explained.status < 2, "{explained:#?}");
        let explained = database.explain(&text, explained.status);
        let statements = explained.statements();
        assert_eq!(statements.iter().map(|(purpose, _)| *purpose).collect::<Vec<_>>(), purposes, "{statements:#?}");
        let mut client = database.client();
        for (purpose, sql) in statements {
            let is_shown = sql.lines().all(|line| explained.screen.contains(line));
            assert!(is_shown, "{sql}\nis not on the screen:\n{}", explained.screen);
            self.assert_does(&mut client, purpose, sql);
        }
        explained
    }

    fn assert_does(&self, client: &mut Client, purpose: &str, sql: &str) {
        let failed = |error: postgres::Error| -> ! { panic!("{error:?}\nin {sql}") };
        client.prepare(sql).unwrap_or_else(|error| failed(error));
        let mut transaction = client.transaction().expect("a transaction");
        transaction.batch_execute(&format!("PREPARE cure AS {sql}")).unwrap_or_else(|error| failed(error));
        let first = run(&mut transaction, self.first).unwrap_or_else(|error| failed(error));
        assert_eq!(first, 1, "the first row was not inserted by {sql}");
        let second = run(&mut transaction, self.second).unwrap_or_else(|error| failed(error));
        transaction.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").unwrap_or_else(|error| failed(error));
        let (written, shows) = if purpose == KEEP { (0, self.kept) } else { (1, self.updated) };
        let row: String = transaction.query_one(self.look, &[]).unwrap_or_else(|error| failed(error)).get(0);
        // PREPARE outlives a rollback.
        transaction.batch_execute("DEALLOCATE cure").unwrap_or_else(|error| failed(error));
        assert_eq!((second, row.as_str()), (written, shows), "{purpose}: {sql}");
    }
}

/// Runs the statement that was prepared; how many rows it wrote.
fn run(transaction: &mut Transaction, row: &[&str]) -> Result<u64, postgres::Error> {
    let value =
        |value: &&str| if *value == "-" { "NULL".to_owned() } else { format!("'{}'", value.replace('\'', "''")) };
    let row: Vec<String> = row.iter().map(value).collect();
    let done = transaction.simple_query(&format!("EXECUTE cure({})", row.join(", ")))?;
    let count = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::CommandComplete(count) => Some(*count),
        _ => None,
    };
    Ok(done.iter().find_map(count).expect("every command says how many rows"))
}

/// No statement is printed, the notes say `words`, and the server refuses what would have been printed.
fn assert_without_statement(setup: &str, violation: &str, refused: &str, words: &str) -> Explained {
    let database = Database::with_setup(setup);
    let text = database.violation(violation);
    let status = database.run(&["explain", &text]).status;
    let explained = database.explain(&text, status);
    assert!(explained.statements().iter().all(|(_, sql)| !sql.contains("ON CONFLICT")), "{:?}", explained.statements());
    assert!(explained.notes().contains(words), "{words} is not in {}", explained.notes());
    database.error(refused);
    explained
}

#[test]
fn a_serial_primary_key() {
    let explained = Case {
        setup: r#"CREATE SCHEMA "Shop Floor"; CREATE TABLE "Shop Floor"."Order Line" ("Line Id" serial PRIMARY KEY, "Note" text, n int)"#,
        violation: r#"INSERT INTO "Shop Floor"."Order Line" VALUES (1), (1)"#,
        first: &["1", "old", "1"],
        second: &["1", "new", "2"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "Shop Floor"."Order Line" AS t"#,
        kept: "(1,old,1)",
        updated: "(1,new,2)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
    assert!(explained.notes().contains("an INSERT that names the key itself"), "{}", explained.notes());
}

#[test]
fn an_identity_by_default() {
    Case {
        setup: r#"CREATE TABLE "Guest" (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "Who" text)"#,
        violation: r#"INSERT INTO "Guest" VALUES (1), (1)"#,
        first: &["1", "old"],
        second: &["1", "new"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "Guest" AS t"#,
        kept: "(1,old)",
        updated: "(1,new)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn an_identity_always_gets_no_upsert_as_every_insert_draws_its_key() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Guest" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Who" text);
           INSERT INTO "Guest" OVERRIDING SYSTEM VALUE VALUES (1, 'somebody else'), (2, 'b')"#,
    );
    let text = database.violation(r#"INSERT INTO "Guest" ("Who") VALUES ('new')"#);
    let explained = database.explain(&text, 1).expect("sequence_behind");
    assert_eq!(explained.statements(), []);
    assert!(explained.notes().contains("GENERATED ALWAYS"), "{}", explained.notes());
}

#[test]
fn a_unique_column_beside_an_identity_always() {
    Case {
        setup: r#"CREATE TABLE "Guest" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "E Mail" text UNIQUE, "Who" text)"#,
        violation: r#"INSERT INTO "Guest" ("E Mail") VALUES ('a'), ('a')"#,
        first: &["a@b", "old"],
        second: &["a@b", "new"],
        look: r#"SELECT string_agg(concat_ws(',', "E Mail", "Who"), ' ') FROM "Guest""#,
        kept: "a@b,old",
        updated: "a@b,new",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn a_unique_constraint_of_two_columns() {
    Case {
        setup: r#"CREATE TABLE "Guest" ("Tenant" int, n int, "Who" text, UNIQUE (n, "Tenant"))"#,
        violation: r#"INSERT INTO "Guest" VALUES (1, 1), (1, 1)"#,
        first: &["7", "8", "old"],
        second: &["7", "8", "-"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "Guest" AS t"#,
        kept: "(7,8,old)",
        updated: "(7,8,)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn a_partial_index() {
    Case {
        setup: r#"CREATE TABLE "User" (id serial PRIMARY KEY, "E Mail" text, "Is Gone" boolean, note text);
            CREATE UNIQUE INDEX "Mail Key" ON "User" ("E Mail") WHERE NOT "Is Gone" AND "E Mail" <> 'it''s "x"'"#,
        violation: r#"INSERT INTO "User" ("E Mail", "Is Gone") VALUES ('a', false), ('a', false)"#,
        first: &["a", "f", "old"],
        second: &["a", "f", "new"],
        look: r#"SELECT string_agg(concat_ws(',', "E Mail", "Is Gone", note), ' ') FROM "User""#,
        kept: "a,f,old",
        updated: "a,f,new",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn an_expression_index() {
    Case {
        setup: r#"CREATE TABLE "User" ("E Mail" text, n int, note text);
            CREATE UNIQUE INDEX "Mail Key" ON "User" (lower("E Mail"), (n % 10), ("E Mail" || 'x)'))"#,
        violation: r#"INSERT INTO "User" VALUES ('a', 1), ('a', 11)"#,
        first: &["a", "1", "old"],
        second: &["a", "11", "new"],
        look: r#"SELECT string_agg(concat_ws(',', "E Mail", note), ' ') FROM "User""#,
        kept: "a,old",
        updated: "a,new",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn an_expression_index_that_is_partial() {
    Case {
        setup: r#"CREATE TABLE "User" ("E Mail" text, deleted_at timestamptz, note text);
            CREATE UNIQUE INDEX "Mail Key" ON "User" (lower("E Mail")) WHERE deleted_at IS NULL"#,
        violation: r#"INSERT INTO "User" VALUES ('a'), ('A')"#,
        first: &["a", "-", "old"],
        second: &["A", "-", "new"],
        look: r#"SELECT string_agg(concat_ws(',', lower("E Mail"), note), ' ') FROM "User""#,
        kept: "a,old",
        updated: "a,new",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn a_collation_and_an_operator_class_in_the_index() {
    Case {
        setup: r#"CREATE TABLE "User" ("E Mail" text, b varchar(9), note text);
            CREATE UNIQUE INDEX "Mail Key" ON "User" ("E Mail" COLLATE "POSIX" text_pattern_ops DESC, b varchar_pattern_ops ASC NULLS FIRST)"#,
        violation: r#"INSERT INTO "User" VALUES ('a', 'b'), ('a', 'b')"#,
        first: &["a", "b", "old"],
        second: &["a", "b", "new"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "User" AS t"#,
        kept: "(a,b,old)",
        updated: "(a,b,new)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn nulls_that_are_not_distinct() {
    if server_version() < 150_000 {
        return;
    }
    Case {
        setup: r#"CREATE TABLE "User" (a int, "B" text, note text, UNIQUE NULLS NOT DISTINCT (a, "B"))"#,
        violation: r#"INSERT INTO "User" VALUES (NULL, 'x'), (NULL, 'x')"#,
        first: &["-", "x", "old"],
        second: &["-", "x", "new"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "User" AS t"#,
        kept: "(,x,old)",
        updated: "(,x,new)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn columns_that_the_index_only_includes() {
    if server_version() < 110_000 {
        return;
    }
    Case {
        setup: r#"CREATE TABLE "User" (id int, "Note" text, n int, CONSTRAINT "User Key" PRIMARY KEY (id) INCLUDE ("Note"))"#,
        violation: r#"INSERT INTO "User" VALUES (1), (1)"#,
        first: &["1", "old", "1"],
        second: &["1", "new", "2"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "User" AS t"#,
        kept: "(1,old,1)",
        updated: "(1,new,2)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

/// MERGE came with 15.
fn merge_or_nothing() -> &'static [&'static str] {
    if server_version() >= 150_000 { &[MERGE] } else { &[] }
}

#[test]
fn a_deferrable_constraint_has_merge_only() {
    for (when, setup) in [
        ("", r#"CREATE TABLE "User" (id int UNIQUE DEFERRABLE, "Note" text)"#),
        (
            "reports the error at COMMIT",
            r#"CREATE TABLE "User" (id int UNIQUE DEFERRABLE INITIALLY DEFERRED, "Note" text)"#,
        ),
    ] {
        let violation = r#"INSERT INTO "User" VALUES (1); INSERT INTO "User" VALUES (1)"#;
        let look = r#"SELECT string_agg(t::text, ' ') FROM "User" AS t"#;
        let case =
            Case { setup, violation, first: &["1", "old"], second: &["1", "new"], look, kept: "", updated: "(1,new)" };
        case.assert_cured_by(merge_or_nothing());
        let refused = r#"INSERT INTO "User" VALUES (1) ON CONFLICT (id) DO NOTHING"#;
        let explained = assert_without_statement(setup, violation, refused, "DEFERRABLE");
        assert!(explained.notes().contains(when), "{}", explained.notes());
    }
}

#[test]
fn a_deferrable_constraint_of_odd_types_has_merge_too() {
    Case {
        setup: r#"CREATE TYPE "Mood" AS ENUM ('so, so'); CREATE DOMAIN "Short" AS varchar(5) CHECK (value <> '');
            CREATE TABLE "User" (a "Mood", "b c" "Short", "select" numeric(5,2), "when" timestamptz[], code char(3),
                UNIQUE (a, "b c", code) DEFERRABLE)"#,
        violation: r#"INSERT INTO "User" VALUES ('so, so', 'x', 1, NULL, 'ab'); INSERT INTO "User" VALUES ('so, so', 'x', 1, NULL, 'ab')"#,
        first: &["so, so", "x", "1.25", "-", "ab"],
        second: &["so, so", "x", "2.50", "{}", "ab"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "User" AS t"#,
        kept: "",
        updated: r#"("so, so",x,2.50,{},"ab ")"#,
    }
    .assert_cured_by(merge_or_nothing());
}

#[test]
fn generated_columns_are_not_named() {
    if server_version() < 120_000 {
        return;
    }
    Case {
        setup: r#"CREATE TABLE "User" (id int PRIMARY KEY, n int, "Double" int GENERATED ALWAYS AS (n * 2) STORED)"#,
        violation: r#"INSERT INTO "User" VALUES (1), (1)"#,
        first: &["1", "10"],
        second: &["1", "20"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "User" AS t"#,
        kept: "(1,10,20)",
        updated: "(1,20,40)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn a_key_that_is_generated() {
    if server_version() < 120_000 {
        return;
    }
    Case {
        setup: r#"CREATE TABLE "User" ("E Mail" text, "Folded" text GENERATED ALWAYS AS (lower("E Mail")) STORED UNIQUE, n int)"#,
        violation: r#"INSERT INTO "User" VALUES ('a'), ('A')"#,
        first: &["a", "10"],
        second: &["A", "20"],
        look: r#"SELECT string_agg(concat_ws(',', "Folded", n), ' ') FROM "User""#,
        kept: "a,10",
        updated: "a,20",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn a_partitioned_table() {
    if server_version() < 110_000 {
        return;
    }
    Case {
        setup: r#"CREATE TABLE "Event" (id bigserial, "Region" text, n int, PRIMARY KEY (id, "Region")) PARTITION BY LIST ("Region");
            CREATE TABLE "North" PARTITION OF "Event" FOR VALUES IN ('n')"#,
        violation: r#"INSERT INTO "Event" VALUES (1, 'n'), (1, 'n')"#,
        first: &["1", "n", "10"],
        second: &["1", "n", "20"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "Event" AS t"#,
        kept: "(1,n,10)",
        updated: "(1,n,20)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn an_index_of_one_partition_alone() {
    Case {
        setup: r#"CREATE TABLE "Event" (id bigserial, "Region" text, n int) PARTITION BY LIST ("Region");
            CREATE TABLE "North" PARTITION OF "Event" FOR VALUES IN ('n'); CREATE UNIQUE INDEX "North Key" ON "North" (id)"#,
        violation: r#"INSERT INTO "Event" VALUES (1, 'n'), (1, 'n')"#,
        first: &["1", "n", "10"],
        second: &["1", "n", "20"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "Event" AS t"#,
        kept: "(1,n,10)",
        updated: "(1,n,20)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn a_child_by_inheritance() {
    Case {
        setup: r#"CREATE TABLE "Parent" (id serial, "Note" text); CREATE TABLE "Child" (n int, PRIMARY KEY (id)) INHERITS ("Parent")"#,
        violation: r#"INSERT INTO "Child" (id) VALUES (1), (1)"#,
        first: &["1", "old", "10"],
        second: &["1", "new", "20"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "Child" AS t"#,
        kept: "(1,old,10)",
        updated: "(1,new,20)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn a_table_with_rules_has_no_upsert() {
    let setup = r#"CREATE TABLE "User" (id int PRIMARY KEY, n int);
        CREATE TABLE "Log" (id int); CREATE RULE "Some Rule" AS ON INSERT TO "User" DO ALSO INSERT INTO "Log" VALUES (new.id)"#;
    let violation = r#"INSERT INTO "User" VALUES (1), (1)"#;
    let refused = r#"INSERT INTO "User" VALUES (1) ON CONFLICT (id) DO NOTHING"#;
    let explained = assert_without_statement(setup, violation, refused, "INSERT or UPDATE rules");
    assert_eq!(explained.statements(), []);
}

#[test]
fn a_rule_on_delete_is_in_nobodys_way() {
    Case {
        setup: r#"CREATE TABLE "User" (id int PRIMARY KEY, n int); CREATE RULE "Some Rule" AS ON DELETE TO "User" DO ALSO NOTHING"#,
        violation: r#"INSERT INTO "User" VALUES (1), (1)"#,
        first: &["1", "10"],
        second: &["1", "20"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "User" AS t"#,
        kept: "(1,10)",
        updated: "(1,20)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn a_table_with_nothing_but_its_id() {
    let explained = Case {
        setup: r#"CREATE TABLE "Only Ids" (id serial PRIMARY KEY)"#,
        violation: r#"INSERT INTO "Only Ids" VALUES (1), (1)"#,
        first: &["1"],
        second: &["1"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "Only Ids" AS t"#,
        kept: "(1)",
        updated: "",
    }
    .assert_cured_by(&[KEEP]);
    assert!(explained.notes().contains("no column that an upsert could update"), "{}", explained.notes());
}

#[test]
fn reserved_words_as_names() {
    Case {
        setup: r#"CREATE SCHEMA "user"; CREATE TABLE "user"."select" ("order" serial, "from" text, "excluded" int, "values" int,
            CONSTRAINT "primary" PRIMARY KEY ("order"), CONSTRAINT "unique" UNIQUE ("from"))"#,
        violation: r#"INSERT INTO "user"."select" VALUES (1), (1)"#,
        first: &["1", "old", "1", "2"],
        second: &["1", "new", "3", "4"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "user"."select" AS t"#,
        kept: "(1,old,1,2)",
        updated: "(1,new,3,4)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn names_with_quotes_and_blanks() {
    Case {
        setup: r#"CREATE SCHEMA "A ""Schema"""; CREATE TABLE "A ""Schema"""."It's a ""Table""; -- x" ("The ""Id""" int PRIMARY KEY, "a, b)" text, "$1" int)"#,
        violation: r#"INSERT INTO "A ""Schema"""."It's a ""Table""; -- x" VALUES (1), (1)"#,
        first: &["1", "old", "1"],
        second: &["1", "new", "2"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "A ""Schema"""."It's a ""Table""; -- x" AS t"#,
        kept: "(1,old,1)",
        updated: "(1,new,2)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn names_with_a_lines_end_and_what_a_terminal_would_obey() {
    for (setup, violation, look) in [
        (
            "CREATE TABLE \"a\u{1b}[31mb\" (id int CONSTRAINT k PRIMARY KEY, \"x\ny\" text)",
            "INSERT INTO \"a\u{1b}[31mb\" VALUES (1), (1)",
            "SELECT string_agg(t::text, ' ') FROM \"a\u{1b}[31mb\" AS t",
        ),
        (
            "CREATE TABLE \"Plain\" (\"x\u{1b}\ny\" int CONSTRAINT k PRIMARY KEY, \"\u{202e}\" text)",
            "INSERT INTO \"Plain\" VALUES (1), (1)",
            "SELECT string_agg(t::text, ' ') FROM \"Plain\" AS t",
        ),
    ] {
        let case = Case {
            setup,
            violation,
            first: &["1", "old"],
            second: &["1", "new"],
            look,
            kept: "(1,old)",
            updated: "(1,new)",
        };
        let explained = case.assert_cured_by(&[KEEP, UPDATE]);
        assert!(!explained.screen.contains(['\u{1b}', '\u{202e}']), "{:?}", explained.screen);
    }
}

#[test]
fn columns_of_domains() {
    Case {
        setup: r#"CREATE DOMAIN "Id Number" AS bigint CHECK (value > 0) NOT NULL; CREATE DOMAIN "Word" AS text CHECK (value !~ ' ');
            CREATE TABLE "User" ("Id" "Id Number" PRIMARY KEY, w "Word" DEFAULT 'x')"#,
        violation: r#"INSERT INTO "User" VALUES (1), (1)"#,
        first: &["1", "old"],
        second: &["1", "new"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "User" AS t"#,
        kept: "(1,old)",
        updated: "(1,new)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn an_invalid_index_is_no_target() {
    let database = Database::with_setup(r#"CREATE TABLE "User" (id int, "Note" text); INSERT INTO "User" VALUES (1)"#);
    // As CREATE INDEX CONCURRENTLY leaves it where it fails in its last step.
    database.execute(
        r#"CREATE UNIQUE INDEX "User Key" ON "User" (id);
           UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"User Key"'::regclass"#,
    );
    let text = database.violation(r#"INSERT INTO "User" VALUES (1)"#);
    let explained = database.explain(&text, 0).expect("genuine_duplicate");
    assert_eq!(explained.json["index"]["valid"], false);
    assert!(explained.statements().iter().all(|(_, sql)| !sql.contains("ON CONFLICT")), "{:?}", explained.statements());
    assert!(explained.notes().contains("not valid"), "{}", explained.notes());
    database.error(r#"INSERT INTO "User" VALUES (1) ON CONFLICT (id) DO NOTHING"#);
    let hint = explained.hints();
    let rebuild = hint.split("; or ").nth(1).unwrap_or_else(|| panic!("no REINDEX in {hint}"));
    database.execute(rebuild);
    assert_eq!(database.explain(&text, 0).statements().len(), 2);
}

#[test]
fn what_a_failed_concurrent_build_leaves_behind_gets_the_list_of_duplicates() {
    let database = Database::with_setup(
        r#"CREATE TABLE "User" ("E Mail" text, gone boolean, n int); INSERT INTO "User" VALUES
           ('A', false), ('a', false), ('b', false), ('b', true), ('c', true), ('c', true), (NULL, false), (NULL, false)"#,
    );
    let text =
        database.violation(r#"CREATE UNIQUE INDEX CONCURRENTLY "Mail Key" ON "User" (lower("E Mail")) WHERE NOT gone"#);
    let explained = database.explain(&text, 0);
    assert_eq!(explained.text("/error/occasion"), "index_build");
    let [(_, sql)] = explained.statements()[..] else { panic!("one statement: {:#}", explained.json) };
    assert_eq!(database.texts(sql), [[Some("a".to_owned()), Some("2".to_owned())]], "{sql}");
    database.execute(r#"DELETE FROM "User" WHERE "E Mail" = 'A'"#);
    let hint = explained.hints();
    database.execute(hint.split("; or ").nth(1).unwrap_or_else(|| panic!("no REINDEX in {hint}")));
}

#[test]
fn an_exclusion_constraint_named_by_its_name_is_kept_by_do_nothing() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Room" (n int, "During" int4range, CONSTRAINT "No Overlap" EXCLUDE USING gist ("During" WITH &&))"#,
    );
    // Its own violation is another error, and the name is all that frameworks tell.
    let text = "org.springframework.dao.DataIntegrityViolationException: could not execute statement; SQL [n/a]; constraint [No Overlap]";
    let run = database.run(&["explain", "--format", "json", text]);
    assert_eq!(run.json()["index"]["kind"], "exclusion_constraint", "{run:#?}");
    let statements = run.json()["statements"].clone();
    let sql = statements[0]["sql"].as_str().expect("a statement");
    assert_eq!(statements.as_array().map(Vec::len), Some(1), "{statements:#}");
    let case = Case {
        setup: "",
        violation: "",
        first: &["1", "[1,5)"],
        second: &["2", "[3,9)"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "Room" AS t"#,
        kept: r#"(1,"[1,5)")"#,
        updated: "",
    };
    case.assert_does(&mut database.client(), KEEP, sql);
}

#[test]
fn a_foreign_key_that_refers_to_the_key_does_not_change_the_upsert() {
    Case {
        setup: r#"CREATE TABLE "User" (id int PRIMARY KEY, "E Mail" text UNIQUE, n int);
            CREATE TABLE "Post" ("User Id" int REFERENCES "User")"#,
        violation: r#"INSERT INTO "User" VALUES (1, 'a'), (2, 'a')"#,
        first: &["1", "a", "10"],
        second: &["2", "a", "20"],
        look: r#"SELECT string_agg(t::text, ' ') FROM "User" AS t"#,
        kept: "(1,a,10)",
        updated: "(1,a,20)",
    }
    .assert_cured_by(&[KEEP, UPDATE]);
}

#[test]
fn the_statements_name_their_table_in_its_schema_whatever_the_path() {
    let database = Database::with_setup(
        r#"CREATE SCHEMA other; CREATE TABLE other.pg_class (id int CONSTRAINT "Own Key" PRIMARY KEY, n int)"#,
    );
    let text = database.violation("INSERT INTO other.pg_class VALUES (1), (1)");
    for (_, sql) in database.explain(&text, 0).statements() {
        assert!(sql.contains("INTO other.pg_class "), "{sql}");
        database.client().prepare(sql).expect("it runs");
    }
}
