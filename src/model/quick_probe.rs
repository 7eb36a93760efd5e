//! The statement that reads many sequences and their columns at the least cost.
//!
//! The server spends its time on looking relations up and on planning, hardly any on reading. So nothing is asked that
//! needs more of either: one row for all, no condition that has to be estimated, a state by oid. What this does not
//! settle is read by [`farthest_sql`](super::farthest_sql). State and values come from one statement here, too.

use super::catalog::Uniqueness;
use super::finding::{Finding, Status};
use super::fix::sql_integer;
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

/// The most bytes of a column without an index that are read so.
pub(super) const FEW_BYTES: u64 = 8 << 20;

/// Whether [`quick_sql`] can read this one.
pub fn is_quick(finding: &Finding) -> bool {
    let is_quick = |column: &LinkedColumn| {
        !column.facts.column_type.is_numeric && (column.facts.cost.is_indexed || column.facts.cost.bytes <= FEW_BYTES)
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

/// Whether [`quick_collisions_sql`] can tell what the coming calls collide with: each stored value from the next value
/// on is one that a call returns, and there is only one of each.
pub fn collides_quickly(finding: &Finding) -> bool {
    let definition = &finding.sequence.definition;
    let mut counted = finding.counted();
    let is_plain = |column: &LinkedColumn| {
        is_quick(finding) && column.facts.uniqueness == Uniqueness::Alone && column.facts.cost.is_indexed
    };
    definition.increment.unsigned_abs() == 1
        && finding.range == definition.range()
        && counted.next().is_some_and(is_plain)
        && counted.next().is_none()
}

/// Reads one row for all of them, whose states were read before: `states`, as [`quick_sql`] has them, and `stored`
/// (`least/count/greatest` of the values from the next value on, at most `count_limit`). The next values are those of
/// the states read before, and so it holds where the state is still the same.
pub fn quick_collisions_sql<'a>(
    findings: impl Iterator<Item = &'a Finding> + Clone,
    from: StateFrom,
    count_limit: u64,
) -> String {
    let states: Vec<String> = findings.clone().map(|finding| state_sql(finding, from)).collect();
    let stored: Vec<String> = findings.map(|finding| stored_sql(finding, count_limit)).collect();
    format!(
        "SELECT ARRAY[{}]::pg_catalog.text[] AS states, ARRAY[{}]::pg_catalog.text[] AS stored",
        states.join(", "),
        stored.join(", ")
    )
}

fn stored_sql(finding: &Finding, count_limit: u64) -> String {
    let definition = &finding.sequence.definition;
    let Some((next, column)) = finding.next_value().zip(finding.counted().next()) else {
        return "NULL".to_owned();
    };
    let name = format!("source.{}", always_quoted(&column.facts.column));
    let (past, order) = if definition.is_ascending() { (">=", "ASC") } else { ("<=", "DESC") };
    format!(
        "(SELECT pg_catalog.concat(pg_catalog.min(stored.value), '/', pg_catalog.count(*), '/', pg_catalog.max(stored.value)) \
         FROM (SELECT {name} AS value FROM {} AS source WHERE {name} {past} {} ORDER BY {name} {order} LIMIT {count_limit}) AS stored)",
        column.facts.table.to_sql(),
        sql_integer(next),
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
