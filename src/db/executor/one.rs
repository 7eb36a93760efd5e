//! One fix in a transaction of its own, decided anew under its locks: the careful way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{Client, SimpleQueryRow};

use super::apart::apply_apart;
use super::link::Link;
use super::{Error, Listener, Orders, is_apart};
use crate::db::blockers;
use crate::db::inspect::Probe;
use crate::db::session::{answers, roll_back, rows, run};
use crate::model::{
    Decision, Doubt, Finding, Fix, Outcome, Protection, SequenceState, Timeouts, at_most, collisions_sql,
    decide_to_advance, decide_under, under_own_settings,
};

/// Tries one fix until it is done, or given up; an error is the end of the run.
pub(super) fn apply_one(
    client: &mut Client,
    link: &Link,
    fix: &Arc<Fix>,
    orders: &Orders,
    listener: &dyn Listener,
) -> Result<Outcome, Error> {
    let lock_ms = at_most(orders.apply.timeouts.lock_ms, link.limits.longest_wait_ms(fix.table_locks()));
    let (mut attempt, mut waited) = (1, Duration::ZERO);
    loop {
        let began = Instant::now();
        let error = match attempt_one(client, link, fix, orders, lock_ms) {
            Ok(outcome) => return Ok(outcome),
            Err(error) if error.is_connection_lost() => return Err(error),
            Err(error) => error,
        };
        roll_back(client);
        if fix.protection == Protection::Advance && may_have_moved(&error) && !is_cut_short(orders) {
            return moved_part_of_the_way(client, fix, &error);
        }
        if listener.is_stopped() || orders.apply.deadline.is_over() {
            return Ok(Outcome::NotReached);
        }
        let is_slow = error.code() == Some(&SqlState::QUERY_CANCELED);
        if is_slow && is_cut_short(orders) {
            log::info!("{}: takes too long under a lock: {}", fix.sequence.name, error.said());
            return apply_apart(client, link, fix, orders, listener);
        }
        if !is_busy(&error) {
            return unaltered(client, link, fix, orders, listener, &error);
        }
        let wait = began.elapsed().max(LEAST_WAIT);
        waited += wait;
        if orders.patience().is_some_and(|patience| waited >= patience) {
            return given_up(client, fix, orders, &error.said());
        }
        log::info!("{}: attempt {attempt}: {}", fix.sequence.name, error.said());
        // Longer each time, so that what queued behind us gets through.
        std::thread::sleep(wait.min(Duration::from_secs(1)) * attempt.min(orders.apply.attempts) / 2);
        attempt += 1;
    }
}

/// Does by `nextval` what the server refused for a reason of its own: an event trigger guards ALTER SEQUENCE. Whatever
/// else was refused is refused again.
/// <https://www.postgresql.org/docs/current/event-triggers.html>
pub(super) fn unaltered(
    client: &mut Client,
    link: &Link,
    fix: &Arc<Fix>,
    orders: &Orders,
    listener: &dyn Listener,
    refused: &Error,
) -> Result<Outcome, Error> {
    let can_be_guarded = refused.code().is_some_and(|code| *code != SqlState::READ_ONLY_SQL_TRANSACTION);
    // What is written down is not done another way.
    if fix.protection != Protection::Full || !can_be_guarded || orders.plan.written.is_some() {
        return Ok(Outcome::Failed(failure(refused)));
    }
    let outcome = match decide_to_advance(fix) {
        Decision::Fix(fix) => {
            log::info!("{}: not to be altered: {}", fix.sequence.name, refused.said());
            let apply = if is_apart(&fix, link) { apply_apart } else { apply_one };
            apply(client, link, &fix, orders, listener)?
        }
        Decision::Nothing => return Ok(Outcome::Failed(failure(refused))),
        Decision::LeaveAlone(doubt) => Outcome::Failed(doubt),
    };
    Ok(match outcome {
        Outcome::Set { before, after } => {
            let reason = format!("moved by nextval, as ALTER SEQUENCE was refused: {}", refused.said());
            let caches = fix.sequence.definition.cache_size > 1;
            let cure = caches.then(|| "have sessions reconnect that may hold values of it cached".to_owned());
            Outcome::Advanced { before, after, why: Doubt { reason, cure } }
        }
        Outcome::Failed(doubt) if doubt.reason == refused.said() => Outcome::Failed(failure(refused)),
        Outcome::Failed(doubt) => {
            Outcome::Failed(Doubt { reason: format!("{}; {}", refused.said(), doubt.reason), ..doubt })
        }
        other => other,
    })
}

/// The longest wait for the sequence, in milliseconds: its tables are locked meanwhile.
const SEQUENCE_LOCK_MS: u64 = 20;

/// What a wait counts as at least: one that is over at once must not be repeated too often.
const LEAST_WAIT: Duration = Duration::from_millis(50);

/// The longest time for a statement under the locks, in milliseconds: what takes longer is done without them.
const LOCKED_MS: u64 = 100;

/// The same for all of them up to the look, the waits for locks included.
const LOCKING_MS: u64 = 600;

/// Whether that is less than the caller would wait.
fn is_cut_short(orders: &Orders) -> bool {
    orders.apply.timeouts.statement_ms != at_most(orders.apply.timeouts.statement_ms, LOCKED_MS)
}

/// Whether others hold what a fix needs.
pub(super) fn is_busy(error: &Error) -> bool {
    // The last one: they have filled the lock table.
    let codes = [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::OUT_OF_MEMORY];
    error.code().is_some_and(|code| codes.contains(code))
}

/// The outcome of a fix that others keep from being done, and who they are.
pub(super) fn given_up(client: &mut Client, fix: &Fix, orders: &Orders, reason: &str) -> Result<Outcome, Error> {
    let holders = match blockers::describe(client, fix, &orders.apply.timeouts) {
        Ok(holders) => holders,
        Err(lost) if lost.is_connection_lost() => return Err(lost),
        Err(unknown) => format!("who holds it could not be asked: {}", unknown.said()),
    };
    Ok(Outcome::Busy(Doubt::with_cure(
        format!("{reason}; {holders}"),
        "run again when it is done, or raise --lock-timeout",
    )))
}

/// The outcome of a fix whose ground has gone.
pub(super) fn altered() -> Outcome {
    Outcome::Failed(Doubt::with_cure("it was altered since the scan", "run again"))
}

fn attempt_one(client: &mut Client, link: &Link, fix: &Fix, orders: &Orders, lock_ms: u64) -> Result<Outcome, Error> {
    let failed = |doing: &str| {
        let doing = format!("could not {doing} {}", fix.sequence.name);
        move |error: postgres::Error| Error::new(doing, &error)
    };
    // Looked at before the lock, which sets what was scanned, and after it, as it may have waited for an ALTER.
    let look = format!("SELECT {}", fix.is_same_sql());
    let is_same = |found: &[SimpleQueryRow]| found.first().is_some_and(|row| row.get(0) == Some("t"));

    // One message: nobody else's lock comes between the tables' and the sequence's.
    let lock_sequence = fix.lock_sequence_sql().map(|sql| {
        let lock_ms = at_most(lock_ms, SEQUENCE_LOCK_MS);
        format!("{look}; SET LOCAL lock_timeout = {lock_ms}; {}", under_own_settings([sql]).join("; "))
    });
    // Before 13 what is set within a message has no effect on it.
    let most_ms = if link.limits.arms_timeout_once() { LOCKING_MS } else { 0 };
    let statement_ms = at_most(orders.apply.timeouts.statement_ms, most_ms);
    let timeouts = orders.apply.deadline.bound(&Timeouts { lock_ms, statement_ms });
    // What an event trigger does at the ALTER, it does under our locks.
    let shorten = format!("SET LOCAL statement_timeout = {}", at_most(timeouts.statement_ms, LOCKED_MS));
    let locking = format!("{}; {shorten}; {}", fix.lock_tables_sql(), lock_sequence.unwrap_or_else(|| look.clone()));
    let found = link.send(client, &timeouts, &locking).map_err(failed("lock"))?;
    if !found.last().is_some_and(|found| is_same(found)) {
        roll_back(client);
        return Ok(altered());
    }

    let compare = format!("{look}; {}", collisions_sql(0, &fix.pending(), 1));
    let found = answers(client, &compare).map_err(failed("compare"))?;
    let [same, found] = found.as_slice() else {
        return Err(Error::refusal(format!("could not compare {}", fix.sequence.name), "no answer"));
    };
    if !is_same(same) {
        roll_back(client);
        return Ok(altered());
    }
    let Some(row) = found.first() else {
        return Err(Error::refusal(format!("could not compare {}", fix.sequence.name), "no answer"));
    };
    let (finding, before) = settle(row, fix)?;
    let fix = match decide_under(&finding, orders.plan, fix.protection) {
        Decision::Fix(fix) => fix,
        Decision::Nothing => {
            // What an event trigger drew at the ALTER is undone with it; so the ALTER, which changes nothing, stays.
            run(client, "COMMIT").map_err(failed("commit the lock of"))?;
            return Ok(Outcome::AlreadyPast { state: before });
        }
        Decision::LeaveAlone(doubt) => {
            roll_back(client);
            return Ok(orders.left_alone(doubt));
        }
    };

    let move_and_read = format!("{}; {}", fix.move_sql(), state_sql(&fix));
    let after = rows(client, &move_and_read).map_err(failed("set"))?.first().and_then(state_of);
    let is_there = after.is_some_and(|after| {
        let next = fix.sequence.definition.next_value(after);
        next.is_some_and(|next| !fix.sequence.definition.is_past(fix.next_value, next))
    });
    let Some(after) = after.filter(|_| is_there) else {
        roll_back(client);
        return Ok(Outcome::Failed(Doubt::new("the sequence did not move to where it was set")));
    };
    run(client, "COMMIT").map_err(|error| {
        failed("commit the fix of")(error).with_hint("whether it took effect is not known; run again to see")
    })?;
    Ok(Outcome::Set { before, after })
}

/// What stands under the locks.
fn settle(row: &SimpleQueryRow, fix: &Fix) -> Result<(Finding, SequenceState), Error> {
    let probe = Probe::of(row)?;
    let mut finding = fix.pending();
    probe.settle(&mut finding, false);
    Ok((finding, probe.state))
}

pub(super) fn state_sql(fix: &Fix) -> String {
    format!("SELECT last_value, is_called FROM {}", fix.sequence.name.to_sql())
}

/// Reads a row that begins with `last_value` and `is_called`.
pub(super) fn state_of(row: &SimpleQueryRow) -> Option<SequenceState> {
    Some(SequenceState { last_value: row.get(0)?.parse().ok()?, is_called: row.get(1)? == "t" })
}

/// Whether a failed statement may have called `nextval`: one that waited for a lock has not.
pub(super) fn may_have_moved(error: &Error) -> bool {
    error.code() == Some(&SqlState::QUERY_CANCELED)
}

/// `nextval` is not undone by ROLLBACK: says where the sequence stands.
pub(super) fn moved_part_of_the_way(client: &mut Client, fix: &Fix, error: &Error) -> Result<Outcome, Error> {
    let state = rows(client, &state_sql(fix))
        .map_err(|error| Error::new(format!("could not read {} back", fix.sequence.name), &error))?
        .first()
        .and_then(state_of);
    let cure = "run again to move it on, with a longer --statement-timeout";
    let stands = state.map_or_else(|| "nobody knows where".to_owned(), |state| state.to_string());
    let why = Doubt::with_cure(format!("{}; it stands at {stands}, as nextval is not undone", error.said()), cure);
    Ok(match state {
        Some(after) if after != fix.from => Outcome::Moved { before: fix.from, after, why },
        _ => Outcome::Failed(why),
    })
}

/// Why a fix failed, in the server's words, and what would help.
pub(super) fn failure(error: &Error) -> Doubt {
    let cure = match error.code() {
        Some(&SqlState::QUERY_CANCELED) => Some("raise --statement-timeout; writers wait meanwhile".to_owned()),
        Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Some("run it on the primary".to_owned()),
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN | &SqlState::UNDEFINED_OBJECT) => {
            Some("it was dropped or renamed since the scan; run again".to_owned())
        }
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Some(
            "GRANT UPDATE on it; before PostgreSQL 13 a lock needs that on every partition and child of a table"
                .to_owned(),
        ),
        _ => error.hint().map(str::to_owned),
    };
    Doubt { reason: error.said(), cure }
}
