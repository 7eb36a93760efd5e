//! At a terminal `explain` offers to repair the sequence that it found behind.

mod support;

use support::Database;
use support::situations::{our_sessions, wait_until};
use support::terminal::Terminal;

const QUESTION: &str = "Set it now?";
const ESCAPE: &str = "\u{1b}";
const CTRL_C: &str = "\u{3}";

const TEXT: &str = "ERROR:  duplicate key value violates unique constraint \"Order Item_pkey\"\n\
                    DETAIL:  Key (\"Id\")=(1) already exists.";

/// A table whose sequence is behind, and another one that has nothing to do with the error.
fn shop() -> Database {
    Database::with_setup(
        r#"CREATE TABLE "Order Item" ("Id" serial PRIMARY KEY);
           INSERT INTO "Order Item" SELECT * FROM generate_series(1, 30);
           SELECT nextval('"Order Item_Id_seq"');
           CREATE TABLE "Album" ("Id" serial PRIMARY KEY);
           INSERT INTO "Album" SELECT * FROM generate_series(1, 30)"#,
    )
}

fn last_value(database: &Database) -> i64 {
    database.sequence_states()[r#"public."Order Item_Id_seq""#].0
}

fn explain(database: &Database) -> Terminal {
    let mut command = database.pgseqfix();
    command.args(["explain", TEXT]);
    let mut terminal = Terminal::run(&command);
    terminal.wait_for(QUESTION);
    terminal
}

#[test]
fn yes_repairs_the_sequence_of_the_key_and_no_other() {
    let database = shop();
    let before = database.sequence_states();
    let left = explain(&database).press("y").end();
    let left = left.expect_status(0).expect_sane();
    assert_eq!(last_value(&database), 30);
    assert_eq!(before[r#"public."Album_Id_seq""#], database.sequence_states()[r#"public."Album_Id_seq""#]);
    database.execute(r#"INSERT INTO "Order Item" DEFAULT VALUES"#);
    let text = left.screen.text();
    assert!(text.find("the sequence is behind") < text.find(QUESTION), "it is explained before it asks: {text}");
    assert!(text.contains("set 30") && text.contains("1 fixed"), "what was done is said: {text}");
}

#[test]
fn no_and_escape_change_nothing() {
    for answer in ["n", ESCAPE] {
        let database = shop();
        let left = explain(&database).press(answer).end();
        left.expect_status(1).expect_sane().expect_seen("nothing was changed");
        assert_eq!(last_value(&database), 1);
    }
}

#[test]
fn ctrl_c_leaves_and_changes_nothing() {
    let database = shop();
    explain(&database).press(CTRL_C).end().expect_status(130).expect_sane();
    assert_eq!(last_value(&database), 1);
    wait_until("no session is left", || our_sessions(&database) == 0);
}

#[test]
fn nothing_is_asked_where_nothing_is_behind() {
    let database = shop();
    database.run(&["fix", "--yes"]).expect_status(0);
    let mut command = database.pgseqfix();
    command.args(["explain", TEXT]);
    let left = Terminal::run(&command).end();
    let left = left.expect_status(0).expect_sane();
    assert!(!left.screen.text().contains(QUESTION), "{}", left.screen.text());
}
