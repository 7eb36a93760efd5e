//! Talks to the server.

mod blockers;
mod callers;
mod catalog;
mod citus;
mod column_type;
pub mod connect;
mod connections;
mod deadline;
mod error;
mod executor;
mod holdings;
mod inspect;
mod name_index;
mod plain;
mod scanner;
mod selection;
mod server;
mod session;
mod text;
mod traffic;
mod unique_index;
mod watch;

pub use connections::{Connections, Open};
pub use deadline::Deadline;
pub use error::Error;
pub use executor::{Applied, ApplyOptions, apply, apply_over};
pub use scanner::{Scan, ScanOptions, scan, scan_over};
pub use selection::Selection;
pub use traffic::{Traffic, unanswered_for};
pub use unique_index::{Sought, databases, find_row, find_unique_indexes, scan_for_indexes};
pub use watch::{OnProgress, Stage, Watch, on_progress};
