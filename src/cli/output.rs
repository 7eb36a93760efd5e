//! Where results go: standard output, or a file that is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// The place for the results, opened before the work begins: what cannot be reported is not done.
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A device or a pipe, which cannot be replaced by a file.
    Special(File),
    /// A file that is written beside its place and then put there, so that nobody ever sees half of it.
    Replaced(Replacement),
}

impl Destination {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// Where it cannot be written to.
    pub fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => Ok(Self::Special(OpenOptions::new().write(true).open(path)?)),
            _ => Ok(Self::Replaced(Replacement::begin(path)?)),
        }
    }

    /// Hands `write` the place, and sees to it that the results arrive. A closed pipe is a quiet end.
    ///
    /// # Errors
    ///
    /// Where they do not arrive; a file is then left as it was.
    pub fn deliver(self, write: impl FnOnce(&mut dyn Write, Place) -> io::Result<()>) -> io::Result<()> {
        let write_all = |out: &mut dyn Write, place| {
            let mut out = BufWriter::new(out);
            write(&mut out, place).and_then(|()| out.flush())
        };
        match self {
            Self::Stdout => {
                let place = if io::stdout().is_terminal() { Place::Terminal } else { Place::Stdout };
                quiet_on_closed_pipe(write_all(&mut io::stdout().lock(), place))
            }
            Self::Special(mut file) => quiet_on_closed_pipe(write_all(&mut file, Place::File)),
            Self::Replaced(mut replacement) => {
                write_all(&mut replacement.file, Place::File)?;
                replacement.finish()
            }
        }
    }
}

fn quiet_on_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// A file that takes another's place once it is whole.
pub struct Replacement {
    file: File,
    beside: PathBuf,
    path: PathBuf,
    is_done: bool,
}

impl Replacement {
    fn begin(path: &Path) -> io::Result<Self> {
        // A link is followed, as with `>`: what it leads to is replaced.
        let path = fs::canonicalize(path).or_else(|_| followed(path))?;
        if path.exists() {
            // As with `>`, too: a file that may not be written is not put out of the way.
            OpenOptions::new().append(true).open(&path)?;
        }
        let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_os_string();
        name.push(format!(".{}.part", std::process::id()));
        let beside = path.with_file_name(name);
        let file = File::create(&beside)?;
        unfinished().push(beside.clone());
        let replacement = Self { file, beside, path, is_done: false };
        if let Ok(found) = fs::metadata(&replacement.path) {
            replacement.file.set_permissions(found.permissions())?;
        }
        Ok(replacement)
    }

    fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        // A mounted file, or another's in a directory like /tmp, can be written to and not be replaced.
        if fs::rename(&self.beside, &self.path).is_err() {
            fs::copy(&self.beside, &self.path)?;
            return Ok(());
        }
        self.is_done = true;
        Ok(())
    }
}

/// How many links Linux follows.
const MOST_LINKS: usize = 40;

/// Where a link leads to that is not there yet; a name that can only be a directory's is none.
fn followed(path: &Path) -> io::Result<PathBuf> {
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&place) else { return Ok(place) };
        place = place.parent().map_or_else(|| target.clone(), |directory| directory.join(&target));
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

/// The files that are begun: who ends the program in the midst of its work drops nothing.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what was begun and will not be finished.
pub fn forget_unfinished() {
    for beside in unfinished().drain(..) {
        // If it cannot be removed there is nobody left to tell.
        let _ = fs::remove_file(beside);
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_done {
            forget_unfinished();
        }
    }
}
