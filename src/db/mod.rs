//! Talks to the server.

mod blockers;
mod callers;
mod catalog;
mod column_type;
pub mod connect;
mod error;
mod executor;
mod inspect;
mod name_index;
mod scanner;
mod selection;
mod server;
mod session;
mod watch;

pub use error::Error;
pub use executor::{Applied, ApplyOptions, apply};
pub use scanner::{Scan, ScanOptions, scan};
pub use selection::Selection;
pub use watch::{Stage, Watch};
