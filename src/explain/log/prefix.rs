//! What stands before a message in a log: `log_line_prefix`, with its time and its database
//! (<https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX>).

use std::sync::LazyLock;

use regex::Regex;

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|[+-]\d\d(?::?\d\d)?|[A-Z]{3,5})\b)?",
        r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d\b",
        r"|\b\d{10}\.\d{3}\b",
    ))
});
/// Where a database's name ends: at a sign, at the end, or before a field, an address, a number of a process. A blank
/// alone does not end it, as names can have blanks.
const END: &str = r#"(?:[,;|:/\])}>"']|\s+[\w%.]+=|\s+[\[(<{|"'-]|\s+\d+[.:(-]|\s+\d{3,}\b|\s*$)"#;
static NAMED_DATABASE: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"\b(?:db|database|dbname)=([^\s,\]].*?){END}")));
static AT_DATABASE: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r#"(?:^|[\s\[:(<="'|/,])[^\s@\[(<="'|/,]+@([^\s,\]].*?){END}"#)));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a fixed pattern")
}

/// The time in a text, as it is written there.
pub(crate) fn time(text: &str) -> Option<String> {
    let found = TIME.find(text)?.as_str();
    // A level in a program's log looks like a zone.
    let levels = ["ERROR", "FATAL", "PANIC", "WARN", "INFO", "DEBUG", "TRACE", "LOG"];
    let bare = levels.iter().find_map(|level| found.strip_suffix(level)).unwrap_or(found);
    Some(bare.trim_end().to_owned())
}

/// The database in a prefix, where it is written as `db=…` or `user@database`.
pub(crate) fn database(prefix: &str) -> Option<String> {
    let found = NAMED_DATABASE.captures(prefix).or_else(|| AT_DATABASE.captures(prefix))?;
    Some(found[1].to_owned())
}

/// Where the rest of a line begins that has the same prefix: all of one report's lines have it, but for the line number
/// (`%l`), so that one number may differ.
pub(crate) fn same_prefix(prefix: &str, line: &str) -> Option<usize> {
    let (known, line) = (prefix.as_bytes(), line.as_bytes());
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (mut at, mut here, mut differs) = (0, 0, false);
    while at < known.len() {
        if !known[at].is_ascii_digit() {
            if line.get(here) != Some(&known[at]) {
                return None;
            }
            (at, here) = (at + 1, here + 1);
            continue;
        }
        let (ours, theirs) = (digits(&known[at..]), digits(&line[here..]));
        if known[at..at + ours] != line[here..here + theirs] {
            if differs || theirs == 0 {
                return None;
            }
            differs = true;
        }
        (at, here) = (at + ours, here + theirs);
    }
    Some(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_of_a_prefix_may_differ() {
        let prefix = "2026-11-23 07:11:20 UTC [12098-1] ";
        assert_eq!(same_prefix(prefix, "2026-11-23 07:11:20 UTC [12098-12] DETAIL:  x"), Some(35));
        assert_eq!(same_prefix(prefix, "2026-11-23 07:11:20 UTC [12099-2] DETAIL:  x"), None);
        assert_eq!(same_prefix("", "DETAIL:  x"), Some(0));
    }

    #[test]
    fn time_and_database_are_told_by_common_prefixes() {
        assert_eq!(time("2026-11-23 07:11:20.396 UTC [1] app@shop ").as_deref(), Some("2026-11-23 07:11:20.396 UTC"));
        assert_eq!(time("Nov  3 07:11:20 host postgres[1]: ").as_deref(), Some("Nov  3 07:11:20"));
        assert_eq!(database("2026-11-23 07:11:20 UTC [1] app@shop ").as_deref(), Some("shop"));
        assert_eq!(database("[1]: user=app,db=shop,app=x ").as_deref(), Some("shop"));
        assert_eq!(database("2026-11-23 07:11:20 UTC:10.0.0.1(5):app@shop:[1]:").as_deref(), Some("shop"));
        assert_eq!(database("[1]: user=app,db=,app=x "), None);
        assert_eq!(database("2026-11-23 [1] "), None);
    }

    #[test]
    fn a_database_may_have_blanks_in_its_name() {
        for prefix in ["[5] app@My Db ", "user=app,db=My Db ", "db=My Db app=psql ", "UTC:[local]:app@My Db:[5]:"] {
            assert_eq!(database(prefix).as_deref(), Some("My Db"), "{prefix}");
        }
        for prefix in ["app@shop 10.0.0.1(5) ", "app@shop [local] ", "app@shop 4711 ", "<app@shop>", "db=shop [5] "] {
            assert_eq!(database(prefix).as_deref(), Some("shop"), "{prefix}");
        }
    }
}
