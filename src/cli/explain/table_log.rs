//! The violations of logs as a table, for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use pgseqfix::explain::{Folded, Verdict};
use pgseqfix::model::{Doubt, quote_identifier};

use super::explanation::{Explanation, Known};
use super::logs::LogReport;
use crate::cli::exit::Exit;
use crate::cli::render::aligned;
use crate::cli::render::cells::Side;
use crate::cli::render::number::grouped;
use crate::cli::terminal::printable;

/// Writes it; `coloured` as on a terminal.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(report: &LogReport, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let headings = [
        ("count", Side::Right),
        ("first", Side::Left),
        ("last", Side::Left),
        ("constraint", Side::Left),
        ("key", Side::Left),
        ("verdict", Side::Left),
    ];
    let rows: Vec<Vec<String>> =
        report.constraints.iter().map(|(folded, known)| cells(folded, known.as_ref(), report.is_asked)).collect();
    if !rows.is_empty() {
        let bold = if coloured { Style::new().bold() } else { Style::new() };
        let red = Style::new().fg_color(Some(AnsiColor::Red.into()));
        let is_behind =
            |at: usize| report.constraints[at].1.as_ref().is_some_and(|explanation| explanation.exit() == Exit::Behind);
        let style = |at: usize| if coloured && is_behind(at) { red } else { Style::new() };
        aligned::write(&headings, rows.iter().cloned(), bold, style, out)?;
        writeln!(out)?;
    }
    if report.beyond > 0 {
        writeln!(out, "{} more of constraints that were not told apart any more.", grouped(report.beyond))?;
    }
    let errors = match report.violations {
        1 => "1 error 23505".to_owned(),
        count => format!("{} errors 23505", grouped(count)),
    };
    let constraints = match report.constraints.len() {
        1 => "1 constraint".to_owned(),
        count => format!("{count} constraints"),
    };
    writeln!(out, "{errors} in {} lines, {constraints}.", grouped(report.lines))?;
    for (folded, known) in report
        .constraints
        .iter()
        .filter_map(|(folded, explanation)| Some((folded, undetermined(explanation.as_ref()?)?)))
    {
        let name = folded.violation.constraint().map_or_else(|| "(not named)".to_owned(), quote_identifier);
        for doubt in known {
            writeln!(out, "{}: {}", printable(&name), printable(&doubt.reason))?;
            if let Some(cure) = &doubt.cure {
                writeln!(out, "  hint: {}", printable(cure))?;
            }
        }
    }
    for command in &report.to_ask {
        writeln!(out, "To ask: {}", printable(command))?;
    }
    if let Some(command) = &report.to_repair {
        writeln!(out, "To repair: {}", printable(command))?;
    }
    Ok(())
}

/// What is known where that does not decide it.
fn undetermined(explanation: &Explanation) -> Option<&[Doubt]> {
    match &explanation.known {
        Known::Diagnosed(known) if known.diagnosis.verdict == Verdict::Undetermined => Some(&known.diagnosis.evidence),
        _ => None,
    }
}

fn cells(folded: &Folded, explanation: Option<&Explanation>, is_asked: bool) -> Vec<String> {
    let violation = &folded.violation;
    let constraint = violation.constraint().map_or_else(|| "(not named)".to_owned(), quote_identifier);
    let database = match (&folded.database, explanation) {
        (Some(database), None) => format!(" (database {})", quote_identifier(database)),
        _ => String::new(),
    };
    let key = match explanation.map(|explanation| &explanation.known) {
        Some(Known::Diagnosed(known)) => format!("{} {}", known.index.table, known.index.key_text()),
        _ => violation.key.as_ref().map(|key| format!("({})", key.columns.join(", "))).unwrap_or_default(),
    };
    let time = |time: &Option<String>| time.clone().unwrap_or_default();
    vec![
        grouped(folded.count),
        time(&folded.first),
        time(&folded.last),
        constraint + &database,
        key,
        verdict(explanation, is_asked),
    ]
}

/// The verdict in a few words.
fn verdict(explanation: Option<&Explanation>, is_asked: bool) -> String {
    let Some(explanation) = explanation else {
        return if is_asked { "not asked here" } else { "not asked" }.to_owned();
    };
    match &explanation.known {
        Known::Diagnosed(known) => {
            let word = known.diagnosis.verdict.word().replace('_', " ");
            let is_more = known.diagnosis.is_behind && !word.contains("behind");
            if is_more { format!("{word}, sequence behind") } else { word }
        }
        Known::Ambiguous(_, indexes) => format!("one of {}: narrow it with -n, -t", indexes.len()),
        Known::NotFound(_) => "not in this database".to_owned(),
        Known::NotBuilt(_) => "the index was not built".to_owned(),
        Known::Offline => String::new(),
    }
}
