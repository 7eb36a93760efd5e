//! Connection service files: named groups of settings.

use std::fs;
use std::path::{Path, PathBuf};

use super::account;
use super::conninfo::is_blank;
use super::values::Values;

/// Where packagers put `pg_service.conf`: Debian, the PGDG packages for Red Hat, Fedora.
const SYSTEM_DIRECTORIES: [&str; 3] = ["/etc/postgresql-common", "/etc/sysconfig/pgsql", "/etc"];

/// Fills in what the service named by `service` says, if one is named; the error is the reason.
pub(super) fn fill(values: &mut Values, environment: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
    let setting = |keyword: &str, variable| values.get(keyword).map(str::to_owned).or_else(|| environment(variable));
    let Some(name) = setting("service", "PGSERVICE") else {
        return Ok(());
    };
    for file in files(setting("servicefile", "PGSERVICEFILE"), environment)? {
        let bytes =
            fs::read(&file).map_err(|error| format!("could not read service file {}: {error}", file.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        if read_group(&text, &name, values).map_err(|wrong| wrong.in_file(&file))? {
            return Ok(());
        }
    }
    Err(format!("definition of service \"{name}\" not found"))
}

/// The files to look into, in their order.
fn files(named: Option<String>, environment: &dyn Fn(&str) -> Option<String>) -> Result<Vec<PathBuf>, String> {
    let own = match named.map(PathBuf::from) {
        Some(file) if !file.is_file() => {
            return Err(format!("service file \"{}\" not found", file.display()));
        }
        Some(file) => Some(file),
        None => account::home(environment).map(|home| home.join(".pg_service.conf")),
    };
    let system = match environment("PGSYSCONFDIR") {
        Some(directory) => vec![PathBuf::from(directory)],
        None => SYSTEM_DIRECTORIES.map(PathBuf::from).to_vec(),
    };
    let system = system.into_iter().map(|directory| directory.join("pg_service.conf"));
    Ok(own.into_iter().chain(system).filter(|file| file.is_file()).collect())
}

/// A line that cannot be taken, by its number; its text may hold a password.
struct Wrong {
    line: usize,
    what: &'static str,
}

impl Wrong {
    fn in_file(&self, file: &Path) -> String {
        format!("{} in service file \"{}\", line {}", self.what, file.display(), self.line)
    }
}

/// Fills in the first group of that name; says whether there is one.
fn read_group(text: &str, name: &str, values: &mut Values) -> Result<bool, Wrong> {
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let wrong = |what| Wrong { line: index + 1, what };
        let line = line.trim_matches(is_blank);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if inside {
                break;
            }
            inside = header.strip_prefix(name).is_some_and(|tail| tail.starts_with(']'));
        } else if inside {
            if line.starts_with("ldap") {
                return Err(wrong("an LDAP look-up, which this program cannot do,"));
            }
            // No blanks are taken off around the equals sign: libpq does not either.
            let (keyword, value) = line.split_once('=').ok_or_else(|| wrong("syntax error"))?;
            if matches!(keyword, "service" | "servicefile") {
                return Err(wrong("nested service specification"));
            }
            values.fill(keyword, value.to_owned()).map_err(|_| wrong("syntax error"))?;
        }
    }
    Ok(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# shops\n[other]\nhost=o\n\n [shop] \nhost=h\nuser = u\n[last]\nfoo\n";

    fn read(text: &str, name: &str) -> Result<(bool, Values), String> {
        let mut values = Values::default();
        let found = read_group(text, name, &mut values).map_err(|wrong| wrong.in_file(Path::new("f")))?;
        Ok((found, values))
    }

    #[test]
    fn a_group_ends_where_the_next_one_starts() {
        let (found, values) = read(&FILE.replace("user = u\n", ""), "shop").unwrap();
        assert!(found);
        assert_eq!(values.spelt(), "host=h;");
    }

    #[test]
    fn blanks_around_the_equals_sign_are_an_error_with_its_line() {
        let reason = read(FILE, "shop").err().unwrap();
        assert_eq!(reason, "syntax error in service file \"f\", line 7");
    }

    #[test]
    fn a_wrong_line_in_another_group_does_not_matter() {
        assert!(!read(FILE, "absent").unwrap().0);
        assert_eq!(read(FILE, "other").unwrap().1.spelt(), "host=o;");
    }

    #[test]
    fn a_service_names_no_other_service() {
        assert!(read("[a]\nservice=b", "a").err().unwrap().contains("nested"));
    }

    #[test]
    fn a_value_that_is_set_stays() {
        let mut values = Values::default();
        values.set("host", "mine".to_owned()).unwrap();
        assert!(read_group("[a]\nhost=theirs\nport=1", "a", &mut values).is_ok_and(|found| found));
        assert_eq!(values.spelt(), "host=mine;port=1;");
    }
}
