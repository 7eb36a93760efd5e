//! Reads the error from standard input.

use std::io::{self, IsTerminal, Read};

use pgseqfix::db::Error;

use super::utf16::{Order, Utf16};
use crate::cli::failure::{Failure, tell};

/// No error report is longer; a log is read piece by piece with --log.
const LONGEST: u64 = 64 * 1024 * 1024;

/// All of standard input.
///
/// # Errors
///
/// Where it cannot be read, or is too long for one error.
pub fn standard_input() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        tell("paste the error, and end with Ctrl-D on a line of its own");
    }
    let mut bytes = Vec::new();
    let failed = |error| Failure::Io("could not read standard input".to_owned(), error);
    io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST {
        let error = Error::refusal("could not read standard input", "it is longer than 64 MB");
        return Err(error.with_hint("for logs: --log -").into());
    }
    let Some(order) = Order::of(&bytes) else {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    };
    let mut text = String::new();
    Utf16::new(&bytes[2..], order).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
