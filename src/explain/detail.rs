//! Finds the DETAIL around a message.

use std::sync::LazyLock;

use regex::Regex;

use super::key::{Key, has_known_words};
use super::message::{Message, floor};
use super::phrases::{CONTEXT_LABELS, DETAIL_LABELS, ERROR_SEVERITIES, LABELS, OTHER_SEVERITIES, STATEMENT_LABELS};

/// The labels of other fields, and of other reports.
static LABEL: LazyLock<Regex> = LazyLock::new(|| labelled(&[STATEMENT_LABELS, LABELS].concat()));

/// The labels of fields that show a statement, in which brackets mean something else.
static STATEMENT: LazyLock<Regex> = LazyLock::new(|| labelled(STATEMENT_LABELS));

/// The label of the field that shows which function ran a statement.
static CONTEXT: LazyLock<Regex> = LazyLock::new(|| labelled(CONTEXT_LABELS));

/// The severity that begins a report, with its two blanks.
static SEVERITY: LazyLock<Regex> = LazyLock::new(|| {
    let words = [ERROR_SEVERITIES, OTHER_SEVERITIES].concat().join("|");
    Regex::new(&format!(r"(?:^|[\s\])|,>;:])(?:{words})[ \x{{a0}}]?[:：]  ")).expect("the labels are plain words")
});

/// The label of the DETAIL, with its two blanks: drivers label the whole message so.
static DETAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"\b(?:{})[ \x{{a0}}]?[:：]  ", DETAIL_LABELS.join("|"))).expect("the labels are plain words")
});

fn labelled(labels: &[&str]) -> Regex {
    Regex::new(&format!(r"\b(?:{})[ \x{{a0}}]?[:：]", labels.join("|"))).expect("the labels are plain words")
}

/// No prefix of a log's lines is longer.
const LONGEST_PREFIX: usize = 300;

/// Where a label ends that begins a field: at the line's beginning, or behind the prefix of a log, where two blanks
/// follow it.
fn label_end(labels: &Regex, line: &str) -> Option<usize> {
    let found = labels.find(line)?;
    let (before, behind) = (&line[..found.start()], &line[found.end()..]);
    let is_first = before.trim().is_empty();
    let is_prefixed = !line.starts_with('\t') && before.len() <= LONGEST_PREFIX && behind.starts_with("  ");
    (is_first || is_prefixed).then_some(found.end())
}

/// How many lines with a key in them are looked at.
const TRIES: usize = 20;

/// The key in what follows a message. In a language that is not known the line next to the message has it; farther off
/// only the server's own words tell a DETAIL from a statement with brackets.
pub(crate) fn behind_message(text: &str) -> Option<Key> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').enumerate().filter_map(|(number, line)| {
        let from = start;
        start += line.len();
        line.contains(")=(").then_some((number, from, line))
    });
    lines.filter(|(.., line)| !is_statement(line)).take(TRIES).find_map(|(number, from, _)| {
        let detail = extent(&text[from..]);
        (has_known_words(detail) || number <= 1 && !is_sql(detail)).then(|| key(detail)).flatten()
    })
}

/// Words before the brackets that no DETAIL has.
static SQL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:select|insert|update|delete|where|values|set|from|and|on)\b").expect("a fixed pattern")
});

fn is_sql(detail: &str) -> bool {
    detail.find(")=(").is_some_and(|key| SQL.is_match(&detail[..key]))
}

/// The key in what comes before a message: only where the server's own words follow it.
pub(crate) fn before_message(text: &str) -> Option<Key> {
    let at = text.rfind(")=(")?;
    let line = text[..at].rfind('\n').map_or(text, |end| &text[end + 1..]);
    if !has_known_words(line) || is_statement(line) {
        return None;
    }
    Key::find(line)
}

/// The CONTEXT in what follows a message, up to the next field.
pub(crate) fn context(text: &str) -> Option<&str> {
    let mut start = 0;
    let mut lines = text.split_inclusive('\n').map(|line| {
        start += line.len();
        (start - line.len(), line)
    });
    let (from, line) = lines.find(|(_, line)| label_end(&CONTEXT, line).is_some())?;
    let more = text[from + line.len()..].split_inclusive('\n').take_while(|line| label_end(&LABEL, line).is_none());
    Some(&text[from..from + line.len() + more.map(str::len).sum::<usize>()])
}

/// Whether a message stands in a field that quotes other texts, so that it is not the error.
pub(crate) fn is_quoted(text: &str, message: &Message) -> bool {
    let before = &text[floor(text, message.start.saturating_sub(QUOTED_REACH))..message.start];
    is_quoting(before.rsplit('\n').next().unwrap_or_default())
}

/// How far before a message its line's label is looked for: a line can be as long as the text.
const QUOTED_REACH: usize = 8 * 1024;

/// Whether a line's beginning labels a field that quotes other texts: a DETAIL that shows a row, or a statement.
pub(crate) fn is_quoting(beginning: &str) -> bool {
    // Behind the server's own label, with its two blanks, the message begins at once, or behind its SQLSTATE.
    if let Some(label) = SEVERITY.find_iter(beginning).last() {
        let is_error = ERROR_SEVERITIES
            .iter()
            .any(|word| label.as_str().trim_start_matches(|letter: char| !letter.is_alphabetic()).starts_with(word));
        let behind = beginning[label.end()..].trim();
        if !is_error || !matches!(behind, "" | "23505:") {
            return true;
        }
    }
    if beginning.starts_with("LINE ") {
        return true;
    }
    let is_label = |labels: &Regex| {
        labels.find(beginning).is_some_and(|label| {
            beginning[..label.start()].trim().is_empty() || beginning[label.end()..].starts_with("  ")
        })
    };
    is_label(&STATEMENT) || is_label(&DETAIL)
}

/// Whether the label stands before the brackets: a value may hold anything.
fn is_statement(line: &str) -> bool {
    label_end(&STATEMENT, line).zip(line.find(")=(")).is_some_and(|(label, key)| label <= key)
}

/// The DETAIL that a text begins with: up to the next field.
fn extent(text: &str) -> &str {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    // A dump may show the same DETAIL twice.
    let more = lines.take_while(|line| label_end(&LABEL, line).is_none() && line.trim() != first.trim());
    &text[..first.len() + more.map(str::len).sum::<usize>()]
}

fn key(detail: &str) -> Option<Key> {
    let key = Key::find_in_detail(detail)?;
    let is_log = detail.contains("\n\t") && detail.trim_end().lines().skip(1).all(|line| line.starts_with('\t'));
    if !is_log {
        return Some(key);
    }
    // The server's log puts a tab at the beginning of every further line.
    let mut from_log = Key::find_in_detail(&detail.replace("\n\t", "\n"))?;
    from_log.values.extend(key.values);
    from_log.values.dedup();
    Some(from_log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_with_brackets_is_no_detail() {
        assert_eq!(behind_message("\nSTATEMENT:  insert into t select 1 where (a)=(1)\n"), None);
        assert_eq!(behind_message("\n\n  where (a)=(1);\n"), None);
        assert_eq!(before_message("insert into t select 1 where (a)=(1);\n"), None);
        assert!(behind_message("\n\n\nDETAIL:  Key (a)=(1) already exists.\n").is_some());
    }
}
