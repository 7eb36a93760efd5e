//! The patterns of `-n`, `-N`, `-t` and `-T`, as psql and pg_dump read them
//! (<https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PATTERNS>).

/// A pattern as regular expressions of PostgreSQL, each for a whole name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    /// The database, which can only be the present one, by its name: as in psql no letter stands for others there; `None`
    /// where the pattern names none.
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
        let name = parts.pop()?.expression();
        let schema = parts.pop().map(Part::expression);
        let database = parts.pop().map(|part| part.literal);
        parts.is_empty().then(|| Self { text: text.to_owned(), database, schema, name })
    }

    /// Reads the pattern of a schema. `None` where it has a dot.
    pub fn of_schema(text: &str) -> Option<Self> {
        Self::of_relation(text).filter(|pattern| pattern.schema.is_none())
    }
}

/// What stands before, between or behind the dots.
#[derive(Default)]
struct Part {
    expression: String,
    literal: String,
}

impl Part {
    /// As a regular expression for a whole name.
    fn expression(self) -> String {
        format!("^({})$", self.expression)
    }

    /// Takes a letter that has an expression of its own.
    fn push(&mut self, letter: char, expression: &str) {
        self.literal.push(letter);
        self.expression.push_str(expression);
    }
}

/// What a dot outside of quotes separates.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = Part::default();
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => part.push('"', "\""),
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut part)),
            '*' if !quoted => part.push('*', ".*"),
            '?' if !quoted => part.push('?', "."),
            // `[]` after a name means an array type there and cannot be a regular expression.
            '[' if letters.peek() == Some(&']') => part.push('[', "\\["),
            '$' => part.push('$', "\\$"),
            _ if quoted && r"|*+?()[]{}.^$\".contains(letter) => part.push(letter, &format!("\\{letter}")),
            _ => {
                let letter = if quoted { letter } else { letter.to_ascii_lowercase() };
                part.push(letter, letter.encode_utf8(&mut [0; 4]));
            }
        }
    }
    parts.push(part);
    parts
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
    fn a_databases_name_is_taken_as_it_is() {
        let database = |text: &str| Pattern::of_relation(text).and_then(|pattern| pattern.database);
        assert_eq!(database(r#"Sh*p?."S".t"#).as_deref(), Some("sh*p?"));
        assert_eq!(database(r#""S.""*".public.t"#).as_deref(), Some(r#"S."*"#));
    }

    #[test]
    fn too_many_dots_are_refused() {
        assert_eq!(Pattern::of_relation("a.db.public.t"), None);
        assert_eq!(Pattern::of_schema("db.public"), None);
    }
}
