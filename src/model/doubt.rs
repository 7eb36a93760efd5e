//! A reason, and the way out.

/// Why something is left alone, and the command that would settle it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Doubt {
    /// The reason, in one line.
    pub reason: String,
    /// What would settle it, where something would.
    pub cure: Option<String>,
}

impl Doubt {
    /// A reason without a cure.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), cure: None }
    }

    /// A reason with its cure.
    pub fn with_cure(reason: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { reason: reason.into(), cure: Some(cure.into()) }
    }

    /// Several reasons as one.
    pub(crate) fn joined<'a>(mut doubts: impl Iterator<Item = &'a Doubt> + Clone) -> Self {
        let reasons: Vec<&str> = doubts.clone().map(|doubt| doubt.reason.as_str()).collect();
        Self { reason: reasons.join("; "), cure: doubts.find_map(|doubt| doubt.cure.clone()) }
    }
}
