//! Where results go: standard output, or a file that is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};

/// What stands at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Somebody who looks.
    Terminal,
    /// A pipe or a file, as standard output.
    Stdout,
    /// A file of its own.
    File,
}

impl Place {
    /// Whether colours are wanted there (`NO_COLOR` and `CLICOLOR_FORCE` have the last word).
    pub fn is_coloured(self) -> bool {
        match self {
            Self::File => false,
            Self::Terminal | Self::Stdout => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        }
    }
}

/// Hands `write` the place for the results, and sees to it that they arrive. A closed pipe is a quiet end.
///
/// # Errors
///
/// Where the place cannot be written to; a file is then left as it was.
pub fn deliver(file: Option<&Path>, write: impl FnOnce(&mut dyn Write, Place) -> io::Result<()>) -> io::Result<()> {
    let write_all = |out: &mut dyn Write, place| {
        let mut out = BufWriter::new(out);
        write(&mut out, place).and_then(|()| out.flush())
    };
    match file {
        None => {
            let place = if io::stdout().is_terminal() { Place::Terminal } else { Place::Stdout };
            quiet_on_closed_pipe(write_all(&mut io::stdout().lock(), place))
        }
        Some(path) if is_special(path) => {
            let mut special = OpenOptions::new().write(true).open(path)?;
            quiet_on_closed_pipe(write_all(&mut special, Place::File))
        }
        Some(path) => to_file(path, |out| write_all(out, Place::File)),
    }
}

fn quiet_on_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// A device or a pipe cannot be replaced by a file.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Writes beside the file and then renames, so that nobody ever sees half of it.
fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let beside = beside(path);
    let written = (|| {
        let mut file = File::create(&beside)?;
        write(&mut file)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        // What is left of the attempt; if it was never made, there is nothing to remove.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
