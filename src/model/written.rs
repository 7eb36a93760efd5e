//! A plan that was written down and reviewed: each of its fixes is done as it stands there, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalog::{Persistence, Readable};
use super::doubt::Doubt;
use super::drift::Drift;
use super::finding::{Finding, Status};
use super::fix::{Decision, Fix, Protection};
use super::level::Level;
use super::name::QualifiedName;
use super::plan::Plan;
use super::report::{Entry, Outcome};
use super::sequence::{Definition, Sequence, SequenceState};

/// A fix as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFix {
    /// The sequence.
    pub sequence: QualifiedName,
    /// How it was defined.
    pub definition: Definition,
    /// The columns that it was compared with, by their tables.
    pub columns: Vec<(QualifiedName, String)>,
    /// The state to set.
    pub to: SequenceState,
    /// What `nextval` returns then.
    pub next_value: i64,
    /// How it was to be kept safe.
    pub protection: Protection,
    /// The statement that was shown.
    pub sql: String,
}

/// All of them, by sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenPlan {
    fixes: BTreeMap<QualifiedName, WrittenFix>,
}

/// What to do about a plan that does not hold any more.
const ANEW: &str = "make the plan anew";

impl WrittenFix {
    /// What is to be said where there is no such sequence.
    fn gone(&self) -> Entry {
        let sequence = Sequence {
            oid: 0,
            name: self.sequence.clone(),
            definition: self.definition.clone(),
            persistence: Persistence::Permanent,
            is_ours: false,
            readable: Readable { can_use_schema: false, can_select: false, is_row_secured: false },
            can_advance: false,
            callers: Vec::new(),
            restriction: None,
        };
        let doubt = Doubt::with_cure("it is not there any more, or belongs to an extension now", ANEW);
        let finding = Finding {
            range: sequence.definition.range(),
            sequence: Arc::new(sequence),
            state: None,
            columns: Arc::new([]),
            ignored: None,
            status: Status::NotComparable(doubt.clone()),
        };
        Entry { finding, fix: None, left_out: None, outcome: Some(Outcome::Refused(doubt)) }
    }
}

impl WrittenPlan {
    /// Takes them together.
    ///
    /// # Errors
    ///
    /// The sequence that is there twice.
    pub fn new(fixes: impl IntoIterator<Item = WrittenFix>) -> Result<Self, QualifiedName> {
        let mut plan = Self::default();
        for fix in fixes {
            if let Some(twice) = plan.fixes.insert(fix.sequence.clone(), fix) {
                return Err(twice.sequence);
            }
        }
        Ok(plan)
    }

    /// Its sequences, in order.
    pub fn sequences(&self) -> Vec<QualifiedName> {
        self.fixes.keys().cloned().collect()
    }

    /// Whether a fix of this sequence was to be made by `nextval` alone.
    pub(super) fn is_advance(&self, sequence: &QualifiedName) -> bool {
        self.fixes.get(sequence).is_some_and(|written| written.protection == Protection::Advance)
    }

    /// Where the next value goes as it is written, if that is right now: not before the one that is needed, nor more than
    /// `room` increments past it.
    pub(super) fn next_value(&self, finding: &Finding, needed: i64, room: u64) -> Result<i64, Doubt> {
        let definition = &finding.sequence.definition;
        let refused = |why: String| Err(Doubt::with_cure(why, ANEW));
        let Some(written) = self.fixes.get(&finding.sequence.name) else {
            return Err(Doubt::new("it is not in the plan"));
        };
        if written.definition != *definition {
            return refused("its definition is another one than in the plan".into());
        }
        let is_there = |(table, name): &(QualifiedName, String)| {
            finding.counted().any(|column| column.facts.table == *table && column.facts.column == *name)
        };
        if !written.columns.iter().all(is_there) {
            return refused("it feeds other columns than in the plan".into());
        }
        let (next_value, last_value) = (written.next_value, written.to.last_value);
        if definition.state_before(next_value) != Some(written.to) {
            return refused(format!("the plan contradicts itself: {} and next value {next_value}", written.to));
        }
        let last_needed = definition.state_before(needed).map_or(needed, |state| state.last_value);
        if definition.is_past(needed, next_value) {
            return refused(format!("the plan would set {last_value}, and {last_needed} is needed now"));
        }
        let distance = i128::from(next_value) - i128::from(needed);
        if distance % i128::from(definition.increment) != 0 {
            return refused(format!(
                "the plan's next value {next_value} is none that the sequence comes to any more: it was set to another phase"
            ));
        }
        if distance / i128::from(definition.increment) > i128::from(room) {
            return refused(format!("the plan would set {last_value}, and {last_needed} is enough now"));
        }
        let limit = finding.limit();
        if definition.is_past(next_value, limit) {
            return refused(format!("the plan's next value {next_value} is past the limit {limit}"));
        }
        Ok(next_value)
    }

    /// What becomes of a decision: a fix has to be the one that is written, and who gets none has to be past it.
    pub(super) fn hold(&self, finding: &Finding, decision: Decision) -> Decision {
        match decision {
            Decision::Fix(fix) => self.objection(&fix).map_or(Decision::Fix(fix), Decision::LeaveAlone),
            _ if self.is_past(finding) => Decision::Nothing,
            // The report says so of them, and nothing else is known.
            Decision::Nothing if matches!(finding.status, Status::Unreadable(_) | Status::NotReached) => {
                Decision::Nothing
            }
            Decision::Nothing => Decision::LeaveAlone(finding.doubt().unwrap_or_else(|| self.needless(finding))),
            left_alone @ Decision::LeaveAlone(_) => left_alone,
        }
    }

    /// Whether it is at or past where it is to be set, and no call comes to a value that is near.
    fn is_past(&self, finding: &Finding) -> bool {
        let is_well = matches!(
            finding.status,
            Status::Compared(Drift::InSync | Drift::Outlier { .. }) | Status::NotComparable(_)
        );
        let written = self.fixes.get(&finding.sequence.name);
        let is_there = written
            .zip(finding.next_value())
            .is_some_and(|(written, next_value)| !finding.sequence.definition.is_past(written.next_value, next_value));
        is_well && is_there && finding.counted().next().is_some()
    }

    /// Why a sequence that stands before the plan's value is left there.
    fn needless(&self, finding: &Finding) -> Doubt {
        let values = self.fixes.get(&finding.sequence.name).zip(finding.next_value());
        let why = match values {
            Some((written, next_value)) if finding.status != Status::Unlinked => {
                let planned = written.next_value;
                format!("it needs no fix any more, and its next value {next_value} is short of the plan's {planned}")
            }
            _ => "no column draws from it any more".to_owned(),
        };
        Doubt::with_cure(why, ANEW)
    }

    /// What is not as it is written.
    fn objection(&self, fix: &Arc<Fix>) -> Option<Doubt> {
        let written = self.fixes.get(&fix.sequence.name)?;
        let (planned, now) = (Level::from(written.protection), Level::from(fix.protection));
        if now != planned {
            let best = if now > planned { " at best" } else { "" };
            let why = format!("the plan has protection {}, and now there is {}{best}", planned.word(), now.word());
            return Some(Doubt::with_cure(why, "run as the role that made the plan, or make it anew"));
        }
        (fix.move_sql() != written.sql).then(|| {
            let why = "its statement is not what its values come to: it was changed by hand, or is of another version";
            Doubt::with_cure(why, ANEW)
        })
    }

    /// What is to be said of those of its sequences that were not found.
    pub fn missing(&self, findings: &[Finding]) -> Vec<Entry> {
        let found: BTreeSet<&QualifiedName> = findings.iter().map(|finding| &finding.sequence.name).collect();
        self.fixes.values().filter(|written| !found.contains(&written.sequence)).map(WrittenFix::gone).collect()
    }

    /// What became already of those of its fixes that are not to be done: by the sequence's oid.
    pub fn settled(&self, findings: &[Finding], plan: &Plan) -> BTreeMap<u32, Outcome> {
        let refused = plan.left_out.iter().map(|left| (left.sequence_oid, Outcome::Refused(left.doubt.clone())));
        let past = findings.iter().filter(|finding| self.is_past(finding));
        let past =
            past.filter_map(|finding| Some((finding.sequence.oid, Outcome::AlreadyPast { state: finding.state? })));
        past.chain(refused).collect()
    }
}
