//! How a sequence stands against the values that are stored: the core of the tool.
//!
//! A descending sequence is the mirror image of an ascending one: everything here is worked out on
//! values that grow in the sequence's own direction, in `i128`, where nothing overflows.

use super::sequence::{Definition, SequenceState};

/// What was found stored in the columns that draw from a sequence, within its range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The farthest value over all linked columns; `None` where there is none.
    pub farthest: Option<i64>,
    /// The stored values that coming calls of `nextval` would return; `None` where no call would.
    pub collisions: Option<Collisions>,
}

/// The stored values at or past the next value that lie on the sequence's own grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collisions {
    /// The first of them that `nextval` comes to.
    pub nearest: i64,
    /// How many calls return a stored value before the sequence is past the farthest.
    pub calls: u64,
    /// Whether counting stopped early, so that `calls` is the least that there are.
    pub calls_is_minimum: bool,
}

/// A sequence whose coming calls meet stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// What `nextval` would return now.
    pub next_value: i64,
    /// The farthest value stored.
    pub farthest: i64,
    /// The calls that collide.
    pub collisions: Collisions,
}

/// Why no next value is left, or none would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhaustion {
    /// `nextval` fails now: the sequence stands at its limit.
    NoNextValue,
    /// The next value does not fit the column's type any more.
    PastColumn {
        /// The last value that the column's type holds.
        limit: i64,
    },
    /// The farthest value sits so close to the limit that a fix would leave no next value.
    FixLeavesNone(Overlap),
}

/// How a sequence stands against the farthest value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// No call of `nextval` comes to a stored value.
    InSync,
    /// Inserts collide now or later.
    Behind {
        /// What collides.
        overlap: Overlap,
        /// What the next value must become: the first one past the farthest value on the sequence's own grid.
        target: i64,
    },
    /// No next value is left, or a fix would leave none.
    Exhausted(Exhaustion),
    /// The next value is free, and the nearest stored value past it is farther than half of what is left.
    Outlier {
        /// What would collide one day.
        overlap: Overlap,
        /// Where a fix would move the next value; `None` where that leaves none.
        target: Option<i64>,
    },
    /// `CYCLE`: the state says nothing about the data.
    Cycling,
}

impl Drift {
    /// The stored values that coming calls meet, where there are any.
    pub fn overlap(&self) -> Option<Overlap> {
        match self {
            Self::Behind { overlap, .. }
            | Self::Outlier { overlap, .. }
            | Self::Exhausted(Exhaustion::FixLeavesNone(overlap)) => Some(*overlap),
            _ => None,
        }
    }
}

/// The last value that both the sequence and the linked columns' types can hold.
pub fn effective_limit(definition: &Definition, column_limit: i64) -> i64 {
    let sequence_limit = definition.limit();
    if definition.is_past(column_limit, sequence_limit) { sequence_limit } else { column_limit }
}

/// Compares a sequence with what is stored. `column_limit` is the last value, in the sequence's direction,
/// that the linked columns' types can hold. Every input has an answer.
pub fn assess(definition: &Definition, state: SequenceState, column_limit: i64, seen: Observation) -> Drift {
    if definition.cycle {
        return Drift::Cycling;
    }
    let Some(next_value) = definition.next_value(state) else {
        return Drift::Exhausted(Exhaustion::NoNextValue);
    };
    let limit = effective_limit(definition, column_limit);
    if definition.is_past(next_value, limit) {
        return Drift::Exhausted(Exhaustion::PastColumn { limit });
    }
    let (Some(farthest), Some(collisions)) = (seen.farthest, seen.collisions) else {
        return Drift::InSync;
    };

    let overlap = Overlap { next_value, farthest, collisions };
    let target = first_past(definition, next_value, farthest).filter(|target| !definition.is_past(*target, limit));
    if is_far_off(definition, &overlap, limit) {
        return Drift::Outlier { overlap, target };
    }
    match target {
        Some(target) => Drift::Behind { overlap, target },
        None => Drift::Exhausted(Exhaustion::FixLeavesNone(overlap)),
    }
}

/// The first value past `farthest` that the sequence comes to from `next_value`, its phase kept.
fn first_past(definition: &Definition, next_value: i64, farthest: i64) -> Option<i64> {
    let direction = i128::from(definition.increment.signum());
    let step = i128::from(definition.increment).abs();
    let (next, farthest) = (i128::from(next_value) * direction, i128::from(farthest) * direction);
    let steps = (farthest - next).div_euclid(step) + 1;
    i64::try_from((next + steps.max(0) * step) * direction).ok()
}

/// Whether the nearest collision is so far off that a fix would burn the range for a sentinel.
fn is_far_off(definition: &Definition, overlap: &Overlap, limit: i64) -> bool {
    let distance =
        |to: i64| (i128::from(to) - i128::from(overlap.next_value)) * i128::from(definition.increment.signum());
    distance(overlap.collisions.nearest) > 0 && 2 * distance(overlap.collisions.nearest) > distance(limit)
}
