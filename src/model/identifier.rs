//! Reads a relation's name out of text, as the server does for `'…'::regclass`.

/// A name as somebody wrote it: folded and unquoted, with or without a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifiers {
    /// The schema, where one is written.
    pub schema: Option<String>,
    /// The relation.
    pub name: String,
}

/// Reads `name`, `schema.name`, `database.schema.name`, and all with quotes (`"Odd.Name"`); unquoted ASCII letters are
/// folded to lower case, and what is longer than 63 bytes is cut off. Another database's name would be an error there.
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
/// `None` where the text is no such name.
pub fn parse_identifiers(text: &str) -> Option<Identifiers> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = parse_part(rest)?;
        parts.push(part);
        rest = after.trim_start();
        match rest.strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None if rest.is_empty() => break,
            None => return None,
        }
    }
    let name = parts.pop()?;
    match parts.len() {
        0 => Some(Identifiers { schema: None, name }),
        1 | 2 => Some(Identifiers { schema: parts.pop(), name }),
        _ => None,
    }
}

fn parse_part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end =
            text.find(|letter: char| letter == '.' || letter == '"' || letter.is_whitespace()).unwrap_or(text.len());
        let (part, after) = text.split_at(end);
        return (!part.is_empty()).then(|| (truncated(part.to_ascii_lowercase()), after));
    };
    let mut part = String::new();
    loop {
        let end = rest.find('"')?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                part.push('"');
                rest = after;
            }
            None => return (!part.is_empty()).then(|| (truncated(part), rest)),
        }
    }
}

/// The longest name that the server keeps, in bytes (`NAMEDATALEN` - 1).
const LONGEST: usize = 63;

fn truncated(mut name: String) -> String {
    let mut end = LONGEST.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(Option<String>, String)> {
        parse_identifiers(text).map(|found| (found.schema, found.name))
    }

    #[test]
    fn a_bare_name_is_folded() {
        assert_eq!(parsed("Album_Id_Seq"), Some((None, "album_id_seq".into())));
    }

    #[test]
    fn only_ascii_is_folded_and_long_names_are_cut_between_letters() {
        assert_eq!(parsed("ÄRGER_Seq"), Some((None, "Ärger_seq".to_owned())));
        let long = "x".repeat(62) + "ä";
        assert_eq!(parsed(&long), Some((None, "x".repeat(62))));
    }

    #[test]
    fn a_databases_name_may_stand_in_front() {
        assert_eq!(parsed("db.Public.s"), Some((Some("public".into()), "s".into())));
        assert_eq!(parsed("a.b.c.d"), None);
    }

    #[test]
    fn quotes_keep_case_dots_and_quotes() {
        assert_eq!(
            parsed(r#"public."Odd ""dot.ted"" Seq""#),
            Some((Some("public".into()), r#"Odd "dot.ted" Seq"#.into()))
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", ".", "a.", "\"open", "a b", "\"\""] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
