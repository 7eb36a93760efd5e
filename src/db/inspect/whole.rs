//! What a sequence collides with in tables that have to be read whole.

use postgres::Client;

use super::Reading;
use super::probe::Probe;
use crate::db::Error;
use crate::model::{COUNT_LIMIT, Finding, collisions_sql, whole_collisions_sql, window_end};

/// How often it is read anew where the sequence has moved meanwhile.
const TRIES: usize = 3;

/// Settles a finding whose state was read and whose values reach it.
pub(super) fn collide(reading: &Reading, client: &mut Client, finding: &mut Finding) -> Result<(), Error> {
    for _ in 0..TRIES {
        let Some(probe) = ask(reading, client, &spell(finding))? else { break };
        if finding.state == Some(probe.state) {
            windowed(probe, finding).settle(finding, reading.on_standby);
            return Ok(());
        }
        finding.state = Some(probe.state);
    }
    // Slow, and whatever the sequence does.
    if let Some(probe) = ask(reading, client, &collisions_sql(0, finding, COUNT_LIMIT))? {
        probe.settle(finding, reading.on_standby);
    }
    Ok(())
}

/// The statement for a finding whose state was read: the one that suits the size of its tables.
pub(super) fn spell(finding: &Finding) -> String {
    match finding.next_value() {
        Some(next) if finding.is_large() => whole_collisions_sql(0, finding, next),
        _ => collisions_sql(0, finding, COUNT_LIMIT),
    }
}

/// What that statement found.
pub(super) fn windowed(probe: Probe, finding: &Finding) -> Probe {
    match finding.next_value() {
        Some(next) if finding.is_large() => probe.within_window(finding, window_end(finding, next)),
        _ => probe,
    }
}

fn ask(reading: &Reading, client: &mut Client, sql: &str) -> Result<Option<Probe>, Error> {
    reading.read(client, &reading.timeouts(), sql)?.first().map(Probe::of).transpose()
}
