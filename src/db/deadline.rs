//! The moment at which a run shall be over.

use std::time::{Duration, Instant};

use crate::model::{Timeouts, at_most};

/// When to end, if ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// So long from now.
    pub fn after(time: Duration) -> Self {
        Self(Instant::now().checked_add(time))
    }

    /// Whether it is reached.
    pub fn is_over(self) -> bool {
        self.0.is_some_and(|end| end <= Instant::now())
    }

    /// How long until then; `None` where there is no end.
    pub fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// The same timeouts, and no statement runs on past the end.
    pub(crate) fn bound(self, timeouts: &Timeouts) -> Timeouts {
        let Some(left) = self.left() else {
            return timeouts.clone();
        };
        // A millisecond more, so that the end is over when the server says so.
        let left = left.as_millis() + 1;
        let left = u64::try_from(left).unwrap_or(u64::MAX).min(MOST_MS);
        let statement_ms = at_most(timeouts.statement_ms, left);
        Timeouts { statement_ms, ..timeouts.clone() }
    }
}

/// What the server takes for a timeout.
const MOST_MS: u64 = i32::MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_A_MINUTE: Timeouts = Timeouts { lock_ms: 5_000, statement_ms: 30_000 };

    #[test]
    fn a_statement_ends_with_the_run_at_the_latest() {
        let bound = Deadline::after(Duration::from_secs(2)).bound(&HALF_A_MINUTE);
        assert!((1..=2_001).contains(&bound.statement_ms), "{bound:?}");
        let bound = Deadline::after(Duration::from_secs(2)).bound(&Timeouts { statement_ms: 0, ..HALF_A_MINUTE });
        assert!((1..=2_001).contains(&bound.statement_ms), "0 is for ever: {bound:?}");
    }

    #[test]
    fn a_limit_that_is_over_still_is_one() {
        let over = Deadline::after(Duration::ZERO);
        assert!(over.is_over());
        assert_eq!(over.bound(&HALF_A_MINUTE).statement_ms, 1);
    }

    #[test]
    fn without_an_end_nothing_changes() {
        assert!(!Deadline::default().is_over());
        assert_eq!(Deadline::default().bound(&HALF_A_MINUTE), HALF_A_MINUTE);
    }
}
