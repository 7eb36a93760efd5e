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
    let first = text.trim_start_matches(is_blank).split(|letter| letter == '=' || is_blank(letter)).next();
    uri::without_scheme(text).is_none() && first.is_some_and(|word| word.contains("://"))
}

/// Whether it is `user:password@host/database`, whose scheme was forgotten.
fn lacks_scheme(text: &str) -> bool {
    let place = text.rsplit_once('@').filter(|(_, place)| place.find('/').is_some_and(|at| at > 0));
    place
        .and_then(|(account, _)| account.split_once(':'))
        .is_some_and(|(user, _)| !user.is_empty() && !user.contains('/'))
}

/// Whether `text` looks like a connection string with a password in it, of this program or of another.
pub fn holds_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let credentials = match text.split_once("://") {
        Some((_, rest)) => rest,
        // Misspelt, as in `postgres:/user:secret@host`.
        None if text.trim_start().starts_with("postgres") => text.trim_start().trim_start_matches("postgresql"),
        // Of `postgres:////user:secret@host` the path is left.
        None if lacks_scheme(text.trim_start_matches('/')) => text.trim_start_matches('/'),
        None => "",
    };
    let is_uri = credentials.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    let is_value =
        |word: &str| text.match_indices(word).any(|(at, word)| text[at + word.len()..].trim_start().starts_with('='));
    is_uri || ["password", "passwd", "pwd"].into_iter().any(is_value)
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
        values.set(keyword, value).map_err(|_| match speakable(keyword, before) {
            what if what.starts_with('"') => format!("invalid connection option {what}"),
            what => format!("invalid connection option after {what}"),
        })?;
        before = Some(keyword);
        rest = tail.trim_start_matches(is_blank);
    }
    Ok(values)
}

/// A misplaced word, quoted for an error, unless it may be the tail of a password with blanks.
fn speakable(word: &str, before: Option<&str>) -> String {
    match before {
        Some("password" | "sslpassword" | "oauth_client_secret" | "scram_client_key" | "scram_server_key") => {
            "the password (write one with blanks or quotes in it as '...')".to_owned()
        }
        _ if word.starts_with("password") && word != "password" => "the password (write password=…)".to_owned(),
        _ if holds_secret(word) => "(a connection URI, which stands alone)".to_owned(),
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
    fn what_may_hold_a_password_is_told_from_a_name() {
        for text in [
            "postgres://u:p@h/d",
            "mysql://u:p@h",
            " postgres:/u:p@h",
            "postgresql//u:p@h",
            "user=u;password=p",
            "PASSWORD = p",
            "u:p@h/d",
            "pwd=p",
        ] {
            assert!(holds_secret(text), "{text}");
        }
        for text in ["shop", "postgres", "password", "host=h", "a:b@c", "postgres://u@h:1/d", "postgres://h:1/a@b?x=1"]
        {
            let is_port = text.contains(":1/a@");
            assert_eq!(holds_secret(text), is_port, "{text}");
        }
    }

    #[test]
    fn a_uri_among_pairs_is_not_shown() {
        for text in ["host=h postgres://u:hush@h/d", "host=h postgres://u:hush@h/d=1"] {
            let said = read(text);
            assert!(said.starts_with("error: ") && !said.contains("hush"), "{said}");
        }
    }

    #[test]
    fn a_password_with_blanks_is_not_quoted_in_the_error() {
        for text in ["password=a hush", "password=a hush=b", "password='a'hush=b"] {
            let said = read(text);
            assert!(said.starts_with("error: ") && !said.contains("hush"), "{said}");
        }
    }
}
