//! The exit status, as in diff.

use std::process::ExitCode;

use pgseqfix::model::Verdict;

/// What the program ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing is behind, or all is fixed.
    Fine,
    /// Something is behind, or left unfixed.
    Behind,
    /// Could not connect, bad usage, something was unreadable.
    Trouble,
    /// Ended by a signal, as shells have it.
    Interrupted,
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fine => Self::Fine,
            Verdict::Behind => Self::Behind,
            Verdict::Trouble => Self::Trouble,
        }
    }
}

impl Exit {
    /// The number that the shell sees.
    pub fn status(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Behind => 1,
            Self::Trouble => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.status().into()
    }
}
