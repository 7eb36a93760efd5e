//! Takes away what programs put round a text: JSON's and other languages' backslashes, HTML's entities.

use std::borrow::Cow;

/// A text with one layer of backslash escapes taken away: `\n`, `\t`, `\"`, `\\`, `\u00e9`, `\xe9`.
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some(kind @ ('u' | 'x')) => match unit(letters.as_str(), if kind == 'u' { 4 } else { 2 }) {
                Some((letter, used)) => {
                    plain.push(letter);
                    letters = letters.as_str()[used..].chars();
                }
                None => plain.extend(['\\', kind]),
            },
            Some(other) => plain.push(other),
            None => plain.push('\\'),
        }
    }
    Cow::Owned(plain)
}

/// The letter that hexadecimal digits stand for, two units of UTF-16 together where it takes two, and their length.
fn unit(text: &str, digits: usize) -> Option<(char, usize)> {
    let number = |text: &str| u32::from_str_radix(text.get(..digits)?, 16).ok();
    let first = number(text)?;
    if let Some(letter) = char::from_u32(first) {
        return Some((letter, digits));
    }
    let second = number(text[digits..].strip_prefix("\\u")?)?;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let letter = char::decode_utf16(pair).next()?.ok()?;
    Some((letter, digits * 2 + 2))
}

/// A text with HTML's entities for quotes and brackets taken away.
pub(crate) fn without_entities(text: &str) -> Cow<'_, str> {
    const ENTITIES: [(&str, &str); 8] = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&#x22;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        // The last one, as it would make others.
        ("&amp;", "&"),
    ];
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    ENTITIES.iter().fold(Cow::Borrowed(text), |text, (entity, letter)| {
        if text.contains(entity) { Cow::Owned(text.replace(entity, letter)) } else { text }
    })
}

/// A text whose letters beyond ASCII were read in Latin 1 although they were UTF-8 (`Â«x_pkeyÂ»`), put right.
pub(crate) fn without_mojibake(text: &str) -> Cow<'_, str> {
    if !text.contains(['Ã', 'Â']) {
        return Cow::Borrowed(text);
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A text without the sequences that colour it on a terminal, which dumps of objects have between their fields.
pub(crate) fn without_colours(text: &str) -> Cow<'_, str> {
    if text.contains("\u{1b}[") {
        Cow::Owned(anstream::adapter::strip_str(text).to_string())
    } else {
        Cow::Borrowed(text)
    }
}

/// Reads a literal whose opening quote has been read: its content, escapes taken away. `None` where it does not end
/// within `longest` bytes.
pub(crate) fn literal(text: &str, quote: char, longest: usize) -> Option<String> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().take_while(|(at, _)| *at <= longest) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            letter if letter == quote => return Some(unescaped(&text[..at]).into_owned()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_layer_is_taken_away() {
        assert_eq!(unescaped(r#"a\"b\\\"c\u00e9\ud83d\ude00\n"#), "a\"b\\\"cé😀\n");
        assert_eq!(unescaped("\\"), "\\");
        assert_eq!(unescaped(r"\ud83d"), r"\ud83d");
        assert_eq!(without_entities("&quot;a&amp;quot;"), "\"a&quot;");
    }

    #[test]
    fn a_literal_ends_at_a_quote_that_is_not_escaped() {
        assert_eq!(literal(r#"a\"b" more"#, '"', 99).as_deref(), Some("a\"b"));
        assert_eq!(literal("a", '"', 99), None);
    }
}
