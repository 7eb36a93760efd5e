//! Finds unique indexes by name or by columns, looks for the row with a key, and scans the sequences of a table.

use std::collections::HashSet;

use postgres::error::SqlState;
use postgres::types::{ToSql, Type};
use postgres::{Client, Row};

use super::connections::Connections;
use super::error::Error;
use super::scanner::{Scan, ScanOptions, scan_selected};
use super::selection::{Selected, sequences_named};
use super::session::{begin_catalog, look_up, query, roll_back};
use super::text::Text;
use super::watch::Watch;
use crate::model::{
    Doubt, IndexKind, KeyPart, LONGEST_NAME, QualifiedName, Readable, RelationKind, RowLookup, TableColumn,
    UniqueIndex, row_sql,
};

/// What is known of a unique index that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought<'a> {
    /// Its name, or one of these.
    Names(&'a [String]),
    /// The names of its columns, in whatever order.
    Columns(&'a [String]),
}

/// Finds the unique and exclusion indexes that are meant and selected, in the order of their tables; one of a partition
/// tree as often as its partitions' indexes are meant.
///
/// # Errors
///
/// Where the catalog cannot be read, a selected name does not exist, or the server is older than 10.
pub fn find_unique_indexes(
    client: &mut Client,
    sought: &Sought,
    options: &ScanOptions,
) -> Result<Vec<UniqueIndex>, Error> {
    let failed = |error: &postgres::Error| {
        let is_locked = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        let error = Error::new("could not look for the unique index", error);
        if is_locked {
            return error.with_hint(
                "somebody has locked its table: try again, or wait longer with --lock-timeout; --offline explains the text alone",
            );
        }
        error
    };
    let selected = options.selection.resolve(client, &options.timeouts)?;
    let (names, columns) = match sought {
        Sought::Names(names) => {
            // What is longer is no name, and an error for the server.
            let names: Vec<&String> = names.iter().filter(|name| name.len() <= LONGEST_NAME).collect();
            (Some(names), None)
        }
        Sought::Columns(columns) => (None, Some(columns)),
    };
    begin_catalog(client, &options.timeouts)?;
    let found = query(
        client,
        include_str!("sql/unique_indexes.sql"),
        &[(&names, Type::NAME_ARRAY), (&columns, Type::TEXT_ARRAY)],
    );
    roll_back(client);
    let mut indexes = Vec::new();
    for row in found.map_err(|error| failed(&error).with_loss_hint())? {
        let index = unique_index(&row).map_err(|error| failed(&error))?;
        let schema = index.found_as.as_ref().map_or(&index.table.schema, |(name, _)| &name.schema);
        if selected.holds_table(index.table_oid, &index.table.schema)
            || selected.holds_table(index.found_table_oid, schema)
        {
            indexes.push(index);
        }
    }
    Ok(indexes)
}

fn unique_index(row: &Row) -> Result<UniqueIndex, postgres::Error> {
    let name = |schema, name| Ok::<_, postgres::Error>(QualifiedName::new(text(row, schema)?, text(row, name)?));
    let (index, found) = (name("index_schema", "index_name")?, name("found_schema", "found_name")?);
    let (table_oid, found_table_oid): (u32, u32) = (row.try_get("table_oid")?, row.try_get("found_table_oid")?);
    let (contype, relkind) = (text(row, "contype")?, text(row, "relkind")?);
    let rules: Vec<String> = row.try_get("rules")?;
    let can = |privilege| Ok::<_, postgres::Error>(row.try_get::<_, Option<bool>>(privilege)?.unwrap_or_default());
    Ok(UniqueIndex {
        oid: row.try_get("index_oid")?,
        found_as: if table_oid == found_table_oid { None } else { Some((found, name("found_schema", "found_table")?)) },
        name: index,
        table: name("table_schema", "table_name")?,
        table_oid,
        found_table_oid,
        table_kind: if relkind == "p" { RelationKind::Partitioned } else { RelationKind::Table },
        kind: match (row.try_get("is_exclusion")?, contype.as_str()) {
            (true, _) => IndexKind::Exclusion,
            (_, "p") => IndexKind::PrimaryKey,
            (_, "u") => IndexKind::UniqueConstraint,
            _ => IndexKind::UniqueIndex,
        },
        key: key(row)?,
        depends_on: row.try_get("depends_on")?,
        predicate: row.try_get("predicate")?,
        nulls_not_distinct: row.try_get("nulls_not_distinct")?,
        is_deferrable: row.try_get("is_deferrable")?,
        is_deferred: row.try_get("is_deferred")?,
        is_valid: row.try_get("is_valid")?,
        is_system: row.try_get("is_system")?,
        is_of_partition_alone: row.try_get("is_partition")?,
        has_write_rules: rules.iter().any(|event| event != "4"),
        has_rules: !rules.is_empty(),
        is_of_materialized_view: relkind == "m",
        readable: Readable {
            can_use_schema: can("can_use_schema")?,
            can_select: can("can_read")?,
            is_row_secured: can("is_row_secured")?,
        },
        columns: columns(row)?,
    })
}

fn text(row: &Row, column: &str) -> Result<String, postgres::Error> {
    row.try_get(column)
}

fn key(row: &Row) -> Result<Vec<KeyPart>, postgres::Error> {
    let definitions: Vec<String> = row.try_get("definitions")?;
    let columns: Vec<Option<String>> = row.try_get("columns")?;
    let types: Vec<String> = row.try_get("types")?;
    let categories: Vec<String> = row.try_get("categories")?;
    let equalities: Vec<Option<String>> = row.try_get("equalities")?;
    let collations: Vec<Option<String>> = row.try_get("collations")?;
    let rest = columns.into_iter().zip(types).zip(categories).zip(equalities).zip(collations);
    Ok(definitions
        .into_iter()
        .zip(rest)
        .map(|(definition, ((((column, type_name), category), equality), collation))| KeyPart {
            definition,
            column,
            type_name,
            category,
            equality,
            collation,
        })
        .collect())
}

fn columns(row: &Row) -> Result<Vec<TableColumn>, postgres::Error> {
    let names: Vec<String> = row.try_get("column_names")?;
    let types: Vec<String> = row.try_get("column_types")?;
    let insertable: Vec<bool> = row.try_get("column_insertable")?;
    let draws: Vec<bool> = row.try_get("column_draws")?;
    let primary: Vec<bool> = row.try_get("column_is_primary")?;
    let computed: Vec<Option<String>> = row.try_get("column_computed_from")?;
    let rest = types.into_iter().zip(insertable).zip(draws).zip(primary).zip(computed);
    Ok(names
        .into_iter()
        .zip(rest)
        .map(|(name, ((((type_name, is_insertable), draws), is_primary), computed))| TableColumn {
            name,
            type_name,
            is_insertable,
            draws,
            is_primary,
            computed_from: computed.and_then(|names| serde_json::from_str(&names).ok()).unwrap_or_default(),
        })
        .collect())
}

/// Looks for the row that has one of these keys (each a text for each part of the index's key).
/// What cannot be found out is no error but [`RowLookup::Unknown`].
///
/// # Errors
///
/// Where the connection is gone.
pub fn find_row(
    client: &mut Client,
    index: &UniqueIndex,
    keys: &[Vec<&str>],
    with_row: bool,
    options: &ScanOptions,
) -> Result<RowLookup, Error> {
    let mut is_possible = false;
    let mut inexact = None;
    let mut unread = None;
    for values in keys.iter().filter(|values| values.len() == index.key.len()) {
        if let Some(doubt) = index.unsearchable(values) {
            return Ok(RowLookup::Unknown(doubt));
        }
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
            values.iter().map(|value| (value as &(dyn ToSql + Sync), Type::TEXT)).collect();
        let mut look = |with_row| look_up(client, &options.timeouts, &row_sql(index, values, with_row), &parameters);
        let mut found = look(with_row);
        let mut unshown = None;
        if let Err(error) = &found
            && with_row
            && let Some(doubt) = not_to_be_shown(&Error::new("could not show the row", error))
        {
            unshown = Some(Err(doubt));
            found = look(false);
        }
        match found {
            Ok(found) => {
                is_possible = true;
                inexact = inexact.or_else(|| index.inexact(values));
                if let Some(row) = found.first() {
                    let values = values.iter().map(|value| (*value).to_owned()).collect();
                    let shown = || row.try_get::<_, Option<Text>>("row").ok().flatten().map(|row| Ok(row.text));
                    return Ok(RowLookup::Found { values, row: unshown.or_else(shown) });
                }
            }
            Err(error) => {
                let error = Error::new("could not look for the row", &error);
                if error.is_connection_lost() {
                    return Err(error.with_loss_hint());
                }
                unread = Some(unreadable(error, index, &mut is_possible)?).or(unread);
            }
        }
    }
    Ok(match (unread, is_possible) {
        (Some(doubt), false) => RowLookup::Unknown(doubt),
        (_, true) => inexact.map_or(RowLookup::NotFound, RowLookup::Unknown),
        (None, false) => RowLookup::Unknown(Doubt::new("the text's values do not fit the columns of the index")),
    })
}

/// Why a row cannot be shown that can be looked for: of some encodings not all bytes are letters.
fn not_to_be_shown(error: &Error) -> Option<Doubt> {
    let codes = [SqlState::CHARACTER_NOT_IN_REPERTOIRE, SqlState::UNTRANSLATABLE_CHARACTER];
    error.code().filter(|code| codes.contains(code))?;
    Some(Doubt::with_cure(
        format!("the row cannot be shown: {}", error.said()),
        "a text in it is not in the database's encoding: look at it with psql and SET client_encoding TO SQL_ASCII",
    ))
}

/// Why the row could not be read: a value that is none of its type's, or something that all values would meet.
fn unreadable(error: Error, index: &UniqueIndex, is_possible: &mut bool) -> Result<Doubt, Error> {
    let Some(code) = error.code().map(|code| code.code().to_owned()) else {
        return Err(error);
    };
    // Class 22: the text is no value of the type, so this way of taking the values apart is none.
    if code.starts_with("22") {
        return Ok(Doubt::new(format!("the values do not fit the columns: {}", error.said())));
    }
    *is_possible = false;
    let doubt = Doubt::new(error.said());
    let cure = if code == SqlState::INSUFFICIENT_PRIVILEGE.code() {
        Some(format!("run as a role that may read all rows of {}", index.table))
    } else {
        error.hint().map(str::to_owned)
    };
    Ok(Doubt { cure, ..doubt })
}

/// The names of the server's databases.
///
/// # Errors
///
/// Where they cannot be asked for.
pub fn databases(client: &mut Client, options: &ScanOptions) -> Result<Vec<String>, Error> {
    let query = "SELECT d.datname::pg_catalog.text AS name FROM pg_catalog.pg_database AS d ORDER BY 1";
    let rows = look_up(client, &options.timeouts, query, &[])
        .map_err(|error| Error::new("could not ask for the databases' names", &error).with_loss_hint())?;
    Ok(rows.iter().filter_map(|row| row.try_get("name").ok()).collect())
}

/// Scans the sequences that feed the keys of some indexes: those that their columns draw from, those that the tables'
/// triggers and defaults call through functions, and those without a column that have a name by which applications draw for such a table.
///
/// # Errors
///
/// As [`scan`](super::scan).
pub fn scan_for_indexes(
    client: &mut Client,
    indexes: &[UniqueIndex],
    options: &ScanOptions,
    watch: &mut dyn Watch,
) -> Result<Scan, Error> {
    let mut oids = HashSet::new();
    let mut columns = HashSet::new();
    let mut called_on = HashSet::new();
    let mut names = Vec::new();
    for index in indexes {
        let sources = index.key.iter().flat_map(|part| index.sources(part));
        columns.extend(sources.flat_map(|name| [(index.table_oid, name.clone()), (index.found_table_oid, name)]));
        called_on.insert(index.table.to_string());
        called_on.extend(index.found_as.iter().map(|(_, table)| table.to_string()));
        names.extend(index.likely_sequences().into_iter().map(|name| QualifiedName::new(&index.table.schema, name)));
    }
    if !names.is_empty() {
        let found = sequences_named(client, &options.timeouts, &names).map_err(Error::with_loss_hint)?;
        oids.extend(found.into_iter().flatten());
    }
    scan_selected(&mut Connections::one(client), options, &Selected::feeding(oids, columns, called_on), watch)
        .map_err(Error::with_loss_hint)
}
