//! The settings of a connection, with every question answered.

use std::path::PathBuf;
use std::time::Duration;

use super::endpoint::{self, Endpoint};
use super::given::{Given, PasswordPolicy};
use super::keepalive::Keepalive;
use super::passfile::{Passfile, Wanted};
use super::secret::Secret;
use super::session::SessionWish;
use super::shuffle::shuffle;
use super::transport::{self, Transport};
use super::values::Values;
use super::{account, foreign, number, sources};
use crate::db::Error;

/// Everything there is to know before connecting. Its `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(super) database: String,
    pub(super) user: String,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) passwords: PasswordPolicy,
    /// The password file that was read, for the hint after a refused password.
    pub(super) passfile: Option<PathBuf>,
    /// Whether servers, and the addresses of one, are tried in any order.
    pub(super) is_balanced: bool,
    pub(super) wish: SessionWish,
    /// How long one address may take, handshake included; `None` is for ever.
    pub(super) timeout: Option<Duration>,
    pub(super) application_name: String,
    pub(super) options: Option<String>,
    pub(super) keepalive: Keepalive,
    pub(super) transport: Transport,
}

impl Settings {
    /// Finds the value of every setting as libpq does: connection string, then options, then
    /// service file, then environment, then the built-in default.
    ///
    /// Reads the service file, the password file and certificates, looks for the default socket, and warns
    /// through [`log`] about a password file that others may read; connects to nothing.
    ///
    /// # Errors
    ///
    /// A setting that libpq would not take either, one whose promise of safety this program cannot keep, or certificates
    /// that cannot be read.
    pub fn resolve(given: &Given, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        sources::collect(given, environment)
            .and_then(|values| Self::from_values(&values, given.password, environment))
            .map_err(|reason| {
                let advice = given.database.as_deref().and_then(foreign::advice).unwrap_or(
                    "a setting comes from DBNAME, else from -h, -p and -U, else from the service file, else from its \
                     PG* variable",
                );
                Error::refusal("could not use the connection settings", reason).with_hint(advice)
            })
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The role to connect as.
    pub fn user(&self) -> &str {
        &self.user
    }

    fn from_values(
        values: &Values,
        passwords: PasswordPolicy,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        transport::refuse_unknown_words(values)?;
        transport::refuse_what_we_cannot_keep(values)?;
        let endpoints = endpoint::list(values)?;
        let has_tcp = endpoints.iter().any(|it| it.place.is_tcp());
        let user = values.text("user").map_or_else(account::user_name, |user| Ok(user.to_owned()))?;
        let mut settings = Self {
            database: values.text("dbname").unwrap_or(&user).to_owned(),
            user,
            endpoints,
            passwords,
            passfile: None,
            is_balanced: values.text("load_balance_hosts").is_some_and(|word| word == "random"),
            wish: SessionWish::parse(values.get("target_session_attrs").unwrap_or("any"))?,
            timeout: number::positive(values, "connect_timeout")?.map(|seconds| Duration::from_secs(seconds.into())),
            application_name: application_name(values),
            options: values.text("options").map(str::to_owned),
            keepalive: Keepalive::read(values)?,
            transport: Transport::read(values, account::home(environment), has_tcp)?,
        };
        if settings.transport.proves_name() && settings.endpoints.iter().any(|it| it.place.is_nameless()) {
            return Err("host name must be specified for a verified SSL connection".to_owned());
        }
        settings.find_passwords(values, environment);
        if settings.is_balanced {
            // Once, as libpq does: with prefer-standby the second round has the order of the first.
            shuffle(&mut settings.endpoints);
        }
        Ok(settings)
    }

    /// Gives each server its password: the one that was set, else that of the password file.
    fn find_passwords(&mut self, values: &Values, environment: &dyn Fn(&str) -> Option<String>) {
        if let Some(secret) = values.text("password").and_then(Secret::new) {
            for endpoint in &mut self.endpoints {
                endpoint.password = Some(secret.clone());
            }
            return;
        }
        let named = values.text("passfile").map(PathBuf::from);
        let usual = || account::home(environment).map(|home| home.join(".pgpass"));
        let Some(file) = named.or_else(usual).and_then(|path| Passfile::open(&path)) else {
            return;
        };
        for endpoint in &mut self.endpoints {
            endpoint.password = file.find(&Wanted {
                host: &endpoint.place.passfile_host(),
                port: &endpoint.port.to_string(),
                database: &self.database,
                user: &self.user,
            });
            endpoint.password_is_from_file = endpoint.password.is_some();
        }
        self.passfile = Some(file.path().to_owned());
    }
}

/// The name that `pg_stat_activity` shows for us.
fn application_name(values: &Values) -> String {
    let fallback = || values.get("fallback_application_name").unwrap_or(env!("CARGO_PKG_NAME"));
    values.get("application_name").unwrap_or_else(fallback).to_owned()
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
