//! What went wrong: what was being done, what the server said, what to try.

use std::fmt;

use postgres::error::{DbError, Severity, SqlState};

/// An error of talking to the server, or a refusal to go on.
///
/// Every error answers three questions: what were we doing, what was said,
/// and what can the reader try. A password is never part of it.
#[derive(Debug)]
pub struct Error {
    doing: String,
    /// What was tried before, one line each; the last is what was said of.
    tried: Vec<String>,
    said: Said,
    hint: Option<String>,
}

/// Who said that it cannot be done.
#[derive(Debug)]
enum Said {
    /// The server, in its own words.
    Server(Box<DbError>),
    /// Nobody: the connection is gone, or the driver could not make sense of it.
    Driver(String),
    /// We did: the work is refused for this reason.
    Refusal(String),
}

impl Error {
    /// Wraps what the driver reported while `doing` something ("could not read …").
    pub fn new(doing: impl Into<String>, source: &postgres::Error) -> Self {
        let said = match source.as_db_error() {
            Some(error) => {
                log::info!("{}", in_full(error));
                Said::Server(Box::new(error.clone()))
            }
            None => Said::Driver(source_chain(source)),
        };
        Self { doing: doing.into(), tried: Vec::new(), said, hint: None }
    }

    /// A refusal of our own, with its reason.
    pub fn refusal(doing: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { doing: doing.into(), tried: Vec::new(), said: Said::Refusal(reason.into()), hint: None }
    }

    /// Adds what to try.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what was tried, and how it went; the last is what it was that failed as the error says.
    #[must_use]
    pub(crate) fn after(mut self, tried: Vec<String>) -> Self {
        self.tried = tried;
        self
    }

    /// Adds what to try against a missing privilege, if that is what it is.
    #[must_use]
    pub(crate) fn with_privilege_hint(self, hint: &str) -> Self {
        if self.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) { self.with_hint(hint) } else { self }
    }

    /// Adds what to try after the first transaction was answered by the end of the connection. A pooler that takes none
    /// says so (08P01) and hangs up, and the driver may hear the end first.
    #[must_use]
    pub(crate) fn with_pooler_hint(self) -> Self {
        let is_refused = self.code() == Some(&SqlState::PROTOCOL_VIOLATION) || matches!(self.said, Said::Driver(_));
        if is_refused && self.hint().is_none() {
            return self.with_hint(
                "the first transaction ended the connection, and the log of who answers there says why. PgBouncer with \
                 pool_mode = statement takes no transactions: connect to the server itself, or in another mode",
            );
        }
        self
    }

    /// Adds what to try after the connection is gone, if that is what it is.
    #[must_use]
    pub(crate) fn with_loss_hint(self) -> Self {
        if self.is_connection_lost() && self.hint().is_none() {
            return self.with_hint("the connection to the server is gone; its log says why. Run again when it is back");
        }
        self
    }

    /// The SQLSTATE, where the server sent one.
    pub fn code(&self) -> Option<&SqlState> {
        match &self.said {
            Said::Server(error) => Some(error.code()),
            _ => None,
        }
    }

    /// Whether the connection is gone, so that nothing more can be asked of it.
    ///
    /// After FATAL and PANIC the server ends the session; without a word from it there is none.
    /// <https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-SEVERITY-LEVELS>
    pub fn is_connection_lost(&self) -> bool {
        match &self.said {
            Said::Server(error) => matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic)),
            Said::Driver(_) => true,
            Said::Refusal(_) => false,
        }
    }

    /// What was said, in one line: the server's message with its SQLSTATE, or our reason.
    pub fn said(&self) -> String {
        match &self.said {
            Said::Server(error) => format!("{} ({})", error.message(), error.code().code()),
            Said::Driver(text) | Said::Refusal(text) => text.clone(),
        }
    }

    /// What to try, where there is something: ours first, else the server's.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref().or(match &self.said {
            Said::Server(error) if error.code() == &SqlState::QUERY_CANCELED => Some("raise --statement-timeout"),
            Said::Server(error) => error.hint(),
            _ => None,
        })
    }
}

/// All that the server said, in one line, as psql says it with `VERBOSITY` set to `verbose`.
fn in_full(error: &DbError) -> String {
    let mut text = format!("{}: {}: {}", error.severity(), error.code().code(), error.message());
    let parts = [
        ("DETAIL", error.detail()),
        ("HINT", error.hint()),
        ("CONTEXT", error.where_()),
        ("SCHEMA NAME", error.schema()),
        ("TABLE NAME", error.table()),
        ("COLUMN NAME", error.column()),
        ("DATATYPE NAME", error.datatype()),
        ("CONSTRAINT NAME", error.constraint()),
    ];
    for (name, part) in parts {
        text.extend(part.map(|part| format!("; {name}: {part}")));
    }
    let place = error.routine().zip(error.file()).zip(error.line());
    text.extend(place.map(|((routine, file), line)| format!("; LOCATION: {routine}, {file}:{line}")));
    text
}

/// The driver's `Display` says little ("db error"); what matters is in its sources.
fn source_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let said = source.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = source.source();
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", indented(&self.doing))?;
        for tried in &self.tried {
            write!(out, "\n  {}", indented(tried))?;
        }
        match &self.said {
            Said::Server(error) => {
                write!(out, "\n  the server said: {}: {}", error.severity(), indented(&self.said()))?;
                if let Some(detail) = error.detail() {
                    write!(out, "\n  detail: {}", indented(detail))?;
                }
            }
            Said::Driver(text) | Said::Refusal(text) => write!(out, ": {}", indented(text))?,
        }
        if let Some(hint) = self.hint() {
            write!(out, "\n  hint: {}", indented(hint))?;
        }
        Ok(())
    }
}

/// A name with a line break in it must not pass for a line of ours.
fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}

impl std::error::Error for Error {}
