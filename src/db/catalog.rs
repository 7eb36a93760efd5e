//! Reads the sequences and the columns that draw from them out of the catalog: one query for all, or a shorter way
//! where that tells the same.

use postgres::{Client, Row};

use super::column_type::column_type;
use super::error::Error;
use super::holdings::Holdings;
use super::name_index::NameIndex;
use super::plain;
use super::session::query_each;
use super::text::{Text, shown};
use crate::model::{
    ColumnDefault, ColumnFacts, DataType, Definition, Excluded, ForeignServer, Nextval, Ownership, Persistence,
    QualifiedName, Reach, ReadCost, Readable, RelationKind, Sequence, Uniqueness, parse_nextval,
};

/// A sequence with the columns that have to do with it.
pub(crate) struct Cataloged {
    pub(crate) sequence: Sequence,
    pub(crate) columns: Vec<ColumnFacts>,
    /// Whether a name of these is other than the server has it, as that is no UTF-8.
    pub(crate) is_misspelt: bool,
}

/// What the catalog holds.
#[derive(Default)]
pub(crate) struct Catalog {
    /// In the order of schema and name.
    pub(crate) sequences: Vec<Cataloged>,
    pub(crate) excluded: Excluded,
    /// What could not be put with any sequence.
    pub(crate) warnings: Vec<String>,
}

/// Reads it. Needs a transaction with an empty `search_path`, so that the server writes names with their schemas.
pub(crate) fn read(client: &mut Client, holdings: &Holdings, major: i32) -> Result<Catalog, Error> {
    if let Some(catalog) = plain::read(client, holdings, major).map_err(|error| unreadable(&error))? {
        return Ok(catalog);
    }
    let mut reading = Reading::default();
    query_each(client, include_str!("sql/sequences.sql"), |row| reading.take(row))
        .map_err(|error| unreadable(&error))?;
    Ok(reading.finish())
}

/// Why the catalog cannot be read.
pub(super) fn unreadable(error: &postgres::Error) -> Error {
    Error::new("could not read the catalog", error)
        .with_privilege_hint("pgseqfix needs to read pg_catalog, as every role may by default")
}

#[derive(Default)]
struct Reading {
    sequences: Vec<Cataloged>,
    /// Columns whose default looks a name up at each call, with that name.
    by_name: Vec<(String, ColumnFacts)>,
    excluded: Excluded,
    warnings: Vec<String>,
}

impl Reading {
    fn take(&mut self, row: &Row) -> Result<(), postgres::Error> {
        let excluded: Option<String> = row.try_get("excluded")?;
        match excluded.as_deref() {
            Some("system") => self.excluded.system += 1,
            Some("extension") => self.excluded.extension += 1,
            Some(_) => self.excluded.temporary += 1,
            None => self.take_included(row)?,
        }
        Ok(())
    }

    fn take_included(&mut self, row: &Row) -> Result<(), postgres::Error> {
        let oid: Option<u32> = row.try_get("sequence_oid")?;
        let table_oid: Option<u32> = row.try_get("table_oid")?;
        let Some(oid) = oid else {
            let column = column(row, &mut Names::of(row))?;
            let expression = shown(row, "default_expression")?;
            if let Nextval::ByName(name) = parse_nextval(&expression, &column.column_type.name) {
                self.by_name.push((name, column));
            } else {
                self.warnings.push(format!(
                    "the default of {} calls nextval on a sequence that only running it would tell: {expression}",
                    column.name()
                ));
            }
            return Ok(());
        };
        if self.sequences.last().is_none_or(|last| last.sequence.oid != oid) {
            let mut names = Names::of(row);
            let sequence = sequence(row, &mut names, oid)?;
            self.sequences.push(Cataloged { sequence, columns: Vec::new(), is_misspelt: names.are_misspelt });
        }
        if let (Some(_), Some(last)) = (table_oid, self.sequences.last_mut()) {
            // Nearly always the only one: a hundred thousand lists with room for more would be felt.
            last.columns.reserve_exact(usize::from(last.columns.is_empty()));
            let mut names = Names::of(row);
            last.columns.push(column(row, &mut names)?);
            last.is_misspelt |= names.are_misspelt;
        }
        Ok(())
    }

    fn finish(mut self) -> Catalog {
        if self.by_name.is_empty() {
            return Catalog { sequences: self.sequences, excluded: self.excluded, warnings: self.warnings };
        }
        let index = NameIndex::of(self.sequences.iter().map(|found| &found.sequence.name));
        for (literal, column) in std::mem::take(&mut self.by_name) {
            let warning = self.put_by_name(&index, &literal, &column);
            self.warnings.extend(warning);
        }
        Catalog { sequences: self.sequences, excluded: self.excluded, warnings: self.warnings }
    }

    /// Puts a column with the sequence that its literal names, if there is just one; with each if there are several.
    fn put_by_name(&mut self, index: &NameIndex, literal: &str, column: &ColumnFacts) -> Option<String> {
        let place = format!("the default of {}", column.name());
        let found = index.find(literal);
        for at in &found {
            let default =
                if found.len() == 1 { ColumnDefault::ByName } else { ColumnDefault::Ambiguous(literal.to_owned()) };
            let columns = &mut self.sequences[*at].columns;
            // The owner's row is there already, without knowing that its own default draws by name.
            match columns.iter_mut().find(|known| known.table_oid == column.table_oid && known.column == column.column)
            {
                Some(known) => known.default = default,
                None => columns.push(ColumnFacts { default, ..column.clone() }),
            }
        }
        found
            .is_empty()
            .then(|| format!("{place} calls nextval on {literal:?}, and no sequence in the report has that name"))
    }
}

/// What can be NULL, too. Of the privileges for an object that was dropped since the query began the server says that:
/// nothing can be done with it.
fn known(row: &Row, column: &str) -> Result<bool, postgres::Error> {
    Ok(row.try_get::<_, Option<bool>>(column)?.unwrap_or_default())
}

pub(super) fn persistence(is_unlogged: bool) -> Persistence {
    if is_unlogged { Persistence::Unlogged } else { Persistence::Permanent }
}

/// The names in a row.
struct Names<'a> {
    row: &'a Row,
    are_misspelt: bool,
}

impl<'a> Names<'a> {
    fn of(row: &'a Row) -> Self {
        Self { row, are_misspelt: false }
    }

    fn get(&mut self, column: &str) -> Result<String, postgres::Error> {
        let Text { text, is_whole } = self.row.try_get(column)?;
        self.are_misspelt |= !is_whole;
        Ok(text)
    }
}

fn sequence(row: &Row, names: &mut Names, oid: u32) -> Result<Sequence, postgres::Error> {
    let (schema, name) = (names.get("sequence_schema")?, names.get("sequence_name")?);
    let data_type: String = row.try_get("data_type")?;
    Ok(Sequence {
        oid,
        name: QualifiedName::new(schema, name),
        definition: Definition {
            data_type: match data_type.as_str() {
                "smallint" => DataType::SmallInt,
                "integer" => DataType::Integer,
                _ => DataType::BigInt,
            },
            start_value: row.try_get("start_value")?,
            increment: row.try_get("increment")?,
            min_value: row.try_get("min_value")?,
            max_value: row.try_get("max_value")?,
            cache_size: row.try_get("cache_size")?,
            cycle: row.try_get("cycle")?,
        },
        persistence: persistence(row.try_get("is_unlogged")?),
        is_ours: known(row, "is_ours")?,
        readable: Readable {
            can_use_schema: known(row, "can_use_sequence_schema")?,
            can_select: known(row, "can_read_sequence")?,
            is_row_secured: false,
        },
        can_advance: known(row, "can_advance")?,
        callers: Vec::new(),
        restriction: None,
    })
}

fn column(row: &Row, names: &mut Names) -> Result<ColumnFacts, postgres::Error> {
    let (schema, table) = (names.get("table_schema")?, names.get("table_name")?);
    let relkind: String = row.try_get("relkind")?;
    let deptype: Option<String> = row.try_get("deptype")?;
    let identity: String = row.try_get("attidentity")?;
    let type_name = shown(row, "column_type")?;
    let (alone, partly): (bool, bool) = (row.try_get("is_unique_alone")?, row.try_get("is_unique_partly")?);
    let names_it: Option<bool> = row.try_get("default_names_it")?;
    // Its expression is not printed then.
    let is_plain = known(row, "is_plain_nextval")?;
    let expression = row.try_get::<_, Option<Text>>("default_expression")?.map(|expression| expression.text);
    let default = match expression {
        None if is_plain => ColumnDefault::Plain,
        None if !identity.is_empty() && deptype.as_deref() != Some("i") => {
            ColumnDefault::Elsewhere("GENERATED AS IDENTITY, by a sequence of its own".to_owned())
        }
        None => ColumnDefault::None,
        Some(text) if names_it != Some(true) => ColumnDefault::Elsewhere(text),
        Some(text) => match parse_nextval(&text, &type_name) {
            Nextval::Plain => ColumnDefault::Plain,
            Nextval::Current => ColumnDefault::Elsewhere(text),
            Nextval::ByName(_) | Nextval::Other => ColumnDefault::More(text),
        },
    };
    Ok(ColumnFacts {
        table: QualifiedName::new(schema, table),
        table_oid: row.try_get("table_oid")?,
        kind: match relkind.as_str() {
            "p" => RelationKind::Partitioned,
            "f" => RelationKind::Foreign,
            "v" => RelationKind::View,
            _ => RelationKind::Table,
        },
        parents: row.try_get("parents")?,
        reach: Reach::Tree,
        column: names.get("column_name")?,
        number: row.try_get("attnum")?,
        type_oid: row.try_get("atttypid")?,
        column_type: column_type(type_name, row.try_get("base_type")?, row.try_get("typmod")?),
        ownership: match deptype.as_deref() {
            Some("i") => Some(Ownership::Identity { always: identity == "a" }),
            Some(_) => Some(Ownership::Owned),
            None => None,
        },
        default,
        uniqueness: match (alone, partly) {
            (true, _) => Uniqueness::Alone,
            (false, true) => Uniqueness::Partly,
            (false, false) => Uniqueness::No,
        },
        cost: ReadCost {
            is_indexed: row.try_get("is_indexed")?,
            tables: row.try_get("tables")?,
            relations: row.try_get("relations")?,
            bytes: u64::try_from(row.try_get::<_, i64>("bytes")?).unwrap_or_default(),
        },
        remote: foreign_servers(row.try_get::<_, Option<Vec<Option<Text>>>>("remote_servers")?.unwrap_or_default()),
        readable: Readable {
            can_use_schema: known(row, "can_use_schema")?,
            can_select: known(row, "can_read")?,
            is_row_secured: known(row, "is_row_secured")?,
        },
        can_lock: known(row, "can_lock")?,
        persistence: persistence(row.try_get("is_table_unlogged")?),
        is_not_null: row.try_get("is_not_null")?,
    })
}

/// Reads the name of each and its place, one after the other.
fn foreign_servers(parts: Vec<Option<Text>>) -> Vec<ForeignServer> {
    let parts: Vec<Option<String>> = parts.into_iter().map(|part| Some(part?.text)).collect();
    let server = |parts: &[Option<String>]| {
        let (name, place) = parts.split_first().map_or((None, parts), |(name, place)| (name.clone(), place));
        let place = ForeignServer::KEYWORDS.into_iter().zip(place);
        ForeignServer {
            name: name.unwrap_or_default(),
            place: place.filter_map(|(keyword, value)| Some((keyword, value.clone()?))).collect(),
        }
    };
    parts.chunks(1 + ForeignServer::KEYWORDS.len()).map(server).collect()
}
