//! Citus keeps a sequence of the same name on every node, each with a range of its own, and sends statements on to others.

use std::collections::BTreeSet;

use super::doubt::Doubt;
use super::level::{Restriction, Way};
use super::linking::LinkedColumn;
use super::range::ValueRange;
use super::sequence::{DataType, Definition, SequenceState};

/// A node, and what of it is not its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citus {
    /// The group that this node belongs to; 0 is the coordinator's.
    pub group: i32,
    /// The tables that Citus knows of: distributed, reference and managed local ones.
    pub tables: BTreeSet<u32>,
}

/// Where the ranges of the workers begin: each has so many values, by the number of its group.
const NODE_RANGE: i64 = 1 << 48;

impl Citus {
    /// Whether a sequence that these columns draw from is one of those that every node has.
    pub fn concerns(&self, columns: &[LinkedColumn]) -> bool {
        columns.iter().any(|column| self.tables.contains(&column.facts.table_oid))
    }

    /// The values that this node draws: what others have drawn is no concern of its sequence.
    pub fn own_range(&self, definition: &Definition) -> ValueRange {
        let range = definition.range();
        if self.group == 0 && range.min <= NODE_RANGE {
            // Nothing keeps the coordinator from the first worker's range.
            ValueRange { max: range.max.min(NODE_RANGE), ..range }
        } else if self.group == 0 {
            range
        } else {
            // The last value is the next worker's first one.
            ValueRange { max: range.max.saturating_sub(1).max(range.min), ..range }
        }
    }

    /// Why it is not drawn from on this node, where it is not: a worker's smaller sequences stand at their end on purpose.
    pub fn parked(&self, definition: &Definition) -> Option<Doubt> {
        (self.group != 0 && definition.data_type != DataType::BigInt).then(|| {
            Doubt::with_cure(
                format!("Citus has parked it: no worker draws from a sequence of type {}", definition.data_type),
                "leave it as it is; INSERTs that need it go through the coordinator",
            )
        })
    }

    /// That the coordinator's sequence stands in a worker's range.
    pub fn trespass(&self, definition: &Definition, state: SequenceState) -> Option<Doubt> {
        let next = definition.next_value(state);
        let is_past =
            self.group == 0 && definition.min_value <= NODE_RANGE && next.is_some_and(|next| next > NODE_RANGE);
        is_past.then(|| {
            Doubt::with_cure(
                format!("it stands at {state}, in a worker's range (the coordinator's ends at {NODE_RANGE}): both hand out the same values"),
                "somebody who knows what was inserted has to take it back: nothing is lowered here",
            )
        })
    }

    /// What is left to be done with it.
    pub fn restriction(&self) -> Restriction {
        let node =
            if self.group == 0 { "the coordinator".to_owned() } else { format!("a worker (group {})", self.group) };
        let reason = format!(
            "Citus keeps it on every node, where one node's locks hold up all others; this is {node}, \
             and it was compared within its own range"
        );
        let cure = "with nobody writing, on this node, and with nothing else in the statement";
        Restriction { way: Way::ByHand, doubt: Doubt::with_cure(reason, cure) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(data_type: DataType, min_value: i64, max_value: i64) -> Definition {
        Definition {
            data_type,
            start_value: min_value,
            increment: 1,
            min_value,
            max_value,
            cache_size: 1,
            cycle: false,
        }
    }

    fn node(group: i32) -> Citus {
        Citus { group, tables: BTreeSet::from([17_000]) }
    }

    #[test]
    fn each_node_looks_at_its_own_range() {
        let whole = sequence(DataType::BigInt, 1, i64::MAX);
        assert_eq!(node(0).own_range(&whole), ValueRange { min: 1, max: 281_474_976_710_656 });
        let first = sequence(DataType::BigInt, 281_474_976_710_657, 562_949_953_421_313);
        assert_eq!(
            node(1).own_range(&first),
            ValueRange { min: 281_474_976_710_657, max: 562_949_953_421_312 },
            "the last value is the second worker's first one"
        );
        let small = sequence(DataType::Integer, 1, 2_147_483_647);
        assert_eq!(node(0).own_range(&small), small.range());
    }

    #[test]
    fn a_workers_smaller_sequences_are_parked_and_nobody_elses() {
        for data_type in [DataType::SmallInt, DataType::Integer] {
            assert!(node(2).parked(&sequence(data_type, 1, 32_767)).is_some());
            assert!(node(0).parked(&sequence(data_type, 1, 32_767)).is_none());
        }
        assert!(node(2).parked(&sequence(DataType::BigInt, 1 << 48, 2 << 48)).is_none());
    }

    #[test]
    fn a_coordinator_in_a_workers_range_is_named() {
        let whole = sequence(DataType::BigInt, 1, i64::MAX);
        let at = |last_value| SequenceState { last_value, is_called: true };
        assert!(node(0).trespass(&whole, at(281_474_976_710_658)).is_some());
        assert!(node(0).trespass(&whole, at(281_474_976_710_656)).is_some(), "its next value is the worker's first");
        assert!(node(0).trespass(&whole, at(281_474_976_710_655)).is_none());
        assert!(node(1).trespass(&whole, at(281_474_976_710_658)).is_none());
    }
}
