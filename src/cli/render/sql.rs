//! The plan as a script for psql.

use std::io::{self, Write};

use pgseqfix::model::{Mode, Plan, Timeouts, script};

use crate::cli::terminal::printable_lines;

/// Writes the script; it is complete without the rest of the report. On a terminal it is made harmless to look at.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(plan: &Plan, mode: Mode, timeouts: &Timeouts, on_terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    let script = script(plan, timeouts);
    let script = if on_terminal { printable_lines(&script) } else { script };
    if mode == Mode::Fix {
        writeln!(out, "-- This was planned, and run by pgseqfix itself; it need not be run again.")?;
    }
    out.write_all(script.as_bytes())
}
