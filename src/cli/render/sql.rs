//! The plan as a script for psql.

use std::io::{self, Write};

use pgseqfix::model::{Plan, Timeouts, script};

/// Writes the script; it is complete without the rest of the report.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(plan: &Plan, timeouts: &Timeouts, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(script(plan, timeouts).as_bytes())
}
