//! What the server says of one sequence and its columns.

use std::sync::Arc;

use postgres::SimpleQueryRow;

use crate::db::Error;
use crate::model::{COUNT_LIMIT, Collisions, Definition, Finding, Observation, SequenceState, Status, ValueRange};

/// What a probe found.
pub(crate) struct Probe {
    pub(super) item: usize,
    pub(crate) state: SequenceState,
    farthest: Vec<Option<i64>>,
    ignored: Option<i64>,
    collisions: Option<Collisions>,
}

impl Probe {
    /// Reads a row of [`farthest_sql`](crate::model::farthest_sql) or [`collisions_sql`](crate::model::collisions_sql).
    pub(crate) fn of(row: &SimpleQueryRow) -> Result<Self, Error> {
        Self::parse(row)
            .ok_or_else(|| Error::refusal("could not read a sequence's state", format!("not understood: {row:?}")))
    }

    /// What a quick read found.
    pub(super) fn quick(item: usize, state: SequenceState, farthest: Vec<Option<i64>>) -> Self {
        Self { item, state, farthest, ignored: None, collisions: None }
    }

    /// What a quick look at the values from the next value on found: `least/count/greatest` of fewer than the limit.
    pub(super) fn colliding(
        item: usize,
        state: SequenceState,
        stored: &str,
        is_ascending: bool,
        count_limit: u64,
    ) -> Option<Self> {
        let mut parts = stored.split('/').map(|part| part.parse::<i64>().ok());
        let (least, count, greatest) = (parts.next()??, parts.next()??, parts.next()??);
        let (nearest, farthest) = if is_ascending { (least, greatest) } else { (greatest, least) };
        let calls = u64::try_from(count).ok().filter(|calls| *calls < count_limit)?;
        let collisions = Some(Collisions { nearest, calls, calls_is_minimum: false });
        Some(Self { item, state, farthest: vec![Some(farthest)], ignored: None, collisions })
    }

    /// What was counted of it in a window that ends there: past its end there may be more.
    pub(super) fn within_window(mut self, finding: &Finding, end: i64) -> Self {
        let definition = &finding.sequence.definition;
        let is_past = self.farthest.iter().flatten().any(|farthest| definition.is_past(*farthest, end));
        if let Some(collisions) = self.collisions.as_mut().filter(|_| is_past) {
            collisions.calls_is_minimum = true;
            collisions.calls = collisions.calls.max(1);
        }
        self
    }

    /// What the parts of a finding tell together, each with its column's place; the last one was read last.
    pub(super) fn joined(parts: Vec<(usize, Self)>, finding: &Finding) -> Option<Self> {
        let definition = &finding.sequence.definition;
        let farther = |one: i64, other: i64| definition.farther(one, other);
        let nearer = |one: i64, other: i64| if farther(one, other) == one { other } else { one };
        let mut farthest = vec![None; finding.counted().count()];
        let mut ignored: Option<i64> = None;
        let mut spans = Vec::new();
        let state = parts.last()?.1.state;
        for (column, part) in parts {
            let last = part.farthest.into_iter().flatten().reduce(farther);
            spans.extend(part.collisions.zip(last));
            let of_column = farthest.get_mut(column)?;
            *of_column = last.into_iter().chain(*of_column).reduce(farther);
            ignored = ignored.into_iter().chain(part.ignored).reduce(nearer);
        }
        let collisions = joined_collisions(spans, definition);
        Some(Self { item: 0, state, farthest, ignored, collisions })
    }

    /// Whether the sequence has not come past the nearest collision yet.
    pub(super) fn is_ahead(&self, finding: &Finding) -> bool {
        let definition = &finding.sequence.definition;
        let nearest = self.collisions.map(|collisions| collisions.nearest);
        let next = definition.next_value(self.state);
        nearest.zip(next).is_none_or(|(nearest, next)| !definition.is_past(next, nearest))
    }

    /// Whether all that was found lies in the range.
    pub(super) fn is_within(&self, range: ValueRange) -> bool {
        self.farthest.iter().flatten().all(|value| range.contains(*value))
    }

    fn parse(row: &SimpleQueryRow) -> Option<Self> {
        let number = |at: usize| row.get(at)?.parse::<i64>().ok();
        let farthest = array(row.get(3)?).map(|one| one.parse().ok()).collect();
        let collisions = if row.len() > 5 && row.get(5).is_some() {
            let calls = row.get(6)?.parse().ok()?;
            Some(Collisions { nearest: number(5)?, calls, calls_is_minimum: calls >= COUNT_LIMIT })
        } else {
            None
        };
        Some(Self {
            item: row.get(0)?.parse().ok()?,
            state: SequenceState { last_value: number(1)?, is_called: row.get(2)? == "t" },
            farthest,
            ignored: number(4),
            collisions,
        })
    }

    /// Gives the finding all that was found, and so its status.
    pub(crate) fn settle(&self, finding: &mut Finding, on_standby: bool) {
        self.put_values(finding);
        let seen = Observation { farthest: finding.farthest(), collisions: self.collisions };
        finding.settle(self.state, seen, on_standby);
    }

    /// Takes in what a first look found. Whether that leaves the finding open: stored values reach the next value,
    /// and it is not known yet which.
    pub(super) fn leaves_open(&self, finding: &mut Finding, on_standby: bool) -> bool {
        finding.state = Some(self.state);
        if finding.status != Status::Pending {
            return false;
        }
        self.put_values(finding);
        let definition = &finding.sequence.definition;
        let next = definition.next_value(self.state);
        let reached = finding.farthest().zip(next).is_some_and(|(far, next)| !definition.is_past(next, far));
        if !reached {
            self.settle(finding, on_standby);
        }
        reached
    }

    /// Gives each column that counts its farthest value, and the finding what is ignored.
    fn put_values(&self, finding: &mut Finding) {
        finding.ignored = self.ignored;
        let columns = Arc::make_mut(&mut finding.columns);
        let counted = columns.iter_mut().filter(|column| column.counts());
        for (column, farthest) in counted.zip(&self.farthest) {
            column.farthest = *farthest;
        }
    }
}

/// The collisions of several parts, each with its last value. Parts that lie apart have nothing in common; of those
/// that do not, the same values may be in each, and only the largest number is certain.
fn joined_collisions(mut spans: Vec<(Collisions, i64)>, definition: &Definition) -> Option<Collisions> {
    let along = |value: i64| i128::from(value) * i128::from(definition.increment.signum());
    spans.sort_by_key(|(collisions, _)| along(collisions.nearest));
    let mut spans = spans.into_iter();
    let (mut all, mut last) = spans.next()?;
    // Of the parts that lie over one another at the end of what was joined so far.
    let mut calls_there = all.calls;
    for (part, part_last) in spans {
        all.calls_is_minimum |= part.calls_is_minimum;
        if definition.is_past(part.nearest, last) {
            all.calls += part.calls;
            calls_there = part.calls;
        } else {
            all.calls_is_minimum = true;
            all.calls += part.calls.saturating_sub(calls_there);
            calls_there = calls_there.max(part.calls);
        }
        last = definition.farther(last, part_last);
    }
    Some(all)
}

/// The elements of an array of plain words, as the server writes it.
pub(super) fn array(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.trim_matches(['{', '}']);
    inside.split(',').filter(|word| !word.is_empty())
}
