//! Times as PostgreSQL's settings take them: a number and a unit, milliseconds without one
//! (<https://www.postgresql.org/docs/current/config-setting.html>).

/// The longest time that `lock_timeout` takes.
const LONGEST: u64 = i32::MAX as u64;

const EXPECTED: &str = "it takes a whole number of milliseconds, or one with ms, s, min, h or d behind it";
const EXPECTED_WITH_UNIT: &str = "it takes a whole number with ms, s, min, h or d behind it";

/// Reads a time in milliseconds.
///
/// # Errors
///
/// In words for the person, where it is no number, perhaps with a unit, or longer than 24.8 days.
pub fn milliseconds(text: &str) -> Result<u64, String> {
    read(text, EXPECTED)
}

fn read(text: &str, expected: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(expected.to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| expected.to_owned())?;
    number.checked_mul(factor).filter(|time| *time <= LONGEST).ok_or_else(|| "it takes at most 24 days".to_owned())
}

/// Reads a time for a whole run, which a number alone would make milliseconds of.
///
/// # Errors
///
/// As [`milliseconds`], and where there is no unit.
pub fn time_limit(text: &str) -> Result<u64, String> {
    match read(text, EXPECTED_WITH_UNIT)? {
        0 => Ok(0),
        _ if text.trim().ends_with(|letter: char| letter.is_ascii_digit()) => {
            Err(format!("it needs a unit: {0}s, {0}min, {0}ms", text.trim()))
        }
        time => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, time_limit};

    #[test]
    fn a_limit_for_a_run_needs_a_unit() {
        assert_eq!((time_limit("0"), time_limit("5s"), time_limit("2 min")), (Ok(0), Ok(5_000), Ok(120_000)));
        assert_eq!(time_limit("5"), Err("it needs a unit: 5s, 5min, 5ms".to_owned()));
        assert!(time_limit("soon").is_err());
    }

    #[test]
    fn units_are_postgresqls() {
        assert_eq!(milliseconds("400"), Ok(400));
        assert_eq!(milliseconds("2 s"), Ok(2_000));
        assert_eq!(milliseconds("1min"), Ok(60_000));
        for bad in ["", "s", "1.5s", "-1", "5 weeks", "25d", "99999999999999999999"] {
            assert!(milliseconds(bad).is_err(), "{bad}");
        }
    }
}
