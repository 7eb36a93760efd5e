//! Who holds the locks that a fix waits for.

use postgres::Client;
use postgres::types::Type;

use super::error::Error;
use super::session::look_up;
use super::text::shown;
use crate::model::{Fix, Timeouts};

/// Names the sessions that keep a SHARE ROW EXCLUSIVE lock from being granted on the fix's tables or sequence.
/// Asked after the wait, so it may find that they are gone.
pub(crate) fn describe(client: &mut Client, fix: &Fix, timeouts: &Timeouts) -> Result<String, Error> {
    let mut relations: Vec<u32> = fix.counted().map(|column| column.facts.table_oid).collect();
    relations.push(fix.sequence.oid);
    let rows = look_up(client, timeouts, include_str!("sql/blockers.sql"), &[(&relations, Type::OID_ARRAY)])
        .map_err(|error| Error::new("could not ask who holds the locks", &error))?;
    let holders: Vec<String> = rows.iter().filter_map(|row| shown(row, "holder").ok()).collect();
    Ok(if holders.is_empty() {
        "whoever held the lock is gone by now".to_owned()
    } else {
        format!("held by {}", holders.join(", "))
    })
}
