//! The INSERT as a driver wants it: its placeholders, and names that it does not take for placeholders.

use super::{Catching, Language};

/// The statement, not yet a literal of the language.
pub fn insert(language: Language, catching: &Catching) -> String {
    let names = |sql: &str| match language {
        // A query with parameters is searched for % everywhere, within quotes too
        // (<https://www.psycopg.org/psycopg3/docs/basic/params.html>).
        Language::Python => sql.replace('%', "%%"),
        Language::Php => without_backslashed_quotes(sql),
        _ => sql.to_owned(),
    };
    let table = names(catching.table_sql);
    if catching.columns_sql.is_empty() {
        return format!("INSERT INTO {table} DEFAULT VALUES");
    }
    let columns: Vec<String> = catching.columns_sql.iter().map(|column| names(column)).collect();
    let placeholders: Vec<String> = (1..=columns.len()).map(|number| placeholder(language, number)).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), placeholders.join(", "))
}

fn placeholder(language: Language, number: usize) -> String {
    match language {
        Language::Python => "%s".to_owned(),
        Language::Java | Language::Php => "?".to_owned(),
        Language::Node | Language::Ruby | Language::Go | Language::Rust | Language::Csharp => format!("${number}"),
    }
}

/// Writes `"a\b"` as `U&"a\\b"`. PDO before PHP 8.4 takes a backslash for an escape within quotes, so that in `"a\"` it
/// would miss the end of the name; two of them mean the same to it and to the server.
fn without_backslashed_quotes(sql: &str) -> String {
    let mut safe = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('"') {
        // A doubled quote ends a part here and begins the next one, which belongs to the same name.
        let mut end = 0;
        loop {
            end += after[end..].find('"').unwrap_or(after.len() - end);
            if !after[end..].starts_with("\"\"") {
                break;
            }
            end += 2;
        }
        let (name, tail) = after.split_at(end);
        safe.push_str(before);
        if name.contains('\\') && !before.ends_with("U&") && !before.ends_with("u&") {
            safe.push_str("U&\"");
            safe.push_str(&name.replace('\\', r"\\"));
        } else {
            safe.push('"');
            safe.push_str(name);
        }
        safe.push('"');
        rest = tail.strip_prefix('"').unwrap_or(tail);
    }
    safe + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(language: Language, table_sql: &str, columns: &[&str]) -> String {
        let columns_sql: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
        insert(language, &Catching { constraint: "c", table_sql, columns_sql: &columns_sql })
    }

    #[test]
    fn placeholders_are_the_drivers_own() {
        for language in Language::ALL {
            let placeholders = match language {
                Language::Python => "%s, %s",
                Language::Java | Language::Php => "?, ?",
                _ => "$1, $2",
            };
            let expected = format!("INSERT INTO t (a, b) VALUES ({placeholders})");
            assert_eq!(statement(language, "t", &["a", "b"]), expected);
        }
    }

    #[test]
    fn a_per_cent_sign_in_a_name_is_doubled_for_psycopg() {
        let expected = r#"INSERT INTO "100%%" ("%%s") VALUES (%s)"#;
        assert_eq!(statement(Language::Python, "\"100%\"", &["\"%s\""]), expected);
        assert_eq!(statement(Language::Python, "\"100%\"", &[]), r#"INSERT INTO "100%%" DEFAULT VALUES"#);
        assert_eq!(statement(Language::Node, "\"100%\"", &[]), r#"INSERT INTO "100%" DEFAULT VALUES"#);
    }

    #[test]
    fn a_backslash_never_stands_alone_for_pdo() {
        let expected = r#"INSERT INTO "odd ""s""".U&"a\\" (U&"b\\""?", U&"c\001B\\", d) VALUES (?, ?, ?)"#;
        let columns = [r#""b\""?""#, r#"U&"c\001B\\""#, "d"];
        assert_eq!(statement(Language::Php, r#""odd ""s"""."a\""#, &columns), expected);
    }
}
