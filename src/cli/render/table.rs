//! Aligned columns, for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use console::measure_text_width;
use pgseqfix::model::{Entry, Mode, Report};

use super::cells::{Side, cells, headings};
use super::closing::closing_lines;
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
    for entry in &shown {
        write_reason(entry, out)?;
    }
    closing_lines(report).iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn write_table(shown: &[&Entry], mode: Mode, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let headings = headings(mode);
    let rows: Vec<Vec<String>> =
        shown.iter().map(|entry| cells(entry, mode).iter().map(|cell| printable(cell)).collect()).collect();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(at, (heading, _))| {
            let widest = rows.iter().map(|row| measure_text_width(&row[at])).max().unwrap_or_default();
            widest.max(measure_text_width(heading))
        })
        .collect();
    let bold = if coloured { Style::new().bold() } else { Style::new() };
    let heading_cells: Vec<String> = headings.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    write_row(&heading_cells, &headings, &widths, |_| bold, out)?;
    for (entry, row) in shown.iter().zip(&rows) {
        let style = if coloured { status_style(entry) } else { Style::new() };
        write_row(row, &headings, &widths, |at| if at == 0 { style } else { Style::new() }, out)?;
    }
    Ok(())
}

fn write_row(
    cells: &[String],
    headings: &[(&str, Side)],
    widths: &[usize],
    style: impl Fn(usize) -> Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let padded: Vec<String> = cells
        .iter()
        .enumerate()
        .map(|(at, cell)| {
            let style = style(at);
            let blanks = " ".repeat(widths[at].saturating_sub(measure_text_width(cell)));
            match headings[at].1 {
                Side::Left => format!("{style}{cell}{style:#}{blanks}"),
                Side::Right => format!("{blanks}{style}{cell}{style:#}"),
            }
        })
        .collect();
    writeln!(out, "{}", padded.join("  ").trim_end())
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

/// Why a sequence is as it is, and what would settle it.
fn write_reason(entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    for note in entry.notes() {
        writeln!(out, "{}: {}", printable(&entry.finding.sequence.name.to_string()), printable(&note.reason))?;
        if let Some(cure) = note.cure {
            writeln!(out, "  hint: {}", printable(&cure))?;
        }
    }
    Ok(())
}

/// Writes what to do next, if there is something.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render_next_step(report: &Report, fix_command: Option<String>, out: &mut dyn Write) -> io::Result<()> {
    let is_planned = report.entries.iter().any(|entry| entry.fix.is_some());
    match report.mode {
        Mode::Scan if is_planned && report.server.refuses_fix.is_none() => {
            let command = fix_command.unwrap_or_else(|| "the same command with fix".to_owned());
            writeln!(out, "To fix what is behind: {}", printable(&command))
        }
        Mode::DryRun if is_planned => writeln!(out, "Nothing was changed: a dry run."),
        _ => Ok(()),
    }
}
