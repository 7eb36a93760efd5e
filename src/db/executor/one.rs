//! Applies a plan: the only file that writes to the server.
//!
//! Each fix is a short transaction of its own. `setval` is not undone by ROLLBACK, unless the sequence was altered
//! in the same transaction before; and what `max()` does not see yet can be committed a moment later. Hence the
//! order: lock the tables, lock the sequence, and only then look, decide and move
//! (<https://www.postgresql.org/docs/current/functions-sequence.html>,
//! <https://www.postgresql.org/docs/current/explicit-locking.html>).

use std::collections::BTreeMap;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, SimpleQueryRow};

use super::blockers;
use super::error::Error;
use super::inspect::Probe;
use super::session::{begin_read_write_sql, roll_back, rows, run};
use super::watch::{Stage, Watch};
use crate::model::{
    Decision, Doubt, Finding, Fix, Outcome, Plan, PlanOptions, Protection, SequenceState, Status, Timeouts,
    collisions_sql, decide,
};

/// How a plan is applied.
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// What the plan was made with: each fix is decided anew under its locks.
    pub plan: PlanOptions,
    /// How long to wait for a lock and how long a statement may take.
    pub timeouts: Timeouts,
    /// How often a fix is tried while others hold its locks.
    pub attempts: u32,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self {
            plan: PlanOptions::default(),
            // Below the server's deadlock_timeout (1 s), so that we give way, and never the application.
            timeouts: Timeouts { lock_ms: 400, statement_ms: 30_000 },
            attempts: 5,
        }
    }
}

/// What became of a plan, also where it was cut short.
#[derive(Debug, Default)]
pub struct Applied {
    /// By the sequence's oid, one for each fix.
    pub outcomes: BTreeMap<u32, Outcome>,
    /// What ended the run before its end: the connection was lost, or it was interrupted.
    pub cut_short: Option<Error>,
}

/// Applies the fixes one by one. One that cannot be done is an outcome; the rest goes on.
pub fn apply(client: &mut Client, plan: &Plan, options: &ApplyOptions, watch: &mut dyn Watch) -> Applied {
    watch.begin(Stage::Fix, plan.fixes.len());
    let mut applied = Applied::default();
    for fix in &plan.fixes {
        let outcome = if applied.cut_short.is_some() {
            Outcome::NotReached
        } else if watch.is_stopped() {
            applied.cut_short =
                Some(Error::refusal("interrupted", "the fixes that were not reached are left as they were"));
            Outcome::NotReached
        } else {
            apply_one(client, fix, options, watch).unwrap_or_else(|error| {
                let outcome = Outcome::Failed(Doubt { reason: error.said(), cure: Some("run again".into()) });
                applied.cut_short = Some(error.with_loss_hint());
                outcome
            })
        };
        applied.outcomes.insert(fix.sequence.oid, outcome);
        watch.advance(1);
    }
    applied
}

/// Tries one fix until it is done, or given up; an error is the end of the run.
fn apply_one(client: &mut Client, fix: &Fix, options: &ApplyOptions, watch: &dyn Watch) -> Result<Outcome, Error> {
    let mut attempt = 1;
    loop {
        let error = match attempt_one(client, fix, options) {
            Ok(outcome) => return Ok(outcome),
            Err(error) if error.is_connection_lost() => return Err(error),
            Err(error) => error,
        };
        roll_back(client);
        if fix.protection == Protection::Advance && may_have_moved(&error) {
            return Ok(Outcome::Failed(moved_part_of_the_way(client, fix, &error)?));
        }
        if watch.is_stopped() {
            return Ok(Outcome::NotReached);
        }
        let is_busy = matches!(error.code(), Some(&SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_DEADLOCK_DETECTED));
        if !is_busy {
            return Ok(Outcome::Failed(failure(&error)));
        }
        if attempt >= options.attempts {
            let holders = match blockers::describe(client, fix, &options.timeouts) {
                Ok(holders) => holders,
                Err(lost) if lost.is_connection_lost() => return Err(lost),
                Err(unknown) => format!("who holds it could not be asked: {}", unknown.said()),
            };
            return Ok(Outcome::Busy(Doubt::with_cure(
                format!("{}; {holders}", error.said()),
                "run again when it is done, or raise --lock-timeout",
            )));
        }
        log::info!("{}: attempt {attempt}: {}", fix.sequence.name, error.said());
        // Longer each time, so that what queued behind us gets through.
        std::thread::sleep(Duration::from_millis(options.timeouts.lock_ms.min(1_000)) * attempt / 2);
        attempt += 1;
    }
}

fn attempt_one(client: &mut Client, fix: &Fix, options: &ApplyOptions) -> Result<Outcome, Error> {
    let failed = |doing: &str| {
        let doing = format!("could not {doing} {}", fix.sequence.name);
        move |error: postgres::Error| Error::new(doing, &error)
    };
    run(client, &begin_read_write_sql(&options.timeouts)).map_err(failed("begin to fix"))?;
    run(client, &fix.lock_tables_sql()).map_err(failed("lock the tables of"))?;
    if !lock_sequence(client, fix).map_err(failed("lock"))? {
        roll_back(client);
        return Ok(Outcome::Failed(Doubt::with_cure("it was altered since the scan", "run again")));
    }

    let found = rows(client, &collisions_sql(0, &pending(fix), 1)).map_err(failed("compare"))?;
    let Some(row) = found.first() else {
        return Err(Error::refusal(format!("could not compare {}", fix.sequence.name), "no answer"));
    };
    let (finding, before) = settle(row, fix)?;
    let fix = match decide(&finding, &options.plan) {
        Decision::Fix(fix) => fix,
        Decision::Nothing => {
            roll_back(client);
            return Ok(Outcome::AlreadyPast { state: before });
        }
        Decision::LeaveAlone(doubt) => {
            roll_back(client);
            return Ok(Outcome::Failed(doubt));
        }
    };

    run(client, &fix.move_sql()).map_err(failed("set"))?;
    let after = read_back(client, &fix).map_err(failed("read back"))?;
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

/// Locks the sequence where it is ours, and tells whether it and its tables are still the ones that were scanned:
/// before, as the lock sets what was scanned, and after, as it may have waited for somebody else's ALTER.
fn lock_sequence(client: &mut Client, fix: &Fix) -> Result<bool, postgres::Error> {
    let sequence = (&fix.sequence.name, fix.sequence.oid);
    let tables = fix.counted();
    let same: Vec<String> = std::iter::once(sequence)
        .chain(tables.map(|column| (&column.facts.table, column.facts.table_oid)))
        .map(|(name, oid)| format!("{}::pg_catalog.oid = {oid}", name.to_regclass_sql()))
        .collect();
    let look = format!("SELECT {} AND {}", fix.is_unchanged_sql(), same.join(" AND "));
    let mut is_same = |sql: &str| -> Result<bool, postgres::Error> {
        let found = rows(client, sql)?;
        Ok(found.first().is_some_and(|row| row.get(0) == Some("t")))
    };
    match fix.lock_sequence_sql() {
        Some(alter) => Ok(is_same(&format!("{look}; {alter}"))? && is_same(&look)?),
        None => is_same(&look),
    }
}

/// The fix's sequence as a finding whose values are still to be read.
fn pending(fix: &Fix) -> Finding {
    Finding {
        sequence: fix.sequence.clone(),
        state: None,
        columns: fix.columns.clone(),
        range: fix.range,
        ignored: None,
        status: Status::Pending,
    }
}

/// What stands under the locks.
fn settle(row: &SimpleQueryRow, fix: &Fix) -> Result<(Finding, SequenceState), Error> {
    let probe = Probe::of(row)?;
    let mut finding = pending(fix);
    probe.settle(&mut finding, false);
    Ok((finding, probe.state))
}

fn read_back(client: &mut Client, fix: &Fix) -> Result<Option<SequenceState>, postgres::Error> {
    let sql = format!("SELECT last_value, is_called FROM {}", fix.sequence.name.to_sql());
    let found = rows(client, &sql)?;
    Ok(found
        .first()
        .and_then(|row| Some(SequenceState { last_value: row.get(0)?.parse().ok()?, is_called: row.get(1)? == "t" })))
}

/// Whether a failed statement may have called `nextval`: one that waited for a lock has not.
fn may_have_moved(error: &Error) -> bool {
    error.code() == Some(&SqlState::QUERY_CANCELED)
}

/// `nextval` is not undone by ROLLBACK: says where the sequence stands.
fn moved_part_of_the_way(client: &mut Client, fix: &Fix, error: &Error) -> Result<Doubt, Error> {
    let state = read_back(client, fix)
        .map_err(|error| Error::new(format!("could not read {} back", fix.sequence.name), &error))?
        .map_or_else(|| "nobody knows where".to_owned(), |state| state.to_string());
    Ok(Doubt::with_cure(
        format!("{}; it stands at {state}, as nextval is not undone", error.said()),
        "run again to move it on, with a longer --statement-timeout",
    ))
}

/// Why a fix failed, in the server's words, and what would help.
fn failure(error: &Error) -> Doubt {
    let cure = match error.code() {
        Some(&SqlState::QUERY_CANCELED) => Some("raise --statement-timeout; writers wait meanwhile".to_owned()),
        Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Some("run it on the primary".to_owned()),
        _ => error.hint().map(str::to_owned),
    };
    Doubt { reason: error.said(), cure }
}
