//! What a database can hold to mislead whoever looks at it: nothing of it is called, and nothing changes what is done.

mod support;

use std::collections::BTreeSet;
use std::thread;

use support::terminal::Terminal;
use support::{Database, Run, Server, role_name};

/// Copies of all that a statement could mean by a bare name: whoever looks into `evil` first runs one of them.
const TRAPS: &str = r#"
CREATE SCHEMA evil;
DO $do$
DECLARE
    it record;
    body CONSTANT text := $$ BEGIN RAISE WARNING 'SPRUNG'; RAISE EXCEPTION 'SPRUNG'; END $$;
BEGIN
    -- Every function with arguments of its own, and every aggregate.
    FOR it IN SELECT p.oid, p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, p.proretset,
                     p.prorettype::regtype AS result, a.aggfnoid IS NOT NULL AS is_aggregate
              FROM pg_proc p LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
              WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname !~ '(in|out|recv|send|_ops|handler|support)$'
              ORDER BY p.oid
    LOOP
        BEGIN
            IF it.is_aggregate THEN
                EXECUTE format('CREATE FUNCTION evil.step_%s(text, %s) RETURNS text LANGUAGE plpgsql AS %L', it.oid, it.arguments, body);
                EXECUTE format('CREATE AGGREGATE evil.%I (%s) (SFUNC = evil.step_%s, STYPE = text, INITCOND = '''')',
                               it.proname, it.arguments, it.oid);
            ELSE
                EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s %s LANGUAGE plpgsql AS %L', it.proname, it.arguments,
                               CASE WHEN it.proretset THEN 'SETOF' ELSE '' END, it.result, body);
            END IF;
        EXCEPTION WHEN OTHERS THEN NULL; -- One that only the server's own language can have.
        END;
    END LOOP;
    -- Every operator.
    FOR it IN SELECT oprname, oprleft, oprright, oprresult FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace LOOP
        BEGIN
            IF it.oprleft <> 0 AND it.oprright <> 0 THEN
                EXECUTE format('CREATE OR REPLACE FUNCTION evil.op_%s_%s_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L',
                    it.oprleft, it.oprright, it.oprresult, it.oprleft::regtype, it.oprright::regtype, it.oprresult::regtype, body);
                EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, PROCEDURE = evil.op_%s_%s_%s)',
                    it.oprname, it.oprleft::regtype, it.oprright::regtype, it.oprleft, it.oprright, it.oprresult);
            END IF;
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    -- Types and catalogs.
    EXECUTE format('CREATE FUNCTION evil.sprung() RETURNS bool LANGUAGE plpgsql AS %L', body);
    FOR it IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typelem = 0 LOOP
        BEGIN
            EXECUTE format('CREATE DOMAIN evil.%I AS pg_catalog.int8 CHECK (evil.sprung())', it.typname);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    FOR it IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') LOOP
        EXECUTE format('CREATE VIEW evil.%I AS SELECT evil.sprung() AS oid', it.relname);
    END LOOP;
    -- Such as fit better than the built-in ones, in schemas that stand behind pg_catalog, too.
    FOR it IN SELECT * FROM (VALUES ('name', 'text'), ('text', 'name'), ('oid', 'int4'), ('oid', 'int8'), ('int8', 'oid'),
                             ('"char"', 'text'), ('text', '"char"'), ('regclass', 'int8'), ('int2', 'oid'), ('name', 'name'),
                             ('oid', 'regclass'), ('regclass', 'oid'), ('regclass', 'regclass')) AS pair (one, other) LOOP
        FOR oper IN 1..4 LOOP
            BEGIN
                EXECUTE format('CREATE OR REPLACE FUNCTION public.trap(%s, %s) RETURNS bool LANGUAGE plpgsql AS %L', it.one, it.other, body);
                EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, PROCEDURE = public.trap)',
                               (ARRAY['=', '<>', '>=', '~'])[oper], it.one, it.other);
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
        END LOOP;
    END LOOP;
    FOR it IN SELECT unnest(ARRAY['nextval(oid)', 'setval(oid, bigint)', 'setval(regclass, int)', 'setval(regclass, int, bool)',
        'setval(text, bigint, bool)', 'max(int)', 'max(bigint)', 'min(int)', 'min(bigint)', 'quote_ident(name)', 'format(text, name, name)',
        'format(text, text, text)', 'has_table_privilege(regclass, text)', 'to_regclass(name)', 'current_setting(name)',
        'has_sequence_privilege(regclass, text)', 'unnest(text[])', 'count(int)', 'row_to_json(text)']) AS head LOOP
        EXECUTE format('CREATE FUNCTION public.%s RETURNS bigint LANGUAGE plpgsql AS %L', it.head, body);
    END LOOP;
END $do$;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
"#;

const SHOP: &str = r#"
CREATE TABLE public."Items" (id serial PRIMARY KEY, name text); INSERT INTO "Items" SELECT generate_series(1, 30);
CREATE TABLE public.identity (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY); INSERT INTO identity VALUES (5), (7);
CREATE SEQUENCE down INCREMENT -1; CREATE TABLE public.downward (id int PRIMARY KEY DEFAULT nextval('down'));
INSERT INTO downward VALUES (-1), (-9);
CREATE SEQUENCE called;
CREATE FUNCTION next_called() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''public.called'')';
CREATE TABLE public.calling (id bigint PRIMARY KEY DEFAULT next_called()); INSERT INTO calling VALUES (4);
CREATE TABLE tree (id bigserial, day int) PARTITION BY RANGE (day);
CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (10); CREATE UNIQUE INDEX ON tree_1 (id);
INSERT INTO tree VALUES (700, 1);
"#;

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Everything that the program does, as a role: the right result, and what is behind is repaired.
fn run_everything(database: &Database, role: &str, arguments: &[&str]) {
    let run = |more: &[&str]| Run::of(database.pgseqfix().args(["-U", role]).args(arguments).args(more));
    for format in ["table", "json", "csv", "markdown", "sql"] {
        let found = run(&["-vv", "--format", format]).expect_status(1);
        assert!(!found.stderr.contains("WARN") && !found.stderr.contains("error:"), "{found:#?}");
    }
    let explained = run(&[
        "explain",
        "--show-row",
        "ERROR:  duplicate key value violates unique constraint \"Items_pkey\"\nDETAIL:  Key (id)=(1) already exists.\n",
    ]);
    let explained = explained.expect_status(1);
    assert!(explained.stdout.contains("Items_id_seq"), "{explained:#?}");
    let report = run(&["fix", "--dry-run", "--format", "json"]).expect_status(1).report();
    let farthest = |name: &str| report.sequence(name)["farthest_value"].as_i64();
    for (name, value) in [("Items_id_seq", 30), ("identity_id_seq", 7), ("down", -9), ("tree_id_seq", 700)] {
        assert_eq!((farthest(name), &report.sequence(name)["status"]), (Some(value), &"behind".into()), "{name}");
    }
    let fixed = run(&["fix", "--yes", "--format", "json"]).expect_status(0).report();
    assert_eq!(fixed.at("/summary/fixed"), 4);
    let states = database.sequence_states();
    assert_eq!((states["public.\"Items_id_seq\""], states["public.down"]), ((30, true), (-9, true)));
    assert!(run(&["--format", "json"]).expect_status(0).report().behind().is_empty());
}

/// One in which all is behind again.
fn drift_again(database: &Database) {
    database.execute(
        r#"SELECT pg_catalog.setval('public."Items_id_seq"'::regclass, 1::bigint),
                  pg_catalog.setval('public.identity_id_seq'::regclass, 1::bigint),
                  pg_catalog.setval('public.down'::regclass, (-1)::bigint),
                  pg_catalog.setval('public.tree_id_seq'::regclass, 1::bigint)"#,
    );
}

#[test]
fn functions_operators_types_and_catalogs_of_our_names_earlier_in_search_path_are_never_used() {
    let server = Server::start_own(&[]);
    let database = Database::on(&server);
    database.execute(SHOP);
    database.execute(TRAPS);
    let traps: i64 = database.value(
        "SELECT (SELECT count(*) FROM pg_proc WHERE pronamespace = 'evil'::regnamespace)
              + (SELECT count(*) FROM pg_operator WHERE oprnamespace = 'evil'::regnamespace)",
    );
    assert!(traps > 2_000, "only {traps} traps");
    let (by_role, by_database) = (role_name(), role_name());
    let path = "evil, pg_catalog, public";
    database.execute(&format!(
        "CREATE ROLE {0} SUPERUSER LOGIN; CREATE ROLE {1} SUPERUSER LOGIN; ALTER ROLE {0} SET search_path = {path};
         ALTER ROLE postgres SET search_path = public; ALTER DATABASE {2} SET search_path = {path}",
        quoted(&by_role),
        quoted(&by_database),
        quoted(database.name()),
    ));
    for role in [&by_role, &by_database] {
        // They do spring.
        for sql in ["SELECT max(1)", "SELECT 1 WHERE 2 = 2", "SELECT oid FROM pg_class", "SELECT '1'::int8 = 1"] {
            let error = database.client_as(role).batch_execute(sql).expect_err(sql);
            assert!(error.as_db_error().is_some_and(|said| said.message().contains("SPRUNG")), "{sql}: {error:?}");
        }
        let before = server.log().matches("SPRUNG").count();
        run_everything(&database, role, &[]);
        drift_again(&database);
        run_everything(&database, role, &["-n", "public", "-N", "evil", "-T", "evil.*"]);
        drift_again(&database);
        run_everything(&database, role, &["-j", "1", "-t", "public.*"]);
        drift_again(&database);
        let run =
            Run::of(database.pgseqfix().args(["-U", role, "-t", "\"Items\"", "--skip-unindexed"])).expect_status(1);
        assert!(run.stdout.contains("Items_id_seq"), "{run:#?}");
        if let Some(mut psql) = database.program("psql") {
            let script = Run::of(database.pgseqfix().args(["-U", role, "--format", "sql"])).expect_status(1).stdout;
            let file = tempfile::NamedTempFile::new().expect("a file");
            std::fs::write(file.path(), script).expect("our own file");
            let run = Run::of(psql.args(["-X", "-q", "-U", role, "-f"]).arg(file.path())).expect_status(0);
            assert_eq!(run.stderr, "", "{run:#?}");
            assert_eq!(database.sequence_states()["public.\"Items_id_seq\""], (30, true));
            drift_again(&database);
        }
        let log = server.log();
        assert_eq!(log.matches("SPRUNG").count(), before, "{}", log.rsplit("SPRUNG").next().unwrap_or_default());
    }
}

#[test]
fn casts_to_and_from_the_types_of_our_statements_change_nothing() {
    let server = Server::start_own(&[]);
    let database = Database::on(&server);
    database.execute(SHOP);
    // As people make them to get the implicit casts of PostgreSQL 8.2 back.
    for from in ["int8", "int4", "int2", "oid", "bool", "numeric", "regclass", "date"] {
        database.execute(&format!(
            "CREATE FUNCTION as_text({from}) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.concat($1)'"
        ));
        // Some have one already.
        let _ =
            database.try_execute(&format!("CREATE CAST ({from} AS text) WITH FUNCTION as_text({from}) AS IMPLICIT"));
    }
    // And such as nobody should.
    for (from, to) in [("bool", "int8"), ("text", "int8"), ("name", "int8"), ("name", "oid"), ("\"char\"", "int8")] {
        let function = format!("\"cast to {to}\"({from})");
        database.execute(&format!(
            "CREATE FUNCTION {function} RETURNS {to} LANGUAGE plpgsql IMMUTABLE AS
                 $$ BEGIN RAISE WARNING 'SPRUNG {from} {to}'; RAISE EXCEPTION 'SPRUNG {from} {to}'; END $$;
             CREATE CAST ({from} AS {to}) WITH FUNCTION {function} AS IMPLICIT"
        ));
    }
    run_everything(&database, "postgres", &[]);
    assert_eq!(server.log().matches("SPRUNG").count(), 0, "{}", server.log());
}

#[test]
fn an_expression_with_side_effects_is_never_evaluated() {
    let database = Database::with_setup(
        "CREATE TABLE log (what text); CREATE SEQUENCE hidden;
         CREATE FUNCTION note(what text) RETURNS bigint LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO log VALUES (what); RAISE WARNING 'EVALUATED %', what; RETURN nextval('hidden'); END $$;
         CREATE FUNCTION positive(value bigint) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
             $$ BEGIN IF value < 0 THEN RAISE EXCEPTION 'EVALUATED'; END IF; RETURN true; END $$;
         CREATE DOMAIN odd AS bigint DEFAULT note('domain') CHECK (positive(VALUE));
         CREATE TABLE by_function (id bigint PRIMARY KEY DEFAULT note('default'), stamp text DEFAULT 'x' || note('stamp'));
         INSERT INTO by_function VALUES (5, 'a'), (6, 'b');
         CREATE TABLE by_domain (id odd PRIMARY KEY, n int); INSERT INTO by_domain VALUES (4);
         CREATE TABLE serial (id serial PRIMARY KEY CHECK (positive(id)), note bigint DEFAULT note('beside'));
         INSERT INTO serial SELECT i, 0 FROM generate_series(1, 9) AS i;
         CREATE INDEX ON serial (positive(id)); CREATE INDEX ON serial (id) WHERE positive(id);
         CREATE VIEW looks AS SELECT note('view') AS id; CREATE RULE r AS ON INSERT TO looks DO INSTEAD SELECT note('rule');
         CREATE MATERIALIZED VIEW once AS SELECT 1 AS id, positive(3) AS is_positive",
    );
    let hidden = database.sequence_states()["public.hidden"];
    for arguments in [&["-vv"][..], &["fix", "--dry-run"], &["--format", "sql"], &["fix", "--yes"], &["-t", "by_*"]] {
        let run = database.run(arguments);
        assert!(run.status < 2 && !run.stderr.contains("EVALUATED"), "{run:#?}");
        assert_eq!(database.value::<i64>("SELECT count(*) FROM log"), 0, "{arguments:?}");
    }
    let states = database.sequence_states();
    assert_eq!((states["public.hidden"], states["public.serial_id_seq"]), (hidden, (9, true)));
    let error = "ERROR:  duplicate key value violates unique constraint \"by_function_pkey\"\nDETAIL:  Key (id)=(5) already exists.";
    database.run(&["explain", "--show-row", error]);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM log"), 0);
}

#[test]
fn rules_and_triggers_in_the_way_neither_fire_nor_stop_anything() {
    let database = Database::with_setup(
        r#"CREATE TABLE log (what text);
           CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN INSERT INTO public.log VALUES (TG_OP); RAISE EXCEPTION 'FIRED'; END $$;
           CREATE TABLE guarded (id serial PRIMARY KEY, n int); INSERT INTO guarded SELECT generate_series(1, 12);
           CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON guarded FOR EACH ROW EXECUTE PROCEDURE fire();
           CREATE TRIGGER b BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON guarded EXECUTE PROCEDURE fire();
           CREATE TRIGGER c AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON guarded EXECUTE PROCEDURE fire();
           CREATE TABLE ruled (id serial PRIMARY KEY, n int); INSERT INTO ruled SELECT generate_series(1, 7);
           CREATE RULE i AS ON INSERT TO ruled DO INSTEAD INSERT INTO log VALUES ('rule');
           CREATE RULE u AS ON UPDATE TO ruled DO ALSO INSERT INTO log VALUES ('rule');
           CREATE RULE d AS ON DELETE TO ruled DO INSTEAD NOTHING;
           CREATE TABLE watched (id serial PRIMARY KEY); INSERT INTO watched VALUES (1), (2);
           CREATE SCHEMA early; CREATE VIEW early.guarded_id_seq AS SELECT 99999::bigint AS last_value, true AS is_called;
           CREATE VIEW early.guarded AS SELECT 88888 AS id; CREATE TABLE early.ruled (id int); INSERT INTO early.ruled VALUES (77777);
           CREATE VIEW "guarded_id" AS SELECT id FROM guarded;
           CREATE RULE v AS ON INSERT TO "guarded_id" DO INSTEAD SELECT 1"#,
    );
    database.set_for_all("search_path", "early,public");
    // Before 16 a table without rows becomes a view by its rule.
    if support::server_version() < 160_000 {
        database.execute(
            r#"CREATE TABLE public.turned (id int, n int);
               CREATE RULE "_RETURN" AS ON SELECT TO public.turned DO INSTEAD SELECT id, n FROM public.ruled"#,
        );
    }
    let event_log = "CREATE TABLE public.events (what text);
         CREATE FUNCTION public.note_event() RETURNS event_trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.events VALUES (TG_EVENT || ' ' || TG_TAG); END $$;
         CREATE EVENT TRIGGER at_start ON ddl_command_start EXECUTE PROCEDURE public.note_event();
         CREATE EVENT TRIGGER at_end ON ddl_command_end EXECUTE PROCEDURE public.note_event()";
    database.execute(event_log);
    for arguments in [&["-v"][..], &["fix", "--dry-run"]] {
        database.run(arguments).expect_status(1);
    }
    assert_eq!(database.value::<i64>("SELECT count(*) FROM public.events WHERE what NOT LIKE '%EVENT TRIGGER'"), 0);
    let report = database.run(&["fix", "--yes", "--format", "json"]).expect_status(0).report();
    assert_eq!(report.at("/summary/fixed"), 3);
    assert_eq!(report.sequence("guarded_id_seq")["farthest_value"], 12);
    let states = database.sequence_states();
    assert_eq!((states["public.guarded_id_seq"], states["public.ruled_id_seq"]), ((12, true), (7, true)));
    assert_eq!(database.value::<i64>("SELECT count(*) FROM public.log"), 0);
    database.run(&[]).expect_status(0);
    let error = "ERROR:  duplicate key value violates unique constraint \"guarded_pkey\"\nDETAIL:  Key (id)=(5) already exists.";
    database.run(&["explain", error]).expect_status(0);

    // One that refuses every command is named where it refuses, and nothing is half done.
    database.execute("SELECT setval('public.guarded_id_seq', 1), setval('public.watched_id_seq', 1)");
    database.execute(
        "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no DDL here'; END $$;
         CREATE EVENT TRIGGER refusing ON ddl_command_start EXECUTE PROCEDURE public.refuse()",
    );
    let run = database.run(&["fix", "--yes", "--format", "json"]);
    let states = database.sequence_states();
    for (table, farthest) in [("guarded", 12), ("watched", 2)] {
        let name = format!("{table}_id_seq");
        let outcome = run.report().sequence(&name)["outcome"].clone();
        if outcome["result"] == "set" {
            assert_eq!(states[&format!("public.{name}")], (farthest, true));
        } else {
            assert!(run.stdout.contains("no DDL here"), "{run:#?}");
            assert_eq!(states[&format!("public.{name}")], (1, true));
        }
    }
    database.execute("DROP EVENT TRIGGER refusing; DROP EVENT TRIGGER at_start; DROP EVENT TRIGGER at_end");
}

const COMMENTS: [&str; 8] = [
    "Der Schlüssel; nextval('x') ist \"öffentlich\"",
    "La clé n'est pas là -- DROP TABLE t; /* */",
    "Ключ таблицы, последовательность отстаёт",
    "主キー。シーケンスは遅れている",
    "المفتاح الأساسي \u{61c}\u{200f}مرحبا\u{202e}abc\u{202c}",
    "מפתח ראשי \u{200e}\u{2067}x\u{2069}",
    "कुंजी \u{200d}\u{feff} 🐘🇩🇪",
    "\u{1b}[2J\u{7}\n\\echo hello\n\\! true\n$$ ' \" \\",
];

#[test]
fn comments_in_every_language_and_ten_thousand_columns_are_in_nobodys_way() {
    let database = Database::new();
    database.execute(
        "DO $$ BEGIN FOR t IN 1..60 LOOP
             EXECUTE (SELECT format('CREATE TABLE wide_%s (', t) || string_agg(format('\"Col %s\" %s', c,
                 CASE WHEN c = 80 AND t % 3 = 0 THEN 'serial UNIQUE' WHEN c = 1 THEN 'int DEFAULT 7' ELSE 'text' END), ', ')
                 || ')' FROM generate_series(1, 160) AS c);
             IF t % 3 = 0 THEN EXECUTE format('INSERT INTO wide_%s (\"Col 80\") VALUES (%s)', t, t); END IF;
         END LOOP; END $$",
    );
    let columns: i64 =
        database.value("SELECT count(*) FROM pg_attribute WHERE attrelid::regclass::text LIKE 'wide%' AND attnum > 0");
    assert_eq!(columns, 9_600);
    for (at, comment) in COMMENTS.iter().enumerate() {
        let comment = format!("E'{}'", comment.replace('\\', "\\\\").replace('\'', "''"));
        let table = 3 * (at + 1);
        database.execute(&format!(
            "COMMENT ON TABLE wide_{table} IS {comment}; COMMENT ON COLUMN wide_{table}.\"Col 80\" IS {comment};
             COMMENT ON SEQUENCE \"wide_{table}_Col 80_seq\" IS {comment}; COMMENT ON SCHEMA public IS {comment};
             COMMENT ON CONSTRAINT \"wide_{table}_Col 80_key\" ON wide_{table} IS {comment};
             COMMENT ON DATABASE {} IS {comment}; COMMENT ON ROLE postgres IS {comment}",
            quoted(database.name())
        ));
    }
    let report = database.scan(1);
    // One value far ahead may be an outlier.
    assert_eq!(report.behind().len() + report.sequences().filter(|it| it["status"] == "outlier").count(), 20);
    for format in ["table", "json", "csv", "markdown", "sql"] {
        let run = database.run(&["-vv", "--format", format]).expect_status(1);
        assert!(!run.stdout.contains("hello") && !run.stderr.contains('\u{1b}'), "{run:#?}");
    }
    database.run(&["fix", "--yes", "--fix-outliers"]).expect_status(0);
    for table in (3..=60).step_by(3) {
        let state = database.sequence_states()[&format!("public.\"wide_{table}_Col 80_seq\"")];
        assert_eq!(state, (table, true));
    }
}

/// Every letter that a terminal obeys, that is not seen, or that turns the reading direction round, in pieces that fit a name.
fn hostile_names() -> Vec<String> {
    let ranges = [
        (0x01, 0x1f),
        (0x7f, 0x8f),
        (0x90, 0x9f),
        (0x61c, 0x61c),
        (0x180e, 0x180e),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x2064),
        (0x2066, 0x206f),
        (0xfeff, 0xfeff),
        (0xfff9, 0xfffb),
        (0xe0001, 0xe0001),
        (0xe0020, 0xe0024),
        (0x115f, 0x1160),
        (0x3164, 0x3164),
        (0xffa0, 0xffa0),
    ];
    let letters = ranges.iter().flat_map(|(first, last)| (*first..=*last).filter_map(char::from_u32));
    let mut names = vec![String::new()];
    for letter in letters {
        let last = names.last_mut().expect("there is one");
        last.push(letter);
        if last.len() > 54 {
            names.push(String::new());
        }
    }
    let mut names: Vec<String> =
        names.into_iter().filter(|name| !name.is_empty()).map(|name| format!("N{name}")).collect();
    names.push("\u{1b}]0;title\u{7}\u{1b}[2J\u{1b}[31mred".to_owned());
    names.push("a\u{1b}]8;;http://x\u{1b}\\link\u{9b}1m".to_owned());
    names.push("x|y`z``\r\n| --- |\n- item\n# head <b> [l](u) ![i](j) \\".to_owned());
    names.push("=1+1\",\"b\"\n'; DROP TABLE t; --\t$$%s{}".to_owned());
    names.push("-- \\! touch /tmp/x\n\\echo y\n:'PATH' :\"x\" \\gexec".to_owned());
    // As the server cuts them: at a letter's end before byte 63.
    names.push(format!("a{}", "表".repeat(20)));
    names.push("é".repeat(31));
    names.push(format!("{}\u{200d}", "🐘".repeat(15)));
    names
}

/// The cells of a line of Markdown's table, read as GitHub does: `|` ends a cell unless a backslash stands before it.
fn cells(line: &str) -> usize {
    line.replace("\\|", "").matches('|').count()
}

#[test]
fn names_with_every_harmful_letter_stay_names_in_every_format() {
    let server = Server::start_own(&[]);
    let place = Database::on(&server);
    thread::scope(|scope| {
        for name in hostile_names() {
            let (server, place) = (&server, &place);
            scope.spawn(move || expect_it_stays_a_name(server, place, &name));
        }
    });
}

fn expect_it_stays_a_name(server: &Server, place: &Database, name: &str) {
    let id = quoted(name);
    let literal = |text: &str| format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    let mut administrator = place.client();
    administrator.batch_execute(&format!("CREATE DATABASE {id}")).expect("a database");
    administrator.batch_execute(&format!("CREATE ROLE {id} SUPERUSER LOGIN")).expect("a role");
    server.connect("postgres", name).expect("it is there").batch_execute(&format!(
            "CREATE SCHEMA {id}; SET search_path = {id}; CREATE SEQUENCE {id};
             CREATE SCHEMA types; CREATE DOMAIN types.{id} AS int CONSTRAINT {id} CHECK (VALUE > -5);
             CREATE TABLE \"t\" ({id} types.{id} CONSTRAINT \"u\" PRIMARY KEY DEFAULT nextval({0}), n int); INSERT INTO t VALUES (30);
             ALTER TABLE t RENAME CONSTRAINT u TO \"c{1}; ALTER TABLE t RENAME TO \"T{1};
             CREATE SEQUENCE \"2{1}; CREATE TABLE \"A text of {2}\" (id text DEFAULT 'N' || nextval({3}))",
            literal(&id),
            cut(&id[1..]),
            &"x".repeat(3),
            literal(&format!("\"2{}", cut(&id[1..]))),
        )).unwrap_or_else(|error| panic!("{name:?}: {error:?}"));
    let run = |arguments: &[&str]| {
        let mut command = place.pgseqfix();
        Run::of(command.env("PGDATABASE", name).env("PGUSER", name).args(arguments))
    };
    let is_raw = |text: &str| text.contains(|letter: char| letter != '\n' && pgseqfix::model::is_harmful(letter));
    for arguments in [
        &["--format", "table"][..],
        &["--format", "markdown"],
        &["--format", "json"],
        &["--format", "sql"],
        &["fix", "--dry-run"],
    ] {
        let run = run(&[arguments, &["-vv"]].concat()).expect_status(1);
        assert!(!is_raw(&run.stdout) && !is_raw(&run.stderr), "{arguments:?} {run:#?}");
    }
    // The two that look otherwise on a terminal.
    for format in ["table", "csv"] {
        let mut command = place.pgseqfix();
        let mut left =
            Terminal::run(command.env("PGDATABASE", name).env("PGUSER", name).args(["-v", "--format", format]))
                .end()
                .expect_status(1);
        // The terminal's own line ends, the bar's returns, and our colours.
        left.written = left.written.replace('\r', "\n");
        let colourless = strip_colours(&left.written);
        assert!(!is_raw(&colourless), "{format}: {colourless:?}");
    }
    let json = run(&["--format", "json"]).expect_status(1).json();
    assert_eq!((&json["database"], &json["user"]), (&name.into(), &name.into()));
    let found =
        json["sequences"].as_array().expect("an array").iter().find(|it| it["status"] == "behind").expect("one");
    assert_eq!((&found["schema"], &found["name"]), (&name.into(), &name.into()));
    assert_eq!(found["columns"][0]["column"], name);

    let csv = run(&["--format", "csv"]).expect_status(1).stdout;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<_> = reader.records().map(|record| record.expect("well-formed")).collect();
    assert_eq!(records.len(), json["sequences"].as_array().expect("an array").len());
    assert!(records.iter().any(|it| (&it[0], &it[1], &it[2]) == ("behind", name, name)), "{csv}");

    let markdown = run(&["--format", "markdown", "-v"]).expect_status(1).stdout;
    let rows: Vec<&str> = markdown.lines().take_while(|line| line.starts_with('|')).collect();
    let counts: BTreeSet<usize> = rows.iter().map(|row| cells(row)).collect();
    assert_eq!((rows.len(), counts.len()), (2 + records.len(), 1), "{markdown}");

    let key = found["columns"][0]["table"].as_str().expect("a name").to_owned();
    let error = format!(
        "ERROR:  duplicate key value violates unique constraint \"c{0}\"\nDETAIL:  Key ({1})=(1) already exists.",
        &key[1..],
        &id
    );
    let explained = run(&["explain", "-v", &error]);
    assert!(!is_raw(&explained.stdout) && !is_raw(&explained.stderr), "{explained:#?}");

    let states = |place: &Database| {
        let mut client = place.server().connect("postgres", name).expect("it is there");
        let row = client.query_one(&format!("SELECT last_value, is_called FROM {id}.{id}"), &[]).expect("a row");
        (row.get::<_, i64>(0), row.get::<_, bool>(1))
    };
    if let Some(mut psql) = place.program("psql") {
        let script = run(&["--format", "sql"]).expect_status(1).stdout;
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &script).expect("our own file");
        let ran =
            Run::of(psql.env("PGDATABASE", name).args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file.path()));
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{name:?}: {script}");
        assert!(!ran.stdout.contains("left alone"), "{ran:#?}");
        assert_eq!(states(place), (30, true));
        let mut client = place.server().connect("postgres", name).expect("it is there");
        client.query_one(&format!("SELECT setval({}, 3)", literal(&format!("{id}.{id}"))), &[]).expect("set back");
    }
    run(&["fix", "--yes"]).expect_status(0);
    assert_eq!(states(place), (30, true));
    administrator.batch_execute(&format!("DROP DATABASE {id}")).expect("nobody is there");
    administrator.batch_execute(&format!("DROP ROLE {id}")).expect("it owns nothing");
}

/// The rest of a quoted name, so that with a letter before it it still fits 63 bytes.
fn cut(rest: &str) -> String {
    let inside = rest.strip_suffix('"').expect("it is quoted");
    let mut kept = inside;
    while kept.replace("\"\"", "\"").len() > 61 {
        kept = &kept[..kept.char_indices().last().expect("it is long").0];
    }
    format!("{kept}\"")
}

/// Without the colours of our own.
fn strip_colours(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some(at) = rest.find("\u{1b}[") {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        let end = after[2..].find(|letter: char| !letter.is_ascii_digit() && letter != ';').map_or(2, |end| end + 2);
        let is_colour = after[end..].starts_with('m') || after[end..].starts_with('K');
        if !is_colour {
            plain.push_str(&after[..end]);
        }
        rest = &after[if is_colour { end + 1 } else { end }..];
    }
    plain + rest
}
