//! What is to be done, and what is left out with its reason: a plain value.

use std::sync::Arc;

use super::doubt::Doubt;
use super::drift::{Drift, Overlap};
use super::finding::{Finding, Status};
use super::fix::{Decision, Fix, Protection};
use super::level::{Restriction, Way};
use super::privilege;
use super::sequence::Definition;
use super::written::WrittenPlan;

/// What the caller asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct PlanOptions {
    /// How many increments to leave free beyond the farthest value.
    pub headroom: u64,
    /// Whether to move sequences past outliers, too.
    pub fix_outliers: bool,
    /// Whether to set sequences without a guard where the server has none.
    pub accept_races: bool,
    /// The role that works, to name it in a GRANT; a scan's own plan has it from the scan.
    #[doc(hidden)]
    pub user: String,
    /// Whether to name, of a sequence that may not be read, also the GRANTs that a fix of it would need.
    #[doc(hidden)]
    pub names_all_grants: bool,
    /// Whether the caller looks at certain tables only, and needs no advice to.
    #[doc(hidden)]
    pub is_narrowed: bool,
    /// What was written down: only that is done, exactly so, or refused.
    #[doc(hidden)]
    pub written: Option<Arc<WrittenPlan>>,
}

/// The longest way that a sequence is moved by `nextval` alone: some seconds.
pub const ADVANCE_LIMIT: u128 = 10_000_000;

/// The fixes in a fixed order, and everything behind that is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be done.
    pub fixes: Vec<Arc<Fix>>,
    /// What is not, by the sequence's oid, and why.
    pub left_out: Vec<LeftOut>,
    /// What it was made with: each fix is decided anew under its locks.
    pub options: PlanOptions,
}

/// A sequence that would need a fix and gets none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The sequence's oid.
    pub sequence_oid: u32,
    /// Why, and what would settle it.
    pub doubt: Doubt,
}

impl Plan {
    /// Plans the fixes of a scan, in the scan's order; [`Scan::plan`](crate::Scan::plan) knows the role, too.
    #[doc(hidden)]
    pub fn of(findings: &[Finding], options: &PlanOptions) -> Self {
        let mut plan = Self { options: options.clone(), ..Self::default() };
        for finding in findings {
            match decide(finding, options) {
                Decision::Nothing => {}
                Decision::Fix(fix) => plan.fixes.push(fix),
                Decision::LeaveAlone(doubt) => {
                    plan.left_out.push(LeftOut { sequence_oid: finding.sequence.oid, doubt });
                }
            }
        }
        plan
    }

    /// Keeps the fixes of the sequences that `keep` picks, by oid.
    pub fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.fixes.retain(|fix| keep(fix.sequence.oid));
    }
}

/// Decides about one finding.
pub fn decide(finding: &Finding, options: &PlanOptions) -> Decision {
    let is_advance = |written: &Arc<WrittenPlan>| written.is_advance(&finding.sequence.name);
    let is_full = finding.sequence.is_ours && !options.written.as_ref().is_some_and(is_advance);
    decide_under(finding, options, if is_full { Protection::Full } else { Protection::Advance })
}

/// The same where the protection is known already: under the lock.
pub fn decide_under(finding: &Finding, options: &PlanOptions, protection: Protection) -> Decision {
    let decision = decide_freely(finding, options, protection);
    match &options.written {
        Some(written) => written.hold(finding, decision),
        None => decision,
    }
}

fn decide_freely(finding: &Finding, options: &PlanOptions, protection: Protection) -> Decision {
    let (overlap, target) = match &finding.status {
        Status::Compared(Drift::Behind { overlap, target }) => (overlap, *target),
        Status::Compared(Drift::Outlier { overlap, target: Some(target) }) if options.fix_outliers => {
            (overlap, *target)
        }
        Status::Compared(Drift::Exhausted(_) | Drift::Outlier { .. }) => {
            return finding.doubt().map_or(Decision::Nothing, Decision::LeaveAlone);
        }
        Status::Unreadable(_) if options.names_all_grants => {
            return privilege::missing_to_read_and_move(&finding.sequence, &finding.columns, &options.user)
                .map_or(Decision::Nothing, Decision::LeaveAlone);
        }
        _ => return Decision::Nothing,
    };
    let limit = finding.limit();
    let restriction = finding.sequence.restriction.as_deref();
    let unguarded = restriction.is_some_and(|restriction| restriction.way == Way::Headroom) && options.accept_races;
    let headroom = if unguarded { options.headroom.max(ROOM_TO_SPARE) } else { options.headroom };
    let place = match &options.written {
        Some(written) => written.next_value(finding, target, headroom),
        None => with_headroom(&finding.sequence.definition, target, headroom, limit).ok_or_else(|| {
            let why = format!("--headroom {headroom} would leave no next value: {limit} is the limit");
            Doubt::with_cure(why, "use a smaller --headroom")
        }),
    };
    let next_value = match place {
        Ok(next_value) => next_value,
        Err(doubt) => return Decision::LeaveAlone(doubt),
    };
    if let Some(ignored) = finding.ignored.filter(|ignored| !finding.sequence.definition.is_past(*ignored, next_value))
    {
        return Decision::LeaveAlone(Doubt::with_cure(
            format!("the next value would be {next_value}, and {ignored}, which is ignored, is stored"),
            if options.is_narrowed { "ignore less" } else { "ignore less, or look at this table alone with -t" },
        ));
    }
    match restriction {
        Some(_) if unguarded => {
            let fix = Fix::moving(finding, *overlap, next_value, Protection::Headroom);
            return fix.map_or(Decision::Nothing, |fix| Decision::Fix(Arc::new(fix)));
        }
        Some(restriction) => return Decision::LeaveAlone(check_only(restriction, finding, *overlap, next_value)),
        None => {}
    }
    if let Some(doubt) = privilege::missing_to_move(&finding.sequence, &finding.columns, &options.user) {
        return Decision::LeaveAlone(doubt);
    }
    let Some(fix) = Fix::moving(finding, *overlap, next_value, protection) else {
        return Decision::Nothing;
    };
    match protection {
        Protection::Advance => advance(fix, finding),
        Protection::Full | Protection::Headroom => Decision::Fix(Arc::new(fix)),
    }
}

/// How many increments are left free at least where nothing keeps others from drawing meanwhile.
const ROOM_TO_SPARE: u64 = 1_000;

/// Why it is not fixed here, and what a person may do.
fn check_only(restriction: &Restriction, finding: &Finding, overlap: Overlap, next_value: i64) -> Doubt {
    let doubt = restriction.doubt.clone();
    match Fix::moving(finding, overlap, next_value, Protection::Headroom) {
        Some(fix) if restriction.way == Way::ByHand => {
            let cure = doubt.cure.map(|cure| format!("{cure}: {};", fix.bare_move_sql()));
            Doubt { cure, ..doubt }
        }
        _ => doubt,
    }
}

/// Where the next value goes when `headroom` increments are left free; `None` past the limit.
fn with_headroom(definition: &Definition, target: i64, headroom: u64, limit: i64) -> Option<i64> {
    let next = i128::from(target) + i128::from(headroom) * i128::from(definition.increment);
    i64::try_from(next).ok().filter(|next| !definition.is_past(*next, limit))
}

/// The same move by `nextval` alone: for a sequence that is ours and that the server does not let us alter.
pub fn decide_to_advance(fix: &Fix) -> Decision {
    let finding = Finding { state: Some(fix.from), ..fix.pending() };
    advance(fix.advancing(), &finding)
}

/// Where the sequence cannot be altered only `nextval` is safe, and it takes its time.
fn advance(fix: Fix, finding: &Finding) -> Decision {
    let cannot = |why: String| {
        let (obstacle, cure) = if finding.sequence.is_ours {
            ("it may not be altered", "run where nothing refuses ALTER SEQUENCE")
        } else {
            ("not its owner", "run as the sequence's owner")
        };
        Decision::LeaveAlone(Doubt::with_cure(format!("{obstacle}, and {why}"), cure))
    };
    if overshoots(&fix, finding) {
        let at_once = finding.sequence.definition.cache_size;
        return cannot(format!("nextval, which takes {at_once} values at once, could use it up"));
    }
    if fix.increments() > ADVANCE_LIMIT {
        return cannot(format!("{} calls of nextval are too many", fix.increments()));
    }
    Decision::Fix(Arc::new(fix))
}

/// `nextval` takes whole blocks of CACHE values: the last one may reach past what is left.
fn overshoots(fix: &Fix, finding: &Finding) -> bool {
    let definition = &finding.sequence.definition;
    let block = i128::from(definition.cache_size - 1) * i128::from(definition.increment);
    let next = i64::try_from(i128::from(fix.next_value) + block).ok();
    next.is_none_or(|next| definition.is_past(next, finding.limit()))
}
