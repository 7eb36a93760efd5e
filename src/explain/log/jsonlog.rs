//! The server's jsonlog, and JSON that collectors wrap round log lines.

use serde_json::{Map, Value};

use super::{Occurrence, Report};
use crate::explain::json;

/// What a line that is a JSON object holds.
pub(crate) enum Wrapped {
    /// A report of its own.
    Occurrence(Box<Occurrence>),
    /// Lines of text, as Docker, journald and the clouds wrap them, with the time of the wrapping.
    Lines(String, Option<String>),
    /// Nothing of ours.
    Nothing,
    /// It is none.
    NoDocument,
}

/// Takes a line apart.
pub(crate) fn unwrap(line: &[u8]) -> Wrapped {
    let Some(document) = document(line) else {
        return Wrapped::NoDocument;
    };
    let time = text_in(&document, &["timestamp", "log_time", "time", "@timestamp", "ts", "asctime"]);
    let object = document.as_object();
    let lines = object.and_then(lines);
    if let Some(lines) = lines {
        return Wrapped::Lines(lines, time);
    }
    match json::violation(&document) {
        Some(violation) => {
            let database = text_in(&document, &["dbname", "database_name", "database", "datname"]);
            let report = Report::Read(Box::new(violation));
            Wrapped::Occurrence(Box::new(Occurrence { time, database, report }))
        }
        None => Wrapped::Nothing,
    }
}

/// The line's object; of one that was cut off within a long statement, the fields before that.
fn document(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line).ok().or_else(|| {
        let statement = memchr::memmem::find(line, b",\"statement\":")?;
        serde_json::from_slice(&[&line[..statement], b"}"].concat()).ok()
    })
}

/// The text of a wrapper that knows nothing of its content.
fn lines(object: &Map<String, Value>) -> Option<String> {
    let text = ["log", "textPayload", "MESSAGE"].iter().find_map(|name| object.get(*name)?.as_str())?;
    (!text.trim_start().starts_with('{')).then(|| text.to_owned())
}

/// The first text under one of these names, however deep.
fn text_in(value: &Value, names: &[&str]) -> Option<String> {
    let object = value.as_object()?;
    let own = names.iter().find_map(|name| object.get(*name)?.as_str());
    own.map(str::to_owned).or_else(|| object.values().find_map(|inner| text_in(inner, names)))
}
