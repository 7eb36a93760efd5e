//! What a text is that is no unique violation.

use std::sync::LazyLock;

use regex::Regex;

use super::key::is_other_detail;
use super::phrases::OTHER_MESSAGES;

/// Another error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherError {
    /// Its SQLSTATE, where it is one of PostgreSQL's.
    pub sqlstate: Option<String>,
    /// What it is, in a few words.
    pub what: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

/// SQLSTATE, its name, and what to do
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "23503",
        "a foreign key violation",
        "the row that it refers to is missing, or a row is still referred to; write the parent first, or delete the child first",
    ),
    ("23502", "a not-null violation", "a column without a default was left out, or got NULL"),
    ("23514", "a check violation", "a value does not fit a CHECK constraint, or no partition takes the row"),
    (
        "23P01",
        "an exclusion violation",
        "a row overlaps with one that is stored; no sequence has a part in it, and ON CONFLICT DO NOTHING is possible",
    ),
    ("23001", "a restrict violation", "a row is still referred to; delete the rows that refer to it first"),
    ("23000", "an integrity constraint violation", "the server's DETAIL says which constraint"),
    ("2200H", "a sequence that reached its limit", "pgseqfix scan shows it as exhausted, and names the way out"),
    (
        "22003",
        "a number out of range",
        "if it is an integer column that a sequence feeds, pgseqfix scan shows it as exhausted",
    ),
    (
        "42P10",
        "an ON CONFLICT without a matching unique index",
        "name the columns of a unique index, with its WHERE if it is partial",
    ),
    (
        "21000",
        "an ON CONFLICT DO UPDATE that meets one row twice",
        "the rows of one INSERT must not have the same key; remove the duplicates among them",
    ),
    (
        "25P02",
        "a statement in a transaction that has failed already",
        "the error before it is the cause: look for the first one in that transaction",
    ),
    ("428C9", "a value for a GENERATED ALWAYS column", "leave the column out, or use OVERRIDING SYSTEM VALUE"),
    ("40001", "a serialization failure", "run the transaction again"),
    ("40P01", "a deadlock", "run the transaction again"),
    ("42501", "a missing privilege", "the server names the object; its owner can GRANT it"),
    ("42P01", "a relation that does not exist", "check its name, its schema and search_path"),
    ("42703", "a column that does not exist", "check its name"),
    ("42601", "a syntax error", "the server names the place"),
    ("53200", "a server out of memory", "the server's log says which"),
    ("57014", "a query that was cancelled", "statement_timeout, or somebody cancelled it"),
];

static SQLSTATE: LazyLock<Regex> = LazyLock::new(|| {
    // A code alone can be a ZIP code: there it takes a colon.
    let pattern = r#"(?i)(?:(?:sqlstate|sql_?state_?code|state_code|errcode|error)["'\\]*[\s:=>(\[]*|\bcode["'\\]*\s*[:=]\s*)(?:Some\(|E)?["'\\]*([0-9][0-9A-Z]{4})\b"#;
    Regex::new(pattern).expect("a fixed pattern")
});

/// What the server itself writes before a SQLSTATE, so that it can be nothing else.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:SQLSTATE[\[ :=]*|\b(?:ERROR|FATAL):\s+)[0-9][0-9A-Z]{4}\b").expect("a fixed pattern")
});

/// A SQLSTATE that a text names as such, that of a unique violation first.
pub(crate) fn sqlstate(text: &str) -> Option<String> {
    let mut codes = SQLSTATE.captures_iter(text).take(100).map(|found| found[1].to_ascii_uppercase());
    let first = codes.next()?;
    Some(if first == "23505" || codes.any(|code| code == "23505") { "23505".to_owned() } else { first })
}

/// What else the text is; `None` where nothing in it is known.
pub(crate) fn other_error(text: &str) -> Option<OtherError> {
    let by_words = OTHER_MESSAGES.iter().find(|(words, _)| text.contains(words)).map(|(_, code)| *code);
    if let Some(code) = by_words {
        return Some(of_code(code));
    }
    if let Some(other) = foreign_error(text) {
        return Some(other);
    }
    if let Some(code) = sqlstate(text).filter(|code| code != "23505") {
        let is_known = KNOWN.iter().any(|(known, ..)| *known == code) || code.starts_with("23");
        return (is_known || NAMED.is_match(text)).then(|| of_code(&code));
    }
    is_other_detail(text).then(|| of_code("23503"))
}

/// The same error of another database, some of which have the same SQLSTATE.
pub(crate) fn foreign_error(text: &str) -> Option<OtherError> {
    let foreign = [
        ("Duplicate entry '", "MySQL's or MariaDB's error 1062"),
        ("ER_DUP_ENTRY", "MySQL's or MariaDB's error 1062"),
        ("Unique index or primary key violation", "H2's error 23505"),
        ("unique constraint or index violation", "HSQLDB's error 23505"),
        ("constraint: `dbo.", "SQL Server's error 2601 or 2627"),
        ("UNIQUE constraint failed", "SQLite's error"),
        ("ORA-00001", "Oracle's error ORA-00001"),
        ("Cannot insert duplicate key", "SQL Server's error 2601 or 2627"),
        ("Violation of UNIQUE KEY constraint", "SQL Server's error 2627"),
        ("Violation of PRIMARY KEY constraint", "SQL Server's error 2627"),
        ("E11000 duplicate key error", "MongoDB's error 11000"),
    ];
    let (_, what) = foreign.into_iter().find(|(words, _)| text.contains(words))?;
    Some(OtherError { sqlstate: None, what, advice: "pgseqfix explains PostgreSQL's errors" })
}

/// An error by its SQLSTATE.
pub(crate) fn of_code(code: &str) -> OtherError {
    let known = KNOWN.iter().find(|(known, ..)| *known == code);
    let (what, advice) = known
        .map_or(("another error", "its SQLSTATE is in the manual's appendix A"), |(_, what, advice)| (*what, *advice));
    OtherError { sqlstate: Some(code.to_owned()), what, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_named() {
        let code = |text: &str| other_error(text).and_then(|other| other.sqlstate);
        assert_eq!(
            code("insert or update on table \"a\" violates foreign key constraint \"b\"").as_deref(),
            Some("23503")
        );
        assert_eq!(
            code("Einfügen oder Aktualisieren in Tabelle »a« verletzt Fremdschlüssel-Constraint »b«").as_deref(),
            Some("23503")
        );
        assert_eq!(code("ERROR: x (SQLSTATE 23514)").as_deref(), Some("23514"));
        assert_eq!(other_error("Duplicate entry '1' for key 'PRIMARY'").and_then(|other| other.sqlstate), None);
        assert_eq!(other_error("hello"), None);
        assert_eq!(code("ERROR:  42P07: relation \"x\" already exists").as_deref(), Some("42P07"));
    }

    #[test]
    fn every_message_has_a_known_sqlstate() {
        assert!(OTHER_MESSAGES.iter().all(|(_, code)| KNOWN.iter().any(|(known, ..)| known == code)));
    }
}
