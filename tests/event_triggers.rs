//! Event triggers that guard or record ALTER SEQUENCE: what may not be altered is moved by `nextval`, and the rest as ever.

mod support;

use serde_json::Value;
use support::Database;
use support::claims::Report;
use support::repair::role_with;

/// Tables `A` to `D`, each with rows 1 to 9 and a sequence at its start.
fn four_tables() -> Database {
    let database = Database::new();
    for name in ["A", "B", "C", "D"] {
        database.execute(&format!(
            r#"CREATE TABLE "{name}" (id serial PRIMARY KEY); INSERT INTO "{name}" SELECT generate_series(1, 9)"#
        ));
    }
    database
}

/// An event trigger for ALTER SEQUENCE whose function has this body.
fn on_alter_sequence(database: &Database, event: &str, body: &str) {
    database.execute(&format!(
        r#"CREATE FUNCTION "The Guard"() RETURNS event_trigger LANGUAGE plpgsql AS $body$ {body} $body$;
           CREATE EVENT TRIGGER "Guard" ON {event} WHEN TAG IN ('ALTER SEQUENCE') EXECUTE PROCEDURE "The Guard"()"#
    ));
}

const NO: &str = "BEGIN RAISE EXCEPTION 'no DDL on Fridays' USING HINT = 'wait for Monday'; END";

fn text<'a>(found: &'a Value, field: &str) -> &'a str {
    found[field].as_str().unwrap_or_else(|| panic!("no {field} in {found:#}"))
}

fn assert_set(report: &Report, name: &str, protection: &str) {
    let found = report.sequence(&format!("{name}_id_seq"));
    assert_eq!(found["outcome"]["result"], "set", "{found:#}");
    assert_eq!(found["fix"]["protection"], protection, "{found:#}");
    assert_eq!(found["fix"]["sql"].to_string().contains("nextval"), protection == "advance", "{found:#}");
}

fn assert_next_inserts_work(database: &Database) {
    for name in ["A", "B", "C", "D"] {
        database.assert_draws(&format!(r#"INSERT INTO "{name}" DEFAULT VALUES RETURNING id"#), 10);
    }
}

#[test]
fn where_altering_a_sequence_is_refused_it_is_moved_by_nextval_and_the_report_says_why() {
    for event in ["ddl_command_start", "ddl_command_end"] {
        let database = four_tables();
        on_alter_sequence(&database, event, NO);
        let report = database.fix_as("postgres", 0);
        for name in ["A", "B", "C", "D"] {
            assert_set(&report, name, "advance");
            let found = report.sequence(&format!("{name}_id_seq"));
            let reason = text(found, "reason");
            assert!(reason.contains("no DDL on Fridays") && reason.contains("nextval"), "{event}: {reason}");
            assert_eq!(found["outcome"]["after"]["last_value"], 9);
        }
        assert_eq!(report.at("/summary/unfixed"), 0);
        assert_next_inserts_work(&database);
        database.scan(0);
    }
}

#[test]
fn the_screen_says_so_too() {
    let database = four_tables();
    on_alter_sequence(&database, "ddl_command_start", NO);
    let run = database.run(&["fix", "--yes"]).expect_status(0);
    assert!(run.stdout.contains("no DDL on Fridays") && run.stdout.contains("4 fixed"), "{run:#?}");
}

#[test]
fn a_guard_of_one_sequence_leaves_the_others_of_its_group_their_full_protection() {
    let database = four_tables();
    on_alter_sequence(
        &database,
        "ddl_command_end",
        "BEGIN
           IF EXISTS (SELECT FROM pg_catalog.pg_event_trigger_ddl_commands() AS c WHERE c.object_identity LIKE '%B_id_seq%')
           THEN RAISE EXCEPTION 'not this one'; END IF;
         END",
    );
    let report = database.fix_as("postgres", 0);
    for (name, protection) in [("A", "full"), ("B", "advance"), ("C", "full"), ("D", "full")] {
        assert_set(&report, name, protection);
    }
    assert_next_inserts_work(&database);
}

#[test]
fn an_event_trigger_that_only_writes_it_down_changes_nothing() {
    let database = four_tables();
    database.execute(r#"CREATE TABLE "Audit Log" (what text)"#);
    on_alter_sequence(&database, "ddl_command_end", r#"BEGIN INSERT INTO public."Audit Log" VALUES (tg_tag); END"#);
    let report = database.fix_as("postgres", 0);
    for name in ["A", "B", "C", "D"] {
        assert_set(&report, name, "full");
    }
    assert_next_inserts_work(&database);
    assert_eq!(database.value::<i64>(r#"SELECT count(*) FROM "Audit Log" WHERE what = 'ALTER SEQUENCE'"#), 4);
}

#[test]
fn an_owner_who_is_no_superuser_is_guarded_alike() {
    let database = four_tables();
    let role = support::role_name();
    database.execute(&format!(r#"CREATE ROLE "{role}" LOGIN; ALTER TABLE "B" OWNER TO "{role}""#));
    on_alter_sequence(
        &database,
        "ddl_command_start",
        "BEGIN RAISE insufficient_privilege USING MESSAGE = 'ask us'; END",
    );
    let arguments = ["fix", "--yes", "--format", "json", "-t", r#""B""#, "-U", &role];
    let report = database.run(&arguments).expect_status(0).report();
    assert_set(&report, "B", "advance");
    assert!(text(report.sequence("B_id_seq"), "reason").contains("ask us (42501)"));
}

#[test]
fn a_guarded_sequence_whose_values_sessions_cache_comes_with_what_to_mind() {
    let database = four_tables();
    database.execute(r#"ALTER SEQUENCE "C_id_seq" CACHE 5"#);
    on_alter_sequence(&database, "ddl_command_start", NO);
    let report = database.fix_as("postgres", 0);
    assert_set(&report, "C", "advance");
    assert!(text(report.sequence("C_id_seq"), "hint").contains("reconnect"));
    assert_eq!(report.sequence("D_id_seq")["hint"], Value::Null);
}

#[test]
fn a_guarded_sequence_that_nextval_would_take_too_long_to_move_is_left_with_the_servers_words() {
    let database = four_tables();
    database.execute(r#"INSERT INTO "B" VALUES (2000000000)"#);
    on_alter_sequence(&database, "ddl_command_start", NO);
    let before = database.sequence_states();
    let report = database.fix_as("postgres", 1);
    let found = report.sequence("B_id_seq");
    assert_eq!(found["outcome"]["result"], "failed", "{found:#}");
    let reason = text(found, "reason");
    assert!(reason.contains("no DDL on Fridays") && reason.contains("too many"), "{reason}");
    assert!(text(found, "hint").contains("ALTER SEQUENCE"));
    assert_eq!(database.sequence_states()[r#"public."B_id_seq""#], before[r#"public."B_id_seq""#]);
    for name in ["A", "C", "D"] {
        assert_set(&report, name, "advance");
    }
}

#[test]
fn a_guarded_sequence_of_a_large_table_without_an_index_is_moved_by_nextval_too() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Large" (id serial, filling text);
           INSERT INTO "Large" SELECT g, repeat('x', 200) FROM generate_series(1, 20000) AS g"#,
    );
    on_alter_sequence(&database, "ddl_command_start", NO);
    let report = database.fix_as("postgres", 0);
    assert_set(&report, "Large", "advance");
    assert!(text(report.sequence("Large_id_seq"), "reason").contains("no DDL on Fridays"));
    database.assert_draws(r#"INSERT INTO "Large" DEFAULT VALUES RETURNING id"#, 20_001);
}

/// What most people write: names without schemas.
#[test]
fn an_event_trigger_finds_the_tables_that_it_finds_in_any_session() {
    for apart in [false, true] {
        let database = four_tables();
        database.execute(
            r#"CREATE SCHEMA "Own"; CREATE TABLE "Own".audit (tag text); ALTER TABLE "Own".audit ENABLE ROW LEVEL SECURITY"#,
        );
        let role = role_with(
            &database,
            r#"GRANT ALL ON SCHEMA "Own", public TO @role; GRANT ALL ON "Own".audit TO @role;
               ALTER ROLE @role SET search_path = "Own"; CREATE POLICY "All" ON "Own".audit USING (true)"#,
        );
        for name in ["A", "B", "C", "D"] {
            database.execute(&format!(r#"ALTER TABLE "{name}" OWNER TO "{role}""#));
        }
        if apart {
            database.execute(
                r#"ALTER TABLE "A" DROP CONSTRAINT "A_pkey"; INSERT INTO "A" SELECT generate_series(1, 40000)"#,
            );
        }
        on_alter_sequence(&database, "ddl_command_end", "BEGIN INSERT INTO audit VALUES (tg_tag); END");
        let report = database.fix_as(&role, 0);
        for name in ["A", "B", "C", "D"] {
            assert_set(&report, name, "full");
        }
        assert!(database.value::<i64>(r#"SELECT count(*) FROM "Own".audit"#) >= 4);
    }
}
