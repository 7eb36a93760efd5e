//! A few fixes in one transaction, sent in one message: all of them exactly as planned, or none.

use std::sync::Arc;
use std::time::Duration;

use postgres::Client;

use super::link::Link;
use crate::db::error::Error;
use crate::db::session::roll_back;
use crate::model::{Fix, Timeouts, at_most, group_sql};

/// The longest wait for a sequence, in milliseconds: tables are locked meanwhile, and ALTER knows no NOWAIT.
const LOCK_MS: u64 = 10;

/// The longest time for a statement, in milliseconds: what takes longer is not for a group.
const STATEMENT_MS: u64 = 200;

/// Does a group, or leaves no trace of it; returns how long the server held its locks at most, up to the COMMIT. That
/// each sequence stands where it was to be set by then the server has asserted. After an error other than a lost
/// connection nothing is done.
pub(super) fn apply_group(
    client: &mut Client,
    link: &Link,
    group: &[Arc<Fix>],
    timeouts: &Timeouts,
) -> Result<Duration, Error> {
    let short = Timeouts {
        lock_ms: at_most(timeouts.lock_ms, LOCK_MS).min(link.limits.longest_wait_ms(group.len())),
        statement_ms: at_most(timeouts.statement_ms, STATEMENT_MS),
    };
    let sql = format!("{}; COMMIT", group_sql(group));
    let answers = link.send(client, &short, &sql).map_err(|error| {
        let error = Error::new("could not fix a group of sequences", &error);
        if !error.is_connection_lost() {
            roll_back(client);
        }
        error
    })?;
    let held = answers.last().and_then(|rows| rows.first()?.get(0)?.parse().ok());
    Ok(held.map(Duration::from_micros).unwrap_or_default())
}
