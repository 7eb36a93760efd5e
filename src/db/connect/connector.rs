//! Opens connections.

use std::{fmt, io};

use postgres::Client;

use super::attempt;
use super::canceller::Canceller;
use super::endpoint::Endpoint;
use super::failure::{Failure, Next};
use super::given::PasswordPolicy;
use super::secret::Secret;
use super::session::SessionWish;
use super::settings::Settings;
use super::shuffle::shuffle;
use super::ssl_mode::Line;
use crate::db::Error;

/// Asks the person for a password; the text is the prompt, "Password for user X: ".
pub type AskPassword = Box<dyn FnMut(&str) -> io::Result<String> + Send>;

/// Opens connections, all of them to the server that answered first.
///
/// It remembers the password that was typed, so that nobody is asked twice.
pub struct Connector {
    settings: Settings,
    ask: AskPassword,
    typed: Typed,
    answered: Option<(Endpoint, Line)>,
}

/// What the person typed when asked.
#[derive(Debug)]
enum Typed {
    NotAsked,
    Asked(Option<Secret>),
}

/// How a walk over the servers ended without a connection.
struct Unreached {
    error: Error,
    wants_password: bool,
}

impl Connector {
    /// Prepares to connect; nothing happens until [`open`](Self::open).
    pub fn new(settings: Settings, ask: AskPassword) -> Self {
        Self { settings, ask, typed: Typed::NotAsked, answered: None }
    }

    /// The settings that it connects with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Opens a connection.
    ///
    /// The first call tries the servers in their order, and asks for a password where the policy
    /// allows it; every later call goes to the server that answered, with the same password.
    ///
    /// # Errors
    ///
    /// No server could be reached, the one that was reached said no, or the password could not be
    /// read.
    pub fn open(&mut self) -> Result<Client, Error> {
        if self.settings.passwords == PasswordPolicy::Always {
            self.ask_once()?;
        }
        let result = self.walk();
        let may_ask = self.settings.passwords == PasswordPolicy::WhenAsked && matches!(self.typed, Typed::NotAsked);
        match result {
            Err(unreached) if unreached.wants_password && may_ask => {
                self.ask_once()?;
                self.walk()
            }
            result => result,
        }
        .map_err(|unreached| unreached.error)
    }

    /// How to stop what the server does for a session that this has opened.
    pub fn canceller(&self, client: &Client) -> Canceller {
        let line = self.answered.as_ref().map_or(Line::Plain, |(_, line)| *line);
        Canceller::of(client, self.settings.transport.dial(line))
    }

    fn ask_once(&mut self) -> Result<(), Error> {
        if matches!(self.typed, Typed::NotAsked) {
            let prompt = format!("Password for user {}: ", self.settings.user);
            let password = (self.ask)(&prompt).map_err(|error| {
                Error::refusal("could not read the password", error.to_string())
                    .with_hint("without a terminal, give it in PGPASSWORD or in ~/.pgpass")
            })?;
            self.typed = Typed::Asked(Secret::new(password));
        }
        Ok(())
    }

    /// Tries every server that may be tried, until one answers.
    fn walk(&mut self) -> Result<Client, Unreached> {
        let endpoints = match &self.answered {
            Some((endpoint, _)) => vec![endpoint.clone()],
            None => self.settings.endpoints.clone(),
        };
        let (last, earlier) = self.settings.wish.rounds().split_last().expect("never empty");
        for wish in earlier {
            match self.round(&endpoints, *wish) {
                Err((failures, Next::Stop)) => return Err(self.unreached(failures)),
                Err(_) => {}
                Ok(client) => return Ok(client),
            }
        }
        self.round(&endpoints, *last).map_err(|(failures, _)| self.unreached(failures))
    }

    /// Tries the servers once each; on failure, everything that failed and whether that is final.
    fn round(&mut self, endpoints: &[Endpoint], wish: SessionWish) -> Result<Client, (Vec<(Endpoint, Failure)>, Next)> {
        let mut failures = Vec::new();
        for endpoint in endpoints {
            let mut addresses = match attempt::addresses(endpoint) {
                Ok(addresses) => addresses,
                Err(failure) => {
                    failures.push((endpoint.clone(), failure));
                    continue;
                }
            };
            if self.settings.is_balanced {
                shuffle(&mut addresses);
            }
            for mut at in addresses {
                if let Typed::Asked(secret) = &self.typed {
                    at.password.clone_from(secret);
                    at.password_is_from_file = false;
                }
                let next = match self.call(at, wish, &mut failures) {
                    Ok(client) => return Ok(client),
                    Err(next) => next,
                };
                match next {
                    Next::Address => {}
                    Next::Host => break,
                    Next::Stop => return Err((failures, next)),
                }
            }
        }
        Err((failures, Next::Host))
    }

    /// Tries the lines to one address, until one of them does or none could do better.
    fn call(
        &mut self,
        at: Endpoint,
        wish: SessionWish,
        failures: &mut Vec<(Endpoint, Failure)>,
    ) -> Result<Client, Next> {
        let lines = match &self.answered {
            Some((_, line)) => std::slice::from_ref(line),
            None => self.settings.transport.lines(at.place.is_tcp()),
        };
        let mut next = Next::Stop;
        for line in lines {
            log::debug!("connecting {at}, {line}");
            let (failure, was_encrypted) = match attempt::run(&self.settings, &at, *line, wish) {
                Ok(client) => {
                    self.answered = Some((at, *line));
                    return Ok(client);
                }
                Err(failed) => failed,
            };
            let is_alike = !failure.may_be_of_the_line() || (*line == Line::IfOffered && !was_encrypted);
            next = failure.next();
            failures.push((at.clone(), failure));
            if is_alike {
                break;
            }
        }
        Err(next)
    }

    /// One error out of all failures; the last one has its say in full.
    fn unreached(&self, mut failures: Vec<(Endpoint, Failure)>) -> Unreached {
        let Settings { database, user, .. } = &self.settings;
        let (at, last) = failures.pop().expect("there is at least one server, with one address");
        let wants_password = matches!(last, Failure::PasswordMissing);
        if failures.is_empty() {
            let doing = format!("could not connect to database \"{database}\" {at} as user \"{user}\"");
            return Unreached { error: last.into_error(doing, &at, &self.settings), wants_password };
        }
        let doing = format!("could not connect to database \"{database}\" as user \"{user}\"");
        let earlier = failures.into_iter().map(|(at, failure)| {
            let error = failure.into_error(String::new(), &at, &self.settings);
            format!("{at}: {}", error.said())
        });
        let tried = earlier.chain([at.to_string()]).collect();
        Unreached { error: last.into_error(doing, &at, &self.settings).after(tried), wants_password }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connector")
            .field("settings", &self.settings)
            .field("typed", &self.typed)
            .field("answered", &self.answered)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "connector_tests.rs"]
mod tests;
