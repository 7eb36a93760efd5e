//! What the server says of one sequence and its columns.

use std::sync::Arc;

use postgres::SimpleQueryRow;

use crate::db::Error;
use crate::model::{COUNT_LIMIT, Collisions, Finding, Observation, SequenceState, Status, ValueRange};

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

    /// What a quick look at the values from the next value on found: `least/count/greatest`.
    pub(super) fn colliding(item: usize, state: SequenceState, stored: &str, is_ascending: bool) -> Option<Self> {
        let mut parts = stored.split('/').map(|part| part.parse::<i64>().ok());
        let (least, count, greatest) = (parts.next()??, parts.next()??, parts.next()??);
        let (nearest, farthest) = if is_ascending { (least, greatest) } else { (greatest, least) };
        let calls = u64::try_from(count).ok().filter(|calls| *calls < COUNT_LIMIT)?;
        let collisions = Some(Collisions { nearest, calls, calls_is_minimum: false });
        Some(Self { item, state, farthest: vec![Some(farthest)], ignored: None, collisions })
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

/// The elements of an array of plain words, as the server writes it.
pub(super) fn array(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.trim_matches(['{', '}']);
    inside.split(',').filter(|word| !word.is_empty())
}
