//! When a read is tried again: others hold what it needs, fill the lock table, or alter the sequence at that moment.

use std::time::{Duration, Instant};

use postgres::error::SqlState;

use super::Reading;
use crate::db::Error;
use crate::model::at_most;

impl Reading<'_> {
    /// Tries until others do not hold what it needs, for as long as the caller would wait for that.
    pub(super) fn patiently<D>(
        &self,
        is_stopped: &dyn Fn() -> bool,
        mut attempt: impl FnMut() -> Result<D, Error>,
    ) -> Result<D, Error> {
        let began = Instant::now();
        let patience = Duration::from_millis(at_most(self.timeouts.lock_ms, self.timeouts.statement_ms));
        let mut pause = SHORT_PAUSE;
        let mut tries_left = TRIES;
        loop {
            let error = match attempt() {
                Err(error) if is_locked(&error) || is_full(&error) => error,
                Err(error) if is_being_altered(&error) && tries_left > 1 => {
                    tries_left -= 1;
                    error
                }
                done => return done,
            };
            let is_over = !patience.is_zero() && began.elapsed() >= patience;
            if is_over || self.deadline.is_over() || is_stopped() {
                return Err(error);
            }
            std::thread::sleep(if is_full(&error) { PAUSE } else { pause });
            // Each attempt is a line in the server's log.
            pause = (2 * pause).min(LONG_PAUSE);
        }
    }
}

/// How often a sequence is read anew at once.
pub(super) const TRIES: usize = 5;

/// ALTER SEQUENCE gives a sequence a new file, and whoever looked for its row in the old one finds none.
pub(super) fn being_altered() -> Error {
    Error::refusal("could not read a sequence's state", ALTERED).with_hint("run again")
}

const ALTERED: &str = "it is being altered again and again";

/// Whether a sequence was altered while it was read, as far as can be seen: a damaged one says the same.
pub(super) fn is_being_altered(error: &Error) -> bool {
    error.code() == Some(&SqlState::DATA_CORRUPTED) || error.said() == ALTERED
}

/// Whether the server's lock table is full.
pub(super) fn is_full(error: &Error) -> bool {
    error.code() == Some(&SqlState::OUT_OF_MEMORY)
}

/// How long others get to make room in it.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// Whether another session holds a lock.
pub(super) fn is_locked(error: &Error) -> bool {
    error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// How long it gets to end, at first and later.
pub(super) const SHORT_PAUSE: Duration = Duration::from_millis(20);
const LONG_PAUSE: Duration = Duration::from_millis(500);
