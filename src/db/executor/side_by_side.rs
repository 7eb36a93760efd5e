//! A plan over several connections: fixes that have a lock in common go over the same one, in their order.

use super::{Applied, ApplyOptions, Listener, Outcome, apply_fixes, interrupted};
use crate::db::connections::{Connections, Pieces, Weigh};
use crate::db::error::Error;
use crate::db::watch::{Stage, Watch};
use crate::model::{Fix, Plan, shares};
use postgres::Client;

/// How many fixes are worth another connection, and how many go over one before it may be replaced.
const PIECE: usize = 200;

impl Weigh for Vec<Fix> {
    fn relations(&self) -> i64 {
        self.iter().map(|fix| 1 + fix.counted().map(|column| column.facts.cost.relations).sum::<i64>()).sum()
    }
}

/// Collects what one piece came to.
struct Notes<'a> {
    outcomes: Vec<(u32, Outcome)>,
    is_stopped: &'a dyn Fn() -> bool,
}

impl Listener for Notes<'_> {
    fn tell(&mut self, oid: u32, outcome: Outcome) {
        self.outcomes.push((oid, outcome));
    }

    fn is_stopped(&self) -> bool {
        (self.is_stopped)()
    }
}

/// Applies the fixes over several connections, as far as there is work for them.
/// One that cannot be done is an outcome; the rest goes on.
pub fn apply_over(
    connections: &mut Connections,
    plan: &Plan,
    options: &ApplyOptions,
    watch: &mut dyn Watch,
) -> Applied {
    watch.begin(Stage::Fix, plan.fixes.len());
    let mut applied = Applied::default();
    let pieces = shares(plan.fixes.clone(), plan.fixes.len().div_ceil(PIECE));
    let work = |client: &mut Client, fixes: Vec<Fix>, is_stopped: &dyn Fn() -> bool| {
        let mut notes = Notes { outcomes: Vec::new(), is_stopped };
        let cut_short = apply_fixes(client, &fixes, options, &mut notes);
        Ok((notes.outcomes, cut_short))
    };
    let take = |(outcomes, cut_short): (Vec<(u32, Outcome)>, Option<Error>), watch: &mut dyn Watch| {
        watch.advance(outcomes.len());
        applied.outcomes.extend(outcomes);
        cut_short.map_or(Ok(()), Err)
    };
    let ended = connections.share(Pieces::large(pieces), work, take, watch);
    applied.cut_short = ended.err().or_else(|| watch.is_stopped().then(interrupted));
    for fix in &plan.fixes {
        applied.outcomes.entry(fix.sequence.oid).or_insert(Outcome::NotReached);
    }
    applied
}
