//! The command that fixes what was found.

use std::path::PathBuf;

use pgseqfix::db::ScanOptions;
use pgseqfix::db::connect::{Given, holds_secret};
use pgseqfix::model::{QualifiedName, conninfo_value};

/// What is said where the command is not understood.
const SAME: &str = "the same command with fix";

/// [`fix_command`] of this very run.
pub fn own_fix_command(names_scan: bool) -> String {
    let words: Option<Vec<String>> = std::env::args_os().map(|word| word.into_string().ok()).collect();
    // A word that is no UTF-8 cannot be printed.
    words.map_or_else(|| SAME.to_owned(), |words| fix_command(&words, names_scan))
}

/// The scan's own command line with `fix` in it, for a shell; `names_scan` where the command was among its words. One
/// that would show a password is not printed.
fn fix_command(arguments: &[String], names_scan: bool) -> String {
    let mut given: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    if names_scan {
        let mut places = given.iter().enumerate().filter(|(_, word)| **word == "scan").map(|(at, _)| at);
        // Of several, one is the command and the others are names.
        let ((Some(at), None) | (Some(at @ 0), _)) = (places.next(), places.next()) else {
            return SAME.to_owned();
        };
        given.remove(at);
    }
    if given.iter().any(|word| may_hold_password(word)) {
        return format!("{SAME} (not printed, as it may hold a password)");
    }
    let words = ["pgseqfix", "fix"].into_iter().map(str::to_owned).chain(given.into_iter().map(quoted));
    words.collect::<Vec<String>>().join(" ")
}

fn may_hold_password(word: &str) -> bool {
    let is_option = ["--password", "--no-password"].contains(&word);
    !is_option && (names_password(word) || word.contains("://") && word.contains('%') || holds_secret(word))
}

/// The command that fixes what feeds these tables, over the connection that was asked for.
pub fn fix_tables_command(given: &Given, options: &ScanOptions, tables: &[&QualifiedName]) -> String {
    let mut words = vec!["pgseqfix".to_owned(), "fix".to_owned()];
    words.extend(connection_words(given));
    let ignored = [("--ignore-above", options.ignore_above), ("--ignore-below", options.ignore_below)];
    words.extend(ignored.into_iter().filter_map(|(option, value)| Some(format!("{option}={}", value?))));
    words.extend(tables.iter().flat_map(|table| ["-t".to_owned(), quoted(&pattern(table))]));
    words.join(" ")
}

/// The command that explains the same logs in another database of the server that was asked.
pub fn explain_log_command(given: &Given, database: &str, logs: &[PathBuf]) -> String {
    let mut words = vec!["pgseqfix".to_owned(), "explain".to_owned()];
    let there =
        Given { database: Some(in_place_of(given.database.as_deref(), database)), variable: None, ..given.clone() };
    words.extend(connection_words(&there));
    words.push("--log".to_owned());
    // No name is cut so that it would be another's.
    match logs {
        [_, _, _, _, ..] => words.push("…".to_owned()),
        few => words.extend(few.iter().map(|log| quoted(&log.display().to_string()))),
    }
    words.join(" ")
}

/// A database's name in the place of the one that was given: of what a string or a URI says twice the last one counts.
fn in_place_of(given: Option<&str>, database: &str) -> String {
    let as_value = || format!("dbname={}", conninfo_value(database));
    match given.filter(|given| given.contains("://") || given.contains('=')) {
        Some(uri) if uri.contains("://") => {
            let sign = if uri.contains('?') { '&' } else { '?' };
            format!("{uri}{sign}dbname={}", percent_encoded(database))
        }
        Some(string) => format!("{string} {}", as_value()),
        None if database.contains("://") || database.contains('=') => as_value(),
        None => database.to_owned(),
    }
}

/// As a URI takes any text.
fn percent_encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte);
    let encoded = |byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encoded).collect()
}

/// The options that lead to the same database, without a password.
pub fn connection_words(given: &Given) -> Vec<String> {
    let mut words = Vec::new();
    let options = [("-h", &given.host), ("-p", &given.port), ("-U", &given.user)];
    for (option, value) in options {
        words.extend(value.iter().flat_map(|value| [option.to_owned(), quoted(&without_secret(value))]));
    }
    match (&given.variable, &given.database) {
        (Some(variable), _) => words.extend(["--dbname-env".to_owned(), quoted(variable)]),
        (None, database) => {
            words.extend(database.iter().flat_map(|name| ["-d".to_owned(), quoted(&without_secret(name))]));
        }
    }
    words
}

/// A database's name, string or URI without its password; where that cannot be told apart, something that leads nowhere
/// rather than elsewhere.
fn without_secret(database: &str) -> String {
    const ELSEWHERE: &str = "…as before…";
    let Some((scheme, rest)) = database.split_once("://") else {
        let is_string = database.contains('=');
        return if is_string && names_password(database) || holds_secret(database) {
            ELSEWHERE.to_owned()
        } else {
            database.to_owned()
        };
    };
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    if query.is_some_and(|query| {
        names_password(query) || query.split('&').any(|pair| pair.split('=').next().unwrap_or_default().contains('%'))
    }) {
        return ELSEWHERE.to_owned();
    }
    let place = match place.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => place.to_owned(),
    };
    format!("{scheme}://{place}{}", query.map(|query| format!("?{query}")).unwrap_or_default())
}

fn names_password(text: &str) -> bool {
    text.to_ascii_lowercase().contains("password")
}

/// A pattern of `-t` that matches one table and no other.
fn pattern(table: &QualifiedName) -> String {
    let part = |name: &str| {
        let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if !name.is_empty() && name.chars().all(is_plain) {
            name.to_owned()
        } else {
            format!("\"{}\"", name.replace('"', "\"\""))
        }
    };
    format!("{}.{}", part(&table.schema), part(&table.name))
}

/// A word as a POSIX shell takes it.
pub fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_@%+=:,./-".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{fix_command, in_place_of, without_secret};

    fn command(words: &[&str], names_scan: bool) -> String {
        let words: Vec<String> =
            std::iter::once("/usr/bin/pgseqfix").chain(words.iter().copied()).map(str::to_owned).collect();
        fix_command(&words, names_scan)
    }

    #[test]
    fn everything_that_was_said_is_said_again() {
        assert_eq!(command(&["-h", "db", "-t", "a|b", "shop"], false), "pgseqfix fix -h db -t 'a|b' shop");
        assert_eq!(command(&["scan", "Shop $(id)'s"], true), r"pgseqfix fix 'Shop $(id)'\''s'");
        assert_eq!(command(&["-W", "--password"], false), "pgseqfix fix -W --password");
    }

    #[test]
    fn scan_is_left_out_where_it_is_the_command() {
        assert_eq!(command(&["shop", "scan"], true), "pgseqfix fix shop");
        assert_eq!(command(&["-h", "db", "scan", "shop"], true), "pgseqfix fix -h db shop");
        assert_eq!(command(&["scan", "-t", "scan"], true), "pgseqfix fix -t scan");
        assert_eq!(command(&["-t", "scan", "shop"], false), "pgseqfix fix -t scan shop");
        assert_eq!(command(&["-t", "scan", "scan"], true), "the same command with fix");
    }

    #[test]
    fn a_database_is_said_again_without_its_password() {
        for (given, said) in [
            ("shop", "shop"),
            ("postgres://app:s:e@cret@db:1/shop?application_name=x", "postgres://app@db:1/shop?application_name=x"),
            ("postgres:///shop?host=/tmp", "postgres:///shop?host=/tmp"),
            ("host=h dbname=shop", "host=h dbname=shop"),
            ("host=h PassWord = secret", "…as before…"),
            ("postgres://h/d?user=u&PASSWORD=secret", "…as before…"),
            ("postgres://h/d?passwor%64=secret", "…as before…"),
            ("pwd = secret", "…as before…"),
            ("my=password", "…as before…"),
            ("password", "password"),
        ] {
            assert_eq!(without_secret(given), said);
        }
    }

    #[test]
    fn another_database_takes_the_place_of_the_one_that_was_given() {
        for (given, database, said) in [
            (None, "shop", "shop"),
            (Some("shop"), "it's", "it's"),
            (Some("shop"), "a=b", "dbname='a=b'"),
            (Some("host=h dbname=shop"), "it's", r"host=h dbname=shop dbname='it\'s'"),
            (Some("postgres://h/shop"), "a b", "postgres://h/shop?dbname=a%20b"),
            (Some("postgres:///shop?host=/tmp"), "é", "postgres:///shop?host=/tmp&dbname=%C3%A9"),
        ] {
            assert_eq!(in_place_of(given, database), said);
        }
    }

    #[test]
    fn a_password_is_not_said_again() {
        let said = "the same command with fix (not printed, as it may hold a password)";
        assert_eq!(command(&["postgres://u:secret@h/d"], false), said);
        assert_eq!(command(&["host=h password = secret"], false), said);
        assert_eq!(command(&["postgres://u@h/d"], false), "pgseqfix fix postgres://u@h/d");
    }
}
