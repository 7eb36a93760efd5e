//! The statement that looks for the row which has a key already.

use super::catalog::RelationKind;
use super::doubt::Doubt;
use super::unique_index::{KeyPart, UniqueIndex};

/// What became of looking for the row that was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowLookup {
    /// It is stored.
    Found {
        /// The key's values, one for each part.
        values: Vec<String>,
        /// The row as a JSON object, where it was asked for; or why it cannot be shown.
        row: Option<Result<String, Doubt>>,
    },
    /// No such row is stored now.
    NotFound,
    /// That is not known, and why.
    Unknown(Doubt),
}

/// Types whose text tells the value exactly, whatever the settings of the session that printed it; so do enums. Others
/// depend on `extra_float_digits`, `lc_monetary` or `search_path`, or can hold something that does.
#[rustfmt::skip]
const EXACT: [&str; 41] = [
    "smallint", "integer", "bigint", "numeric", "text", "character varying", "bpchar", "name", "\"char\"", "uuid",
    "boolean", "bytea", "oid", "inet", "cidr", "macaddr", "macaddr8", "\"bit\"", "bit varying", "jsonb", "date",
    "timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone",
    "interval", "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange", "int4multirange",
    "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange", "tsvector", "pg_lsn", "tid",
];

impl UniqueIndex {
    /// Why a value that is not found may be stored all the same.
    pub fn inexact(&self, values: &[&str]) -> Option<Doubt> {
        let (part, _) = self.key.iter().zip(values).find(|(part, value)| {
            let is_text = part.category == "S" && part.type_name.ends_with("citext");
            let is_exact = EXACT.contains(&part.type_name.trim_end_matches("[]")) || part.category == "E" || is_text;
            // The text null and NULL look alike.
            let may_be_null = self.nulls_not_distinct && **value == "null" && !"SNBD".contains(part.category.as_str());
            !is_exact || may_be_null && part.type_name != "uuid"
        })?;
        Some(Doubt::new(format!(
            "no such row was found, but {} is {}, whose text can mean another value under other settings",
            part.definition, part.type_name
        )))
    }

    /// Why the row with these values cannot be looked for; `None` where it can.
    pub fn unsearchable(&self, values: &[&str]) -> Option<Doubt> {
        if let Some(part) = self.key.iter().find(|part| part.equality.is_none()) {
            return Some(Doubt::new(format!("{} is not compared by equality", part.definition)));
        }
        if self.is_of_materialized_view {
            return Some(Doubt::new("a materialized view: the duplicates are in what its query returns"));
        }
        if let Some((part, value)) = self.key.iter().zip(values).find(|(part, value)| is_local_interval(part, value)) {
            return Some(Doubt::new(format!(
                "{} reads {value}, which means another time under another IntervalStyle",
                part.definition
            )));
        }
        let (part, value) = self.key.iter().zip(values).find(|(part, value)| is_local_date(part, value))?;
        Some(Doubt::new(format!("{} reads {value}, which another DateStyle than ISO wrote", part.definition)))
    }
}

/// A date that does not begin with its year means another day under another `DateStyle`; so does one in an array or a
/// range.
fn is_local_date(part: &KeyPart, value: &str) -> bool {
    let type_name = part.type_name.as_str();
    let in_range = ["daterange", "datemultirange", "tsrange", "tsmultirange", "tstzrange", "tstzmultirange"];
    if type_name.ends_with("[]") && is_date(type_name) || in_range.contains(&type_name.trim_end_matches("[]")) {
        let is_mark = |letter: char| letter.is_whitespace() || "{}[](),=\"".contains(letter);
        return value.split(is_mark).any(|word| {
            word.starts_with(|letter: char| letter.is_ascii_digit()) && !word.contains(':') && !begins_with_year(word)
        });
    }
    is_date(type_name) && !value.ends_with("infinity") && value != "null" && !begins_with_year(value)
}

/// The style `sql_standard` writes no units, and one sign for several fields.
fn is_local_interval(part: &KeyPart, value: &str) -> bool {
    let has_unit = value.contains(|letter: char| letter.is_ascii_alphabetic());
    let is_time_alone = !value.contains(' ') && !value.trim_start_matches('-').contains('-');
    match part.type_name.as_str() {
        "interval" => !has_unit && !is_time_alone,
        "interval[]" => true,
        _ => false,
    }
}

fn is_date(type_name: &str) -> bool {
    type_name.trim_end_matches("[]") == "date" || type_name.starts_with("timestamp")
}

fn begins_with_year(value: &str) -> bool {
    let year = value.bytes().take_while(u8::is_ascii_digit).count();
    year >= 4 && value[year..].starts_with('-')
}

/// Looks for the row with these values, one parameter of type text for each part: one row with `row` (JSON, or NULL
/// unless `with_row`), or none. The operators, collations and expressions are those of the index, so that it can be used and means the same.
pub fn row_sql(index: &UniqueIndex, values: &[&str], with_row: bool) -> String {
    let mut conditions: Vec<String> = index
        .key
        .iter()
        .zip(values)
        .enumerate()
        .map(|(at, (part, value))| condition(part, at + 1, index.nulls_not_distinct && *value == "null"))
        .collect();
    conditions.extend(index.predicate.iter().map(|predicate| format!("({predicate})")));
    // A role may be allowed to read no more than the key.
    let (row, columns) =
        if with_row { ("pg_catalog.row_to_json(found)::pg_catalog.text", "*") } else { ("NULL::pg_catalog.text", "1") };
    // An index covers its own table, and through partitions all of theirs; never an inheriting table.
    let only = if index.table_kind == RelationKind::Partitioned { "" } else { "ONLY " };
    format!(
        "SELECT {row} AS row FROM (SELECT {columns} FROM {only}{} WHERE {} LIMIT 1) AS found",
        index.table.to_sql(),
        conditions.join(" AND ")
    )
}

fn condition(part: &KeyPart, parameter: usize, may_be_null: bool) -> String {
    let definition = &part.definition;
    let collate = part.collation.as_ref().map(|collation| format!(" COLLATE {collation}")).unwrap_or_default();
    let equality = part.equality.as_deref().unwrap_or("OPERATOR(pg_catalog.=)");
    // Through text, as any type reads its own text so; a parameter that is not used would have no type.
    let value = format!("${parameter}::pg_catalog.text");
    let equals = |value: &str| format!("{definition}{collate} {equality} CAST({value} AS {})", part.type_name);
    match (may_be_null, part.category.as_str()) {
        (false, _) => equals(&value),
        // The text null and NULL look alike.
        (true, "S") => format!("({} OR {definition} IS NULL)", equals(&value)),
        (true, _) => format!("({definition} IS NULL AND {value} IS NOT NULL)"),
    }
}

/// The statement that lists the duplicates which keep a unique index from being built: those of the rows that fit all
/// conditions.
pub fn duplicates_sql(table: &str, key: &[String], conditions: &[String]) -> String {
    let key = key.join(", ");
    let fitting = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    format!("SELECT {key}, pg_catalog.count(*) FROM {table}{fitting} GROUP BY {key} HAVING pg_catalog.count(*) > 1;")
}
