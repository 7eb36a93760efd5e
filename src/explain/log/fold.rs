//! Thousands of errors folded into one line a constraint.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Occurrence, Report};
use crate::explain::detail::is_quoted;
use crate::explain::fields::psql_schema;
use crate::explain::message::{floor, messages};
use crate::explain::parse::{Reading, parse};
use crate::explain::statement::Statement;
use crate::explain::violation::Violation;

/// How many constraints are told apart; what comes after is counted together.
const MANY: usize = 4_000;

/// How much of the last report is kept of each.
const KEPT: usize = 8 * 1024;

/// The violations of one constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The database, where the log tells it.
    pub database: Option<String>,
    /// How many there were.
    pub count: u64,
    /// When the first one was, as the log writes it.
    pub first: Option<String>,
    /// When the last one was.
    pub last: Option<String>,
    /// The last one of them.
    pub violation: Violation,
}

/// What was counted so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// By database, schema and constraint, as far as they are told.
    entries: HashMap<(Option<String>, Option<String>, String), Entry>,
    /// How many lines were read.
    pub lines: u64,
    /// How many violations were counted.
    pub violations: u64,
    /// How many of them belong to none of the constraints that are told apart.
    pub beyond: u64,
}

#[derive(Debug)]
struct Entry {
    count: u64,
    first: Option<String>,
    last: Option<String>,
    last_report: Report,
}

impl Folded {
    /// Takes off what does not belong to the database's name: other words of the prefix can follow it, and a name can have
    /// blanks, so that the longest that the server has is the one.
    pub fn settle_database(&mut self, databases: &[String]) {
        let Some(named) = &self.database else {
            return;
        };
        let fits = |database: &&String| {
            named.strip_prefix(database.as_str()).is_some_and(|behind| behind.is_empty() || behind.starts_with(' '))
        };
        if let Some(database) = databases.iter().filter(fits).max_by_key(|database| database.len()) {
            self.database = Some(database.clone());
        }
    }

    /// Whether it can have been in a database: the log tells none, or this one.
    pub fn can_be_of(&self, database: &str) -> bool {
        self.database.as_ref().is_none_or(|named| named == database)
    }

    /// Counts the violations of another one with these: they turned out to be of the same index.
    pub fn absorb(&mut self, other: Self) {
        self.count += other.count;
        let is_before = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => is_one_form(one, other) && in_order(one) < in_order(other),
            (one, None) => one.is_some(),
            (None, Some(_)) => false,
        };
        if is_before(&other.first, &self.first) {
            self.first = other.first;
        }
        if self.last.is_none() || is_before(&self.last, &other.last) {
            (self.last, self.violation) = (other.last, other.violation);
        }
    }
}

impl Tally {
    /// Counts an occurrence; a text that turns out to be none is not counted.
    pub(crate) fn take(&mut self, occurrence: Occurrence) {
        let Occurrence { time, database, report } = occurrence;
        let of_violation =
            |violation: Box<Violation>| (violation.schema.clone(), name(&violation), Report::Read(violation));
        let (schema, name, report) = match report {
            Report::Text(text) => {
                let message = messages(&text).find(|message| !is_quoted(&text, message));
                match message.and_then(|message| message.names.into_iter().next()) {
                    Some(name) => {
                        let of_statement = || Statement::find_in_report(&text)?.schema;
                        (psql_schema(&text).map(str::to_owned).or_else(of_statement), name, Report::Text(text))
                    }
                    None => match parse(&text) {
                        Reading::Violation(violation) => of_violation(violation),
                        _ => return,
                    },
                }
            }
            Report::Read(violation) => of_violation(violation),
        };
        self.violations += 1;
        let is_known = self.entries.len() < MANY;
        match self.entries.entry((database, schema, name)) {
            std::collections::hash_map::Entry::Occupied(mut entry) => entry.get_mut().take(time, report),
            std::collections::hash_map::Entry::Vacant(entry) if is_known => {
                entry.insert(Entry { count: 1, first: time.clone(), last: time, last_report: small(report) });
            }
            std::collections::hash_map::Entry::Vacant(_) => self.beyond += 1,
        }
    }

    /// One of each constraint, the most frequent first.
    pub fn folded(self) -> Vec<Folded> {
        let mut folded: Vec<Folded> = self
            .entries
            .into_iter()
            .map(|((database, _, name), entry)| {
                let violation = match entry.last_report {
                    Report::Read(violation) => *violation,
                    Report::Text(text) => match parse(&text) {
                        Reading::Violation(violation) => *violation,
                        _ => Violation { constraints: vec![name], ..Violation::default() },
                    },
                };
                Folded { database, count: entry.count, first: entry.first, last: entry.last, violation }
            })
            .collect();
        folded.sort_by(|one, other| {
            let by_name = || one.violation.constraints.cmp(&other.violation.constraints);
            other.count.cmp(&one.count).then_with(by_name).then_with(|| one.database.cmp(&other.database))
        });
        folded
    }
}

impl Entry {
    fn take(&mut self, time: Option<String>, report: Report) {
        self.count += 1;
        let Some(time) = time else {
            self.last_report = small(report);
            return;
        };
        // Logs may be given in any order; times of one form can be compared as texts.
        let is_comparable = |known: &Option<String>| known.as_ref().is_some_and(|known| is_one_form(known, &time));
        if !is_comparable(&self.first) {
            self.first.get_or_insert_with(|| time.clone());
        } else if self.first.as_ref().is_some_and(|first| in_order(&time) < in_order(first)) {
            self.first = Some(time.clone());
        }
        if !is_comparable(&self.last) || self.last.as_ref().is_some_and(|last| in_order(&time) >= in_order(last)) {
            self.last = Some(time);
            self.last_report = small(report);
        }
    }
}

/// Whether two times can be compared as texts: both with their year first and in one zone, or both seconds since 1970.
fn is_one_form(one: &str, other: &str) -> bool {
    let is_epoch = |time: &str| time.get(10..11) == Some(".");
    let zone = |time: &str| {
        let is_iso = time.get(4..5) == Some("-");
        is_iso.then(|| {
            time.get(19..)
                .unwrap_or_default()
                .trim_start_matches(['.', ','])
                .trim_start_matches(|letter: char| letter.is_ascii_digit())
                .to_owned()
        })
    };
    is_epoch(one) && is_epoch(other) || zone(one).is_some() && zone(one) == zone(other)
}

/// A time in a form whose order as a text is that of the times: a T in its middle stands for a blank.
fn in_order(time: &str) -> Cow<'_, str> {
    if time.get(10..11) == Some("T") { Cow::Owned(time.replacen('T', " ", 1)) } else { Cow::Borrowed(time) }
}

/// What the violations of one constraint have in common.
fn name(violation: &Violation) -> String {
    match (violation.constraint(), &violation.key) {
        (Some(name), _) => name.to_owned(),
        (None, Some(key)) => format!("{}({})", violation.table.as_deref().unwrap_or_default(), key.columns.join(", ")),
        (None, None) => String::new(),
    }
}

fn cut(mut text: String) -> String {
    text.truncate(floor(&text, KEPT));
    text
}

/// A value that is too long to be kept is not told.
fn small(report: Report) -> Report {
    match report {
        Report::Read(mut violation) => {
            if let Some(key) = &mut violation.key {
                key.values.retain(|value| value.len() < KEPT);
            }
            Report::Read(violation)
        }
        Report::Text(text) => Report::Text(cut(text)),
    }
}
