//! A plan that was written down: done as it stands there, or refused.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::repair::role_with;
use support::situations::{finish, lock_in_mode, start, wait_until_it_waits};
use support::{Database, Run};

/// A table that is behind, and what `fix --dry-run` wrote of it.
struct Reviewed {
    database: Database,
    directory: tempfile::TempDir,
}

impl Reviewed {
    fn of(setup: &str, options: &[&str]) -> Self {
        let reviewed =
            Self { database: Database::with_setup(setup), directory: tempfile::tempdir().expect("a directory") };
        reviewed.write(options);
        reviewed
    }

    /// `item`, which is behind up to 30.
    fn item() -> Self {
        Self::of("CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item SELECT generate_series(1, 30)", &[])
    }

    fn write(&self, options: &[&str]) {
        let plan = self.path();
        let args = ["fix", "--dry-run", "--format", "json", "-o", plan.to_str().expect("ASCII")];
        self.database.run(&[&args, options].concat()).expect_status(1);
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("plan.json")
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut plan = read(&self.path());
        change(&mut plan);
        fs::write(self.path(), plan.to_string()).expect("to write");
    }

    fn run(&self, options: &[&str]) -> Run {
        let plan = self.path();
        self.database.run(&[&["fix", "--plan", plan.to_str().expect("ASCII")], options].concat())
    }

    /// Does the plan, and gives each sequence's outcome.
    fn done(&self, status: i32) -> Vec<Value> {
        let run = self.run(&["--yes", "--format", "json"]).expect_status(status);
        run.json()["sequences"].as_array().expect("an array").clone()
    }

    /// It is refused for a reason that holds this, and the sequence stands where it stood.
    fn expect_refusal(&self, reason: &str) {
        let before = self.database.sequence_states();
        for run in [self.run(&["--yes", "--format", "json"]), self.run(&["--dry-run", "--format", "json"])] {
            let run = run.expect_status(1);
            let report = run.json();
            let sequence = &report["sequences"][0];
            assert_eq!(sequence["outcome"]["result"], "refused", "{sequence:#}");
            let said = sequence["outcome"]["reason"].as_str().expect("a reason");
            assert!(said.contains(reason), "{said}");
        }
        assert_eq!(self.database.sequence_states(), before);
    }

    /// A role that can move the sequence of `item` with `nextval` alone.
    fn role_that_advances(&self) -> String {
        let grants = "GRANT SELECT, UPDATE ON item TO @role; GRANT SELECT, USAGE ON SEQUENCE item_id_seq TO @role;
                      GRANT USAGE ON SCHEMA public TO @role";
        role_with(&self.database, grants)
    }

    fn state(&self, sequence: &str) -> (i64, bool) {
        self.database.sequence_states()[sequence]
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
}

#[test]
fn a_plan_is_done_as_it_is_written_and_the_outcome_has_the_states_before_and_after() {
    let reviewed = Reviewed::item();
    let outcome = reviewed.directory.path().join("outcome.json");
    let file = outcome.to_str().expect("ASCII");
    reviewed.run(&["--yes", "--format", "json", "-o", file]).expect_status(0);
    let report = read(&outcome);
    assert_eq!(report["sequences"].as_array().expect("an array").len(), 1);
    let done = &report["sequences"][0]["outcome"];
    assert_eq!(done["result"], "set");
    assert_eq!((&done["before"]["last_value"], &done["before"]["is_called"]), (&Value::from(1), &Value::from(false)));
    assert_eq!((&done["after"]["last_value"], &done["after"]["is_called"]), (&Value::from(30), &Value::from(true)));
    assert_eq!(reviewed.state("public.item_id_seq"), (30, true));
}

#[test]
fn what_is_not_in_the_plan_is_left_alone() {
    let two = "CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item VALUES (30);
               CREATE TABLE other (id serial PRIMARY KEY); INSERT INTO other VALUES (40)";
    let reviewed = Reviewed::of(two, &["-t", "item"]);
    reviewed.database.execute("CREATE TABLE later (id serial PRIMARY KEY); INSERT INTO later VALUES (50)");
    assert_eq!(reviewed.done(0).len(), 1);
    assert_eq!(reviewed.state("public.other_id_seq"), (1, false));
    assert_eq!(reviewed.state("public.later_id_seq"), (1, false));
}

#[test]
fn a_fix_can_be_taken_out_of_the_plan_and_an_empty_one_does_nothing() {
    let two = "CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item VALUES (30);
               CREATE TABLE other (id serial PRIMARY KEY); INSERT INTO other VALUES (40)";
    let reviewed = Reviewed::of(two, &[]);
    reviewed.change(|plan| plan["sequences"][0]["fix"] = Value::Null);
    assert_eq!(reviewed.done(0)[0]["name"], "other_id_seq");
    assert_eq!(reviewed.state("public.item_id_seq"), (1, false));
    reviewed.change(|plan| plan["sequences"] = Value::Array(Vec::new()));
    assert_eq!(reviewed.done(0).len(), 0);
    assert_eq!(reviewed.state("public.item_id_seq"), (1, false));
}

#[test]
fn the_room_that_is_written_is_left_whatever_is_stored_meanwhile() {
    let reviewed = Reviewed::item();
    reviewed.write(&["--headroom", "100"]);
    // The sequence moved on, and rows came: the plan is right all the same.
    reviewed.database.execute("SELECT setval('item_id_seq', 12); INSERT INTO item VALUES (90)");
    assert_eq!(reviewed.done(0)[0]["outcome"]["before"]["last_value"], 12);
    assert_eq!(reviewed.state("public.item_id_seq"), (130, true));
}

#[test]
fn rows_past_the_plan_refuse_it() {
    let reviewed = Reviewed::item();
    reviewed.database.execute("INSERT INTO item VALUES (31)");
    reviewed.expect_refusal("the plan would set 30, and 31 is needed now");
}

#[test]
fn rows_that_come_while_it_waits_for_the_table_refuse_it() {
    let reviewed = Reviewed::item();
    let mut writer = lock_in_mode(&reviewed.database, "item", "ROW EXCLUSIVE");
    let plan = reviewed.path();
    let args = ["fix", "--plan", plan.to_str().expect("ASCII"), "--yes", "--format", "json", "--lock-timeout", "1min"];
    let fix = start(reviewed.database.pgseqfix().args(args));
    wait_until_it_waits(&reviewed.database);
    writer.batch_execute("INSERT INTO item VALUES (31); COMMIT").expect("to write");
    let report = finish(fix).expect_status(1).json();
    assert_eq!(report["sequences"][0]["outcome"]["result"], "refused", "{report:#}");
    assert_eq!(reviewed.state("public.item_id_seq"), (1, false));
}

#[test]
fn what_is_past_the_plan_by_now_is_left_there() {
    let reviewed = Reviewed::item();
    reviewed.database.execute("SELECT setval('item_id_seq', 77)");
    let outcome = &reviewed.done(0)[0]["outcome"];
    assert_eq!((&outcome["result"], &outcome["after"]["last_value"]), (&"already_past".into(), &77.into()));
    let told = reviewed.run(&["--yes"]).expect_status(0);
    assert!(told.stdout.contains("1 sequence: 1 fixed."), "{told:#?}");
}

#[test]
fn a_column_that_cannot_be_compared_keeps_no_plan_from_being_done_again() {
    for rows in [100, 30_000] {
        let reviewed = Reviewed::of(
            &format!(
                "CREATE SEQUENCE shared; CREATE TABLE item (id bigint DEFAULT nextval('shared'), note text);
                 INSERT INTO item SELECT g, repeat('x', 100) FROM generate_series(1, {rows}) AS g;
                 CREATE TABLE code (id text DEFAULT nextval('shared'))"
            ),
            &[],
        );
        assert_eq!(reviewed.done(0)[0]["outcome"]["result"], "set");
        assert_eq!(reviewed.done(0)[0]["outcome"]["result"], "already_past");
        assert_eq!(reviewed.state("public.shared"), (rows, true));
    }
}

#[test]
fn what_needs_no_fix_any_more_and_stands_before_the_plan_is_told() {
    let reviewed = Reviewed::item();
    reviewed.write(&["--headroom", "100"]);
    // In sync, without the room that was reviewed.
    reviewed.database.execute("SELECT setval('item_id_seq', 30)");
    reviewed.expect_refusal("it needs no fix any more, and its next value 31 is short of the plan's 131");
}

#[test]
fn rows_that_are_gone_refuse_what_would_leave_a_gap() {
    let setup = "CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item VALUES (20), (5000000)";
    let reviewed = Reviewed::of(setup, &["--headroom", "10"]);
    reviewed.database.execute("DELETE FROM item WHERE id > 20");
    reviewed.expect_refusal("the plan would set 5000010, and 20 is enough now");
    // Within the room that it was to leave it is as good as it was.
    reviewed.database.execute("INSERT INTO item VALUES (4999995)");
    reviewed.write(&["--headroom", "10"]);
    reviewed.database.execute("DELETE FROM item WHERE id = 4999995; INSERT INTO item VALUES (4999990)");
    reviewed.expect_refusal("is enough now");
    reviewed.database.execute("INSERT INTO item VALUES (4999996)");
    assert_eq!(reviewed.done(0)[0]["outcome"]["after"]["last_value"], 5_000_005);
}

#[test]
fn a_plan_by_nextval_is_done_by_nextval_whoever_does_it() {
    let reviewed = Reviewed::item();
    let role = reviewed.role_that_advances();
    reviewed.write(&["-U", &role]);
    let done = reviewed.done(0);
    assert_eq!(done[0]["fix"]["protection"], "advance");
    assert_eq!(done[0]["outcome"]["result"], "set");
    assert_eq!(reviewed.state("public.item_id_seq"), (30, true));
}

#[test]
fn another_definition_refuses_it() {
    let reviewed = Reviewed::item();
    reviewed.database.execute("ALTER SEQUENCE item_id_seq CACHE 10");
    reviewed.expect_refusal("its definition is another one than in the plan");
}

#[test]
fn another_phase_refuses_it() {
    let setup = "CREATE SEQUENCE odd INCREMENT 2; CREATE TABLE item (id int DEFAULT nextval('odd'));
                 INSERT INTO item SELECT generate_series(1, 31)";
    let reviewed = Reviewed::of(setup, &[]);
    reviewed.database.execute("SELECT setval('odd', 2, false); DELETE FROM item WHERE id > 20");
    reviewed.expect_refusal("it was set to another phase");
}

#[test]
fn a_column_that_became_narrower_refuses_it() {
    let setup = "CREATE TABLE item (id bigserial PRIMARY KEY); INSERT INTO item VALUES (30)";
    let reviewed = Reviewed::of(setup, &["--headroom", "40000"]);
    reviewed.database.execute("ALTER TABLE item ALTER id TYPE smallint");
    reviewed.expect_refusal("is past the limit 32767");
}

#[test]
fn a_default_that_became_an_expression_refuses_it() {
    let reviewed = Reviewed::item();
    reviewed.database.execute("ALTER TABLE item ALTER id SET DEFAULT nextval('item_id_seq') * 2");
    reviewed.expect_refusal("is more than a plain nextval");
}

#[test]
fn another_sequence_of_the_same_name_refuses_it() {
    let reviewed = Reviewed::item();
    reviewed.database.execute(
        "DROP TABLE item; CREATE SEQUENCE item_id_seq AS int;
         CREATE TABLE other (id int PRIMARY KEY DEFAULT nextval('item_id_seq'));
         INSERT INTO other SELECT generate_series(1, 30)",
    );
    reviewed.expect_refusal("it feeds other columns than in the plan");
}

#[test]
fn a_sequence_that_no_column_draws_from_any_more_is_named_in_the_table_and_for_github() {
    let reviewed = Reviewed::item();
    reviewed.database.execute("ALTER TABLE item ALTER id DROP DEFAULT; ALTER SEQUENCE item_id_seq OWNED BY NONE");
    let run = reviewed.run(&["--yes", "--github"]).expect_status(1);
    assert!(run.stdout.contains("public.item_id_seq: no column draws from it any more"), "{run:#?}");
    assert!(run.stdout.contains("::error title=public.item_id_seq%3A refused::"), "{run:#?}");
}

#[test]
fn a_sequence_that_an_extension_took_over_is_named() {
    let reviewed = Reviewed::item();
    reviewed.database.execute("CREATE EXTENSION tablefunc; ALTER EXTENSION tablefunc ADD SEQUENCE item_id_seq");
    reviewed.expect_refusal("belongs to an extension now");
}

#[test]
fn a_role_that_can_do_less_than_the_plan_says_is_refused() {
    let reviewed = Reviewed::item();
    let role = reviewed.role_that_advances();
    let run = reviewed.run(&["--yes", "-U", &role]).expect_status(1);
    assert!(run.stdout.contains("the plan has protection full, and now there is advance at best"), "{run:#?}");
    assert_eq!(reviewed.state("public.item_id_seq"), (1, false));
}

#[test]
fn what_the_plan_ignores_is_ignored_and_outliers_are_fixed_where_it_says_so() {
    let setup = "CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item VALUES (1), (30), (2000000000)";
    let ignoring = Reviewed::of(setup, &["--ignore-above", "1000000"]);
    assert_eq!(ignoring.done(0)[0]["outcome"]["after"]["last_value"], 30);

    let setup = "CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item VALUES (2000000000)";
    let reaching = Reviewed::of(setup, &["--fix-outliers"]);
    assert_eq!(reaching.done(0)[0]["outcome"]["after"]["last_value"], 2_000_000_000);
}

#[test]
fn an_event_trigger_that_refuses_the_alter_is_not_gone_round() {
    let reviewed = Reviewed::item();
    reviewed.database.execute(
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
         CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('ALTER SEQUENCE') EXECUTE PROCEDURE refuse()",
    );
    let outcome = &reviewed.done(1)[0]["outcome"];
    assert!(outcome["reason"].as_str().expect("a reason").contains("not today"), "{outcome}");
    assert_eq!(reviewed.state("public.item_id_seq"), (1, false));
}

#[test]
fn many_fixes_are_done_as_written() {
    let reviewed = Reviewed::of(
        "DO $$ BEGIN FOR n IN 1..60 LOOP
             EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY); INSERT INTO t%1$s VALUES (%1$s + 10)', n);
         END LOOP; END $$",
        &["--headroom", "5"],
    );
    reviewed.database.execute("INSERT INTO t7 VALUES (20); INSERT INTO t8 VALUES (200); DROP TABLE t9 CASCADE");
    let outcomes = reviewed.done(1);
    assert_eq!(outcomes.len(), 60);
    let refused: Vec<&Value> = outcomes.iter().filter(|it| it["outcome"]["result"] == "refused").collect();
    let reasons: Vec<(&Value, &Value)> = refused.iter().map(|it| (&it["name"], &it["outcome"]["reason"])).collect();
    assert_eq!(
        reasons,
        [
            (&"t8_id_seq".into(), &"the plan would set 23, and 200 is needed now".into()),
            (&"t9_id_seq".into(), &"it is not there any more, or belongs to an extension now".into()),
        ]
    );
    assert_eq!(reviewed.state("public.t7_id_seq"), (22, true));
    assert_eq!(reviewed.state("public.t60_id_seq"), (75, true));
    assert_eq!(reviewed.state("public.t8_id_seq"), (1, false));
}

#[test]
fn what_is_changed_by_hand_is_refused() {
    let reviewed = Reviewed::item();
    reviewed.change(|plan| plan["sequences"][0]["fix"]["last_value"] = Value::from(500));
    reviewed.expect_refusal("the plan contradicts itself");
    reviewed.change(|plan| plan["sequences"][0]["fix"]["next_value"] = Value::from(501));
    reviewed.expect_refusal("the plan would set 500, and 30 is enough now");
    reviewed.write(&[]);
    reviewed.change(|plan| plan["sequences"][0]["fix"]["sql"] = Value::from("SELECT 1"));
    reviewed.expect_refusal("it was changed by hand");
}

#[test]
fn what_is_no_plan_of_this_database_is_one_error() {
    let reviewed = Reviewed::item();
    let expect = |said: &str| {
        let run = reviewed.run(&["--yes"]).expect_status(2);
        assert!(run.stdout.is_empty() && run.stderr.starts_with("error: could not "), "{run:#?}");
        assert!(run.stderr.contains(said), "{run:#?}");
        assert_eq!(run.stderr.matches("error:").count(), 1, "{run:#?}");
    };
    let original = fs::read_to_string(reviewed.path()).expect("a plan");
    let with = |change: &dyn Fn(&mut Value), said: &str| {
        fs::write(reviewed.path(), &original).expect("to write");
        reviewed.change(change);
        expect(said);
    };
    with(&|plan| plan["database"] = Value::from("elsewhere"), "it was made for database elsewhere, and this is ");
    with(&|plan| plan["mode"] = Value::from("fix"), "its mode is fix, not dry_run");
    with(&|plan| plan["schema_version"] = Value::from(9), "its schema_version is 9");
    with(&|plan| plan["options"] = Value::Null, "it has no options");
    with(&|plan| plan["sequences"][0]["fix"]["protection"] = Value::from("odd"), "the unknown protection odd");
    with(
        &|plan| {
            let twice = plan["sequences"][0].clone();
            plan["sequences"].as_array_mut().expect("an array").push(twice);
        },
        "public.item_id_seq is in it twice",
    );
    let rounded =
        original.replace("9223372036854775807", "9223372036854776000").replace("2147483647", "9223372036854776000");
    fs::write(reviewed.path(), rounded).expect("to write");
    expect("jq before 1.7 rounds such numbers");
    fs::write(reviewed.path(), "{ no JSON").expect("to write");
    expect("a plan is what pgseqfix fix --dry-run --format json -o FILE has written");
    fs::remove_file(reviewed.path()).expect("to remove");
    expect("No such file");
    assert_eq!(reviewed.state("public.item_id_seq"), (1, false));
}

#[test]
fn what_the_plan_says_itself_cannot_be_said_beside_it() {
    let reviewed = Reviewed::item();
    for option in [&["-t", "item"][..], &["--headroom", "5"], &["--ignore-above", "5"], &["--fix-outliers"]] {
        let run = reviewed.run(option).expect_status(2);
        assert!(run.stdout.is_empty() && run.stderr.contains("--plan"), "{run:#?}");
    }
}

#[test]
fn a_plan_is_read_from_standard_input_and_its_file_can_take_the_outcome() {
    let reviewed = Reviewed::item();
    let plan = reviewed.path();
    let mut piped = reviewed.database.pgseqfix();
    piped.args(["fix", "--plan", "-", "--dry-run"]).stdin(fs::File::open(&plan).expect("a plan"));
    let shown = Run::of(&mut piped).expect_status(1);
    assert!(shown.stdout.contains("Nothing was changed: a dry run."), "{shown:#?}");
    reviewed.run(&["--yes", "--format", "json", "-o", plan.to_str().expect("ASCII")]).expect_status(0);
    assert_eq!(read(&plan)["sequences"][0]["outcome"]["result"], "set");
}
