//! A sequence: its definition and its state.

use std::fmt;
use std::sync::Arc;

use super::catalog::{Caller, Persistence, Readable};
use super::level::Restriction;
use super::name::QualifiedName;
use super::range::ValueRange;

/// The data type of a sequence; it bounds `min_value` and `max_value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// `smallint`, two bytes.
    SmallInt,
    /// `integer`, four bytes.
    Integer,
    /// `bigint`, eight bytes.
    BigInt,
}

impl fmt::Display for DataType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::SmallInt => "smallint",
            Self::Integer => "integer",
            Self::BigInt => "bigint",
        })
    }
}

/// What `CREATE SEQUENCE` fixed: <https://www.postgresql.org/docs/current/sql-createsequence.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The type that `AS` names.
    pub data_type: DataType,
    /// Where the sequence starts, and where `RESTART` takes it back to.
    pub start_value: i64,
    /// What `nextval` adds; negative for a descending sequence, never 0.
    pub increment: i64,
    /// The least value that `nextval` returns.
    pub min_value: i64,
    /// The greatest value that `nextval` returns.
    pub max_value: i64,
    /// How many values a session takes at once.
    pub cache_size: i64,
    /// Whether it begins again at its other end.
    pub cycle: bool,
}

impl Definition {
    /// Whether it counts upwards.
    pub fn is_ascending(&self) -> bool {
        self.increment > 0
    }

    /// Every value that the sequence can have.
    pub fn range(&self) -> ValueRange {
        ValueRange { min: self.min_value, max: self.max_value }
    }

    /// The end that the sequence runs towards.
    pub fn limit(&self) -> i64 {
        if self.is_ascending() { self.max_value } else { self.min_value }
    }

    /// What `nextval` would return now; `None` past the limit (for CYCLE, where it would wrap).
    pub fn next_value(&self, state: SequenceState) -> Option<i64> {
        if !state.is_called {
            return Some(state.last_value);
        }
        state.last_value.checked_add(self.increment).filter(|next| self.range().contains(*next))
    }

    /// The state whose next value is `next`, as `setval` takes it: the value before, already called.
    pub fn state_before(&self, next: i64) -> Option<SequenceState> {
        let last_value = next.checked_sub(self.increment)?;
        self.range().contains(last_value).then_some(SequenceState { last_value, is_called: true })
    }

    /// Whether `one` lies past `other` in the sequence's own direction.
    pub fn is_past(&self, one: i64, other: i64) -> bool {
        if self.is_ascending() { one > other } else { one < other }
    }

    /// The farther of two values in the sequence's own direction.
    pub fn farther(&self, one: i64, other: i64) -> i64 {
        if self.is_past(one, other) { one } else { other }
    }
}

/// `last_value` and `is_called` mean something only together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceState {
    /// The last value handed out, or the one that comes next while `is_called` is false.
    pub last_value: i64,
    /// Whether `last_value` has been handed out.
    pub is_called: bool,
}

impl fmt::Display for SequenceState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.last_value, if self.is_called { "" } else { " (not called)" })
    }
}

/// A sequence as the catalog has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sequence {
    /// Its oid.
    pub oid: u32,
    /// Its name.
    pub name: QualifiedName,
    /// Its definition.
    pub definition: Definition,
    /// Whether it survives a crash.
    pub persistence: Persistence,
    /// Whether we own it and may set it, and so can lock it.
    pub is_ours: bool,
    /// Whether we may read its state.
    pub readable: Readable,
    /// Whether we may call `nextval` on it.
    pub can_advance: bool,
    /// Functions that are seen to call `nextval` on it.
    pub callers: Vec<Caller>,
    /// Why less can be promised for it than on a plain PostgreSQL, where that is so.
    pub restriction: Option<Arc<Restriction>>,
}
