//! One repair: from which state to which, under which protection, and the statements that do it.
//!
//! What is shown and what is run is the same text: it is spelled here and nowhere else.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::drift::Overlap;
use super::finding::{Finding, Status};
use super::level::Level;
use super::linking::LinkedColumn;
use super::name::{QualifiedName, always_quoted, quote_literal};
use super::range::ValueRange;
use super::sequence::{Sequence, SequenceState};

/// What keeps a fix safe beside other sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Tables and sequence are locked while the value is decided and set: we own the sequence.
    Full,
    /// The tables are locked, and the sequence is moved by `nextval`, which cannot go back: we do not own it, or the
    /// server does not let us alter it.
    Advance,
    /// Nothing is locked, and room is left for what comes meanwhile: the server knows no better way.
    Headroom,
}

impl Protection {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        Level::from(self).word()
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// One repair.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fix {
    /// The sequence to move.
    pub sequence: Arc<Sequence>,
    /// The columns that it must be past.
    pub columns: Arc<[LinkedColumn]>,
    /// The values that were looked at.
    pub range: ValueRange,
    /// The state that was seen.
    pub from: SequenceState,
    /// The state to set.
    pub to: SequenceState,
    /// What `nextval` returns afterwards.
    pub next_value: i64,
    /// The farthest value that was seen.
    pub farthest: i64,
    /// The first stored value that `nextval` would come to: without it there might be nothing to fix.
    pub nearest: i64,
    /// The nearest stored value that the caller ignores.
    pub ignored: Option<i64>,
    /// How it is kept safe.
    pub protection: Protection,
}

impl Fix {
    /// The same move by `nextval` alone.
    pub(crate) fn advancing(&self) -> Self {
        Self { protection: Protection::Advance, ..self.clone() }
    }

    /// How many calls of `nextval` lie between the two states.
    pub fn increments(&self) -> u128 {
        let definition = &self.sequence.definition;
        let next = definition.next_value(self.from).unwrap_or(self.from.last_value);
        let distance = (i128::from(self.next_value) - i128::from(next)).unsigned_abs();
        distance / i128::from(definition.increment).unsigned_abs()
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

    /// The tables to lock, each once, in a fixed order.
    pub fn tables(&self) -> Vec<&QualifiedName> {
        let mut tables: Vec<&QualifiedName> = self.counted().map(|column| &column.facts.table).collect();
        tables.sort();
        tables.dedup();
        tables
    }

    /// How many locks of tables a fix waits for, one after the other: those of whole trees.
    pub fn table_locks(&self) -> usize {
        let trees: BTreeMap<u32, i64> =
            self.counted().map(|column| (column.facts.table_oid, column.facts.cost.tables)).collect();
        usize::try_from(trees.values().sum::<i64>()).unwrap_or(usize::MAX)
    }

    /// Keeps every writer out of the tables, and a second copy of this tool. With partitions and children: no ONLY.
    /// <https://www.postgresql.org/docs/current/explicit-locking.html>
    pub fn lock_tables_sql(&self) -> String {
        let tables: Vec<String> = self.tables().into_iter().map(QualifiedName::to_sql).collect();
        format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", tables.join(", "))
    }

    /// Keeps everybody from calling `nextval`, drops the values that other sessions have cached, and makes the
    /// `setval` that follows part of the transaction; changes nothing, as the start value is the present one.
    /// `None` where the sequence is not ours to alter.
    ///
    /// START, and not another option: what somebody else's ALTER sets while this one waits for it would be undone,
    /// unless it is another option, which is compared afterwards; and the start value matters to RESTART alone.
    pub fn lock_sequence_sql(&self) -> Option<String> {
        let start = self.sequence.definition.start_value;
        (self.protection == Protection::Full)
            .then(|| format!("ALTER SEQUENCE {} START WITH {start}", self.sequence.name.to_sql()))
    }

    /// Whether the sequence is still defined as it was when the fix was decided.
    pub fn is_unchanged_sql(&self) -> String {
        let definition = &self.sequence.definition;
        format!(
            "EXISTS (SELECT FROM pg_catalog.pg_sequence WHERE seqrelid = {} AND seqstart = {} AND seqincrement = {} \
             AND seqmin = {} AND seqmax = {} AND seqcache = {} AND seqcycle = {})",
            self.sequence.name.to_regclass_sql(),
            sql_integer(definition.start_value),
            sql_integer(definition.increment),
            sql_integer(definition.min_value),
            sql_integer(definition.max_value),
            definition.cache_size,
            definition.cycle
        )
    }

    /// Whether the names still mean the sequence and the tables that were scanned.
    pub fn is_named_so_sql(&self) -> String {
        let sequence = (&self.sequence.name, self.sequence.oid);
        let tables = self.counted().map(|column| (&column.facts.table, column.facts.table_oid));
        let same: Vec<String> = std::iter::once(sequence)
            .chain(tables)
            .map(|(name, oid)| format!("{}::pg_catalog.oid = {oid}", name.to_regclass_sql()))
            .collect();
        same.join(" AND ")
    }

    /// Whether all of that holds, and the columns are the same.
    pub fn is_same_sql(&self) -> String {
        let columns = are_columns_same_sql(self.counted());
        format!("{} AND {} AND {columns}", self.is_unchanged_sql(), self.is_named_so_sql())
    }

    /// The move itself. It is guarded in its own text: it does nothing where the sequence is there already.
    pub fn move_sql(&self) -> String {
        let sequence = self.sequence.name.to_sql();
        let regclass = self.sequence.name.to_regclass_sql();
        let increment = self.sequence.definition.increment;
        let last = sql_integer(self.to.last_value);
        let step = sql_integer(increment);
        let before = if increment > 0 { '<' } else { '>' };
        match self.protection {
            Protection::Full => format!(
                "SELECT pg_catalog.setval({regclass}, {last}, true) FROM {sequence} AS state \
                 WHERE state.last_value {before} {last} OR (state.last_value = {last} AND NOT state.is_called)"
            ),
            Protection::Advance => format!(
                "SELECT pg_catalog.count(pg_catalog.nextval({regclass})) FROM {sequence} AS state, \
                 LATERAL pg_catalog.generate_series(1, \
                 pg_catalog.div({last}::pg_catalog.numeric - state.last_value, {step})::pg_catalog.int8 \
                 + CASE WHEN state.is_called THEN 0 ELSE 1 END) \
                 WHERE state.last_value {before} {last} OR (state.last_value = {last} AND NOT state.is_called)"
            ),
            Protection::Headroom => self.bare_move_sql(),
        }
    }

    /// `setval` and nothing else: what a statement reads besides decides on which node some servers run it.
    pub fn bare_move_sql(&self) -> String {
        let regclass = self.sequence.name.to_regclass_sql();
        format!("SELECT pg_catalog.setval({regclass}, {}, true)", sql_integer(self.to.last_value))
    }

    /// Whether the sequence is unchanged and no value past the planned one has come in: whether the plan still holds.
    pub fn still_holds_sql(&self) -> String {
        let ascending = self.sequence.definition.is_ascending();
        let (from, to) = if ascending {
            (self.farthest.saturating_add(1), self.range.max)
        } else {
            (self.range.min, self.farthest.saturating_sub(1))
        };
        let (from, to) = (sql_integer(from), sql_integer(to));
        let columns: Vec<String> = self
            .counted()
            .map(|column| {
                let (table, name) = (column.facts.table.to_sql(), always_quoted(&column.facts.column));
                format!("NOT EXISTS (SELECT FROM {table} WHERE {name} >= {from} AND {name} <= {to})")
            })
            .collect();
        format!("SELECT {} AND {}", self.is_unchanged_sql(), columns.join(" AND "))
    }
}

/// Whether the columns' names still mean the columns that were scanned, of the types that they had.
pub(super) fn are_columns_same_sql<'a>(columns: impl Iterator<Item = &'a LinkedColumn>) -> String {
    let rows: Vec<String> = columns
        .map(|column| {
            let facts = &column.facts;
            let name = quote_literal(&facts.column);
            format!(
                "({}::pg_catalog.oid, {}, {name}, {}::pg_catalog.oid)",
                facts.table_oid, facts.number, facts.type_oid
            )
        })
        .collect();
    format!(
        "(SELECT pg_catalog.count(*) FROM (VALUES {}) AS seen (relation, number, name, type) \
         JOIN pg_catalog.pg_attribute AS now ON now.attrelid = seen.relation AND now.attnum = seen.number \
         AND now.attname = seen.name::pg_catalog.name AND now.atttypid = seen.type) = {}",
        rows.join(", "),
        rows.len()
    )
}

/// An integer constant. The least `bigint` is quoted, as its digits alone would be read as `numeric`.
pub fn sql_integer(value: i64) -> String {
    if value == i64::MIN { format!("'{value}'::pg_catalog.int8") } else { value.to_string() }
}

/// What shall become of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is to be done.
    Nothing,
    /// This is to be done.
    Fix(Arc<Fix>),
    /// Something would be to do, and is not done, for this reason.
    LeaveAlone(super::doubt::Doubt),
}

impl Fix {
    /// The fix that brings a sequence to `next_value`, if the sequence can stand there.
    pub(crate) fn moving(finding: &Finding, overlap: Overlap, next_value: i64, protection: Protection) -> Option<Self> {
        Some(Self {
            sequence: finding.sequence.clone(),
            columns: finding.columns.clone(),
            range: finding.range,
            from: finding.state?,
            to: finding.sequence.definition.state_before(next_value)?,
            next_value,
            farthest: overlap.farthest,
            nearest: overlap.collisions.nearest,
            ignored: finding.ignored,
            protection,
        })
    }

    /// Its sequence as a finding whose values are still to be read.
    pub fn pending(&self) -> Finding {
        Finding {
            sequence: self.sequence.clone(),
            state: None,
            columns: self.columns.clone(),
            range: self.range,
            ignored: None,
            status: Status::Pending,
        }
    }
}
