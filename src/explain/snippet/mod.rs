//! The lines that catch error 23505 of one constraint, in the language of the application.
//!
//! Each template is a file of that language, in which `INSERT_STATEMENT` and `CONSTRAINT_NAME` stand for the literals.

mod language;
mod literal;
mod statement;

pub use language::Language;

/// What the snippet is made from.
#[derive(Clone, Copy, Debug)]
pub struct Catching<'a> {
    /// The constraint's name as the error carries it, unquoted.
    pub constraint: &'a str,
    /// The table, quoted and qualified for SQL.
    pub table_sql: &'a str,
    /// The columns that the INSERT fills, each quoted for SQL; none of them makes it `DEFAULT VALUES`.
    pub columns_sql: &'a [String],
}

/// The lines to copy, with a line feed at the end: they run the INSERT, answer 409 where this constraint refuses the
/// row, and pass every other error on. A transaction that was open can go on, for the INSERT has a savepoint.
///
/// A deferred constraint refuses at COMMIT, which is not in these lines.
pub fn snippet(language: Language, catching: &Catching) -> String {
    let literal = literal::of(language);
    let (head, rest) = parted(template(language), "INSERT_STATEMENT");
    let (middle, tail) = parted(rest, "CONSTRAINT_NAME");
    let insert = literal(&statement::insert(language, catching));
    let constraint = literal(catching.constraint);
    format!("{head}{insert}{middle}{constraint}{tail}")
}

fn template(language: Language) -> &'static str {
    match language {
        Language::Python => include_str!("templates/python.py"),
        Language::Node => include_str!("templates/node.js"),
        Language::Ruby => include_str!("templates/ruby.rb"),
        Language::Go => include_str!("templates/go.go"),
        Language::Java => include_str!("templates/java.java"),
        Language::Rust => include_str!("templates/rust.rs"),
        Language::Php => include_str!("templates/php.php"),
        Language::Csharp => include_str!("templates/csharp.cs"),
    }
}

fn parted<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str) {
    text.split_once(mark).expect("every template has both marks, the statement first")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::is_harmful;

    fn of(language: Language, constraint: &str, columns: &[&str]) -> String {
        let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
        snippet(language, &Catching { constraint, table_sql: "public.orders", columns_sql: &columns })
    }

    #[test]
    fn each_holds_the_code_the_constraint_the_statement_and_the_answer() {
        for language in Language::ALL {
            let lines = of(language, "orders_pkey", &["id", "note"]);
            for part in ["23505", "orders_pkey", "INSERT INTO public.orders (id, note) VALUES (", "409"] {
                assert!(lines.contains(part), "{part} in {lines}");
            }
        }
    }

    #[test]
    fn each_fits_on_a_screen_and_ends_its_last_line() {
        for language in Language::ALL {
            let lines = of(language, "orders_pkey", &["id"]);
            assert!(lines.lines().count() <= 28, "{lines}");
            assert!(lines.lines().all(|line| line.chars().count() <= 120), "{lines}");
            assert!(lines.ends_with('\n') && !lines.ends_with("\n\n"), "{lines}");
        }
    }

    #[test]
    fn no_columns_are_default_values() {
        for language in Language::ALL {
            let lines = of(language, "orders_pkey", &[]);
            assert!(lines.contains("INSERT INTO public.orders DEFAULT VALUES"), "{lines}");
        }
    }

    #[test]
    fn a_name_that_reads_like_a_mark_stays_a_name() {
        for language in Language::ALL {
            let lines = of(language, "INSERT_STATEMENT", &["\"CONSTRAINT_NAME\""]).replace("DIAG_CONSTRAINT_NAME", "");
            assert_eq!(lines.matches("INSERT INTO").count(), 1, "{lines}");
            assert_eq!(lines.matches("INSERT_STATEMENT").count(), 1, "{lines}");
            assert_eq!(lines.matches("CONSTRAINT_NAME").count(), 1, "{lines}");
        }
    }

    #[test]
    fn nothing_that_a_terminal_obeys_comes_through() {
        for language in Language::ALL {
            let lines = of(language, "a\u{1b}[31m\r\n\u{2028}\u{202e}b", &["\"\u{7}\u{9b}\u{feff}\""]);
            let harmful = |letter: char| is_harmful(letter) && !matches!(letter, '\n' | '\t');
            assert!(!lines.contains(harmful), "{lines:?}");
            assert_eq!(lines.lines().count(), of(language, "a", &["b"]).lines().count(), "{lines}");
        }
    }
}
