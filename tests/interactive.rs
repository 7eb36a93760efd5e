//! A fix at a terminal: it shows, lets the person pick, asks once, and takes No for an answer.

mod support;

use support::situations::{lock, our_sessions, wait_until, wait_until_it_waits};
use support::terminal::{Left, Terminal, through_shell};
use support::{Database, Run};

const ESCAPE: &str = "\u{1b}";
const CTRL_C: &str = "\u{3}";
const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";
const LIST: &str = "Fix which?";
const QUESTION: &str = "Set th";

/// Three sequences that are behind, and one that is not.
fn shop() -> Database {
    let database = Database::new();
    for table in ["Album", "Artist", "Order Item"] {
        database.execute(&format!(
            r#"CREATE TABLE "{table}" ("Id" serial PRIMARY KEY);
               INSERT INTO "{table}" SELECT * FROM generate_series(1, 30)"#
        ));
    }
    database.execute(r#"CREATE TABLE "In Step" (id serial PRIMARY KEY); INSERT INTO "In Step" DEFAULT VALUES"#);
    database
}

fn fix(database: &Database) -> Terminal {
    let mut command = database.pgseqfix();
    command.arg("fix");
    let mut terminal = Terminal::run(&command);
    terminal.wait_for(LIST);
    terminal
}

/// The next values of the three.
fn next_ids(database: &Database) -> Vec<i64> {
    let states = database.sequence_states();
    let next = |table: &str| {
        let (last_value, is_called) = states[&format!("public.\"{table}_Id_seq\"")];
        last_value + i64::from(is_called)
    };
    ["Album", "Artist", "Order Item"].into_iter().map(next).collect()
}

/// The person left: nothing moved, it was said, and the shell is as before.
fn expect_untouched(database: &Database, left: Left, status: i32) {
    left.expect_status(status).expect_sane().expect_seen("nothing was changed");
    assert_eq!(next_ids(database), [1, 1, 1]);
    wait_until("no session is left", || our_sessions(database) == 0);
}

#[test]
fn the_plan_is_shown_everything_is_picked_and_yes_fixes_it_all() {
    let database = shop();
    let before = database.sequence_states();
    let mut terminal = fix(&database);
    let left = terminal.press(ENTER).wait_for(QUESTION).press("y").end();
    let left = left.expect_status(0).expect_sane();
    assert_eq!(next_ids(&database), [31, 31, 31]);
    assert_eq!(before["public.\"In Step_id_seq\""], database.sequence_states()["public.\"In Step_id_seq\""]);
    database.execute(r#"INSERT INTO "Album" DEFAULT VALUES; INSERT INTO "Order Item" DEFAULT VALUES"#);

    let text = left.screen.text();
    let question = text.find(QUESTION).expect("it was asked");
    for table in ["Album", "Artist", "Order Item"] {
        let name = format!("\"{table}_Id_seq\"");
        let row = text[..question].lines().find(|line| line.contains(&name));
        let row = row.unwrap_or_else(|| panic!("{name} is not in the plan: {text}"));
        assert!(row.starts_with("behind") && row.ends_with("30"), "its status and what will be set: {row}");
    }
    assert!(text[..question].contains("last value"), "the plan is a table with headings: {text}");
    assert!(!text.contains("dry run"), "it is none: {text}");
    assert!(!text.contains("In Step"), "what is in sync is no news: {text}");
    assert!(text[question..].contains("3 fixed"), "what was done is said: {text}");
}

#[test]
fn everything_is_picked_at_first() {
    let database = shop();
    let mut terminal = fix(&database);
    // The question comes when the list was left as it was, and says how many.
    let left = terminal.press(ENTER).wait_for("Set these 3 sequences?").press("n").end();
    expect_untouched(&database, left, 1);
}

#[test]
fn what_is_not_picked_stays_and_is_reported_as_left() {
    let database = shop();
    let mut terminal = fix(&database);
    let left = terminal.press(DOWN).press(" ").press(ENTER).wait_for(QUESTION).press("y").end();
    let left = left.expect_status(1).expect_sane();
    assert_eq!(next_ids(&database), [31, 1, 31]);
    let text = left.screen.text();
    assert!(text.contains("2 fixed") && text.contains("1 left unfixed") && text.contains("not picked"), "{text}");
}

#[test]
fn picking_nothing_changes_nothing() {
    let database = shop();
    let mut terminal = fix(&database);
    for _ in 0..3 {
        terminal.press(" ").press(DOWN);
    }
    let left = terminal.press(ENTER).end();
    expect_untouched(&database, left, 1);
}

#[test]
fn the_keys_do_what_is_said_of_them() {
    let database = shop();
    let mut terminal = fix(&database);
    // None of all, all of none, then all but the second.
    let left =
        terminal.press("a").press("a").press(DOWN).press(" ").press(ENTER).wait_for("Set these 2").press("n").end();
    let keys = "All are picked: arrows move, space toggles, a takes all or none, enter goes on, esc leaves.";
    expect_untouched(&database, left.expect_seen(keys), 1);
    let left = fix(&database).press("a").press(ENTER).end();
    expect_untouched(&database, left, 1);
}

#[test]
fn a_terminal_without_room_for_the_list_is_refused() {
    let database = shop();
    let mut command = database.pgseqfix();
    command.arg("fix");
    for rows in [1, 2] {
        let small = through_shell(&command, &format!(r#"stty rows {rows} cols 80; "$0" "$@""#));
        let left = Terminal::run(&small).end().expect_status(2).expect_sane();
        let text = left.screen.text();
        assert_eq!(text.matches("error: ").count(), 1, "{text}");
        assert!(text.contains(&format!("the terminal has {rows} of the 3 rows that the list takes")), "{text}");
        assert!(text.contains("make the window larger, or say --yes"), "{text}");
        assert_eq!(next_ids(&database), [1, 1, 1]);
    }
    let least = through_shell(&command, r#"stty rows 3 cols 80; "$0" "$@""#);
    Terminal::run(&least).wait_for(LIST).press(ENTER).wait_for(QUESTION).press("y").end().expect_status(0);
    assert_eq!(next_ids(&database), [31, 31, 31]);
}

#[test]
fn enter_alone_means_no() {
    let database = shop();
    let mut terminal = fix(&database);
    let left = terminal.press(ENTER).wait_for(QUESTION).press(ENTER).end();
    let asked: Vec<_> = left.screen.lines.iter().filter(|line| line.contains(QUESTION)).collect();
    assert_eq!(asked.len(), 1, "one question: {left:#?}");
    expect_untouched(&database, left, 1);
}

#[test]
fn the_default_is_shown_to_be_no() {
    let database = shop();
    let mut terminal = fix(&database);
    let left = terminal.press(ENTER).wait_for(QUESTION).wait_for("no").press(ESCAPE).end();
    let question = &left.written[left.written.find(QUESTION).expect("it was asked")..];
    let yes = question.find("yes").unwrap_or(usize::MAX);
    assert!(question.find("no").expect("it was waited for") < yes, "{question:?}");
    expect_untouched(&database, left, 1);
}

#[test]
fn n_changes_nothing() {
    let database = shop();
    let left = fix(&database).press(ENTER).wait_for(QUESTION).press("n").end();
    expect_untouched(&database, left, 1);
}

#[test]
fn escape_at_the_list_changes_nothing() {
    let database = shop();
    let left = fix(&database).press(ESCAPE).end();
    expect_untouched(&database, left, 1);
}

#[test]
fn escape_at_the_question_changes_nothing() {
    let database = shop();
    let left = fix(&database).press(ENTER).wait_for(QUESTION).press(ESCAPE).end();
    expect_untouched(&database, left, 1);
}

#[test]
fn ctrl_c_at_the_list_changes_nothing() {
    let database = shop();
    let left = fix(&database).press(CTRL_C).end();
    expect_untouched(&database, left, 130);
}

#[test]
fn ctrl_c_at_the_question_changes_nothing() {
    let database = shop();
    let left = fix(&database).press(ENTER).wait_for(QUESTION).press(CTRL_C).end();
    expect_untouched(&database, left, 130);
}

#[test]
fn nothing_is_held_open_on_the_server_while_the_person_thinks() {
    let database = shop();
    let mut terminal = fix(&database);
    let open: i64 = database.value(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'pgseqfix' AND state <> 'idle'",
    );
    assert_eq!(open, 0, "no transaction is open at the list");
    // Who works on meanwhile is not held up, and what they did counts.
    database.execute(r#"INSERT INTO "Album" VALUES (40); ALTER TABLE "Artist" ADD COLUMN more int"#);
    terminal.press(ENTER).wait_for(QUESTION).press("y").end().expect_status(0).expect_sane();
    assert_eq!(next_ids(&database), [41, 31, 31]);
}

#[test]
fn where_nothing_is_behind_nothing_is_asked() {
    let database = Database::with_setup("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t DEFAULT VALUES");
    let mut command = database.pgseqfix();
    command.arg("fix");
    let left = Terminal::run(&command).end().expect_status(0).expect_sane();
    assert!(!left.written.contains(LIST) && !left.written.contains(QUESTION), "{left:#?}");
}

#[test]
fn without_a_terminal_and_without_yes_or_dry_run_it_says_which_two_would_do() {
    let database = shop();
    let run = database.run(&["fix"]).expect_status(2);
    assert_eq!(run.stdout, "", "{run:#?}");
    assert!(run.stderr.starts_with("error: "), "{run:#?}");
    assert!(run.stderr.contains("--yes") && run.stderr.contains("--dry-run"), "{run:#?}");
    assert_eq!(next_ids(&database), [1, 1, 1]);
}

#[test]
fn with_only_standard_error_elsewhere_it_does_not_ask_in_the_dark() {
    let database = shop();
    let mut command = database.pgseqfix();
    command.arg("fix");
    let bash = through_shell(&command, r#""$0" "$@" 2>/dev/null"#);
    Terminal::run(&bash).end().expect_status(2).expect_sane();
    assert_eq!(next_ids(&database), [1, 1, 1]);
}

#[test]
fn yes_and_dry_run_ask_nothing_on_a_terminal() {
    let database = shop();
    for (option, next) in [("--dry-run", 1), ("--yes", 31)] {
        let mut command = database.pgseqfix();
        command.args(["fix", option]);
        let left = Terminal::run(&command).end().expect_sane();
        assert!(!left.written.contains(LIST) && !left.written.contains(QUESTION), "{left:#?}");
        assert_eq!(next_ids(&database), [next; 3], "{option}");
    }
}

#[test]
fn ctrl_c_during_a_scan_cancels_it_on_the_server() {
    let database = shop();
    let holder = lock(&database, "\"Album\"");
    let mut command = database.pgseqfix();
    command.args(["--lock-timeout", "0"]);
    let mut terminal = Terminal::run(&command);
    wait_until_it_waits(&database);
    let left = terminal.type_blindly(CTRL_C).end().expect_status(130).expect_sane();
    assert!(left.screen.text().contains("interrupted"), "{left:#?}");
    // The lock is still held: only a cancelled query is gone.
    wait_until("the query is cancelled", || our_sessions(&database) == 0);
    drop(holder);
    assert_eq!(next_ids(&database), [1, 1, 1]);
}

#[test]
fn ctrl_c_cancels_a_query_that_would_not_end_by_itself() {
    let database = shop();
    // The catalog is read in one query; a wait for a table is many short ones.
    let holder = lock(&database, "pg_catalog.pg_sequence");
    let mut command = database.pgseqfix();
    let mut terminal = Terminal::run(command.args(["--lock-timeout", "0"]));
    wait_until_it_waits(&database);
    let left = terminal.type_blindly(CTRL_C).end().expect_status(130).expect_sane();
    assert!(!left.screen.text().contains("does not answer"), "{left:#?}");
    drop(holder);
}

#[test]
fn ctrl_c_during_a_fix_keeps_what_is_done_says_what_is_not_and_leaves_no_session() {
    let database = shop();
    let mut command = database.pgseqfix();
    command.args(["fix", "--lock-timeout", "0", "--statement-timeout", "0"]);
    let mut terminal = Terminal::run(&command);
    terminal.wait_for(LIST).press(ENTER).wait_for(QUESTION);
    // Only now: the scan would have waited for it.
    let holder = lock(&database, "\"Artist\"");
    terminal.press("y");
    wait_until_it_waits(&database);
    let left = terminal.type_blindly(CTRL_C).end().expect_sane();
    wait_until("the query is cancelled", || our_sessions(&database) == 0);
    drop(holder);
    assert_eq!(next_ids(&database), [31, 1, 1], "{left:#?}");
    let text = left.screen.text();
    assert!(text.contains("interrupted") && text.contains("not reached") && text.contains("1 fixed"), "{text}");
    assert!(!text.contains("nothing was changed"), "something was: {text}");
    assert_eq!(left.status, 130, "as every interrupted run: {left:#?}");
}

#[test]
fn a_second_run_after_yes_has_nothing_to_do() {
    let database = shop();
    fix(&database).press(ENTER).wait_for(QUESTION).press("y").end().expect_status(0);
    let states = database.sequence_states();
    let again: Run = database.run(&["fix", "--yes"]).expect_status(0);
    assert!(!again.stdout.contains("Album"), "{again:#?}");
    assert_eq!(states, database.sequence_states());
}
