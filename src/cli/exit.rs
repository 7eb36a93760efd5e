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

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Behind => 1,
            Exit::Trouble => 2,
            Exit::Interrupted => 130,
        })
    }
}
