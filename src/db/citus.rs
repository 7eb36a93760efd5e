//! What a database with Citus holds that is not this node's alone.

use postgres::Client;

use super::error::Error;
use super::session::query;
use crate::model::Citus;

/// Asks. Needs a transaction with an empty `search_path`.
pub(crate) fn read(client: &mut Client) -> Result<Citus, Error> {
    let failed = |error: &postgres::Error| {
        Error::new("could not ask Citus which tables it spreads over its nodes", error).with_privilege_hint(
            "every role may read pg_dist_local_group and pg_dist_partition unless that was revoked",
        )
    };
    let rows = query(client, include_str!("sql/citus.sql"), &[]).map_err(|error| failed(&error))?;
    let read = |row: &postgres::Row| -> Result<Citus, postgres::Error> {
        let tables: Vec<u32> = row.try_get("tables")?;
        // A node that was never told is the only one.
        let group: Option<i32> = row.try_get("node_group")?;
        Ok(Citus { group: group.unwrap_or_default(), tables: tables.into_iter().collect() })
    };
    let row = rows.first().ok_or_else(|| Error::refusal("could not ask Citus what it spreads", "no answer"))?;
    read(row).map_err(|error| failed(&error))
}
