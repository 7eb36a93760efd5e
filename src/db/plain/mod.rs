//! Reads the sequences of a database whose columns are all plain: serial, or GENERATED AS IDENTITY, in tables of which
//! none inherits. Two short queries tell of them what the long one tells, which the server takes longer to plan than
//! to run.
//!
//! Nothing is guessed: whatever is not plain leaves the whole to the long query.

mod cells;
mod column;
mod indexes;

use std::collections::HashSet;

use postgres::{Client, SimpleQueryRow};

use self::cells::Cells;
use self::column::Column;
use self::indexes::Indexes;
use super::catalog::{Catalog, Cataloged, persistence};
use super::session::answers;
use crate::model::{DataType, Definition, QualifiedName, Readable, Sequence};

/// Reads them, if all are plain: then each of the defaults that name a sequence belongs to the column that owns it.
pub(super) fn read(
    client: &mut Client,
    naming_defaults: &HashSet<(u32, u32)>,
    major: i32,
) -> Result<Option<Catalog>, postgres::Error> {
    let sql = concat!(
        include_str!("../sql/plain_sequences.sql"),
        include_str!("../sql/plain_indexes.sql"),
        include_str!("../sql/extension_relations.sql")
    );
    let answers = answers(client, sql)?;
    let [rows, indexes, of_extensions] = answers.as_slice() else { return Ok(None) };
    let of_extensions = of_extensions.iter().map(|row| row.get(0)?.parse().ok()).collect::<Option<HashSet<u32>>>();
    Ok(of_extensions.and_then(|of_extensions| catalog(rows, indexes, &of_extensions, naming_defaults, major)))
}

fn catalog(
    rows: &[SimpleQueryRow],
    indexes: &[SimpleQueryRow],
    of_extensions: &HashSet<u32>,
    naming_defaults: &HashSet<(u32, u32)>,
    major: i32,
) -> Option<Catalog> {
    let indexes = Indexes::of(indexes)?;
    let mut catalog = Catalog::default();
    let mut plain_defaults = 0;
    let mut last = None;
    for row in rows {
        let mut cells = Cells::of(row);
        let oid = cells.number()?;
        // Two columns cannot own a sequence.
        if last.replace(oid) == Some(oid) {
            return None;
        }
        let name = QualifiedName::new(cells.text()?, cells.text()?);
        let excluded = cells.next();
        let sequence = sequence(&mut cells, oid, name)?;
        let column = Column::read(&mut cells, &sequence, &indexes, naming_defaults, major)?;
        plain_defaults += usize::from(column.has_plain_default);
        match excluded {
            Some("system") => catalog.excluded.system += 1,
            Some(_) => catalog.excluded.temporary += 1,
            None if of_extensions.contains(&oid) => catalog.excluded.extension += 1,
            None if !column.is_plain => return None,
            None => catalog.sequences.push(Cataloged { sequence, columns: column.facts.into_iter().collect() }),
        }
    }
    (plain_defaults == naming_defaults.len()).then_some(catalog)
}

fn sequence(cells: &mut Cells, oid: u32, name: QualifiedName) -> Option<Sequence> {
    let definition = Definition {
        data_type: match cells.number()? {
            21 => DataType::SmallInt,
            23 => DataType::Integer,
            _ => DataType::BigInt,
        },
        start_value: cells.number()?,
        increment: cells.number()?,
        min_value: cells.number()?,
        max_value: cells.number()?,
        cache_size: cells.number()?,
        cycle: cells.is_true(),
    };
    let persistence = persistence(cells.is_true());
    let (is_ours, can_read, can_advance) = (cells.is_true(), cells.is_true(), cells.is_true());
    let readable = Readable::of(cells.is_true(), can_read, false);
    Some(Sequence { oid, name, definition, persistence, is_ours, readable, can_advance, callers: Vec::new() })
}
