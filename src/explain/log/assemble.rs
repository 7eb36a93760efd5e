//! Puts the lines of a report together: message, DETAIL and STATEMENT stand on lines of their own.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes;

use super::{Occurrence, Report, csvlog, jsonlog, prefix};
use crate::explain::detail::is_quoting;
use crate::explain::escapes::unescaped;
use crate::explain::message::{Message, floor, messages, phrases};
use crate::explain::phrases::{LABELS, STATEMENT_LABELS};

/// Whether a line can have to do with a violation at all: most lines have not.
static INTERESTING: LazyLock<bytes::Regex> = LazyLock::new(|| {
    let words = ["23505", "UniqueViolation", "Unique constraint failed on the", "P2002", "UniqueConstraintError"];
    let words = phrases().map(|(before, ..)| before).chain(words).chain(["(unique_constraint)"]);
    let words: Vec<String> = words.map(regex::escape).collect();
    bytes::Regex::new(&words.join("|")).expect("the phrases are escaped")
});

/// The severity that begins a report, with its colon and two blanks and the verbose form's SQLSTATE, at the end of what
/// stands before the message.
static SEVERITY: LazyLock<regex::Regex> = LazyLock::new(|| {
    let pattern = r#"(?:^|[\s\d\]):|,>;"'/}-])(\p{L}+)[ \x{a0}]?[:：] {1,2}(?:[0-9A-Z]{5}: )?$"#;
    regex::Regex::new(pattern).expect("a fixed pattern")
});

/// What follows each label of the server's.
static LABEL_END: LazyLock<memchr::memmem::Finder> = LazyLock::new(|| memchr::memmem::Finder::new(b":  "));

/// A label of the server's before something else than our message: a statement or a text that quotes it.
static QUOTING: LazyLock<regex::Regex> = LazyLock::new(|| {
    let no_errors = LABELS.iter().take_while(|label| **label != "ERROR");
    let labels: Vec<&str> =
        STATEMENT_LABELS.iter().chain(no_errors).copied().chain(["DETAIL", "LOG", "NOTICE", r"DEBUG\d?"]).collect();
    regex::Regex::new(&format!(r"(?:^|[^\p{{L}}_])(?:{})[ \x{{a0}}]?[:：]  \S", labels.join("|")))
        .expect("a fixed pattern")
});

/// A severity other than a field of the same report.
static NEW_REPORT: LazyLock<regex::Regex> = LazyLock::new(|| {
    let words = "ERROR|LOG|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG\\d?|FEHLER|WARNUNG|HINWEIS|ERREUR|ATTENTION|ERRORE|\
                 ATTENZIONE|ОШИБКА|СООБЩЕНИЕ|ВАЖНО|ПРЕДУПРЕЖДЕНИЕ|FEL|VARNING|ПОМИЛКА|ПОВІДОМЛЕННЯ|오류|로그|警告|错误|日志|შეცდომა";
    regex::Regex::new(&format!("^(?:{words})[ \u{a0}]?[:：] ")).expect("a fixed pattern")
});

/// How much of one report is kept: the rest of a long statement tells nothing more.
const KEPT: usize = 64 * 1024;

/// A csvlog record that is longer is given up.
const LONGEST_RECORD: usize = 4 * 1024 * 1024;

/// How many lines of a program's log belong to a message in it, and how many of others can stand within a report.
const FOLLOWING: usize = 200;

/// How many reports can be open at once, of sessions whose lines are mixed.
const OPEN: usize = 16;

/// A report that may go on.
struct Open {
    /// What all its lines begin with; `None` in a program's log, where all that follows may belong to it.
    prefix: Option<String>,
    time: Option<String>,
    database: Option<String>,
    text: String,
    lines: usize,
    /// How many lines of others came since its last one.
    idle: usize,
    /// Whether a report with nearly the same prefix has begun since: from then on the prefix must be the same.
    is_parted: bool,
}

/// What comes of a line in which nothing was found.
#[derive(Default)]
pub(crate) struct Assembler {
    open: Vec<Open>,
    /// Whether the last line belonged to a report, so that a line with a tab goes on with it.
    goes_on: bool,
    /// A csvlog record in which a quote is open.
    record: Option<Vec<u8>>,
    /// Whether the last line without a tab was one of the server's: those with a tab go on with it.
    is_servers: bool,
    /// The last time that was seen at the beginning of a line.
    last_time: Option<String>,
    /// The beginning of the last line that can have a time, which is read when it is asked for.
    last_beginning: Vec<u8>,
}

/// Where an occurrence goes.
type Give<'a> = dyn FnMut(Occurrence) + 'a;

impl Assembler {
    /// Takes the next line.
    pub(crate) fn take(&mut self, line: &[u8], give: &mut Give) {
        if self.record.is_some() || csvlog::begins(line) {
            self.take_csv(line, give);
        } else if line.first() == Some(&b'{') {
            if !self.open.is_empty() || INTERESTING.is_match(line) {
                self.take_json(line, give);
            }
        } else if let Some(document) = document_in(line) {
            self.take_json(document, give);
        } else {
            self.take_text(line, give);
        }
    }

    /// Nothing more comes.
    pub(crate) fn finish(&mut self, give: &mut Give) {
        if let Some(record) = self.record.take() {
            csvlog::occurrence(&record).map(&mut *give);
        }
        self.open.drain(..).for_each(|open| give(open.closed()));
    }

    fn take_csv(&mut self, line: &[u8], give: &mut Give) {
        // A record that was cut off leaves a quote open: it ends where the next begins. Within a field a record that
        // somebody stored has its quotes doubled, and begins nothing.
        if self.record.is_some() && csvlog::begins(line) {
            self.record.take().and_then(|cut| csvlog::occurrence(&cut)).map(&mut *give);
        }
        let is_odd = memchr::memchr_iter(b'"', line).count() % 2 == 1;
        let Some(mut record) = self.record.take() else {
            if is_odd {
                self.record = Some(line.to_vec());
            } else {
                csvlog::occurrence(line).map(give);
            }
            return;
        };
        record.push(b'\n');
        record.extend_from_slice(line);
        if !is_odd && record.len() < LONGEST_RECORD {
            self.record = Some(record);
        } else {
            csvlog::occurrence(&record).map(give);
        }
    }

    fn take_json(&mut self, line: &[u8], give: &mut Give) {
        match jsonlog::unwrap(line) {
            jsonlog::Wrapped::Occurrence(occurrence) => give(*occurrence),
            jsonlog::Wrapped::Lines(text, time) => {
                if time.is_some() {
                    self.last_time = time;
                }
                for line in text.lines() {
                    self.take_text(line.as_bytes(), give);
                }
            }
            jsonlog::Wrapped::Nothing => {}
            // A prefix can begin with a brace.
            jsonlog::Wrapped::NoDocument => self.take_text(line, give),
        }
    }

    fn take_text(&mut self, line: &[u8], give: &mut Give) {
        let is_interesting = INTERESTING.is_match(line);
        if !is_interesting && line.first().is_some_and(|first| first.is_ascii_digit() || *first == b'[') {
            self.last_beginning.clear();
            self.last_beginning.extend_from_slice(&line[..line.len().min(64)]);
        }
        let has_tab = line.first() == Some(&b'\t');
        if !has_tab {
            self.is_servers = LABEL_END.find(line).is_some();
        }
        if self.open.is_empty() && (!is_interesting || has_tab && self.is_servers) {
            self.goes_on = false;
            return;
        }
        // Faster than from_utf8_lossy where nothing is lost.
        let line = std::str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed);
        if line.starts_with('\t') && self.goes_on {
            if let Some(open) = self.open.last_mut() {
                open.add(&line);
            }
            return;
        }
        let belongs = self.belongs(&line, is_interesting, give);
        self.goes_on = belongs;
        if !belongs && is_interesting && !(has_tab && self.is_servers) {
            self.goes_on = self.begin(&line, give);
        }
    }

    /// The last time that stood at the beginning of a line.
    fn time_before(&mut self) -> Option<String> {
        if let Some(time) = prefix::time(&String::from_utf8_lossy(&self.last_beginning)) {
            self.last_time = Some(time);
        }
        self.last_beginning.clear();
        self.last_time.clone()
    }

    /// Adds the line to the report that it belongs to, and closes those that it ends.
    fn belongs(&mut self, line: &str, is_interesting: bool, give: &mut Give) -> bool {
        // A prefix that is the same is a better match than one in which a number differs.
        let exact = |open: &Open| open.prefix.as_ref().is_some_and(|prefix| line.starts_with(prefix.as_str()));
        if let Some(same) = self.open.iter().rposition(exact) {
            let same = self.open.remove(same);
            self.open.push(same);
        }
        for at in (0..self.open.len()).rev() {
            let open = &mut self.open[at];
            open.idle += 1;
            if open.prefix.is_some() && open.idle > FOLLOWING {
                let closed = self.open.remove(at);
                give(closed.closed());
                continue;
            }
            let rest = match &open.prefix {
                Some(prefix) => match prefix::same_prefix(prefix, line) {
                    Some(rest) => &line[rest..],
                    None => continue,
                },
                None if !is_interesting && open.ends_before(line) => {
                    let closed = self.open.remove(at);
                    give(closed.closed());
                    continue;
                }
                None if open.lines < FOLLOWING && (!is_interesting || open.is_told_again_in(line)) => line,
                None => {
                    let closed = self.open.remove(at);
                    give(closed.closed());
                    continue;
                }
            };
            let is_new = NEW_REPORT.is_match(rest);
            let is_near = open.prefix.as_ref().is_some_and(|prefix| !line.starts_with(prefix.as_str()));
            if is_near && (is_new || open.is_parted) {
                // It may be another session's, whose lines must not be taken for this one's.
                open.is_parted = true;
                continue;
            }
            if open.prefix.is_some() && (is_new || !rest.contains(": ")) {
                let closed = self.open.remove(at);
                give(closed.closed());
                continue;
            }
            open.add(rest);
            // What follows with a tab goes on with this one.
            let open = self.open.remove(at);
            self.open.push(open);
            return true;
        }
        false
    }

    /// Begins a report, unless the line only quotes one.
    fn begin(&mut self, line: &str, give: &mut Give) -> bool {
        let message = phrases().filter_map(|(before, ..)| line.find(before)).min();
        let before = &line[..message.unwrap_or(0)];
        let severity = SEVERITY.captures(before).and_then(|found| found.get(1));
        if message.is_some() && (QUOTING.is_match(before) || is_quoting(before)) {
            return false;
        }
        if self.open.len() >= OPEN {
            give(self.open.remove(0).closed());
        }
        // Where a program prints the error, what stands before it is no prefix of all its lines.
        let is_program = |prefix: &str| {
            ["UniqueViolation", "SQLSTATE[", "Exception", "Error"].iter().any(|word| prefix.contains(word))
        };
        let prefix = severity.map(|severity| &before[..severity.start()]).filter(|prefix| !is_program(prefix));
        let seen = prefix.unwrap_or(&line[..floor(line, 200)]);
        let time = prefix::time(seen).or_else(|| self.time_before());
        let database = prefix.and_then(prefix::database);
        // A program prints the server's own form, too, and has no prefix before each line.
        let prefix = prefix.filter(|prefix| !prefix.is_empty() && line.contains(":  ")).map(str::to_owned);
        let text = &line[prefix.as_ref().map_or(0, String::len)..];
        let mut open = Open { prefix, time, database, text: String::new(), lines: 0, idle: 0, is_parted: false };
        open.add(text);
        self.open.push(open);
        true
    }
}

/// How programs tell an error again that another one was caused by.
const AGAIN: [&str; 7] = ["Caused by", "Exception", "Error:", "Error(", "parent:", "original:", "cause"];

/// The document behind what a collector puts before each line (`app-1  | {…}`), or within an array with one a line.
fn document_in(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_end();
    let line = line.strip_suffix(b",").or_else(|| line.strip_suffix(b"]")).unwrap_or(line);
    let start = memchr::memchr(b'{', &line[..line.len().min(200)])?;
    let is_document = line.ends_with(b"}") && line.get(start + 1) == Some(&b'"') && INTERESTING.is_match(line);
    let document = &line[start..];
    (is_document && serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(document).is_ok())
        .then_some(document)
}

/// The message in a text, through one layer of escapes.
fn message_in(text: &str) -> Option<Message> {
    messages(text).next().or_else(|| messages(&unescaped(text)).next())
}

impl Open {
    /// Whether a line belongs to the same error: the code beside it, or the message again in a chain of causes.
    fn is_told_again_in(&self, line: &str) -> bool {
        let has_time = prefix::time(&line[..floor(line, 100)]).is_some();
        let (own, theirs) = (message_in(&self.text), message_in(line));
        let Some(message) = theirs else {
            // A dump shows the code beside its message; where there is no message each code is an error of its own.
            return own.is_some() && !has_time;
        };
        own.is_some_and(|first| first.names == message.names)
            && !has_time
            && AGAIN.iter().any(|word| line.contains(word))
            && self.text.lines().next() != Some(line)
    }

    /// Whether the server's own form without a prefix ends before a line.
    fn ends_before(&self, line: &str) -> bool {
        NEW_REPORT.is_match(line) && line.contains(":  ") && NEW_REPORT.is_match(&self.text)
    }

    fn add(&mut self, line: &str) {
        if self.text.len() + line.len() < KEPT {
            self.text.push_str(line);
            self.text.push('\n');
        } else if self.text.len() < KEPT {
            self.text.push_str(&line[..floor(line, KEPT - self.text.len())]);
            self.text.push('\n');
        }
        self.lines += 1;
        self.idle = 0;
    }

    fn closed(self) -> Occurrence {
        Occurrence { time: self.time, database: self.database, report: Report::Text(Cow::from(self.text).into_owned()) }
    }
}
