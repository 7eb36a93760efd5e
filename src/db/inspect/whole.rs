//! Sequences of tables that have to be read whole.

use postgres::Client;

use super::Reading;
use super::probe::Probe;
use crate::db::Error;
use crate::model::{COUNT_LIMIT, Finding, collisions_sql, farthest_sql, state_sql, whole_collisions_sql, window_end};

/// How often it is read anew where the sequence has moved meanwhile.
const TRIES: usize = 3;

/// Reads and settles a finding. What is stored is read once, and once more where it collides: so the state is asked for
/// first.
pub(super) fn look(reading: &Reading, client: &mut Client, finding: &mut Finding) -> Result<(), Error> {
    if finding.state.is_none() {
        finding.state = ask(reading, client, &state_sql(0, finding))?.map(|probe| probe.state);
    }
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
        Some(_) => collisions_sql(0, finding, COUNT_LIMIT),
        // It comes to nothing.
        None => farthest_sql(0, finding),
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
