//! Annotations for a job on GitHub, a line each.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::io::{self, Write};

use pgseqfix::model::{Drift, Entry, Outcome, Report, Status};

use super::closing::closing_lines;
use crate::cli::terminal::printable;

/// Writes one for each sequence that needs somebody's eyes, and the line that counts.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for entry in &report.entries {
        let Some(level) = level(entry) else { continue };
        let name = printable(&entry.finding.sequence.name.to_string());
        let title = format!("{name}: {}", state(entry));
        writeln!(out, "::{level} title={}::{}", property(&title), data(&printable(&message(entry))))?;
    }
    let count = closing_lines(report, printable).into_iter().next().unwrap_or_default();
    writeln!(out, "::notice title=pgseqfix::{}", data(&count))
}

/// Writes one for what ended the run.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render_error(error: &str, out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<String> = error.lines().map(printable).collect();
    writeln!(out, "::error title=pgseqfix::{}", data(&lines.join("\n")))
}

/// Its outcome, else its status.
fn state(entry: &Entry) -> String {
    let word = entry.outcome.as_ref().map_or(entry.finding.word(), Outcome::word);
    word.replace('_', " ")
}

/// How urgent it is; `None` where there is nothing to say.
fn level(entry: &Entry) -> Option<&'static str> {
    if entry.outcome.as_ref().is_some_and(Outcome::is_good) {
        return None;
    }
    if entry.outcome.is_some() {
        return Some("error");
    }
    match &entry.finding.status {
        Status::Compared(Drift::Behind { .. } | Drift::Exhausted(_)) | Status::Unreadable(_) => Some("error"),
        Status::Compared(Drift::Outlier { .. }) | Status::Undecided(_) | Status::NotReached => Some("warning"),
        _ => None,
    }
}

fn message(entry: &Entry) -> String {
    let finding = &entry.finding;
    let columns: Vec<String> = finding.columns.iter().map(pgseqfix::model::LinkedColumn::name).collect();
    let collisions = entry.collisions().map(|it| {
        let least = if it.calls_is_minimum { "at least " } else { "" };
        format!("{least}{} of the next calls of nextval return stored values of {}", it.calls, columns.join(", "))
    });
    let doubt = entry.doubt();
    let cure = doubt.as_ref().and_then(|doubt| doubt.cure.clone());
    let parts = [collisions, doubt.map(|doubt| doubt.reason), cure];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// A message must not end its line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Nor a property its command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::property;

    #[test]
    fn a_name_cannot_end_its_property_or_its_line() {
        assert_eq!(property("a::error,b=1\n100%"), "a%3A%3Aerror%2Cb=1%0A100%25");
    }
}
