//! Whole numbers in settings.

use super::{conninfo::is_blank, values::Values};

/// Reads a whole number as libpq does: blanks around it are fine, and nothing at all is 0.
pub(super) fn parse(text: &str) -> Option<i32> {
    match text.trim_matches(is_blank) {
        "" => Some(0),
        digits => digits.parse().ok(),
    }
}

/// The number given for `keyword`, if one is; the error is the reason.
pub(super) fn setting(values: &Values, keyword: &str) -> Result<Option<i32>, String> {
    let read = |text| {
        parse(text).ok_or_else(|| format!("invalid integer value \"{text}\" for connection option \"{keyword}\""))
    };
    values.get(keyword).map(read).transpose()
}

/// The positive number given for `keyword`; 0 and less ask for the default, as none does.
pub(super) fn positive(values: &Values, keyword: &str) -> Result<Option<u32>, String> {
    let number = setting(values, keyword)?;
    Ok(number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_signs_are_as_in_c() {
        for (text, number) in [(" 5 ", Some(5)), ("+5", Some(5)), ("-1", Some(-1)), ("", Some(0)), ("5s", None)] {
            assert_eq!(parse(text), number, "{text:?}");
        }
    }
}
