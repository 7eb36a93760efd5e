//! The library, as its documentation shows it: what is run here is the text there.

#[path = "library/collisions.rs"]
mod collisions;
#[path = "library/repair.rs"]
mod repair;
mod support;

use std::ops::ControlFlow;

use pgseqfix::{ApplyOptions, Outcome, PlanOptions, ScanOptions, Stage, apply, on_progress, scan};
use support::Database;

fn shop() -> Database {
    Database::with_setup(
        "CREATE TABLE album (id serial PRIMARY KEY); INSERT INTO album SELECT generate_series(1, 347);
         CREATE TABLE artist (id serial PRIMARY KEY);
         CREATE TABLE full_up (id smallserial PRIMARY KEY); INSERT INTO full_up SELECT generate_series(1, 32767)",
    )
}

#[test]
fn the_first_example_scans_plans_and_applies() {
    let database = shop();
    let mut told = Vec::new();
    repair::repair(&mut database.client(), |line| told.push(line)).expect("it runs");
    assert_eq!(
        told,
        [
            "public.album_id_seq: behind",
            "public.artist_id_seq: in_sync",
            "public.full_up_id_seq: exhausted",
            "public.album_id_seq is to go from 1 (not called) to 347",
            "left alone: a fix would leave no next value: 32767 is stored, and 32767 is the limit",
            "0 of 1",
            "1 of 1",
            "public.album_id_seq: set",
        ]
    );
    assert_eq!(database.value::<i32>("INSERT INTO album DEFAULT VALUES RETURNING id"), 348);
}

#[test]
fn the_second_example_looks_at_what_is_named() {
    let database = shop();
    let found = collisions::collisions(&mut database.client(), &["album", "artist"]).expect("it runs");
    assert_eq!(found, [("public.album_id_seq".to_owned(), 347)]);
    let error = collisions::collisions(&mut database.client(), &["nowhere"]).expect_err("there is no such table");
    assert!(error.to_string().contains("no table matches nowhere"), "{error}");
}

#[test]
fn a_callback_hears_every_stage_and_can_end_the_run() {
    let database = shop();
    let mut client = database.client();
    let mut stages = Vec::new();
    let mut listening = on_progress(|stage, done, total| {
        stages.push((stage, done, total));
        ControlFlow::Continue(())
    });
    let found = scan(&mut client, &ScanOptions::default(), &mut listening).expect("the scan works");
    assert_eq!(stages.first(), Some(&(Stage::Catalog, 0, 0)));
    assert_eq!(stages.last(), Some(&(Stage::Inspect, 3, 3)), "{stages:?}");

    let plan = found.plan(&PlanOptions::default());
    let applied =
        apply(&mut client, &plan, &ApplyOptions::default(), &mut on_progress(|_, _, _| ControlFlow::Break(())));
    assert!(applied.cut_short.is_some(), "{applied:?}");
    assert!(applied.outcomes.values().all(|outcome| *outcome == Outcome::NotReached), "{applied:?}");
    assert_eq!(database.sequence_states()["public.album_id_seq"], (1, false));
}
