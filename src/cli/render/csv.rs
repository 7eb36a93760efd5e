//! One line a sequence, with a header.

use std::io::{self, Write};

use pgseqfix::model::{Entry, LinkedColumn, Report};

use crate::cli::terminal::printable;

const HEADER: [&str; 17] = [
    "status",
    "schema",
    "sequence",
    "columns",
    "last_value",
    "is_called",
    "next_value",
    "farthest_value",
    "next_collision",
    "colliding_calls",
    "colliding_calls_is_minimum",
    "used_share",
    "fix_last_value",
    "protection",
    "outcome",
    "reason",
    "hint",
];

/// Writes every sequence of the report; what does not apply is left empty. Names are as they are, but for a terminal.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(report: &Report, on_terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    for entry in &report.entries {
        let fields = record(entry);
        writer.write_record(fields.map(|field| if on_terminal { printable(&field) } else { field }))?;
    }
    writer.flush()
}

fn record(entry: &Entry) -> [String; 17] {
    fn text(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let finding = &entry.finding;
    let sequence = &finding.sequence;
    let columns: Vec<String> = finding.columns.iter().map(LinkedColumn::name).collect();
    let collisions = entry.collisions();
    let doubt = entry.doubt();
    [
        finding.word().to_owned(),
        sequence.name.schema.clone(),
        sequence.name.name.clone(),
        columns.join(" "),
        text(finding.state.map(|state| state.last_value)),
        text(finding.state.map(|state| state.is_called)),
        text(finding.next_value()),
        text(finding.farthest()),
        text(collisions.map(|collisions| collisions.nearest)),
        text(collisions.map(|collisions| collisions.calls)),
        text(collisions.map(|collisions| collisions.calls_is_minimum)),
        text(finding.used_share()),
        text(entry.fix.as_ref().map(|fix| fix.to.last_value)),
        text(entry.fix.as_ref().map(|fix| fix.protection)),
        text(entry.outcome.as_ref().map(pgseqfix::model::Outcome::word)),
        text(doubt.as_ref().map(|doubt| &doubt.reason)),
        text(doubt.as_ref().and_then(|doubt| doubt.cure.as_ref())),
    ]
}
