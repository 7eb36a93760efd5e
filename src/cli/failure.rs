//! Why the program ends with trouble, and how that is said.

use std::fmt;
use std::io;
use std::process::ExitCode;

use pgseqfix::db::Error;

use super::exit::Exit;
use super::terminal::{printable, printable_lines};

/// Why the program ends with trouble.
#[derive(Debug)]
pub enum Failure {
    /// The server said so, or we refused.
    Db(Error),
    /// Results could not be written, or the terminal could not be used.
    Io(String, io::Error),
    /// A signal.
    Interrupted,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Db(error)
    }
}

impl Failure {
    /// Says it on standard error, and gives the exit status.
    pub fn tell(&self) -> ExitCode {
        match self {
            Self::Interrupted => {
                tell(&self.to_string());
                Exit::Interrupted.into()
            }
            Self::Db(_) | Self::Io(..) => {
                tell(&format!("error: {self}"));
                Exit::Trouble.into()
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Db(error) => write!(out, "{error}"),
            Self::Io(doing, error) => out.write_str(&printable(&format!("{doing}: {error}"))),
            Self::Interrupted => out.write_str("interrupted: nothing was changed"),
        }
    }
}

/// Says something to the person.
pub fn tell(text: &str) {
    anstream::eprintln!("{}", printable_lines(text));
}
