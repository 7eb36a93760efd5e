//! What attacks on `explain` found, each as a claim of its own.

mod support;

use support::{Database, Run, server_version};

/// A table whose sequence stands at its start over three rows.
const ORDERS: &str = r"CREATE TABLE orders (id serial PRIMARY KEY, note text);
    INSERT INTO orders (id) SELECT generate_series(1, 3); SELECT nextval('orders_id_seq')";

fn orders() -> Database {
    Database::with_setup(ORDERS)
}

fn text(constraint: &str, detail: &str, more: &str) -> String {
    format!("ERROR:  duplicate key value violates unique constraint \"{constraint}\"\nDETAIL:  {detail}\n{more}")
}

const FIRST: &str = "Key (id)=(1) already exists.";

#[test]
fn the_longest_names_are_looked_for() {
    let table = "t".repeat(63);
    let database =
        Database::with_setup(&format!("CREATE TABLE {table} (id int PRIMARY KEY); INSERT INTO {table} VALUES (1)"));
    let violation = database.violation(&format!("INSERT INTO {table} VALUES (1)"));
    database.explain(&violation, 0).expect("genuine_duplicate");
    // The likeliest end of a name can lie far behind it, where no name is that long.
    let database = orders();
    let long = "duplicate key value violates unique constraint \"orders_pkey\" while saving the order of customer \
                number 12345 in step \"save\"";
    database.explain(long, 1).expect("sequence_behind");
    let nowhere = database.explain_in_vain(&[], &text(&"x".repeat(70), FIRST, ""));
    assert!(nowhere.contains("no unique index or constraint"), "{nowhere}");
}

#[test]
fn an_update_of_another_table_says_nothing_about_this_one() {
    let database = orders();
    let by_rule = text("orders_pkey", FIRST, "[SQL: update account set id='b' where id=1]");
    database.explain(&by_rule, 1).expect("sequence_behind");
    let by_function =
        text("orders_pkey", FIRST, "CONTEXT:  SQL function \"f\" statement 1\nSTATEMENT:  update orders set id = 1\n");
    database.explain(&by_function, 1).expect("sequence_behind");
    let by_default = text("orders_pkey", FIRST, "STATEMENT:  update orders set id=default\n");
    database.explain(&by_default, 1).expect("sequence_behind");
    let given = text("orders_pkey", FIRST, "STATEMENT:  update orders set note = 'x', id = 1 where id = 2\n");
    database.explain(&given, 1).expect("genuine_duplicate");
}

#[test]
fn the_statement_that_a_trigger_ran_counts_and_not_the_one_that_fired_it() {
    let database = Database::with_setup(
        "CREATE TABLE audit (id serial PRIMARY KEY, w text); INSERT INTO audit (id) VALUES (1), (2); SELECT nextval('audit_id_seq')",
    );
    let report = serde_json::json!({
        "message": "duplicate key value violates unique constraint \"audit_pkey\"", "detail": FIRST, "state_code": "23505",
        "context": "SQL statement \"insert into audit(w) values('u')\"\nPL/pgSQL function f() line 1 at SQL statement",
        "statement": "update account set id = 1",
    });
    let explained = database.explain(&report.to_string(), 1).expect("sequence_behind");
    assert!(explained.notes().contains("the INSERT works as it is"), "{}", explained.notes());
}

#[test]
fn a_default_or_trigger_that_calls_a_function_leaves_it_open() {
    let database = Database::with_setup(
        r#"CREATE SEQUENCE s;
           CREATE FUNCTION next_id() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('public.s') $$;
           CREATE TABLE "By Default" (id bigint PRIMARY KEY DEFAULT next_id());
           INSERT INTO "By Default" VALUES (1), (2);
           CREATE SEQUENCE code_s; CREATE TABLE "By Trigger" (code text PRIMARY KEY);
           CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN NEW.code := 'INV-' || nextval('public.code_s'); RETURN NEW; END $$;
           INSERT INTO "By Trigger" VALUES ('INV-1'), ('INV-2');
           CREATE TRIGGER fills BEFORE INSERT ON "By Trigger" FOR EACH ROW EXECUTE PROCEDURE fill()"#,
    );
    for table in ["By Default", "By Trigger"] {
        let violation = database.violation(&format!(r#"INSERT INTO "{table}" DEFAULT VALUES"#));
        let explained = database.explain(&violation, 0).expect("undetermined");
        assert!(explained.facts().contains("draws from public."), "{}", explained.facts());
    }
}

#[test]
fn a_key_that_is_computed_from_a_serial_column_is_fed_by_its_sequence() {
    let mut tables = vec!["CREATE TABLE t (id serial, w text); CREATE UNIQUE INDEX by_id ON t ((id + 0))"];
    if server_version() >= 120_000 {
        tables.push("CREATE TABLE t (id serial, code text GENERATED ALWAYS AS ('C' || id) STORED UNIQUE, w text)");
    }
    for table in tables {
        let setup = table.replace("'C' || id", "'C' || id::text");
        let database = Database::with_setup(&format!("{setup}; INSERT INTO t (id) VALUES (1), (2)"));
        let violation = database.violation("INSERT INTO t (w) VALUES ('x')");
        let explained = database.explain(&violation, 1).expect("sequence_behind");
        assert!(explained.facts().contains("is computed from it"), "{}", explained.facts());
        database.run_printed(explained.text("/next_command")).expect_status(0);
        database.execute("INSERT INTO t (w) VALUES ('x')");
        // Every INSERT that leaves the id out draws it: an upsert must name it.
        assert!(explained.statements().iter().all(|(_, sql)| sql.contains("(id")), "{:?}", explained.statements());
    }
}

#[test]
fn a_value_that_the_state_does_not_show_is_not_laid_to_the_statement() {
    let database = Database::with_setup(
        "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (10); SELECT setval('t_id_seq', 9)",
    );
    let violation = database.violation("INSERT INTO t DEFAULT VALUES");
    database.execute("SELECT setval('t_id_seq', 3)");
    let explained = database.explain(&violation, 1);
    assert!(explained.facts().contains("unless it was set back"), "{}", explained.facts());
}

#[test]
fn an_insert_that_lists_the_key_gets_no_promise() {
    let database = orders();
    let listed = text("orders_pkey", FIRST, "STATEMENT:  insert into orders (id, note) values (1, 'x')\n");
    let explained = database.explain(&listed, 1).expect("sequence_behind");
    assert!(explained.facts().contains("a repair does not help it"), "{}", explained.facts());
    assert!(!explained.notes().contains("works as it is"), "{}", explained.notes());
    let copied =
        text("orders_pkey", FIRST, "CONTEXT:  COPY orders, line 1\nSTATEMENT:  COPY orders (id, note) FROM STDIN\n");
    database.explain(&copied, 1).expect("genuine_duplicate");
}

#[test]
fn the_command_never_leads_to_another_database() {
    let (database, other) = (orders(), orders());
    let violation = text("orders_pkey", FIRST, "");
    let server = database.server();
    let uri = format!(
        "postgres://postgres:secret@/{}?host={}&port={}",
        database.name().replace(' ', "%20"),
        server.directory().display(),
        server.port()
    );
    let next = |place: &str| {
        let explained = other.explain_with(&["-d", place], &violation, 1);
        let next = explained.text("/next_command").to_owned();
        assert!(!next.contains("secret") && !explained.screen.contains("secret"), "{next}");
        next
    };
    let string = format!(
        "host={} port={} dbname='{}' password=secret",
        server.directory().display(),
        server.port(),
        database.name()
    );
    other.run_printed(&next(&string)).expect_status(2);
    other.run_printed(&next(&uri)).expect_status(0);
    assert_eq!(database.sequence_states()["public.orders_id_seq"].0, 3);
    assert_eq!(other.sequence_states()["public.orders_id_seq"].0, 1);
}

#[test]
fn a_constraint_of_another_table_is_not_explained() {
    let database = orders();
    let fields = "SCHEMA NAME:  sales\nTABLE NAME:  orders\nCONSTRAINT NAME:  orders_pkey\n";
    let said = database.explain_in_vain(&[], &text("orders_pkey", FIRST, fields));
    assert!(said.contains("no unique index or constraint"), "{said}");
    let columns =
        database.explain(&text("orders_pkey", "Key (email)=(3) already exists.", ""), 1).expect("undetermined");
    assert!(columns.facts().contains("other columns"), "{}", columns.facts());
    assert!(columns.json["row"]["stored"].is_null());
}

#[test]
fn what_runs_as_printed_is_printed() {
    let mut cases = vec![
        // The table has the name of the row that was not inserted.
        ("CREATE TABLE excluded (id int PRIMARY KEY, w text)", "INSERT INTO excluded VALUES (1), (1)"),
        (
            "CREATE TABLE t (a text, w text); CREATE UNIQUE INDEX u ON t (a) WHERE w <> E'a\\tb\\nc'",
            "INSERT INTO t VALUES ('x', 'y'), ('x', 'y')",
        ),
        (
            "CREATE TABLE t (a int UNIQUE DEFERRABLE, w text); CREATE RULE r AS ON DELETE TO t DO ALSO NOTHING",
            "INSERT INTO t VALUES (1), (1)",
        ),
    ];
    if Database::new().try_execute("CREATE EXTENSION hstore").is_ok() {
        cases.push((
            "CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE TABLE t (a ext.hstore UNIQUE DEFERRABLE, w int)",
            "INSERT INTO t VALUES ('a=>1'::ext.hstore, 1), ('a=>1'::ext.hstore, 1)",
        ));
    }
    for (setup, insert) in cases {
        let database = Database::with_setup(setup);
        let explained = database.explain(&database.violation(insert), 0);
        let mut client = database.client();
        for (_, sql) in explained.statements() {
            client.prepare(sql).unwrap_or_else(|error| panic!("{error:?} in {sql}"));
            assert!(explained.screen.contains(sql), "{sql}\nis not shown in\n{}", explained.screen);
        }
    }
}

#[test]
fn a_materialized_view_gets_no_insert() {
    let database = Database::with_setup(
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW mv AS SELECT a FROM t;
         CREATE UNIQUE INDEX u ON mv (a); INSERT INTO t VALUES (1)",
    );
    let violation = text("u", "Key (a)=(1) is duplicated.", "")
        .replace("duplicate key value violates unique constraint", "could not create unique index");
    for violation in [violation, text("u", "Key (a)=(1) already exists.", "")] {
        let explained = database.explain(&violation, 0).expect("genuine_duplicate");
        assert_eq!(explained.statements(), []);
        assert!(explained.notes().contains("materialized view"), "{}", explained.notes());
    }
}

#[test]
fn an_interval_in_another_style_is_never_said_to_be_gone() {
    let database =
        Database::with_setup("CREATE TABLE t (a interval PRIMARY KEY); INSERT INTO t VALUES ('-1 day -2 hours')");
    let violation = database.violation("SET intervalstyle = sql_standard; INSERT INTO t VALUES ('-1 day -2 hours')");
    let explained = database.explain(&violation, 0).expect("genuine_duplicate");
    assert!(explained.json["row"]["stored"].is_null(), "{:#}", explained.json);
}

#[test]
fn the_row_is_looked_for_in_its_own_table_and_not_in_those_that_inherit() {
    let database = Database::with_setup(
        "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent); INSERT INTO child VALUES (7)",
    );
    database.explain(&text("parent_pkey", "Key (id)=(7) already exists.", ""), 0).expect("gone");
}

#[test]
fn a_role_that_may_read_the_key_alone_finds_the_row() {
    let database = orders();
    let role = support::role_name();
    database.execute(&format!("CREATE ROLE \"{role}\" LOGIN; GRANT SELECT (id) ON orders TO \"{role}\"; GRANT SELECT ON SEQUENCE orders_id_seq TO \"{role}\""));
    let explained = database.explain_with(&["-U", &role], &text("orders_pkey", FIRST, ""), 1).expect("sequence_behind");
    assert_eq!(explained.json["row"]["stored"], true);
}

#[test]
fn what_is_wrapped_is_more_exact_than_its_wrapper() {
    let database = orders();
    let sequelize = r#"{"name":"SequelizeUniqueConstraintError","parent":{"code":"23505","detail":"Key (id)=(1) already exists.","constraint":"orders_pkey"}}"#;
    database.explain(sequelize, 1).expect("sequence_behind");
    let coloured = "error: duplicate key value violates unique constraint \"orders_pkey\" {\n  detail: \u{1b}[32m'Key (id)=(1) already exists.'\u{1b}[39m,\n  code: \u{1b}[32m'23505'\u{1b}[39m }";
    let explained = database.explain(coloured, 1).expect("sequence_behind");
    assert_eq!(explained.text("/error/values"), "1");
}

#[test]
fn a_name_whose_quotes_the_shell_took_is_found() {
    let database = orders();
    for name in ["orders_pkey", "<code>orders_pkey</code>", "*orders_pkey*", "”orders_pkey”"] {
        let said = format!(
            "ERROR: duplicate key value violates unique constraint {name} DETAIL: Key (id)=(1) already exists."
        );
        let explained = database.explain(&said, 1).expect("sequence_behind");
        assert_eq!(explained.text("/error/values"), "1", "{said}");
    }
}

#[test]
fn what_looks_like_a_key_or_a_message_is_not_taken_for_one() {
    let database = orders();
    let message = "ERROR:  duplicate key value violates unique constraint \"orders_pkey\"\n";
    let sql = database.explain(&format!("{message}[SQL: UPDATE orders SET note='x' WHERE (id)=(7)]"), 1);
    assert_eq!(sql.json["error"]["columns"], serde_json::json!([]));
    let evil = text("orders_pkey", "Key (id)=(detail: 'Key (k)=(evil) already exists.') already exists.", "");
    assert_eq!(database.explain(&evil, 1).text("/error/values"), "detail: 'Key (k)=(evil) already exists.'");
    let quoted = "ERROR:  null value in column \"a\" of relation \"b\" violates not-null constraint\n\
                  DETAIL:  Failing row contains (duplicate key value violates unique constraint \"orders_pkey\", null).\n";
    assert!(database.explain_in_vain(&[], quoted).contains("23502"));
    assert!(
        database.explain_in_vain(&[], "Customer lives in ZIP code 23505, Norfolk").contains("no error of PostgreSQL's")
    );
}

#[test]
fn duplicates_under_a_failed_index_are_no_sequences_fault() {
    let database = orders();
    database.execute("CREATE TABLE d (id serial, w text); INSERT INTO d (id) VALUES (1), (1)");
    // Left behind as it is: not valid.
    let failed = database.client().simple_query("CREATE UNIQUE INDEX CONCURRENTLY d_id ON d (id)");
    let error = failed.expect_err("two rows are alike");
    let violation = support::violations::as_psql_prints(error.as_db_error().expect("the server's words"));
    let explained = database.explain(&violation, 1).expect("genuine_duplicate");
    assert!(!explained.notes().contains("after the repair"), "{}", explained.notes());
}

#[test]
fn a_locked_table_is_said_to_be_locked() {
    let database = orders();
    let mut holder = database.client();
    holder.batch_execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE").expect("a lock");
    let violation = text("orders_pkey", FIRST, "");
    let said = Run::of(database.pgseqfix().args(["explain", "--lock-timeout", "50ms", &violation])).expect_status(2);
    assert!(said.stderr.contains("--lock-timeout") && said.stderr.contains("--offline"), "{said:#?}");
}

#[test]
fn so_many_candidates_are_not_listed_without_end() {
    let database = Database::new();
    for piece in 0..6 {
        let tables: Vec<String> = (0..20).map(|n| format!("CREATE TABLE t{piece}_{n} (id int PRIMARY KEY)")).collect();
        database.execute(&tables.join(";"));
    }
    let said = "Unique constraint failed on the fields: (`id`)";
    let explained = database.explain(said, 2);
    assert_eq!(explained.candidates().len(), 50);
}

/// The report of a log, offline.
fn log(content: &str) -> serde_json::Value {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), content).expect("written");
    let mut command = assert_cmd::Command::cargo_bin("pgseqfix").expect("built");
    let output = command.args(["explain", "--offline", "--format", "json", "--log"]).arg(file.path()).output();
    Run::from(output.expect("it runs")).expect_status(0).json()
}

/// Constraint and count of each line.
fn counts(report: &serde_json::Value) -> Vec<(String, u64)> {
    let constraints = report["constraints"].as_array().expect("a list").iter();
    let name = |one: &serde_json::Value| one["error"]["constraint"].as_str().unwrap_or("-").to_owned();
    constraints.map(|one| (name(one), one["count"].as_u64().expect("a number"))).collect()
}

const D: &str = "duplicate key value violates unique constraint";

#[test]
fn every_line_of_a_programs_log_counts() {
    let logrus = |second: u32, name: &str| {
        format!("time=\"2026-11-23T08:00:{second:02}Z\" level=error msg=\"pq: {D} \\\"{name}\\\"\"\n")
    };
    let lines: String =
        [("a_pkey"), ("a_pkey"), ("b_pkey"), ("a_pkey")].iter().zip(1..).map(|(name, at)| logrus(at, name)).collect();
    assert_eq!(counts(&log(&lines)), [("a_pkey".to_owned(), 3), ("b_pkey".to_owned(), 1)]);

    let composed = |name: &str| format!("app-1  | {{\"level\":50,\"err\":{{\"message\":\"{D} \\\"{name}\\\"\"}}}}\n");
    let lines: String = ["a_pkey", "b_pkey", "a_pkey"].map(composed).concat();
    assert_eq!(counts(&log(&lines)), [("a_pkey".to_owned(), 2), ("b_pkey".to_owned(), 1)]);

    let bare: Vec<String> = (0..500).map(|number| format!("UniqueViolation 23505 {number}\n")).collect();
    assert_eq!(log(&bare.concat())["violations"], 500);
}

#[test]
fn lines_of_two_sessions_that_are_mixed_keep_apart() {
    let mixed = format!(
        "Nov 23 08:00:00 db1 postgres[11]: ERROR:  {D} \"one_pkey\"\nNov 23 08:00:00 db1 postgres[12]: ERROR:  {D} \"two_pkey\"\n\
         Nov 23 08:00:00 db1 postgres[11]: DETAIL:  Key (a)=(1) already exists.\nNov 23 08:00:00 db1 postgres[12]: DETAIL:  Key (b)=(2) already exists.\n"
    );
    let report = log(&mixed);
    for constraint in report["constraints"].as_array().expect("a list") {
        let wanted = if constraint["error"]["constraint"] == "one_pkey" { ("a", "1") } else { ("b", "2") };
        assert_eq!(
            (&constraint["error"]["columns"][0], &constraint["error"]["values"]),
            (&wanted.0.into(), &wanted.1.into())
        );
    }
    let rails = format!(
        "E, [2026-11-23T08:00:00 #77] ERROR -- : [abc] ActiveRecord::RecordNotUnique (PG::UniqueViolation: ERROR:  {D} \"one_pkey\"\nDETAIL:  Key (a)=(1) already exists.\n"
    );
    assert_eq!(log(&rails)["constraints"][0]["error"]["values"], "1");
    let braces = format!(
        "{{app@shop}} 2026-11-23 08:00:00 UTC ERROR:  {D} \"one_pkey\"\n{{app@shop}} 2026-11-23 08:00:00 UTC DETAIL:  Key (a)=(1) already exists.\n"
    );
    assert_eq!(log(&braces)["constraints"][0]["error"]["values"], "1");
}

#[test]
fn constraints_of_one_name_in_two_schemas_are_judged_apart() {
    let database = Database::with_setup(
        "CREATE TABLE a (id serial PRIMARY KEY, w text); INSERT INTO a (id) VALUES (1), (2), (3); SELECT nextval('a_id_seq');
         CREATE SCHEMA s2; CREATE TABLE s2.a (id int PRIMARY KEY); INSERT INTO s2.a VALUES (1)",
    );
    let entry = |table: &str| format!("{}STATEMENT:  insert into {table}(w) values (1)\n", text("a_pkey", FIRST, ""));
    let content = [entry("public.a"), entry("public.a"), entry("s2.a")].concat();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), content).expect("written");
    let path = file.path().to_str().expect("UTF-8");
    let report = database.run(&["explain", "--format", "json", "--log", path]).expect_status(1).json();
    let told: Vec<_> = report["constraints"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["count"].clone(), one["table"].clone()))
        .collect();
    assert_eq!(told, [(2.into(), "public.a".into()), (1.into(), "s2.a".into())]);
}

#[test]
fn another_error_that_quotes_ours_is_named() {
    let database = orders();
    let ours = format!("{D} \"orders_pkey\"");
    for (quoting, words) in [
        (
            format!(
                "ERROR:  insert or update on table \"b\" violates foreign key constraint \"f\"\nDETAIL:  Key (m)=({ours}) is not present in table \"p\".\n"
            ),
            "23503",
        ),
        (format!("ERROR:  invalid input syntax for type integer: \"{ours}\"\n"), "no error of PostgreSQL's"),
        (format!("WARNING:  {ours}\nERROR:  division by zero\n"), "no error of PostgreSQL's"),
        (format!("ERROR:  P0001: wrapped: {ours}\n"), "no error of PostgreSQL's"),
        (format!("ERROR:  syntax error\nLINE 1: selec 'x {ours}\n"), "no error of PostgreSQL's"),
        (
            format!("ERROR:  value too long\nCONTEXT:  COPY errs, line 1, column m: \"{ours}\"\n"),
            "no error of PostgreSQL's",
        ),
    ] {
        let said = database.explain_in_vain(&[], &quoting);
        assert!(said.contains(words), "{quoting}\n{said}");
    }
}

#[test]
fn a_statement_that_calls_nextval_leaves_it_open() {
    let database = orders();
    let drawn =
        text("orders_pkey", FIRST, "STATEMENT:  update orders set id = nextval('orders_id_seq') where id = 7\n");
    database.explain(&drawn, 1).expect("sequence_behind");
    let database =
        Database::with_setup("CREATE SEQUENCE g; CREATE TABLE r (id int PRIMARY KEY); INSERT INTO r VALUES (1)");
    let drawn = text("r_pkey", FIRST, "STATEMENT:  insert into r values (nextval('g'))\n");
    let explained = database.explain(&drawn, 0).expect("undetermined");
    assert!(explained.facts().contains("a call of nextval"), "{}", explained.facts());
}

#[test]
fn a_statement_that_writes_another_schema_means_another_table() {
    let database = orders();
    let said = database
        .explain_in_vain(&[], &text("orders_pkey", FIRST, "STATEMENT:  insert into other.orders(note) values ('x')\n"));
    assert!(said.contains("no unique index or constraint"), "{said}");
}

#[test]
fn the_repair_keeps_what_was_ignored_and_a_sentinel_is_named_before() {
    let database = orders();
    database.execute("INSERT INTO orders VALUES (2147483646)");
    let violation = text("orders_pkey", FIRST, "");
    let warned = database.explain(&violation, 1).expect("sequence_behind");
    assert!(warned.hints().contains("--ignore-above"), "{}\n{}", warned.facts(), warned.hints());
    let explained = database.explain_with(&["--ignore-above", "1000"], &violation, 1);
    database.run_printed(explained.text("/next_command")).expect_status(0);
    assert_eq!(database.sequence_states()["public.orders_id_seq"].0, 3);
}

#[test]
fn an_error_of_another_code_that_repeats_the_message_is_not_counted() {
    let prefix = "2026-11-23 08:00:00 UTC [5] ";
    let told = format!("{prefix}ERROR:  P0001: caught: {D} \"a_pkey\"\n{prefix}WARNING:  {D} \"a_pkey\"\n");
    assert_eq!(log(&told)["violations"], 0);
    let mixed = format!("2026-11-23 09:00:00 ERROR x: {D} \"a_pkey\"\n2026-11-23T08:00:00 ERROR x: {D} \"a_pkey\"\n");
    let report = log(&mixed);
    let times = (&report["constraints"][0]["first"], &report["constraints"][0]["last"]);
    assert_eq!(times, (&"2026-11-23T08:00:00".into(), &"2026-11-23 09:00:00".into()));
}

#[test]
fn what_is_said_of_an_outlier_is_said_once() {
    let database = Database::with_setup(
        "CREATE TABLE t (id serial PRIMARY KEY, w text); INSERT INTO t (w) VALUES ('a'), ('b'), ('c');
         INSERT INTO t VALUES (2000000000)",
    );
    let explained = database.explain(&database.violation("INSERT INTO t VALUES (2)"), 0);
    for text in [&explained.facts(), &explained.screen] {
        assert_eq!(text.matches("the next value 4 is free").count(), 1, "{text}");
    }
    assert_eq!(explained.json["evidence"].to_string().matches("remove the row").count(), 1, "{:#}", explained.json);
}

#[test]
fn a_file_in_the_place_of_the_text_is_said_to_be_one() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("its error.txt"), "x").expect("written");
    let mut command = assert_cmd::Command::cargo_bin("pgseqfix").expect("built");
    let output = command.current_dir(&directory).args(["explain", "--offline", "its error.txt"]).output();
    let run = support::Run::from(output.expect("it runs")).expect_status(2);
    assert!(
        run.stderr.contains("'its error.txt' is a file: explain <'its error.txt', or --log 'its error.txt'"),
        "{run:#?}"
    );
}

#[test]
fn a_row_with_bytes_that_are_no_letters_is_found_and_shown_as_far_as_it_can_be() {
    let database = Database::new();
    for (encoding, byte) in [("SQL_ASCII", "\\xe9"), ("WIN1252", "\\x81")] {
        let Some(mut psql) = database.program("psql") else { return };
        let name = format!("{} {encoding}", database.name());
        database.execute(&format!(
            "CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        ));
        let setup = format!("CREATE TABLE t (id int PRIMARY KEY, w text); INSERT INTO t VALUES (1, E'caf{byte}')");
        psql.env("PGCLIENTENCODING", encoding);
        support::Run::of(psql.args(["-q", "-d", &name, "-c", &setup])).expect_status(0);
        let text = text("t_pkey", "Key (id)=(1) already exists.", "");
        let explained = database.explain_with(&["-d", &name, "--show-row"], &text, 0).expect("genuine_duplicate");
        database.execute(&format!("DROP DATABASE \"{name}\""));
        let row = &explained.json["row"];
        assert_eq!(row["stored"], true, "{encoding}");
        if encoding == "SQL_ASCII" {
            assert!(row["content"].to_string().contains("caf\u{fffd}"), "{row:#}");
        } else {
            assert!(row["content"].is_null(), "{row:#}");
            assert!(explained.facts().contains("the row cannot be shown: "), "{}", explained.facts());
            assert!(explained.screen.contains("client_encoding"), "{}", explained.screen);
        }
        assert!(!explained.screen.contains("do not fit"), "{}", explained.screen);
    }
}
