//! One document with everything. README documents every field; a test holds both together.

use std::io::{self, Write};

use pgseqfix::model::{Entry, Report, Summary, Terms};
use serde::{Deserialize, Serialize, Serializer};

use super::harmless::HarmlessFormatter;
use super::json_sequence::SequenceFields;

/// Grows when a field changes its meaning or goes away; a new field does not change it.
pub const SCHEMA_VERSION: u32 = 1;

/// Writes the document.
///
/// # Errors
///
/// Where it cannot be written.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, HarmlessFormatter::default());
    Document::of(report).serialize(&mut serializer)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    pgseqfix_version: &'static str,
    mode: &'static str,
    database: &'a str,
    server_kind: &'static str,
    user: &'a str,
    server_version: &'a str,
    is_standby: bool,
    warnings: &'a [String],
    options: OptionsFields,
    summary: SummaryFields,
    excluded: ExcludedFields,
    #[serde(serialize_with = "one_by_one")]
    sequences: &'a [Entry],
}

/// What it was made with; a plan that is done is read with it, too.
#[derive(Serialize, Deserialize)]
pub struct OptionsFields {
    headroom: u64,
    fix_outliers: bool,
    accept_races: bool,
    ignore_above: Option<i64>,
    ignore_below: Option<i64>,
}

#[derive(Serialize)]
struct SummaryFields {
    sequences: usize,
    in_sync: usize,
    behind: usize,
    exhausted: usize,
    outlier: usize,
    cycling: usize,
    not_comparable: usize,
    unreadable: usize,
    undecided: usize,
    skipped: usize,
    not_reached: usize,
    unlinked: usize,
    fixed: usize,
    unfixed: usize,
}

#[derive(Serialize)]
struct ExcludedFields {
    system: usize,
    extension: usize,
    temporary: usize,
    not_selected: usize,
    dropped: usize,
}

/// Each is spelled out when it is its turn.
fn one_by_one<S: Serializer>(entries: &[Entry], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(entries.iter().map(SequenceFields::of))
}

impl<'a> Document<'a> {
    fn of(report: &'a Report) -> Self {
        let excluded = report.excluded;
        Self {
            schema_version: SCHEMA_VERSION,
            pgseqfix_version: env!("CARGO_PKG_VERSION"),
            mode: report.mode.word(),
            database: &report.server.database,
            server_kind: report.server.kind.name(),
            user: &report.server.user,
            server_version: &report.server.version,
            is_standby: report.server.is_standby,
            warnings: &report.server.warnings,
            options: report.terms.into(),
            summary: Summary::of(report).into(),
            excluded: ExcludedFields {
                system: excluded.system,
                extension: excluded.extension,
                temporary: excluded.temporary,
                not_selected: excluded.not_selected,
                dropped: excluded.dropped,
            },
            sequences: &report.entries,
        }
    }
}

impl From<Terms> for OptionsFields {
    fn from(terms: Terms) -> Self {
        Self {
            headroom: terms.headroom,
            fix_outliers: terms.fix_outliers,
            accept_races: terms.accept_races,
            ignore_above: terms.ignore_above,
            ignore_below: terms.ignore_below,
        }
    }
}

impl From<OptionsFields> for Terms {
    fn from(options: OptionsFields) -> Self {
        Self {
            headroom: options.headroom,
            fix_outliers: options.fix_outliers,
            accept_races: options.accept_races,
            ignore_above: options.ignore_above,
            ignore_below: options.ignore_below,
        }
    }
}

impl From<Summary> for SummaryFields {
    fn from(summary: Summary) -> Self {
        Self {
            sequences: summary.sequences,
            in_sync: summary.in_sync,
            behind: summary.behind,
            exhausted: summary.exhausted,
            outlier: summary.outlier,
            cycling: summary.cycling,
            not_comparable: summary.not_comparable,
            unreadable: summary.unreadable,
            undecided: summary.undecided,
            skipped: summary.skipped,
            not_reached: summary.not_reached,
            unlinked: summary.unlinked,
            fixed: summary.fixed,
            unfixed: summary.unfixed,
        }
    }
}
