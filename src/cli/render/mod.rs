//! How a report looks.

pub mod aligned;
pub mod cells;
pub mod closing;
pub mod csv;
pub mod github;
pub mod harmless;
pub mod json;
pub mod json_sequence;
pub mod markdown;
pub mod number;
pub mod prometheus;
pub mod sql;
pub mod table;

use indicatif::DecimalBytes;
use pgseqfix::model::{Fix, LinkedColumn};

/// So many bytes take a while.
const WORTH_TELLING: u64 = 50_000_000;

/// A fix in one line, to be picked from a list.
pub fn fix_line(fix: &Fix) -> String {
    let columns: Vec<String> = fix.counted().map(LinkedColumn::name).collect();
    let line = format!("{}: {} -> {} ({})", fix.sequence.name, fix.from, fix.to, columns.join(", "));
    match fix.bytes_to_read() {
        WORTH_TELLING.. => format!("{line}, needs to read {}", DecimalBytes(fix.bytes_to_read())),
        _ => line,
    }
}
