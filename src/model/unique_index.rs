//! A unique index with the table that it keeps free of duplicates, as the catalog has them.

use super::catalog::{Readable, RelationKind};
use super::name::{QualifiedName, quote_identifier};

/// The longest name: `NAMEDATALEN` less one, in bytes.
pub const LONGEST_NAME: usize = 63;

/// What kind of rule an index enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// PRIMARY KEY.
    PrimaryKey,
    /// A UNIQUE constraint.
    UniqueConstraint,
    /// A unique index without a constraint.
    UniqueIndex,
    /// An EXCLUDE constraint, or a key WITHOUT OVERLAPS: its violation is 23P01.
    Exclusion,
}

impl IndexKind {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::PrimaryKey => "primary_key",
            Self::UniqueConstraint => "unique_constraint",
            Self::UniqueIndex => "unique_index",
            Self::Exclusion => "exclusion_constraint",
        }
    }
}

/// One column or expression of an index's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPart {
    /// As it stands in a statement, written and quoted by the server.
    pub definition: String,
    /// The column's name; `None` for an expression.
    pub column: Option<String>,
    /// Its type, a domain's base type taken, as it stands in a cast.
    pub type_name: String,
    /// The type's category (`pg_type.typcategory`): `N` numbers, `S` texts, `D` dates and times.
    pub category: String,
    /// The operator by which the index tells duplicates, as it stands in a statement; `None` where it has no such one.
    pub equality: Option<String>,
    /// The collation by which it compares.
    pub collation: Option<String>,
}

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type, as it stands in a cast.
    pub type_name: String,
    /// Whether an INSERT may name it: it is neither generated nor GENERATED ALWAYS AS IDENTITY.
    pub is_insertable: bool,
    /// Whether it draws from a sequence when an INSERT leaves it out.
    pub draws: bool,
    /// Whether it belongs to the primary key.
    pub is_primary: bool,
    /// The columns that it is generated from.
    pub computed_from: Vec<String>,
}

/// A unique or exclusion index.
#[allow(clippy::struct_excessive_bools, reason = "as many properties as the catalog has of it")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueIndex {
    /// Its oid.
    pub oid: u32,
    /// Its name, which is its constraint's name, too.
    pub name: QualifiedName,
    /// The index of a partition by which it was found, with that partition; `None` where it was found itself.
    pub found_as: Option<(QualifiedName, QualifiedName)>,
    /// Its table: of partitions the top of their tree, if the index reaches there.
    pub table: QualifiedName,
    /// The table's oid.
    pub table_oid: u32,
    /// The oid of the table by which it was found: the same, or a partition of it.
    pub found_table_oid: u32,
    /// The table's kind.
    pub table_kind: RelationKind,
    /// What kind of rule it is.
    pub kind: IndexKind,
    /// Its key, in order.
    pub key: Vec<KeyPart>,
    /// Every column that the key or the predicate depends on.
    pub depends_on: Vec<String>,
    /// The rows that it covers, as an expression; `None` where it covers all.
    pub predicate: Option<String>,
    /// Whether two NULLs are duplicates.
    pub nulls_not_distinct: bool,
    /// Whether it is DEFERRABLE, so that it can be checked at the end of the transaction.
    pub is_deferrable: bool,
    /// Whether it is INITIALLY DEFERRED.
    pub is_deferred: bool,
    /// Whether it is valid: an index that could not be built to its end is not.
    pub is_valid: bool,
    /// Whether its table belongs to the system.
    pub is_system: bool,
    /// Whether its table is a partition whose parents have no such index.
    pub is_of_partition_alone: bool,
    /// Whether the table has INSERT or UPDATE rules.
    pub has_write_rules: bool,
    /// Whether the table has rules for INSERT, UPDATE or DELETE.
    pub has_rules: bool,
    /// Whether it is a materialized view's.
    pub is_of_materialized_view: bool,
    /// Whether we may read the table, whole.
    pub readable: Readable,
    /// The table's columns, in order.
    pub columns: Vec<TableColumn>,
}

impl UniqueIndex {
    /// Its key for people: `(tenant, lower(email))`.
    pub fn key_text(&self) -> String {
        let parts: Vec<&str> = self.key.iter().map(|part| part.definition.as_str()).collect();
        format!("({})", parts.join(", "))
    }

    /// Whether its key or its predicate has to do with a column.
    pub fn is_in_key(&self, column: &str) -> bool {
        self.depends_on.iter().any(|name| name == column)
            || self.key.iter().any(|part| part.column.as_deref() == Some(column))
    }

    /// Whether a column of the table draws from a sequence.
    pub fn draws(&self, column: Option<&str>) -> bool {
        self.columns.iter().any(|known| known.draws && Some(known.name.as_str()) == column)
    }

    /// Whether a column takes its value from its sequence in every INSERT that does not override it.
    pub fn always_draws(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.draws && !known.is_insertable && known.name == column)
    }

    /// The columns from which one part of the key gets its value: itself, or those that its expression or the generated
    /// column is computed from.
    pub fn sources(&self, part: &KeyPart) -> Vec<String> {
        let Some(name) = &part.column else {
            let is_named = |name: &&String| part.definition.contains(&quote_identifier(name));
            return self.depends_on.iter().filter(is_named).cloned().collect();
        };
        let computed = self.columns.iter().find(|column| column.name == *name).map(|column| &column.computed_from);
        std::iter::once(name).chain(computed.into_iter().flatten()).cloned().collect()
    }

    /// All columns from which the key gets its values.
    pub fn key_sources(&self) -> Vec<String> {
        self.key.iter().flat_map(|part| self.sources(part)).collect()
    }

    /// Names by which applications call the sequence that they draw this table's keys from themselves: Hibernate's,
    /// and the server's own for a serial column.
    pub fn likely_sequences(&self) -> Vec<String> {
        let table = &self.table.name;
        let of_table = ["seq", "sequence", "id_seq", "pk_seq"].map(|word| format!("{table}_{word}"));
        let of_columns = self.key.iter().filter_map(|part| Some(format!("{table}_{}_seq", part.column.as_ref()?)));
        let mut names: Vec<String> = of_table.into_iter().chain(of_columns).collect();
        names.extend([format!("seq_{table}"), format!("{table}seq"), "hibernate_sequence".to_owned()]);
        // Hibernate names it after the entity, with its capitals: "User_SEQ".
        names.extend([format!("{table}_SEQ"), format!("{}_SEQ", table.to_uppercase())]);
        names.retain(|name| name.len() <= LONGEST_NAME);
        names
    }
}
