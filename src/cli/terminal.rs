//! What may be shown on a terminal: nothing that a name can do to it.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use pgseqfix::model::is_harmful;

/// The text with every letter escaped that moves the cursor, rings a bell, or turns the reading direction round.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_harmful(letter) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// The same for a text of several lines.
pub fn printable_lines(text: &str) -> String {
    let line = |line: &str| {
        let shown = printable(line);
        // A line that begins so would be an order to GitHub's runner, whoever wrote it.
        if shown.trim_start().starts_with("::") { format!("| {shown}") } else { shown }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A terminal's settings, to be put back when a question is broken off: a password is asked for without echo.
#[derive(Clone)]
pub struct TerminalSettings {
    terminal: Arc<File>,
    settings: Termios,
}

impl TerminalSettings {
    /// Remembers those of the terminal that we were started from, if there is one.
    pub fn remember() -> Option<Self> {
        let terminal = File::open("/dev/tty").ok()?;
        let settings = tcgetattr(&terminal).ok()?;
        Some(Self { terminal: Arc::new(terminal), settings })
    }

    /// Puts them back.
    pub fn restore(&self) {
        // If the terminal is gone there is nothing to put back.
        let _ = tcsetattr(&*self.terminal, SetArg::TCSANOW, &self.settings);
    }
}

/// A prompt hides the cursor; nobody wants to be left without one.
pub fn show_cursor() {
    if !io::stderr().is_terminal() {
        return;
    }
    // If the terminal is gone there is nobody to see it.
    let _ = console::Term::stderr().show_cursor();
}

#[cfg(test)]
mod tests {
    use super::{printable, printable_lines};

    #[test]
    fn what_could_move_the_cursor_is_escaped() {
        assert_eq!(printable("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\nc\\u{202e}d");
        assert_eq!(printable("Ärger 表"), "Ärger 表");
        assert_eq!(printable_lines("a\nb\rc"), "a\nb\\rc");
    }
}
