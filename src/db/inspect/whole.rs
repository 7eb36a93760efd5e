//! Sequences of tables that have to be read whole.

use postgres::Client;

use super::Reading;
use super::again::{TRIES, being_altered};
use super::probe::Probe;

use crate::db::Error;
use crate::model::{COUNT_LIMIT, Finding, collisions_sql, whole_collisions_sql, window_end};

/// Reads and settles a finding: with one look at its tables, and another where something collides.
pub(super) fn look(reading: &Reading, client: &mut Client, finding: &mut Finding) -> Result<(), Error> {
    for _ in 0..TRIES {
        if let Some(row) = reading.read(client, &reading.timeouts(finding.relations()), &spell(finding))?.first() {
            windowed(Probe::of(row)?, finding).settle(finding, reading.on_standby);
            return Ok(());
        }
    }
    Err(being_altered())
}

/// The statement that settles a finding: the one that suits the size of its tables.
pub(super) fn spell(finding: &Finding) -> String {
    if finding.is_large() { whole_collisions_sql(0, finding) } else { collisions_sql(0, finding, COUNT_LIMIT) }
}

/// What that statement found.
pub(super) fn windowed(probe: Probe, finding: &Finding) -> Probe {
    match finding.sequence.definition.next_value(probe.state) {
        Some(next) if finding.is_large() => probe.within_window(finding, window_end(finding, next)),
        _ => probe,
    }
}
