//! What the database holds at all: what it has none of, need not be read.

use std::collections::HashSet;

use postgres::SimpleQueryRow;

/// What the catalog holds beyond plain serial and identity columns.
pub(crate) struct Holdings {
    /// The defaults that name a sequence as a constant, each with the sequence, both by oid; if it may be that all
    /// columns are plain.
    pub(crate) plain_defaults: Option<HashSet<(u32, u32)>>,
    /// Whether the role may do everything with all of it.
    pub(crate) has_all_privileges: bool,
    /// Whether there are functions, views or rules that may call `nextval`.
    pub(crate) has_callers: bool,
}

/// `pg_attrdef` and `pg_rewrite`.
const DEFAULT: u32 = 2604;
const RULE: u32 = 2618;

impl Holdings {
    /// From what the two queries of `holdings.sql` say; what is not understood counts as held.
    pub(crate) fn of(answers: &[Vec<SimpleQueryRow>]) -> Self {
        let row = answers.first().and_then(|rows| rows.first());
        let cell = |name: &str| row.and_then(|row| row.get(name));
        let has = |name: &str| cell(name) != Some("f");
        let Some(naming) = answers.get(1).and_then(|rows| rows.iter().map(names).collect::<Option<Vec<_>>>()) else {
            return Self { plain_defaults: None, has_all_privileges: false, has_callers: true };
        };
        let of_class = |class: u32| naming.iter().filter(move |(found, ..)| *found == class);
        let defaults: HashSet<(u32, u32)> = of_class(DEFAULT).map(|(_, default, named)| (*default, *named)).collect();
        let calling = cell("calling_defaults").and_then(|count| count.parse().ok());
        let may_be_plain = calling == Some(defaults.len()) && !has("has_domains") && !has("has_inheritance");
        Self {
            has_all_privileges: cell("has_all_privileges") == Some("on"),
            has_callers: of_class(RULE).next().is_some() || has("has_functions"),
            plain_defaults: may_be_plain.then_some(defaults),
        }
    }
}

/// What names a sequence: its class, itself, and the sequence.
fn names(row: &SimpleQueryRow) -> Option<(u32, u32, u32)> {
    let number = |at: usize| row.get(at)?.parse().ok();
    Some((number(0)?, number(1)?, number(2)?))
}
