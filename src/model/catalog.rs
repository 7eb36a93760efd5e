//! What the catalog says of a column and a sequence, before anybody judges it.

use super::name::{QualifiedName, conninfo_value, quote_identifier};
use super::range::ValueRange;

/// What kind of relation a column is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// An ordinary table, a partition or the parent of an inheritance tree.
    Table,
    /// A partitioned table.
    Partitioned,
    /// A foreign table: its rows are on another server.
    Foreign,
    /// A view, of which a column can have a default of its own.
    View,
}

/// A dependency of a sequence on a column (`pg_depend`): the sequence is dropped with the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The column is an identity column (`i`).
    Identity {
        /// GENERATED ALWAYS, rather than BY DEFAULT.
        always: bool,
    },
    /// The column owns the sequence (`a`): serial, or `ALTER SEQUENCE … OWNED BY`.
    Owned,
}

/// A column's default, seen from one sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnDefault {
    /// It has none.
    None,
    /// A plain `nextval` of this sequence.
    Plain,
    /// A `nextval` of this sequence's name, looked up at each call; no other sequence has that name.
    ByName,
    /// A `nextval` of a name that several sequences have: which one depends on the session's `search_path`.
    Ambiguous(String),
    /// Calls `nextval` on this sequence and does more than that.
    More(String),
    /// Has nothing to do with this sequence.
    Elsewhere(String),
}

/// The type of a column, a domain's base type taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnType {
    /// As `format_type` prints it.
    pub name: String,
    /// The whole numbers that it holds; `None` for a type that is not integer-like.
    pub holds: Option<ValueRange>,
    /// Whether it is `numeric`, which can hold fractions, too.
    pub is_numeric: bool,
}

/// Whether two rows can have the same value in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// A unique constraint or index covers this column alone: a duplicate is error 23505.
    Alone,
    /// Only together with other columns, or for part of the rows.
    Partly,
    /// Nothing forbids a duplicate: it goes in silently.
    No,
}

/// Whether a relation survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// It does.
    Permanent,
    /// It is emptied, and a sequence begins at its start again.
    Unlogged,
}

/// Whether our role may read something: all that it takes, as each is granted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable {
    /// Whether it may use the schema.
    pub can_use_schema: bool,
    /// Whether it has the SELECT privilege.
    pub can_select: bool,
    /// Whether row-level security would hide rows.
    pub is_row_secured: bool,
}

impl Readable {
    /// Whether it may be read, and all of it is seen.
    pub fn is_whole(self) -> bool {
        self.can_use_schema && self.can_select && !self.is_row_secured
    }
}

/// A column that has to do with a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Its table.
    pub table: QualifiedName,
    /// The table's oid.
    pub table_oid: u32,
    /// The table's kind.
    pub kind: RelationKind,
    /// The tables that this one inherits from or is a partition of; of a view those that it shows.
    pub parents: Vec<u32>,
    /// How much of the tree below the table is read.
    pub reach: Reach,
    /// Its name.
    pub column: String,
    /// Its number in the table, which stays while the name may change.
    pub number: i16,
    /// The oid of its type, which may be a domain.
    pub type_oid: u32,
    /// Its type.
    pub column_type: ColumnType,
    /// Whether the sequence depends on it.
    pub ownership: Option<Ownership>,
    /// What its default does.
    pub default: ColumnDefault,
    /// Whether a unique constraint covers it.
    pub uniqueness: Uniqueness,
    /// What a read of its farthest value takes.
    pub cost: ReadCost,
    /// The foreign servers that the table's tree reaches to.
    pub remote: Vec<ForeignServer>,
    /// Whether we may read it, whole.
    pub readable: Readable,
    /// Whether we may lock the table against writers.
    pub can_lock: bool,
    /// Whether its table survives a crash.
    pub persistence: Persistence,
    /// Whether it is marked NOT NULL: of its own table's rows, as far as the constraint is valid.
    pub is_not_null: bool,
}

/// A server whose tables are foreign ones here; of `postgres_fdw` with where it is, as far as its options say.
/// <https://www.postgresql.org/docs/current/postgres-fdw.html#POSTGRES-FDW-OPTIONS-CONNECTION>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignServer {
    /// Its name here.
    pub name: String,
    /// Keywords of libpq with their values.
    pub place: Vec<(&'static str, String)>,
}

impl ForeignServer {
    /// The keywords that say where it is.
    pub const KEYWORDS: [&'static str; 5] = ["host", "hostaddr", "port", "dbname", "service"];

    /// The command that looks at it, for a shell, where it is known how to get there and can be written.
    pub fn scan_command(&self) -> Option<String> {
        let is_speakable = |(_, value): &(&str, String)| !value.chars().any(char::is_control);
        if self.place.is_empty() || !self.place.iter().all(is_speakable) {
            return None;
        }
        let setting = |(keyword, value): &(&str, String)| {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/:@".contains(letter);
            let value =
                if !value.is_empty() && value.chars().all(is_plain) { value.clone() } else { conninfo_value(value) };
            format!("{keyword}={value}")
        };
        let settings: Vec<String> = self.place.iter().map(setting).collect();
        Some(format!("pgseqfix '{}'", settings.join(" ").replace('\'', r"'\''")))
    }
}

/// What a read of a column's farthest value takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadCost {
    /// Whether a btree index that holds every row begins with the column, so that the value is found at once.
    pub is_indexed: bool,
    /// How many tables there are in the tree: each is locked for a fix.
    pub tables: i64,
    /// How many relations it locks: tables and indexes of the whole tree.
    pub relations: i64,
    /// The size of the tree's tables: measured where all of them have to be read, else what the catalog says.
    pub bytes: u64,
}

/// How much of an inheritance tree a read of a table reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The table with all partitions and children.
    Tree,
    /// The table alone.
    Only,
}

impl ColumnFacts {
    /// For people: `public.album.album_id`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, quote_identifier(&self.column))
    }

    /// What stands in FROM to read it.
    pub(super) fn source_sql(&self) -> String {
        let table = self.table.to_sql();
        match self.reach {
            Reach::Tree => table,
            Reach::Only => format!("ONLY {table}"),
        }
    }
}

/// A function, view or rule that calls `nextval` on a sequence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// What it is, with its name as the server writes it: `function public.next_id()`.
    pub name: String,
    /// What calls it in turn: `trigger on public.orders`, `default of public.orders.id`.
    pub reached_by: Vec<String>,
}

impl Caller {
    /// Whether a trigger or a default of a table, by its name as the server writes it, calls it.
    pub fn is_reached_by(&self, table: &str) -> bool {
        self.reached_by.iter().any(|place| {
            place.strip_prefix("trigger on ") == Some(table)
                || place
                    .strip_prefix("default of ")
                    .and_then(|rest| rest.strip_prefix(table))
                    .is_some_and(|rest| rest.starts_with('.'))
        })
    }
}

impl std::fmt::Display for Caller {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.name)?;
        if !self.reached_by.is_empty() {
            write!(out, " ({})", self.reached_by.join(", "))?;
        }
        Ok(())
    }
}
