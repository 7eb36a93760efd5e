//! Violations out of server logs and programs' logs, piece by piece: memory does not grow with the log.

mod assemble;
mod csvlog;
mod fold;
mod jsonlog;
mod lines;
mod prefix;

pub use fold::{Folded, Tally};

use std::io::{self, BufRead};

use assemble::Assembler;
use lines::Lines;

/// One violation as a log has it, not read to its end yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occurrence {
    /// When, as the log writes it.
    pub(crate) time: Option<String>,
    /// In which database, where the log tells it.
    pub(crate) database: Option<String>,
    /// What was read.
    pub(crate) report: Report,
}

/// What was read of an occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// A text with all that belongs to it.
    Text(String),
    /// A report whose fields are certain.
    Read(Box<super::violation::Violation>),
}

/// Reads a log to its end and counts the violations in it. `is_stopped` is asked from time to time.
///
/// # Errors
///
/// Where the log cannot be read. What was counted before stays counted.
pub fn read_log(log: &mut dyn BufRead, tally: &mut Tally, is_stopped: &mut dyn FnMut() -> bool) -> io::Result<()> {
    let mut lines = Lines::default();
    let mut assembler = Assembler::default();
    let mut count = 0_u64;
    while let Some(line) = lines.next(log)? {
        assembler.take(line, &mut |occurrence| tally.take(occurrence));
        count += 1;
        if count.is_multiple_of(1024) && is_stopped() {
            break;
        }
    }
    assembler.finish(&mut |occurrence| tally.take(occurrence));
    tally.lines += count;
    Ok(())
}
