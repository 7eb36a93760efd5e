//! The statement that reads many sequences and their columns at the least cost.
//!
//! The server spends its time on looking relations up and on planning, hardly any on reading. So nothing is asked that
//! needs more of either: one row for all, no condition that has to be estimated, a state by oid. What this does not
//! settle is read by [`farthest_sql`](super::farthest_sql). State and values come from one statement here, too.

use super::finding::{Finding, Status};
use super::linking::LinkedColumn;
use super::name::always_quoted;

/// Where the state of a sequence is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFrom {
    /// `pg_sequence_last_value`: nothing is planned, but of a sequence that was never called it says nothing.
    LastValue,
    /// The sequence as a relation.
    Relation,
    /// `pg_get_sequence_data`, which PostgreSQL has since 18
    /// (<https://www.postgresql.org/docs/current/functions-sequence.html>).
    SequenceData,
}

/// The most pages of a column without an index that are read so.
const FEW_PAGES: i64 = 1_000;

/// Whether [`quick_sql`] can read this one.
pub fn is_quick(finding: &Finding) -> bool {
    let is_quick = |column: &LinkedColumn| {
        !column.facts.column_type.is_numeric && (column.facts.is_indexed || column.facts.pages <= FEW_PAGES)
    };
    finding.status != Status::Pending || finding.counted().all(is_quick)
}

/// Reads one row for all of them: `states` (`last_value/is_called`, or `last_value` alone of one that was called),
/// and `farthest` (of each column that counts, sequence by sequence, in any range).
pub fn quick_sql<'a>(findings: impl Iterator<Item = &'a Finding> + Clone, from: StateFrom) -> String {
    let states: Vec<String> = findings.clone().map(|finding| state_sql(finding, from)).collect();
    let farthest: Vec<String> = findings
        .filter(|finding| finding.status == Status::Pending)
        .flat_map(|finding| finding.counted().map(|column| farthest_sql(finding, column)))
        .collect();
    format!(
        "SELECT ARRAY[{}]::pg_catalog.text[] AS states, ARRAY[{}]::pg_catalog.int8[] AS farthest",
        states.join(", "),
        farthest.join(", ")
    )
}

fn state_sql(finding: &Finding, from: StateFrom) -> String {
    let oid = finding.sequence.oid;
    match from {
        StateFrom::LastValue => format!("pg_catalog.pg_sequence_last_value({oid}::pg_catalog.oid)::pg_catalog.text"),
        StateFrom::Relation => format!(
            "(SELECT pg_catalog.concat(state.last_value, '/', state.is_called) FROM {} AS state)",
            finding.sequence.name.to_sql()
        ),
        // "(5,t)" as "5/t".
        StateFrom::SequenceData => {
            format!(
                "pg_catalog.translate(pg_catalog.pg_get_sequence_data({oid}::pg_catalog.oid)::pg_catalog.text, ',()', '/')"
            )
        }
    }
}

/// As `max()` and `min()` are planned where there is an index, without planning both ways.
fn farthest_sql(finding: &Finding, column: &LinkedColumn) -> String {
    let name = format!("source.{}", always_quoted(&column.facts.column));
    let condition = if column.facts.is_not_null { String::new() } else { format!(" WHERE {name} IS NOT NULL") };
    let order = if finding.sequence.definition.is_ascending() { "DESC" } else { "ASC" };
    format!("(SELECT {name} FROM {} AS source{condition} ORDER BY {name} {order} LIMIT 1)", column.facts.table.to_sql())
}
