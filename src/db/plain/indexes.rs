//! What the indexes of a table say of one of its columns.

use std::collections::HashMap;

use postgres::SimpleQueryRow;

use super::cells::Cells;
use crate::model::Uniqueness;

/// The indexes of all tables, by their tables' oids.
pub(super) struct Indexes(HashMap<u32, Vec<Index>>);

struct Index {
    /// Or an exclusion constraint's; as all else of an index that is valid.
    is_unique: bool,
    /// Whether it is unique for every row.
    is_unique_for_all: bool,
    /// Whether it is a btree that holds every row.
    is_ordered: bool,
    /// The key columns' numbers; 0 for an expression.
    keys: Vec<i16>,
}

/// What they say.
pub(super) struct Indexed {
    pub(super) indexes: i64,
    pub(super) uniqueness: Uniqueness,
    /// Whether a btree index that holds every row begins with the column.
    pub(super) is_leading: bool,
}

impl Indexes {
    pub(super) fn of(rows: &[SimpleQueryRow]) -> Option<Self> {
        let mut tables: HashMap<u32, Vec<Index>> = HashMap::with_capacity(rows.len());
        for row in rows {
            let mut cells = Cells::of(row);
            let table = cells.number()?;
            tables.entry(table).or_default().push(Index::read(&mut cells)?);
        }
        Some(Self(tables))
    }

    pub(super) fn say_of(&self, table: u32, column: i16) -> Indexed {
        let all = self.0.get(&table).map_or(&[][..], Vec::as_slice);
        let begins = |index: &Index| index.keys.first() == Some(&column);
        let uniqueness = if all.iter().any(|index| index.is_unique_for_all && index.keys == [column]) {
            Uniqueness::Alone
        } else if all.iter().any(|index| index.is_unique && index.keys.contains(&column)) {
            Uniqueness::Partly
        } else {
            Uniqueness::No
        };
        let is_leading = all.iter().any(|index| index.is_ordered && begins(index));
        Indexed { indexes: i64::try_from(all.len()).unwrap_or(i64::MAX - 1), uniqueness, is_leading }
    }
}

impl Index {
    fn read(cells: &mut Cells) -> Option<Self> {
        let (is_valid, is_unique, is_whole, is_btree) =
            (cells.is_true(), cells.is_true(), cells.is_true(), cells.is_true());
        let count = cells.number()?;
        let keys = cells.next()?.split(' ').take(count).map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self {
            is_unique: is_valid && is_unique,
            is_unique_for_all: is_valid && is_unique && is_whole,
            is_ordered: is_valid && is_whole && is_btree,
            keys,
        })
    }
}
