//! Why an attempt to connect failed, and what follows from it.

use std::io;
use std::time::Duration;

use postgres::error::SqlState;

use super::dial::NoLine;
use super::endpoint::{Endpoint, Place, SOCKET_DIRECTORIES};
use super::settings::Settings;
use super::tls::handshake_failure;
use crate::db::Error;

/// Why one attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server wants a password and there is none.
    PasswordMissing,
    /// No answer within `connect_timeout`.
    TimedOut(Duration),
    /// The name service does not know the host.
    Unresolved(io::Error),
    /// The server is not of the kind asked for, in libpq's words.
    Unsuitable(&'static str),
    /// The thread that connects could not start or did not end well.
    Thread(String),
    /// No encrypted line came about, in libpq's words.
    Handshake(String),
    /// The server could not even begin to talk, in its own words.
    OldWords(String),
    /// What the driver reported, be it the server's words or its own.
    Driver(postgres::Error),
}

/// Where to go on after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// To the next address of the same host, then to the next host.
    Address,
    /// To the next host.
    Host,
    /// Nowhere: another server would not answer otherwise, or must not be asked.
    Stop,
}

impl From<postgres::Error> for Failure {
    fn from(error: postgres::Error) -> Self {
        // The driver has no better mark for it than this text.
        let source = std::error::Error::source(&error).map(ToString::to_string);
        if source.as_deref() == Some("password missing") {
            return Self::PasswordMissing;
        }
        if let Some(words) = old_words(&error) {
            return Self::OldWords(words);
        }
        handshake_failure(&error).map_or(Self::Driver(error), Self::Handshake)
    }
}

impl Failure {
    /// Whether it could be other over a line that is encrypted where this one was not, or the other way round.
    pub(super) fn may_be_of_the_line(&self) -> bool {
        match self {
            Self::Handshake(_) => true,
            Self::Driver(error) => error.code().is_some_and(|code| LET_IN.contains(code)),
            _ => false,
        }
    }

    /// Where libpq would go on: a server that was reached and said no has the last word.
    pub(super) fn next(&self) -> Next {
        match self {
            Self::TimedOut(_) => Next::Address,
            Self::Unresolved(_) | Self::Unsuitable(_) => Next::Host,
            Self::Driver(error) if error.code() == Some(&SqlState::CANNOT_CONNECT_NOW) => Next::Host,
            Self::Driver(error) if is_unreached(error) => Next::Address,
            Self::PasswordMissing | Self::Thread(_) | Self::Handshake(_) | Self::OldWords(_) | Self::Driver(_) => {
                Next::Stop
            }
        }
    }

    /// The whole error: what was being done, why it failed, what to try.
    pub(super) fn into_error(self, doing: String, at: &Endpoint, settings: &Settings) -> Error {
        let hint = self.hint(at, settings);
        let error = match self {
            Self::PasswordMissing => Error::refusal(doing, "no password supplied"),
            Self::TimedOut(limit) => {
                Error::refusal(doing, format!("no answer within {} s (connect_timeout)", limit.as_secs()))
            }
            Self::Unresolved(error) => Error::refusal(doing, error.to_string()),
            Self::Unsuitable(words) => Error::refusal(doing, words),
            Self::Thread(words) | Self::Handshake(words) | Self::OldWords(words) => Error::refusal(doing, words),
            Self::Driver(error) => Error::new(doing, &error),
        };
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    fn hint(&self, at: &Endpoint, settings: &Settings) -> Option<String> {
        let hint = match self {
            Self::PasswordMissing => "give the password in PGPASSWORD or in ~/.pgpass, or let yourself be asked: -W",
            Self::TimedOut(_) => {
                "is that host and port right (-h, -p), and no firewall in between? \
                 PGCONNECT_TIMEOUT sets how many seconds to wait"
            }
            Self::Unresolved(_) => "check the host's name (-h, PGHOST)",
            Self::Unsuitable(_) => "target_session_attrs (PGTARGETSESSIONATTRS) says which will do",
            Self::Handshake(words) => return handshake_hint(words).map(str::to_owned),
            Self::OldWords(_) => NO_PROCESS,
            Self::Thread(_) => return None,
            Self::Driver(error) => return driver_hint(error, at, settings),
        };
        Some(hint.to_owned())
    }
}

/// What a server says that does not let somebody in, which `pg_hba.conf` decides by the line, too.
const LET_IN: [SqlState; 2] = [SqlState::INVALID_AUTHORIZATION_SPECIFICATION, SqlState::INVALID_PASSWORD];

/// What to try where the server has no process for a session.
const NO_PROCESS: &str = "the server could not begin a session, and its log says why: it may be short of memory or of \
                          processes. Try again in a moment";

/// What to try where the line ended with no session on it.
const BROKEN_OFF: &str = "the line broke off before a session began: if it is a PostgreSQL server, its log says why";

/// The words of a server that has no process for a session, which they come from in an old form.
fn old_words(error: &postgres::Error) -> Option<String> {
    let cause = std::error::Error::source(error)?.downcast_ref::<io::Error>()?;
    cause.get_ref().filter(|words| words.is::<NoLine>()).map(ToString::to_string)
}

/// What to try after a failed handshake.
fn handshake_hint(words: &str) -> Option<&'static str> {
    if words.ends_with("SSL was required") {
        return Some("turn it on in the server (ssl = on), or do without: sslmode=prefer (PGSSLMODE)");
    }
    if words.contains("error response during SSL exchange") {
        return Some(NO_PROCESS);
    }
    if words.contains("closed the connection unexpectedly") {
        return Some(BROKEN_OFF);
    }
    if words.contains("certificate verify failed") {
        return Some(
            "the server's certificate is checked against sslrootcert (PGSSLROOTCERT), or else ~/.postgresql/root.crt",
        );
    }
    if words.contains("does not match host name") {
        return Some(
            "sslmode=verify-full wants the name that is in the certificate as host (-h); hostaddr can say where",
        );
    }
    None
}

/// Whether nobody took the call, as opposed to a handshake that broke off.
fn is_unreached(error: &postgres::Error) -> bool {
    // The driver has no better mark for it than this text.
    error.to_string() == "error connecting to server"
}

/// Whether the server did not prove that nobody is in between.
fn is_unbound(error: &postgres::Error) -> bool {
    let source = std::error::Error::source(error).map(ToString::to_string);
    source.is_some_and(|words| words.contains("channel binding"))
}

/// What to try after an error of the driver or of the server.
fn driver_hint(error: &postgres::Error, at: &Endpoint, settings: &Settings) -> Option<String> {
    let Some(code) = error.code() else {
        if is_unbound(error) {
            let hint = "channel_binding=require takes an encrypted line (sslmode) and a password that is kept as SCRAM";
            return Some(hint.to_owned());
        }
        if is_unreached(error) {
            return Some(unreached_hint(at));
        }
        return broken_off_hint(error).map(str::to_owned);
    };
    let hint = match *code {
        SqlState::INVALID_CATALOG_NAME => "psql -l lists the databases; name one with -d".to_owned(),
        SqlState::INVALID_PASSWORD => match &settings.passfile {
            Some(file) if at.password_is_from_file => {
                format!("password retrieved from file \"{}\"; -W asks for another", file.display())
            }
            _ => "check the role (-U) and its password (PGPASSWORD, ~/.pgpass, -W)".to_owned(),
        },
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "check the role (-U) and sslmode (PGSSLMODE); if they are right, the server's pg_hba.conf does not let it in \
             from here"
                .to_owned()
        }
        // The server looks at them before it begins a session; its own hint is meant for who starts a server.
        SqlState::UNDEFINED_OBJECT
        | SqlState::INVALID_PARAMETER_VALUE
        | SqlState::SYNTAX_ERROR
        | SqlState::CANT_CHANGE_RUNTIME_PARAM
        | SqlState::INSUFFICIENT_PRIVILEGE
            if settings.options.is_some() =>
        {
            "check the options for the session (PGOPTIONS, or options in the connection string)".to_owned()
        }
        SqlState::INSUFFICIENT_PRIVILEGE => {
            "the role may not connect to that database: GRANT CONNECT ON DATABASE lets it, or -U and -d name others"
                .to_owned()
        }
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE => {
            "is it the right database (-d)? ALTER DATABASE … ALLOW_CONNECTIONS true opens one that takes no connections"
                .to_owned()
        }
        SqlState::CANNOT_CONNECT_NOW => "try again in a moment".to_owned(),
        SqlState::TOO_MANY_CONNECTIONS => {
            "all connections of the server, the database or the role are taken: try again later, or with fewer at a time"
                .to_owned()
        }
        _ => return None,
    };
    Some(hint)
}

/// What to try when somebody listens who does not talk as a server does.
fn broken_off_hint(error: &postgres::Error) -> Option<&'static str> {
    let source = std::error::Error::source(error);
    // The driver has no better marks than these texts.
    let said = source.map(ToString::to_string).unwrap_or_default();
    if said == "bytes remaining on stream" {
        // Over a socket it was an error of the old form, which the driver does not know.
        return Some(NO_PROCESS);
    }
    if said.starts_with("unsupported authentication") || said.starts_with("unsupported SASL") {
        return Some(
            "pgseqfix can prove itself by password or certificate: the server's pg_hba.conf wants another way",
        );
    }
    let is_broken_off = error.is_closed() || source.is_some_and(<dyn std::error::Error>::is::<io::Error>);
    is_broken_off.then_some(BROKEN_OFF)
}

/// What to try when nobody listens.
fn unreached_hint(at: &Endpoint) -> String {
    match &at.place {
        Place::Socket { by_default: true, .. } => format!(
            "is a server running on this machine? Its socket was looked for in {}; -h (PGHOST) names another host",
            SOCKET_DIRECTORIES.join(" and ")
        ),
        Place::Socket { .. } => {
            "is a server running on this machine, with its socket there? Check -h and -p".to_owned()
        }
        _ => "is a server running there and listening on TCP? Check -h and -p".to_owned(),
    }
}
