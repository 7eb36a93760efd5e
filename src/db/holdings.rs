//! What the database holds at all: what it has none of, need not be read.

use postgres::Client;

use super::error::Error;
use super::session::rows;

/// What the catalog holds beyond plain serial and identity columns.
pub(crate) struct Holdings {
    /// How many defaults name a sequence as a constant, if it may be that all columns are plain.
    pub(crate) plain_defaults: Option<usize>,
    /// Whether there are functions, views or rules that may call `nextval`.
    pub(crate) has_callers: bool,
}

impl Holdings {
    /// Asks. Needs a transaction with an empty `search_path`.
    pub(crate) fn read(client: &mut Client) -> Result<Self, Error> {
        let rows = rows(client, include_str!("sql/holdings.sql"))
            .map_err(|error| Error::new("could not ask what the catalog holds", &error))?;
        let cell = |at: usize| rows.first().and_then(|row| row.get(at)).unwrap_or_default();
        let number = |at: usize| cell(at).parse::<usize>().ok();
        // Not understood counts as held.
        let has = |at: usize| cell(at) != "f";
        Ok(Self {
            plain_defaults: number(1).filter(|naming| number(0) == Some(*naming) && !has(3) && !has(4)),
            has_callers: number(2) != Some(0) || has(5),
        })
    }
}
