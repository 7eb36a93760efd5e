//! What the person said about the connection.

use std::fmt;

use super::conninfo::{self, is_connection_string, is_foreign_uri};

/// What the command line said about the connection; `None`, or empty, is not given.
#[derive(Clone, Default)]
pub struct Given {
    /// A database name, a keyword string (`host=h dbname=d`) or a URI (`postgres://h/d`).
    pub database: Option<String>,
    /// The environment variable that it was taken from: so nobody sees it among the program's arguments.
    pub variable: Option<String>,
    /// Host names or socket directories, separated by commas (`-h`).
    pub host: Option<String>,
    /// Ports, separated by commas: one for all hosts, or one each (`-p`).
    pub port: Option<String>,
    /// The role to connect as (`-U`).
    pub user: Option<String>,
    /// When to ask for a password (`-w`, `-W`).
    pub password: PasswordPolicy,
}

/// When to ask the person for a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PasswordPolicy {
    /// Once the server wants one that no setting supplies: psql's default.
    #[default]
    WhenAsked,
    /// Before the first connection, and what is typed beats every setting (`-W`).
    Always,
    /// Not at all: the connection fails instead (`-w`).
    Never,
}

/// The keywords whose values nobody else may see.
const SECRETS: [&str; 4] = ["password", "sslpassword", "oauth_client_secret", "scram_client_key"];

impl Given {
    /// Whether the command line has a password, which every user of the machine can see while the program runs.
    pub fn shows_password(&self) -> bool {
        let string = self.database.as_deref().filter(|text| self.variable.is_none() && is_connection_string(text));
        let values = string.and_then(|text| conninfo::parse(text).ok());
        values.is_some_and(|values| SECRETS.iter().any(|keyword| values.text(keyword).is_some()))
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A connection string can hold a password.
        let database = self.database.as_deref().map(|text| {
            if is_connection_string(text) || is_foreign_uri(text) { "(a connection string)" } else { text }
        });
        out.debug_struct("Given")
            .field("database", &database)
            .field("variable", &self.variable)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("password", &self.password)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_seen_in_whatever_form_it_has() {
        let shows = |text: &str| Given { database: Some(text.into()), ..Given::default() }.shows_password();
        for text in ["postgres://u:p@h/d", "postgres:///d?passwor%64=p", "dbname=d password = 'p'", "sslpassword=p"] {
            assert!(shows(text), "{text}");
        }
        for text in ["d", "postgres://u@h/password", "password=''", "host=h passfile=password", "postgres://u:@h"] {
            assert!(!shows(text), "{text}");
        }
        assert!(!Given::default().shows_password());
        let hidden = Given { database: Some("password=p".into()), variable: Some("URL".into()), ..Given::default() };
        assert!(!hidden.shows_password());
    }

    #[test]
    fn debug_shows_no_connection_string() {
        for text in ["postgres://u:hush@h/d", "password=hush", "mysql://u:hush@h"] {
            let given = Given { database: Some(text.into()), ..Given::default() };
            assert!(!format!("{given:?}").contains("hush"), "{text}");
        }
    }
}
