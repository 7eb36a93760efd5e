//! The column that owns a sequence.

use std::collections::HashSet;

use postgres::types::Type;

use super::cells::Cells;
use super::indexes::Indexes;
use super::privileges::Rights;
use crate::db::catalog::persistence;
use crate::db::column_type::column_type;
use crate::model::{
    ColumnDefault, ColumnFacts, Ownership, QualifiedName, Reach, ReadCost, Readable, RelationKind, Sequence,
};

/// What a sequence's row says of the column that owns it.
pub(super) struct Column {
    /// Whether these facts are all: not where it is of another kind than those that are told of here.
    pub(super) is_plain: bool,
    /// None where no column owns the sequence.
    pub(super) facts: Option<ColumnFacts>,
    /// Whether its default is plain and names this sequence.
    pub(super) has_plain_default: bool,
}

impl Column {
    /// Reads it. `None` where that is not understood.
    pub(super) fn read(
        cells: &mut Cells,
        sequence: &Sequence,
        rights: Rights,
        indexes: &Indexes,
        naming_defaults: &HashSet<(u32, u32)>,
        major: i32,
    ) -> Option<Self> {
        let Some(deptype) = cells.next() else {
            return Some(Self { is_plain: true, facts: None, has_plain_default: false });
        };
        let table_oid = cells.number()?;
        let table = QualifiedName::new(sequence.name.schema.clone(), cells.text()?);
        let is_ordinary = cells.is_true();
        let persistence = persistence(cells.is_true());
        let bytes: i64 = cells.number()?;
        let number = cells.number()?;
        let column = cells.text()?;
        let type_oid = cells.number()?;
        let identity = cells.next()?;
        // Since 18 a constraint may be NOT VALID yet, and children of a table may do without it.
        let is_not_null = cells.is_true() && major < 18;
        let (has_default, default) = (cells.is_true(), cells.number());
        let names_sequence = default.is_some_and(|default| naming_defaults.contains(&(default, sequence.oid)));
        let has_plain_default = cells.is_true() && names_sequence;

        let ownership = match (deptype, identity) {
            ("i", "a" | "d") if !has_default => Some(Ownership::Identity { always: identity == "a" }),
            ("a", "") if has_default == has_plain_default => Some(Ownership::Owned),
            _ => None,
        };
        let type_name = type_name(type_oid);
        let said = indexes.say_of(table_oid, number);
        let facts = ColumnFacts {
            table,
            table_oid,
            kind: RelationKind::Table,
            parents: Vec::new(),
            reach: Reach::Tree,
            column,
            number,
            type_oid,
            column_type: column_type(type_name.unwrap_or_default().to_owned(), type_oid, -1),
            ownership,
            default: if has_default { ColumnDefault::Plain } else { ColumnDefault::None },
            uniqueness: said.uniqueness,
            cost: ReadCost {
                is_indexed: said.is_leading,
                tables: 1,
                relations: 1 + said.indexes,
                bytes: u64::try_from(bytes).unwrap_or_default(),
            },
            remote: Vec::new(),
            // A sequence is in its table's schema.
            readable: Readable {
                can_use_schema: sequence.readable.can_use_schema,
                can_select: rights.can_read,
                is_row_secured: rights.is_row_secured,
            },
            can_lock: rights.can_lock,
            persistence,
            is_not_null,
        };
        let is_plain = is_ordinary && ownership.is_some() && type_name.is_some();
        Some(Self { is_plain, facts: Some(facts), has_plain_default })
    }
}

/// The name of a type that serial and identity columns mostly have, as the server writes it.
fn type_name(oid: u32) -> Option<&'static str> {
    match Type::from_oid(oid) {
        Some(Type::INT2) => Some("smallint"),
        Some(Type::INT4) => Some("integer"),
        Some(Type::INT8) => Some("bigint"),
        _ => None,
    }
}
