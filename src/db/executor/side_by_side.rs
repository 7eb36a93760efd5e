//! A plan over several connections: fixes that have a lock in common go over the same one, in their order.

use std::sync::Arc;

use super::link::Link;
use super::{Applied, ApplyOptions, Listener, Orders, Outcome, apply_fixes, interrupted, is_apart};
use crate::db::connections::{Connections, Pieces, Weigh};
use crate::db::error::Error;
use crate::db::watch::{Stage, Watch};
use crate::model::{Fix, Plan, shares};
use postgres::Client;

/// How many fixes go over a connection before it may be replaced.
const PIECE: usize = 200;

impl Weigh for Vec<Arc<Fix>> {
    fn relations(&self) -> i64 {
        self.iter().map(|fix| fix.relations()).sum()
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
    let mut applied = Applied::default();
    if plan.fixes.is_empty() {
        return applied;
    }
    watch.begin(Stage::Fix, plan.fixes.len());
    let jobs = connections.jobs();
    let link = match connections.with_first(|client| Link::of(client, jobs, &options.reading)) {
        Ok(link) => link,
        Err(error) => {
            applied.cut_short = Some(error.with_loss_hint());
            return applied.rest_not_reached(plan);
        }
    };
    let orders = Orders { plan: &plan.options, apply: options };
    let pieces = pieces(plan, &link);
    let work = |client: &mut Client, fixes: Vec<Arc<Fix>>, is_stopped: &dyn Fn() -> bool| {
        let mut notes = Notes { outcomes: Vec::new(), is_stopped };
        let cut_short = apply_fixes(client, &link, &fixes, &orders, &mut notes);
        Ok((notes.outcomes, cut_short))
    };
    let take = |(outcomes, cut_short): (Vec<(u32, Outcome)>, Option<Error>), watch: &mut dyn Watch| {
        watch.advance(outcomes.len());
        applied.outcomes.extend(outcomes);
        cut_short.map_or(Ok(()), Err)
    };
    let ended = connections.share(pieces, work, take, watch);
    applied.cut_short = ended.err().or_else(|| watch.is_stopped().then(interrupted));
    applied.rest_not_reached(plan)
}

/// What takes long comes alone, biggest first; the rest in shares that have no lock in common.
fn pieces(plan: &Plan, link: &Link) -> Pieces<Vec<Arc<Fix>>> {
    let (mut long, short): (Vec<Arc<Fix>>, Vec<Arc<Fix>>) =
        plan.fixes.iter().cloned().partition(|fix| is_apart(fix, link));
    long.sort_by_key(|fix| std::cmp::Reverse(fix.bytes_to_read()));
    let count = short.len().div_ceil(PIECE);
    Pieces::large(shares(short, count), long.into_iter().map(|fix| vec![fix]).collect())
}
