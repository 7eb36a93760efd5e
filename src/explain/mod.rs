//! From the text of an error to its cause and cure: talks to nobody.

mod cure;
mod detail;
mod diagnosis;
mod escapes;
mod fed;
mod fields;
mod framework;
mod json;
mod key;
mod log;
mod message;
mod other;
mod parse;
mod phrases;
mod plain;
mod report;
mod snippet;
mod statement;
mod unknown;
mod violation;

pub use cure::{Cure, Insert, Remedy, cure, duplicates};
pub use diagnosis::{Diagnosis, Facts, FedColumn, Verdict, diagnose};
pub use key::Key;
pub use log::{Folded, Tally, read_log};
pub use other::OtherError;
pub use parse::{Reading, parse};
pub use snippet::{Catching, Language, snippet};
pub use statement::{Statement, Treatment, Verb};
pub use violation::{Occasion, Recognised, Violation};
