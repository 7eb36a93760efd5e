//! How a report looks.

pub mod aligned;
pub mod cells;
pub mod closing;
pub mod csv;
pub mod harmless;
pub mod json;
pub mod json_sequence;
pub mod markdown;
pub mod number;
pub mod sql;
pub mod table;

use pgseqfix::model::{Fix, LinkedColumn};

/// A fix in one line, to be picked from a list.
pub fn fix_line(fix: &Fix) -> String {
    let columns: Vec<String> = fix.counted().map(LinkedColumn::name).collect();
    format!("{}: {} -> {} ({})", fix.sequence.name, fix.from, fix.to, columns.join(", "))
}
