//! The violations of logs as one document. README documents every field.

use std::io::{self, Write};

use pgseqfix::explain::Folded;
use serde::Serialize;

use super::explanation::{Explanation, Known};
use super::json::{ErrorFields, EvidenceFields, SCHEMA_VERSION};
use super::logs::LogReport;
use crate::cli::render::harmless::HarmlessFormatter;

/// Writes the document.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(report: &LogReport, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        pgseqfix_version: env!("CARGO_PKG_VERSION"),
        mode: "explain_log",
        lines: report.lines,
        violations: report.violations,
        beyond: report.beyond,
        constraints: report.constraints.iter().map(|(folded, known)| Constraint::of(folded, known.as_ref())).collect(),
    };
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, HarmlessFormatter::default());
    document.serialize(&mut serializer)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    pgseqfix_version: &'static str,
    mode: &'static str,
    lines: u64,
    violations: u64,
    beyond: u64,
    constraints: Vec<Constraint<'a>>,
}

#[derive(Serialize)]
struct Constraint<'a> {
    count: u64,
    first: Option<&'a str>,
    last: Option<&'a str>,
    database: Option<&'a str>,
    error: ErrorFields<'a>,
    found: &'static str,
    table: Option<String>,
    verdict: Option<&'static str>,
    sequence_behind: Option<bool>,
    evidence: Vec<EvidenceFields<'a>>,
    next_command: Option<&'a str>,
}

impl<'a> Constraint<'a> {
    fn of(folded: &'a Folded, explanation: Option<&'a Explanation>) -> Self {
        let known = explanation.map(|explanation| &explanation.known);
        let diagnosed = match known {
            Some(Known::Diagnosed(known)) => Some(known),
            _ => None,
        };
        Self {
            count: folded.count,
            first: folded.first.as_deref(),
            last: folded.last.as_deref(),
            database: folded.database.as_deref(),
            error: ErrorFields::of(&folded.violation),
            found: match known {
                None | Some(Known::Offline) => "not_asked",
                Some(Known::Diagnosed(_)) => "found",
                Some(Known::Ambiguous(..)) => "ambiguous",
                Some(Known::NotFound(_)) => "not_found",
                Some(Known::NotBuilt(_)) => "not_built",
            },
            table: diagnosed.map(|known| known.index.table.to_string()),
            verdict: diagnosed.map(|known| known.diagnosis.verdict.word()),
            sequence_behind: diagnosed.map(|known| known.diagnosis.is_behind),
            evidence: diagnosed
                .map(|known| known.diagnosis.evidence.iter().map(EvidenceFields::of).collect())
                .unwrap_or_default(),
            next_command: explanation
                .and_then(|explanation| explanation.next.as_ref())
                .map(|next| next.command.as_str()),
        }
    }
}
