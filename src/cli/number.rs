//! Whole numbers as options take them, with errors that say which would do.

/// Reads a value of a column or of a sequence.
///
/// # Errors
///
/// In words for the person, where it is none.
pub fn value(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("it takes a whole number from {} to {}", i64::MIN, i64::MAX))
}

/// Reads how many; 0 is none.
///
/// # Errors
///
/// As [`value`].
pub fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("it takes a whole number from 0 to {}", u64::MAX))
}

/// Reads how many connections to work with.
///
/// # Errors
///
/// As [`value`].
pub fn jobs(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|number| (1..=64).contains(number));
    number.ok_or_else(|| "it takes a whole number from 1 to 64".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{count, jobs, value};

    #[test]
    fn what_does_not_fit_is_told_what_would() {
        assert_eq!((value("-5"), count("5"), jobs("64")), (Ok(-5), Ok(5), Ok(64)));
        for text in ["", "1.5", "1e6", "many", "99999999999999999999"] {
            for error in [value(text).map(|_| ()), count(text).map(|_| ()), jobs(text).map(|_| ())] {
                assert!(error.is_err_and(|error| error.contains("whole number from ")), "{text:?}");
            }
        }
        assert!(jobs("0").is_err() && jobs("65").is_err() && count("-1").is_err());
    }
}
