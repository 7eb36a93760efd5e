//! What a run exchanges with the server is counted, and is little.

mod support;

use support::{Database, Run};

/// So many tables with rows, all in sync or all behind.
fn tables(count: u32, is_behind: bool) -> Database {
    let db = Database::new();
    for from in (1..=count).step_by(200) {
        db.execute(&format!(
            "DO $do$ BEGIN FOR n IN {from}..{} LOOP
                EXECUTE format('CREATE TABLE \"T %s\" (id serial PRIMARY KEY)', n);
                EXECUTE format('INSERT INTO \"T %s\" SELECT {} FROM generate_series(1, 5) AS g', n);
            END LOOP; END $do$",
            (from + 199).min(count),
            if is_behind { "g" } else { "" },
        ));
    }
    db
}

/// How many round trips over how many connections the last line with `-v` tells.
fn told(run: &Run) -> (u32, u32) {
    let lines: Vec<&str> = run.stderr.lines().filter(|line| line.contains("round trip")).collect();
    let [line] = lines.as_slice() else { panic!("one line tells them: {run:#?}") };
    let words: Vec<&str> = line.split_whitespace().collect();
    let [.., round_trips, "round", "trips", "over", connections, "connection" | "connections"] = words.as_slice()
    else {
        panic!("{line}")
    };
    (round_trips.parse().expect("a number"), connections.parse().expect("a number"))
}

#[test]
fn a_thousand_sequences_take_a_few_dozen_round_trips() {
    let db = tables(1_000, false);
    let (round_trips, connections) = told(&db.run(&["-v", "--jobs", "2"]).expect_status(0));
    assert_eq!(connections, 2);
    assert!((20..80).contains(&round_trips), "{round_trips}");
    let (alone, connections) = told(&db.run(&["-v", "--jobs", "1"]).expect_status(0));
    assert_eq!(connections, 1);
    assert!((20..80).contains(&alone), "{alone}");
}

#[test]
fn fixing_takes_fewer_round_trips_than_there_are_sequences() {
    let db = tables(400, true);
    let (round_trips, _) = told(&db.run(&["fix", "--yes", "-v"]).expect_status(0));
    assert!((40..400).contains(&round_trips), "{round_trips}");
}

#[test]
fn who_does_not_ask_is_not_told() {
    let run = tables(1, false).run(&[]).expect_status(0);
    assert!(!run.stderr.contains("round trip"), "{run:#?}");
}
