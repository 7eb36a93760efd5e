//! Reads the sequences of a database whose columns are all plain: serial, or GENERATED AS IDENTITY, in tables of which
//! none inherits. Two short queries tell of them what the long one tells, which the server takes longer to plan than
//! to run.
//!
//! Nothing is guessed: whatever is not plain leaves the whole to the long query.

mod cells;
mod column;
mod indexes;
mod privileges;

use std::collections::HashSet;

use postgres::{Client, SimpleQueryRow};

use self::cells::Cells;
use self::column::Column;
use self::indexes::Indexes;
use self::privileges::{Privileges, Rights};
use super::catalog::{Catalog, Cataloged, persistence};
use super::holdings::Holdings;
use super::session::answers;
use crate::model::{DataType, Definition, QualifiedName, Readable, Sequence};

/// Reads them, if all are plain: then each of the defaults that name a sequence belongs to the column that owns it.
pub(super) fn read(client: &mut Client, holdings: &Holdings, major: i32) -> Result<Option<Catalog>, postgres::Error> {
    let Some(naming_defaults) = &holdings.plain_defaults else { return Ok(None) };
    let mut sql = concat!(
        include_str!("../sql/plain_sequences.sql"),
        include_str!("../sql/plain_indexes.sql"),
        include_str!("../sql/extension_relations.sql")
    )
    .to_owned();
    if !holdings.has_all_privileges {
        sql.push_str(include_str!("../sql/plain_privileges.sql"));
    }
    Ok(catalog(&answers(client, &sql)?, naming_defaults, major))
}

fn catalog(answers: &[Vec<SimpleQueryRow>], naming_defaults: &HashSet<(u32, u32)>, major: i32) -> Option<Catalog> {
    let (rows, indexes, of_extensions, privileges) = match answers {
        [rows, indexes, of_extensions] => (rows, indexes, of_extensions, Privileges::All),
        [rows, indexes, of_extensions, privileges] => (rows, indexes, of_extensions, Privileges::of(privileges)?),
        _ => return None,
    };
    let of_extensions = of_extensions.iter().map(|row| row.get(0)?.parse().ok()).collect::<Option<HashSet<u32>>>()?;
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
        let rights = privileges.say_of(oid);
        let sequence = sequence(&mut cells, oid, name, rights)?;
        let column = Column::read(&mut cells, &sequence, rights, &indexes, naming_defaults, major)?;
        plain_defaults += usize::from(column.has_plain_default);
        match excluded {
            Some("system") => catalog.excluded.system += 1,
            Some(_) => catalog.excluded.temporary += 1,
            None if of_extensions.contains(&oid) => catalog.excluded.extension += 1,
            None if !column.is_plain => return None,
            None => {
                let columns = column.facts.into_iter().collect();
                catalog.sequences.push(Cataloged { sequence, columns, is_misspelt: false });
            }
        }
    }
    (plain_defaults == naming_defaults.len()).then_some(catalog)
}

fn sequence(cells: &mut Cells, oid: u32, name: QualifiedName, rights: Rights) -> Option<Sequence> {
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
    Some(Sequence {
        oid,
        name,
        definition,
        persistence,
        is_ours: rights.is_ours,
        readable: Readable {
            can_use_schema: rights.can_use_schema,
            can_select: rights.can_read_sequence,
            is_row_secured: false,
        },
        can_advance: rights.can_advance,
        callers: Vec::new(),
        restriction: None,
    })
}
