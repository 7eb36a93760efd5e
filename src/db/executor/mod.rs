//! Applies a plan: the only folder that writes to the server.
//!
//! `setval` is not undone by ROLLBACK, unless the sequence was altered in the same transaction before; and what
//! `max()` does not see yet can be committed a moment later. Hence the order: lock the tables, lock the sequence, and
//! only then look, decide and move (<https://www.postgresql.org/docs/current/functions-sequence.html>,
//! <https://www.postgresql.org/docs/current/explicit-locking.html>).
//!
//! What still is as it was planned is done a few at a time, in one message each ([`group`]); everything else, and
//! every group that cannot be done, one by one, decided anew under its locks ([`one`]). What takes long to read, or too
//! many locks, is moved under the sequence's lock alone and then read again ([`apart`]).

mod apart;
mod group;
mod link;
mod one;
mod pace;
mod side_by_side;
mod unguarded;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use postgres::Client;

use super::deadline::Deadline;
use super::error::Error;
use super::watch::{Stage, Watch};
use crate::model::{Doubt, Fix, Outcome, Plan, PlanOptions, Protection, Timeouts, group_length};
use apart::{apply_apart, is_apart};
use group::apply_group;
use link::Link;
use one::apply_one;
use pace::Pace;
pub use side_by_side::apply_over;
use unguarded::apply_unguarded;

/// How a plan is applied.
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// How long to wait for a lock and how long a statement may take.
    pub timeouts: Timeouts,
    /// How often a fix waits so long for a lock that others hold; a wait that could last until the server looks for a
    /// deadlock is many short ones.
    pub attempts: u32,
    /// How long a read waits and takes that no lock of ours makes others wait for.
    pub reading: Timeouts,
    /// When to stop; what is not reached by then is reported so.
    pub deadline: Deadline,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self {
            // Well below the server's deadlock_timeout, which is 1 s by default.
            timeouts: Timeouts { lock_ms: 400, statement_ms: 30_000 },
            attempts: 5,
            reading: Timeouts { lock_ms: 5_000, statement_ms: 0 },
            deadline: Deadline::default(),
        }
    }
}

/// What is to be kept to for all fixes of a plan.
struct Orders<'a> {
    /// What the plan was made with.
    plan: &'a PlanOptions,
    apply: &'a ApplyOptions,
}

impl Orders<'_> {
    /// How long others are waited for in all; `None` is for ever.
    fn patience(&self) -> Option<Duration> {
        let each = self.apply.timeouts.lock_ms;
        (each > 0).then(|| Duration::from_millis(each).saturating_mul(self.apply.attempts))
    }

    /// The outcome of a fix that is decided against under its locks.
    fn left_alone(&self, doubt: Doubt) -> Outcome {
        if self.plan.written.is_some() { Outcome::Refused(doubt) } else { Outcome::Failed(doubt) }
    }
}

/// What became of a plan, also where it was cut short.
#[derive(Debug, Default)]
#[must_use = "it tells what was not done, and what cut the run short"]
pub struct Applied {
    /// By the sequence's oid, one for each fix.
    pub outcomes: BTreeMap<u32, Outcome>,
    /// What ended the run before its end: the connection was lost, or it was interrupted.
    pub cut_short: Option<Error>,
}

impl Applied {
    /// Gives an outcome to each fix that has none.
    fn rest_not_reached(mut self, plan: &Plan) -> Self {
        for fix in &plan.fixes {
            self.outcomes.entry(fix.sequence.oid).or_insert(Outcome::NotReached);
        }
        self
    }
}

/// Hears what becomes of each fix, and can end the run.
pub(crate) trait Listener {
    /// The outcome of the fix of the sequence with this oid; told once for each.
    fn tell(&mut self, oid: u32, outcome: Outcome);

    /// Whether to stop.
    fn is_stopped(&self) -> bool;
}

/// Collects the outcomes for a [`Watch`].
struct Collector<'a> {
    outcomes: BTreeMap<u32, Outcome>,
    watch: &'a mut dyn Watch,
}

impl Listener for Collector<'_> {
    fn tell(&mut self, oid: u32, outcome: Outcome) {
        self.outcomes.insert(oid, outcome);
        self.watch.advance(1);
    }

    fn is_stopped(&self) -> bool {
        self.watch.is_stopped()
    }
}

/// Applies the fixes. One that cannot be done is an outcome; the rest goes on.
pub fn apply(client: &mut Client, plan: &Plan, options: &ApplyOptions, watch: &mut dyn Watch) -> Applied {
    if plan.fixes.is_empty() {
        return Applied::default();
    }
    watch.begin(Stage::Fix, plan.fixes.len());
    let orders = Orders { plan: &plan.options, apply: options };
    let mut collector = Collector { outcomes: BTreeMap::new(), watch };
    let cut_short = match Link::of(client, 1, &options.reading) {
        Ok(link) => apply_fixes(client, &link, &plan.fixes, &orders, &mut collector),
        Err(error) => Some(error.with_loss_hint()),
    };
    Applied { outcomes: collector.outcomes, cut_short }.rest_not_reached(plan)
}

/// Applies fixes over one connection, and tells the outcome of each that it reaches. Where the run ends before its
/// end, it returns why.
fn apply_fixes(
    client: &mut Client,
    link: &Link,
    fixes: &[Arc<Fix>],
    orders: &Orders,
    listener: &mut dyn Listener,
) -> Option<Error> {
    run_through(client, link, fixes, orders, listener).err().map(Error::with_loss_hint)
}

/// Goes on until all is done, or something ends the run.
fn run_through(
    client: &mut Client,
    link: &Link,
    fixes: &[Arc<Fix>],
    orders: &Orders,
    listener: &mut dyn Listener,
) -> Result<(), Error> {
    let mut done = 0;
    let mut pace = Pace::default();
    // Up to here a group was tried in vain.
    let mut one_by_one = 0;
    while done < fixes.len() {
        if listener.is_stopped() {
            return Err(interrupted());
        }
        if orders.apply.deadline.is_over() {
            return Ok(());
        }
        let rest = &fixes[done..];
        // A lone fix gains nothing from being tried first.
        let most = if fixes.len() == 1 || done < one_by_one { 0 } else { pace.size() };
        let group = &rest[..group_length(rest, most, link.lock_budget)];
        if group.is_empty() {
            let fix = &rest[0];
            let apply = match fix.protection {
                Protection::Headroom => apply_unguarded,
                _ if is_apart(fix, link) => apply_apart,
                _ => apply_one,
            };
            let outcome = apply(client, link, fix, orders, listener);
            done += 1;
            match outcome {
                Ok(outcome) => listener.tell(fix.sequence.oid, outcome),
                Err(error) => {
                    listener.tell(fix.sequence.oid, lost(&error, "run again"));
                    return Err(error);
                }
            }
            continue;
        }
        match apply_group(client, link, group, &orders.apply.timeouts) {
            Ok(held) => {
                pace.took(group.len(), held);
                for fix in group {
                    listener.tell(fix.sequence.oid, Outcome::Set { before: fix.from, after: fix.to });
                }
                done += group.len();
            }
            Err(error) if error.is_connection_lost() => {
                for fix in group {
                    listener
                        .tell(fix.sequence.oid, lost(&error, "whether it took effect is not known; run again to see"));
                }
                return Err(error);
            }
            Err(error) => {
                log::info!("a group of {} is done one by one: {}", group.len(), error.said());
                pace.failed();
                one_by_one = done + group.len();
            }
        }
    }
    Ok(())
}

fn lost(error: &Error, cure: &str) -> Outcome {
    Outcome::Failed(Doubt { reason: error.said(), cure: Some(cure.into()) })
}

fn interrupted() -> Error {
    Error::refusal("interrupted", "the fixes that were not reached are left as they were")
}
