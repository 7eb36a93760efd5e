//! A plan that `fix --dry-run --format json` wrote, read to be done.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use pgseqfix::db::{Error, ScanOptions, Selection};
use pgseqfix::model::{
    DataType, Definition, Entry, Finding, Outcome, Plan, PlanOptions, Protection, QualifiedName, SequenceState, Terms,
    WrittenFix, WrittenPlan,
};
use serde::Deserialize;
use serde_json::error::Category;

use super::failure::Failure;
use super::render::json::{OptionsFields, SCHEMA_VERSION};
use super::render::json_sequence::DefinitionFields;

/// A plan as a file has it.
#[derive(Debug)]
pub struct PlanFile {
    database: String,
    terms: Terms,
    plan: Arc<WrittenPlan>,
}

/// What is read of the document; README has every field.
#[derive(Deserialize)]
struct Document {
    schema_version: u32,
    mode: String,
    database: String,
    options: Option<OptionsFields>,
    sequences: Vec<SequenceFields>,
}

#[derive(Deserialize)]
struct SequenceFields {
    schema: String,
    name: String,
    definition: DefinitionFields,
    columns: Vec<ColumnFields>,
    fix: Option<FixFields>,
}

#[derive(Deserialize)]
struct ColumnFields {
    schema: String,
    table: String,
    column: String,
    role: String,
}

#[derive(Deserialize)]
struct FixFields {
    protection: String,
    last_value: i64,
    is_called: bool,
    next_value: i64,
    sql: String,
}

impl PlanFile {
    /// Reads a file; `-` is standard input.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is no plan.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let mut text = String::new();
        let read = if path == Path::new("-") {
            io::stdin().read_to_string(&mut text)
        } else {
            std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
        };
        let doing = || format!("could not read the plan {}", path.display());
        read.map_err(|error| Failure::Io(doing(), error))?;
        Self::parse(&text).map_err(|reason| {
            let error = Error::refusal(doing(), reason);
            error.with_hint("a plan is what pgseqfix fix --dry-run --format json -o FILE has written").into()
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_str(text).map_err(|error| match error.classify() {
            // jq before 1.7 writes the greatest bigint so.
            Category::Data if text.contains("9223372036854776000") => {
                format!("{error}; jq before 1.7 rounds such numbers")
            }
            _ => error.to_string(),
        })?;
        if document.schema_version != SCHEMA_VERSION {
            let theirs = document.schema_version;
            return Err(format!("its schema_version is {theirs}, and this pgseqfix knows {SCHEMA_VERSION}"));
        }
        if document.mode != "dry_run" {
            return Err(format!("its mode is {}, not dry_run", document.mode));
        }
        let options = document.options.ok_or("it has no options")?;
        let fixes: Result<Vec<WrittenFix>, String> =
            document.sequences.into_iter().filter_map(SequenceFields::into_fix).collect();
        let plan = WrittenPlan::new(fixes?).map_err(|twice| format!("{twice} is in it twice"))?;
        Ok(Self { database: document.database, terms: options.into(), plan: Arc::new(plan) })
    }

    /// What is to be looked at.
    pub fn scan(&self, asked: &ScanOptions) -> ScanOptions {
        ScanOptions {
            selection: Selection { sequences: Some(self.plan.sequences()), ..Selection::default() },
            ignore_above: self.terms.ignore_above,
            ignore_below: self.terms.ignore_below,
            ..asked.clone()
        }
    }

    /// How it is to be decided.
    pub fn options(&self, asked: PlanOptions) -> PlanOptions {
        PlanOptions {
            headroom: self.terms.headroom,
            fix_outliers: self.terms.fix_outliers,
            accept_races: self.terms.accept_races,
            written: Some(Arc::clone(&self.plan)),
            ..asked
        }
    }

    /// What it was made with.
    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// What is to be said of those of its sequences that were not found.
    pub fn missing(&self, findings: &[Finding]) -> Vec<Entry> {
        self.plan.missing(findings)
    }

    /// What became already of those of its fixes that are not to be done: by the sequence's oid.
    pub fn settled(&self, findings: &[Finding], plan: &Plan) -> BTreeMap<u32, Outcome> {
        self.plan.settled(findings, plan)
    }

    /// Refuses what was written down of another database.
    ///
    /// # Errors
    ///
    /// That.
    pub fn expect_database(&self, database: &str) -> Result<(), Error> {
        if database == self.database {
            return Ok(());
        }
        let reason = format!("it was made for database {}, and this is {database}", self.database);
        Err(Error::refusal("could not do the plan", reason).with_hint("make a plan of this database"))
    }
}

impl SequenceFields {
    /// Its fix, if it has one.
    fn into_fix(self) -> Option<Result<WrittenFix, String>> {
        let fix = self.fix?;
        let sequence = QualifiedName::new(self.schema, self.name);
        let odd = |what: &str, found: &str| Some(Err(format!("{sequence} has the unknown {what} {found}")));
        let protection = match fix.protection.as_str() {
            "full" => Protection::Full,
            "advance" => Protection::Advance,
            "headroom" => Protection::Headroom,
            other => return odd("protection", other),
        };
        let data_type = match self.definition.data_type.as_str() {
            "smallint" => DataType::SmallInt,
            "integer" => DataType::Integer,
            "bigint" => DataType::BigInt,
            other => return odd("data type", other),
        };
        let DefinitionFields { start_value, increment, min_value, max_value, cache_size, cycle, .. } = self.definition;
        let definition = Definition { data_type, start_value, increment, min_value, max_value, cache_size, cycle };
        let counted = self.columns.into_iter().filter(|column| column.role == "counts");
        let columns = counted.map(|it| (QualifiedName::new(it.schema, it.table), it.column)).collect();
        let to = SequenceState { last_value: fix.last_value, is_called: fix.is_called };
        Some(Ok(WrittenFix { sequence, definition, columns, to, next_value: fix.next_value, protection, sql: fix.sql }))
    }
}
