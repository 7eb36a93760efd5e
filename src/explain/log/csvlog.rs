//! The server's csvlog (<https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-CSVLOG>).

use super::{Occurrence, Report};
use crate::explain::report::ServerReport;

/// Whether a line begins a record: with its time, and a comma where stderr's prefix would go on. Asked for every line, so
/// without a regular expression.
pub(crate) fn begins(line: &[u8]) -> bool {
    const TIME: &[u8] = b"0000-00-00 00:00:00.000 ";
    let Some((time, rest)) = line.split_at_checked(TIME.len()) else {
        return false;
    };
    let has_form = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    if !time.iter().zip(TIME).all(has_form) {
        return false;
    }
    let zone = rest.iter().take(11).position(|byte| matches!(byte, b' ' | b'"' | b','));
    // A user's name in quotes, no user, or one without quotes (never the server's). An empty one is nobody's.
    match zone.map(|end| &rest[end..]) {
        Some([b',', b'"', next, ..]) => *next != b'"',
        Some([b',', next, ..]) => *next == b',' || next.is_ascii_digit(),
        _ => false,
    }
}

/// The fields, by their places in the manual's table.
mod place {
    pub(super) const TIME: usize = 0;
    pub(super) const DATABASE: usize = 2;
    pub(super) const SQLSTATE: usize = 12;
    pub(super) const MESSAGE: usize = 13;
    pub(super) const DETAIL: usize = 14;
    pub(super) const CONTEXT: usize = 18;
    pub(super) const QUERY: usize = 19;
}

/// The violation in a record.
pub(crate) fn occurrence(record: &[u8]) -> Option<Occurrence> {
    memchr::memmem::find(record, b"23505")?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(record);
    let mut fields = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut fields).ok()? {
        return None;
    }
    let field = |at: usize| {
        let text = String::from_utf8_lossy(fields.get(at)?).into_owned();
        (!text.is_empty()).then_some(text)
    };
    if field(place::SQLSTATE)? != "23505" {
        return None;
    }
    let (message, detail) = (field(place::MESSAGE), field(place::DETAIL));
    let (context, query) = (field(place::CONTEXT), field(place::QUERY));
    let report = ServerReport {
        sqlstate: Some("23505"),
        message: message.as_deref(),
        detail: detail.as_deref(),
        context: context.as_deref(),
        statement: query.as_deref(),
        ..ServerReport::default()
    };
    let report = Report::Read(Box::new(report.violation()?));
    Some(Occurrence { time: field(place::TIME), database: field(place::DATABASE), report })
}
