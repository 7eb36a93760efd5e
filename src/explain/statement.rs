//! The statement that failed, as far as a text shows it: which columns did it name itself?

use std::sync::LazyLock;

use regex::Regex;

use super::detail;
use super::key::split_columns;
use crate::model::{Identifiers, parse_identifiers};

/// What kind of statement it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// INSERT, or the INSERT of a MERGE.
    Insert,
    /// UPDATE.
    Update,
    /// COPY … FROM.
    Copy,
}

/// What a statement did with a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Left it to its default.
    Default,
    /// Listed it in an INSERT: the value may have been drawn from the sequence before, as some programs do.
    Listed,
    /// Gave it a value of its own.
    Value,
    /// That is not known.
    Unknown,
}

/// A statement that writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What kind.
    pub verb: Verb,
    /// The table's own name, unquoted.
    pub table: String,
    /// The table's schema, where it is written.
    pub schema: Option<String>,
    /// The columns that it names, unquoted (of an UPDATE those that it sets); `None` where an INSERT or COPY names none, so
    /// that all are meant.
    pub columns: Option<Vec<String>>,
    /// Those of them that get DEFAULT.
    pub defaulted: Vec<String>,
}

const NAME: &str = r#"(?:"(?:[^"]|"")+"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\w$]+)){0,2}"#;

static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r#"(?i)\binsert\s+into\s+(?P<insert>{NAME})(?:\s+as\s+[\w"]+)?\s*(?:\((?P<columns>[^()]*)\))?(?P<values>\s*(?:overriding\s+\w+\s+value\s*)?values\s*\([^()]*\))?|\bupdate\s+(?:only\s+)?(?P<update>{NAME})\s+(?:as\s+)?(?:[\w"]+\s+)?set\s+(?P<sets>[^;]*)|\bcopy\s+(?P<copy>{NAME})(?:\s*\((?P<copied>[^()]*)\))?(?:,\s+line\s+\d|\s+from\s)"#
    );
    Regex::new(&pattern).expect("a fixed pattern")
});

/// How many statements of a text are looked at.
const MANY: usize = 50;

/// `column = value` in the list of an UPDATE.
static SET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"("(?:[^"]|"")+"|[\w$]+)\s*=\s*(\S+)"#).expect("a fixed pattern"));

/// Where the list of an UPDATE ends.
static AFTER_SETS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:where|from|returning)\b").expect("a fixed pattern"));

impl Statement {
    /// The statement that failed, in what follows a message: where a function or a trigger ran it, CONTEXT shows it, and
    /// the statement that called it is another one.
    pub(crate) fn find_in_report(text: &str) -> Option<Self> {
        match detail::context(text) {
            Some(context) if context.contains("SQL") => Self::find(context),
            _ => Self::find(text),
        }
    }

    /// The one statement of a text that writes; `None` where there is none, or several that differ.
    pub(crate) fn find(text: &str) -> Option<Self> {
        let found = STATEMENT.captures_iter(text).take(MANY).filter_map(|captured| Self::of(&captured));
        let mut found: Vec<Self> = found.collect();
        // The CONTEXT of a COPY does not repeat its columns.
        let is_told_again = |one: &Self| found.iter().any(|other| one.is_short_for(other));
        let shorter: Vec<bool> = found.iter().map(is_told_again).collect();
        let mut shorter = shorter.into_iter();
        found.retain(|_| !shorter.next().unwrap_or_default());
        found.dedup();
        let [only] = <[Self; 1]>::try_from(found).ok()?;
        Some(only)
    }

    fn is_short_for(&self, other: &Self) -> bool {
        self.verb == Verb::Copy
            && other.verb == Verb::Copy
            && self.table == other.table
            && self.columns.is_none()
            && other.columns.is_some()
    }

    fn of(captured: &regex::Captures) -> Option<Self> {
        let text = |name: &str| captured.name(name).map(|found| found.as_str());
        let (verb, table, columns) = match (text("insert"), text("update"), text("copy")) {
            (Some(table), ..) => (Verb::Insert, table, text("columns")),
            (_, Some(table), _) => (Verb::Update, table, None),
            (.., table) => (Verb::Copy, table?, text("copied")),
        };
        let name = parse_identifiers(table)?;
        if let Some(sets) = text("sets") {
            return Some(Self::update(name, &sets[..AFTER_SETS.find(sets).map_or(sets.len(), |end| end.start())]));
        }
        let columns: Option<Vec<String>> = match columns {
            Some(columns) => Some(split_columns(columns).iter().map(|column| unquoted(column)).collect::<Option<_>>()?),
            None => None,
        };
        let values = text("values").and_then(|values| values.split_once('(')).map(|(_, values)| split_columns(values));
        let defaulted = columns
            .iter()
            .flatten()
            .zip(values.iter().flatten())
            .filter(|(_, value)| value.trim_end_matches(')').trim().eq_ignore_ascii_case("default"))
            .map(|(column, _)| column.clone())
            .collect();
        Some(Self { verb, table: name.name, schema: name.schema, columns, defaulted })
    }

    fn update(name: Identifiers, sets: &str) -> Self {
        let set: Vec<(String, bool)> = SET
            .captures_iter(sets)
            .filter_map(|found| {
                let value = found[2].trim_end_matches([',', ')']);
                Some((unquoted(&found[1])?, value.eq_ignore_ascii_case("default")))
            })
            .collect();
        let defaulted = set.iter().filter(|(_, is_default)| *is_default).map(|(column, _)| column.clone()).collect();
        let columns = Some(set.into_iter().map(|(column, _)| column).collect());
        Self { verb: Verb::Update, table: name.name, schema: name.schema, columns, defaulted }
    }

    /// What the statement did with a column.
    pub fn treatment(&self, column: &str) -> Treatment {
        if self.defaulted.iter().any(|named| named == column) {
            return Treatment::Default;
        }
        match (self.verb, &self.columns) {
            (verb, Some(columns)) if columns.iter().any(|named| named == column) => {
                if verb == Verb::Insert {
                    Treatment::Listed
                } else {
                    Treatment::Value
                }
            }
            (Verb::Insert | Verb::Copy, Some(_)) => Treatment::Default,
            (_, None) | (Verb::Update, _) => Treatment::Unknown,
        }
    }
}

fn unquoted(column: &str) -> Option<String> {
    let name = parse_identifiers(column)?;
    name.schema.is_none().then_some(name.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insert_tells_the_columns_that_it_names() {
        let found =
            Statement::find(r#"STATEMENT:  insert into Shop."Order Line" ("Line Id", Note) values (DEFAULT, $1)"#);
        let found = found.expect("a statement");
        assert_eq!((found.schema.as_deref(), found.table.as_str()), (Some("shop"), "Order Line"));
        let treatments = ["Line Id", "id", "note"].map(|column| found.treatment(column));
        assert_eq!(treatments, [Treatment::Default, Treatment::Default, Treatment::Listed]);
    }

    #[test]
    fn a_functions_statement_counts_and_not_its_callers() {
        let text = "\nCONTEXT:  SQL statement \"insert into audit(w) values('u')\"\nPL/pgSQL function f() line 1\nSTATEMENT:  update acct set id = 1\n";
        assert_eq!(Statement::find_in_report(text).map(|found| found.table).as_deref(), Some("audit"));
        let hidden = "\nCONTEXT:  SQL function \"f\" statement 1\nSTATEMENT:  update acct set id = 1\n";
        assert_eq!(Statement::find_in_report(hidden), None);
    }

    #[test]
    fn without_a_list_nothing_is_known_of_the_columns() {
        let found = Statement::find("INSERT INTO t VALUES (1)").expect("a statement");
        assert_eq!(found.treatment("id"), Treatment::Unknown);
        assert_eq!(Statement::find("INSERT INTO t (a) VALUES (1); INSERT INTO t (b) VALUES (1)"), None);
        let update = Statement::find("UPDATE t SET id = 1, note = DEFAULT WHERE key = 2").expect("a statement");
        let treatments = ["id", "note", "key"].map(|column| update.treatment(column));
        assert_eq!(treatments, [Treatment::Value, Treatment::Default, Treatment::Unknown]);
        assert_eq!(Statement::find("CONTEXT:  COPY t, line 3").map(|found| found.verb), Some(Verb::Copy));
    }
}
