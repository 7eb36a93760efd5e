//! What a role can do that does not own the sequence, and the GRANTs that it is told to ask for.

mod support;

use std::time::{Duration, Instant};

use pgseqfix::db::{self, ApplyOptions, ScanOptions};
use pgseqfix::model::{Outcome, PlanOptions};
use serde_json::Value;
use support::Run;
use support::repair::{
    COLUMN, Items, PATIENCE, SEQUENCE, TABLE, drawn_during, duplicates, import_sql, reported, role_with,
};

const SELECTED: &str = r#"public."Stock Items""#;

fn all_grants() -> String {
    format!("GRANT SELECT, UPDATE ON {TABLE} TO @role; GRANT SELECT, USAGE ON {SEQUENCE} TO @role")
}

/// `fix --yes` of that one table by a role.
fn fix_as(items: &Items, role: &str, options: &[&str]) -> (i32, Value) {
    let mut command = items.database.pgseqfix();
    command.args(["fix", "--yes", "--format", "json", "-t", SELECTED]).args(options).env("PGUSER", role);
    let run = Run::of(&mut command);
    (run.status, reported(&run.json(), "Item Numbers").clone())
}

/// Claims that a role without ownership moves the sequence, and that the next INSERT gets exactly this id.
fn expect_advanced_to(items: &Items, next_id: i64) {
    let role = role_with(&items.database, &all_grants());
    let before = items.states();
    let (status, done) = fix_as(items, &role, &[]);
    assert_eq!(status, 0, "{done:#}");
    assert_eq!(
        (&done["fix"]["protection"], &done["outcome"]["result"]),
        (&"advance".into(), &"set".into()),
        "{done:#}"
    );
    let after = items.states();
    let moved: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
    assert_eq!(moved, [SEQUENCE]);
    let (status, again) = fix_as(items, &role, &[]);
    assert_eq!((status, &again["status"], items.states()), (0, &"in_sync".into(), after));
    assert_eq!(items.insert(), Ok(next_id));
}

#[test]
fn a_sequence_of_somebody_else_is_moved_by_nextval_and_just_as_exactly() {
    expect_advanced_to(&Items::behind_by(1), 2);
    expect_advanced_to(&Items::behind_by(1000), 1001);
    expect_advanced_to(&Items::behind_by(1000).at(7, true), 1001);
    expect_advanced_to(&Items::new("integer", "INCREMENT BY 3 START 2").with_ids("generate_series(1, 10)"), 11);
    expect_advanced_to(&Items::new("bigint", "INCREMENT BY 50").with_ids("generate_series(1, 51)").at(1, true), 101);
    expect_advanced_to(&Items::new("integer", "INCREMENT BY -1").with_ids("generate_series(-10, -1)"), -11);
    expect_advanced_to(
        &Items::new("integer", "INCREMENT BY -2").with_ids("generate_series(-10, -1)").at(-3, true),
        -11,
    );
}

#[test]
fn nextval_reaches_the_last_value_of_all() {
    expect_advanced_to(&Items::new("smallint", "AS smallint").with_ids("generate_series(1, 32766)"), 32_767);
    let upwards = Items::new("bigint", "START 9223372036854775800");
    expect_advanced_to(&upwards.with_ids("generate_series(9223372036854775800, 9223372036854775806)"), i64::MAX);
    let downwards = Items::new("bigint", "INCREMENT BY -1 MINVALUE -9223372036854775808 START -9223372036854775800");
    let ids = "generate_series('-9223372036854775807'::bigint, '-9223372036854775800'::bigint)";
    expect_advanced_to(&downwards.with_ids(ids), i64::MIN);
}

#[test]
fn a_few_very_large_increments_are_moved_by_nextval_too() {
    let from_low_end = "INCREMENT BY 4611686018427387904 MINVALUE -9223372036854775808 START -9223372036854775808";
    let items = Items::new("bigint", from_low_end).with_ids("'-9223372036854775808'::bigint").with_ids("0");
    expect_advanced_to(&items, 1 << 62);
}

#[test]
fn the_report_tells_where_the_cache_has_left_it() {
    let items = Items::new("integer", "CACHE 5").with_ids("generate_series(1, 11)");
    let role = role_with(&items.database, &all_grants());
    let (status, done) = fix_as(&items, &role, &[]);
    assert_eq!((status, items.state()), (0, (15, true)), "five values at once");
    assert_eq!(done["outcome"]["after"]["last_value"], 15, "{done:#}");
}

#[test]
fn headroom_counts_for_nextval_too() {
    let items = Items::behind_by(10);
    let role = role_with(&items.database, &all_grants());
    assert_eq!(fix_as(&items, &role, &["--headroom", "4"]).0, 0);
    assert_eq!(items.insert(), Ok(15));
}

#[test]
fn a_way_too_long_for_nextval_is_left_to_the_owner() {
    let items = Items::new("bigint", "").with_ids("unnest(ARRAY[1, 1000000000])");
    let role = role_with(&items.database, &all_grants());
    let before = items.states();
    let (status, found) = fix_as(&items, &role, &[]);
    assert_eq!((status, &found["outcome"]), (1, &Value::Null), "{found:#}");
    assert!(found["hint"].to_string().contains("owner"), "{found:#}");
    assert_eq!(items.states(), before);
    items.expect_fixed_to(1_000_000_001);
}

#[test]
fn a_member_of_the_owning_role_owns_it_too() {
    let items = Items::behind_by(10);
    let owner = role_with(&items.database, "");
    items.database.execute(&format!("ALTER TABLE {TABLE} OWNER TO \"{owner}\""));
    let member = role_with(&items.database, &format!("GRANT \"{owner}\" TO @role"));
    let (status, done) = fix_as(&items, &member, &[]);
    assert_eq!((status, &done["fix"]["protection"]), (0, &"full".into()), "{done:#}");
    assert_eq!(items.insert(), Ok(11));
}

#[test]
fn a_sequence_moved_further_meanwhile_is_not_moved_by_nextval_again() {
    let items = Items::behind_by(10);
    let role = role_with(&items.database, &all_grants());
    let mut client = items.database.client_as(&role);
    let scan = db::scan(&mut client, &ScanOptions::default(), &mut ()).unwrap();
    let plan = scan.plan(&PlanOptions::default());
    items.put(5000, true);
    let applied = db::apply(&mut client, &plan, &ApplyOptions::default(), &mut ());
    assert!(matches!(applied.outcomes.values().next(), Some(Outcome::AlreadyPast { .. })), "{applied:?}");
    assert_eq!(items.state(), (5000, true));
}

#[test]
fn sessions_that_call_nextval_while_we_do_never_get_a_value_twice() {
    let items = Items::new("bigint", "");
    let role = role_with(&items.database, &all_grants());
    let mut moves = 0;
    let drawn = drawn_during(&items, || {
        let mut client = items.database.client_as(&role);
        let (begin, mut last) = (Instant::now(), items.state());
        while begin.elapsed() < Duration::from_secs(2) || (moves < 3 && begin.elapsed() < PATIENCE) {
            let far = format!("SELECT last_value + 20000 FROM {SEQUENCE}");
            items.database.execute(&format!("INSERT INTO {TABLE} ({COLUMN}) {far}"));
            let scan = db::scan(&mut client, &ScanOptions::default(), &mut ()).unwrap();
            let plan = scan.plan(&PlanOptions::default());
            let applied = db::apply(&mut client, &plan, &ApplyOptions::default(), &mut ());
            moves += applied.outcomes.values().filter(|outcome| matches!(outcome, Outcome::Set { .. })).count();
            let now = items.state();
            assert!(now >= last, "from {last:?} to {now:?}");
            last = now;
        }
    });
    assert!(moves > 0 && drawn.len() > 100, "{moves} moves beside {} calls prove nothing", drawn.len());
    assert_eq!(duplicates(&drawn), 0);
}

/// Takes one privilege away, and claims that the printed GRANT is what cures it.
fn expect_grant_cures(missing: &str, exit_status: i32) {
    let items = Items::behind_by(10);
    let role = role_with(&items.database, &all_grants());
    items.database.execute(&missing.replace("@role", &format!("\"{role}\"")));
    let before = items.states();
    let (status, found) = fix_as(&items, &role, &[]);
    assert_eq!(status, exit_status, "{missing}: {found:#}");
    assert_eq!(items.states(), before, "{missing}");
    let hint = found["hint"].as_str().unwrap_or_else(|| panic!("{missing}: no cure in {found:#}"));
    let grant = &hint[hint.find("GRANT").unwrap_or_else(|| panic!("{missing}: no GRANT in {hint:?}"))..];
    items.database.execute(grant);
    let (status, done) = fix_as(&items, &role, &[]);
    assert_eq!(status, 0, "{missing}, then {grant}: {done:#}");
    assert_eq!(items.insert(), Ok(11), "{missing}");
}

#[test]
fn the_grant_that_is_printed_cures_a_table_that_may_not_be_read() {
    expect_grant_cures(&format!("REVOKE SELECT ON {TABLE} FROM @role"), 2);
}

#[test]
fn the_grant_that_is_printed_cures_a_sequence_that_may_not_be_read() {
    expect_grant_cures(&format!("REVOKE SELECT ON {SEQUENCE} FROM @role"), 2);
}

#[test]
fn the_grant_that_is_printed_cures_a_schema_that_may_not_be_used() {
    expect_grant_cures("REVOKE USAGE ON SCHEMA public FROM PUBLIC", 2);
}

#[test]
fn the_grant_that_is_printed_cures_a_table_that_may_not_be_locked() {
    expect_grant_cures(&format!("REVOKE UPDATE ON {TABLE} FROM @role; GRANT INSERT ON {TABLE} TO @role"), 1);
}

#[test]
fn the_grant_that_is_printed_cures_a_sequence_that_may_not_be_moved() {
    expect_grant_cures(&format!("REVOKE USAGE ON {SEQUENCE} FROM @role"), 1);
}

#[test]
fn a_role_with_nothing_is_told_all_grants_at_once_and_no_more_than_it_needs() {
    let items = Items::behind_by(10).with_ids("11");
    let role = role_with(&items.database, "REVOKE USAGE ON SCHEMA public FROM PUBLIC");
    let (_, found) = fix_as(&items, &role, &[]);
    let hint = found["hint"].as_str().unwrap_or_else(|| panic!("no cure in {found:#}"));
    let all = ["USAGE ON SCHEMA", "SELECT ON SEQUENCE", "SELECT (", "UPDATE ON TABLE", "USAGE ON SEQUENCE"];
    let grants: Vec<&str> = hint.split("; ").collect();
    assert_eq!(grants.len(), all.len(), "{grants:?}");
    for (grant, privilege) in grants.into_iter().zip(all) {
        assert!(grant.starts_with(&format!("GRANT {privilege}")), "{grant:?} gives not {privilege}");
        assert_eq!(items.state(), (1, false));
        items.database.execute(grant);
    }
    assert_eq!(fix_as(&items, &role, &[]).0, 0);
    assert_eq!(items.insert(), Ok(12));
}

#[test]
fn any_privilege_that_locks_the_table_is_enough() {
    for privilege in ["UPDATE", "DELETE", "TRUNCATE"] {
        let items = Items::behind_by(10);
        let role = role_with(
            &items.database,
            &format!("GRANT SELECT, {privilege} ON {TABLE} TO @role; GRANT SELECT, UPDATE ON {SEQUENCE} TO @role"),
        );
        assert_eq!(fix_as(&items, &role, &[]).0, 0, "{privilege}");
        items.database.execute(&import_sql("generate_series(11, 12)"));
        assert_eq!(fix_as(&items, &role, &[]).0, 0, "{privilege}");
        assert_eq!(items.insert(), Ok(13), "{privilege}");
    }
}
