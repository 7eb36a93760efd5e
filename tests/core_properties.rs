//! What must hold of the core for every sequence, state and set of stored values, the ends of bigint included.

use pgseqfix::model::{
    Collisions, DataType, Definition, Drift, Exhaustion, Observation, SequenceState, ValueRange, assess,
};
use proptest::prelude::*;

/// A sequence over some stored values.
#[derive(Clone, Debug)]
struct World {
    definition: Definition,
    state: SequenceState,
    column: ValueRange,
    stored: Vec<i64>,
}

impl World {
    fn grow(&self, value: i64) -> i128 {
        i128::from(value) * i128::from(self.definition.increment.signum())
    }

    fn column_limit(&self) -> i64 {
        if self.definition.is_ascending() { self.column.max } else { self.column.min }
    }

    /// The stored values that a call of nextval can still come to, in its order: the slow and plain way.
    fn ahead(&self) -> Vec<i64> {
        let Some(next) = self.definition.next_value(self.state) else { return Vec::new() };
        let step = i128::from(self.definition.increment).abs();
        let mut ahead: Vec<i64> = self
            .stored
            .iter()
            .copied()
            .filter(|value| self.definition.range().contains(*value))
            .filter(|value| {
                let distance = self.grow(*value) - self.grow(next);
                distance >= 0 && distance % step == 0
            })
            .collect();
        ahead.sort_by_key(|value| self.grow(*value));
        ahead.dedup();
        ahead
    }

    fn observe(&self) -> Observation {
        let within = self.stored.iter().copied().filter(|value| self.definition.range().contains(*value));
        let ahead = self.ahead();
        Observation {
            farthest: within.max_by_key(|value| self.grow(*value)),
            collisions: ahead.first().map(|nearest| Collisions {
                nearest: *nearest,
                calls: ahead.len() as u64,
                calls_is_minimum: false,
            }),
        }
    }

    fn drift(&self) -> Drift {
        assess(&self.definition, self.state, self.column_limit(), self.observe())
    }

    /// The world after the fix, if there is one to do.
    fn fixed(&self) -> Option<Self> {
        let Drift::Behind { target, .. } = self.drift() else { return None };
        let state = self.definition.state_before(target).expect("a target can be set");
        Some(Self { state, ..self.clone() })
    }

    /// The same without `i64::MIN`, of which there is no mirror image.
    fn with_images(mut self) -> Self {
        let image = |value: i64| value.max(-i64::MAX);
        self.definition.increment = image(self.definition.increment);
        self.definition.min_value = image(self.definition.min_value);
        self.definition.max_value = image(self.definition.max_value);
        self.state.last_value = image(self.state.last_value);
        self.definition.start_value = self.state.last_value;
        self.column = ValueRange { min: image(self.column.min), max: image(self.column.max) };
        self.stored = self.stored.into_iter().map(image).collect();
        self
    }

    fn mirrored(&self) -> Self {
        let definition = Definition {
            start_value: -self.definition.start_value,
            increment: -self.definition.increment,
            min_value: -self.definition.max_value,
            max_value: -self.definition.min_value,
            ..self.definition.clone()
        };
        Self {
            definition,
            state: SequenceState { last_value: -self.state.last_value, ..self.state },
            column: ValueRange { min: -self.column.max, max: -self.column.min },
            stored: self.stored.iter().map(|value| -value).collect(),
        }
    }
}

fn any_value() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -50..50_i64,
        1 => prop::sample::select(vec![
            i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 1, i64::from(i32::MAX), i64::from(i32::MIN),
            i64::from(i16::MAX), 0, 1, -1,
        ]),
        1 => any::<i64>(),
    ]
}

fn any_increment() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => prop::sample::select(vec![1, -1, 2, -2, 3, 10, -10, 50, -50]),
        1 => prop::sample::select(vec![i64::MAX, i64::MIN, i64::MIN + 1]),
        1 => any::<i64>().prop_filter("an increment is never 0", |increment| *increment != 0),
    ]
}

fn any_world() -> impl Strategy<Value = World> {
    let column = prop_oneof![
        3 => Just(ValueRange::ALL),
        1 => Just(ValueRange { min: i32::MIN.into(), max: i32::MAX.into() }),
        1 => (any_value(), any_value()).prop_map(|(one, other)| ValueRange { min: one.min(other), max: one.max(other) }),
    ];
    let numbers = (any_value(), any_value(), any_increment(), any_value(), any::<bool>(), any::<bool>());
    (numbers, column, prop::collection::vec(any_value(), 0..40)).prop_map(
        |((one, other, increment, last_value, is_called, cycle), column, stored)| {
            let (min_value, max_value) = (one.min(other), one.max(other));
            let last_value = last_value.clamp(min_value, max_value);
            World {
                definition: Definition {
                    data_type: DataType::BigInt,
                    start_value: last_value,
                    increment,
                    min_value,
                    max_value,
                    cache_size: 1,
                    cycle: cycle && stored.len() % 4 == 0,
                },
                state: SequenceState { last_value, is_called },
                column,
                stored,
            }
        },
    )
}

/// 2,000 cases a property; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 2_000 };
    ProptestConfig { cases, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn in_sync_means_that_no_call_comes_to_a_stored_value(world in any_world()) {
        match world.drift() {
            Drift::InSync => prop_assert!(world.ahead().is_empty()),
            Drift::Behind { .. } | Drift::Outlier { .. } | Drift::Exhausted(Exhaustion::FixLeavesNone(_)) => {
                prop_assert!(!world.ahead().is_empty());
            }
            Drift::Exhausted(Exhaustion::NoNextValue) => {
                prop_assert_eq!(world.definition.next_value(world.state), None);
            }
            Drift::Exhausted(Exhaustion::PastColumn { limit }) => {
                let next = world.definition.next_value(world.state).expect("there is one");
                prop_assert!(world.definition.is_past(next, limit));
            }
            Drift::Cycling => prop_assert!(world.definition.cycle),
        }
    }

    #[test]
    fn a_fixed_sequence_is_in_sync_and_needs_no_second_fix(world in any_world()) {
        if let Some(fixed) = world.fixed() {
            prop_assert_eq!(fixed.drift(), Drift::InSync);
        }
    }

    #[test]
    fn a_fix_only_moves_forward_and_stays_on_the_grid(world in any_world()) {
        if let (Drift::Behind { overlap, target }, Some(fixed)) = (world.drift(), world.fixed()) {
            let distance = world.grow(target) - world.grow(overlap.next_value);
            prop_assert!(distance > 0);
            prop_assert_eq!(distance % i128::from(world.definition.increment).abs(), 0);
            prop_assert_eq!(fixed.definition.next_value(fixed.state), Some(target));
            prop_assert!(world.grow(fixed.state.last_value) >= world.grow(world.state.last_value));
        }
    }

    #[test]
    fn a_fix_is_exact(world in any_world()) {
        if let Drift::Behind { overlap, target } = world.drift() {
            prop_assert!(world.grow(target) > world.grow(overlap.farthest));
            let step = i128::from(world.definition.increment).abs();
            prop_assert!(world.grow(target) - step <= world.grow(overlap.farthest));
        }
    }

    #[test]
    fn a_fix_leaves_a_next_value_that_sequence_and_column_hold(world in any_world()) {
        if let Drift::Behind { target, .. } = world.drift() {
            prop_assert!(world.definition.range().contains(target));
            prop_assert!(!world.definition.is_past(target, world.column_limit()));
        }
    }

    #[test]
    fn the_mirrored_sequence_gets_the_mirrored_answer(world in any_world()) {
        let world = world.with_images();
        let mirror = |drift: Drift| match drift {
            Drift::Behind { overlap, target } => (0, -overlap.next_value, -overlap.farthest, -target),
            Drift::Outlier { overlap, target } => (1, -overlap.next_value, -overlap.farthest, target.map_or(0, |target| -target)),
            Drift::Exhausted(Exhaustion::FixLeavesNone(overlap)) => (2, -overlap.next_value, -overlap.farthest, 0),
            Drift::Exhausted(Exhaustion::PastColumn { limit }) => (3, -limit, 0, 0),
            Drift::Exhausted(Exhaustion::NoNextValue) => (4, 0, 0, 0),
            Drift::InSync => (5, 0, 0, 0),
            Drift::Cycling => (6, 0, 0, 0),
        };
        let (kind, next, farthest, target) = mirror(world.mirrored().drift());
        let negated = mirror(world.drift());
        prop_assert_eq!((kind, -next, -farthest, -target), (negated.0, negated.1, negated.2, negated.3));
    }

    #[test]
    fn an_outlier_leaves_more_than_half_of_the_rest_free(world in any_world()) {
        if let Drift::Outlier { overlap, .. } = world.drift() {
            let limit = if world.definition.is_past(world.column_limit(), world.definition.limit()) {
                world.definition.limit()
            } else {
                world.column_limit()
            };
            let free = world.grow(overlap.collisions.nearest) - world.grow(overlap.next_value);
            prop_assert!(free > 0 && 2 * free > world.grow(limit) - world.grow(overlap.next_value));
        }
    }

    #[test]
    fn an_outlier_can_be_fixed_like_any_other_where_there_is_room(world in any_world()) {
        if let Drift::Outlier { overlap, target: Some(target) } = world.drift() {
            prop_assert!(world.grow(target) > world.grow(overlap.farthest));
            prop_assert!(!world.definition.is_past(target, world.column_limit()));
        }
    }

    #[test]
    fn nothing_panics_on_any_observation(
        world in any_world(),
        farthest in any::<Option<i64>>(),
        nearest in any::<Option<i64>>(),
        limit in any::<i64>(),
    ) {
        let collisions = nearest.map(|nearest| Collisions { nearest, calls: 1, calls_is_minimum: true });
        let _ = assess(&world.definition, world.state, limit, Observation { farthest, collisions });
    }
}
