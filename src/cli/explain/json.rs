//! An explanation as one document. README documents every field; a test holds both together.

use std::io::{self, Write};

use pgseqfix::explain::Violation;
use pgseqfix::model::{Doubt, Entry, Finding, Plan, RowLookup, UniqueIndex};
use serde::Serialize;
use serde_json::Value;

use super::explanation::{Diagnosed, Explanation, Known};
use crate::cli::render::harmless::HarmlessFormatter;
use crate::cli::render::json_sequence::SequenceFields;

/// Grows when a field changes its meaning or goes away; a new field does not change it.
pub const SCHEMA_VERSION: u32 = 1;

/// Writes the document.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let entries = entries(&explanation.known);
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, HarmlessFormatter::default());
    Document::of(explanation, &entries).serialize(&mut serializer)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    pgseqfix_version: &'static str,
    mode: &'static str,
    database: Option<&'a str>,
    user: Option<&'a str>,
    server_version: Option<&'a str>,
    warnings: &'a [String],
    error: ErrorFields<'a>,
    index: Option<IndexFields<'a>>,
    candidates: Vec<IndexFields<'a>>,
    verdict: Option<&'static str>,
    evidence: Vec<EvidenceFields<'a>>,
    row: RowFields,
    sequences: Vec<SequenceFields<'a>>,
    next_command: Option<&'a str>,
    statements: Vec<StatementFields<'a>>,
    notes: &'a [String],
    snippet: Option<SnippetFields<'a>>,
}

/// What the text tells.
#[derive(Serialize)]
pub struct ErrorFields<'a> {
    sqlstate: &'static str,
    recognised_by: &'static str,
    occasion: &'static str,
    constraint: Option<&'a str>,
    schema: Option<&'a str>,
    table: Option<&'a str>,
    columns: &'a [String],
    values: Option<&'a str>,
    other_constraints: usize,
}

#[allow(clippy::struct_excessive_bools, reason = "as many properties as the catalog has of it")]
#[derive(Serialize)]
struct IndexFields<'a> {
    schema: &'a str,
    name: &'a str,
    table: &'a str,
    kind: &'static str,
    key: Vec<KeyFields<'a>>,
    predicate: Option<&'a str>,
    nulls_not_distinct: bool,
    deferrable: bool,
    initially_deferred: bool,
    valid: bool,
    partition: Option<String>,
}

#[derive(Serialize)]
struct KeyFields<'a> {
    definition: &'a str,
    column: Option<&'a str>,
    r#type: &'a str,
    sequences: Vec<String>,
}

/// A fact, with what would settle what it leaves open.
#[derive(Serialize)]
pub struct EvidenceFields<'a> {
    fact: &'a str,
    hint: Option<&'a str>,
}

#[derive(Default, Serialize)]
struct RowFields {
    stored: Option<bool>,
    content: Option<Value>,
}

#[derive(Serialize)]
struct StatementFields<'a> {
    purpose: &'static str,
    sql: &'a str,
}

#[derive(Serialize)]
struct SnippetFields<'a> {
    language: &'static str,
    driver: &'static str,
    code: &'a str,
}

impl<'a> Document<'a> {
    fn of(explanation: &'a Explanation, entries: &'a [Entry]) -> Self {
        let server = explanation.server();
        let diagnosed = match &explanation.known {
            Known::Diagnosed(known) => Some(known.as_ref()),
            _ => None,
        };
        let candidates = match &explanation.known {
            Known::Ambiguous(_, indexes) => indexes.as_slice(),
            _ => &[],
        };
        Self {
            schema_version: SCHEMA_VERSION,
            pgseqfix_version: env!("CARGO_PKG_VERSION"),
            mode: "explain",
            database: server.map(|server| server.database.as_str()),
            user: server.map(|server| server.user.as_str()),
            server_version: server.map(|server| server.version.as_str()),
            warnings: explanation.warnings(),
            error: ErrorFields::of(&explanation.violation),
            index: diagnosed.map(|known| IndexFields::of(&known.index, Some(known))),
            candidates: candidates.iter().map(|index| IndexFields::of(index, None)).collect(),
            verdict: diagnosed.map(|known| known.diagnosis.verdict.word()),
            evidence: diagnosed.map(evidence).unwrap_or_default(),
            row: diagnosed.map(|known| RowFields::of(&known.row)).unwrap_or_default(),
            sequences: entries.iter().map(SequenceFields::of).collect(),
            next_command: explanation.next.as_ref().map(|next| next.command.as_str()),
            statements: explanation
                .cure
                .statements
                .iter()
                .map(|remedy| StatementFields { purpose: remedy.purpose, sql: &remedy.sql })
                .collect(),
            notes: &explanation.cure.notes,
            snippet: explanation.snippet.as_ref().map(|(language, code)| SnippetFields {
                language: language.word(),
                driver: language.driver(),
                code,
            }),
        }
    }
}

impl<'a> ErrorFields<'a> {
    /// What a text tells of a violation.
    pub fn of(violation: &'a Violation) -> Self {
        Self {
            sqlstate: "23505",
            recognised_by: violation.recognised.word(),
            occasion: violation.occasion.word(),
            constraint: violation.constraint(),
            schema: violation.schema.as_deref(),
            table: violation.table.as_deref(),
            columns: violation.key.as_ref().map(|key| key.columns.as_slice()).unwrap_or_default(),
            values: violation.values(),
            other_constraints: violation.others,
        }
    }
}

impl<'a> IndexFields<'a> {
    fn of(index: &'a UniqueIndex, known: Option<&Diagnosed>) -> Self {
        let sequences = |column: Option<&str>| -> Vec<String> {
            let Some(known) = known else {
                return Vec::new();
            };
            let fed = known.diagnosis.fed.iter().filter(|fed| Some(fed.column.as_str()) == column);
            fed.filter_map(|fed| Some(known.findings.get(fed.finding)?.sequence.name.to_string())).collect()
        };
        let key = index.key.iter().map(|part| KeyFields {
            definition: &part.definition,
            column: part.column.as_deref(),
            r#type: &part.type_name,
            sequences: sequences(part.column.as_deref()),
        });
        Self {
            schema: &index.table.schema,
            name: &index.name.name,
            table: &index.table.name,
            kind: index.kind.word(),
            key: key.collect(),
            predicate: index.predicate.as_deref(),
            nulls_not_distinct: index.nulls_not_distinct,
            deferrable: index.is_deferrable,
            initially_deferred: index.is_deferred,
            valid: index.is_valid,
            partition: index.found_as.as_ref().map(|(_, table)| table.to_string()),
        }
    }
}

impl<'a> EvidenceFields<'a> {
    /// Of a doubt.
    pub fn of(doubt: &'a Doubt) -> Self {
        Self { fact: &doubt.reason, hint: doubt.cure.as_deref() }
    }
}

impl RowFields {
    fn of(row: &RowLookup) -> Self {
        match row {
            RowLookup::Found { row, .. } => {
                let shown = row.as_ref().and_then(|row| row.as_ref().ok());
                let content = shown.map(|row| serde_json::from_str(row).unwrap_or_else(|_| Value::from(row.as_str())));
                Self { stored: Some(true), content }
            }
            RowLookup::NotFound => Self { stored: Some(false), content: None },
            RowLookup::Unknown(_) => Self::default(),
        }
    }
}

fn evidence(known: &Diagnosed) -> Vec<EvidenceFields<'_>> {
    let left_out = known.left_alone().map(|left| &left.doubt);
    known.evidence().chain(left_out).map(EvidenceFields::of).collect()
}

/// The sequences that feed the key, with what would be set.
fn entries(known: &Known) -> Vec<Entry> {
    let Known::Diagnosed(known) = known else {
        return Vec::new();
    };
    let is_fed = |at: &usize| known.diagnosis.fed.iter().any(|fed| fed.finding == *at);
    (0..known.findings.len()).filter(is_fed).map(|at| entry(&known.findings[at], &known.plan)).collect()
}

fn entry(finding: &Finding, plan: &Plan) -> Entry {
    let oid = finding.sequence.oid;
    Entry {
        finding: finding.clone(),
        fix: plan.fixes.iter().find(|fix| fix.sequence.oid == oid).cloned(),
        left_out: plan.left_out.iter().find(|left| left.sequence_oid == oid).map(|left| left.doubt.clone()),
        outcome: None,
    }
}
