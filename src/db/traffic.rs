//! Counts how often a server was asked and waited for: what a slow network makes dear, and a dead one endless.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

static ROUND_TRIPS: AtomicU64 = AtomicU64::new(0);
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// What was asked and is not answered yet, by the number of the round trip.
static UNANSWERED: Mutex<BTreeMap<u64, Instant>> = Mutex::new(BTreeMap::new());

/// What this process has exchanged with servers, over all its connections together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages that were sent and answered. Opening a connection counts as one, however many its password takes.
    pub round_trips: u64,
    /// Connections that were opened.
    pub connections: u64,
}

impl Traffic {
    /// Up to now.
    pub fn so_far() -> Self {
        Self { round_trips: ROUND_TRIPS.load(Ordering::Relaxed), connections: CONNECTIONS.load(Ordering::Relaxed) }
    }
}

/// How long the server has owed us an answer by now, where it does; of several connections the longest.
pub fn unanswered_for() -> Option<Duration> {
    unanswered().values().min().map(Instant::elapsed)
}

fn unanswered() -> MutexGuard<'static, BTreeMap<u64, Instant>> {
    UNANSWERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A message that is sent, until its answer is here.
pub(crate) struct RoundTrip(u64);

impl RoundTrip {
    /// From now on.
    pub(crate) fn begin() -> Self {
        let number = ROUND_TRIPS.fetch_add(1, Ordering::Relaxed);
        unanswered().insert(number, Instant::now());
        Self(number)
    }
}

impl Drop for RoundTrip {
    fn drop(&mut self) {
        unanswered().remove(&self.0);
    }
}

/// A connection was opened.
pub(crate) fn count_connection() {
    CONNECTIONS.fetch_add(1, Ordering::Relaxed);
}
