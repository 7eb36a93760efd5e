//! A plan that was written down and reviewed: each of its fixes is done as it stands there, or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::doubt::Doubt;
use super::drift::Drift;
use super::finding::{Finding, Status};
use super::fix::{Decision, Fix, Protection};
use super::level::Level;
use super::name::QualifiedName;
use super::plan::Plan;
use super::report::Outcome;
use super::sequence::{Definition, SequenceState};

/// A fix as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFix {
    /// The sequence.
    pub sequence: QualifiedName,
    /// How it was defined.
    pub definition: Definition,
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

    /// Where the next value goes as it is written, if that is right: at or past the next value that is needed now.
    pub(super) fn next_value(&self, finding: &Finding, needed: i64) -> Result<i64, Doubt> {
        let definition = &finding.sequence.definition;
        let refused = |why: String| Err(Doubt::with_cure(why, ANEW));
        let Some(written) = self.fixes.get(&finding.sequence.name) else {
            return Err(Doubt::new("it is not in the plan"));
        };
        if written.definition != *definition {
            return refused("its definition is another one than in the plan".into());
        }
        let next_value = written.next_value;
        if definition.state_before(next_value) != Some(written.to) {
            return refused(format!("the plan contradicts itself: {} and next value {next_value}", written.to));
        }
        if definition.is_past(needed, next_value) {
            let behind = definition.state_before(needed).map_or(needed, |state| state.last_value);
            return refused(format!("the plan would set {}, and {behind} is needed now", written.to.last_value));
        }
        let distance = i128::from(next_value) - i128::from(needed);
        if distance % i128::from(definition.increment) != 0 {
            return refused(format!(
                "the plan's next value {next_value} is none that the sequence comes to any more: it was set to another phase"
            ));
        }
        let limit = finding.limit();
        if definition.is_past(next_value, limit) {
            return refused(format!("the plan's next value {next_value} is past the limit {limit}"));
        }
        Ok(next_value)
    }

    /// What becomes of a decision: a fix has to be the one that is written, and who needs none has to be in sync.
    pub(super) fn hold(&self, finding: &Finding, decision: Decision) -> Decision {
        match decision {
            Decision::Fix(fix) => self.objection(&fix).map_or(Decision::Fix(fix), Decision::LeaveAlone),
            // These are in the report for themselves, and nothing is known of them.
            Decision::Nothing if matches!(finding.status, Status::Unreadable(_) | Status::NotReached) => {
                Decision::Nothing
            }
            Decision::Nothing if finding.status != Status::Compared(Drift::InSync) => Decision::LeaveAlone(
                finding.doubt().unwrap_or_else(|| Doubt::with_cure("no column draws from it any more", ANEW)),
            ),
            other => other,
        }
    }

    /// What is not as it is written.
    fn objection(&self, fix: &Arc<Fix>) -> Option<Doubt> {
        let written = self.fixes.get(&fix.sequence.name)?;
        let (planned, now) = (Level::from(written.protection), Level::from(fix.protection));
        if now > planned {
            let why = format!("the plan has protection {}, and now there is {} at best", planned.word(), now.word());
            return Some(Doubt::with_cure(why, "run as the role that made the plan, or make it anew"));
        }
        let as_written = Fix { protection: written.protection, ..Fix::clone(fix) };
        (as_written.move_sql() != written.sql).then(|| {
            Doubt::with_cure("its statement is not what the plan's values come to: it was changed by hand", ANEW)
        })
    }

    /// What became already of those of its fixes that are not to be done: by the sequence's oid.
    pub fn settled(&self, findings: &[Finding], plan: &Plan) -> BTreeMap<u32, Outcome> {
        let refused = plan.left_out.iter().map(|left| (left.sequence_oid, Outcome::Refused(left.doubt.clone())));
        let in_sync = findings.iter().filter(|finding| finding.status == Status::Compared(Drift::InSync));
        let past = in_sync.filter_map(|finding| Some((finding, finding.state?)));
        past.map(|(finding, state)| (finding.sequence.oid, Outcome::AlreadyPast { state })).chain(refused).collect()
    }
}
