//! Several fixes in one transaction, spelled as one message to the server: it either does all of them, each exactly
//! as planned, or none.
//!
//! Nobody decides anything between the statements. Instead an assertion stands where a decision would: a query that
//! fails unless all is as it was planned, so that the server gives the whole message up.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::drift::{Collisions, Drift, Observation, assess};
use super::fix::{Fix, Protection, are_columns_same_sql, sql_integer};
use super::linking::{LinkedColumn, column_limit};
use super::name::{QualifiedName, always_quoted};
use super::probe::{farthest_column, nearest_ignored};
use super::script::under_own_settings;

/// What an assertion fails with that comes after the move; those before it have other words.
pub const DID_NOT_MOVE: &str = "the sequence did not move to where it was set";

/// How many relations one transaction locks at most: the server's table of locks is shared by all.
const LOCKS_IN_GROUP: i64 = 100;

/// How many fixes at the beginning can be done as a group of at most `most` fixes and so many locks; 0 where the first
/// one cannot.
pub fn group_length(fixes: &[Arc<Fix>], most: usize, most_locks: i64) -> usize {
    let mut locks = 0;
    let fits = |fix: &&Arc<Fix>| {
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

/// What a group does between the begin of its transaction and its end. The last query's one row is for how many
/// microseconds the server has been busy with the message; every sequence stands where it was to be set by then.
///
/// The server spends its time on planning, and so as little as possible is asked: once for all where that can be.
pub fn group_sql(fixes: &[Arc<Fix>]) -> String {
    let of_each = |spell: fn(&Fix) -> String| fixes.iter().map(|fix| spell(fix)).collect::<Vec<_>>();
    let mut statements = vec![lock_all_sql(fixes)];
    // Before the ALTERs, which set what was scanned; and after them, as they may have waited for somebody else's.
    let mut same = of_each(Fix::is_named_so_sql);
    same.push(are_unchanged_sql(fixes));
    statements.push(assertion_sql(&same, "it was altered since the scan"));
    statements.extend(under_own_settings(fixes.iter().filter_map(|fix| fix.lock_sequence_sql())));
    same.push(are_columns_same_sql(fixes.iter().flat_map(|fix| fix.counted())));
    same.extend(of_each(holds_exactly_sql));
    statements.push(assertion_sql(&same, "something has changed since the scan"));
    statements.extend(of_each(Fix::move_sql));
    statements.push(moved_sql(fixes));
    statements.join("; ")
}

/// All tables, each once, in a fixed order.
fn lock_all_sql(fixes: &[Arc<Fix>]) -> String {
    let tables: BTreeSet<&QualifiedName> = fixes.iter().flat_map(|fix| fix.tables()).collect();
    let tables: Vec<String> = tables.into_iter().map(QualifiedName::to_sql).collect();
    format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE NOWAIT", tables.join(", "))
}

/// Whether all sequences are still defined as they were, in one query.
fn are_unchanged_sql(fixes: &[Arc<Fix>]) -> String {
    let rows: Vec<String> = fixes
        .iter()
        .map(|fix| {
            let definition = &fix.sequence.definition;
            format!(
                "({}::pg_catalog.oid, {}, {}, {}, {}, {}, {})",
                fix.sequence.oid,
                sql_integer(definition.start_value),
                sql_integer(definition.increment),
                sql_integer(definition.min_value),
                sql_integer(definition.max_value),
                definition.cache_size,
                definition.cycle
            )
        })
        .collect();
    format!(
        "(SELECT pg_catalog.count(*) FROM (VALUES {}) AS planned (oid, start, increment, min, max, cache, cycle) \
         JOIN pg_catalog.pg_sequence AS now ON now.seqrelid = planned.oid AND now.seqstart = planned.start \
         AND now.seqincrement = planned.increment AND now.seqmin = planned.min AND now.seqmax = planned.max \
         AND now.seqcache = planned.cache AND now.seqcycle = planned.cycle) = {}",
        rows.join(", "),
        fixes.len()
    )
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
        asserted_sql(&is_there, DID_NOT_MOVE),
        fix.sequence.name.to_sql()
    );
    let mut statements = vec![is_same.clone()];
    let lock = under_own_settings(fix.lock_sequence_sql());
    if !lock.is_empty() {
        statements.extend(lock);
        statements.push(is_same);
    }
    statements.extend([state, is_in_phase_sql(fix), fix.move_sql(), after]);
    statements.join("; ")
}

/// A query that fails where the sequence does not come to the next value that it is to have: it was set to another phase.
fn is_in_phase_sql(fix: &Fix) -> String {
    let increment = fix.sequence.definition.increment;
    let steps = format!(
        "pg_catalog.mod({}::pg_catalog.numeric - state.last_value - CASE WHEN state.is_called THEN {increment} ELSE 0 END, \
         {increment})",
        sql_integer(fix.next_value)
    );
    let asserted = asserted_sql(&format!("{steps} = 0"), "it was altered since the scan");
    format!("SELECT {asserted} FROM {} AS state", fix.sequence.name.to_sql())
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

/// Whether whatever led to the fix is still so: the next value, and each value that the decision rests on.
fn holds_exactly_sql(fix: &Fix) -> String {
    let mut conditions = vec![is_next_sql(fix)];
    conditions.extend(fix.counted().map(|column| is_farthest_sql(fix, column)));
    // What is stored by that already need not be looked for.
    let is_known = |column: &LinkedColumn| {
        let shows = |value| value == fix.nearest || value == fix.farthest && is_behind_the_farthest(fix);
        !column.facts.column_type.is_numeric && column.farthest.is_some_and(shows)
    };
    if !fix.counted().any(is_known) {
        let stored: Vec<String> = fix.counted().map(|column| is_stored_sql(column, fix.nearest)).collect();
        conditions.push(format!("({})", stored.join(" OR ")));
    }
    conditions.push(format!("{} IS NOT DISTINCT FROM {}", nearest_ignored(&fix.pending()), known(fix.ignored)));
    conditions.join(" AND ")
}

/// Whether the farthest value alone makes the sequence behind: a call returns it, and it is not far off.
fn is_behind_the_farthest(fix: &Fix) -> bool {
    let definition = &fix.sequence.definition;
    let collisions = Collisions { nearest: fix.farthest, calls: 1, calls_is_minimum: true };
    let seen = Observation { farthest: Some(fix.farthest), collisions: Some(collisions) };
    let limit = column_limit(definition, definition.next_value(fix.from), &fix.columns);
    definition.increment.unsigned_abs() == 1
        && matches!(assess(definition, fix.from, limit, seen), Drift::Behind { .. })
}

/// Whether the sequence goes on where it was seen to. To call it takes no planning, as reading it would; others cannot
/// call it any more, and what it moves is undone by ROLLBACK, as it was altered before. One that takes several values
/// at once could move past its target.
fn is_next_sql(fix: &Fix) -> String {
    let definition = &fix.sequence.definition;
    match definition.next_value(fix.from) {
        Some(next) if definition.cache_size == 1 => {
            // What is not called has no last value; looked at first, as it is called then.
            let last = known(fix.from.is_called.then_some(fix.from.last_value));
            let oid = fix.sequence.oid;
            format!(
                "pg_catalog.pg_sequence_last_value({oid}::pg_catalog.oid) IS NOT DISTINCT FROM {last} \
                 AND pg_catalog.nextval({}) = {}",
                fix.sequence.name.to_regclass_sql(),
                sql_integer(next)
            )
        }
        _ => format!(
            "(SELECT state.last_value = {} AND state.is_called = {} FROM {} AS state)",
            sql_integer(fix.from.last_value),
            fix.from.is_called,
            fix.sequence.name.to_sql()
        ),
    }
}

/// Whether a column's farthest value within the range is the one that was scanned. In the order of its index, as the
/// server plans `max()` twice.
fn is_farthest_sql(fix: &Fix, column: &LinkedColumn) -> String {
    if column.facts.column_type.is_numeric {
        return format!(
            "{} IS NOT DISTINCT FROM {}",
            farthest_column(&fix.sequence, column, fix.range),
            known(column.farthest)
        );
    }
    let (table, name) = (column.facts.table.to_sql(), always_quoted(&column.facts.column));
    let (range, is_ascending) = (fix.range, fix.sequence.definition.is_ascending());
    let (from, to) = match (column.farthest, is_ascending) {
        (None, _) => (range.min, range.max),
        (Some(farthest), true) => (farthest, range.max),
        (Some(farthest), false) => (range.min, farthest),
    };
    let rows = format!(
        "FROM {table} AS source WHERE source.{name} >= {} AND source.{name} <= {}",
        sql_integer(from),
        sql_integer(to)
    );
    match column.farthest {
        None => format!("NOT EXISTS (SELECT {rows})"),
        Some(farthest) => {
            let order = if is_ascending { "DESC" } else { "ASC" };
            let farthest = sql_integer(farthest);
            format!("(SELECT source.{name} {rows} ORDER BY source.{name} {order} LIMIT 1) = {farthest}")
        }
    }
}

fn is_stored_sql(column: &LinkedColumn, value: i64) -> String {
    let (table, name) = (column.facts.table.to_sql(), always_quoted(&column.facts.column));
    format!("EXISTS (SELECT FROM {table} AS source WHERE source.{name} = {})", sql_integer(value))
}

fn known(value: Option<i64>) -> String {
    value.map_or_else(|| "NULL".to_owned(), sql_integer)
}

/// Reads all sequences back, and fails unless each stands where it was set; of one that is not called the server says
/// nothing here.
fn moved_sql(fixes: &[Arc<Fix>]) -> String {
    let is_there = |fix: &Arc<Fix>| {
        let (oid, last) = (fix.sequence.oid, sql_integer(fix.to.last_value));
        format!("pg_catalog.pg_sequence_last_value({oid}::pg_catalog.oid) = {last}")
    };
    let are_there: Vec<String> = fixes.iter().map(is_there).collect();
    format!(
        "SELECT (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.statement_timestamp()) \
         * 1000000)::pg_catalog.int8, {}",
        asserted_sql(&are_there.join(" AND "), DID_NOT_MOVE)
    )
}
