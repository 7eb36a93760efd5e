//! The quick way: one row for a whole batch.

use postgres::Client;

use super::Reading;
use super::probe::{Probe, array};
use crate::db::Error;
use crate::model::{Finding, SequenceState, StateFrom, Status, Timeouts, quick_sql};

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
    let timeouts = reading.timeouts();
    let lock_ms = if timeouts.lock_ms == 0 { LOCK_MS } else { timeouts.lock_ms.min(LOCK_MS) };
    let rows = reading.read(client, &Timeouts { lock_ms, ..timeouts }, &sql)?;
    let not_understood = || Error::refusal("could not compare sequences with their columns", "not understood");
    let row = rows.first().ok_or_else(not_understood)?;
    let (states, values) = row.get(0).zip(row.get(1)).ok_or_else(not_understood)?;
    let mut values = array(values);
    let mut left = Left::default();
    for (at, ((_, finding), state)) in items.iter_mut().zip(array(states)).enumerate() {
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
