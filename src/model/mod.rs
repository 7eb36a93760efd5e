//! Talks to nobody: no driver, no clock, no terminal. Numbers and names in, an answer out.

mod catalog;
mod citus;
mod doubt;
mod drift;
mod expression;
mod finding;
mod fix;
mod group;
mod identifier;
mod letters;
mod level;
mod limits;
mod linking;
mod mention;
mod name;
mod pattern;
mod plan;
mod privilege;
mod probe;
mod quick_probe;
mod range;
mod reasons;
mod report;
mod row_probe;
mod script;
mod sequence;
mod server_kind;
mod shares;
mod summary;
mod unique_index;
mod written;

pub use catalog::{
    Caller, ColumnDefault, ColumnFacts, ColumnType, ForeignServer, Ownership, Persistence, Reach, ReadCost, Readable,
    RelationKind, Uniqueness,
};
pub use citus::Citus;
pub use doubt::Doubt;
pub use drift::{Collisions, Drift, Exhaustion, Observation, Overlap, assess};
pub use expression::{Nextval, parse_nextval};
pub use finding::{Finding, Status};
pub use fix::{Decision, Fix, Protection};
pub use group::{DID_NOT_MOVE, group_length, group_sql, lone_move_sql};
pub use identifier::{Identifiers, parse_identifiers};
pub use letters::is_harmful;
pub use level::{Level, Restriction, Way};
pub use limits::Limits;
pub use linking::{Link, LinkedColumn, Role, link};
pub use mention::nextval_literals;
pub use name::{QualifiedName, conninfo_value, quote_identifier, quote_literal};
pub use pattern::Pattern;
pub use plan::{LeftOut, Plan, PlanOptions, decide_to_advance, decide_under};
pub use probe::{COUNT_LIMIT, collisions_sql, farthest_sql, whole_collisions_sql, window_end};
pub use quick_probe::{StateFrom, collides_quickly, is_quick, quick_collisions_sql, quick_sql};
pub use range::ValueRange;
pub use report::{Entry, Excluded, Mode, Outcome, Report, Server, Terms};
pub use row_probe::{RowLookup, duplicates_sql, row_sql};
pub use script::{
    PLAIN_SETTINGS, READ_IDLE_LIMIT, Timeouts, at_most, begin_fix_sql, one_line, script, under_own_settings,
};
pub use sequence::{DataType, Definition, Sequence, SequenceState};
pub use server_kind::ServerKind;
pub use shares::shares;
pub use summary::{Summary, Verdict};
pub use unique_index::{IndexKind, KeyPart, LONGEST_NAME, TableColumn, UniqueIndex};
pub use written::{WrittenFix, WrittenPlan};
