//! Finds the sequences that a function's text calls `nextval` on.

/// The names in every `nextval('…')` that the text spells out, as they are written.
///
/// The text is not parsed: a comment counts, too, and a name that is put together at run time is not seen.
pub fn nextval_literals(body: &str) -> Vec<String> {
    let lower = body.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = lower[from..].find("nextval") {
        from += at + "nextval".len();
        found.extend(literal_argument(&body[from..]));
    }
    found.sort();
    found.dedup();
    found
}

/// The string constant that an argument list begins with; its quotes are doubled inside of dynamic SQL.
fn literal_argument(rest: &str) -> Option<String> {
    let inside =
        rest.trim_start().strip_prefix('(')?.trim_start_matches(|letter: char| letter == '(' || letter.is_whitespace());
    let quoted = inside.trim_start_matches('\'');
    let has_quote = quoted.len() < inside.len();
    let end = quoted.find('\'')?;
    (has_quote && end > 0).then(|| quoted[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::nextval_literals;

    #[test]
    fn calls_are_found_however_they_are_written() {
        let body = "BEGIN NEW.id := nextval('shop.a_seq'); x := NEXTVAL ( 'b_seq'::regclass );
                    EXECUTE 'SELECT nextval(''\"C d\"'')'; y := pg_catalog.nextval(('e')::regclass); END";
        assert_eq!(nextval_literals(body), ["\"C d\"", "b_seq", "e", "shop.a_seq"]);
    }

    #[test]
    fn a_name_made_at_run_time_is_not_guessed() {
        assert!(nextval_literals("nextval(quote_ident(x)) nextval(TG_ARGV[0]) nextval('").is_empty());
        assert!(nextval_literals("SELECT 'nextval'").is_empty());
    }
}
