//! Lines of a log, of which none takes more memory than a limit.

use std::io::{self, BufRead};

/// What is longer is cut off: no report of an error is that long.
const LONGEST: usize = 1024 * 1024;

/// A buffer for one line.
#[derive(Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
}

impl Lines {
    /// The next line without its end; `None` at the end of the log.
    pub(crate) fn next(&mut self, log: &mut dyn BufRead) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut is_any = false;
        loop {
            let bytes = match log.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            if bytes.is_empty() {
                return Ok(is_any.then(|| without_end(&self.line)));
            }
            is_any = true;
            let end = memchr::memchr(b'\n', bytes);
            let piece = &bytes[..end.unwrap_or(bytes.len())];
            let room = LONGEST - self.line.len();
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            let used = piece.len() + usize::from(end.is_some());
            log.consume(used);
            if end.is_some() {
                return Ok(Some(without_end(&self.line)));
            }
        }
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_cut() {
        let text = [vec![b'x'; LONGEST + 10], b"\nshort\r\nlast".to_vec()].concat();
        let (mut log, mut lines) = (io::BufReader::with_capacity(100, text.as_slice()), Lines::default());
        let mut next = || lines.next(&mut log).expect("no error").map(<[u8]>::to_vec);
        assert_eq!(next().map(|line| line.len()), Some(LONGEST));
        assert_eq!(next().as_deref(), Some(b"short".as_slice()));
        assert_eq!(next().as_deref(), Some(b"last".as_slice()));
        assert_eq!(next(), None);
    }
}
