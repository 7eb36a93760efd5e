//! How much has to be read where no index tells the farthest value: asked before it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use postgres::Client;
use postgres::types::Type;

use crate::db::session::look_up;
use crate::model::{Finding, LinkedColumn, Status, Timeouts};

/// How long one look at the sizes may take, in milliseconds: without it there is still what the catalog says.
const LIMIT: Timeouts = Timeouts { lock_ms: 100, statement_ms: 5_000 };

/// How many tables are asked for at once.
const TABLES: usize = 1_000;

/// Measures the tables of which all has to be read, as the catalog knows only what the last ANALYZE saw.
pub(super) fn measure(client: &mut Client, findings: &mut [Finding]) {
    let is_wanted = |column: &LinkedColumn| column.counts() && !column.facts.cost.is_indexed;
    let pending = || findings.iter().filter(|finding| finding.status == Status::Pending);
    let tables: Vec<u32> = pending()
        .flat_map(|finding| finding.columns.iter())
        .filter(|column| is_wanted(column))
        .map(|column| column.facts.table_oid)
        .collect();
    let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
    for some in tables.chunks(TABLES) {
        let found = look_up(client, &LIMIT, include_str!("../sql/sizes.sql"), &[(&some, Type::OID_ARRAY)]);
        match found {
            Ok(rows) => sizes.extend(rows.iter().filter_map(|row| {
                let bytes: i64 = row.try_get("bytes").ok()?;
                Some((row.try_get("table_oid").ok()?, u64::try_from(bytes).ok()?))
            })),
            Err(error) => return log::info!("the sizes are what the catalog says: {error}"),
        }
    }
    for finding in findings.iter_mut().filter(|finding| finding.columns.iter().any(is_wanted)) {
        for column in Arc::make_mut(&mut finding.columns).iter_mut().filter(|column| is_wanted(column)) {
            column.facts.cost.bytes = sizes.get(&column.facts.table_oid).copied().unwrap_or(column.facts.cost.bytes);
        }
    }
}
