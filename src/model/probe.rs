//! The statements that read a sequence and the values stored in its columns.
//!
//! State and values come from one statement. Its snapshot is older than its look at the sequence, which is never
//! rolled back, so an insert that runs beside us cannot make a sequence look behind.

use super::finding::{Finding, Status};
use super::fix::sql_integer;
use super::level::Way;
use super::linking::LinkedColumn;
use super::name::always_quoted;
use super::range::ValueRange;
use super::sequence::{Definition, Sequence};

/// How many colliding calls are counted before it is left at "at least".
pub const COUNT_LIMIT: u64 = 1_000_000;

/// Reads the state and the farthest value of each column that counts:
/// `item`, `last_value`, `is_called`, `farthest` (an array, in the columns' order; empty where only the state counts),
/// `ignored`.
pub fn farthest_sql(item: usize, finding: &Finding) -> String {
    format!(
        "SELECT {item} AS item, state.last_value, state.is_called, {} AS farthest, {} AS ignored FROM {} AS state",
        farthest_array(finding),
        nearest_ignored(finding),
        finding.sequence.name.to_sql()
    )
}

/// Reads, beside that, the stored values at or past the next value on the sequence's grid:
/// the `nearest` of them, and how many `calls` of at most `count_limit` return one.
pub fn collisions_sql(item: usize, finding: &Finding, count_limit: u64) -> String {
    let sequence = &finding.sequence;
    let definition = &sequence.definition;
    let stored: Vec<String> =
        finding.counted().map(|column| stored_sql(sequence, column, finding.range, count_limit)).collect();
    format!(
        "SELECT {item} AS item, state.last_value, state.is_called, {farthest} AS farthest, {ignored} AS ignored, seen.nearest, seen.calls \
         FROM {name} AS state \
         CROSS JOIN LATERAL (SELECT {next} AS value) AS next \
         CROSS JOIN LATERAL (SELECT pg_catalog.{nearest}(stored.value) AS nearest, pg_catalog.count(*) AS calls \
         FROM ({stored}) AS stored) AS seen",
        farthest = farthest_array(finding),
        ignored = nearest_ignored(finding),
        name = sequence.name.to_sql(),
        next = next_sql(definition),
        nearest = if definition.is_ascending() { "min" } else { "max" },
        stored = stored.join(" UNION "),
    )
}

/// What `nextval` would return, of the row `state`; NULL where no value is left.
fn next_sql(definition: &Definition) -> String {
    let within = if definition.is_ascending() { "<=" } else { ">=" };
    let (step, end) = (sql_integer(definition.increment), sql_integer(definition.limit()));
    format!(
        "CASE WHEN NOT state.is_called THEN state.last_value \
         WHEN state.last_value::pg_catalog.numeric + {step} {within} {end} THEN state.last_value + {step} END"
    )
}

fn farthest_array(finding: &Finding) -> String {
    let columns: Vec<String> = if finding.status == Status::Pending {
        finding.counted().map(|column| farthest_column(&finding.sequence, column, finding.range)).collect()
    } else {
        Vec::new()
    };
    format!("ARRAY[{}]::pg_catalog.int8[]", columns.join(", "))
}

/// The nearest value that the caller takes out of the comparison although the sequence can come to it.
pub(super) fn nearest_ignored(finding: &Finding) -> String {
    let own = finding.sequence.definition.range();
    let is_ascending = finding.sequence.definition.is_ascending();
    let (nearest, past, limit, within, end) = if is_ascending {
        ("least", '>', finding.range.max, "<=", own.max)
    } else {
        ("greatest", '<', finding.range.min, ">=", own.min)
    };
    // What lies past this node's own range on Citus, nobody asked to ignore.
    let is_other_nodes = finding.sequence.restriction.as_ref().is_some_and(|found| found.way == Way::ByHand);
    if limit == end || is_other_nodes || finding.status != Status::Pending {
        return "NULL::pg_catalog.int8".to_owned();
    }
    let (limit, end) = (sql_integer(limit), sql_integer(end));
    let function = if is_ascending { "min" } else { "max" };
    let values: Vec<String> = finding
        .counted()
        .map(|column| {
            let (name, table) = (always_quoted(&column.facts.column), column.facts.source_sql());
            format!(
                "(SELECT pg_catalog.{function}(source.{name})::pg_catalog.int8 FROM {table} AS source \
                 WHERE source.{name} {past} {limit} AND source.{name} {within} {end})"
            )
        })
        .collect();
    format!("{nearest}({})", values.join(", "))
}

/// The farthest value of one column within the range. A fraction is cut off towards the values already passed,
/// as the next whole number past it is what counts. NaN and infinity lie outside of every range.
pub(super) fn farthest_column(sequence: &Sequence, column: &LinkedColumn, range: ValueRange) -> String {
    let (value, within) = (farthest_of(sequence, column), within_sql(column, range));
    format!("(SELECT {value} FROM {} AS source WHERE {within})", column.facts.source_sql())
}

fn farthest_of(sequence: &Sequence, column: &LinkedColumn) -> String {
    let name = source_column(column);
    let (farthest, whole) = if sequence.definition.is_ascending() { ("max", "floor") } else { ("min", "ceil") };
    let value = format!("pg_catalog.{farthest}({name})");
    let value = if column.facts.column_type.is_numeric { format!("pg_catalog.{whole}({value})") } else { value };
    format!("{value}::pg_catalog.int8")
}

fn within_sql(column: &LinkedColumn, range: ValueRange) -> String {
    let name = source_column(column);
    format!("{name} >= {} AND {name} <= {}", sql_integer(range.min), sql_integer(range.max))
}

/// Reads the same as [`collisions_sql`], for tables that have to be read whole: once, and once more where there is a
/// collision. Nothing is sorted but the values among the next [`COUNT_LIMIT`] calls, and the server may read in parallel.
/// Past [`window_end`] nothing is counted.
pub fn whole_collisions_sql(item: usize, finding: &Finding) -> String {
    let definition = &finding.sequence.definition;
    let nearer = if definition.is_ascending() { "least" } else { "greatest" };
    let last = sql_integer(range_end(finding));
    let way = window_way(finding);
    let columns: Vec<&LinkedColumn> = finding.counted().collect();
    let seen: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!(" CROSS JOIN ({}) AS seen_{at}", seen_sql(finding, column)))
        .collect();
    let of_each = |cell: &str| (0..columns.len()).map(|at| format!("seen_{at}.{cell}")).collect::<Vec<_>>().join(", ");
    let window = |column: &&LinkedColumn| {
        let (name, source) = (source_column(column), column.facts.source_sql());
        let condition = coming_sql(&finding.sequence, column, NEXT, "(SELECT now.window_end FROM now)");
        format!("SELECT {name} AS value FROM {source} AS source WHERE {condition}")
    };
    let window: Vec<String> = columns.iter().map(window).collect();
    let nearest = format!("{nearer}({})", of_each("nearest"));
    // Looked at once and for all: it is no part of the snapshot.
    format!(
        "WITH state AS (SELECT state.last_value, state.is_called, {next} AS next FROM {name} AS state), \
         now AS (SELECT state.*, {nearer}(state.next::pg_catalog.numeric + {way}, {last})::pg_catalog.int8 AS window_end FROM state) \
         SELECT {item} AS item, now.last_value, now.is_called, ARRAY[{farthest}]::pg_catalog.int8[] AS farthest, \
         {ignored} AS ignored, {nearest} AS nearest, CASE WHEN {nearest} IS NOT NULL \
         THEN (SELECT pg_catalog.count(DISTINCT stored.value) FROM ({window}) AS stored) END AS calls FROM now{seen}",
        next = next_sql(definition),
        farthest = of_each("farthest"),
        ignored = nearest_ignored(finding),
        window = window.join(" UNION ALL "),
        name = finding.sequence.name.to_sql(),
        seen = seen.concat(),
    )
}

/// The next value, as [`whole_collisions_sql`] has it.
const NEXT: &str = "(SELECT now.next FROM now)";

/// Reads of one column the `farthest` value within the range, and the `nearest` that a coming call returns: where an
/// index tells neither, with one read for both.
fn seen_sql(finding: &Finding, column: &LinkedColumn) -> String {
    let sequence = &finding.sequence;
    let (name, source) = (source_column(column), column.facts.source_sql());
    let nearest = if sequence.definition.is_ascending() { "min" } else { "max" };
    let coming = coming_sql(sequence, column, NEXT, &sql_integer(range_end(finding)));
    if column.facts.cost.is_indexed {
        let farthest = farthest_column(sequence, column, finding.range);
        return format!(
            "SELECT {farthest} AS farthest, \
             (SELECT pg_catalog.{nearest}({name})::pg_catalog.int8 FROM {source} AS source WHERE {coming}) AS nearest"
        );
    }
    format!(
        "SELECT {} AS farthest, (pg_catalog.{nearest}({name}) FILTER (WHERE {coming}))::pg_catalog.int8 AS nearest \
         FROM {source} AS source WHERE {}",
        farthest_of(sequence, column),
        within_sql(column, finding.range)
    )
}

/// The last value of the next [`COUNT_LIMIT`] calls, as far as the range goes.
pub fn window_end(finding: &Finding, next: i64) -> i64 {
    next.saturating_add(window_way(finding)).clamp(finding.range.min, finding.range.max)
}

fn window_way(finding: &Finding) -> i64 {
    i64::try_from(COUNT_LIMIT - 1).unwrap_or(i64::MAX).saturating_mul(finding.sequence.definition.increment)
}

/// The end of what counts, in the sequence's direction.
fn range_end(finding: &Finding) -> i64 {
    if finding.sequence.definition.is_ascending() { finding.range.max } else { finding.range.min }
}

fn source_column(column: &LinkedColumn) -> String {
    // Without an alias of its own a table called "next" would hide ours.
    format!("source.{}", always_quoted(&column.facts.column))
}

/// What calls from `next` on to `end`, both in SQL, return.
fn coming_sql(sequence: &Sequence, column: &LinkedColumn, next: &str, end: &str) -> String {
    let name = source_column(column);
    let (from, to) = if sequence.definition.is_ascending() { (">=", "<=") } else { ("<=", ">=") };
    format!("{name} {from} {next} AND {name} {to} {end}{}", on_grid_sql(sequence, column, next))
}

/// What keeps values that no call returns out. In numeric, as the distance of two bigints can be too large for a bigint.
fn on_grid_sql(sequence: &Sequence, column: &LinkedColumn, next: &str) -> String {
    let increment = sequence.definition.increment;
    if increment.unsigned_abs() == 1 && !column.facts.column_type.is_numeric {
        return String::new();
    }
    let (name, increment) = (source_column(column), sql_integer(increment));
    format!(" AND ({name}::pg_catalog.numeric - {next}::pg_catalog.numeric) % {increment}::pg_catalog.numeric = 0")
}

/// The different values of one column from the next value on, as far as they lie on the sequence's grid.
fn stored_sql(sequence: &Sequence, column: &LinkedColumn, range: ValueRange, count_limit: u64) -> String {
    let definition = &sequence.definition;
    let name = source_column(column);
    let (from, end, order) = if definition.is_ascending() {
        (">=", format!("{name} <= {}", sql_integer(range.max)), "")
    } else {
        ("<=", format!("{name} >= {}", sql_integer(range.min)), " DESC")
    };
    let on_grid = on_grid_sql(sequence, column, "next.value");
    format!(
        "SELECT value::pg_catalog.int8 FROM (SELECT DISTINCT {name} AS value FROM {} AS source \
         WHERE {name} {from} next.value AND {end}{on_grid} ORDER BY value{order} LIMIT {count_limit}) AS one_column",
        column.facts.source_sql()
    )
}
