//! One fix whose tables take long to read, or are too many to be locked at once: nothing of that is done under a lock.
//!
//! The sequence alone is locked and moved past what was read before. Then whoever was writing meanwhile is waited for,
//! without a lock that others would wait for in turn, and the tables are read again: what was committed after the
//! first look, and reaches past the sequence, moves it once more. So when a fix is reported done, it is as safe as one
//! that was done under all its locks; and writers have waited for the move alone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::types::Type;
use postgres::{Client, SimpleQueryRow};

use super::link::Link;
use super::one::{given_up, is_busy, may_have_moved, moved_part_of_the_way, state_of, unaltered};
use super::{Error, Listener, Orders};
use crate::db::session::{look_up, roll_back};
use crate::model::{
    DID_NOT_MOVE, Decision, Doubt, Fix, Outcome, Protection, SequenceState, Timeouts, at_most, decide_under,
    lone_move_sql,
};

/// So much is read under a lock in a few milliseconds.
const FEW_BYTES: u64 = 1 << 20;

/// So many calls of `nextval` take a few milliseconds, too.
const FEW_CALLS: u128 = 10_000;

/// The longest wait for the sequence, in milliseconds: whoever calls `nextval` waits behind us.
const LOCK_MS: u64 = 50;

/// The longest time for a statement under it, in milliseconds: what an event trigger does counts, too.
const LOCKED_MS: u64 = 500;

/// How often a sequence is moved on before it is left to an import that is still running.
const ROUNDS: u32 = 5;

/// How often the writers are looked at.
const BEAT: Duration = Duration::from_millis(20);

/// So many tables can be waited for one after the other, each long enough for a writer to end.
const FEW_TABLES: usize = 16;

/// Whether a fix has to be done so.
pub(super) fn is_apart(fix: &Fix, link: &Link) -> bool {
    let is_far = fix.protection == Protection::Advance && fix.increments() > FEW_CALLS;
    is_far || fix.table_locks() > FEW_TABLES || fix.bytes_to_read() > FEW_BYTES || fix.relations() > link.lock_budget
}

/// Does one fix; an error is the end of the run.
pub(super) fn apply_apart(
    client: &mut Client,
    link: &Link,
    fix: &Arc<Fix>,
    orders: &Orders,
    listener: &dyn Listener,
) -> Result<Outcome, Error> {
    let mut fix = Arc::clone(fix);
    let mut way: Option<(SequenceState, SequenceState)> = None;
    for _ in 0..ROUNDS {
        let (before, after) = match move_alone(client, link, &fix, orders, listener)? {
            Moved::To { before, after } => (before, after),
            Moved::Not(outcome) => return Ok(after_all(way, outcome)),
        };
        let before = way.map_or(before, |(first, _)| first);
        way = Some((before, after));
        let decision = match look_again(client, link, &fix, orders, listener) {
            Ok(Some(decision)) => decision,
            Ok(None) => return given_up(client, &fix, orders, STILL_WRITING).map(|busy| after_all(way, busy)),
            Err(error) if error.is_connection_lost() => return Err(error),
            Err(error) => {
                let reason = format!("it stands at {after} and was not compared again: {}", error.said());
                return Ok(after_all(way, Outcome::Failed(Doubt::with_cure(reason, "run again"))));
            }
        };
        match decision {
            Decision::Nothing if before != after => return Ok(Outcome::Set { before, after }),
            Decision::Nothing => return Ok(Outcome::AlreadyPast { state: after }),
            Decision::LeaveAlone(doubt) => return Ok(after_all(way, orders.left_alone(doubt))),
            Decision::Fix(again) => fix = again,
        }
    }
    let reason = "rows keep arriving past it as fast as they are read";
    Ok(after_all(way, Outcome::Failed(Doubt::with_cure(reason, "run again when the import is over"))))
}

const STILL_WRITING: &str = "others still write";

/// The outcome of a fix that came no further, which has moved the sequence by then.
fn after_all(way: Option<(SequenceState, SequenceState)>, outcome: Outcome) -> Outcome {
    let Some((before, after)) = way.filter(|(before, after)| before != after) else {
        return outcome;
    };
    let why = match outcome {
        Outcome::Busy(why) | Outcome::Failed(why) | Outcome::Refused(why) => why,
        Outcome::Moved { after, why, .. } => return Outcome::Moved { before, after, why },
        Outcome::NotReached => Doubt::with_cure("the run ended before it was compared again", "run again"),
        done => return done,
    };
    Outcome::Moved { before, after, why }
}

/// What became of a move.
enum Moved {
    /// It is there, or was past it already.
    To { before: SequenceState, after: SequenceState },
    /// It could not be moved.
    Not(Outcome),
}

/// Moves the sequence in a transaction that locks nothing else.
fn move_alone(
    client: &mut Client,
    link: &Link,
    fix: &Arc<Fix>,
    orders: &Orders,
    listener: &dyn Listener,
) -> Result<Moved, Error> {
    let limits = &orders.apply.timeouts;
    let lock_ms = at_most(limits.lock_ms, LOCK_MS).min(link.limits.longest_wait_ms(1));
    // Only calls of nextval can be so many that they take longer.
    let most_ms = if fix.protection == Protection::Full { LOCKED_MS } else { limits.statement_ms };
    let timeouts = Timeouts { lock_ms, statement_ms: at_most(limits.statement_ms, most_ms) };
    let sql = format!("{}; COMMIT", lone_move_sql(fix));
    let started = Instant::now();
    loop {
        let error = match link.send(client, &timeouts, &sql) {
            Ok(answers) => return Ok(moved(&answers, fix)),
            Err(error) => Error::new(format!("could not move {}", fix.sequence.name), &error),
        };
        if error.is_connection_lost() {
            return Err(error);
        }
        roll_back(client);
        let has_moved = may_have_moved(&error) || error.said().contains(DID_NOT_MOVE);
        if fix.protection == Protection::Advance && has_moved {
            return moved_part_of_the_way(client, fix, &error).map(Moved::Not);
        }
        if listener.is_stopped() {
            return Ok(Moved::Not(Outcome::NotReached));
        }
        if error.code() == Some(&SqlState::INVALID_TEXT_REPRESENTATION) {
            return Ok(Moved::Not(super::one::altered()));
        }
        if !is_busy(&error) {
            return unaltered(client, link, fix, orders, listener, &error).map(Moved::Not);
        }
        if is_over(started, orders) {
            return given_up(client, fix, orders, &error.said()).map(Moved::Not);
        }
        log::info!("{}: {}", fix.sequence.name, error.said());
        // What queued behind us gets through.
        std::thread::sleep(Duration::from_millis(2 * lock_ms));
    }
}

/// The states before and after the move.
fn moved(answers: &[Vec<SimpleQueryRow>], fix: &Fix) -> Moved {
    let states: Vec<SequenceState> =
        answers.iter().flatten().filter(|row| row.len() > 1).filter_map(state_of).collect();
    match states.as_slice() {
        [before, .., after] => Moved::To { before: *before, after: *after },
        // What stands there is what the server has asserted.
        _ => Moved::To { before: fix.from, after: fix.to },
    }
}

/// Reads the tables again once nobody writes any more who wrote before, and decides anew; `None` where they go on.
fn look_again(
    client: &mut Client,
    link: &Link,
    fix: &Fix,
    orders: &Orders,
    listener: &dyn Listener,
) -> Result<Option<Decision>, Error> {
    if !wait_for_writers(client, fix, orders, listener)? {
        return Ok(None);
    }
    let reading = link.reading(orders);
    let finding = reading.read_one(client, fix.pending(), link.lock_budget, &|| listener.is_stopped())?;
    Ok(Some(decide_under(&finding, orders.plan, fix.protection)))
}

/// Waits until whoever may have written by now has ended, without a lock. Whether they have.
fn wait_for_writers(client: &mut Client, fix: &Fix, orders: &Orders, listener: &dyn Listener) -> Result<bool, Error> {
    let tables: Vec<u32> = fix.counted().map(|column| column.facts.table_oid).collect();
    let began = Instant::now();
    let mut awaited: Option<BTreeSet<String>> = None;
    loop {
        let rows =
            look_up(client, &orders.apply.reading, include_str!("../sql/writers.sql"), &[(&tables, Type::OID_ARRAY)])
                .map_err(|error| Error::new("could not ask who writes", &error))?;
        let writing: BTreeSet<String> = rows.iter().filter_map(|row| row.try_get("writer").ok()).collect();
        // Who came later draws values past the move.
        let left: BTreeSet<String> = match awaited {
            None => writing,
            Some(awaited) => awaited.intersection(&writing).cloned().collect(),
        };
        if left.is_empty() {
            return Ok(true);
        }
        if listener.is_stopped() {
            return Err(Error::refusal("interrupted", "others still write"));
        }
        if is_over(began, orders) {
            return Ok(false);
        }
        awaited = Some(left);
        std::thread::sleep(BEAT);
    }
}

/// Whether others were waited for as long as a fix under locks would have waited.
fn is_over(began: Instant, orders: &Orders) -> bool {
    orders.apply.deadline.is_over() || orders.patience().is_some_and(|patience| began.elapsed() >= patience)
}
