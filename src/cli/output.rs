//! Where results go: standard output, or a file that is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Hands `write` the place for the results, and sees to it that they arrive. A closed pipe is a quiet end.
///
/// # Errors
///
/// Where the place cannot be written to; a file is then left as it was.
pub fn deliver(file: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    match file {
        None => to_stdout(write),
        Some(path) if is_special(path) => {
            let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
            quiet_on_closed_pipe(write(&mut out).and_then(|()| out.flush()))
        }
        Some(path) => to_file(path, write),
    }
}

fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(anstream::AutoStream::auto(io::stdout()).lock());
    quiet_on_closed_pipe(write(&mut out).and_then(|()| out.flush()))
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
        let mut out = BufWriter::new(anstream::StripStream::new(File::create(&beside)?));
        write(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?.into_inner();
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
