//! What a server must be known for, and how a transaction is sent to it.

use postgres::{Client, SimpleQueryRow};

use crate::db::error::Error;
use crate::db::session::{KnownSettings, answers, begin_read_only_sql, begin_read_write_with, run};
use crate::model::{Limits, Timeouts};

/// A server, as far as its sessions of ours need to know it.
pub(super) struct Link {
    pub(super) limits: Limits,
    /// How many locks each of our sessions may hold.
    pub(super) lock_budget: i64,
    pub(super) known_settings: KnownSettings,
    /// The server's `deadlock_timeout`, in milliseconds.
    deadlock_ms: u64,
}

/// What it is where nobody set it.
const USUAL_DEADLOCK_MS: u64 = 1_000;

const SETTINGS: &str = "SELECT pg_catalog.current_setting('server_version_num'), \
    pg_catalog.current_setting('max_locks_per_transaction'), pg_catalog.current_setting('max_connections'), \
    pg_catalog.current_setting('max_prepared_transactions'), \
    pg_catalog.date_part('epoch', pg_catalog.current_setting('deadlock_timeout')::pg_catalog.interval) * 1000";

impl Link {
    /// Asks the server, to which there are so many sessions of ours.
    pub(super) fn of(client: &mut Client, sessions: usize, timeouts: &Timeouts) -> Result<Self, Error> {
        let sql = format!("{}; {SETTINGS}; COMMIT", begin_read_only_sql(timeouts));
        let answers = answers(client, &sql).map_err(|error| Error::new("could not begin to fix", &error))?;
        let number = |at| answers.last()?.first()?.get(at)?.parse::<i64>().ok();
        let limits = || Some(Limits::of(number(0)?, number(1)?, number(2)?, number(3)?));
        let Some(limits) = limits() else {
            return Err(Error::refusal("could not begin to fix", "the server does not say what it is"));
        };
        let known_settings = KnownSettings::among(&answers);
        let deadlock_ms = number(4).and_then(|ms| u64::try_from(ms).ok()).unwrap_or(USUAL_DEADLOCK_MS);
        Ok(Self { limits, lock_budget: limits.lock_budget(sessions), known_settings, deadlock_ms })
    }

    /// The longest single wait for a lock, in milliseconds, of what waits for so many, one after the other.
    ///
    /// Whoever has waited for `deadlock_timeout` looks for a deadlock, and is ended if there is one. So that this is never
    /// the application, we let go before it can have waited for as long behind our locks: after two fifths for the
    /// tables and two fifths for the sequence
    /// (<https://www.postgresql.org/docs/current/runtime-config-locks.html>).
    pub(super) fn longest_wait_ms(&self, waits: usize) -> u64 {
        let waits = u64::try_from(waits).unwrap_or(u64::MAX);
        (self.deadlock_ms * 2 / 5 / waits.max(1)).max(1)
    }

    /// Begins a transaction and runs statements in it, in one message where that can be.
    pub(super) fn send(
        &self,
        client: &mut Client,
        timeouts: &Timeouts,
        sql: &str,
    ) -> Result<Vec<Vec<SimpleQueryRow>>, postgres::Error> {
        let begin = begin_read_write_with(&self.known_settings, timeouts);
        if self.limits.arms_timeout_once() {
            run(client, &begin)?;
            return answers(client, sql);
        }
        answers(client, &format!("{begin}; {sql}"))
    }
}
