//! How far it is, for those who watch, and for them alone.

mod support;

use std::collections::BTreeSet;

use postgres::Client;
use support::Database;
use support::situations::{finish, start, wait_until_it_waits};
use support::terminal::Terminal;

const TABLES: usize = 120;

/// Enough tables for several batches.
fn shop() -> Database {
    let database = Database::new();
    let tables = (0..TABLES).map(|number| {
        format!(
            "CREATE TABLE \"Table {number:03}\" (id serial PRIMARY KEY); INSERT INTO \"Table {number:03}\" VALUES (30);"
        )
    });
    database.execute(&tables.collect::<String>());
    database
}

/// Somebody else's unfinished change of a sequence, which keeps us from reading it.
fn lock_sequence(database: &Database, number: usize) -> Client {
    let mut client = database.client();
    let rename = format!("BEGIN; ALTER SEQUENCE \"Table {number:03}_id_seq\" RENAME TO other");
    client.batch_execute(&rename).expect("nobody else has it");
    client
}

#[test]
fn without_a_terminal_no_bar_is_drawn() {
    let database = shop();
    let holder = lock_sequence(&database, 0);
    let child = start(database.pgseqfix().args(["--lock-timeout", "0"]));
    // Long enough for a bar, if there were one.
    wait_until_it_waits(&database);
    drop(holder);
    assert_eq!(finish(child).expect_status(1).stderr, "");
}

#[test]
fn on_a_terminal_the_bar_counts_and_is_gone_in_the_end() {
    let database = shop();
    let holder = lock_sequence(&database, TABLES - 1);
    let mut command = database.pgseqfix();
    let mut terminal = Terminal::run(command.args(["--lock-timeout", "0"]));
    // All batches but the last one are done.
    terminal.wait_for("comparing sequences").wait_for(&format!("/{TABLES}"));
    wait_until_it_waits(&database);
    let seen = terminal.wait_for("99/120").end_after(|| drop(holder));
    let left = seen.expect_status(1).expect_sane();
    let text = left.screen.text();
    assert!(!text.contains("comparing") && !text.contains("reading the catalog") && !text.contains('█'), "{text}");
}

#[test]
fn log_lines_and_the_bar_do_not_tear_each_other() {
    let database = shop();
    let arguments = ["-vv", "--lock-timeout", "0"];
    let plain = database.run(&arguments).expect_status(1);

    let holder = lock_sequence(&database, 0);
    let mut command = database.pgseqfix();
    let mut terminal = Terminal::run(command.args(arguments));
    // The bar is there when the later batches log their statements.
    terminal.wait_for("comparing sequences");
    wait_until_it_waits(&database);
    let left = terminal.end_after(|| drop(holder)).expect_status(1).expect_sane();

    // The batch with the lock in its way is read in parts.
    let logged = without_times(plain.stderr.lines().filter(|line| !line.contains("Table 000")));
    assert!(logged.iter().filter(|line| line.contains(" AS states")).count() > 1, "several batches: {logged:#?}");
    let seen = without_times(left.screen.lines.iter().map(String::as_str));
    let torn: Vec<_> = logged.difference(&seen).collect();
    assert!(torn.is_empty(), "not whole on the screen: {torn:#?}\n{left:#?}");
    assert!(!left.screen.text().contains("comparing sequences"), "{left:#?}");
}

/// But for the number of round trips, which is larger where a lock was in the way. Log lines begin with `[time LEVEL] `.
fn without_times<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let strip =
        |line: &'a str| line.split_once(" DEBUG] ").or_else(|| line.split_once(" INFO  ] ")).map_or(line, |it| it.1);
    lines
        .map(|line| strip(line).trim_end().to_owned())
        .filter(|line| !line.is_empty() && !line.contains(" round trip"))
        .collect()
}
