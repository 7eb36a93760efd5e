//! From the text of an error to its cause and cure: talks to nobody.

mod escapes;
mod fields;
mod framework;
mod json;
mod key;
mod message;
mod other;
mod parse;
mod phrases;
mod statement;
mod violation;

pub use key::Key;
pub use other::OtherError;
pub use parse::{Reading, parse};
pub use statement::{Statement, Verb};
pub use violation::{Occasion, Recognised, Violation};
