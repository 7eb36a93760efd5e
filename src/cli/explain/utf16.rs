//! Texts in UTF-16 with a byte order mark, as PowerShell's redirection writes them.

use std::io::{self, BufRead, Read};

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    /// That of a text which begins so; `None` where it is not UTF-16: a mark alone can be anything, but in UTF-16 a part
    /// of the letters is ASCII (blanks, digits, line ends), which has a zero in each.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        let order = match beginning {
            [0xff, 0xfe, ..] => Self::Little,
            [0xfe, 0xff, ..] => Self::Big,
            _ => return None,
        };
        let (units, _) = beginning[2..].as_chunks::<2>();
        let ascii = units.iter().filter(|unit| order.unit(**unit) < 0x80).count();
        (ascii * 16 >= units.len()).then_some(order)
    }

    fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }
}

/// Reads UTF-16 as UTF-8, piece by piece; what is no letter is replaced.
pub struct Utf16<R> {
    source: R,
    order: Order,
    /// What was read and is no whole letter yet.
    bytes: Vec<u8>,
    /// What is decoded, and how much of it was handed on.
    ready: String,
    handed: usize,
}

/// How much is read at once.
const PIECE: u64 = 64 * 1024;

impl<R: BufRead> Utf16<R> {
    /// Reads what follows the mark.
    pub fn new(source: R, order: Order) -> Self {
        Self { source, order, bytes: Vec::new(), ready: String::new(), handed: 0 }
    }

    /// Decodes the next piece; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let read = self.source.by_ref().take(PIECE).read_to_end(&mut self.bytes)?;
        if self.bytes.is_empty() {
            return Ok(false);
        }
        let (pairs, rest) = self.bytes.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| self.order.unit(*pair)).collect();
        let mut left = rest.to_vec();
        if read == 0 {
            // Half a unit at the end is no letter.
            units.extend((!left.is_empty()).then_some(0xfffd));
            left.clear();
        } else if units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
            left.splice(0..0, pairs[units.len()]);
        }
        self.ready = String::from_utf16_lossy(&units);
        self.handed = 0;
        self.bytes = left;
        Ok(true)
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.handed == self.ready.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let count = (&self.ready.as_bytes()[self.handed..]).read(buffer)?;
        self.handed += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str, order: Order) -> Vec<u8> {
        let bytes = |unit: u16| if order == Order::Little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    #[test]
    fn letters_of_any_length_are_read_in_either_order_whole_over_the_pieces() {
        let text = "aé日😀\n".repeat(20_000);
        for order in [Order::Little, Order::Big] {
            let source = bytes(&text, order);
            assert_eq!(Order::of(&source[..64]), Some(order));
            let mut read = String::new();
            Utf16::new(&source[2..], order).read_to_string(&mut read).expect("UTF-8");
            assert!(read == text, "{order:?}");
        }
    }

    #[test]
    fn a_text_that_is_cut_ends_with_a_sign_for_it() {
        let source = bytes("a😀", Order::Little);
        let mut read = String::new();
        Utf16::new(&source[2..source.len() - 1], Order::Little).read_to_string(&mut read).expect("UTF-8");
        assert_eq!(read, "a\u{fffd}\u{fffd}");
    }

    #[test]
    fn other_bytes_that_begin_like_a_mark_are_left_as_they_are() {
        assert_eq!(Order::of(b"\xff\xfe\x00 LOG:  x\n\xc3(\n"), None);
        assert_eq!(Order::of(b"LOG:  x"), None);
        assert_eq!(Order::of(b"\xff\xfe"), Some(Order::Little));
    }
}
