//! Connection strings: `host=h dbname=d`, or a URI.

use super::{uri, values::Values};

/// Whether libpq would read `text` as a connection string rather than as a database name.
pub(super) fn is_connection_string(text: &str) -> bool {
    uri::without_scheme(text).is_some() || text.contains('=')
}

/// Whether `text` looks like a URI of another program (`postgresql+asyncpg://…`, `jdbc:…`).
///
/// To libpq it is a database name or a keyword, which the error over it would show, password included.
pub(super) fn is_foreign_uri(text: &str) -> bool {
    let first = text.split(|letter| letter == '=' || is_blank(letter)).next();
    uri::without_scheme(text).is_none() && first.is_some_and(|word| word.contains("://"))
}

/// Reads a connection string of either form; the error is the reason, without any value.
pub(super) fn parse(text: &str) -> Result<Values, String> {
    match uri::without_scheme(text) {
        Some(rest) => uri::parse(rest),
        None => parse_pairs(text),
    }
}

/// C's `isspace`, which `char::is_ascii_whitespace` misses by the vertical tab.
pub(super) fn is_blank(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter == '\u{b}'
}

/// Reads `keyword = value` pairs.
fn parse_pairs(text: &str) -> Result<Values, String> {
    let mut values = Values::default();
    let mut rest = text.trim_start_matches(is_blank);
    let mut before = None;
    while !rest.is_empty() {
        let end = rest.find(|letter| letter == '=' || is_blank(letter)).unwrap_or(rest.len());
        let (keyword, tail) = rest.split_at(end);
        let Some(tail) = tail.trim_start_matches(is_blank).strip_prefix('=') else {
            let what = speakable(keyword, before);
            return Err(format!("missing \"=\" after {what} in connection info string"));
        };
        let (value, tail) = take_value(tail.trim_start_matches(is_blank))?;
        values.set(keyword, value).map_err(|_| format!("invalid connection option {}", speakable(keyword, before)))?;
        before = Some(keyword);
        rest = tail.trim_start_matches(is_blank);
    }
    Ok(values)
}

/// A misplaced word, quoted for an error, unless it may be the tail of a password with blanks.
fn speakable(word: &str, before: Option<&str>) -> String {
    match before {
        Some("password" | "sslpassword") => "the password (write one with blanks or quotes in it as '...')".to_owned(),
        _ => format!("\"{word}\""),
    }
}

/// Splits off a value, quoted or up to the next blank; `\` takes the next letter as it is.
fn take_value(text: &str) -> Result<(String, &str), String> {
    let quoted = text.strip_prefix('\'');
    let mut value = String::new();
    let mut letters = quoted.unwrap_or(text).chars();
    loop {
        match letters.next() {
            Some('\\') => value.extend(letters.next()),
            Some('\'') if quoted.is_some() => break,
            Some(letter) if quoted.is_none() && is_blank(letter) => break,
            Some(letter) => value.push(letter),
            None if quoted.is_some() => {
                return Err("unterminated quoted string in connection info string".to_owned());
            }
            None => break,
        }
    }
    Ok((value, letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match parse(text) {
            Ok(values) => values.spelt(),
            Err(reason) => format!("error: {reason}"),
        }
    }

    #[test]
    fn a_name_is_no_connection_string() {
        assert!(!is_connection_string("shop"));
        assert!(is_connection_string("dbname=shop"));
        assert!(is_connection_string("postgresql://"));
        assert!(!is_connection_string("Postgres://h/d"));
    }

    #[test]
    fn blanks_may_stand_around_the_equals_sign() {
        assert_eq!(read(" host = h\u{b}\tport= 1 "), "host=h;port=1;");
    }

    #[test]
    fn quotes_and_backslashes_are_taken_off() {
        assert_eq!(read(r"user='a \'b\\' dbname=a\ b\'c"), r"dbname=a b'c;user=a 'b\;");
    }

    #[test]
    fn a_quoted_value_needs_no_blank_after_it() {
        assert_eq!(read("host='a'port=1"), "host=a;port=1;");
    }

    #[test]
    fn the_last_of_two_equal_keywords_wins() {
        assert_eq!(read("host=a host=''"), "host=;");
    }

    #[test]
    fn requiressl_becomes_an_sslmode() {
        assert_eq!(read("requiressl=1"), "sslmode=require;");
        assert_eq!(read("requiressl=0"), "sslmode=prefer;");
    }

    #[test]
    fn errors_are_worded_as_libpq_words_them() {
        assert_eq!(read("foo=1"), "error: invalid connection option \"foo\"");
        assert_eq!(read("host"), "error: missing \"=\" after \"host\" in connection info string");
        assert_eq!(read("host='a"), "error: unterminated quoted string in connection info string");
    }

    #[test]
    fn a_password_with_blanks_is_not_quoted_in_the_error() {
        for text in ["password=a hush", "password=a hush=b", "password='a'hush=b"] {
            let said = read(text);
            assert!(said.starts_with("error: ") && !said.contains("hush"), "{said}");
        }
    }
}
