//! What a text tells of a unique violation.

use super::key::Key;
use super::statement::Statement;
use crate::model::{UniqueIndex, parse_identifiers};

/// A unique violation, as far as a text tells it; nothing in it is guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violation {
    /// The name of the constraint or unique index. Several where the name's end is not certain, the likeliest first;
    /// none where the text does not tell it.
    pub constraints: Vec<String>,
    /// The schema, where a field of its own tells it.
    pub schema: Option<String>,
    /// The table, where a field of its own or the statement tells it.
    pub table: Option<String>,
    /// Whether a field of its own tells the table, so that no other one can be meant.
    pub is_table_told: bool,
    /// The key that was there already.
    pub key: Option<Key>,
    /// The statement that failed.
    pub statement: Option<Statement>,
    /// Whether the text shows a call of `nextval`: a statement can draw a value and then give it.
    pub calls_nextval: bool,
    /// What was being done.
    pub occasion: Occasion,
    /// By what it was recognised.
    pub recognised: Recognised,
    /// How many violations of other constraints the text holds.
    pub others: usize,
}

/// What was being done when the duplicate was met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occasion {
    /// A row was written.
    #[default]
    Write,
    /// A unique index was built over rows that are stored already.
    IndexBuild,
    /// A row came in by logical replication.
    Replication,
}

/// By what a text was recognised as a unique violation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recognised {
    /// The server's message, in a language that is known.
    #[default]
    Message,
    /// The SQLSTATE.
    SqlState,
    /// What a framework prints in its place.
    Framework,
    /// One name in quotes and one key: a language that is not known.
    Shape,
}

impl Occasion {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::IndexBuild => "index_build",
            Self::Replication => "replication",
        }
    }
}

impl Recognised {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::SqlState => "sqlstate",
            Self::Framework => "framework",
            Self::Shape => "shape",
        }
    }
}

impl Violation {
    /// The likeliest name of the constraint.
    pub fn constraint(&self) -> Option<&str> {
        self.constraints.first().map(String::as_str)
    }

    /// Whether its columns are those of an index's key. An expression can be written in several ways, and is taken for
    /// the same.
    pub fn has_key_of(&self, index: &UniqueIndex) -> bool {
        self.key.as_ref().is_none_or(|key| {
            key.columns.len() == index.key.len()
                && index.key.iter().zip(&key.columns).all(|(part, written)| {
                    part.column.as_ref().is_none_or(|column| {
                        written == column || parse_identifiers(written).is_some_and(|name| name.name == *column)
                    })
                })
        })
    }

    /// The likeliest text of the values.
    pub fn values(&self) -> Option<&str> {
        self.key.as_ref()?.values.first().map(String::as_str)
    }
}
