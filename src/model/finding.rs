//! What was found out about one sequence.

use std::sync::Arc;

use super::doubt::Doubt;
use super::drift::{Drift, Exhaustion, Observation, assess};
use super::linking::{LinkedColumn, Role, column_limit};
use super::privilege;
use super::range::ValueRange;
use super::sequence::{Definition, Sequence, SequenceState};

/// How a sequence stands, or why that cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Its values were not read yet; no finished scan has it.
    Pending,
    /// It was compared with its columns.
    Compared(Drift),
    /// Its columns cannot be compared with it.
    NotComparable(Doubt),
    /// Something that had to be read could not be read.
    Unreadable(Doubt),
    /// The caller wants it left out.
    Skipped(Doubt),
    /// The time was over before it was read.
    NotReached,
    /// This server, a standby, cannot know it.
    Undecided(Doubt),
    /// No column draws from it.
    Unlinked,
}

impl Status {
    /// What the catalog alone tells; [`Pending`](Self::Pending) where the values decide.
    /// `user` is the role that a missing privilege would have to be granted to.
    pub fn by_catalog(sequence: &Sequence, columns: &[LinkedColumn], user: &str) -> Self {
        if columns.is_empty() {
            return Self::Unlinked;
        }
        if sequence.definition.cycle {
            return Self::Compared(Drift::Cycling);
        }
        if !columns.iter().any(LinkedColumn::counts) {
            return Self::NotComparable(Doubt::joined(blind(columns)));
        }
        privilege::missing_to_read(sequence, columns, user).map_or(Self::Pending, Self::Unreadable)
    }
}

/// One sequence in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The sequence; shared, as there can be a hundred thousand of them, each with a fix.
    pub sequence: Arc<Sequence>,
    /// Its state, where it was read.
    pub state: Option<SequenceState>,
    /// Every column that has to do with it.
    pub columns: Arc<[LinkedColumn]>,
    /// The values that are looked at: the sequence's range, less what the caller ignores.
    pub range: ValueRange,
    /// The nearest stored value that the caller ignores.
    pub ignored: Option<i64>,
    /// How it stands.
    pub status: Status,
}

/// How far a standby may run ahead of its primary: `nextval` logs 32 values ahead (`SEQ_LOG_VALS`).
const LOGGED_AHEAD: i128 = 32;

impl Finding {
    /// Takes what was read in and decides the status.
    pub fn settle(&mut self, state: SequenceState, seen: Observation, on_standby: bool) {
        let definition = &self.sequence.definition;
        let limit = column_limit(definition, definition.next_value(state), &self.columns);
        let drift = assess(definition, state, limit, seen);
        let outgrown = self.outgrown_at(definition.next_value(state)).map(|(_, limit)| limit);
        self.state = Some(state);
        self.status = match (drift, outgrown) {
            (drift, _) if on_standby && may_differ_on_primary(&drift, definition, state, seen.farthest) => {
                Status::Undecided(Doubt::with_cure(
                    "a standby sees a sequence up to 32 values ahead of the primary, and that decides here",
                    "run the scan on the primary",
                ))
            }
            // Others draw on, and this column's next default INSERT fails.
            (Drift::InSync, Some(limit)) if !on_standby => {
                Status::Compared(Drift::Exhausted(Exhaustion::PastColumn { limit }))
            }
            (Drift::InSync, _) if self.columns.iter().any(is_blind) => {
                Status::NotComparable(Doubt::joined(blind(&self.columns)))
            }
            (drift, _) => Status::Compared(drift),
        };
    }

    /// What `nextval` would return, where the state was read and a value is left.
    pub fn next_value(&self) -> Option<i64> {
        self.sequence.definition.next_value(self.state?)
    }

    /// The last value that the sequence can come to and its columns can hold.
    pub fn limit(&self) -> i64 {
        let definition = &self.sequence.definition;
        let next = self.next_value();
        super::drift::effective_limit(definition, column_limit(definition, next, &self.columns))
    }

    /// A column whose type ends before the next value, and where it ends.
    pub(crate) fn outgrown(&self) -> Option<(&LinkedColumn, i64)> {
        self.outgrown_at(self.next_value())
    }

    fn outgrown_at(&self, next_value: Option<i64>) -> Option<(&LinkedColumn, i64)> {
        let (definition, next_value) = (&self.sequence.definition, next_value?);
        self.counted()
            .filter_map(|column| Some((column, column.limit(definition)?)))
            .find(|(_, limit)| definition.is_past(next_value, *limit))
    }

    /// The farthest value over all columns that count.
    pub fn farthest(&self) -> Option<i64> {
        self.columns
            .iter()
            .filter_map(|column| column.farthest)
            .reduce(|one, other| self.sequence.definition.farther(one, other))
    }

    /// The columns whose values count.
    pub fn counted(&self) -> impl Iterator<Item = &LinkedColumn> {
        self.columns.iter().filter(|column| column.counts())
    }

    /// How many relations a read of it locks: the sequence, and for each column its table's tree with all indexes.
    pub fn relations(&self) -> i64 {
        1 + self.counted().map(|column| column.facts.cost.relations).sum::<i64>()
    }

    /// How many bytes have to be read where no index tells the farthest value.
    pub fn bytes_to_read(&self) -> u64 {
        self.counted().map(LinkedColumn::bytes_to_read).sum()
    }

    /// Whether so much has to be read that it is worth fewer and simpler reads.
    pub fn is_large(&self) -> bool {
        self.bytes_to_read() > super::quick_probe::FEW_BYTES
    }

    /// The share of its range that is used, from 0 to 1: up to the state, or the farthest value of a sequence behind.
    pub fn used_share(&self) -> Option<f64> {
        let definition = &self.sequence.definition;
        let state = self.state?;
        let from = if definition.is_ascending() { definition.min_value } else { definition.max_value };
        let distance = |to: i64| (i128::from(to) - i128::from(from)).abs();
        let used = match &self.status {
            Status::Compared(Drift::Behind { overlap, .. }) => distance(overlap.farthest) + 1,
            _ => distance(state.last_value) + i128::from(state.is_called),
        };
        #[allow(clippy::cast_precision_loss, reason = "a share needs no more digits than f64 has")]
        Some((used as f64 / (distance(self.limit()) + 1) as f64).min(1.0))
    }

    /// Its status in one word, as reports have it.
    pub fn word(&self) -> &'static str {
        match &self.status {
            Status::Compared(Drift::InSync) => "in_sync",
            Status::Compared(Drift::Behind { .. }) => "behind",
            Status::Compared(Drift::Exhausted(_)) => "exhausted",
            Status::Compared(Drift::Outlier { .. }) => "outlier",
            Status::Compared(Drift::Cycling) => "cycling",
            Status::NotComparable(_) => "not_comparable",
            Status::Unreadable(_) => "unreadable",
            Status::Undecided(_) => "undecided",
            Status::Skipped(_) => "skipped",
            Status::NotReached => "not_reached",
            Status::Pending => "pending",
            Status::Unlinked => "unlinked",
        }
    }
}

pub(crate) fn is_blind(column: &LinkedColumn) -> bool {
    matches!(column.role, Role::Blind(_))
}

fn blind(columns: &[LinkedColumn]) -> impl Iterator<Item = &Doubt> + Clone {
    columns.iter().filter_map(|column| match &column.role {
        Role::Blind(doubt) => Some(doubt),
        _ => None,
    })
}

/// Whether the answer could be another one where the sequence stands some values before.
fn may_differ_on_primary(drift: &Drift, definition: &Definition, state: SequenceState, farthest: Option<i64>) -> bool {
    match drift {
        Drift::Exhausted(Exhaustion::NoNextValue | Exhaustion::PastColumn { .. }) => state.is_called,
        Drift::InSync | Drift::Outlier { .. } => may_run_ahead(definition, state, farthest),
        Drift::Behind { .. } | Drift::Exhausted(Exhaustion::FixLeavesNone(_)) | Drift::Cycling => false,
    }
}

/// Whether the primary may still be at or before the farthest value although this standby is past it.
/// An uncalled sequence is exact on a standby: the first `nextval` would have been logged.
fn may_run_ahead(definition: &Definition, state: SequenceState, farthest: Option<i64>) -> bool {
    let direction = i128::from(definition.increment.signum());
    let ahead = (LOGGED_AHEAD + i128::from(definition.cache_size)) * i128::from(definition.increment);
    let next = i128::from(state.last_value) + i128::from(definition.increment);
    state.is_called && farthest.is_some_and(|farthest| (next - ahead) * direction <= i128::from(farthest) * direction)
}
