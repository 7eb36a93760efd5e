//! Reads a text that is no document: message, DETAIL and what drivers print beside them.

use std::borrow::Cow;

use super::detail;
use super::escapes::{unescaped, without_entities, without_mojibake};
use super::fields::{Fields, is_in_literal, place};
use super::framework;
use super::key::Key;
use super::message::{Message, REACH, floor, messages};
use super::statement::Statement;
use super::unknown::{of_detail, of_shape, of_sqlstate};
use super::violation::{Recognised, Violation};

/// Reads a text that is no document.
pub(crate) fn parse_plain(text: &str) -> Option<Violation> {
    let forms = forms(text);
    let fields = forms.iter().map(|form| Fields::find(form)).reduce(Fields::or).unwrap_or_default();
    let found = |only_plain| {
        forms.iter().enumerate().find_map(|(layers, form)| {
            let found = of_message(form, &fields, only_plain)?;
            Some(if layers > 0 { within_quotes(found) } else { found })
        })
    };
    found(true)
        .or_else(|| found(false))
        .or_else(|| of_sqlstate(&forms, &fields))
        .or_else(|| forms.iter().find_map(|form| framework::violation(form)))
        .or_else(|| forms.iter().find_map(|form| of_shape(form)))
        .or_else(|| forms.iter().find_map(|form| of_detail(form)))
}

/// The text as it is, and with one, two and three layers of escapes taken away.
fn forms(text: &str) -> Vec<Cow<'_, str>> {
    let mut forms = vec![Cow::Borrowed(text)];
    for _ in 0..3 {
        let Some(Cow::Owned(inner)) = forms.last().map(|form| unescaped(form)) else {
            break;
        };
        forms.push(Cow::Owned(inner));
    }
    for other in [without_entities(text), without_mojibake(text)] {
        forms.extend(matches!(other, Cow::Owned(_)).then_some(other));
    }
    forms
}

/// Where escapes were taken away, the quote behind the name's own is the wrapper's.
fn within_quotes(mut violation: Violation) -> Violation {
    let bare = violation.constraint().and_then(|name| name.strip_suffix('"')).map(str::to_owned);
    if let Some(at) = violation.constraints.iter().position(|name| Some(name) == bare.as_ref()) {
        violation.constraints.swap(0, at);
    }
    violation
}

/// How often a message may be repeated ("Caused by: …") before its DETAIL comes.
const REPEATED: usize = 50;

/// How many messages are looked at to count other constraints.
const MANY: usize = 10_000;

fn of_message(text: &str, fields: &Fields, only_plain: bool) -> Option<Violation> {
    let is_own = |message: &Message| !detail::is_quoted(text, message);
    let all: Vec<Message> = messages(text).filter(is_own).take(MANY).collect();
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
    // A dump's field has a certain end; but what looks like one can be within a value.
    let is_dump = before.contains(")=(") || own.find(")=(").is_none_or(|key| is_in_literal(own, key));
    // Sorted by their names, detail comes before message.
    let key = is_dump
        .then(from_fields)
        .flatten()
        .or_else(|| segments.find_map(detail::behind_message))
        .or_else(from_fields)
        .or_else(|| detail::before_message(before))
        .or_else(|| framework::adapter_key(text));
    let mut others: Vec<&String> =
        all.iter().filter(|message| !is_same(message)).filter_map(|other| other.names.first()).collect();
    others.sort_unstable();
    others.dedup();
    let statement = match detail::context(own) {
        Some(_) => Statement::find_in_report(own),
        None => Statement::find(own).or_else(|| Statement::find(before)),
    };
    let mut constraints = first.names.clone();
    // A field ends where it ends.
    if let Some(certain) = fields.constraint.as_ref()
        && let Some(at) = constraints.iter().position(|name| name == certain)
    {
        constraints.swap(0, at);
        constraints.truncate(1);
    }
    let (schema, table) = place(fields, statement.as_ref());
    let calls_nextval = own.contains("nextval(") || before.contains("nextval(");
    Some(Violation {
        constraints,
        schema,
        table,
        is_table_told: fields.table.is_some(),
        key,
        calls_nextval,
        statement,
        occasion: first.occasion,
        recognised: Recognised::Message,
        others: others.len(),
    })
}
