//! A range of values.

/// Both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueRange {
    /// The lowest value.
    pub min: i64,
    /// The highest value.
    pub max: i64,
}

impl ValueRange {
    /// Every value of `bigint`.
    pub const ALL: Self = Self { min: i64::MIN, max: i64::MAX };

    /// Whether the value lies in the range.
    pub fn contains(self, value: i64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// What both ranges hold; empty (`min > max`) where they do not meet.
    #[must_use]
    pub fn meet(self, other: Self) -> Self {
        Self { min: self.min.max(other.min), max: self.max.min(other.max) }
    }
}
