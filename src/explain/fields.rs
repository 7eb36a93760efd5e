//! Fields that drivers print beside the message: `detail: 'Key …'`, `"table":"users"`, `Some("users_pkey")`.

use std::sync::LazyLock;

use regex::Regex;

use super::escapes::literal;
use super::statement::Statement;

/// The fields of an error report, as its text shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) detail: Option<String>,
    pub(crate) constraint: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) table: Option<String>,
}

static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern =
        r#"(?i)\b(details?|constraint|schema|table)(?:[ _]?name)?["'\\]*\s*(?::|=>|=)\s*(?:Some\(\s*)?(["'`])"#;
    Regex::new(pattern).expect("a fixed pattern")
});

/// psql's verbose form: it quotes no name, so that the name is all that follows on the line, whatever is in it.
static PSQL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^(CONSTRAINT|SCHEMA|TABLE) NAME:  ([^\n]+?)\r?$").expect("a fixed pattern"));

/// What begins the next of its lines, where a program has joined them.
const JOINED: [&str; 2] = [" NAME:  ", "LOCATION:  "];

/// The same indented, Npgsql's dump and Postgrex's: a line of its own, without quotes.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?mi)^[ \t]*(constraint|schema|table)(?:[ _]?name)?:[ \t]+([^\s{}\[\](),'`][^\n{}\[\](),'`]*)$";
    Regex::new(pattern).expect("a fixed pattern")
});

/// The verbose form with its lines joined, and logfmt.
static INLINE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"\b(?:(CONSTRAINT|SCHEMA|TABLE) NAME:[ \t]+|(constraint|schema|table)=)([^\s"'`,;()\[\]{}]+)"#;
    Regex::new(pattern).expect("a fixed pattern")
});

/// What an apply worker of logical replication says of its table.
static REPLICATED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?:replication target|from remote) relation "?([^\s".]+)\.([^\s".]+)"#;
    Regex::new(pattern).expect("a fixed pattern")
});

/// A DETAIL can be long, and nobody's is longer.
const LONGEST: usize = 256 * 1024;

/// How many places are looked at.
const MANY: usize = 200;

impl Fields {
    /// Finds them; of several the first one counts.
    pub(crate) fn find(text: &str) -> Self {
        let mut fields = Self::default();
        for found in psql_lines(text) {
            fields.take(found.0, found.1.to_owned());
        }
        for found in QUOTED.captures_iter(text).take(MANY) {
            let (Some(whole), Some(name), Some(quote)) = (found.get(0), found.get(1), found.get(2)) else {
                continue;
            };
            let quote = quote.as_str().chars().next().unwrap_or('"');
            if let Some(value) = literal(&text[whole.end()..], quote, LONGEST) {
                fields.take(name.as_str(), value);
            }
        }
        for found in LINE.captures_iter(text).take(MANY) {
            let (Some(name), Some(value)) = (found.get(1), found.get(2)) else {
                continue;
            };
            if !is_joined(value.as_str()) {
                fields.take(name.as_str(), value.as_str().trim().to_owned());
            }
        }
        for found in INLINE.captures_iter(text).take(MANY) {
            let (Some(name), Some(value)) = (found.get(1).or_else(|| found.get(2)), found.get(3)) else {
                continue;
            };
            fields.take(name.as_str(), value.as_str().to_owned());
        }
        if let Some(found) = REPLICATED.captures(text).filter(|_| fields.table.is_none()) {
            (fields.schema, fields.table) = (Some(found[1].to_owned()), Some(found[2].to_owned()));
        }
        fields
    }

    fn take(&mut self, name: &str, value: String) {
        let field = match name.to_ascii_lowercase().as_str() {
            "constraint" => &mut self.constraint,
            "schema" => &mut self.schema,
            "table" => &mut self.table,
            _ if value.contains(")=(") => &mut self.detail,
            _ => return,
        };
        if field.is_none() && !value.is_empty() {
            *field = Some(value);
        }
    }

    /// What is not here is taken from `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            detail: self.detail.or(other.detail),
            constraint: self.constraint.or(other.constraint),
            schema: self.schema.or(other.schema),
            table: self.table.or(other.table),
        }
    }
}

/// Label and name of each line in psql's verbose form.
fn psql_lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let found = PSQL.captures_iter(text).take(MANY).filter_map(|found| Some((found.get(1)?, found.get(2)?)));
    found.map(|(label, name)| (label.as_str(), name.as_str())).filter(|(_, name)| !is_joined(name))
}

fn is_joined(line: &str) -> bool {
    JOINED.iter().any(|words| line.contains(words))
}

/// The schema that psql's verbose form tells.
pub(crate) fn psql_schema(text: &str) -> Option<&str> {
    psql_lines(text).find(|(label, _)| *label == "SCHEMA").map(|(_, name)| name)
}

/// Whether a place is within the literal of a DETAIL's field.
pub(crate) fn is_in_literal(text: &str, place: usize) -> bool {
    let before = QUOTED.captures_iter(&text[..place]).take(MANY);
    before.filter(|found| found[1].to_ascii_lowercase().starts_with("detail")).any(|found| {
        let start = found.get(0).map_or(0, |whole| whole.end());
        let quote = found[2].chars().next().unwrap_or('"');
        literal(&text[start..], quote, LONGEST).is_some_and(|value| value.contains(")=("))
            && !text[start..place].contains('\n')
    })
}

/// The schema and the table, from fields of their own, or as the statement names them.
pub(crate) fn place(fields: &Fields, statement: Option<&Statement>) -> (Option<String>, Option<String>) {
    let Some(statement) =
        statement.filter(|statement| fields.table.as_ref().is_none_or(|table| *table == statement.table))
    else {
        return (fields.schema.clone(), fields.table.clone());
    };
    (fields.schema.clone().or_else(|| statement.schema.clone()), Some(statement.table.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_of_objects_and_of_lines_are_read() {
        let node =
            Fields::find("  detail: 'Key (id)=(it\\'s) already exists.',\n  schema: 'public',\n  table: \"users\",");
        assert_eq!(node.detail.as_deref(), Some("Key (id)=(it's) already exists."));
        assert_eq!((node.schema.as_deref(), node.table.as_deref()), (Some("public"), Some("users")));
        let rust = Fields::find("detail: Some(\"Key (id)=(1) already exists.\"), constraint: Some(\"users_pkey\")");
        assert_eq!(rust.constraint.as_deref(), Some("users_pkey"));
        let psql = Fields::find("SCHEMA NAME:  public\nTABLE NAME:  order line\nCONSTRAINT NAME:  users_pkey\n");
        assert_eq!((psql.table.as_deref(), psql.constraint.as_deref()), (Some("order line"), Some("users_pkey")));
    }

    #[test]
    fn what_psql_prints_behind_a_label_is_the_whole_name() {
        for name in ["a (old)", "customer's", "a,b", "trail ", " lead", "\"quoted\"", "{x}", "[y]", "`z`", "table=t"] {
            let found =
                Fields::find(&format!("SCHEMA NAME:  {name}\r\nTABLE NAME:  {name}\nCONSTRAINT NAME:  {name}\n"));
            assert_eq!(
                [found.schema, found.table, found.constraint],
                [Some(name); 3].map(|name| name.map(str::to_owned))
            );
        }
        let joined = Fields::find("SCHEMA NAME:  public TABLE NAME:  users CONSTRAINT NAME:  users_pkey LOCATION:  x");
        assert_eq!([joined.schema, joined.table].map(Option::unwrap_or_default), ["public", "users"]);
    }
}
