//! From any text to the violation that it tells of, without a server.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::escapes::{unescaped, without_entities, without_mojibake};
use super::fields::Fields;
use super::framework;
use super::json;
use super::key::{Key, is_other_detail};
use super::message::{Message, floor, has_message, messages, quoted_name};
use super::other::{OtherError, of_code, other_error, sqlstate};
use super::phrases::LABELS;
use super::statement::Statement;
use super::violation::{Occasion, Recognised, Violation};

/// What a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A unique violation (SQLSTATE 23505).
    Violation(Box<Violation>),
    /// Another error.
    Other(OtherError),
    /// Nothing that is known here.
    Nothing,
}

/// Reads a text: the server's own form, a line of its log, or what a driver or a framework prints around it. Takes time
/// in proportion to the text's length, whatever it holds.
pub fn parse(text: &str) -> Reading {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(document) = serde_json::from_str(text)
        && let Some(told) = json::told(&document)
    {
        return match told {
            Ok(found) => Reading::Violation(Box::new(found)),
            Err(code) => Reading::Other(of_code(&code)),
        };
    }
    match (parse_plain(text), other_error(text)) {
        // Its own words stand against a shape, and another database's against a code or a framework.
        (Some(found), Some(other)) if found.recognised == Recognised::Shape => Reading::Other(other),
        (Some(found), Some(other)) if found.recognised != Recognised::Message && other.sqlstate.is_none() => {
            Reading::Other(other)
        }
        (Some(found), _) => Reading::Violation(Box::new(found)),
        (None, Some(other)) => Reading::Other(other),
        (None, None) => Reading::Nothing,
    }
}

/// The fields of an error report whose ends are certain: from csvlog, jsonlog or an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerReport<'a> {
    pub(crate) sqlstate: Option<&'a str>,
    pub(crate) message: Option<&'a str>,
    pub(crate) detail: Option<&'a str>,
    pub(crate) constraint: Option<&'a str>,
    pub(crate) schema: Option<&'a str>,
    pub(crate) table: Option<&'a str>,
    pub(crate) statement: Option<&'a str>,
    pub(crate) context: Option<&'a str>,
}

impl ServerReport<'_> {
    /// A SQLSTATE that is another one than ours.
    pub(crate) fn other_code(&self) -> Option<&str> {
        // Prisma's codes begin with a P, and have five letters, too.
        self.sqlstate.filter(|code| code.len() == 5 && *code != "23505" && !code.starts_with('P'))
    }

    /// The violation that it tells of. The SQLSTATE decides, else the message.
    pub(crate) fn violation(&self) -> Option<Violation> {
        let message = self.message.unwrap_or_default();
        let found = messages(message).next();
        if self.other_code().is_some() || (self.sqlstate != Some("23505") && found.is_none()) {
            return None;
        }
        let occasion = found.as_ref().map(|found| found.occasion);
        let recognised = if found.is_some() { Recognised::Message } else { Recognised::SqlState };
        let named = self.constraint.map(|name| vec![name.to_owned()]);
        let of_conflict = || Some(messages(self.detail?).next()?.names);
        let mut constraints = named
            .or_else(|| found.map(|found| found.names))
            .or_else(of_conflict)
            .or_else(|| Some(vec![only_quoted(message)?]));
        // Of several the driver's text goes on behind the first.
        let rest = self.detail.is_none().then(|| parse_plain(message)).flatten();
        let statement = self.statement.and_then(Statement::find).or_else(|| Statement::find(self.context?));
        Some(Violation {
            constraints: constraints.take().unwrap_or_default(),
            schema: self.schema.or_else(|| statement.as_ref()?.schema.as_deref()).map(str::to_owned),
            table: self.table.or_else(|| Some(statement.as_ref()?.table.as_str())).map(str::to_owned),
            key: self.detail.and_then(Key::find_in_detail).or_else(|| rest?.key),
            occasion: occasion.unwrap_or(if message.contains("conflict detected on relation") {
                Occasion::Replication
            } else {
                Occasion::Write
            }),
            statement,
            recognised,
            others: 0,
        })
    }
}

/// Reads a text that is no document.
pub(crate) fn parse_plain(text: &str) -> Option<Violation> {
    let forms = forms(text);
    let fields = forms.iter().map(|form| Fields::find(form)).reduce(Fields::or).unwrap_or_default();
    let by_message = forms.iter().find_map(|form| of_message(form, &fields, true));
    by_message
        .or_else(|| forms.iter().find_map(|form| of_message(form, &fields, false)))
        .or_else(|| of_sqlstate(&forms, &fields))
        .or_else(|| forms.iter().find_map(|form| framework::violation(form)))
        .or_else(|| forms.iter().find_map(|form| of_shape(form)))
        .or_else(|| forms.iter().find_map(|form| of_detail(form)))
}

/// The text as it is, and with one, two and three layers of escapes taken away.
fn forms(text: &str) -> Vec<Cow<'_, str>> {
    let mut forms = vec![Cow::Borrowed(text)];
    for _ in 0..3 {
        let inner = match forms.last().map(|form| unescaped(form)) {
            Some(Cow::Owned(inner)) => inner,
            _ => break,
        };
        forms.push(Cow::Owned(inner));
    }
    for other in [without_entities(text), without_mojibake(text)] {
        forms.extend(matches!(other, Cow::Owned(_)).then_some(other));
    }
    forms
}

/// How much of a text before and behind a message belongs to it.
const REACH: usize = 1024 * 1024;

/// How often a message may be repeated ("Caused by: …") before its DETAIL comes.
const REPEATED: usize = 50;

/// How many messages are looked at to count other constraints.
const MANY: usize = 10_000;

fn of_message(text: &str, fields: &Fields, only_plain: bool) -> Option<Violation> {
    let all: Vec<Message> = messages(text).take(MANY).collect();
    let first = all.first()?;
    // Escapes behind the name: another form of the text is the plain one.
    if only_plain && text[first.end..].starts_with("\\n") {
        return None;
    }
    let is_same = |message: &&Message| message.names == first.names;
    let mut segments =
        all.iter().enumerate().filter(|(_, message)| is_same(message)).take(REPEATED).map(|(at, message)| {
            let end = all.get(at + 1).map_or(text.len(), |next| next.start);
            // The words of the next one may stand within what can be this one's name.
            text.get(message.end..end.min(floor(text, message.end + REACH))).unwrap_or_default()
        });
    let own = &text[first.end..floor(text, first.end + REACH)];
    let before = &text[floor(text, first.start.saturating_sub(REACH / 16))..first.start];
    let from_fields = || fields.detail.as_deref().and_then(Key::find_in_detail);
    let key = from_fields().or_else(|| segments.find_map(detail_in)).or_else(|| {
        // Sorted by their names, detail comes before message.
        Key::find(&before[before.rfind(")=(").map_or(0, |at| before[..at].rfind('\n').unwrap_or(0))..])
    });
    let key = key.or_else(|| framework::adapter_key(text));
    let mut others: Vec<&String> =
        all.iter().filter(|message| !is_same(message)).flat_map(|other| other.names.first()).collect();
    others.sort_unstable();
    others.dedup();
    let statement = Statement::find(own).or_else(|| Statement::find(before));
    let mut constraints = first.names.clone();
    // A field ends where it ends.
    if let Some(certain) = fields.constraint.as_ref()
        && let Some(at) = constraints.iter().position(|name| name == certain)
    {
        constraints.swap(0, at);
        constraints.truncate(1);
    }
    let (schema, table) = place(fields, statement.as_ref());
    Some(Violation {
        constraints,
        schema,
        table,
        key,
        statement,
        occasion: first.occasion,
        recognised: Recognised::Message,
        others: others.len(),
    })
}

/// The schema and the table, from fields of their own, or as the statement names them.
fn place(fields: &Fields, statement: Option<&Statement>) -> (Option<String>, Option<String>) {
    let Some(statement) =
        statement.filter(|statement| fields.table.as_ref().is_none_or(|table| *table == statement.table))
    else {
        return (fields.schema.clone(), fields.table.clone());
    };
    (fields.schema.clone().or_else(|| statement.schema.clone()), Some(statement.table.clone()))
}

/// A line that begins another field of the report, or another report: at the line's beginning, or behind the prefix of a
/// log, where two blanks follow it.
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    let labels = LABELS.join("|");
    Regex::new(&format!(r"^(?:[ \t]*(?:{labels})[ \x{{a0}}]?[:：]|[^\t].{{0,200}}?\b(?:{labels})[ \x{{a0}}]?[:：]  )"))
        .expect("a fixed pattern")
});

/// The key in what follows a message.
fn detail_in(text: &str) -> Option<Key> {
    let at = text.find(")=(")?;
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let mut lines = text[start..].split_inclusive('\n');
    let first = lines.next()?;
    let mut end = start + first.len();
    let mut is_log = true;
    for line in lines {
        // A dump may show the same DETAIL twice.
        if LABEL.is_match(line) || line.trim() == first.trim() {
            break;
        }
        is_log &= line.starts_with('\t');
        end += line.len();
    }
    let detail = &text[start..end];
    let key = Key::find_in_detail(detail)?;
    if !is_log || !detail.contains("\n\t") {
        return Some(key);
    }
    // The server's log puts a tab at the beginning of every further line.
    let mut from_log = Key::find_in_detail(&detail.replace("\n\t", "\n"))?;
    from_log.values.extend(key.values);
    from_log.values.dedup();
    Some(from_log)
}

/// A message that is not known, with the SQLSTATE beside it.
fn of_sqlstate(forms: &[Cow<'_, str>], fields: &Fields) -> Option<Violation> {
    let text = forms.iter().find(|form| {
        sqlstate(form).as_deref() == Some("23505")
            || has_message(form)
            || ["UniqueViolation", "unique_violation"].iter().any(|words| form.contains(words))
    })?;
    let text = &text[..floor(text, REACH)];
    let detail = fields.detail.as_deref().and_then(Key::find_in_detail);
    let shape = of_shape(text);
    let name = fields
        .constraint
        .clone()
        .or_else(|| shape.as_ref()?.constraints.first().cloned())
        .or_else(|| only_quoted(text));
    let statement = Statement::find(text);
    let (schema, table) = place(fields, statement.as_ref());
    Some(Violation {
        constraints: name.into_iter().collect(),
        schema,
        table,
        key: detail.or_else(|| shape?.key),
        statement,
        recognised: Recognised::SqlState,
        ..Violation::default()
    })
}

/// A language that is not known: a line with one name in quotes, and below it a line with one key and no name.
fn of_shape(text: &str) -> Option<Violation> {
    let text = &text[..floor(text, REACH)];
    let at = text.find(")=(")?;
    let start = text[..at].rfind('\n')?;
    let message = text[..start].lines().next_back()?;
    let line = text[start + 1..].lines().next()?;
    if is_other_detail(line) {
        return None;
    }
    let key = Key::find(line)?;
    Some(Violation {
        constraints: vec![only_quoted(message)?],
        key: Some(key),
        recognised: Recognised::Shape,
        ..Violation::default()
    })
}

/// The DETAIL alone, in words that are known.
fn of_detail(text: &str) -> Option<Violation> {
    let text = &text[..floor(text, REACH)];
    let at = text.find(")=(")?;
    let (built, written) = (" is duplicated", " already exists");
    let words = [built, written].into_iter().find(|words| text[at..].contains(&format!("){words}")))?;
    let occasion = if words == built { Occasion::IndexBuild } else { Occasion::Write };
    Some(Violation { key: Some(detail_in(text)?), occasion, recognised: Recognised::Shape, ..Violation::default() })
}

/// The name in quotes, where a line has just one.
fn only_quoted(line: &str) -> Option<String> {
    let mut names = Vec::new();
    let mut rest = line.lines().next()?;
    while let Some(at) = rest.find(['"', '„', '“', '»', '«', '「']) {
        let (name, used) = quoted_name(&rest[at..])?;
        names.push(name);
        rest = rest.get(at + used..)?;
        if names.len() > 1 {
            return None;
        }
    }
    names.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation(text: &str) -> Violation {
        match parse(text) {
            Reading::Violation(found) => *found,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_servers_own_form_is_read_to_its_end() {
        let found = violation(
            "ERROR:  duplicate key value violates unique constraint \"t_a_b_key\"\n\
             DETAIL:  Key (a, b)=(x, \"y\") already exists.\n) already exists.\nSCHEMA NAME:  public\nTABLE NAME:  t\n",
        );
        assert_eq!((found.constraint(), found.table.as_deref()), (Some("t_a_b_key"), Some("t")));
        let key = found.key.expect("a key");
        assert_eq!(key.columns, ["a", "b"]);
        assert_eq!(key.values, ["x, \"y\") already exists.\n", "x, \"y\""]);
    }

    #[test]
    fn a_log_puts_tabs_before_further_lines() {
        let found = violation(
            "2026-11-23 07:11:20 UTC [1] ERROR:  duplicate key value violates unique constraint \"k\"\n\
             2026-11-23 07:11:20 UTC [1] DETAIL:  Key (a)=(x\n\ty) already exists.\n\
             2026-11-23 07:11:20 UTC [1] STATEMENT:  insert into t (b) values (1)\n",
        );
        assert_eq!(found.values(), Some("x\ny"));
        assert!(found.statement.expect("a statement").leaves_to_default("a"));
    }

    #[test]
    fn without_a_detail_nothing_is_made_up() {
        let found = violation("pq: duplicate key value violates unique constraint \"users_pkey\"");
        assert_eq!((found.constraint(), &found.key), (Some("users_pkey"), &None));
    }

    #[test]
    fn a_language_that_is_not_known_is_taken_by_its_shape() {
        let found = violation("BLAD:  cos o kluczu \"users_pkey\"\nSZCZEGOLY:  Klucz (id)=(1) juz jest.\n");
        assert_eq!(
            (found.constraint(), found.values(), found.recognised),
            (Some("users_pkey"), Some("1"), Recognised::Shape)
        );
        assert_eq!(parse("BLAD:  cos \"a\" i \"b\"\nSZCZEGOLY:  Klucz (id)=(1) nie jest w \"c\".\n"), Reading::Nothing);
    }

    #[test]
    fn escapes_of_several_layers_are_taken_away() {
        for text in [
            r#"{"msg": "x: duplicate key value violates unique constraint \"users_pkey\"\nDETAIL:  Key (id)=(1) already exists."}"#,
            r#"log "{\"msg\": \"duplicate key value violates unique constraint \\\"users_pkey\\\"\\nDETAIL:  Key (id)=(1) already exists.\"}""#,
            r#"UniqueViolation('duplicate key value violates unique constraint "users_pkey"\nDETAIL:  Key (id)=(1) already exists.\n')"#,
            "duplicate key value violates unique constraint &quot;users_pkey&quot;<br>DETAIL: Key (id)=(1) already exists.",
        ] {
            let found = violation(text);
            assert_eq!((found.constraint(), found.values()), (Some("users_pkey"), Some("1")), "{text}");
        }
    }
}
