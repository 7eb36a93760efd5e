//! Puts the functions, views and rules that call `nextval` with the sequences that they use.

use postgres::Client;

use super::catalog::Catalog;
use super::error::Error;
use super::name_index::NameIndex;
use super::session::query;
use super::text::{Text, shown};
use crate::model::{Caller, nextval_literals};

/// Reads them and adds each to its sequences. A name that several sequences have is put with all of them.
pub(crate) fn attach(client: &mut Client, catalog: &mut Catalog) -> Result<(), Error> {
    let failed = |error: &postgres::Error| Error::new("could not read the functions that call nextval", error);
    let rows = query(client, include_str!("sql/callers.sql"), &[]).map_err(|error| failed(&error))?;
    if rows.is_empty() {
        return Ok(());
    }
    let index = NameIndex::of(catalog.sequences.iter().map(|found| &found.sequence.name));
    for row in &rows {
        let read = || -> Result<(Caller, String, Vec<u32>), postgres::Error> {
            let reached_by: Vec<Text> = row.try_get("reached_by")?;
            let reached_by = reached_by.into_iter().map(|place| place.text).collect();
            let caller = Caller { name: shown(row, "caller")?, reached_by };
            Ok((caller, shown(row, "body")?, row.try_get("relation_oids")?))
        };
        let (caller, body, oids) = read().map_err(|error| failed(&error))?;
        let mut places: Vec<usize> = nextval_literals(&body).iter().flat_map(|name| index.find(name)).collect();
        places.extend(
            catalog
                .sequences
                .iter()
                .enumerate()
                .filter(|(_, known)| oids.contains(&known.sequence.oid))
                .map(|(at, _)| at),
        );
        places.sort_unstable();
        places.dedup();
        for at in places {
            catalog.sequences[at].sequence.callers.push(caller.clone());
        }
    }
    Ok(())
}
