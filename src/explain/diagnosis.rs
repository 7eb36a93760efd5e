//! From a violation and what the server knows to the verdict, with its evidence.

use super::fed::{Fed, Standing, feeds, statement};
use super::statement::{Treatment, Verb};
use super::violation::{Occasion, Violation};
use crate::model::{Caller, Doubt, Finding, RowLookup, Status, UniqueIndex};

/// What a unique violation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The sequence that the key draws from is behind: more inserts will fail.
    SequenceBehind,
    /// It is past the value now: it was behind then, unless the INSERT named the value itself.
    SequencePast,
    /// The row exists for another reason than a sequence.
    GenuineDuplicate,
    /// No such row is stored any more.
    Gone,
    /// A key of several columns, of which a sequence feeds some only.
    Mixed,
    /// What is known does not decide it.
    Undetermined,
}

impl Verdict {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::SequenceBehind => "sequence_behind",
            Self::SequencePast => "sequence_past",
            Self::GenuineDuplicate => "genuine_duplicate",
            Self::Gone => "gone",
            Self::Mixed => "mixed",
            Self::Undetermined => "undetermined",
        }
    }

    /// What it says, in one line.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::SequenceBehind => "the sequence is behind: it hands out values that are stored already",
            Self::SequencePast => "the sequence was behind, and is past it now; or the INSERT named the value itself",
            Self::GenuineDuplicate => "a genuine duplicate: no sequence is seen to be the cause",
            Self::Gone => "gone: no such row is stored any more",
            Self::Mixed => "mixed: a sequence feeds one part of the key only",
            Self::Undetermined => "undetermined: what is known does not decide it",
        }
    }
}

/// What the server knows of a violation's index.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The index.
    pub index: &'a UniqueIndex,
    /// The sequences that have to do with its table.
    pub findings: &'a [Finding],
    /// Whether the row that was there is there still.
    pub row: &'a RowLookup,
    /// Whether the text's columns are those of the index.
    pub is_same_key: bool,
}

/// A verdict with what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What it came from.
    pub verdict: Verdict,
    /// What is known, a line each; with what would settle the rest, where something would.
    pub evidence: Vec<Doubt>,
    /// The columns of the key with the sequences that they draw from.
    pub fed: Vec<FedColumn>,
    /// Whether a sequence that feeds the key is behind.
    pub is_behind: bool,
    /// Whether the statement is known to have left a column to a sequence.
    pub is_drawn: bool,
    /// Whether something that had to be read could not be read.
    pub is_unreadable: bool,
}

/// A column of the key and its sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FedColumn {
    /// The column.
    pub column: String,
    /// The place of the sequence in the findings.
    pub finding: usize,
}

/// Decides. Every input has an answer.
pub fn diagnose(violation: &Violation, facts: &Facts) -> Diagnosis {
    let index = facts.index;
    let fed = feeds(violation, facts);
    let mut evidence = Vec::new();
    evidence.extend(occasion(violation, index));
    evidence.extend(fed.iter().flat_map(Fed::evidence));
    let suspects = if fed.is_empty() { suspects(violation, facts) } else { Vec::new() };
    if fed.is_empty() && suspects.is_empty() {
        evidence.push(Doubt::new(format!("no column of {} is seen to draw from a sequence", index.key_text())));
        if violation.calls_nextval {
            evidence.push(Doubt::new("the text shows a call of nextval: which sequence gave the value cannot be told"));
        }
    }
    evidence.extend(suspects.iter().cloned());
    evidence.push(row_evidence(violation, facts));

    let given = given_parts(index, &fed);
    let verdict = match verdict(violation, facts, &fed, &suspects) {
        Verdict::SequenceBehind | Verdict::SequencePast if !given.is_empty() => {
            let given = given.join(", ");
            evidence.push(Doubt::new(format!("{given} comes with the INSERT: the duplicate is one of both together")));
            Verdict::Mixed
        }
        verdict => verdict,
    };
    Diagnosis {
        verdict,
        evidence,
        is_drawn: fed.iter().any(|fed| fed.treatment == Treatment::Default),
        is_behind: fed.iter().any(super::fed::Fed::is_behind),
        is_unreadable: fed.iter().any(|fed| matches!(fed.finding.status, Status::Unreadable(_))),
        fed: fed.into_iter().map(|fed| FedColumn { column: fed.column, finding: fed.at }).collect(),
    }
}

/// The verdict, as if every sequence fed the whole key.
fn verdict(violation: &Violation, facts: &Facts, fed: &[Fed], suspects: &[Doubt]) -> Verdict {
    let standing = fed.iter().map(|fed| fed.standing).min();
    match (standing, facts.row) {
        // Nothing was drawn: the rows were there before.
        _ if violation.occasion == Occasion::IndexBuild => Verdict::GenuineDuplicate,
        _ if !facts.is_same_key => Verdict::Undetermined,
        (None, _) if !suspects.is_empty() || violation.calls_nextval => Verdict::Undetermined,
        (Some(Standing::Behind), _) => Verdict::SequenceBehind,
        (Some(Standing::Open), _) => Verdict::Undetermined,
        (_, RowLookup::NotFound) => Verdict::Gone,
        (Some(Standing::SurelyPast | Standing::Past), _) => Verdict::SequencePast,
        // A key that no sequence feeds needs no row to tell that none is the cause.
        (None, _) | (Some(Standing::NotTheCause), RowLookup::Found { .. }) => Verdict::GenuineDuplicate,
        (Some(Standing::NotTheCause), _) if fed.iter().all(|fed| fed.treatment == Treatment::Value) => {
            Verdict::GenuineDuplicate
        }
        (Some(Standing::NotTheCause), _) => Verdict::Undetermined,
    }
}

/// The parts of the key that no sequence feeds.
fn given_parts<'a>(index: &'a UniqueIndex, fed: &[Fed]) -> Vec<&'a str> {
    let parts = index.key.iter().enumerate().filter(|(part, _)| fed.iter().all(|fed| fed.part != *part));
    parts.map(|(_, part)| part.definition.as_str()).collect()
}

/// What the occasion tells.
fn occasion(violation: &Violation, index: &UniqueIndex) -> Vec<Doubt> {
    let mut evidence = Vec::new();
    match violation.occasion {
        Occasion::Write => {}
        Occasion::IndexBuild => evidence.push(Doubt::new(
            "the error came from building the index over rows that are stored; an index of that name exists now",
        )),
        Occasion::Replication => evidence.push(Doubt::new(
            "the row came in by logical replication: the subscriber holds a row of its own with that key, and the \
             subscription waits until it is gone",
        )),
    }
    if !index.is_valid {
        evidence.push(Doubt::with_cure(
            "the index is not valid: it was not built to its end, and may refuse duplicates all the same",
            format!("DROP INDEX {0}; or REINDEX INDEX {0}", index.name),
        ));
    }
    if index.is_system {
        evidence.push(Doubt::new(
            "the index belongs to the system catalog: two sessions created the same object at the same time; \
             create it once, before the others start, or try again",
        ));
    }
    evidence
}

/// What is known of the row.
fn row_evidence(violation: &Violation, facts: &Facts) -> Doubt {
    let columns = facts.index.key_text();
    match facts.row {
        RowLookup::Found { values, .. } => {
            Doubt::new(format!("the row with {columns}=({}) is stored", values.join(", ")))
        }
        RowLookup::NotFound => Doubt::new(format!(
            "no row with {columns}=({}) is stored now: it was deleted or changed, or its transaction was not in this database",
            violation.values().unwrap_or_default()
        )),
        RowLookup::Unknown(doubt) => doubt.clone(),
    }
}

/// Sequences that may feed the key although no column says so: called by a trigger, or by the application itself.
fn suspects(violation: &Violation, facts: &Facts) -> Vec<Doubt> {
    let index = facts.index;
    if statement(violation, facts).is_some_and(|statement| statement.verb == Verb::Update) {
        return Vec::new();
    }
    let column = index.key.iter().filter(|part| part.category == "N").find_map(|part| part.column.as_deref());
    let table = index.table.to_string();
    let likely = index.likely_sequences();
    let mut suspects = Vec::new();
    for finding in facts.findings {
        let sequence = &finding.sequence;
        let next = finding.next_value();
        let next = next.map_or_else(|| "unknown".to_owned(), |next| next.to_string());
        let found = index.found_as.as_ref().map(|(_, partition)| partition.to_string());
        let calls = |caller: &&Caller| {
            caller.is_reached_by(&table) || found.as_ref().is_some_and(|found| caller.is_reached_by(found))
        };
        if let Some(caller) = sequence.callers.iter().find(calls) {
            suspects.push(Doubt::new(format!(
                "a trigger or a default calls {}, which draws from {} (next value {next}): what it fills in cannot be told",
                caller.name, sequence.name
            )));
        } else if let Some(column) =
            column.filter(|_| finding.status == Status::Unlinked && likely.contains(&sequence.name.name))
        {
            let column = crate::model::quote_identifier(column);
            suspects.push(Doubt::with_cure(
                format!(
                    "no column draws from {} (next value {next}), but an application may draw its keys from it, as Hibernate does",
                    sequence.name
                ),
                format!("if it does: ALTER SEQUENCE {} OWNED BY {table}.{column}; and run this again", sequence.name),
            ));
        }
    }
    suspects
}
