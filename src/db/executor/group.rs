//! A few fixes in one transaction, sent in one message: all of them exactly as planned, or none.

use std::time::Duration;

use postgres::Client;

use super::link::Link;
use super::one::state_of;
use crate::db::error::Error;
use crate::db::session::{begin_read_write_sql, roll_back};
use crate::model::{Fix, SequenceState, Timeouts, group_sql};

/// The longest wait for a sequence, in milliseconds: tables are locked meanwhile, and ALTER knows no NOWAIT.
const LOCK_MS: u64 = 10;

/// The longest time for a statement, in milliseconds: what takes longer is not for a group.
const STATEMENT_MS: u64 = 200;

/// A group that was done.
pub(super) struct Done {
    /// Where each sequence stands now, in the fixes' order.
    pub(super) states: Vec<SequenceState>,
    /// How long the server held its locks at most, up to the COMMIT.
    pub(super) held: Duration,
}

/// Does a group, or leaves no trace of it. After an error other than a lost connection nothing is done.
pub(super) fn apply_group(client: &mut Client, link: &Link, group: &[Fix], timeouts: &Timeouts) -> Result<Done, Error> {
    let short = Timeouts {
        lock_ms: at_most(timeouts.lock_ms, LOCK_MS),
        statement_ms: at_most(timeouts.statement_ms, STATEMENT_MS),
    };
    let sql = format!("{}; COMMIT", group_sql(group));
    let answers = link.send(client, &begin_read_write_sql(&short), &sql).map_err(|error| {
        let error = Error::new("could not fix a group of sequences", &error);
        if !error.is_connection_lost() {
            roll_back(client);
        }
        error
    })?;
    // That each of them stands where it was set is what the server has asserted already.
    let after = answers.last().map(Vec::as_slice).unwrap_or_default();
    let states = group.iter().enumerate().map(|(at, fix)| after.get(at).and_then(state_of).unwrap_or(fix.to)).collect();
    let held = after.last().and_then(|row| row.get(2)?.parse().ok()).map(Duration::from_micros).unwrap_or_default();
    Ok(Done { states, held })
}

/// A time limit that is no longer than another one; 0 is for ever.
fn at_most(limit: u64, other: u64) -> u64 {
    if limit == 0 { other } else { limit.min(other) }
}
