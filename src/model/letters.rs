//! Letters that a terminal obeys, or that make a text look like another.

/// Whether the letter moves a cursor, rings a bell, turns the reading direction round, or cannot be seen.
pub fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
