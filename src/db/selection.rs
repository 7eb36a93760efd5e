//! Which sequences are wanted: the patterns of `-n`, `-N`, `-t` and `-T`, with pg_dump's meaning.

use std::collections::HashSet;

use postgres::Client;
use postgres::error::SqlState;
use postgres::types::{ToSql, Type};

use super::catalog::Cataloged;
use super::error::Error;
use super::session::{begin_look_up_sql, look_up, query, roll_back, run};
use super::text::shown;
use crate::model::{Pattern, QualifiedName, Sequence, Timeouts};

/// What was asked for. Empty lists select everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Schemas to look at (`-n`); without effect where `tables` is not empty.
    pub schemas: Vec<String>,
    /// Schemas to leave out (`-N`); without effect where `tables` is not empty.
    pub exclude_schemas: Vec<String>,
    /// Tables or sequences to look at (`-t`).
    pub tables: Vec<String>,
    /// Tables or sequences to leave out (`-T`).
    pub exclude_tables: Vec<String>,
    /// Exactly these sequences, as far as they are there, whatever else is selected.
    #[doc(hidden)]
    pub sequences: Option<Vec<QualifiedName>>,
}

/// A selection with the schemas and relations that it matches in this database.
#[derive(Default)]
pub(crate) struct Selected {
    schemas: Option<HashSet<String>>,
    exclude_schemas: HashSet<String>,
    tables: Option<HashSet<u32>>,
    exclude_tables: HashSet<u32>,
    /// Columns, by their tables' oids.
    columns: HashSet<(u32, String)>,
    /// Tables, as the server writes their names, whose triggers and defaults may call `nextval` through a function.
    called_on: HashSet<String>,
}

const DOING: &str = "could not select what to look at";

impl Selection {
    /// Looks the patterns up. One that has to match something and does not is an error, as with
    /// pg_dump's `--strict-names`: a misspelt name must not pass for "nothing is behind".
    pub(crate) fn resolve(&self, client: &mut Client, timeouts: &Timeouts) -> Result<Selected, Error> {
        if *self == Self::default() {
            return Ok(Selected::default());
        }
        if let Some(sequences) = &self.sequences {
            let oids = sequences_named(client, timeouts, sequences)?.into_iter().flatten().collect();
            return Ok(Selected::feeding(oids, HashSet::new(), HashSet::new()));
        }
        let schemas = patterns(&self.schemas, &self.exclude_schemas, Pattern::of_schema, "schema")?;
        let tables = patterns(&self.tables, &self.exclude_tables, Pattern::of_relation, "table")?;
        run(client, &begin_look_up_sql(timeouts)).map_err(|error| Error::new(DOING, &error).with_pooler_hint())?;
        let matches = refuse_other_databases(client, &tables).and_then(|()| Matches::read(client, &schemas, &tables));
        roll_back(client);
        let matches = matches?;

        let missing = |what: &str, pattern: &str| {
            let error = Error::refusal(DOING, format!("no {what} matches {pattern}"));
            if what == "table" && !pattern.contains('.') {
                error.with_hint(format!(
                    "a name without a schema means what search_path shows; *.{pattern} looks in every schema"
                ))
            } else {
                error.with_hint(
                    "unquoted letters are folded to lower case; put double quotes round a name with capitals",
                )
            }
        };
        for (number, pattern) in self.schemas.iter().enumerate() {
            if matches.schemas[number].is_empty() {
                return Err(missing("schema", pattern));
            }
        }
        for (number, pattern) in self.tables.iter().enumerate() {
            if matches.tables[number].is_empty() {
                return Err(missing("table", pattern));
            }
        }
        let (included, excluded) = matches.schemas.split_at(self.schemas.len());
        let by_schema = self.tables.is_empty();
        let schema_names = |found: &[Vec<String>]| found.iter().flatten().cloned().collect();
        let (tables, not_tables) = matches.tables.split_at(self.tables.len());
        Ok(Selected {
            schemas: (by_schema && !included.is_empty()).then(|| schema_names(included)),
            exclude_schemas: if by_schema { schema_names(excluded) } else { HashSet::new() },
            tables: (!by_schema).then(|| tables.iter().flatten().copied().collect()),
            exclude_tables: not_tables.iter().flatten().copied().collect(),
            columns: HashSet::new(),
            called_on: HashSet::new(),
        })
    }
}

impl Selected {
    /// These sequences, those that feed these columns, and those that triggers and defaults of tables of these names
    /// call through functions.
    pub(crate) fn feeding(
        sequences: HashSet<u32>,
        columns: HashSet<(u32, String)>,
        called_on: HashSet<String>,
    ) -> Self {
        Self { tables: Some(sequences), columns, called_on, ..Self::default() }
    }

    /// Whether a relation in a schema is wanted.
    pub(crate) fn holds_table(&self, oid: u32, schema: &str) -> bool {
        let is_included = match (&self.tables, &self.schemas) {
            (Some(tables), _) => tables.contains(&oid),
            (None, Some(schemas)) => schemas.contains(schema),
            (None, None) => true,
        };
        is_included && !self.exclude_tables.contains(&oid) && !self.exclude_schemas.contains(schema)
    }

    /// Whether a sequence is wanted: it, or a table that draws from it, is selected, and not all of them are excluded.
    pub(crate) fn holds(&self, found: &Cataloged) -> bool {
        let Cataloged { sequence, columns, .. } = found;
        let is_included = match (&self.tables, &self.schemas) {
            (Some(tables), _) => {
                tables.contains(&sequence.oid)
                    || columns.iter().any(|column| tables.contains(&column.table_oid))
                    || columns.iter().any(|column| self.columns.contains(&(column.table_oid, column.column.clone())))
                    || self.is_called_on(sequence)
            }
            (None, Some(schemas)) => {
                schemas.contains(&sequence.name.schema)
                    || columns.iter().any(|column| schemas.contains(&column.table.schema))
            }
            (None, None) => true,
        };
        let out_of_schema = |schema: &String| self.exclude_schemas.contains(schema);
        let is_excluded = self.exclude_tables.contains(&sequence.oid)
            || if columns.is_empty() {
                out_of_schema(&sequence.name.schema)
            } else {
                // A partition goes with its parent: it is read as a part of it.
                let mut tops = columns
                    .iter()
                    .filter(|column| !columns.iter().any(|other| column.parents.contains(&other.table_oid)));
                tops.all(|column| {
                    self.exclude_tables.contains(&column.table_oid) || out_of_schema(&column.table.schema)
                })
            };
        is_included && !is_excluded
    }
}

impl Selected {
    fn is_called_on(&self, sequence: &Sequence) -> bool {
        let mut callers = sequence.callers.iter();
        callers.any(|caller| self.called_on.iter().any(|table| caller.is_reached_by(table)))
    }
}

/// Refuses what names another database than this one: what it excludes would be kept, and nobody told.
fn refuse_other_databases(client: &mut Client, tables: &[Pattern]) -> Result<(), Error> {
    let named: Vec<&Pattern> = tables.iter().filter(|pattern| pattern.database.is_some()).collect();
    if named.is_empty() {
        return Ok(());
    }
    let rows = query(client, "SELECT pg_catalog.current_database()::pg_catalog.text AS database", &[])
        .map_err(|error| Error::new(DOING, &error))?;
    let present = rows.first().and_then(|row| shown(row, "database").ok());
    match named.into_iter().find(|pattern| pattern.database != present) {
        None => Ok(()),
        Some(pattern) => {
            Err(Error::refusal(DOING, format!("cross-database references are not implemented: {}", pattern.text))
                .with_hint("what stands before the schema is the name of the database that is looked at, as it is"))
        }
    }
}

/// The oid of each, where there is such a sequence.
///
/// # Errors
///
/// Where the server cannot be asked.
pub(super) fn sequences_named(
    client: &mut Client,
    timeouts: &Timeouts,
    names: &[QualifiedName],
) -> Result<Vec<Option<u32>>, Error> {
    let schemas: Vec<&str> = names.iter().map(|name| name.schema.as_str()).collect();
    let relations: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
    let parameters: &[(&(dyn ToSql + Sync), Type)] = &[(&schemas, Type::NAME_ARRAY), (&relations, Type::NAME_ARRAY)];
    look_up(client, timeouts, include_str!("sql/sequences_named.sql"), parameters)
        .and_then(|rows| rows.iter().map(|row| row.try_get("oid")).collect())
        .map_err(|error| Error::new("could not look for sequences by name", &error))
}

fn patterns(
    included: &[String],
    excluded: &[String],
    parse: impl Fn(&str) -> Option<Pattern>,
    what: &str,
) -> Result<Vec<Pattern>, Error> {
    included
        .iter()
        .chain(excluded)
        .map(|text| {
            if text.is_empty() {
                return Err(Error::refusal(DOING, format!("the pattern for a {what} is empty"))
                    .with_hint("* stands for every name"));
            }
            parse(text).ok_or_else(|| {
                Error::refusal(DOING, format!("improper {what} name (too many dotted names): {text}"))
                    .with_hint("put double quotes round a name with a dot in it")
            })
        })
        .collect()
}

/// For each pattern, in order, what it matches.
struct Matches {
    schemas: Vec<Vec<String>>,
    tables: Vec<Vec<u32>>,
}

impl Matches {
    fn read(client: &mut Client, schemas: &[Pattern], tables: &[Pattern]) -> Result<Self, Error> {
        let failed = |error: &postgres::Error| {
            if error.code() != Some(&SqlState::INVALID_REGULAR_EXPRESSION) {
                return Error::new(DOING, error);
            }
            // The server does not say which it was.
            let texts: Vec<&str> = schemas.iter().chain(tables).map(|pattern| pattern.text.as_str()).collect();
            let among = if texts.len() == 1 { "by" } else { "by one of" };
            Error::new(format!("{DOING} {among} {}", texts.join(", ")), error)
                .with_hint("patterns are read as psql's: * ? and regular expressions, quoted as SQL names")
        };
        let schema_regexes: Vec<&str> = schemas.iter().map(|pattern| pattern.name.as_str()).collect();
        let table_schemas: Vec<&str> =
            tables.iter().map(|pattern| pattern.schema.as_deref().unwrap_or_default()).collect();
        let databases: Vec<Option<&str>> = tables.iter().map(|pattern| pattern.database.as_deref()).collect();
        let table_regexes: Vec<&str> = tables.iter().map(|pattern| pattern.name.as_str()).collect();
        let rows = query(
            client,
            include_str!("sql/matches.sql"),
            &[
                (&schema_regexes, Type::TEXT_ARRAY),
                (&table_schemas, Type::TEXT_ARRAY),
                (&table_regexes, Type::TEXT_ARRAY),
                (&databases, Type::TEXT_ARRAY),
            ],
        )
        .map_err(|error| failed(&error))?;
        let mut matches = Self { schemas: vec![Vec::new(); schemas.len()], tables: vec![Vec::new(); tables.len()] };
        for row in &rows {
            let mut take = || -> Result<(), postgres::Error> {
                let number: i32 = row.try_get("pattern")?;
                let at = usize::try_from(number - 1).unwrap_or_default();
                if row.try_get("is_schema")? {
                    matches.schemas[at].push(shown(row, "name")?);
                } else {
                    matches.tables[at].push(row.try_get("oid")?);
                }
                Ok(())
            };
            take().map_err(|error| failed(&error))?;
        }
        Ok(matches)
    }
}
