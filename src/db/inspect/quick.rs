//! The quick way: one row for a whole batch.

use postgres::Client;

use super::Reading;
use super::probe::{Probe, array};
use crate::db::Error;
use crate::model::{
    COUNT_LIMIT, Finding, SequenceState, StateFrom, Status, Timeouts, at_most, collides_quickly, quick_collisions_sql,
    quick_sql,
};

/// How long the quick way waits for a lock, in milliseconds: whoever waits longer is read alone.
const LOCK_MS: u64 = 200;

/// What a quick read left to do, by the items' places in their batch.
#[derive(Default)]
pub(super) struct Left {
    /// Stored values reach the next value: which, is to be found out.
    pub(super) suspects: Vec<usize>,
    /// Not settled so: to be read the careful way.
    pub(super) unsettled: Vec<usize>,
}

/// Reads a batch and settles what it settles.
pub(super) fn look(
    reading: &Reading,
    client: &mut Client,
    items: &mut [(usize, Finding)],
    from: StateFrom,
) -> Result<Left, Error> {
    let sql = quick_sql(items.iter().map(|(_, finding)| finding), from);
    let (states, values) = one_row(reading, client, &sql)?;
    let mut values = array(&values);
    let mut left = Left::default();
    for (at, ((_, finding), state)) in items.iter_mut().zip(array(&states)).enumerate() {
        let columns = if finding.status == Status::Pending { finding.counted().count() } else { 0 };
        let seen: Vec<Option<i64>> = values.by_ref().take(columns).map(|value| value.parse().ok()).collect();
        match state_of(state).zip(within(finding, &seen)) {
            None => left.unsettled.push(at),
            Some((state, farthest)) => {
                if Probe::quick(at, state, farthest).leaves_open(finding, reading.on_standby) {
                    left.suspects.push(at);
                }
            }
        }
    }
    Ok(left)
}

/// Finds out what the suspects collide with, and settles those that it can; returns the others.
pub(super) fn collide(
    reading: &Reading,
    client: &mut Client,
    items: &mut [(usize, Finding)],
    suspects: Vec<usize>,
    from: StateFrom,
) -> Result<Vec<usize>, Error> {
    let (quick, mut left): (Vec<usize>, Vec<usize>) =
        suspects.into_iter().partition(|at| collides_quickly(&items[*at].1));
    if quick.is_empty() {
        return Ok(left);
    }
    let sql = quick_collisions_sql(quick.iter().map(|at| &items[*at].1), from, COUNT_LIMIT);
    let row = one_row(reading, client, &sql)?;
    for ((at, state), stored) in quick.into_iter().zip(array(&row.0)).zip(array(&row.1)) {
        let finding = &mut items[at].1;
        let is_ascending = finding.sequence.definition.is_ascending();
        let probe = state_of(state)
            .filter(|state| finding.state == Some(*state))
            .and_then(|state| Probe::colliding(at, state, stored, is_ascending));
        match probe {
            // What is stored past the range is no collision, and may hide one that is.
            Some(probe) if probe.is_within(finding.range) => probe.settle(finding, reading.on_standby),
            _ => left.push(at),
        }
    }
    Ok(left)
}

/// Asks for one row of two arrays.
fn one_row(reading: &Reading, client: &mut Client, sql: &str) -> Result<(String, String), Error> {
    let timeouts = reading.timeouts();
    let lock_ms = at_most(timeouts.lock_ms, LOCK_MS);
    let rows = reading.read(client, &Timeouts { lock_ms, ..timeouts }, sql)?;
    let cells = rows.first().and_then(|row| row.get(0).zip(row.get(1)));
    let (one, other) =
        cells.ok_or_else(|| Error::refusal("could not compare sequences with their columns", "not understood"))?;
    Ok((one.to_owned(), other.to_owned()))
}

/// `5/t`, or `5` of a sequence that was called.
fn state_of(text: &str) -> Option<SequenceState> {
    let (last_value, is_called) = text.split_once('/').unwrap_or((text, "t"));
    Some(SequenceState { last_value: last_value.parse().ok()?, is_called: is_called == "t" })
}

/// The farthest values within the range, where those of all values tell them: `None` where one lies past the range,
/// as one within it may lie before.
fn within(finding: &Finding, farthest: &[Option<i64>]) -> Option<Vec<Option<i64>>> {
    let (definition, range) = (&finding.sequence.definition, finding.range);
    let end = if definition.is_ascending() { range.max } else { range.min };
    let one = |value: &Option<i64>| match value {
        Some(value) if definition.is_past(*value, end) => None,
        value => Some(value.filter(|value| range.contains(*value))),
    };
    farthest.iter().map(one).collect()
}
