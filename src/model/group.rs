//! Several fixes in one transaction, spelled as one message to the server: it either does all of them, each exactly
//! as planned, or none.
//!
//! Nobody decides anything between the statements. Instead an assertion stands where a decision would: a query that
//! fails unless all is as it was planned, so that the server gives the whole message up.

use super::fix::{Fix, Protection, sql_integer};
use super::linking::LinkedColumn;
use super::name::always_quoted;
use super::probe::{farthest_column, nearest_ignored};

/// How many relations one transaction locks at most: the server's table of locks is shared by all.
const LOCKS_IN_GROUP: i64 = 100;

/// How many fixes at the beginning can be done as a group of at most `most` fixes and so many locks; 0 where the first
/// one cannot.
pub fn group_length(fixes: &[Fix], most: usize, most_locks: i64) -> usize {
    let mut locks = 0;
    let fits = |fix: &&Fix| {
        // And the file that ALTER gives a sequence.
        locks += 1 + fix.relations();
        is_quick(fix) && locks <= most_locks.min(LOCKS_IN_GROUP)
    };
    fixes.iter().take(most).take_while(fits).count()
}

/// Whether everything about it is undone by ROLLBACK, and an index tells its farthest values.
fn is_quick(fix: &Fix) -> bool {
    fix.protection == Protection::Full && fix.counted().all(|column| column.facts.cost.is_indexed)
}

/// What a group does between the begin of its transaction and its end. The rows of the last query are the states
/// that the sequences have then, in the fixes' order: `last_value`, `is_called`, and for how many microseconds the
/// server has been busy with the message.
pub fn group_sql(fixes: &[Fix]) -> String {
    let of_each = |spell: fn(&Fix) -> String| fixes.iter().map(spell).collect::<Vec<_>>();
    let mut statements = of_each(|fix| format!("{} NOWAIT", fix.lock_tables_sql()));
    // Before the ALTERs, which set what was scanned; and after them, as they may have waited for somebody else's.
    statements.push(assertion_sql(&of_each(Fix::is_same_sql), "it was altered since the scan"));
    statements.extend(fixes.iter().filter_map(Fix::lock_sequence_sql));
    statements.push(assertion_sql(&of_each(holds_exactly_sql), "something has changed since the scan"));
    statements.extend(of_each(Fix::move_sql));
    statements.push(of_each(moved_sql).join(" UNION ALL "));
    statements.join("; ")
}

/// What moves one sequence past what was read before, without a lock on its tables: beside a first and a last row that
/// are assertions only, the rows are its states before and after, `last_value` and `is_called`.
pub fn lone_move_sql(fix: &Fix) -> String {
    let is_same = assertion_sql(&[fix.is_same_sql()], "it was altered since the scan");
    let state = format!("SELECT state.last_value, state.is_called FROM {} AS state", fix.sequence.name.to_sql());
    let definition = &fix.sequence.definition;
    let past = if definition.is_ascending() { '>' } else { '<' };
    let last = sql_integer(fix.to.last_value);
    let is_there = format!("state.last_value {past} {last} OR state.last_value = {last} AND state.is_called");
    let after = format!(
        "SELECT state.last_value, state.is_called, {} FROM {} AS state",
        asserted_sql(&is_there, "the sequence did not move to where it was set"),
        fix.sequence.name.to_sql()
    );
    let lock = fix.lock_sequence_sql().map(|lock| format!("{lock}; {is_same}; ")).unwrap_or_default();
    format!("{is_same}; {lock}{state}; {}; {after}", fix.move_sql())
}

/// A query that fails unless all conditions are true.
///
/// What is cast depends on the conditions, so the server cannot work the cast out ahead of them.
fn assertion_sql(conditions: &[String], otherwise: &str) -> String {
    format!("SELECT {}", asserted_sql(&conditions.join(" AND "), otherwise))
}

fn asserted_sql(condition: &str, otherwise: &str) -> String {
    format!("(CASE WHEN {condition} THEN '0' ELSE 'pgseqfix gives way: {otherwise}' END)::pg_catalog.int4")
}

/// Whether whatever led to the fix is still so: definition, state, and each value that the decision rests on.
fn holds_exactly_sql(fix: &Fix) -> String {
    let state = format!(
        "(SELECT state.last_value = {} AND state.is_called = {} FROM {} AS state)",
        sql_integer(fix.from.last_value),
        fix.from.is_called,
        fix.sequence.name.to_sql()
    );
    let mut conditions = vec![fix.is_same_sql(), state];
    conditions.extend(fix.counted().map(|column| {
        format!("{} IS NOT DISTINCT FROM {}", farthest_column(&fix.sequence, column, fix.range), known(column.farthest))
    }));
    let stored: Vec<String> = fix.counted().map(|column| is_stored_sql(column, fix.nearest)).collect();
    conditions.push(format!("({})", stored.join(" OR ")));
    conditions.push(format!("{} IS NOT DISTINCT FROM {}", nearest_ignored(&fix.pending()), known(fix.ignored)));
    conditions.join(" AND ")
}

fn is_stored_sql(column: &LinkedColumn, value: i64) -> String {
    let (table, name) = (column.facts.table.to_sql(), always_quoted(&column.facts.column));
    format!("EXISTS (SELECT FROM {table} AS source WHERE source.{name} = {})", sql_integer(value))
}

fn known(value: Option<i64>) -> String {
    value.map_or_else(|| "NULL".to_owned(), sql_integer)
}

/// Reads a sequence back, and fails unless it stands where it was set.
fn moved_sql(fix: &Fix) -> String {
    let is_there = format!("state.last_value = {} AND state.is_called", sql_integer(fix.to.last_value));
    format!(
        "SELECT state.last_value, state.is_called, (EXTRACT(epoch FROM pg_catalog.clock_timestamp() \
         - pg_catalog.statement_timestamp()) * 1000000)::pg_catalog.int8, {} FROM {} AS state",
        asserted_sql(&is_there, "the sequence did not move to where it was set"),
        fix.sequence.name.to_sql()
    )
}
