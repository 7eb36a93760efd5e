//! The quick way: one row for a whole batch.

use postgres::Client;

use super::probe::{Probe, array};
use super::{Items, Reading, relations};
use crate::db::Error;
use crate::model::{
    Drift, Finding, SequenceState, StateFrom, Status, collides_quickly, quick_collisions_sql, quick_sql,
};

/// What a quick read left to do, by the items' places in their batch.
#[derive(Default)]
pub(super) struct Left {
    /// Stored values reach the next value: which, is to be found out.
    pub(super) suspects: Vec<usize>,
    /// Not settled so: to be read the careful way.
    pub(super) unsettled: Vec<usize>,
}

/// Reads those at these places of a batch and settles what it settles.
pub(super) fn look(
    reading: &Reading,
    client: &mut Client,
    items: Items,
    places: Vec<usize>,
    from: StateFrom,
) -> Result<Left, Error> {
    let mut left = Left::default();
    if places.is_empty() {
        return Ok(left);
    }
    let relations = relations(items, &places);
    let sql = quick_sql(places.iter().map(|at| &items[*at].1), from);
    let (states, values) = one_row(reading, client, relations, &sql)?;
    let mut values = array(&values);
    for (at, state) in places.into_iter().zip(array(&states)) {
        let finding = &mut items[at].1;
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

/// The state in which a sequence is created.
fn new_state(finding: &Finding) -> SequenceState {
    SequenceState { last_value: finding.sequence.definition.start_value, is_called: false }
}

/// Whether it stands as it was created, and is behind, in a table that [`collide_as_new`] can read.
pub(super) fn is_new_and_behind(finding: &Finding) -> bool {
    finding.state == Some(new_state(finding))
        && collides_quickly(finding)
        && matches!(&finding.status, Status::Compared(Drift::Behind { .. }))
}

/// How many values are read of a table whose sequence may turn out to be another one than it was taken for.
const GUESS_LIMIT: u64 = 10_000;

/// Takes every sequence for one that stands as it was created, and settles those that do and are behind: with one
/// query instead of two. Returns the places of the others.
pub(super) fn collide_as_new(
    reading: &Reading,
    client: &mut Client,
    items: Items,
    from: StateFrom,
) -> Result<Vec<usize>, Error> {
    for (_, finding) in items.iter_mut() {
        finding.state = Some(new_state(finding));
    }
    let (pending, mut left): (Vec<usize>, Vec<usize>) =
        (0..items.len()).partition(|at| items[*at].1.status == Status::Pending);
    left.extend(collide(reading, client, items, pending, from, GUESS_LIMIT)?);
    for at in &left {
        items[*at].1.state = None;
    }
    Ok(left)
}

/// Finds out what the suspects, of known states, collide with, and settles those that it can: returns the others.
/// Those with as many collisions as the limit are among them.
pub(super) fn collide(
    reading: &Reading,
    client: &mut Client,
    items: Items,
    suspects: Vec<usize>,
    from: StateFrom,
    count_limit: u64,
) -> Result<Vec<usize>, Error> {
    let (quick, mut left): (Vec<usize>, Vec<usize>) =
        suspects.into_iter().partition(|at| collides_quickly(&items[*at].1));
    if quick.is_empty() {
        return Ok(left);
    }
    let relations = relations(items, &quick);
    let sql = quick_collisions_sql(quick.iter().map(|at| &items[*at].1), from, count_limit);
    let row = one_row(reading, client, relations, &sql)?;
    for ((at, state), stored) in quick.into_iter().zip(array(&row.0)).zip(array(&row.1)) {
        let finding = &mut items[at].1;
        let is_ascending = finding.sequence.definition.is_ascending();
        let probe = state_of(state)
            .filter(|state| finding.state == Some(*state))
            .and_then(|state| Probe::colliding(at, state, stored, is_ascending, count_limit));
        match probe {
            // What is stored past the range is no collision, and may hide one that is.
            Some(probe) if probe.is_within(finding.range) => probe.settle(finding, reading.on_standby),
            _ => left.push(at),
        }
    }
    Ok(left)
}

/// Asks for one row of two arrays.
fn one_row(reading: &Reading, client: &mut Client, relations: i64, sql: &str) -> Result<(String, String), Error> {
    let rows = reading.read(client, &reading.timeouts(relations), sql)?;
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
