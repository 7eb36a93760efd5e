//! The operating system's account that runs this program.

use std::ffi::CStr;
use std::path::PathBuf;
use std::{io, ptr};

/// Name and home directory of the effective user.
struct Account {
    name: String,
    home: PathBuf,
}

/// The name that a role defaults to; the error is the reason. `$USER` has no say in it.
pub(super) fn user_name() -> Result<String, String> {
    look_up().map(|account| account.name)
}

/// The home directory: `$HOME`, or the account's where that is unset or empty.
pub(super) fn home(environment: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    environment("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
        .or_else(|| look_up().ok().map(|account| account.home))
}

/// Asks the user database for the effective user.
fn look_up() -> Result<Account, String> {
    // SAFETY: geteuid has no preconditions and cannot fail.
    let id = unsafe { libc::geteuid() };
    let mut buffer = vec![0; 16 * 1024];
    // SAFETY: passwd is a plain C struct of pointers and numbers, for which zeros are valid.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut found = ptr::null_mut();
    // SAFETY: every pointer is to a live local, and the length is the buffer's own.
    let status = unsafe { libc::getpwuid_r(id, &raw mut entry, buffer.as_mut_ptr(), buffer.len(), &raw mut found) };
    // Either says that there is no such entry; the former where there is no user database at all, as in a bare container.
    if status != 0 && ![libc::ENOENT, libc::ESRCH].contains(&status) {
        let error = io::Error::from_raw_os_error(status);
        return Err(format!("could not look up local user ID {id}: {error}"));
    }
    if found.is_null() {
        return Err(format!("local user with ID {id} does not exist (name a role with -U)"));
    }
    // SAFETY: getpwuid_r found an entry, so both point to C strings inside `buffer`, still alive.
    let (name, home) = unsafe { (CStr::from_ptr(entry.pw_name), CStr::from_ptr(entry.pw_dir)) };
    Ok(Account { name: name.to_string_lossy().into_owned(), home: PathBuf::from(home.to_string_lossy().into_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_user_has_a_name_and_a_home() {
        assert!(!user_name().unwrap().is_empty());
        assert!(home(&|_| None).is_some());
    }

    #[test]
    fn home_follows_the_variable_unless_it_is_empty() {
        assert_eq!(home(&|_| Some("/h".into())), Some(PathBuf::from("/h")));
        assert_eq!(home(&|_| Some(String::new())), home(&|_| None));
    }
}
