//! Names of relations, and the one place that puts quotes round them.

use std::fmt;

use super::letters::is_harmful;

/// The name of a relation with its schema, as the catalog spells it: unquoted, case kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedName {
    /// The schema's name.
    pub schema: String,
    /// The relation's own name.
    pub name: String,
}

impl QualifiedName {
    /// Puts a schema and a name together.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// The form that goes into a statement: both parts always quoted.
    pub fn to_sql(&self) -> String {
        format!("{}.{}", always_quoted(&self.schema), always_quoted(&self.name))
    }

    /// The form that names the relation as a `regclass` constant in a statement.
    pub fn to_regclass_sql(&self) -> String {
        let name = format!("{}.{}", in_double_quotes(&self.schema), in_double_quotes(&self.name));
        format!("{}::pg_catalog.regclass", quote_literal(&name))
    }
}

/// For people: quoted only where PostgreSQL would quote it.
impl fmt::Display for QualifiedName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", quote_identifier(&self.schema), quote_identifier(&self.name))
    }
}

/// An identifier as a statement always takes it. A letter that a terminal would obey is written as its number:
/// the same name, and harmless to look at
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
pub(crate) fn always_quoted(identifier: &str) -> String {
    if !identifier.contains(is_harmful) {
        return in_double_quotes(identifier);
    }
    let escaped: String = identifier
        .chars()
        .map(|letter| match letter {
            '\\' => "\\\\".to_owned(),
            letter if letter > '\u{ffff}' && is_harmful(letter) => format!("\\+{:06X}", u32::from(letter)),
            letter if is_harmful(letter) => format!("\\{:04X}", u32::from(letter)),
            letter => letter.to_string(),
        })
        .collect();
    format!("U&{}", in_double_quotes(&escaped))
}

fn in_double_quotes(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// An identifier for people to read and paste: quoted only where it must be, like the server's `quote_ident`
/// (<https://www.postgresql.org/docs/current/functions-string.html>).
pub fn quote_identifier(identifier: &str) -> String {
    let mut letters = identifier.chars();
    let plain = letters.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if plain && KEYWORDS.binary_search(&identifier).is_err() {
        identifier.to_owned()
    } else {
        always_quoted(identifier)
    }
}

/// A string constant, right under either setting of `standard_conforming_strings`, and harmless to look at.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if !text.contains(|letter: char| letter == '\\' || is_harmful(letter)) {
        return format!("'{quoted}'");
    }
    let escaped: String = quoted
        .chars()
        .map(|letter| match letter {
            '\\' => "\\\\".to_owned(),
            letter if letter > '\u{ffff}' && is_harmful(letter) => format!("\\U{:08X}", u32::from(letter)),
            letter if is_harmful(letter) => format!("\\u{:04X}", u32::from(letter)),
            letter => letter.to_string(),
        })
        .collect();
    format!("E'{escaped}'")
}

/// Every keyword that `quote_ident` quotes, sorted: `pg_get_keywords()` of PostgreSQL 18 with `catcode <> 'U'`.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between",
    "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check", "coalesce",
    "collate", "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog",
    "current_date", "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "dec",
    "decimal", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "exists", "extract",
    "false", "fetch", "float", "for", "foreign", "freeze", "from", "full", "grant", "greatest", "group",
    "grouping", "having", "ilike", "in", "initially", "inner", "inout", "int", "integer", "intersect",
    "interval", "into", "is", "isnull", "join", "json", "json_array", "json_arrayagg", "json_exists",
    "json_object", "json_objectagg", "json_query", "json_scalar", "json_serialize", "json_table", "json_value",
    "lateral", "leading", "least", "left", "like", "limit", "localtime", "localtimestamp", "merge_action",
    "national", "natural", "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric", "offset",
    "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position", "precision",
    "primary", "real", "references", "returning", "right", "row", "select", "session_user", "setof", "similar",
    "smallint", "some", "substring", "symmetric", "system_user", "table", "tablesample", "then", "time",
    "timestamp", "to", "trailing", "treat", "trim", "true", "union", "unique", "user", "using", "values",
    "varchar", "variadic", "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat",
    "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize",
    "xmltable",
];

/// A value in a keyword string of libpq, in quotes.
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE>
pub fn conninfo_value(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_gets_every_name_quoted() {
        let name = QualifiedName::new("Odd \"Schema\"", "order");
        assert_eq!(name.to_sql(), r#""Odd ""Schema"""."order""#);
    }

    #[test]
    fn people_see_quotes_only_where_they_are_needed() {
        assert_eq!(QualifiedName::new("public", "album_id_seq").to_string(), "public.album_id_seq");
        assert_eq!(QualifiedName::new("public", "order").to_string(), "public.\"order\"");
        assert_eq!(QualifiedName::new("Shop", "2nd").to_string(), "\"Shop\".\"2nd\"");
        assert_eq!(quote_identifier(""), "\"\"");
    }

    #[test]
    fn a_literal_with_a_backslash_means_the_same_under_both_settings() {
        assert_eq!(quote_literal(r"a\b'c"), r"E'a\\b''c'");
        assert_eq!(quote_literal("a'b"), "'a''b'");
    }

    #[test]
    fn what_a_terminal_would_obey_is_written_as_a_number() {
        assert_eq!(always_quoted("a\u{1b}\\\"b"), r#"U&"a\001B\\""b""#);
        assert_eq!(quote_literal("a\u{202e}'b"), r"E'a\u202E''b'");
    }

    #[test]
    fn the_keywords_are_sorted_for_the_search() {
        assert!(KEYWORDS.is_sorted());
    }
}
