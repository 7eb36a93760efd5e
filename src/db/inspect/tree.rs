//! Reads what has more tables than may be locked at once: some at a time.

use postgres::Client;
use postgres::error::SqlState;
use postgres::types::Type;

use super::again::{being_altered, is_being_altered};
use super::probe::Probe;
use super::{Reading, whole};
use crate::db::Error;
use crate::db::session::{begin_snapshot_with, query, roll_back, rows, run};
use crate::model::{ColumnFacts, Finding, LinkedColumn, QualifiedName, Reach, ReadCost, Status, farthest_sql};

/// Some tables of one column, as a finding of their own.
pub(super) struct Part {
    /// The column's place among those that count.
    pub(super) column: usize,
    finding: Finding,
}

/// Reads one finding part by part and settles it.
///
/// All parts are read in one snapshot, so that no row can go from a part not read yet to one that was. The locks of each
/// are given back before the next: those that a savepoint covers are gone when it is rolled back
/// (<https://www.postgresql.org/docs/current/explicit-locking.html>).
pub(super) fn look(
    reading: &Reading,
    client: &mut Client,
    finding: &mut Finding,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let doing = format!("could not read all tables of {}", finding.sequence.name);
    let mut attempt = 1;
    loop {
        let begin = begin_snapshot_with(&reading.known_settings, &reading.timeouts(super::MOST_LOCKS));
        let looked = run(client, &begin)
            .map_err(|error| Error::new(doing.clone(), &error))
            .and_then(|()| look_in_snapshot(reading, client, finding, &doing, is_stopped));
        match looked {
            Err(error) if error.is_connection_lost() => return Err(error),
            // One was dropped after they were listed, or the sequence altered after the snapshot was taken.
            Err(error) if is_overtaken(&error) && attempt < TRIES => roll_back(client),
            done => {
                roll_back(client);
                return done;
            }
        }
        attempt += 1;
    }
}

fn look_in_snapshot(
    reading: &Reading,
    client: &mut Client,
    finding: &mut Finding,
    doing: &str,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let parts = parts(client, finding)?;
    let read_all = |client: &mut Client, spell: fn(&Finding) -> String| -> Result<Vec<(usize, Probe)>, Error> {
        let mut probes = Vec::new();
        for part in &parts {
            if is_stopped() || reading.deadline.is_over() {
                return Err(Error::refusal(doing, "the run was ended"));
            }
            let sql = spell(&part.finding);
            let sql = format!("SAVEPOINT part; {sql}; ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part");
            let read = |client: &mut Client| {
                rows(client, &sql).map_err(|error| {
                    if !error.is_closed() {
                        let _ = run(client, "ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part");
                    }
                    Error::new(doing, &error)
                })
            };
            let found = reading.patiently(is_stopped, || read(client))?;
            if found.is_empty() {
                return Err(being_altered());
            }
            for row in found {
                probes.push((part.column, whole::windowed(Probe::of(&row)?, &part.finding)));
            }
        }
        Ok(probes)
    };
    // Each statement reads the sequence as it is by then, so that the state is not older than any value: what is past it
    // then really is.
    let seen = read_all(client, |finding| farthest_sql(0, finding))?;
    let Some(whole) = Probe::joined(seen, finding) else {
        return Err(Error::refusal(doing, "there are none"));
    };
    if !whole.leaves_open(finding, reading.on_standby) {
        return Ok(());
    }
    for _ in 0..TRIES {
        let seen = read_all(client, whole::spell)?;
        let Some(whole) = Probe::joined(seen, finding) else { break };
        if whole.is_ahead(finding) {
            whole.settle(finding, reading.on_standby);
            return Ok(());
        }
        finding.state = Some(whole.state);
    }
    let busy = Error::refusal(doing, "the sequence moves on");
    Err(busy.with_hint("run again at a quieter time"))
}

/// Whether what was listed, or seen in the snapshot, is no longer there.
fn is_overtaken(error: &Error) -> bool {
    error.code() == Some(&SqlState::UNDEFINED_TABLE) || is_being_altered(error)
}

/// How often parts are read anew where one is gone, or the sequence came past what was found in one.
const TRIES: usize = 3;

/// Cuts the tables of every column that counts into parts that lock few enough relations.
fn parts(client: &mut Client, finding: &Finding) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    for (place, column) in finding.counted().enumerate() {
        let mut part: Vec<LinkedColumn> = Vec::new();
        let mut locks = 0;
        for table in tables(client, column)? {
            locks += table.facts.cost.relations;
            if locks > super::MOST_LOCKS && !part.is_empty() {
                parts.push(part_of(finding, place, std::mem::take(&mut part)));
                locks = table.facts.cost.relations;
            }
            part.push(table);
        }
        if !part.is_empty() {
            parts.push(part_of(finding, place, part));
        }
    }
    Ok(parts)
}

fn part_of(finding: &Finding, column: usize, columns: Vec<LinkedColumn>) -> Part {
    let finding =
        Finding { columns: columns.into(), state: None, ignored: None, status: Status::Pending, ..finding.clone() };
    Part { column, finding }
}

/// The same column of each table that holds rows of it.
fn tables(client: &mut Client, column: &LinkedColumn) -> Result<Vec<LinkedColumn>, Error> {
    let failed = |error: &postgres::Error| Error::new(format!("could not list the tables of {}", column.name()), error);
    let table_oid = column.facts.table_oid;
    let rows =
        query(client, include_str!("../sql/tree.sql"), &[(&table_oid, Type::OID)]).map_err(|error| failed(&error))?;
    let one = |row: &postgres::Row| -> Result<LinkedColumn, postgres::Error> {
        let (schema, table): (String, String) = (row.try_get("table_schema")?, row.try_get("table_name")?);
        let facts = ColumnFacts {
            table: QualifiedName::new(schema, table),
            table_oid: row.try_get("table_oid")?,
            reach: Reach::Only,
            cost: ReadCost { tables: 1, relations: row.try_get("relations")?, ..column.facts.cost },
            ..column.facts.clone()
        };
        Ok(LinkedColumn { facts, ..column.clone() })
    };
    rows.iter().map(one).collect::<Result<_, _>>().map_err(|error| failed(&error))
}
