//! Tells a server to stop what it does for a session.

use postgres::{CancelToken, Client, Error, NoTls};

use super::tls::Tls;

/// Cancels a session's statement, over a line like the session's own.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    tls: Option<Tls>,
}

impl Canceller {
    pub(super) fn of(client: &Client, tls: Option<Tls>) -> Self {
        Self { token: client.cancel_token(), tls }
    }

    /// Asks for it over a connection of its own; whether it had an effect is not told.
    /// <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS>
    ///
    /// # Errors
    ///
    /// Where the server cannot be reached.
    pub fn cancel(&self) -> Result<(), Error> {
        match &self.tls {
            Some(tls) => self.token.cancel_query(tls.for_another()),
            None => self.token.cancel_query(NoTls),
        }
    }
}
