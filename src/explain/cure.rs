//! What to write so that a duplicate is no error: statements to copy, made from the real table.

use crate::model::{
    IndexKind, KeyPart, QualifiedName, RelationKind, TableColumn, UniqueIndex, duplicates_sql, quote_identifier,
};

/// A statement to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What it does.
    pub purpose: &'static str,
    /// The statement, its values as parameters `$1`, `$2`, ….
    pub sql: String,
}

/// What can be written, and what is to be known about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cure {
    /// Statements, each as it runs on the server.
    pub statements: Vec<Remedy>,
    /// Why others are not possible, and what to mind.
    pub notes: Vec<String>,
}

/// MERGE came with PostgreSQL 15.
const MERGE_SINCE: u32 = 15;

/// Partitioned tables take ON CONFLICT since 11.
const PARTITIONED_CONFLICT_SINCE: u32 = 11;

/// Makes the cure for a table and one of its unique indexes; `major` is the server's version.
///
/// The rules are those of the conflict target
/// (<https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT>).
pub fn cure(index: &UniqueIndex, major: u32) -> Cure {
    let mut cure = Cure::default();
    if index.is_system {
        return cure;
    }
    if index.is_of_materialized_view {
        cure.notes.push(
            "a materialized view takes no INSERT: make its query return each key once, or drop the unique index"
                .to_owned(),
        );
        return cure;
    }
    let insert = Insert::of(index);
    if let Some(column) = index.key_sources().into_iter().find(|name| index.always_draws(name)) {
        cure.notes.push(format!(
            "{} is GENERATED ALWAYS AS IDENTITY, so an INSERT without OVERRIDING SYSTEM VALUE takes its key from the \
             sequence: ON CONFLICT would hide the fault, and lose the row or overwrite another",
            quote_identifier(&column)
        ));
        return cure;
    }
    match no_conflict_target(index, major) {
        // Nor can MERGE rely on it.
        Some(why) if !index.is_valid && index.kind != IndexKind::Exclusion => {
            cure.notes.push(why);
            cure.statements.push(duplicates_of(index));
            cure.notes.push("remove or change the duplicates, and build the index again".to_owned());
        }
        Some(why) => {
            cure.notes.push(why);
            cure.merge(index, &insert, major);
        }
        None => cure.on_conflict(index, &insert),
    }
    cure.notes.push(
        "a SELECT before the INSERT does not help: between the two another session can write the same key".to_owned(),
    );
    cure
}

impl Cure {
    fn on_conflict(&mut self, index: &UniqueIndex, insert: &Insert) {
        let target = conflict_target(index);
        let insert_sql = insert.sql();
        self.statements.push(Remedy {
            purpose: "keep the row that is there",
            sql: format!("{insert_sql}\nON CONFLICT {target} DO NOTHING;"),
        });
        if index.kind == IndexKind::Exclusion {
            self.notes.push("an exclusion constraint allows DO NOTHING only".to_owned());
            return;
        }
        let sets: Vec<String> = insert.updated().map(|name| format!("{name} = EXCLUDED.{name}")).collect();
        if sets.is_empty() {
            self.notes.push("beside its keys the table has no column that an upsert could update".to_owned());
        } else {
            self.statements.push(Remedy {
                purpose: "update the row that is there",
                sql: format!("{insert_sql}\nON CONFLICT {target} DO UPDATE SET {};", sets.join(", ")),
            });
        }
        if index.key_sources().iter().any(|name| index.draws(Some(name))) {
            self.notes.push(
                "ON CONFLICT is for an INSERT that names the key itself, such as an import: where the key comes from the \
                 sequence it would hide the fault and lose the row"
                    .to_owned(),
            );
        }
    }

    /// Without a conflict target MERGE finds the row by its key. It can still fail where two sessions write at once.
    fn merge(&mut self, index: &UniqueIndex, insert: &Insert, major: u32) {
        let key: Option<Vec<&str>> = index.key.iter().map(|part| part.column.as_deref()).collect();
        // MERGE takes no table with rules of any kind.
        let is_possible = major >= MERGE_SINCE && index.kind != IndexKind::Exclusion && !index.has_rules;
        let Some(key) = key.filter(|key| is_possible && key.iter().all(|name| insert.names(name))) else {
            self.notes.push("catch the error in code instead (--lang)".to_owned());
            return;
        };
        let columns: Vec<String> = insert.columns.iter().map(|column| quote_identifier(&column.name)).collect();
        let values = insert
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| format!("CAST(${} AS {})", at + 1, column.type_name))
            .collect::<Vec<_>>()
            .join(", ");
        let on: Vec<String> = index
            .key
            .iter()
            .zip(&key)
            .map(|(part, name)| {
                let name = quote_identifier(name);
                // An operator of an extension is found in its own schema only.
                let equals = match part.equality.as_deref() {
                    None | Some("OPERATOR(pg_catalog.=)") => "=",
                    Some(operator) => operator,
                };
                let pair = format!("stored.{name} {equals} given.{name}");
                if index.nulls_not_distinct {
                    format!("({pair} OR stored.{name} IS NULL AND given.{name} IS NULL)")
                } else {
                    pair
                }
            })
            .collect();
        let sets: Vec<String> = insert.updated().map(|name| format!("{name} = given.{name}")).collect();
        let matched = if sets.is_empty() {
            "WHEN MATCHED THEN DO NOTHING".to_owned()
        } else {
            format!("WHEN MATCHED THEN UPDATE SET {}", sets.join(", "))
        };
        let list = columns.join(", ");
        let given: Vec<String> = columns.iter().map(|name| format!("given.{name}")).collect();
        self.statements.push(Remedy {
            purpose: if sets.is_empty() { "keep the row that is there, or insert one" } else { MERGED },
            sql: format!(
                "MERGE INTO {table} AS stored\nUSING (VALUES ({values})) AS given ({list})\nON {on}\n{matched}\n\
                 WHEN NOT MATCHED THEN INSERT ({list}) VALUES ({given});",
                table = written(&index.table),
                on = on.join(" AND "),
                given = given.join(", "),
            ),
        });
        self.notes.push(
            "MERGE can still fail with 23505 where two sessions write the same key at once: catch it and try again"
                .to_owned(),
        );
    }
}

/// Why no ON CONFLICT can name this index.
fn no_conflict_target(index: &UniqueIndex, major: u32) -> Option<String> {
    if index.has_write_rules {
        return Some("the server refuses ON CONFLICT on a table with INSERT or UPDATE rules".to_owned());
    }
    if index.is_deferrable {
        let when = if index.is_deferred { ", and reports the error at COMMIT" } else { "" };
        return Some(format!("the constraint is DEFERRABLE: the server refuses it as a target of ON CONFLICT{when}"));
    }
    if !index.is_valid {
        return Some("the index is not valid: the server does not take it as a target of ON CONFLICT".to_owned());
    }
    if index.table_kind == RelationKind::Partitioned && major < PARTITIONED_CONFLICT_SINCE {
        return Some("this server takes no ON CONFLICT on a partitioned table".to_owned());
    }
    (index.kind == IndexKind::Exclusion && index.table_kind == RelationKind::Partitioned).then(|| {
        "the server takes no exclusion constraint of a partitioned table as a target of ON CONFLICT".to_owned()
    })
}

/// `(a, lower(b)) WHERE …`, as the index was defined; an exclusion constraint has no columns to infer it from.
fn conflict_target(index: &UniqueIndex) -> String {
    if index.kind == IndexKind::Exclusion {
        return format!("ON CONSTRAINT {}", quote_identifier(&index.name.name));
    }
    let predicate = index.predicate.as_ref().map(|predicate| format!(" WHERE {predicate}")).unwrap_or_default();
    format!("({}){predicate}", key_sql(index).join(", "))
}

/// The key's parts: columns in our own quotes, in which a terminal finds nothing to obey.
fn key_sql(index: &UniqueIndex) -> Vec<String> {
    let part = |part: &KeyPart| part.column.as_deref().map_or_else(|| part.definition.clone(), quote_identifier);
    index.key.iter().map(part).collect()
}

/// An INSERT into a table that names every column which it may and should.
pub struct Insert<'a> {
    index: &'a UniqueIndex,
    /// What it names.
    pub columns: Vec<&'a TableColumn>,
}

impl<'a> Insert<'a> {
    /// Leaves out what cannot be named, and what draws from a sequence without being part of the key.
    pub fn of(index: &'a UniqueIndex) -> Self {
        let sources = index.key_sources();
        let is_named = |column: &&TableColumn| {
            column.is_insertable && (!column.draws || index.is_in_key(&column.name) || sources.contains(&column.name))
        };
        Self { index, columns: index.columns.iter().filter(is_named).collect() }
    }

    fn names(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    fn sql(&self) -> String {
        // EXCLUDED stands for the row that was not inserted, and must not be the table's name, too.
        let alias = if self.index.table.name == "excluded" { " AS stored" } else { "" };
        let table = written(&self.index.table) + alias;
        if self.columns.is_empty() {
            return format!("INSERT INTO {table} DEFAULT VALUES");
        }
        let names: Vec<String> = self.columns.iter().map(|column| quote_identifier(&column.name)).collect();
        let values: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
        format!("INSERT INTO {table} ({})\nVALUES ({})", names.join(", "), values.join(", "))
    }

    /// The columns that an upsert updates: no part of this key or of the primary key.
    fn updated(&self) -> impl Iterator<Item = String> {
        let sources = self.index.key_sources();
        let is_kept = move |column: &&&TableColumn| {
            column.is_primary || self.index.is_in_key(&column.name) || sources.contains(&column.name)
        };
        self.columns.iter().filter(move |column| !is_kept(column)).map(|column| quote_identifier(&column.name))
    }
}

fn written(table: &QualifiedName) -> String {
    table.to_string()
}

/// What a failed build of a unique index needs: the statement that lists the duplicates, where the table is known.
/// NULLs are none, unless the values of the violation hold one.
pub fn duplicates(table: Option<&str>, columns: &[String], values: Option<&str>) -> Option<Remedy> {
    let has_null = values.is_some_and(|values| values.split(", ").any(|value| value == "null"));
    let conditions = if has_null { Vec::new() } else { not_null(columns) };
    Some(Remedy { purpose: DUPLICATES, sql: duplicates_sql(table?, columns, &conditions) })
}

const MERGED: &str = "update the row that is there, or insert one";

const DUPLICATES: &str = "list the duplicates that are stored";

fn not_null(key: &[String]) -> Vec<String> {
    key.iter().map(|part| format!("{part} IS NOT NULL")).collect()
}

/// The same for an index that is there and was not built to its end.
fn duplicates_of(index: &UniqueIndex) -> Remedy {
    let key = key_sql(index);
    let mut conditions = if index.nulls_not_distinct { Vec::new() } else { not_null(&key) };
    conditions.extend(index.predicate.as_ref().map(|predicate| format!("({predicate})")));
    Remedy { purpose: DUPLICATES, sql: duplicates_sql(&written(&index.table), &key, &conditions) }
}
