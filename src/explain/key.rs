//! The key in a DETAIL: `(columns)=(values)`.

use super::phrases::{BEHIND_KEY, BEHIND_OTHER_KEY};

/// The key that was there already, as far as a text tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Columns and expressions in the index's order, as the server or the driver writes them.
    pub columns: Vec<String>,
    /// The values as one text: the server puts `, ` between them and quotes nothing. Several where a value that holds
    /// the words behind the key could end at several places; none where they are not told.
    pub values: Vec<String>,
}

/// An index has 32 columns at most, and nobody writes longer expressions.
const LONGEST_COLUMNS: usize = 16 * 1024;

/// How many brackets are tried as the beginning of a key before a text is taken to have none.
const TRIES: usize = 300;

impl Key {
    /// Finds the first key in a text that goes on behind it: the value ends where the server's words follow.
    pub(crate) fn find(text: &str) -> Option<Self> {
        let (columns, rest) = find_columns(text)?;
        match first_end(rest) {
            Some(end) => Some(Self { columns, values: vec![rest[..end].to_owned()] }),
            // Cut off within the value.
            None => (!rest.contains(')')).then_some(Self { columns, values: Vec::new() }),
        }
    }

    /// Finds it in a text that is the DETAIL and nothing else, or begins with it: a value may hold the very words that
    /// follow the key, so that it ends at the last of them.
    pub(crate) fn find_in_detail(detail: &str) -> Option<Self> {
        let (columns, rest) = find_columns(detail)?;
        let ends = ends_of_lines(rest);
        if ends.is_empty() {
            return Self::find(detail);
        }
        Some(Self { columns, values: ends.iter().rev().map(|end| rest[..*end].to_owned()).collect() })
    }

    /// The ways in which the values' text can be taken apart, one value for each column; at most `limit`, and `None`
    /// where there would be more. What one way alone allows is certain.
    pub fn splits(&self, limit: usize) -> Option<Vec<Vec<&str>>> {
        let mut splits = Vec::new();
        for values in &self.values {
            let separators: Vec<usize> = values.match_indices(", ").map(|(at, _)| at).collect();
            let wanted = self.columns.len().checked_sub(1)?;
            if count_choices(separators.len(), wanted, limit) + splits.len() > limit {
                return None;
            }
            choose(&separators, wanted, 0, &mut Vec::new(), &mut |chosen| {
                splits.push(cut(values, chosen));
            });
        }
        Some(splits)
    }
}

/// How many ways there are to choose `wanted` of `count`, counted no further than past `limit`.
fn count_choices(count: usize, wanted: usize, limit: usize) -> usize {
    if wanted > count {
        return 0;
    }
    let mut choices: usize = 1;
    for step in 0..wanted.min(count - wanted) {
        choices = choices.saturating_mul(count - step) / (step + 1);
        if choices > limit {
            return limit + 1;
        }
    }
    choices
}

/// Every choice of `wanted` separators, in order; a `, ` within another (", , ") overlaps none, as both are two letters.
fn choose(separators: &[usize], wanted: usize, from: usize, chosen: &mut Vec<usize>, take: &mut dyn FnMut(&[usize])) {
    if wanted == chosen.len() {
        take(chosen);
        return;
    }
    // Only so far that enough of them are left: without that, all subsets would be walked through.
    let missing = wanted - chosen.len();
    for at in from..(separators.len() + 1).saturating_sub(missing) {
        chosen.push(separators[at]);
        choose(separators, wanted, at + 1, chosen, take);
        chosen.pop();
    }
}

fn cut<'a>(values: &'a str, separators: &[usize]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for at in separators {
        parts.push(&values[from..*at]);
        from = at + 2;
    }
    parts.push(&values[from..]);
    parts
}

/// The columns, and what follows `)=(`.
fn find_columns(text: &str) -> Option<(Vec<String>, &str)> {
    for (open, _) in text.match_indices('(').take(TRIES) {
        let inside = &text[open + 1..];
        if let Some(end) = closing_bracket(inside)
            && let Some(rest) = inside[end..].strip_prefix(")=(")
        {
            return Some((split_columns(&inside[..end]), rest));
        }
    }
    None
}

/// Where the bracket that is open already is closed; brackets within quotes do not count.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, letter) in text.char_indices().take_while(|(at, _)| *at < LONGEST_COLUMNS) {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => return Some(at),
            (None, ')') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Columns at the commas that stand outside of brackets and quotes.
pub(crate) fn split_columns(text: &str) -> Vec<String> {
    let mut columns = Vec::new();
    let mut column = String::new();
    let (mut depth, mut quote) = (0_usize, None);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                columns.push(std::mem::take(&mut column).trim().to_owned());
                continue;
            }
            _ => {}
        }
        column.push(letter);
    }
    columns.push(column.trim().to_owned());
    columns
}

/// Where the value ends for the first time: at a bracket with the server's words behind it, or else at the end of a
/// line in a language that is not known.
fn first_end(rest: &str) -> Option<usize> {
    let known = rest.match_indices(')').find(|(at, _)| is_behind_key(&rest[at + 1..])).map(|(at, _)| at);
    known.or_else(|| {
        let line = rest.split('\n').next().unwrap_or_default();
        let at = line.rfind(')')?;
        // Two keys, or the name of another table: a DETAIL of another error.
        let behind = &line[at + 1..];
        let is_other = line.contains(")=(") || behind.contains(['"', '„', '“', '»', '«', '「']);
        (!is_other).then_some(at)
    })
}

/// Every place where a value can end so that nothing but the server's words stands between it and the end of its line.
fn ends_of_lines(rest: &str) -> Vec<usize> {
    let ends = |is_end: &dyn Fn(&str) -> bool| -> Vec<usize> {
        // A value with thousands of such ends is nobody's key.
        rest.match_indices(')').filter(|(at, _)| is_end(&rest[at + 1..])).map(|(at, _)| at).take(100).collect()
    };
    // Looks no further than it must: the line's end can be megabytes away, and that from every bracket.
    let is_full_stop = |behind: &str| {
        let behind = behind.strip_prefix(['.', '。']).unwrap_or(behind);
        behind
            .trim_start_matches(|letter: char| letter != '\n' && letter.is_whitespace())
            .chars()
            .next()
            .is_none_or(|next| next == '\n')
    };
    let known = ends(&|behind| {
        let words = BEHIND_KEY.iter().find(|words| behind.starts_with(**words));
        words.is_some_and(|words| words.starts_with(';') || is_full_stop(&behind[words.len()..]))
    });
    if let Some(conflict) = known.iter().position(|at| rest[at + 1..].starts_with(';')) {
        return known[..=conflict].to_vec();
    }
    if !known.is_empty() || rest.match_indices(')').any(|(at, _)| is_behind_key(&rest[at + 1..])) {
        return known;
    }
    // Spanish and Georgian put their words before the key.
    ends(&is_full_stop)
}

/// Whether the server's words follow a key somewhere in a text.
pub(crate) fn has_known_words(text: &str) -> bool {
    text.match_indices(')').any(|(at, _)| is_behind_key(&text[at + 1..]))
}

fn is_behind_key(text: &str) -> bool {
    BEHIND_KEY.iter().any(|words| text.starts_with(words))
}

/// Whether a DETAIL with a key belongs to another error.
pub(crate) fn is_other_detail(text: &str) -> bool {
    BEHIND_OTHER_KEY.iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (Vec<String>, Vec<String>) {
        let key = Key::find_in_detail(text).expect("a key");
        (key.columns, key.values)
    }

    #[test]
    fn columns_are_split_outside_of_brackets_and_quotes() {
        let (columns, values) = found(r#"Key (lower(a, 'x)'), "odd, (name", b)=(1, 2, 3) already exists."#);
        assert_eq!(columns, ["lower(a, 'x)')", "\"odd, (name\"", "b"]);
        assert_eq!(values, ["1, 2, 3"]);
    }

    #[test]
    fn a_value_may_hold_the_words_that_follow_it() {
        let (_, values) = found("Key (a)=(x) already exists.\n) already exists.");
        assert_eq!(values, ["x) already exists.\n", "x"]);
    }

    #[test]
    fn a_german_or_french_key_stands_in_quotes() {
        assert_eq!(found("Schlüssel »(id)=(1)« existiert bereits.").1, ["1"]);
        assert_eq!(found("La clé « (id)=(a (b)) » existe déjà.").1, ["a (b)"]);
    }

    #[test]
    fn values_are_taken_apart_in_every_way_there_is() {
        let key = Key { columns: vec!["a".into(), "b".into()], values: vec!["1, 2, 3".into()] };
        assert_eq!(key.splits(10), Some(vec![vec!["1", "2, 3"], vec!["1, 2", "3"]]));
        assert_eq!(key.splits(1), None);
        for columns in [2_usize, 100, 101, 102, 200] {
            let many = Key { columns: vec!["a".into(); columns], values: vec!["1, ".repeat(100)] };
            let ways = [(2, 100), (100, 100), (101, 1)].into_iter().find(|(wanted, _)| *wanted == columns);
            assert_eq!(
                many.splits(200).map(|splits| splits.len()),
                Some(ways.map_or(0, |(_, ways)| ways)),
                "{columns}"
            );
        }
        let one = Key { columns: vec!["a".into()], values: vec!["1, 2".into()] };
        assert_eq!(one.splits(1), Some(vec![vec!["1, 2"]]));
    }
}
