//! What our role lacks, and the GRANT that would give it.

use super::catalog::Readable;
use super::doubt::Doubt;
use super::linking::LinkedColumn;
use super::name::quote_identifier;
use super::sequence::Sequence;

/// What keeps `user` from reading a sequence and the columns that count.
pub(crate) fn missing_to_read(sequence: &Sequence, columns: &[LinkedColumn], user: &str) -> Option<Doubt> {
    let user = quote_identifier(user);
    missing_for_sequence(sequence, &user).or_else(|| {
        columns.iter().filter(|column| column.counts()).find_map(|column| missing_for_column(column, &user))
    })
}

fn missing_for_sequence(sequence: &Sequence, user: &str) -> Option<Doubt> {
    let name = &sequence.name;
    match sequence.readable {
        Readable::Yes | Readable::RowSecured => None,
        Readable::NoSchema => Some(no_schema(&name.schema, user)),
        Readable::NoPrivilege => Some(Doubt::with_cure(
            format!("no privilege to read sequence {name}"),
            format!("GRANT SELECT ON SEQUENCE {name} TO {user}"),
        )),
    }
}

fn missing_for_column(column: &LinkedColumn, user: &str) -> Option<Doubt> {
    let (table, name) = (&column.facts.table, quote_identifier(&column.facts.column));
    match column.facts.readable {
        Readable::Yes => None,
        Readable::NoSchema => Some(no_schema(&table.schema, user)),
        Readable::NoPrivilege => Some(Doubt::with_cure(
            format!("no privilege to read {table}.{name}"),
            format!("GRANT SELECT ({name}) ON TABLE {table} TO {user}"),
        )),
        Readable::RowSecured => Some(Doubt::with_cure(
            format!("row-level security of {table} hides rows from {user}"),
            "run as a role with BYPASSRLS, or as the table's owner unless row-level security is forced on it",
        )),
    }
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
