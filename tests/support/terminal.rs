//! A terminal with somebody in front of it: what is typed, and what is seen in the end.

use std::fmt;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rexpect::session::{PtySession, spawn_command};

const COLUMNS: usize = 250;
const PATIENCE: Duration = Duration::from_secs(60);
/// Bash outlives the program, so that the terminal can be looked at afterwards; the trap is not inherited.
const AROUND: &str = r#"trap : INT
stty sane cols 250 rows 60
"$0" "$@"
status=$?
printf '\n==left as==\n%s\n==ended with %s==\n' "$(stty -a)" "$status""#;

/// The same program, started by a line of shell in which it is `"$0" "$@"`.
pub fn through_shell(command: &Command, line: &str) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["-c", line]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bash.env(name, value),
            None => bash.env_remove(name),
        };
    }
    bash
}

/// A terminal in which a program runs.
pub struct Terminal {
    session: PtySession,
    seen: String,
}

/// What is left when the program ended.
pub struct Left {
    pub status: i32,
    /// Everything that was written, escape sequences included.
    pub written: String,
    /// What the person sees.
    pub screen: Screen,
    /// `stty -a`.
    stty: String,
}

impl fmt::Debug for Left {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, cursor) = (self.status, if self.screen.has_cursor { "shown" } else { "hidden" });
        write!(out, "status {status}, cursor {cursor}\n{}\n{}", self.screen.text(), self.stty)
    }
}

impl Terminal {
    /// Starts a program with its arguments and environment.
    pub fn run(command: &Command) -> Self {
        let mut bash = through_shell(command, AROUND);
        bash.env("TERM", "xterm-256color");
        let patience = u64::try_from(PATIENCE.as_millis()).expect("a minute is not long");
        let session = spawn_command(bash, Some(patience)).expect("a terminal can be had");
        Self { session, seen: String::new() }
    }

    /// Waits until the text is written.
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        match self.session.exp_string(text) {
            Ok(before) => self.seen.extend([before.as_str(), text]),
            Err(error) => panic!("no {text:?} after {:?}: {error}", self.seen),
        }
        self
    }

    /// Types, once the program reads keys or a secret: what is typed before that reaches it otherwise.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        let file = self.session.process().get_file_handle().expect("the terminal is open");
        let start = Instant::now();
        while echoes(&file) {
            assert!(start.elapsed() < PATIENCE, "nobody reads keys after {:?}", self.seen);
            thread::sleep(Duration::from_millis(5));
        }
        self.type_blindly(keys)
    }

    /// Types, whatever the program does.
    pub fn type_blindly(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).expect("the terminal takes keys");
        self.session.flush().expect("the terminal takes keys");
        self
    }

    /// Lets something happen, and waits for the end.
    pub fn end_after(&mut self, happens: impl FnOnce()) -> Left {
        happens();
        self.end()
    }

    /// Waits for the end.
    pub fn end(&mut self) -> Left {
        self.wait_for("==left as==");
        // The reader takes each byte for a letter.
        let bytes = self.seen.chars().map(|letter| u8::try_from(letter).expect("it was a byte"));
        let written = String::from_utf8(bytes.collect()).expect("what we print is UTF-8").replace("==left as==", "");
        self.seen.clear();
        self.wait_for("==ended with ");
        let stty = self.seen.clone();
        self.seen.clear();
        self.wait_for("==");
        let status = self.seen.trim_end_matches('=').parse().expect("an exit status is a number");
        Left { status, screen: Screen::of(&written), written, stty }
    }
}

impl Left {
    /// The same, if the program ended with `status`; else the test ends with all that was seen.
    pub fn expect_status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// Ends the test unless the shell is as usable as before: letters are echoed, lines are lines, the cursor is there.
    pub fn expect_sane(self) -> Self {
        let words: Vec<&str> = self.stty.split([' ', ';', '\n', '\r']).collect();
        for wanted in ["echo", "icanon", "isig", "icrnl", "opost"] {
            assert!(words.contains(&wanted), "{wanted} is off: {self:#?}");
        }
        assert!(self.screen.has_cursor, "the cursor is hidden: {self:#?}");
        self
    }

    /// Ends the test unless the person can read this.
    pub fn expect_seen(self, text: &str) -> Self {
        assert!(self.screen.text().contains(text), "{text:?} is not in {self:#?}");
        self
    }
}

/// Whether the terminal shows what is typed by itself, as it does between two questions.
fn echoes(terminal: &File) -> bool {
    // SAFETY: termios is plain data, and the descriptor is open as long as the file.
    unsafe {
        let mut attributes: libc::termios = std::mem::zeroed();
        assert_eq!(libc::tcgetattr(terminal.as_raw_fd(), &raw mut attributes), 0);
        attributes.c_lflag & libc::ECHO != 0
    }
}

/// What a terminal of unbounded height shows after some text with escape sequences.
#[derive(Debug)]
pub struct Screen {
    /// Without what only went on in the next row for want of room.
    pub lines: Vec<String>,
    pub has_cursor: bool,
}

impl Screen {
    /// Obeys what our libraries send: movements, erasing, the cursor's visibility; colours are skipped.
    pub fn of(written: &str) -> Self {
        let mut rows: Vec<(Vec<char>, bool)> = vec![(Vec::new(), false)];
        let (mut row, mut column, mut has_cursor) = (0_usize, 0_usize, true);
        let mut letters = written.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' => column = 0,
                '\n' => row += 1,
                '\u{8}' => column = column.saturating_sub(1),
                '\u{7}' => {}
                '\u{1b}' => {
                    // CSI, the only kind that is expected.
                    if letters.next() != Some('[') {
                        continue;
                    }
                    let mut parameters = String::new();
                    let end = letters.by_ref().find(|letter| {
                        parameters.push(*letter);
                        letter.is_ascii_alphabetic()
                    });
                    parameters.pop();
                    let count = parameters.parse().unwrap_or(1);
                    match (end, parameters.as_str()) {
                        (Some('h'), "?25") => has_cursor = true,
                        (Some('l'), "?25") => has_cursor = false,
                        (Some('A'), _) => row = row.saturating_sub(count),
                        (Some('B'), _) => row += count,
                        (Some('C'), _) => column += count,
                        (Some('D'), _) => column = column.saturating_sub(count),
                        (Some('G'), _) => column = count - 1,
                        (Some('K'), "2") => rows[row].0.clear(),
                        (Some('K'), _) => rows[row].0.truncate(column),
                        (Some('J'), _) => {
                            rows[row].0.truncate(column);
                            rows.truncate(row + 1);
                        }
                        (Some('m'), _) => {}
                        other => panic!("not known to this screen: {other:?}"),
                    }
                }
                letter => {
                    if column == COLUMNS {
                        rows[row].1 = true;
                        (row, column) = (row + 1, 0);
                    }
                    while rows.len() <= row {
                        rows.push((Vec::new(), false));
                    }
                    let cells = &mut rows[row].0;
                    while cells.len() <= column {
                        cells.push(' ');
                    }
                    cells[column] = letter;
                    column += 1;
                }
            }
            while rows.len() <= row {
                rows.push((Vec::new(), false));
            }
        }
        let mut lines = vec![String::new()];
        for (cells, goes_on) in rows {
            lines.last_mut().expect("never empty").extend(cells);
            if !goes_on {
                lines.push(String::new());
            }
        }
        for line in &mut lines {
            line.truncate(line.trim_end().len());
        }
        lines.retain(|line| !line.is_empty());
        Self { lines, has_cursor }
    }

    /// All lines.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}
