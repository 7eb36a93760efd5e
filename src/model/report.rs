//! What was found and what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::doubt::Doubt;
use super::drift::{Collisions, Drift};
use super::finding::{Finding, Status};
use super::fix::Fix;
use super::limits::Limits;
use super::plan::Plan;
use super::sequence::SequenceState;
use super::server_kind::ServerKind;

/// The server and the session that a report speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// The database.
    pub database: String,
    /// What it is.
    pub kind: ServerKind,
    /// The server's version, as `server_version` has it.
    pub version: String,
    /// The role that looked.
    pub user: String,
    /// Whether it is a standby.
    pub is_standby: bool,
    /// Its version as a number, and its room for locks.
    pub limits: Limits,
    /// What makes the result less than certain, or a fix unwise.
    pub warnings: Vec<String>,
    /// Why a fix is refused here, where it is.
    pub refuses_fix: Option<Doubt>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Look only.
    Scan,
    /// Show what a fix would do.
    DryRun,
    /// Do it.
    Fix,
}

impl Mode {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::DryRun => "dry_run",
            Self::Fix => "fix",
        }
    }
}

/// Sequences that are not in the report, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Excluded {
    /// In the system's own schemas.
    pub system: usize,
    /// Owned by an extension.
    pub extension: usize,
    /// Temporary ones of other sessions.
    pub temporary: usize,
    /// Not among those that were selected.
    pub not_selected: usize,
    /// Dropped by somebody while they were looked at.
    pub dropped: usize,
}

/// What became of a fix.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was done; both states as the server told them.
    Set {
        /// Before.
        before: SequenceState,
        /// After.
        after: SequenceState,
    },
    /// Somebody was faster: nothing was left to do.
    AlreadyPast {
        /// The state that was found.
        state: SequenceState,
    },
    /// It was done by `nextval` although the sequence is ours, as the server refused to have it altered.
    Advanced {
        /// Before.
        before: SequenceState,
        /// After.
        after: SequenceState,
        /// What the server said, and what to mind.
        why: Doubt,
    },
    /// It was moved, but is not known to be past all values.
    Moved {
        /// Before.
        before: SequenceState,
        /// After.
        after: SequenceState,
        /// What kept it from being compared again, or moved further.
        why: Doubt,
    },
    /// Somebody else kept a lock for too long.
    Busy(Doubt),
    /// It could not be done.
    Failed(Doubt),
    /// It would not be right as it is written in the plan.
    Refused(Doubt),
    /// It was not picked.
    NotPicked,
    /// The run ended before its turn.
    NotReached,
}

impl Outcome {
    /// Its name in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Set { .. } | Self::Advanced { .. } => "set",
            Self::AlreadyPast { .. } => "already_past",
            Self::Moved { .. } => "moved",
            Self::Busy(_) => "busy",
            Self::Failed(_) => "failed",
            Self::Refused(_) => "refused",
            Self::NotPicked => "not_picked",
            Self::NotReached => "not_reached",
        }
    }

    /// Whether the sequence is where it belongs.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Set { .. } | Self::Advanced { .. } | Self::AlreadyPast { .. })
    }

    /// Why it is not done, or not as it was planned.
    pub fn doubt(&self) -> Option<&Doubt> {
        match self {
            Self::Busy(doubt)
            | Self::Failed(doubt)
            | Self::Refused(doubt)
            | Self::Advanced { why: doubt, .. }
            | Self::Moved { why: doubt, .. } => Some(doubt),
            _ => None,
        }
    }
}

/// One sequence with what was planned for it and what became of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was found.
    pub finding: Finding,
    /// What was planned.
    pub fix: Option<Arc<Fix>>,
    /// Why nothing was planned although something would be to do.
    pub left_out: Option<Doubt>,
    /// What became of the fix, once it was tried.
    pub outcome: Option<Outcome>,
}

impl Entry {
    /// The calls that collide, where there are any.
    pub fn collisions(&self) -> Option<Collisions> {
        match &self.finding.status {
            Status::Compared(drift) => drift.overlap().map(|overlap| overlap.collisions),
            _ => None,
        }
    }

    /// Whether a person who asked for nothing special should see it.
    pub fn is_news(&self) -> bool {
        if self.outcome.as_ref().is_some_and(|outcome| !outcome.is_good()) {
            return true;
        }
        match &self.finding.status {
            Status::Compared(Drift::InSync) => !self.finding.notes().is_empty(),
            Status::Unlinked => !self.finding.sequence.callers.is_empty(),
            _ => true,
        }
    }

    /// What is to be said of it beside its numbers.
    pub fn notes(&self) -> Vec<Doubt> {
        self.doubt().into_iter().chain(self.finding.notes()).collect()
    }

    /// Why it is as it is: the outcome's word first, then the plan's, then the finding's own.
    pub fn doubt(&self) -> Option<Doubt> {
        let tried = self.outcome.as_ref().and_then(Outcome::doubt);
        let found = || {
            let doubt = self.finding.doubt()?;
            // An outlier whose fix was asked for needs no advice to ask for it.
            Some(if self.fix.is_some() { Doubt::new(doubt.reason) } else { doubt })
        };
        tried.or(self.left_out.as_ref()).cloned().or_else(found)
    }
}

/// What the findings and the plan were made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How many increments were to be left free.
    pub headroom: u64,
    /// Whether outliers were to be fixed, too.
    pub fix_outliers: bool,
    /// Whether races were accepted.
    pub accept_races: bool,
    /// Values above this one did not count for ascending sequences.
    pub ignore_above: Option<i64>,
    /// Values below this one did not count for descending sequences.
    pub ignore_below: Option<i64>,
}

/// The whole of what a run has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Where it was.
    pub server: Server,
    /// What was asked for.
    pub mode: Mode,
    /// With what.
    pub terms: Terms,
    /// Every sequence, once.
    pub entries: Vec<Entry>,
    /// The rest, counted.
    pub excluded: Excluded,
}

impl Report {
    /// Puts findings, plan and outcomes (by the sequence's oid) together; made with the usual terms.
    pub fn new(
        server: Server,
        mode: Mode,
        mut findings: Vec<Finding>,
        excluded: Excluded,
        plan: &Plan,
        mut outcomes: BTreeMap<u32, Outcome>,
    ) -> Self {
        let fixes: BTreeMap<u32, &Arc<Fix>> = plan.fixes.iter().map(|fix| (fix.sequence.oid, fix)).collect();
        let left_out: BTreeMap<u32, &Doubt> =
            plan.left_out.iter().map(|left| (left.sequence_oid, &left.doubt)).collect();
        let mut entries = Vec::with_capacity(findings.len());
        while let Some(finding) = findings.pop() {
            let oid = finding.sequence.oid;
            let outcome = outcomes.remove(&oid);
            let fix = fixes.get(&oid).map(|fix| match outcome {
                Some(Outcome::Advanced { .. }) => Arc::new(fix.advancing()),
                _ => Arc::clone(fix),
            });
            entries.push(Entry { fix, left_out: left_out.get(&oid).copied().cloned(), outcome, finding });
            // Room is given back as it gets free: this is where a large run needs most.
            if findings.len().is_multiple_of(4096) {
                findings.shrink_to_fit();
            }
        }
        entries.reverse();
        Self { server, mode, terms: Terms::default(), entries, excluded }
    }

    /// The same with these, in the order of schema and name.
    #[must_use]
    pub fn with(mut self, more: Vec<Entry>) -> Self {
        if !more.is_empty() {
            self.entries.extend(more);
            self.entries.sort_by(|one, other| one.finding.sequence.name.cmp(&other.finding.sequence.name));
        }
        self
    }
}
