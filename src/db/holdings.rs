//! What the database holds at all: what it has none of, need not be read.

use postgres::SimpleQueryRow;

/// What the catalog holds beyond plain serial and identity columns.
pub(crate) struct Holdings {
    /// How many defaults name a sequence as a constant, if it may be that all columns are plain.
    pub(crate) plain_defaults: Option<usize>,
    /// Whether there are functions, views or rules that may call `nextval`.
    pub(crate) has_callers: bool,
}

impl Holdings {
    /// From what `holdings.sql` says; what is not understood counts as held.
    pub(crate) fn of(row: Option<&SimpleQueryRow>) -> Self {
        let cell = |name: &str| row.and_then(|row| row.get(name));
        let number = |name: &str| cell(name)?.parse::<usize>().ok();
        let has = |name: &str| cell(name) != Some("f");
        let naming = number("naming_defaults");
        let may_be_plain = naming == number("calling_defaults") && !has("has_domains") && !has("has_inheritance");
        Self {
            plain_defaults: naming.filter(|_| may_be_plain),
            has_callers: number("naming_rules") != Some(0) || has("has_functions"),
        }
    }
}
