//! How to reach the server, by libpq's rules.
//!
//! What was [`Given`] on the command line, the PG* variables, the service file and the password
//! file become [`Settings`]; a [`Connector`] opens connections from them.
//! Rules: <https://www.postgresql.org/docs/current/libpq-connect.html>.

mod account;
mod attempt;
mod canceller;
mod certificate;
mod connector;
mod conninfo;
mod dial;
mod endpoint;
mod failure;
mod foreign;
mod given;
mod keepalive;
mod keyword;
mod number;
mod passfile;
mod peer_name;
mod secret;
mod service;
mod session;
mod settings;
mod shuffle;
mod sources;
mod ssl_mode;
mod stream;
mod tls;
mod transport;
mod uri;
mod values;

pub use canceller::Canceller;
pub use connector::{AskPassword, Connector};
pub use conninfo::holds_secret;
pub use given::{Given, PasswordPolicy};
pub use settings::Settings;

#[cfg(test)]
#[path = "libpq_tests.rs"]
mod libpq_tests;
