//! A text as a string literal of a language, with nothing in it that a terminal would obey.

use super::Language;
use crate::model::is_harmful;

/// The function that writes the language's literal, quotes included.
pub fn of(language: Language) -> fn(&str) -> String {
    match language {
        Language::Python => python,
        Language::Node => javascript,
        Language::Ruby => ruby,
        Language::Go => go,
        Language::Java => java,
        Language::Rust => rust,
        Language::Php => php,
        Language::Csharp => csharp,
    }
}

/// <https://docs.python.org/3/reference/lexical_analysis.html#escape-sequences>
fn python(text: &str) -> String {
    escaped(text, handier_quote(text), four_or_eight_digits)
}

/// <https://tc39.es/ecma262/#sec-literals-string-literals>
fn javascript(text: &str) -> String {
    escaped(text, handier_quote(text), utf16)
}

/// <https://docs.ruby-lang.org/en/master/syntax/literals_rdoc.html#label-String+Literals>
fn ruby(text: &str) -> String {
    if !text.contains(is_harmful) {
        return escaped(text, '\'', utf16);
    }
    // #{x}, #$x and #@x are looked up between double quotes.
    with_escapes(text, '"', &['#'], braced)
}

/// <https://go.dev/ref/spec#String_literals>
fn go(text: &str) -> String {
    if text.contains(['"', '\\']) && !text.contains(|letter| letter == '`' || is_harmful(letter)) {
        return format!("`{text}`");
    }
    escaped(text, '"', four_or_eight_digits)
}

/// Control characters in octal: Java reads \u000a as the line's end itself, even within quotes
/// (<https://docs.oracle.com/javase/specs/jls/se17/html/jls-3.html#jls-3.3>).
fn java(text: &str) -> String {
    escaped(text, '"', |letter| match u32::from(letter) {
        number @ ..=0xff => format!("\\{number:03o}"),
        _ => utf16(letter),
    })
}

/// <https://doc.rust-lang.org/reference/tokens.html#string-literals>
fn rust(text: &str) -> String {
    if text.contains(['"', '\\']) && !text.contains("\"#") && !text.contains(is_harmful) {
        return format!("r#\"{text}\"#");
    }
    escaped(text, '"', braced)
}

/// <https://www.php.net/manual/en/language.types.string.php>
fn php(text: &str) -> String {
    if !text.contains(is_harmful) {
        return escaped(text, '\'', utf16);
    }
    // $x, {$x} and ${x} are looked up between double quotes.
    with_escapes(text, '"', &['$'], braced)
}

/// <https://learn.microsoft.com/en-us/dotnet/csharp/programming-guide/strings/#string-escape-sequences>
fn csharp(text: &str) -> String {
    escaped(text, '"', utf16)
}

/// The quote that leaves the names in a statement readable, where a language takes either.
fn handier_quote(text: &str) -> char {
    if text.contains('"') && !text.contains('\'') { '\'' } else { '"' }
}

fn escaped(text: &str, quote: char, number: fn(char) -> String) -> String {
    with_escapes(text, quote, &[], number)
}

/// A backslash in front of a backslash, of the quote and of `special`; harmful letters as `number` has it.
fn with_escapes(text: &str, quote: char, special: &[char], number: fn(char) -> String) -> String {
    let inside: String = text
        .chars()
        .map(|letter| match letter {
            '\n' => "\\n".to_owned(),
            letter if is_harmful(letter) => number(letter),
            letter if letter == '\\' || letter == quote || special.contains(&letter) => format!("\\{letter}"),
            letter => letter.to_string(),
        })
        .collect();
    format!("{quote}{inside}{quote}")
}

fn four_or_eight_digits(letter: char) -> String {
    match u32::from(letter) {
        number @ ..=0xffff => format!("\\u{number:04x}"),
        number => format!("\\U{number:08x}"),
    }
}

fn utf16(letter: char) -> String {
    let units: Vec<String> = letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    units.concat()
}

fn braced(letter: char) -> String {
    format!("\\u{{{:x}}}", u32::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(language: Language, cases: &[(&str, &str)]) {
        for (text, literal) in cases {
            assert_eq!(of(language)(text), *literal);
        }
    }

    #[test]
    fn a_plain_name_stands_between_quotes() {
        for language in Language::ALL {
            let literal = of(language)("größe_pkey 🐘");
            assert!(["\"größe_pkey 🐘\"", "'größe_pkey 🐘'"].contains(&literal.as_str()), "{literal}");
        }
    }

    #[test]
    fn python_takes_either_quote() {
        check(
            Language::Python,
            &[
                (r#"say "x""#, r#"'say "x"'"#),
                (r#"it's "x""#, r#""it's \"x\"""#),
                ("\"\"\"", "'\"\"\"'"),
                (r"\N{DASH}\u0041", r#""\\N{DASH}\\u0041""#),
                ("a\n\u{1b}\u{202e}", r#""a\n\u001b\u202e""#),
            ],
        );
    }

    #[test]
    fn javascript_takes_either_quote() {
        check(
            Language::Node,
            &[
                ("`${x}`", "\"`${x}`\""),
                (r#"it's "\""#, r#""it's \"\\\"""#),
                ("\u{2028}\u{2029}\n\0", r#""\u2028\u2029\n\u0000""#),
            ],
        );
    }

    #[test]
    fn ruby_looks_nothing_up() {
        check(
            Language::Ruby,
            &[
                ("#{x}#$x#@x", "'#{x}#$x#@x'"),
                (r"it's \#{x}", r"'it\'s \\#{x}'"),
                ("\u{1b}#{x}#$x\"\\'", r#""\u{1b}\#{x}\#$x\"\\'""#),
            ],
        );
    }

    #[test]
    fn go_writes_quotes_raw_where_it_can() {
        check(
            Language::Go,
            &[(r#"a "b" \"#, r#"`a "b" \`"#), ("`\"\\", r#""`\"\\""#), ("\"\r\n\u{feff}", r#""\"\u000d\n\ufeff""#)],
        );
    }

    #[test]
    fn java_never_reads_a_unicode_escape_as_source() {
        check(
            Language::Java,
            &[
                (r#"\u0022 "x""#, r#""\\u0022 \"x\"""#),
                ("\r7\n\u{9b}", r#""\0157\n\233""#),
                ("\u{2028}\u{202e}", r#""\u2028\u202e""#),
            ],
        );
    }

    #[test]
    fn rust_writes_quotes_raw_where_it_can() {
        check(
            Language::Rust,
            &[
                (r#"a "b" \"#, r##"r#"a "b" \"#"##),
                ("a \"# {}", r##""a \"# {}""##),
                ("\"\u{202e}\n", r#""\"\u{202e}\n""#),
            ],
        );
    }

    #[test]
    fn php_looks_nothing_up() {
        check(
            Language::Php,
            &[(r#"$x {$x} "'\"#, r#"'$x {$x} "\'\\'"#), ("$x {$x} ${x}\"'\\\u{1b}", r#""\$x {\$x} \${x}\"'\\\u{1b}""#)],
        );
    }

    #[test]
    fn csharp_escapes_what_ends_a_line() {
        check(Language::Csharp, &[(r#"{x} "\""#, r#""{x} \"\\\"""#), ("\u{85}\u{2029}\n", r#""\u0085\u2029\n""#)]);
    }

    #[test]
    fn letters_past_the_first_plane_have_five_digits_or_two_units() {
        assert_eq!(utf16('🐘'), r"\ud83d\udc18");
        assert_eq!(four_or_eight_digits('🐘'), r"\U0001f418");
        assert_eq!(braced('🐘'), r"\u{1f418}");
    }
}
