//! Texts without a message that is known: taken by the SQLSTATE, by the DETAIL, or by their shape.

use std::borrow::Cow;

use super::detail;
use super::fields::{Fields, place};
use super::key::{Key, is_other_detail};
use super::message::{REACH, bare_name, floor, message_starts, quoted_name};
use super::other::sqlstate;
use super::phrases::INDEX_BUILD_BEHIND;
use super::statement::Statement;
use super::violation::{Occasion, Recognised, Violation};

/// A message that is not known, with the SQLSTATE beside it.
pub(crate) fn of_sqlstate(forms: &[Cow<'_, str>], fields: &Fields) -> Option<Violation> {
    let text = forms.iter().find(|form| {
        sqlstate(form).as_deref() == Some("23505")
            || has_own_message(form)
            || ["UniqueViolation", "unique_violation"].iter().any(|words| form.contains(words))
    })?;
    let text = &text[..floor(text, REACH)];
    let detail = fields.detail.as_deref().and_then(Key::find_in_detail);
    let shape = of_shape(text);
    let bare = bare_name(text);
    let behind = || detail::behind_message(&text[bare.as_ref()?.1..]);
    let key = detail.or_else(behind).or_else(|| shape.as_ref()?.key.clone());
    let name = fields
        .constraint
        .clone()
        .or_else(|| Some(bare.as_ref()?.0.clone()))
        .or_else(|| shape.as_ref()?.constraints.first().cloned())
        .or_else(|| only_quoted(text));
    let statement = Statement::find(text);
    let (schema, table) = place(fields, statement.as_ref());
    Some(Violation {
        constraints: name.into_iter().collect(),
        schema,
        table,
        is_table_told: fields.table.is_some(),
        key,
        statement,
        recognised: Recognised::SqlState,
        ..Violation::default()
    })
}

/// Whether the message is there without being quoted by another field.
fn has_own_message(text: &str) -> bool {
    message_starts(text).any(|at| !detail::is_quoting(&text[text[..at].rfind('\n').map_or(0, |end| end + 1)..at]))
}

/// A language that is not known: a line with one name in quotes, and below it a line with one key and no name.
pub(crate) fn of_shape(text: &str) -> Option<Violation> {
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
        occasion: if message.contains(INDEX_BUILD_BEHIND) { Occasion::IndexBuild } else { Occasion::Write },
        recognised: Recognised::Shape,
        ..Violation::default()
    })
}

/// The DETAIL alone, in words that are known.
pub(crate) fn of_detail(text: &str) -> Option<Violation> {
    let text = &text[..floor(text, REACH)];
    let at = text.find(")=(")?;
    let (built, written) = (" is duplicated", " already exists");
    let words = [built, written].into_iter().find(|words| text[at..].contains(&format!("){words}")))?;
    let occasion = if words == built { Occasion::IndexBuild } else { Occasion::Write };
    Some(Violation {
        key: Some(detail::behind_message(text)?),
        occasion,
        recognised: Recognised::Shape,
        ..Violation::default()
    })
}

/// The name in quotes, where a line has just one.
pub(crate) fn only_quoted(line: &str) -> Option<String> {
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
