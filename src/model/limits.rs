//! What a server can do, and how much of it may be taken.

/// A server's version, its room for locks, and its patience.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The major version.
    pub major: i32,
    /// How many locks the server's table is sure to have room for, all sessions together:
    /// `max_locks_per_transaction` for each session that there can be
    /// (<https://www.postgresql.org/docs/current/runtime-config-locks.html>).
    pub lock_table: i64,
    /// How long who waits for a lock waits before it looks for a deadlock, in milliseconds: `deadlock_timeout`.
    pub deadlock_ms: u64,
}

impl Limits {
    /// From the settings of these names.
    pub fn of(
        server_version_num: i64,
        max_locks_per_transaction: i64,
        max_connections: i64,
        max_prepared_transactions: i64,
        deadlock_timeout_ms: i64,
    ) -> Self {
        let sessions = max_connections.saturating_add(max_prepared_transactions);
        let major = i32::try_from(server_version_num / 10_000).unwrap_or_default();
        let deadlock_ms = u64::try_from(deadlock_timeout_ms).unwrap_or_default();
        Self { major, lock_table: max_locks_per_transaction.saturating_mul(sessions), deadlock_ms }
    }

    /// The longest single wait for a lock, in milliseconds, of a statement that waits for so many, one after the other.
    ///
    /// Whoever has waited for `deadlock_timeout` looks for a deadlock, and is ended if there is one. So that this is never
    /// the application, we let go before it can have waited for as long behind our locks: a fix waits for two fifths for
    /// its tables and two fifths for its sequence
    /// (<https://www.postgresql.org/docs/current/runtime-config-locks.html>).
    pub fn longest_wait_ms(self, waits: usize) -> u64 {
        (self.deadlock_ms * 2 / 5 / u64::try_from(waits).unwrap_or(u64::MAX).max(1)).max(1)
    }

    /// How many locks each of `sessions` sessions of ours may hold, so that all hold less than a tenth of the table.
    pub fn lock_budget(self, sessions: usize) -> i64 {
        (self.lock_table / 10 / i64::try_from(sessions.max(1)).unwrap_or(i64::MAX)).max(1)
    }

    /// Whether `statement_timeout` is armed once for a whole message, with what was set before it: before 13.
    pub fn arms_timeout_once(self) -> bool {
        self.major < 13
    }

    /// Whether `pg_get_sequence_data` tells a sequence's state: since 18.
    pub fn has_sequence_data(self) -> bool {
        self.major >= 18
    }
}
