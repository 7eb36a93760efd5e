//! Where a fix would leave no next value, burn the range for a sentinel, or meet the ends of bigint.

mod support;

use serde_json::Value;
use support::repair::{Items, SEQUENCE};

const LAST: &str = "9223372036854775807";
const FIRST: &str = "'-9223372036854775808'::bigint";

fn hint(found: &Value) -> String {
    found["hint"].as_str().unwrap_or_else(|| panic!("no way out is named: {found:#}")).to_owned()
}

/// Claims that it is exhausted, that a fix leaves it alone with status 1, and returns the way out that is named.
fn expect_exhausted(items: &Items) -> String {
    let before = items.states();
    let found = items.scan(&[]);
    assert_eq!(found["status"], "exhausted", "{found:#}");
    let (status, after) = items.fixed(&[]);
    assert_eq!((status, &after["fix"]), (1, &Value::Null), "{after:#}");
    assert_eq!(items.states(), before);
    hint(&found)
}

/// Runs every ALTER statement that a hint names, as a person would who pastes them.
fn obey(items: &Items, hint: &str) {
    let at = hint.find("ALTER").unwrap_or_else(|| panic!("no statement in {hint:?}"));
    items.database.execute(&hint[at..]);
}

#[test]
fn a_sentinel_past_a_working_sequence_is_left_alone() {
    let sentinel = || Items::behind_by(10).with_ids("2147483647").at(11, false);
    assert_eq!(sentinel().insert(), Ok(11), "it works before");
    let items = sentinel();
    let found = items.scan(&[]);
    assert_eq!((&found["status"], &found["next_collision"]), (&"outlier".into(), &2_147_483_647.into()), "{found:#}");
    assert!(hint(&found).contains("a fix would leave no next value"), "{found:#}");
    items.expect_nothing_to_do(&[]);
    assert_eq!(items.insert(), Ok(11), "and it works afterwards");
    assert_eq!(items.insert(), Ok(12));
}

#[test]
fn a_sentinel_at_the_limit_cannot_be_fixed_even_on_demand() {
    let items = Items::behind_by(10).with_ids("2147483647").at(11, false);
    let before = items.states();
    items.fix(&["--fix-outliers"]);
    assert_eq!(items.states(), before, "behind 2147483647 there is no next value");
    assert_eq!(items.insert(), Ok(11));
}

#[test]
fn an_outlier_is_passed_on_demand() {
    let items = || Items::behind_by(10).with_ids("2000000000").at(11, false);
    assert_eq!(items().scan(&[])["status"], "outlier");
    items().expect_nothing_to_do(&[]);
    items().expect_fixed_with(&["--fix-outliers"], 2_000_000_001);
}

#[test]
fn a_value_nearer_than_half_of_what_is_left_is_no_outlier() {
    let near = Items::new("integer", "MAXVALUE 1000").with_ids("500");
    assert_eq!(near.scan(&[])["status"], "behind");
    near.expect_fixed_to(501);
    let far = Items::new("integer", "MAXVALUE 1000").with_ids("502");
    assert_eq!(far.scan(&[])["status"], "outlier");
}

#[test]
fn a_sentinel_before_which_the_sequence_lags_is_exhausted_and_its_way_out_works() {
    let items = Items::behind_by(10).with_ids("2147483647");
    let hint = expect_exhausted(&items);
    assert!(hint.contains("--ignore-above 2147483646"), "{hint}");
    items.expect_fixed_with(&["--ignore-above", "2147483646"], 11);
    assert_eq!(items.scan(&[])["status"], "outlier", "without the option the sentinel is seen again");
}

#[test]
fn values_above_the_given_one_do_not_count_and_the_others_do() {
    let items = Items::behind_by(10).with_ids("50").with_ids("70");
    items.expect_fixed_with(&["--ignore-above", "69"], 51);
    Items::behind_by(10).with_ids("70").expect_fixed_with(&["--ignore-above", "70"], 71);
}

#[test]
fn values_below_the_given_one_do_not_count_for_a_descending_sequence() {
    let items = Items::new("integer", "INCREMENT BY -1").with_ids("generate_series(-10, -1)");
    items.import("'-2147483648'::int");
    let hint = expect_exhausted(&items);
    assert!(hint.contains("--ignore-below -2147483647"), "{hint}");
    items.expect_fixed_with(&["--ignore-below", "-2147483647"], -11);
}

#[test]
fn ignoring_above_concerns_no_descending_sequence_and_below_no_ascending_one() {
    let descending = Items::new("integer", "INCREMENT BY -1").with_ids("generate_series(-10, -1)");
    descending.expect_fixed_with(&["--ignore-above", "-5"], -11);
    Items::behind_by(10).expect_fixed_with(&["--ignore-below", "5"], 11);
}

#[test]
fn the_last_value_of_a_smallint_is_still_handed_out() {
    let items = Items::new("smallint", "AS smallint").with_ids("generate_series(1, 32766)");
    items.expect_fixed_to(32_767);
    assert_eq!(items.insert(), Err("2200H".into()));
}

#[test]
fn a_full_smallint_is_exhausted_and_its_way_out_works() {
    for before in [1, 32_767] {
        let items = Items::new("smallint", "AS smallint").with_ids("generate_series(1, 32767)").at(before, true);
        obey(&items, &expect_exhausted(&items));
        items.fix(&[]).expect_status(0);
        assert_eq!(items.insert(), Ok(32_768));
    }
}

#[test]
fn a_full_int_is_exhausted_and_its_way_out_works() {
    let items = Items::new("integer", "AS integer").with_ids("generate_series(2147483640, 2147483647)");
    items.put(2_147_483_639, true);
    obey(&items, &expect_exhausted(&items));
    items.expect_fixed_to(2_147_483_648);
}

#[test]
fn a_full_identity_is_exhausted_and_its_way_out_works() {
    let items = Items::new("integer", "");
    items.database.execute(
        r#"CREATE TABLE "Full Ones" ("Id" smallint GENERATED ALWAYS AS IDENTITY);
           INSERT INTO "Full Ones" OVERRIDING SYSTEM VALUE SELECT generate_series(1, 32767);
           SELECT setval('"Full Ones_Id_seq"', 32767)"#,
    );
    let run = items.database.run(&["--format", "json"]).expect_status(1);
    obey(&items, &hint(support::repair::reported(&run.json(), "Full Ones_Id_seq")));
    items.fix(&[]).expect_status(0);
    assert_eq!(items.database.value::<i64>(r#"INSERT INTO "Full Ones" DEFAULT VALUES RETURNING "Id"::bigint"#), 32_768);
}

#[test]
fn the_limit_of_the_column_counts_under_a_wider_sequence() {
    let int_under_bigint = || Items::new("integer", "AS bigint");
    int_under_bigint().with_ids("generate_series(1, 3)").expect_fixed_to(4);
    let full = int_under_bigint().with_ids("generate_series(1, 10)").with_ids("2147483647");
    expect_exhausted(&full);
    let outgrown = int_under_bigint().with_ids("generate_series(1, 3)").at(2_147_483_647, true);
    assert_eq!(outgrown.insert(), Err("22003".into()));
    obey(&outgrown, &expect_exhausted(&outgrown));
    outgrown.fix(&[]).expect_status(0);
    assert!(outgrown.insert().is_ok());
}

#[test]
fn a_maxvalue_of_its_own_is_exhausted_and_its_way_out_works() {
    let items = Items::new("bigint", "MAXVALUE 100").with_ids("generate_series(1, 100)");
    obey(&items, &expect_exhausted(&items));
    items.expect_fixed_to(101);
}

#[test]
fn a_descending_minvalue_of_its_own_is_exhausted_and_its_way_out_works() {
    let items = Items::new("bigint", "INCREMENT BY -1 MINVALUE -100").with_ids("generate_series(-100, -1)");
    obey(&items, &expect_exhausted(&items));
    items.expect_fixed_to(-101);
}

#[test]
fn a_fix_that_reaches_the_very_last_value_is_still_a_fix() {
    let items = Items::new("bigint", "MAXVALUE 100").with_ids("generate_series(1, 99)");
    items.expect_fixed_to(100);
    assert_eq!(items.insert(), Err("2200H".into()));
    expect_exhausted(&items);
}

#[test]
fn an_increment_that_steps_over_the_limit_leaves_no_next_value() {
    // 1, 31, 61, 91: the next would be 121.
    let items = Items::new("bigint", "INCREMENT BY 30 MAXVALUE 100").with_ids("generate_series(1, 91, 30)");
    expect_exhausted(&items);
}

#[test]
fn ids_at_the_very_end_of_bigint_are_understood() {
    let items = Items::new("bigint", "").with_ids("generate_series(1, 10)").with_ids(LAST);
    let hint = expect_exhausted(&items);
    assert!(hint.contains("--ignore-above 9223372036854775806"), "{hint}");
    items.expect_fixed_with(&["--ignore-above", "9223372036854775806"], 11);
    let outlier = Items::new("bigint", "").with_ids("generate_series(1, 10)").with_ids(LAST).at(10, true);
    assert_eq!(outlier.scan(&[])["status"], "outlier");
    outlier.expect_nothing_to_do(&[]);
    assert_eq!(outlier.insert(), Ok(11));
}

#[test]
fn nobody_is_told_to_make_a_bigint_of_a_bigint() {
    let hint = expect_exhausted(&Items::new("bigint", "").with_ids("generate_series(1, 10)").with_ids(LAST));
    assert!(!hint.contains("bigint"), "it is one already: {hint}");
}

#[test]
fn a_sequence_near_the_end_of_bigint_is_fixed_up_to_its_last_value() {
    let items = Items::new("bigint", "START 9223372036854775800")
        .with_ids("generate_series(9223372036854775800, 9223372036854775806)");
    items.expect_fixed_to(i64::MAX);
    assert_eq!(items.insert(), Err("2200H".into()));
    assert_eq!(items.scan(&[])["status"], "exhausted");
}

#[test]
fn a_descending_sequence_over_the_whole_of_bigint_works_at_its_low_end() {
    let options = format!("INCREMENT BY -1 MINVALUE -9223372036854775808 MAXVALUE {LAST} START -9223372036854775800");
    let near = || {
        let ids = "generate_series('-9223372036854775807'::bigint, '-9223372036854775800'::bigint)";
        Items::new("bigint", &options).with_ids(ids)
    };
    let items = near();
    items.expect_fixed_to(i64::MIN);
    assert_eq!(items.insert(), Err("2200H".into()));
    expect_exhausted(&near().with_ids(FIRST));
    let sentinel = Items::new("bigint", "INCREMENT BY -1").with_ids("generate_series(-10, -1)").with_ids(FIRST);
    sentinel.expect_fixed_with(&["--ignore-below", "-9223372036854775807"], -11);
}

#[test]
fn an_ascending_sequence_from_the_low_end_of_bigint_works() {
    let options = "MINVALUE -9223372036854775808 START -9223372036854775808";
    let items = Items::new("bigint", options).with_ids(FIRST);
    assert_eq!(items.state(), (i64::MIN, false), "{SEQUENCE} was never called");
    items.expect_fixed_to(i64::MIN + 1);
}

#[test]
fn increments_as_large_as_bigint_itself_do_not_overflow() {
    let from_low_end = "MINVALUE -9223372036854775808 START -9223372036854775808";
    let half = format!("INCREMENT BY 4611686018427387904 {from_low_end}");
    Items::new("bigint", &half).with_ids(FIRST).with_ids("0").expect_fixed_to(1 << 62);
    let whole = format!("INCREMENT BY {LAST} {from_low_end}");
    Items::new("bigint", &whole).with_ids(FIRST).expect_fixed_to(-1);
    let both_ends = Items::new("bigint", &whole).with_ids(FIRST).with_ids("-1").with_ids("9223372036854775806");
    expect_exhausted(&both_ends);
    let downwards = Items::new("bigint", "INCREMENT BY -9223372036854775808 MAXVALUE 9223372036854775807 START 5");
    downwards.with_ids("5").expect_fixed_to(i64::MIN + 5);
}
