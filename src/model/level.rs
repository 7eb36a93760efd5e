//! How safely a sequence can be repaired.

use super::doubt::Doubt;
use super::finding::Finding;
use super::fix::Protection;

/// What can be promised at best for a sequence, and for a fix of it: the best one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Tables and sequence are locked while the value is decided and set.
    Full,
    /// The sequence is moved by `nextval`, which cannot go back.
    Advance,
    /// `setval` without a guard, with room to spare; only where it was asked for.
    Headroom,
    /// It is compared, and not repaired.
    CheckOnly,
}

impl Level {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Advance => "advance",
            Self::Headroom => "headroom",
            Self::CheckOnly => "check_only",
        }
    }
}

impl From<Protection> for Level {
    fn from(protection: Protection) -> Self {
        match protection {
            Protection::Full => Self::Full,
            Protection::Advance => Self::Advance,
            Protection::Headroom => Self::Headroom,
        }
    }
}

/// Why less can be promised on this server than on a plain PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// What is left.
    pub way: Way,
    /// Why, and what would settle it.
    pub doubt: Doubt,
}

/// What is left where locks and transactions do not guard a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `setval` without a guard, if the caller accepts races.
    Headroom,
    /// A person may move it, with the statement that is shown.
    ByHand,
    /// Nothing.
    None,
}

impl Finding {
    /// What can be promised for it; `None` of a sequence that no column's values are compared with.
    pub fn level(&self) -> Option<Level> {
        let sequence = &self.sequence;
        self.counted().next()?;
        Some(match &sequence.restriction {
            Some(restriction) if restriction.way == Way::Headroom => Level::Headroom,
            None if !self.counted().all(|column| column.facts.can_lock) => Level::CheckOnly,
            None if sequence.is_ours => Level::Full,
            None if sequence.can_advance => Level::Advance,
            _ => Level::CheckOnly,
        })
    }
}
