//! Connects as the command line and the environment say.

use std::cell::RefCell;
use std::env::VarError;

use pgseqfix::db::connect::{Connector, Given, Settings};
use pgseqfix::db::{Error, Open};
use postgres::Client;

use super::failure::{Failure, tell};
use super::interrupt::Interrupt;
use super::prompt;

/// Connects; from then on a signal can cancel what the server does for us.
///
/// # Errors
///
/// Where the settings are wrong, or the server cannot be reached.
pub fn connect(given: &Given, interrupt: &Interrupt) -> Result<Client, Failure> {
    let (client, _) = connect_for_more(given, interrupt)?;
    warn_of_password(given);
    Ok(client)
}

/// Says it where the command line shows a password; after connecting, so that an error stands alone.
pub fn warn_of_password(given: &Given) {
    if given.shows_password() {
        tell(
            "warning: the password on the command line can be seen by all users of this machine (ps): PGPASSWORD, \
             ~/.pgpass and -W keep it from them",
        );
    }
}

/// Connects, and tells how to open further connections to the same server.
///
/// # Errors
///
/// As [`connect`].
pub fn connect_for_more(given: &Given, interrupt: &Interrupt) -> Result<(Client, Open<'static>), Failure> {
    let unreadable = RefCell::new(None);
    let environment = |name: &str| match std::env::var(name) {
        Err(VarError::NotUnicode(_)) if name.starts_with("PG") => {
            unreadable.borrow_mut().get_or_insert_with(|| name.to_owned());
            None
        }
        value => value.ok(),
    };
    let settings = Settings::resolve(given, &environment);
    if let Some(name) = unreadable.into_inner() {
        // Without it the run could go elsewhere.
        let error = Error::refusal("could not use the connection settings", format!("{name} is not UTF-8"));
        return Err(error.with_hint(format!("unset {name}, or give it in UTF-8")).into());
    }
    let settings = settings?;
    let mut connector = Connector::new(settings, Box::new(prompt::password));
    let interrupt = interrupt.clone();
    let mut open = move || {
        let client = connector.open()?;
        interrupt.can_cancel(connector.canceller(&client));
        Ok(client)
    };
    let client = open().map_err(|error| with_word_hint(error, given))?;
    Ok((client, Box::new(open)))
}

/// What programs with commands often call their help: here it is a database's name.
fn with_word_hint(error: Error, given: &Given) -> Error {
    let is_unknown = error.code().is_some_and(|code| code.code() == "3D000");
    let tip = match given.database.as_deref() {
        Some("help") if is_unknown => "help is taken for a database's name; for help: --help",
        Some("version") if is_unknown => "version is taken for a database's name; for the version: --version",
        _ => return error,
    };
    let hint = error.hint().map(|hint| format!("{hint}; ")).unwrap_or_default();
    error.with_hint(hint + tip)
}
