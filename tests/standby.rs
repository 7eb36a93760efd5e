//! A standby sees sequences ahead of its primary: it is believed only where that makes no difference.

mod support;

use std::collections::BTreeMap;

use support::situations::{follow, wait_until_caught_up};
use support::{Database, Run, Server};

struct Pair {
    on_primary: Database,
    on_standby: Database,
}

impl Pair {
    /// A primary in which `sql` was run, and its standby; none where this machine cannot make one.
    fn with_setup(sql: &str) -> Option<Self> {
        let primary = Server::start_own(&[]);
        let on_primary = Database::on(&primary);
        let Some(standby) = primary.standby() else {
            eprintln!("skipped: no pg_basebackup for this server");
            return None;
        };
        follow(&standby, &primary);
        on_primary.execute(sql);
        let on_standby = on_primary.seen_on(&standby);
        wait_until_caught_up(&standby, &on_primary);
        Some(Self { on_primary, on_standby })
    }
}

/// The status of each sequence, by its table's name.
fn statuses(run: &Run) -> BTreeMap<String, String> {
    let report = run.json();
    let sequences = report["sequences"].as_array().expect("an array").iter();
    let word = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    sequences.map(|it| (word(&it["name"]).replace("_id_seq", ""), word(&it["status"]))).collect()
}

fn expect_warning(run: &Run) {
    assert!(run.stderr.starts_with("warning: ") && run.stderr.contains("standby"), "{run:#?}");
}

#[test]
fn a_standby_that_cannot_know_says_so_and_a_fix_is_refused_there() {
    let Some(pair) = Pair::with_setup(
        "CREATE TABLE near (id serial PRIMARY KEY);
         INSERT INTO near SELECT nextval('near_id_seq') FROM generate_series(1, 7);
         INSERT INTO near SELECT generate_series(8, 30);
         CREATE TABLE behind (id serial PRIMARY KEY);
         INSERT INTO behind SELECT generate_series(1, 1000);
         CREATE TABLE ahead (id serial PRIMARY KEY);
         SELECT setval('ahead_id_seq', 5000);
         INSERT INTO ahead SELECT generate_series(1, 10);
         CREATE TABLE empty (id serial PRIMARY KEY)",
    ) else {
        return;
    };
    // The facts: the primary is at 7, and its standby sees 33.
    assert_eq!(pair.on_primary.sequence_states()["public.near_id_seq"], (7, true));
    assert_eq!(pair.on_standby.sequence_states()["public.near_id_seq"], (33, true));

    let primary = pair.on_primary.run(&["--format", "json"]).expect_status(1);
    assert_eq!(statuses(&primary)["near"], "behind");
    let run = pair.on_standby.run(&["--format", "json"]).expect_status(2);
    expect_warning(&run);
    let expected = [("ahead", "in_sync"), ("behind", "behind"), ("empty", "in_sync"), ("near", "undecided")];
    assert_eq!(statuses(&run), expected.map(|(name, word)| (name.to_owned(), word.to_owned())).into());
    assert_eq!(run.json()["is_standby"], true);
    assert_eq!(run.json()["summary"]["undecided"], 1);

    let table = pair.on_standby.run(&[]).expect_status(2);
    expect_warning(&table);
    assert!(table.stdout.contains("undecided") && table.stdout.contains("primary"), "{table:#?}");

    let fix = pair.on_standby.run(&["fix", "--yes"]).expect_status(2);
    assert_eq!(fix.stdout, "", "{fix:#?}");
    assert!(fix.stderr.starts_with("error: could not fix"), "{fix:#?}");
    assert!(fix.stderr.contains("standby") && fix.stderr.contains("\n  hint: "), "{fix:#?}");
    assert_eq!(pair.on_primary.sequence_states()["public.near_id_seq"], (7, true));

    pair.on_primary.run(&["fix", "--yes"]).expect_status(0);
}

#[test]
fn a_standby_knows_of_what_it_cannot_be_wrong_about() {
    let Some(pair) = Pair::with_setup(
        "CREATE TABLE ahead (id serial PRIMARY KEY);
         SELECT setval('ahead_id_seq', 5000);
         INSERT INTO ahead SELECT generate_series(1, 10);
         CREATE TABLE empty (id serial PRIMARY KEY)",
    ) else {
        return;
    };
    let run = pair.on_standby.run(&[]).expect_status(0);
    expect_warning(&run);
}

#[test]
fn what_a_standby_may_not_read_spoils_nothing_else() {
    let Some(pair) = Pair::with_setup(
        "CREATE UNLOGGED TABLE unlogged (id serial PRIMARY KEY);
         INSERT INTO unlogged SELECT generate_series(1, 30);
         CREATE TABLE behind (id serial PRIMARY KEY);
         INSERT INTO behind SELECT generate_series(1, 1000)",
    ) else {
        return;
    };
    let run = pair.on_standby.run(&["--format", "json"]).expect_status(2);
    let found = statuses(&run);
    assert_eq!(found["behind"], "behind");
    assert!(["unreadable", "undecided"].contains(&found["unlogged"].as_str()), "{run:#?}");
    let report = run.json();
    let unlogged = &report["sequences"][1];
    assert!(unlogged["reason"].is_string() && unlogged["hint"].is_string(), "{unlogged:#}");
}

#[test]
fn a_violation_is_explained_on_a_standby_with_what_it_can_know() {
    let Some(pair) = Pair::with_setup(
        r#"CREATE TABLE "Behind" (id serial PRIMARY KEY, "E Mail" text UNIQUE);
           INSERT INTO "Behind" SELECT g, 'mail ' || g FROM generate_series(1, 1000) AS g"#,
    ) else {
        return;
    };
    let by_id = pair.on_primary.violation(r#"INSERT INTO "Behind" DEFAULT VALUES"#);
    let explained = pair.on_standby.explain(&by_id, 1).expect("sequence_behind");
    assert!(explained.json["warnings"].to_string().contains("standby"), "{:#}", explained.json);
    assert_eq!(explained.json["row"]["stored"], true);

    let by_mail = pair.on_primary.violation(r#"INSERT INTO "Behind" VALUES (5000, 'mail 7')"#);
    let explained = pair.on_standby.explain(&by_mail, 0).expect("genuine_duplicate");
    assert_eq!(explained.json["row"]["stored"], true);
}

#[test]
fn a_standby_that_cannot_know_decides_nothing_about_a_violation() {
    let Some(pair) = Pair::with_setup(
        r#"CREATE TABLE "Near" (id serial PRIMARY KEY);
           INSERT INTO "Near" SELECT nextval('"Near_id_seq"') FROM generate_series(1, 7);
           INSERT INTO "Near" SELECT generate_series(8, 30)"#,
    ) else {
        return;
    };
    let text = pair.on_primary.violation(r#"INSERT INTO "Near" VALUES (7)"#);
    let run = pair.on_standby.run(&["explain", "--format", "json", &text]);
    assert_eq!(run.json()["verdict"], "undetermined", "{run:#?}");
    assert!(run.json()["evidence"].to_string().contains("standby"), "{run:#?}");
}
