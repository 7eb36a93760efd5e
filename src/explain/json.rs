//! Error reports that are JSON objects: jsonlog, `PostgREST`, and what programs wrap round a message.

use serde_json::{Map, Value};

use super::framework::adapter_key;
use super::plain::parse_plain;
use super::report::ServerReport;
use super::violation::Violation;

/// How deep objects are looked into.
const DEEPEST: usize = 16;

/// What a document tells of: a violation, or the SQLSTATE of another error.
pub(crate) type Told = Result<Violation, String>;

/// What a document tells of.
pub(crate) fn told(document: &Value) -> Option<Told> {
    in_value(document, DEEPEST)
}

/// The violation that a document tells of.
pub(crate) fn violation(document: &Value) -> Option<Violation> {
    told(document)?.ok()
}

fn in_value(value: &Value, depth: usize) -> Option<Told> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Object(object) => {
            let report = report(object);
            // The server's own log: its code decides, and what its other fields quote is no report.
            if object.contains_key("error_severity") && report.sqlstate != Some("23505") {
                return report.other_code().map(|code| Err(code.to_owned()));
            }
            if let Some(violation) = report.violation() {
                return Some(Ok(with_fields(violation, object)));
            }
            // The statement of another error may hold the text of ours.
            if let Some(code) = report.other_code().filter(|_| object.contains_key("severity")) {
                return Some(Err(code.to_owned()));
            }
            // What is wrapped is more exact than the wrapper's words.
            let (nested, plain): (Vec<&Value>, Vec<&Value>) =
                object.values().partition(|value| value.is_object() || value.is_array());
            nested
                .into_iter()
                .chain(plain)
                .find_map(|inner| in_value(inner, depth))
                .or_else(|| framework(object).map(Ok))
        }
        Value::Array(items) => items.iter().find_map(|inner| in_value(inner, depth)),
        Value::String(text) => in_text(text),
        _ => None,
    }
}

/// A string can hold a document, or a text.
fn in_text(text: &str) -> Option<Told> {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(document) = serde_json::from_str::<Value>(text)
    {
        return told(&document);
    }
    parse_plain(text).map(Ok)
}

/// Some name the columns beside the server's message.
fn with_fields(mut violation: Violation, object: &Map<String, Value>) -> Violation {
    if violation.key.is_none() {
        violation.key = adapter_key(&Value::Object(object.clone()).to_string());
    }
    violation
}

/// Prisma's error names things outside of its message.
fn framework(object: &Map<String, Value>) -> Option<Violation> {
    (object.get("code").and_then(Value::as_str) == Some("P2002"))
        .then(|| parse_plain(&Value::Object(object.clone()).to_string()))
        .flatten()
}

/// The fields of an object that have the names of the server's fields, as jsonlog and drivers spell them.
pub(crate) fn report(object: &Map<String, Value>) -> ServerReport<'_> {
    let field =
        |names: &[&str]| names.iter().find_map(|name| object.get(*name)?.as_str()).filter(|text| !text.is_empty());
    ServerReport {
        sqlstate: field(&["state_code", "sql_state_code", "sqlstate", "sqlState", "SqlState", "code"]),
        message: field(&["message", "messageText", "MessageText", "originalMessage"]),
        detail: field(&["detail", "details", "Detail"]),
        constraint: field(&["constraint", "constraint_name", "constraintName", "ConstraintName"]),
        schema: field(&["schema", "schema_name", "schemaName", "SchemaName"]),
        table: field(&["table", "table_name", "tableName", "TableName"]),
        statement: field(&["statement", "query"]),
        context: field(&["context", "where"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_found_however_deep_it_is_wrapped() {
        let text = r#"{"level":"error","err":{"code":"23505","details":"Key (id)=(a\"b) already exists.","hint":null,
            "message":"duplicate key value violates unique constraint \"users_pkey\""}}"#;
        let found = violation(&serde_json::from_str(text).expect("JSON")).expect("a violation");
        assert_eq!((found.constraint(), found.values()), (Some("users_pkey"), Some("a\"b")));
        let wrapped = serde_json::json!({ "textPayload": text });
        assert_eq!(violation(&wrapped), Some(found));
    }
}
