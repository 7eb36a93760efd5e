//! A freshly made data directory, kept under `target` and copied for each server: making one takes longer.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::programs::account_to_drop_to;

/// Copies the kept one to a place, or what `make` makes there the first time.
pub fn copy(programs: &Path, to: &Path, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let kept = kept(programs).map_err(|error| format!("{}: {error}", programs.display()))?;
    if !kept.exists() {
        make(to)?;
        // Another process may be faster, and theirs is as good.
        let ours = kept.with_extension(std::process::id().to_string());
        let done = copy_directory(to, &ours).and_then(|()| fs::rename(&ours, &kept));
        if done.is_err() {
            let _ = fs::remove_dir_all(&ours);
        }
        return Ok(());
    }
    copy_directory(&kept, to).map_err(|error| format!("{}: {error}", kept.display()))
}

/// Its place: another one for each build of the server.
fn kept(programs: &Path) -> io::Result<PathBuf> {
    let built = fs::metadata(programs.join("postgres"))?;
    let time = built.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?.as_secs();
    let name = format!("data-{time}-{}-{}", built.size(), built.ino());
    Ok(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
}

fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    give(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
            give(&to)?;
        }
    }
    Ok(())
}

fn give(path: &Path) -> io::Result<()> {
    account_to_drop_to().map_or(Ok(()), |account| chown(path, Some(account.uid), Some(account.gid)))
}
