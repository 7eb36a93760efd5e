//! Tables without an index that are read whole: told as they are with one.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;
use support::repair::Bell;
use support::{Database, Run};

/// `big`, of some ten megabytes, with these ids in its rows and these options of its sequence.
fn large(options: &str, ids: &str) -> Database {
    let db = Database::new();
    db.execute(&format!(
        "CREATE SEQUENCE ids {options}; CREATE TABLE big (id bigint DEFAULT nextval('ids'), note text);
         ALTER SEQUENCE ids OWNED BY big.id;
         INSERT INTO big SELECT {ids}, repeat('x', 1900) FROM generate_series(1, 5000) AS n"
    ));
    db
}

fn told(db: &Database, options: &[&str]) -> Value {
    let mut sequence = Run::of(db.pgseqfix().args(["--format", "json"]).args(options)).report().sequence("ids").clone();
    sequence["columns"].take();
    sequence
}

#[test]
fn it_is_told_as_with_an_index() {
    let shapes: [(&str, &str, &str, &[&str]); 8] = [
        ("", "n", "", &[]),
        ("", "n % 700", "", &[]),
        ("INCREMENT 3", "n * 2", "", &[]),
        ("INCREMENT -1", "-n * 7", "INSERT INTO big VALUES (9)", &[]),
        ("INCREMENT -4 START -2", "-n", "", &["--ignore-below", "-900"]),
        ("", "n", "INSERT INTO big VALUES (90000)", &["--ignore-above", "80000"]),
        ("", "n", "SELECT setval('ids', 4321)", &[]),
        (
            "",
            "n",
            "CREATE TABLE more (id numeric DEFAULT nextval('ids')); INSERT INTO more VALUES (5001), (6000.5)",
            &[],
        ),
    ];
    for (options, ids, more, arguments) in shapes {
        let db = large(options, ids);
        db.execute(more);
        let without = told(&db, arguments);
        db.execute("CREATE INDEX ON big (id)");
        let with = told(&db, arguments);
        assert_eq!(without, with, "{options}; {ids}; {more}");
        assert_eq!(with["status"], "behind", "{with:#}");
    }
}

#[test]
fn what_lies_far_away_is_found_and_not_counted() {
    let db = large("", "n");
    db.execute("INSERT INTO big VALUES (3000000), (3000001)");
    let told_of = |db: &Database| {
        let told = told(db, &[]);
        let field = |name: &str| told[name].as_i64();
        let is_minimum = told["colliding_calls_is_minimum"].as_bool();
        (field("farthest_value"), field("next_collision"), field("colliding_calls"), is_minimum)
    };
    assert_eq!(told_of(&db), (Some(3_000_001), Some(1), Some(5_000), Some(true)));
    db.execute("DELETE FROM big WHERE id <= 5000");
    assert_eq!(told_of(&db), (Some(3_000_001), Some(3_000_000), Some(1), Some(true)), "one is certain");
}

#[test]
fn values_off_the_grid_are_no_collisions() {
    let db = large("INCREMENT 2", "n * 2");
    assert_eq!(told(&db, &[])["status"], "in_sync");
}

#[test]
fn large_parts_of_a_large_tree_are_told_together() {
    let db = large("", "n");
    for number in 1..=120 {
        db.execute(&format!(
            "CREATE TABLE under_{number} () INHERITS (big); INSERT INTO under_{number} VALUES ({number} * 50)"
        ));
    }
    let sequence = told(&db, &["--jobs", "10"]);
    assert_eq!((sequence["farthest_value"].as_i64(), sequence["next_collision"].as_i64()), (Some(6_000), Some(1)));
    // Some values are in two of them: 5,020 calls collide, of which those of the largest part are certain.
    assert!((5_000..=5_020).contains(&sequence["colliding_calls"].as_i64().expect("a number")), "{sequence:#}");
    assert_eq!(sequence["colliding_calls_is_minimum"], true);
}

#[test]
fn a_sequence_that_is_drawn_from_meanwhile_is_told_at_the_first_look() {
    let db = large("", "n + 100000");
    let is_over = AtomicBool::new(false);
    let mut client = db.client();
    let run = thread::scope(|scope| {
        let bell = Bell(&is_over);
        let drawing = scope.spawn(|| {
            let mut drawn = 0;
            while !is_over.load(Ordering::Relaxed) {
                drawn += client.execute("SELECT nextval('ids')", &[]).expect("a value");
            }
            drawn
        });
        let run = db.run(&["-vv", "--format", "json"]);
        drop(bell);
        assert!(drawing.join().expect("it draws") > 10);
        run.expect_status(1)
    });
    let told = run.report().sequence("ids").clone();
    assert_eq!((told["status"].as_str(), told["next_collision"].as_i64()), (Some("behind"), Some(100_001)), "{told:#}");
    assert_eq!(run.stderr.matches("AS window_end").count(), 1, "{}", run.stderr);
}
