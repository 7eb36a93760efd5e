//! Counts how often a server was asked and waited for: what a slow network makes dear.

use std::sync::atomic::{AtomicU64, Ordering};

static ROUND_TRIPS: AtomicU64 = AtomicU64::new(0);
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

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

/// A message is sent, and its answer waited for.
pub(crate) fn count_round_trip() {
    ROUND_TRIPS.fetch_add(1, Ordering::Relaxed);
}

/// A connection was opened.
pub(crate) fn count_connection() {
    CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    count_round_trip();
}
