//! A report as rows of text, for every format that is a table.

use pgseqfix::model::{Entry, Level, Mode, Outcome, Status};

use super::number::{grouped, share_bar};

/// Which side a column keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// The headings with their sides.
pub fn headings(mode: Mode) -> Vec<(&'static str, Side)> {
    let set = match mode {
        Mode::Scan => "would set",
        Mode::DryRun => "will set",
        Mode::Fix => "outcome",
    };
    vec![
        ("status", Side::Left),
        ("column", Side::Left),
        ("sequence", Side::Left),
        ("last value", Side::Right),
        ("farthest", Side::Right),
        ("next collision", Side::Right),
        ("collide", Side::Right),
        ("range used", Side::Left),
        (set, Side::Right),
    ]
}

/// The cells of one sequence, in the headings' order.
pub fn cells(entry: &Entry, mode: Mode) -> Vec<String> {
    let finding = &entry.finding;
    let collisions = entry.collisions();
    let number = |value: Option<i64>| value.map(grouped).unwrap_or_default();
    vec![
        finding.word().replace('_', " "),
        columns(entry),
        finding.sequence.name.to_string(),
        finding
            .state
            .map(|state| {
                if state.is_called {
                    grouped(state.last_value)
                } else {
                    format!("{} (not called)", grouped(state.last_value))
                }
            })
            .unwrap_or_default(),
        number(finding.farthest()),
        number(collisions.map(|collisions| collisions.nearest)),
        collisions
            .map(|collisions| {
                format!("{}{}", grouped(collisions.calls), if collisions.calls_is_minimum { "+" } else { "" })
            })
            .unwrap_or_default(),
        finding.used_share().map(share_bar).unwrap_or_default(),
        set(entry, mode),
    ]
}

/// The columns that count; of many, the first and how many more.
fn columns(entry: &Entry) -> String {
    let columns = &entry.finding.columns;
    let counted: Vec<&_> = columns.iter().filter(|column| column.counts()).collect();
    let shown = if counted.is_empty() { columns.iter().collect() } else { counted };
    match shown.as_slice() {
        [] => String::new(),
        [only] => only.name(),
        [first, rest @ ..] => format!("{} (+{})", first.name(), rest.len()),
    }
}

/// What is, or will be, set; how safely, where that is less than full.
fn set(entry: &Entry, mode: Mode) -> String {
    let level = entry.fix.as_ref().map(|fix| Level::from(fix.protection)).filter(|level| *level != Level::Full);
    let level = level.map(|level| format!(" ({})", level.word())).unwrap_or_default();
    match (&entry.outcome, mode) {
        (Some(Outcome::Set { after, .. } | Outcome::Advanced { after, .. }), _) => {
            format!("set {}{level}", grouped(after.last_value))
        }
        (Some(Outcome::Moved { after, .. }), _) => format!("moved to {}", grouped(after.last_value)),
        (Some(outcome), _) => outcome.word().replace('_', " "),
        (None, _) if entry.left_out.is_some() && entry.finding.level() == Some(Level::CheckOnly) => {
            obstacle(entry).to_owned()
        }
        (None, Mode::Fix) => String::new(),
        (None, _) => entry.fix.as_ref().map(|fix| format!("{}{level}", grouped(fix.to.last_value))).unwrap_or_default(),
    }
}

/// What keeps a sequence from being fixed that is only checked: the server, or what our role lacks.
fn obstacle(entry: &Entry) -> &'static str {
    let finding = &entry.finding;
    match finding.status {
        // Nothing was checked.
        Status::Unreadable(_) => "",
        _ if finding.sequence.restriction.is_some() => "check only",
        // No role would fix it.
        _ if entry.left_out == finding.doubt() => "",
        _ => "not allowed",
    }
}
