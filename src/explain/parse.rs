//! From any text to the violation that it tells of, without a server.

use std::borrow::Cow;

use super::escapes::without_colours;
use super::json;
use super::other::{OtherError, of_code, other_error};
use super::plain::parse_plain;
use super::violation::{Recognised, Violation};

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
    let plain = without_colours(text);
    let mut reading = parse_uncoloured(&plain);
    // What colours a terminal can be a part of the name.
    if let (Cow::Owned(_), Reading::Violation(found)) = (&plain, &mut reading)
        && let Reading::Violation(as_it_is) = parse_uncoloured(text)
    {
        let names = as_it_is.constraints.into_iter().filter(|name| name.contains('\u{1b}'));
        found.constraints.extend(names.collect::<Vec<_>>());
    }
    reading
}

fn parse_uncoloured(text: &str) -> Reading {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::statement::Treatment;

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
        assert!(found.statement.is_some_and(|statement| statement.treatment("a") == Treatment::Default));
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
