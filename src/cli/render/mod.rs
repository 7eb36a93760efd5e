//! How a report looks.

pub mod cells;
pub mod csv;
pub mod harmless;
pub mod json;
pub mod markdown;
pub mod number;
pub mod sql;
pub mod table;

use pgseqfix::model::{Fix, LinkedColumn, quote_identifier};

/// A column for people: `public.album.album_id`.
pub fn column_name(column: &LinkedColumn) -> String {
    format!("{}.{}", column.facts.table, quote_identifier(&column.facts.column))
}

/// A fix in one line, to be picked from a list.
pub fn fix_line(fix: &Fix) -> String {
    let columns: Vec<String> = fix.columns.iter().filter(|column| column.counts()).map(column_name).collect();
    format!("{}: {} -> {} ({})", fix.sequence.name, fix.from, fix.to, columns.join(", "))
}
