//! What our role lacks, and the GRANT that would give it.

use super::finding::{Doubt, Sequence};
use super::linking::LinkedColumn;
use super::name::quote_identifier;

/// What keeps `user` from reading a sequence and the columns that count.
pub(crate) fn missing_to_read(sequence: &Sequence, columns: &[LinkedColumn], user: &str) -> Option<Doubt> {
    let user = quote_identifier(user);
    if !sequence.can_use_schema {
        return Some(no_schema(&sequence.name.schema, &user));
    }
    if !sequence.can_read {
        return Some(Doubt::with_cure(
            format!("no privilege to read sequence {}", sequence.name),
            format!("GRANT SELECT ON SEQUENCE {} TO {user}", sequence.name),
        ));
    }
    columns.iter().filter(|column| column.counts()).find_map(|column| {
        let facts = &column.facts;
        if !facts.can_use_schema {
            return Some(no_schema(&facts.table.schema, &user));
        }
        if !facts.can_read {
            return Some(Doubt::with_cure(
                format!("no privilege to read {}.{}", facts.table, quote_identifier(&facts.column)),
                format!("GRANT SELECT ({}) ON TABLE {} TO {user}", quote_identifier(&facts.column), facts.table),
            ));
        }
        facts.is_row_secured.then(|| {
            Doubt::with_cure(
                format!("row-level security of {} hides rows from {user}", facts.table),
                "run as the table's owner or as a role with BYPASSRLS",
            )
        })
    })
}

/// What keeps `user` from locking the tables of the columns that count against writers
/// (<https://www.postgresql.org/docs/current/sql-lock.html>).
pub(crate) fn missing_to_lock(columns: &[LinkedColumn], user: &str) -> Option<Doubt> {
    columns.iter().find(|column| column.counts() && !column.facts.can_lock).map(|column| {
        Doubt::with_cure(
            format!("no privilege to lock table {} against writers", column.facts.table),
            format!("GRANT UPDATE ON TABLE {} TO {}", column.facts.table, quote_identifier(user)),
        )
    })
}

fn no_schema(schema: &str, user: &str) -> Doubt {
    let schema = quote_identifier(schema);
    Doubt::with_cure(
        format!("no privilege to use schema {schema}"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {user}"),
    )
}
