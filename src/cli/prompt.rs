//! The questions of an interactive fix.

use std::io::{self, IsTerminal};

use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, MultiSelect, Password};
use pgseqfix::db::Error;

use super::failure::tell;
use super::terminal::{printable, show_cursor};

/// What the person answered.
pub enum Answer {
    /// Do these, by their places in the list.
    Do(Vec<usize>),
    /// Do nothing.
    Nothing,
    /// Ctrl-C.
    Interrupted,
}

/// Whether somebody is there to answer: questions are asked on standard error and answered on standard input.
pub fn can_ask() -> bool {
    io::stderr().is_terminal() && io::stdin().is_terminal()
}

/// The rows that the list takes: its prompt, one line, and the cursor's.
const LEAST_ROWS: u16 = 3;

/// Refuses to ask where the list has no room.
///
/// # Errors
///
/// Where the terminal has one or two rows.
pub fn expect_room() -> Result<(), Error> {
    let (rows, _) = console::Term::stderr().size();
    if rows >= LEAST_ROWS {
        return Ok(());
    }
    let said = format!("the terminal has {rows} of the {LEAST_ROWS} rows that the list takes");
    let error = Error::refusal("could not ask what to fix", said);
    Err(error.with_hint(
        "make the window larger, or say --yes to fix without asking, or --dry-run to see what would be done",
    ))
}

/// Lets the person pick among the fixes, all picked at first, and asks once, the default being No.
///
/// # Errors
///
/// Where the terminal cannot be used.
pub fn pick_and_confirm(fixes: &[String]) -> io::Result<Answer> {
    expect_room().map_err(|error| io::Error::other(error.said()))?;
    tell("All are picked: arrows move, space toggles, a takes all or none, enter goes on, esc leaves.");
    settled(ask(fixes))
}

fn ask(fixes: &[String]) -> dialoguer::Result<Answer> {
    let theme = ColorfulTheme::default();
    let all: Vec<(String, bool)> = fixes.iter().map(|fix| (printable(fix), true)).collect();
    let picked = MultiSelect::with_theme(&theme)
        .with_prompt("Fix which?")
        .items_checked(all)
        .max_length(20)
        .report(false)
        .interact_opt()?;
    let Some(picked) = picked.filter(|picked| !picked.is_empty()) else {
        return Ok(Answer::Nothing);
    };
    let question = match picked.len() {
        1 => "Set this sequence?".to_owned(),
        count => format!("Set these {count} sequences?"),
    };
    let yes = Confirm::with_theme(&theme).with_prompt(question).default(false).interact_opt()?;
    Ok(if yes == Some(true) { Answer::Do(picked) } else { Answer::Nothing })
}

/// Asks whether to do one fix, the default being No.
///
/// # Errors
///
/// Where the terminal cannot be used.
pub fn confirm(fix: &str) -> io::Result<Answer> {
    let question = format!("Set it now? {}", printable(fix));
    let asked = Confirm::with_theme(&ColorfulTheme::default()).with_prompt(question).default(false).interact_opt();
    let yes = asked.map(|yes| if yes == Some(true) { Answer::Do(vec![0]) } else { Answer::Nothing });
    settled(yes)
}

/// The cursor is shown again, and Ctrl-C is an answer.
fn settled(asked: dialoguer::Result<Answer>) -> io::Result<Answer> {
    show_cursor();
    match asked {
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => Ok(Answer::Interrupted),
        Err(dialoguer::Error::IO(error)) => Err(error),
        Ok(answer) => Ok(answer),
    }
}

/// Asks for a password, without showing it.
///
/// # Errors
///
/// Where there is no terminal, or the person left.
pub fn password(prompt: &str) -> io::Result<String> {
    let prompt = printable(prompt);
    let asked = Password::new().with_prompt(prompt.trim_end_matches([' ', ':'])).allow_empty_password(true).interact();
    asked.map_err(|dialoguer::Error::IO(error)| error)
}
