//! Numbers that can be read.

/// With a comma before every third digit.
pub fn grouped<N: std::fmt::Display + Copy>(number: N) -> String {
    let text = number.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let mut shown = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A share from 0 to 1 as a small bar with its percentage; what is used at all is never shown as nothing.
pub fn share_bar(share: f64) -> String {
    const WIDTH: f64 = 5.0;
    const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
    let share = share.clamp(0.0, 1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 40")]
    let eighths = if share > 0.0 { (share * WIDTH * 8.0).ceil() as usize } else { 0 };
    let mut bar = "█".repeat(eighths / 8);
    if eighths % 8 > 0 {
        bar.push(EIGHTHS[eighths % 8 - 1]);
    }
    let width = bar.chars().count();
    format!("{bar}{} {}", " ".repeat(5 - width.min(5)), percent(share))
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        zero if zero <= 0.0 => "  0%".to_owned(),
        small if small < 1.0 => " <1%".to_owned(),
        nearly if nearly < 100.0 => format!("{:>3}%", nearly.floor()),
        _ => "100%".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_third_digit_has_a_comma() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234), "1,234");
        assert_eq!(grouped(i64::MIN), "-9,223,372,036,854,775,808");
    }

    #[test]
    fn a_bar_is_full_only_when_all_is_used() {
        assert_eq!(share_bar(0.0), "        0%");
        assert_eq!(share_bar(0.000_1), "▏      <1%");
        assert_eq!(share_bar(0.5), "██▌    50%");
        assert_eq!(share_bar(0.999), "█████  99%");
        assert_eq!(share_bar(1.0), "█████ 100%");
    }
}
