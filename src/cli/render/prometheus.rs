//! Metrics for Prometheus, in its text format, as `node_exporter` reads it from a file.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::io::{self, Write};

use pgseqfix::model::{Drift, Entry, Report, Status};

/// Writes what was found of each sequence that was compared, and how many sequences have each status.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let is_one = |is_so: bool| Some(if is_so { 1.0 } else { 0.0 });
    let drift = |entry: &Entry| match &entry.finding.status {
        Status::Compared(drift) => Some(*drift),
        _ => None,
    };
    // What a fix has done counts: the scrape shall see things as they are.
    let is_good = |entry: &Entry| entry.outcome.as_ref().is_some_and(pgseqfix::model::Outcome::is_good);
    let behind = |entry: &Entry| is_one(matches!(drift(entry)?, Drift::Behind { .. }) && !is_good(entry));
    let exhausted = |entry: &Entry| is_one(matches!(drift(entry)?, Drift::Exhausted(_)));
    let used = |entry: &Entry| drift(entry).and_then(|_| entry.finding.used_share());
    gauge(out, report, "behind", "Whether coming calls of nextval return values that are stored already.", behind)?;
    gauge(out, report, "exhausted", "Whether no call of nextval is left, or none whose value fits.", exhausted)?;
    gauge(out, report, "used_ratio", "The share of its range that is used, from 0 to 1.", used)?;

    let name = "pgseqfix_sequences";
    writeln!(out, "# HELP {name} How many sequences were found with this status.\n# TYPE {name} gauge")?;
    let words =
        STATUSES.iter().map(|word| (word, report.entries.iter().filter(|it| it.finding.word() == *word).count()));
    for (word, count) in words {
        writeln!(out, "{name}{{database=\"{}\",status=\"{word}\"}} {count}", escaped(&report.server.database))?;
    }
    Ok(())
}

/// All of them, so that no series ends where a status has no sequence any more.
const STATUSES: [&str; 11] = [
    "in_sync",
    "behind",
    "exhausted",
    "outlier",
    "cycling",
    "not_comparable",
    "unreadable",
    "undecided",
    "skipped",
    "not_reached",
    "unlinked",
];

/// One metric of each sequence that has it.
fn gauge(
    out: &mut dyn Write,
    report: &Report,
    name: &str,
    help: &str,
    value: impl Fn(&Entry) -> Option<f64>,
) -> io::Result<()> {
    let name = format!("pgseqfix_sequence_{name}");
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")?;
    let database = escaped(&report.server.database);
    for entry in &report.entries {
        let sequence = &entry.finding.sequence.name;
        let (schema, sequence) = (escaped(&sequence.schema), escaped(&sequence.name));
        if let Some(value) = value(entry) {
            writeln!(out, "{name}{{database=\"{database}\",schema=\"{schema}\",sequence=\"{sequence}\"}} {value}")?;
        }
    }
    Ok(())
}

/// As a label's value is written.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_label_keeps_its_line_and_its_quotes() {
        assert_eq!(escaped("a\\n\"b\"\nc"), "a\\\\n\\\"b\\\"\\nc");
    }
}
