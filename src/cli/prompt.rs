//! The questions of an interactive fix.

use std::io::{self, IsTerminal};

use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, MultiSelect, Password};

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

/// Lets the person pick among the fixes, all picked at first, and asks once, the default being No.
///
/// # Errors
///
/// Where the terminal cannot be used.
pub fn pick_and_confirm(fixes: &[String]) -> io::Result<Answer> {
    settled(ask(fixes))
}

fn ask(fixes: &[String]) -> dialoguer::Result<Answer> {
    let theme = ColorfulTheme::default();
    let all: Vec<(String, bool)> = fixes.iter().map(|fix| (printable(fix), true)).collect();
    let picked = MultiSelect::with_theme(&theme)
        .with_prompt("Fix which? (space picks, a all, enter goes on, esc leaves)")
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
