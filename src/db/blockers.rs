//! Who holds the locks that a fix waits for.

use postgres::Client;
use postgres::types::Type;

use super::error::Error;
use super::session::{begin_read_only_sql, roll_back, run};
use crate::model::{Fix, Timeouts};

/// Names the sessions that keep a SHARE ROW EXCLUSIVE lock from being granted on the fix's tables or sequence.
/// Asked after the wait, so it may find that they are gone.
pub(crate) fn describe(client: &mut Client, fix: &Fix, timeouts: &Timeouts) -> Result<String, Error> {
    let failed = |error: &postgres::Error| Error::new("could not ask who holds the locks", error);
    let mut relations: Vec<u32> =
        fix.columns.iter().filter(|column| column.counts()).map(|column| column.facts.table_oid).collect();
    relations.push(fix.sequence.oid);
    run(client, &begin_read_only_sql(timeouts)).map_err(|error| failed(&error))?;
    let rows = client
        .query_typed(include_str!("sql/blockers.sql"), &[(&relations, Type::OID_ARRAY)])
        .map_err(|error| failed(&error));
    roll_back(client);
    let rows = rows?;
    let holders: Vec<String> = rows.iter().filter_map(|row| row.try_get("holder").ok()).collect();
    Ok(if holders.is_empty() {
        "whoever held the lock is gone by now".to_owned()
    } else {
        format!("held by {}", holders.join(", "))
    })
}
