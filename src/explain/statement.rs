//! The statement that failed, as far as a text shows it: which columns did it name itself?

use std::sync::LazyLock;

use regex::Regex;

use super::key::split_columns;
use crate::model::parse_identifiers;

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

/// A statement that writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What kind.
    pub verb: Verb,
    /// The table's own name, unquoted.
    pub table: String,
    /// The table's schema, where it is written.
    pub schema: Option<String>,
    /// The columns that it names, unquoted; `None` where it names none, so that all are meant.
    pub columns: Option<Vec<String>>,
    /// Those of them that get DEFAULT.
    pub defaulted: Vec<String>,
}

const NAME: &str = r#"(?:"(?:[^"]|"")+"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\w$]+)){0,2}"#;

static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r#"(?i)\binsert\s+into\s+(?P<insert>{NAME})(?:\s+as\s+[\w"]+)?\s*(?:\((?P<columns>[^()]*)\))?(?P<values>\s*(?:overriding\s+\w+\s+value\s*)?values\s*\([^()]*\))?|\bupdate\s+(?:only\s+)?(?P<update>{NAME})\s+(?:as\s+)?(?:[\w"]+\s+)?set\s|\bcopy\s+(?P<copy>{NAME})(?:\s*\((?P<copied>[^()]*)\))?(?:,\s+line\s+\d|\s+from\s)"#
    );
    Regex::new(&pattern).expect("a fixed pattern")
});

/// How many statements of a text are looked at.
const MANY: usize = 50;

impl Statement {
    /// The one statement of a text that writes; `None` where there is none, or several that differ.
    pub(crate) fn find(text: &str) -> Option<Self> {
        let mut found = STATEMENT.captures_iter(text).take(MANY).filter_map(|captured| Self::of(&captured));
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    fn of(captured: &regex::Captures) -> Option<Self> {
        let text = |name: &str| captured.name(name).map(|found| found.as_str());
        let (verb, table, columns) = match (text("insert"), text("update"), text("copy")) {
            (Some(table), ..) => (Verb::Insert, table, text("columns")),
            (_, Some(table), _) => (Verb::Update, table, None),
            (.., table) => (Verb::Copy, table?, text("copied")),
        };
        let name = parse_identifiers(table)?;
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

    /// Whether the statement is known to have left a column to its default.
    pub fn leaves_to_default(&self, column: &str) -> bool {
        self.verb != Verb::Update
            && self.columns.as_ref().is_some_and(|columns| {
                !columns.iter().any(|named| named == column) || self.defaulted.iter().any(|named| named == column)
            })
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
        assert!(
            found.leaves_to_default("Line Id") && found.leaves_to_default("id") && !found.leaves_to_default("note")
        );
    }

    #[test]
    fn without_a_list_nothing_is_known_of_the_columns() {
        let found = Statement::find("INSERT INTO t VALUES (1)").expect("a statement");
        assert!(!found.leaves_to_default("id"));
        assert_eq!(Statement::find("INSERT INTO t (a) VALUES (1); INSERT INTO t (b) VALUES (1)"), None);
        assert_eq!(Statement::find("UPDATE t SET id = 1").map(|found| found.verb), Some(Verb::Update));
        assert_eq!(Statement::find("CONTEXT:  COPY t, line 3").map(|found| found.verb), Some(Verb::Copy));
    }
}
