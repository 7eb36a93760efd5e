//! Aligned columns, for people.

use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use pgseqfix::model::{Doubt, Entry, Mode, Report};

use super::aligned;
use super::cells::{cells, headings};
use super::closing::closing_lines;
use super::number::grouped;
use crate::cli::terminal::printable;

/// Writes the table of what is not in sync (`all`: of everything), the reasons, and a line that counts;
/// `coloured` as on a terminal.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(report: &Report, all: bool, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let shown: Vec<&Entry> = report.entries.iter().filter(|entry| all || entry.is_news()).collect();
    if !shown.is_empty() {
        write_table(&shown, report.mode, coloured, out)?;
        writeln!(out)?;
    }
    write_reasons(&shown, out)?;
    closing_lines(report, printable).iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn write_table(shown: &[&Entry], mode: Mode, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let rows = shown.iter().map(|entry| cells(entry, mode));
    let bold = if coloured { Style::new().bold() } else { Style::new() };
    let style = |at: usize| if coloured { status_style(shown[at]) } else { Style::new() };
    aligned::write(&headings(mode), rows, bold, style, out)
}

fn status_style(entry: &Entry) -> Style {
    let colour = match entry.finding.word() {
        _ if entry.outcome.as_ref().is_some_and(pgseqfix::model::Outcome::is_good) => AnsiColor::Green,
        "in_sync" => AnsiColor::Green,
        "behind" | "exhausted" | "unreadable" | "undecided" => AnsiColor::Red,
        _ => AnsiColor::Yellow,
    };
    Style::new().fg_color(Some(colour.into()))
}

/// What more sequences than these share is said once: the table has their names.
const NAMED: usize = 3;

/// Why sequences are as they are, and what would settle it.
fn write_reasons(shown: &[&Entry], out: &mut dyn Write) -> io::Result<()> {
    let notes: Vec<(&Entry, Doubt)> =
        shown.iter().flat_map(|entry| entry.notes().into_iter().map(move |note| (*entry, note))).collect();
    let mut sharing: HashMap<&Doubt, usize> = HashMap::new();
    for (_, note) in &notes {
        *sharing.entry(note).or_default() += 1;
    }
    for (entry, note) in &notes {
        let subject = match sharing.get(note).copied() {
            None => continue,
            Some(count) if count > NAMED => {
                sharing.remove(note);
                format!("{} sequences", grouped(count))
            }
            Some(_) => printable(&entry.finding.sequence.name.to_string()),
        };
        writeln!(out, "{subject}: {}", printable(&note.reason))?;
        if let Some(cure) = &note.cure {
            writeln!(out, "  hint: {}", printable(cure))?;
        }
    }
    Ok(())
}

/// Writes the line that counts.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render_count(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    closing_lines(report, printable).iter().take(1).try_for_each(|line| writeln!(out, "{line}"))
}

/// Writes what to do next, if there is something.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render_next_step(report: &Report, fix_command: &str, out: &mut dyn Write) -> io::Result<()> {
    let is_planned = report.entries.iter().any(|entry| entry.fix.is_some());
    match report.mode {
        Mode::Scan if is_planned && report.server.refuses_fix.is_none() => {
            writeln!(out, "To fix what is behind: {}", printable(fix_command))
        }
        Mode::DryRun if is_planned => writeln!(out, "Nothing was changed: a dry run."),
        _ => Ok(()),
    }
}
