//! What the person said about the connection.

use std::fmt;

use super::conninfo::{is_connection_string, is_foreign_uri};

/// What the command line said about the connection; `None`, or empty, is not given.
#[derive(Clone, Default)]
pub struct Given {
    /// A database name, a keyword string (`host=h dbname=d`) or a URI (`postgres://h/d`).
    pub database: Option<String>,
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

impl fmt::Debug for Given {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A connection string can hold a password.
        let database = self.database.as_deref().map(|text| {
            if is_connection_string(text) || is_foreign_uri(text) { "(a connection string)" } else { text }
        });
        out.debug_struct("Given")
            .field("database", &database)
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
    fn debug_shows_no_connection_string() {
        for text in ["postgres://u:hush@h/d", "password=hush", "mysql://u:hush@h"] {
            let given = Given { database: Some(text.into()), ..Given::default() };
            assert!(!format!("{given:?}").contains("hush"), "{text}");
        }
    }
}
