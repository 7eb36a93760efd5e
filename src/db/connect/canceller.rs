//! Tells a server to stop what it does for a session.

use postgres::{CancelToken, Client, Error};

use super::dial::Dial;

/// Cancels a session's statement, over a line like the session's own.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    dial: Dial,
}

impl Canceller {
    pub(super) fn of(client: &Client, dial: Dial) -> Self {
        Self { token: client.cancel_token(), dial }
    }

    /// Asks for it over a connection of its own; whether it had an effect is not told.
    /// <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS>
    ///
    /// # Errors
    ///
    /// Where the server cannot be reached.
    pub fn cancel(&self) -> Result<(), Error> {
        self.token.cancel_query(self.dial.for_another())
    }
}
