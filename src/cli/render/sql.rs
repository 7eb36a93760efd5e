//! The plan as a script for psql.

use std::io::{self, Write};

use pgseqfix::model::{Drift, Entry, Mode, Plan, Report, Status, Timeouts, one_line, script};

use crate::cli::terminal::printable_lines;

/// Writes the script, which names what it does not repair. On a terminal it is made harmless to look at.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(
    report: &Report,
    plan: &Plan,
    timeouts: &Timeouts,
    on_terminal: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let script = script(plan, timeouts) + &left_out(report);
    let script = if on_terminal { printable_lines(&script) } else { script };
    if report.mode == Mode::Fix {
        writeln!(out, "-- This was planned, and run by pgseqfix itself; it need not be run again.")?;
    }
    out.write_all(script.as_bytes())
}

/// What would need a repair, or may need one, and gets none here, in comments.
fn left_out(report: &Report) -> String {
    let is_left = |entry: &&Entry| {
        let status = &entry.finding.status;
        let is_bad = matches!(
            status,
            Status::Compared(Drift::Behind { .. } | Drift::Exhausted(_) | Drift::Outlier { .. })
                | Status::Unreadable(_)
                | Status::Undecided(_)
                | Status::NotReached
        );
        is_bad && entry.fix.is_none()
    };
    let left: Vec<String> = report.entries.iter().filter(is_left).map(comment).collect();
    let repaired = report.entries.iter().filter(|entry| entry.fix.is_some()).count();
    format!("\n{}-- {repaired} to repair, {} not repaired here.\n", left.concat(), left.len())
}

fn comment(entry: &Entry) -> String {
    let finding = &entry.finding;
    let doubt = entry.doubt();
    let reason = doubt.as_ref().map(|doubt| format!(": {}", doubt.reason)).unwrap_or_default();
    let cure = doubt.and_then(|doubt| doubt.cure).map(|cure| format!("; {cure}")).unwrap_or_default();
    format!("-- not repaired: {}\n", one_line(&format!("{} ({}){reason}{cure}", finding.sequence.name, finding.word())))
}
