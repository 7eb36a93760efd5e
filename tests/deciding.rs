//! When a sequence is behind, and where its next value belongs.

mod support;

use support::repair::{Items, SEQUENCE, TABLE};
use support::{Database, Run};

#[test]
fn an_import_with_explicit_ids_leaves_the_next_insert_to_collide_until_it_is_fixed() {
    let items = Items::behind_by(100);
    assert_eq!(items.insert(), Err("23505".into()));
    let found = items.scan(&[]);
    assert_eq!(found["status"], "behind");
    assert_eq!((&found["next_value"], &found["farthest_value"]), (&2.into(), &100.into()), "{found:#}");
    assert_eq!((&found["next_collision"], &found["colliding_calls"]), (&2.into(), &99.into()), "{found:#}");
    items.expect_fixed_to(101);
}

#[test]
fn a_sequence_never_called_is_behind_one_row_with_its_first_value() {
    // last_value is 1 and max(id) is 1: only is_called tells.
    let items = Items::behind_by(1);
    assert_eq!(items.state(), (1, false));
    assert_eq!(items.scan(&[])["next_value"], 1);
    items.expect_fixed_to(2);
}

#[test]
fn the_next_value_counts_and_not_the_last_one() {
    let at = |last, is_called| Items::behind_by(10).at(last, is_called);
    at(10, true).expect_untouched_and_next(11);
    at(11, false).expect_untouched_and_next(11);
    at(10, false).expect_fixed_to(11);
    at(9, true).expect_fixed_to(11);
    at(9, false).expect_fixed_to(11);
}

#[test]
fn a_collision_behind_free_values_is_found_too() {
    let items = Items::new("integer", "").with_ids("generate_series(1, 10)").with_ids("500").at(10, true);
    let found = items.scan(&[]);
    assert_eq!((&found["status"], &found["next_collision"]), (&"behind".into(), &500.into()), "{found:#}");
    assert_eq!(found["colliding_calls"], 1, "11 to 499 are free: {found:#}");
    items.expect_fixed_to(501);
}

#[test]
fn an_empty_table_leaves_its_sequence_as_it_is() {
    for (last_value, is_called, next) in [(1, false, 1), (1, true, 2), (40, true, 41)] {
        Items::new("integer", "").at(last_value, is_called).expect_untouched_and_next(next);
    }
}

#[test]
fn a_column_of_nothing_but_nulls_leaves_its_sequence_as_it_is() {
    let database = Database::with_setup(
        r#"CREATE TABLE "Odd Ones" ("Key" int PRIMARY KEY, "Ticket No" serial);
           ALTER TABLE "Odd Ones" ALTER "Ticket No" DROP NOT NULL;
           INSERT INTO "Odd Ones" SELECT g, NULL FROM generate_series(1, 5) AS g"#,
    );
    let before = database.sequence_states();
    database.run(&[]).expect_status(0);
    database.run(&["fix", "--yes"]).expect_status(0);
    assert_eq!(database.sequence_states(), before);
    let next: i32 = database.value(r#"INSERT INTO "Odd Ones" VALUES (6) RETURNING "Ticket No""#);
    assert_eq!(next, 1);
}

#[test]
fn nulls_beside_values_do_not_hide_them() {
    let items = Items::new("integer", "");
    items.database.execute(&format!("ALTER TABLE {TABLE} DROP CONSTRAINT \"Stock Items_pkey\""));
    items.database.execute(&format!(r#"ALTER TABLE {TABLE} ALTER "Item Id" DROP NOT NULL"#));
    items.with_ids("unnest(ARRAY[NULL, 3, NULL, 7, NULL])").expect_fixed_to(8);
}

#[test]
fn a_descending_sequence_goes_below_the_lowest_row() {
    let descending = || Items::new("integer", "INCREMENT BY -1").with_ids("generate_series(-10, -1)");
    let items = descending();
    let found = items.scan(&[]);
    assert_eq!((&found["farthest_value"], &found["next_value"]), (&(-10).into(), &(-1).into()), "{found:#}");
    items.expect_fixed_to(-11);
    descending().at(-10, true).expect_untouched_and_next(-11);
    descending().at(-10, false).expect_fixed_to(-11);
    descending().at(-500, true).expect_untouched_and_next(-501);
}

#[test]
fn a_descending_sequence_through_positive_numbers_keeps_its_own_direction() {
    let options = "INCREMENT BY -1 MINVALUE 1 MAXVALUE 1000 START 1000";
    let items = Items::new("integer", options).with_ids("generate_series(991, 1000)");
    items.expect_fixed_to(990);
}

#[test]
fn another_minvalue_changes_nothing_about_the_next_value() {
    let from_1000 = || Items::new("integer", "MINVALUE 1000 START 1000");
    from_1000().with_ids("generate_series(1000, 1010)").expect_fixed_to(1011);
    from_1000().with_ids("1000").expect_fixed_to(1001);
    Items::new("integer", "MINVALUE 0 START 0").with_ids("0").expect_fixed_to(1);
    Items::new("integer", "MINVALUE -5 START -5").with_ids("generate_series(-5, -3)").expect_fixed_to(-2);
}

#[test]
fn rows_below_minvalue_are_no_reason_to_do_anything() {
    for ids in ["0", "-17", "generate_series(-100, 0)"] {
        Items::new("integer", "").with_ids(ids).expect_untouched_and_next(1);
    }
    let items = Items::new("integer", "MINVALUE 1000 START 1000").with_ids("generate_series(1, 10)");
    assert!(items.scan(&[])["farthest_value"].is_null(), "none of them is in the sequence's own range");
    items.expect_untouched_and_next(1000);
    Items::new("integer", "INCREMENT BY -1").with_ids("generate_series(0, 10)").expect_untouched_and_next(-1);
}

#[test]
fn rows_below_minvalue_do_not_hide_those_that_collide() {
    Items::new("integer", "").with_ids("generate_series(-3, 3)").expect_fixed_to(4);
}

#[test]
fn rows_past_maxvalue_are_out_of_the_sequences_reach() {
    let items = || Items::new("integer", "MAXVALUE 1000").with_ids("5000");
    items().expect_untouched_and_next(1);
    items().with_ids("generate_series(1, 3)").expect_fixed_to(4);
}

#[test]
fn a_sequence_ahead_of_its_table_is_nobodys_business() {
    for ahead in [11, 1_000_000, 2_147_483_646] {
        Items::behind_by(10).at(ahead, true).expect_untouched_and_next(ahead + 1);
    }
}

#[test]
fn an_increment_keeps_its_phase() {
    let threes = || Items::new("integer", "INCREMENT BY 3 START 2");
    // 2, 5, 8, 11, …
    threes().with_ids("generate_series(1, 9)").expect_fixed_to(11);
    threes().with_ids("generate_series(1, 10)").expect_fixed_to(11);
    threes().with_ids("generate_series(1, 11)").expect_fixed_to(14);
    let downwards = Items::new("integer", "INCREMENT BY -3 MINVALUE -1000 MAXVALUE 100 START 100");
    downwards.with_ids("generate_series(95, 100)").expect_fixed_to(94);
}

#[test]
fn the_phase_is_that_of_the_present_state_and_not_that_of_the_start() {
    // Somebody moved it to 4, 7, 10, 13, … on purpose.
    let items = Items::new("integer", "INCREMENT BY 3 START 2").at(4, true).with_ids("generate_series(1, 10)");
    items.expect_fixed_to(13);
}

#[test]
fn values_of_another_phase_do_not_collide() {
    let odd = Items::new("integer", "INCREMENT BY 2 START 1").at(99, true);
    // The other node is far ahead: that is normal.
    odd.import("generate_series(100, 2000, 2)");
    odd.expect_untouched_and_next(101);
}

#[test]
fn one_value_of_the_own_phase_among_the_others_does_collide() {
    let odd = Items::new("integer", "INCREMENT BY 2 START 1").at(99, true);
    odd.import("generate_series(100, 2000, 2)");
    odd.import("151");
    let found = odd.scan(&[]);
    assert_eq!((&found["next_collision"], &found["colliding_calls"]), (&151.into(), &1.into()), "{found:#}");
    odd.expect_fixed_to(2001);
}

#[test]
fn two_nodes_with_odd_and_even_ids_never_get_the_same_one() {
    let node = |start: i32, last| {
        let items = Items::new("bigint", &format!("INCREMENT BY 2 START {start}"));
        items.with_ids("generate_series(1, 100)").at(last, true)
    };
    let (odd, even) = (node(1, 99), node(2, 100));
    for node in [&odd, &even] {
        assert_eq!(node.scan(&[])["status"], "in_sync", "99 < 100 is no reason: the next is 101");
        node.expect_nothing_to_do(&[]);
        node.import("generate_series(101, 150)");
        assert_eq!(node.scan(&[])["colliding_calls"], 25);
    }
    odd.expect_fixed_to(151);
    even.expect_fixed_to(152);
}

#[test]
fn blocks_of_an_optimizer_stay_whole() {
    let pooled = || Items::new("bigint", "INCREMENT BY 50");
    // The application took 1 and has used the block up: 1 < 50 is a false alarm, as 51 comes next.
    pooled().with_ids("generate_series(1, 50)").at(1, true).expect_untouched_and_next(51);
    pooled().with_ids("generate_series(1, 51)").at(1, true).expect_fixed_to(101);
    pooled().with_ids("generate_series(1, 170)").expect_fixed_to(201);
}

#[test]
fn the_statuses_decide_the_exit_status() {
    let status = |items: &Items, args: &[&str]| Run::of(items.database.pgseqfix().args(args)).status;
    let behind = Items::behind_by(3);
    assert_eq!(status(&behind, &[]), 1);
    assert_eq!(status(&behind, &["scan"]), 1);
    assert_eq!(status(&behind, &["fix", "--dry-run"]), 1);
    assert_eq!(status(&behind, &["fix", "--yes"]), 0);
    assert_eq!(status(&behind, &["fix", "--dry-run"]), 0);
    assert_eq!(status(&behind, &[]), 0);
    let outlier = Items::new("integer", "").with_ids("2147483647");
    assert_eq!((status(&outlier, &[]), status(&outlier, &["fix", "--yes"])), (0, 0));
    let exhausted = Items::behind_by(3).with_ids("2147483647");
    assert_eq!((status(&exhausted, &[]), status(&exhausted, &["fix", "--yes"])), (1, 1));
    let cycling = Items::new("integer", "CYCLE").with_ids("generate_series(1, 3)");
    assert_eq!(cycling.scan(&[])["status"], "cycling");
    assert_eq!((status(&cycling, &[]), status(&cycling, &["fix", "--yes"])), (0, 0));
    assert_eq!(cycling.state(), (1, false), "{SEQUENCE} says nothing about its data");
}
