//! A sequence in the JSON document.

use pgseqfix::model::{
    Caller, Doubt, Entry, Fix, Level, LinkedColumn, Outcome, Persistence, Role, SequenceState, Uniqueness,
};
use serde::{Deserialize, Serialize};

/// One element of `sequences`.
#[derive(Serialize)]
pub struct SequenceFields<'a> {
    schema: &'a str,
    name: &'a str,
    status: &'static str,
    reason: Option<String>,
    hint: Option<String>,
    definition: DefinitionFields,
    state: Option<StateFields>,
    next_value: Option<i64>,
    farthest_value: Option<i64>,
    next_collision: Option<i64>,
    colliding_calls: Option<u64>,
    colliding_calls_is_minimum: Option<bool>,
    used_share: Option<f64>,
    columns: Vec<ColumnFields<'a>>,
    callers: Vec<CallerFields<'a>>,
    protection: Option<&'static str>,
    fix: Option<FixFields>,
    outcome: Option<OutcomeFields>,
}

/// What CREATE SEQUENCE fixed; a plan that is done is read with it, too.
#[derive(Serialize, Deserialize)]
pub struct DefinitionFields {
    pub data_type: String,
    pub start_value: i64,
    pub increment: i64,
    pub min_value: i64,
    pub max_value: i64,
    pub cache_size: i64,
    pub cycle: bool,
    unlogged: bool,
}

#[derive(Serialize)]
struct StateFields {
    last_value: i64,
    is_called: bool,
}

#[derive(Serialize)]
struct ColumnFields<'a> {
    schema: &'a str,
    table: &'a str,
    column: &'a str,
    r#type: &'a str,
    link: &'static str,
    role: &'static str,
    reason: Option<&'a str>,
    unique: &'static str,
    indexed: bool,
    farthest_value: Option<i64>,
}

#[derive(Serialize)]
struct CallerFields<'a> {
    name: &'a str,
    reached_by: &'a [String],
}

#[derive(Serialize)]
struct FixFields {
    protection: &'static str,
    last_value: i64,
    is_called: bool,
    next_value: i64,
    sql: String,
}

#[derive(Serialize)]
struct OutcomeFields {
    result: &'static str,
    before: Option<StateFields>,
    after: Option<StateFields>,
    reason: Option<String>,
}

impl<'a> SequenceFields<'a> {
    /// Everything that is known of a sequence.
    pub fn of(entry: &'a Entry) -> Self {
        let finding = &entry.finding;
        let sequence = &finding.sequence;
        let definition = &sequence.definition;
        let collisions = entry.collisions();
        let (reason, hint) = split(entry.doubt());
        Self {
            schema: &sequence.name.schema,
            name: &sequence.name.name,
            status: finding.word(),
            reason,
            hint,
            definition: DefinitionFields {
                data_type: definition.data_type.to_string(),
                start_value: definition.start_value,
                increment: definition.increment,
                min_value: definition.min_value,
                max_value: definition.max_value,
                cache_size: definition.cache_size,
                cycle: definition.cycle,
                unlogged: sequence.persistence == Persistence::Unlogged,
            },
            state: finding.state.map(Into::into),
            next_value: finding.next_value(),
            farthest_value: finding.farthest(),
            next_collision: collisions.map(|collisions| collisions.nearest),
            colliding_calls: collisions.map(|collisions| collisions.calls),
            colliding_calls_is_minimum: collisions.map(|collisions| collisions.calls_is_minimum),
            used_share: finding.used_share(),
            columns: finding.columns.iter().map(Into::into).collect(),
            callers: sequence.callers.iter().map(Into::into).collect(),
            fix: entry.fix.as_deref().map(Into::into),
            outcome: entry.outcome.as_ref().map(Into::into),
            protection: finding.level().map(Level::word),
        }
    }
}

impl From<SequenceState> for StateFields {
    fn from(state: SequenceState) -> Self {
        Self { last_value: state.last_value, is_called: state.is_called }
    }
}

impl<'a> From<&'a LinkedColumn> for ColumnFields<'a> {
    fn from(column: &'a LinkedColumn) -> Self {
        let facts = &column.facts;
        let (role, reason) = match &column.role {
            Role::Counts => ("counts", None),
            Role::ReadWithParent => ("read_with_parent", None),
            Role::Passed(reason) => ("passed", Some(reason.as_str())),
            Role::Blind(doubt) => ("blind", Some(doubt.reason.as_str())),
        };
        Self {
            schema: &facts.table.schema,
            table: &facts.table.name,
            column: &facts.column,
            r#type: &facts.column_type.name,
            link: column.link.word(),
            role,
            reason,
            unique: match facts.uniqueness {
                Uniqueness::Alone => "alone",
                Uniqueness::Partly => "partly",
                Uniqueness::No => "no",
            },
            indexed: facts.cost.is_indexed,
            farthest_value: column.farthest,
        }
    }
}

impl<'a> From<&'a Caller> for CallerFields<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self { name: &caller.name, reached_by: &caller.reached_by }
    }
}

impl From<&Fix> for FixFields {
    fn from(fix: &Fix) -> Self {
        Self {
            protection: fix.protection.word(),
            last_value: fix.to.last_value,
            is_called: fix.to.is_called,
            next_value: fix.next_value,
            sql: fix.move_sql(),
        }
    }
}

impl From<&Outcome> for OutcomeFields {
    fn from(outcome: &Outcome) -> Self {
        let (before, after) = match outcome {
            Outcome::Set { before, after }
            | Outcome::Advanced { before, after, .. }
            | Outcome::Moved { before, after, .. } => (Some(*before), Some(*after)),
            Outcome::AlreadyPast { state } => (Some(*state), Some(*state)),
            _ => (None, None),
        };
        Self {
            result: outcome.word(),
            before: before.map(Into::into),
            after: after.map(Into::into),
            reason: outcome.doubt().map(|doubt| doubt.reason.clone()),
        }
    }
}

fn split(doubt: Option<Doubt>) -> (Option<String>, Option<String>) {
    doubt.map_or((None, None), |doubt| (Some(doubt.reason), doubt.cure))
}
