//! Finds the server's message and the constraint's name in it.

use std::sync::LazyLock;

use regex::Regex;

use super::phrases::{DUPLICATE_KEY, INDEX_BUILD};
use super::violation::Occasion;

/// Where a message is, and what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where the likeliest name ends, its quote included.
    pub(crate) end: usize,
    /// The name; several where its end is not certain.
    pub(crate) names: Vec<String>,
    /// What was being done.
    pub(crate) occasion: Occasion,
}

/// How much of a text before and behind a message belongs to it.
pub(crate) const REACH: usize = 1024 * 1024;

/// The quotes that translations put round a name.
const QUOTES: [(char, &str); 10] = [
    ('"', "\""),
    ('\'', "'"),
    ('`', "`'"),
    ('„', "“”\""),
    ('“', "”"),
    ('»', "«"),
    ('«', "»"),
    ('「', "」"),
    ('『', "』"),
    ('‘', "’"),
];

/// Names have 63 bytes; a server can be built for longer ones.
const LONGEST_NAME: usize = 255;

/// In logical replication (18): `Key already exists in unique index "%s", modified …`.
const CONFLICT: &str = "Key already exists in unique index";

/// The words before the name, what was being done, and the words behind the name.
pub(crate) fn phrases() -> impl Iterator<Item = (&'static str, Occasion, &'static str)> {
    let written = DUPLICATE_KEY.iter().map(|(before, behind)| (*before, Occasion::Write, *behind));
    let built = INDEX_BUILD.iter().map(|(before, behind)| (*before, Occasion::IndexBuild, *behind));
    written.chain(built).chain([(CONFLICT, Occasion::Replication, "")])
}

static MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
    let words: Vec<String> = phrases().map(|(before, ..)| format!("({})", wrapped(before))).collect();
    // French puts a blank that does not break behind its quotes, which are found by their own letters.
    let pattern = format!(r#"(?:{})[ \x{{a0}}\n]*["'`„“»«「『‘]"#, words.join("|"));
    Regex::new(&pattern).expect("the phrases are escaped")
});

/// A pattern for words between which a program may have broken the line.
fn wrapped(words: &str) -> String {
    regex::escape(words).replace(' ', r"\s+")
}

static UNNAMED: LazyLock<Regex> = LazyLock::new(|| {
    let words: Vec<String> = DUPLICATE_KEY.iter().map(|(before, _)| wrapped(before)).collect();
    Regex::new(&words.join("|")).expect("the phrases are escaped")
});

/// A name without quotes, as a shell, a Markdown or HTML page leaves it: one plain word behind the message.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    let words: Vec<String> = DUPLICATE_KEY.iter().map(|(before, _)| wrapped(before)).collect();
    let pattern = format!(r#"(?:{})[ \t]*(?:<[a-z]+>|[*_`”’"'])*([\w$]+)"#, words.join("|"));
    Regex::new(&pattern).expect("the phrases are escaped")
});

/// The name in a message that has no quotes round it, and where it ends.
pub(crate) fn bare_name(text: &str) -> Option<(String, usize)> {
    let name = BARE.captures(text)?.get(1)?;
    let is_label = ["DETAIL", "Detail", "HINT", "STATEMENT", "CONTEXT"].contains(&name.as_str());
    (!is_label).then(|| (name.as_str().to_owned(), name.end()))
}

/// Where the message begins, with or without a name; of a long text the first ones.
pub(crate) fn message_starts(text: &str) -> impl Iterator<Item = usize> {
    UNNAMED.find_iter(text).take(100).map(|found| found.start())
}

/// Every message in a text, in order.
pub(crate) fn messages(text: &str) -> impl Iterator<Item = Message> {
    MESSAGE.captures_iter(text).filter_map(move |found| {
        let whole = found.get(0)?;
        let (number, (_, occasion, behind)) =
            phrases().enumerate().find(|(number, _)| found.get(number + 1).is_some())?;
        debug_assert!(number < 64, "a handful of phrases");
        let open = whole.as_str().chars().next_back()?;
        let (names, end) = names(&text[whole.end()..], open, behind)?;
        Some(Message { start: whole.start(), end: whole.end() + end, names, occasion })
    })
}

/// Finds a quoted name at the beginning of a text; for messages in languages that are not known.
pub(crate) fn quoted_name(text: &str) -> Option<(String, usize)> {
    let open = text.chars().next()?;
    let (names, end) = names(&text[open.len_utf8()..], open, "")?;
    Some((names.into_iter().next()?, open.len_utf8() + end))
}

/// How a driver goes on behind the name.
const GOES_ON: [&str; 14] =
    [",", ";", ")", "]", "}", ":", "\\", " (", " [", " DETAIL", " Detail", " detail", " at ", " -"];

/// The names that can stand behind an opening quote, the likeliest first, and where that one ends.
///
/// The server doubles no quotes in a message: `"a"b"` is the name `a"b`. In its own form nothing follows the name on the
/// line, so the last quote ends it; where a driver goes on behind it, the first one does.
fn names(text: &str, open: char, behind: &str) -> Option<(Vec<String>, usize)> {
    let (_, closing) = QUOTES.iter().find(|(quote, _)| *quote == open)?;
    // Cut before a line's end is looked for: it can be megabytes away, and that from every message.
    let near = &text[..floor(text, LONGEST_NAME * 2)];
    let line = &near[..near.find('\n').unwrap_or(near.len())];
    let mut ends = closings(line, closing, open);
    let own = ends.len();
    if own == 0 {
        // The name itself may hold a line's end.
        ends.extend(closings(&text[..floor(text, LONGEST_NAME)], closing, open).into_iter().take(1));
    }
    let rest = line.trim_end();
    let follows =
        |(at, width): &(usize, usize), words: &str| line.get(at + width..).is_some_and(|rest| rest.starts_with(words));
    let is_last = |(at, width): &(usize, usize)| at + width == rest.len();
    let goes_on = |end: &(usize, usize)| GOES_ON.iter().any(|words| follows(end, words));
    let is_sure = |end: &(usize, usize)| is_last(end) || goes_on(end) || !behind.is_empty() && follows(end, behind);
    if own > 0 && !ends.iter().any(is_sure) {
        // A quote within the name, and then a line's end: it ends with a later line.
        let later = closings(&text[..floor(text, LONGEST_NAME)], closing, open);
        let ends_line =
            |&(at, width): &(usize, usize)| text[at + width..].chars().next().is_none_or(|next| next == '\n');
        ends.extend(later.into_iter().filter(|end| end.0 > line.len() && ends_line(end)).take(1));
    }
    let likeliest = ends
        .iter()
        .rposition(|end| !behind.is_empty() && follows(end, behind))
        .or_else(|| if ends.first().is_some_and(goes_on) { None } else { ends.iter().rposition(is_last) })
        .unwrap_or(0);
    let &(at, width) = ends.get(likeliest)?;
    ends.swap(0, likeliest);
    let mut found: Vec<String> = Vec::new();
    for (end, _) in ends.into_iter().take(8) {
        // French sets its quotes off with blanks; in other quotes a blank belongs to the name.
        let is_set_off = open == '«';
        let name = text[..end].trim_matches(|letter| is_set_off && matches!(letter, ' ' | '\u{a0}' | '\u{202f}'));
        if !name.is_empty() && name.len() <= LONGEST_NAME && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    (!found.is_empty()).then_some((found, at + width))
}

/// Where closing quotes stand, and how wide they are; a quote that is escaped closes nothing.
fn closings(text: &str, closing: &str, open: char) -> Vec<(usize, usize)> {
    text.char_indices()
        .filter(|(at, letter)| {
            let is_escaped = matches!(open, '"' | '\'') && text[..*at].ends_with('\\');
            closing.contains(*letter) && !is_escaped
        })
        .map(|(at, letter)| (at, letter.len_utf8()))
        .collect()
}

/// The greatest boundary of a letter that is no greater than `at`.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Message {
        messages(text).next().expect("a message")
    }

    #[test]
    fn the_name_is_what_stands_in_the_quotes_of_each_language() {
        for text in [
            r#"duplicate key value violates unique constraint "t_pkey""#,
            "doppelter Schlüsselwert verletzt Unique-Constraint »t_pkey«",
            "doppelter Schlüsselwert verletzt Unique-Constraint „t_pkey“",
            "la valeur d'une clé dupliquée rompt la contrainte unique « t_pkey »",
            "llave duplicada viola restricción de unicidad «t_pkey»",
            r#"重複したキー値は一意性制約"t_pkey"違反となります"#,
            r#"중복된 키 값이 "t_pkey" 고유 제약 조건을 위반함"#,
        ] {
            assert_eq!(first(text).names, ["t_pkey"], "{text}");
        }
    }

    #[test]
    fn a_name_with_a_quote_ends_at_the_last_one_on_its_line() {
        assert_eq!(first("duplicate key value violates unique constraint \"a\"b\"\nx").names, ["a\"b", "a"]);
        assert_eq!(first("duplicate key value violates unique constraint \"a\" (\"x\")").names[0], "a");
    }
}
