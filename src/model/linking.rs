//! Which columns' values a sequence must be past: decided from the catalog's facts alone.

use super::catalog::{ColumnDefault, ColumnFacts, ForeignServer, Ownership, RelationKind};
use super::doubt::Doubt;
use super::name::quote_identifier;
use super::sequence::Definition;

/// How a column draws from a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It is an identity column.
    Identity {
        /// GENERATED ALWAYS, rather than BY DEFAULT.
        always: bool,
    },
    /// It owns the sequence: what `pg_get_serial_sequence` returns.
    Owned,
    /// Its default calls `nextval` on the sequence, which it does not own.
    Default,
}

impl Link {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity { .. } => "identity",
            Self::Owned => "owned",
            Self::Default => "default",
        }
    }
}

/// Whether a column's values are compared with the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// They are.
    Counts,
    /// They are, as rows of a table above it in the inheritance tree.
    ReadWithParent,
    /// They are not, and need not be: what we know is enough without them.
    Passed(String),
    /// They are not, and so something stays unknown.
    Blind(Doubt),
}

/// A column with its link and its part in the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedColumn {
    /// What the catalog says of it.
    pub facts: ColumnFacts,
    /// How it draws.
    pub link: Link,
    /// Whether it is compared.
    pub role: Role,
    /// The farthest value found in it, once it was read.
    pub farthest: Option<i64>,
}

impl LinkedColumn {
    /// For people: `public.album.album_id`.
    pub fn name(&self) -> String {
        self.facts.name()
    }

    /// The last value, in the sequence's direction, that its type holds.
    pub(crate) fn limit(&self, definition: &Definition) -> Option<i64> {
        let range = self.facts.column_type.holds?;
        Some(if definition.is_ascending() { range.max } else { range.min })
    }

    /// How many bytes have to be read for its farthest value: none where an index tells it.
    pub fn bytes_to_read(&self) -> u64 {
        if self.facts.cost.is_indexed { 0 } else { self.facts.cost.bytes }
    }

    /// Whether its values are read and its table is locked.
    pub fn counts(&self) -> bool {
        self.role == Role::Counts
    }
}

/// Decides for every column of one sequence whether it counts.
///
/// A column that draws from the sequence counts. The owner counts, too, while no default draws from the sequence:
/// then the application calls `nextval` itself. An owner that draws from elsewhere counts for nothing.
pub fn link(facts: Vec<ColumnFacts>) -> Vec<LinkedColumn> {
    let somebody_draws = facts.iter().any(|column| draws(column) && column.kind != RelationKind::View);
    let mut roles: Vec<Role> = facts.iter().map(|column| role(column, somebody_draws)).collect();
    pass_views(&facts, &mut roles);
    let are_read: Vec<bool> = facts.iter().map(|column| is_read_with_parent(column, &facts, &roles)).collect();
    facts
        .into_iter()
        .zip(roles)
        .zip(are_read)
        .map(|((facts, role), is_read)| {
            let link = match facts.ownership {
                Some(Ownership::Identity { always }) => Link::Identity { always },
                Some(Ownership::Owned) => Link::Owned,
                None => Link::Default,
            };
            LinkedColumn { facts, link, role: if is_read { Role::ReadWithParent } else { role }, farthest: None }
        })
        .collect()
}

/// A view adds no rows of its own: where a table that it shows counts, nothing stays unknown.
fn pass_views(facts: &[ColumnFacts], roles: &mut [Role]) {
    let counted: Vec<u32> = facts
        .iter()
        .zip(&*roles)
        .filter(|(_, role)| **role == Role::Counts)
        .map(|(column, _)| column.table_oid)
        .collect();
    for (column, role) in facts.iter().zip(roles) {
        if column.kind == RelationKind::View && column.parents.iter().any(|table| counted.contains(table)) {
            *role = Role::Passed("it is a view's column: its rows are the table's".to_owned());
        }
    }
}

/// Whether the column's rows are read as rows of a table above it: a parent that counts, or one that is read so itself.
fn is_read_with_parent(column: &ColumnFacts, facts: &[ColumnFacts], roles: &[Role]) -> bool {
    let mut parents = facts
        .iter()
        .zip(roles)
        .filter(|(other, _)| column.parents.contains(&other.table_oid) && other.column == column.column);
    let is_table = column.kind != RelationKind::View;
    is_table
        && draws(column)
        && parents.any(|(parent, role)| *role == Role::Counts || is_read_with_parent(parent, facts, roles))
}

/// Whether an INSERT that leaves the column out calls `nextval` on the sequence, and nothing more.
fn draws(column: &ColumnFacts) -> bool {
    matches!(column.default, ColumnDefault::Plain | ColumnDefault::ByName)
        || matches!(column.ownership, Some(Ownership::Identity { .. }))
}

fn role(column: &ColumnFacts, somebody_draws: bool) -> Role {
    let name = column.name();
    if !draws(column) {
        return match &column.default {
            ColumnDefault::None if !somebody_draws => readable(column, &name),
            ColumnDefault::None => Role::Passed("it owns the sequence, but others draw from it".into()),
            ColumnDefault::Ambiguous(literal) => Role::Blind(Doubt::with_cure(
                format!(
                    "the default of {name} looks {literal:?} up at each call, and several sequences have that name"
                ),
                format!(
                    "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT nextval('schema.name'), with the sequence that is meant",
                    column.table,
                    super::name::quote_identifier(&column.column)
                ),
            )),
            ColumnDefault::More(expression) => {
                Role::Blind(Doubt::new(format!("the default of {name} is more than a plain nextval: {expression}")))
            }
            ColumnDefault::Elsewhere(expression) if somebody_draws || column.ownership.is_none() => {
                Role::Passed(format!("its default is {expression}"))
            }
            ColumnDefault::Elsewhere(expression) => Role::Blind(Doubt::new(format!(
                "{name} owns the sequence, but its default does not draw from it: {expression}"
            ))),
            ColumnDefault::Plain | ColumnDefault::ByName => unreachable!("such a column draws"),
        };
    }
    readable(column, &name)
}

/// Whether a column whose values matter can be read as numbers, here and whole.
fn readable(column: &ColumnFacts, name: &str) -> Role {
    match column.kind {
        RelationKind::View => {
            return Role::Blind(Doubt::new(format!("{name} is a view's column: its rows are elsewhere")));
        }
        RelationKind::Foreign => {
            let why = format!(
                "{} is a foreign table: its rows are on another server and cannot be locked from here",
                column.table
            );
            return Role::Blind(Doubt { reason: why, cure: look_there(&column.remote) });
        }
        RelationKind::Table | RelationKind::Partitioned => {}
    }
    if !column.remote.is_empty() {
        let why = format!(
            "{} is partly remote: some of its partitions are foreign tables; a lock reaches to this server's only",
            column.table
        );
        return Role::Blind(Doubt { reason: why, cure: look_there(&column.remote) });
    }
    if column.column_type.holds.is_none() {
        return Role::Blind(Doubt::new(format!("{name} is {}, no integer type", column.column_type.name)));
    }
    Role::Counts
}

/// What to look at beside this server.
fn look_there(servers: &[ForeignServer]) -> Option<String> {
    let place = |server: &ForeignServer| {
        let name = quote_identifier(&server.name);
        server.scan_command().map_or_else(|| format!("server {name}"), |command| format!("server {name} ({command})"))
    };
    let places: Vec<String> = servers.iter().map(place).collect();
    (!places.is_empty()).then(|| format!("look there, too, with a role of that server: {}", places.join(", ")))
}

/// The last value, in the sequence's direction, that the columns which still take the next value can all hold.
/// A column that the sequence has outgrown already cannot be helped, and does not hold the others back.
pub fn column_limit(definition: &Definition, next_value: Option<i64>, columns: &[LinkedColumn]) -> i64 {
    let limits: Vec<i64> =
        columns.iter().filter(|column| column.counts()).filter_map(|column| column.limit(definition)).collect();
    let takes_next = |limit: &i64| next_value.is_none_or(|next| !definition.is_past(next, *limit));
    let nearest = |one, other| if definition.is_past(one, other) { other } else { one };
    let still = limits.iter().copied().filter(takes_next).reduce(nearest);
    still
        .or_else(|| limits.iter().copied().reduce(|one, other| definition.farther(one, other)))
        .unwrap_or_else(|| definition.limit())
}
