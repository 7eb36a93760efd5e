//! One fix on a server that has no guard: read anew, set with room to spare, and looked at afterwards.

use std::sync::Arc;

use postgres::Client;
use postgres::error::SqlState;

use super::link::Link;
use super::one::{altered, failure, state_of, state_sql};
use super::{Error, Listener, Orders};
use crate::db::session::{roll_back, rows};
use crate::model::{Decision, Doubt, Fix, Outcome, Protection, SequenceState, decide_under, quote_identifier};

/// Does it; an error is the end of the run.
///
/// Each statement is sent alone: some servers run what is sent together elsewhere, or as one transaction that they then
/// cannot undo.
pub(super) fn apply_unguarded(
    client: &mut Client,
    link: &Link,
    fix: &Arc<Fix>,
    orders: &Orders,
    listener: &dyn Listener,
) -> Result<Outcome, Error> {
    let Some(before) = read_state(client, fix)? else { return Ok(altered()) };
    let decision = link
        .reading(orders)
        .read_one(client, fix.pending(), link.lock_budget, &|| listener.is_stopped())
        .map(|finding| decide_under(&finding, orders.plan, Protection::Headroom));
    let fix = match decision {
        Ok(Decision::Fix(fix)) => fix,
        Ok(Decision::Nothing) => return Ok(Outcome::AlreadyPast { state: before }),
        Ok(Decision::LeaveAlone(doubt)) => return Ok(orders.left_alone(doubt)),
        Err(error) if error.is_connection_lost() => return Err(error),
        Err(error) => return Ok(Outcome::Failed(failure(&error))),
    };
    let set = rows(client, &fix.bare_move_sql());
    if let Err(error) = set {
        let error = Error::new(format!("could not set {}", fix.sequence.name), &error);
        if error.is_connection_lost() {
            return Err(error);
        }
        roll_back(client);
        let mut doubt = failure(&error);
        if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            let user = quote_identifier(&orders.plan.user);
            doubt.cure = Some(format!("GRANT UPDATE ON SEQUENCE {} TO {user};", fix.sequence.name));
        }
        return Ok(Outcome::Failed(doubt));
    }
    let definition = &fix.sequence.definition;
    match read_state(client, &fix)? {
        // Others may have drawn since; whoever set it back was not us.
        Some(after) if !definition.is_past(fix.to.last_value, after.last_value) => Ok(Outcome::Set { before, after }),
        _ => Ok(Outcome::Failed(Doubt::with_cure(
            "it did not stay where it was set",
            "stop what writes there, and run again",
        ))),
    }
}

fn read_state(client: &mut Client, fix: &Fix) -> Result<Option<SequenceState>, Error> {
    match rows(client, &state_sql(fix)) {
        Ok(rows) => Ok(rows.first().and_then(state_of)),
        Err(error) => {
            let error = Error::new(format!("could not read {}", fix.sequence.name), &error);
            if error.is_connection_lost() { Err(error) } else { Ok(None) }
        }
    }
}
