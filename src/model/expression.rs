//! Reads the text of a column's default, as `pg_get_expr` prints it under an empty `search_path`.

/// What a column's default does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nextval {
    /// A plain `nextval('…'::regclass)`: the catalog knows the sequence.
    Plain,
    /// `nextval(('…'::text)::regclass)`: the name inside is looked up at each call.
    ByName(String),
    /// A plain `currval`, which draws nothing.
    Current,
    /// Anything else.
    Other,
}

/// Tells a plain call of `nextval` from everything else. Casts to an integer type or to the column's own type
/// round the call are harmless; a schema in front of `nextval` means that it is somebody else's function,
/// as the server leaves out its own schema's name.
pub fn parse_nextval(expression: &str, column_type: &str) -> Nextval {
    let call = strip_casts(expression, |cast| INTEGER_TYPES.contains(&cast) || cast == column_type);
    let argument_of = |function: &str| call.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')');
    if argument_of("currval").and_then(|argument| argument.strip_suffix("::regclass")).and_then(whole_literal).is_some()
    {
        return Nextval::Current;
    }
    let Some(argument) = argument_of("nextval") else {
        return Nextval::Other;
    };
    if argument.strip_suffix("::regclass").and_then(whole_literal).is_some() {
        return Nextval::Plain;
    }
    let name = strip_casts(argument, |cast| TEXT_TYPES.contains(&cast) || cast == "regclass");
    whole_literal(name).map_or(Nextval::Other, Nextval::ByName)
}

const INTEGER_TYPES: [&str; 4] = ["smallint", "integer", "bigint", "numeric"];
const TEXT_TYPES: [&str; 3] = ["text", "character varying", "name"];

/// Takes away the parentheses round the whole text and the casts behind it, while `harmless` agrees.
fn strip_casts(text: &str, harmless: impl Fn(&str) -> bool) -> &str {
    let mut text = text.trim();
    loop {
        if let Some(inner) = inside_parentheses(text) {
            text = inner.trim();
        } else if let Some((value, _)) = last_cast(text).filter(|(_, cast)| harmless(cast)) {
            text = value.trim();
        } else {
            return text;
        }
    }
}

/// What is between the first and the last letter, if these are one pair of parentheses.
fn inside_parentheses(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_i32;
    for (_, letter) in outside_quotes(inner) {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    (depth == 0).then_some(inner)
}

/// The last `::type` that stands outside of parentheses and quotes, with what it is put behind.
fn last_cast(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_i32;
    let mut found = None;
    for (at, letter) in outside_quotes(text) {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ':' if depth == 0 && text[at..].starts_with("::") => found = Some(at),
            _ => {}
        }
    }
    found.map(|at| (&text[..at], &text[at + 2..]))
}

/// The letters of the text that stand outside of '…' and "…", with their places.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut open = None;
    text.char_indices().filter(move |(_, letter)| match open {
        Some(quote) => {
            if *letter == quote {
                open = None;
            }
            false
        }
        None if *letter == '\'' || *letter == '"' => {
            open = Some(*letter);
            false
        }
        None => true,
    })
}

/// The value of the text, if all of it is one string constant.
fn whole_literal(text: &str) -> Option<String> {
    let (escapes, quoted) = match text.strip_prefix('E') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
    let value = inner.replace("''", "\u{0}");
    if value.contains('\'') {
        return None;
    }
    let value = value.replace('\u{0}', "'");
    Some(if escapes { value.replace(r"\\", r"\") } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_call_is_plain_with_harmless_casts_too() {
        for text in [
            "nextval('public.s'::regclass)",
            "(nextval('public.s'::regclass))::integer",
            "((nextval('public.s'::regclass))::integer)::numeric",
            r#"nextval('"Odd ''quo)te"."a::b"'::regclass)"#,
        ] {
            assert_eq!(parse_nextval(text, "integer"), Nextval::Plain, "{text}");
        }
        assert_eq!(parse_nextval("(nextval('s'::regclass))::numeric(9,2)", "numeric(9,2)"), Nextval::Plain);
    }

    #[test]
    fn a_name_that_is_looked_up_at_each_call_is_told_apart() {
        for text in ["nextval(('public.s'::text)::regclass)", "nextval(('public.s'::character varying)::regclass)"] {
            assert_eq!(parse_nextval(text, "integer"), Nextval::ByName("public.s".into()), "{text}");
        }
        assert_eq!(
            parse_nextval(r"nextval((E'a\\b''c'::text)::regclass)", "integer"),
            Nextval::ByName(r"a\b'c".into())
        );
    }

    #[test]
    fn currval_draws_nothing() {
        assert_eq!(parse_nextval("currval('public.s'::regclass)", "bigint"), Nextval::Current);
        assert_eq!(parse_nextval("(currval('public.s'::regclass) + 1)", "bigint"), Nextval::Other);
    }

    #[test]
    fn anything_more_is_something_else() {
        for text in [
            "(nextval('s'::regclass) * 1000)",
            "('INV-'::text || nextval('s'::regclass))",
            "other.nextval('s'::regclass)",
            "COALESCE(nextval('s'::regclass), 1)",
            "(nextval('s'::regclass) + nextval('t'::regclass))",
            "(nextval('s'::regclass))::text",
            "nextval((('s'::text || 't'::text))::regclass)",
            "1",
            "",
        ] {
            assert_eq!(parse_nextval(text, "integer"), Nextval::Other, "{text}");
        }
    }
}
