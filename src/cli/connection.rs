//! Connects as the command line and the environment say.

use pgseqfix::db::connect::{Connector, Given, Settings};
use postgres::Client;

use super::failure::Failure;
use super::interrupt::Interrupt;
use super::prompt;

/// Connects; from then on a signal can cancel what the server does for us.
///
/// # Errors
///
/// Where the settings are wrong, or the server cannot be reached.
pub fn connect(given: &Given, interrupt: &Interrupt) -> Result<Client, Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    let settings = Settings::resolve(given, &environment)?;
    let client = Connector::new(settings, Box::new(prompt::password)).open()?;
    interrupt.can_cancel(client.cancel_token());
    Ok(client)
}
