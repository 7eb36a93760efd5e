//! Reads a relation's name out of text, as the server does for `'…'::regclass`.

/// A name as somebody wrote it: folded and unquoted, with or without a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifiers {
    /// The schema, where one is written.
    pub schema: Option<String>,
    /// The relation.
    pub name: String,
}

/// Reads `name`, `schema.name`, and both with quotes (`"Odd.Name"`); unquoted letters are folded to lower case
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
/// `None` where the text is no name of one or two parts.
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
        1 => Some(Identifiers { schema: parts.pop(), name }),
        _ => None,
    }
}

fn parse_part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end =
            text.find(|letter: char| letter == '.' || letter == '"' || letter.is_whitespace()).unwrap_or(text.len());
        let (part, after) = text.split_at(end);
        return (!part.is_empty()).then(|| (part.to_lowercase(), after));
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
            None => return (!part.is_empty()).then_some((part, rest)),
        }
    }
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
    fn quotes_keep_case_dots_and_quotes() {
        assert_eq!(
            parsed(r#"public."Odd ""dot.ted"" Seq""#),
            Some((Some("public".into()), r#"Odd "dot.ted" Seq"#.into()))
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", ".", "a.", "a.b.c", "\"open", "a b", "\"\""] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
