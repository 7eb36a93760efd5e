//! Connects as the command line and the environment say.

use pgseqfix::db::Open;
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
    Ok(connect_for_more(given, interrupt)?.0)
}

/// Connects, and tells how to open further connections to the same server.
///
/// # Errors
///
/// As [`connect`].
pub fn connect_for_more(given: &Given, interrupt: &Interrupt) -> Result<(Client, Open<'static>), Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    let settings = Settings::resolve(given, &environment)?;
    let mut connector = Connector::new(settings, Box::new(prompt::password));
    let interrupt = interrupt.clone();
    let mut open = move || {
        let client = connector.open()?;
        interrupt.can_cancel(client.cancel_token());
        Ok(client)
    };
    let client = open()?;
    Ok((client, Box::new(open)))
}
