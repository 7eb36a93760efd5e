//! The password file: `host:port:database:user:password`, one a line.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::secret::Secret;

/// The lines of a password file that may be trusted. No `Debug`: it holds passwords.
pub(super) struct Passfile {
    path: PathBuf,
    lines: Vec<String>,
}

/// What a line of the password file has to match.
pub(super) struct Wanted<'a> {
    /// Host name or address as given; `localhost` for the default socket directory.
    pub(super) host: &'a str,
    /// The port in decimal digits.
    pub(super) port: &'a str,
    /// The database's name.
    pub(super) database: &'a str,
    /// The role's name.
    pub(super) user: &'a str,
}

impl Passfile {
    /// Reads the file. One that is absent is none; one that others may read is none, with a warning.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        if !data.is_file() {
            log::warn!("password file \"{}\" is not a plain file", path.display());
            return None;
        }
        if data.permissions().mode() & 0o077 != 0 {
            log::warn!(
                "password file \"{}\" has group or world access; \
                 permissions should be u=rw (0600) or less",
                path.display()
            );
            return None;
        }
        let bytes = fs::read(path).ok()?;
        let lines = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
        Some(Self { path: path.to_owned(), lines })
    }

    /// The password of the first line that matches.
    pub(super) fn find(&self, wanted: &Wanted) -> Option<Secret> {
        let password = self.lines.iter().find_map(|line| password_in(line, wanted))?;
        Secret::new(password)
    }

    /// Where the file is, for the hint after a refused password.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The password of the line, if its first four fields match.
fn password_in(line: &str, wanted: &Wanted) -> Option<String> {
    let line = line.trim_end_matches('\r');
    if line.starts_with('#') {
        return None;
    }
    let mut rest = line;
    for value in [wanted.host, wanted.port, wanted.database, wanted.user] {
        rest = match rest.strip_prefix("*:") {
            Some(tail) => tail,
            None => after_field(rest, value)?,
        };
    }
    Some(unescape_field(rest))
}

/// What follows the field, if the field spells `value`; `\` takes the next letter as it is.
fn after_field<'a>(line: &'a str, value: &str) -> Option<&'a str> {
    let mut letters = line.chars();
    for expected in value.chars() {
        // A colon inside the value needs no backslash, so that `::1` matches as it is.
        let letter = match letters.next()? {
            '\\' => letters.next()?,
            letter => letter,
        };
        if letter != expected {
            return None;
        }
    }
    letters.as_str().strip_prefix(':')
}

/// The field up to its end, an unescaped `:`, with the escapes taken off.
fn unescape_field(text: &str) -> String {
    let mut field = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ':' => break,
            '\\' => field.push(letters.next().unwrap_or('\\')),
            _ => field.push(letter),
        }
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> = Wanted { host: "h", port: "5432", database: "a:b", user: "u\\" };

    fn found(line: &str) -> Option<String> {
        password_in(line, &WANTED)
    }

    #[test]
    fn a_star_matches_a_whole_field_only() {
        assert_eq!(found("*:*:*:*:p").as_deref(), Some("p"));
        assert_eq!(found("h*:*:*:*:p"), None);
    }

    #[test]
    fn colons_and_backslashes_may_be_escaped_in_every_field() {
        assert_eq!(found(r"h:5432:a\:b:u\\:p\:q\\:rest").as_deref(), Some(r"p:q\"));
        assert_eq!(found(r"h:5432:a:b:u\\:p").as_deref(), Some("p"));
        assert_eq!(found(r"h:5432:a\:b:u:p"), None);
    }

    #[test]
    fn a_comment_and_a_short_line_match_nothing() {
        assert_eq!(found("#h:*:*:*:p"), None);
        assert_eq!(found("h:5432"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn a_carriage_return_is_no_part_of_the_password() {
        assert_eq!(found("*:*:*:*:p\r").as_deref(), Some("p"));
    }

    #[test]
    fn a_file_that_others_may_read_is_ignored() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "*:*:*:*:p\n").unwrap();
        assert!(Passfile::open(file.path()).unwrap().find(&WANTED).is_some());
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Passfile::open(file.path()).is_none());
    }
}
