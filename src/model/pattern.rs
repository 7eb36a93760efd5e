//! The patterns of `-n`, `-N`, `-t` and `-T`, as psql and pg_dump read them
//! (<https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PATTERNS>).

/// A pattern as regular expressions of PostgreSQL, each for a whole name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    /// For the database, which can only be the present one; `None` where the pattern names none.
    pub database: Option<String>,
    /// For the schema; `None` where the pattern names none.
    pub schema: Option<String>,
    /// For the name.
    pub name: String,
}

impl Pattern {
    /// Reads the pattern of a relation: `name`, `schema.name` or `database.schema.name`. `None` where it has more dots.
    pub fn of_relation(text: &str) -> Option<Self> {
        let mut parts = parts(text);
        let name = parts.pop()?;
        let schema = parts.pop();
        let database = parts.pop();
        parts.is_empty().then(|| Self { text: text.to_owned(), database, schema, name })
    }

    /// Reads the pattern of a schema. `None` where it has a dot.
    pub fn of_schema(text: &str) -> Option<Self> {
        Self::of_relation(text).filter(|pattern| pattern.schema.is_none())
    }
}

/// What a dot outside of quotes separates, each as a regular expression.
fn parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => part.push('"'),
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut part)),
            '*' if !quoted => part.push_str(".*"),
            '?' if !quoted => part.push('.'),
            // `[]` after a name means an array type there and cannot be a regular expression.
            '[' if letters.peek() == Some(&']') => part.push_str("\\["),
            '$' => part.push_str("\\$"),
            _ if quoted && r"|*+?()[]{}.^$\".contains(letter) => part.extend(['\\', letter]),
            _ if quoted => part.push(letter),
            _ => part.push(letter.to_ascii_lowercase()),
        }
    }
    parts.push(part);
    parts.into_iter().map(|part| format!("^({part})$")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(text: &str) -> (Option<String>, String) {
        let pattern = Pattern::of_relation(text).expect("a pattern");
        (pattern.schema, pattern.name)
    }

    #[test]
    fn letters_are_folded_and_wildcards_become_regular_expressions() {
        assert_eq!(relation("Shop.Al*m?"), (Some("^(shop)$".into()), "^(al.*m.)$".into()));
        assert_eq!(relation("album|artist"), (None, "^(album|artist)$".into()));
    }

    #[test]
    fn quotes_take_every_letter_as_it_is() {
        assert_eq!(
            relation(r#""Odd.Schema"."A ""b"" * c""#),
            (Some(r"^(Odd\.Schema)$".into()), r#"^(A "b" \* c)$"#.into())
        );
    }

    #[test]
    fn too_many_dots_are_refused() {
        assert_eq!(Pattern::of_relation("a.db.public.t"), None);
        assert_eq!(Pattern::of_schema("db.public"), None);
    }
}
