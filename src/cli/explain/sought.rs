//! Which index is meant: by the constraint's name, else by the columns.

use pgseqfix::db::{Error, Sought, find_unique_indexes};
use pgseqfix::explain::Violation;
use pgseqfix::model::{QualifiedName, UniqueIndex, parse_identifiers};
use postgres::Client;

use super::request::ExplainRequest;

/// The indexes that are meant: by the constraint's name, else by the columns; what the text tells beside narrows them.
pub fn sought(client: &mut Client, violation: &Violation, request: &ExplainRequest) -> Result<Vec<UniqueIndex>, Error> {
    if violation.constraints.is_empty() {
        let Some(key) = &violation.key else {
            let error =
                Error::refusal("could not tell which constraint it was", "the text names neither it nor its columns");
            return Err(error.with_hint("the server's log has the whole message; or log the error's constraint field"));
        };
        let columns: Vec<String> = key.columns.iter().map(|column| bare(column)).collect();
        let found = find_unique_indexes(client, &Sought::Columns(&columns), &request.scan)?;
        return Ok(narrowed(found, violation));
    }
    Ok(among(&named(client, std::slice::from_ref(violation), request)?, violation))
}

/// Every index that has one of the names of these violations.
pub fn named(
    client: &mut Client,
    violations: &[Violation],
    request: &ExplainRequest,
) -> Result<Vec<UniqueIndex>, Error> {
    let all = || violations.iter().flat_map(|violation| &violation.constraints);
    let mut names: Vec<String> =
        all().cloned().chain(all().filter_map(|name| without_shard(name)).map(str::to_owned)).collect();
    names.sort_unstable();
    names.dedup();
    find_unique_indexes(client, &Sought::Names(&names), &request.scan)
}

/// Those of them that a violation means. Of several ends of a name the likeliest that exists; Citus puts the shard's
/// number behind the names of its shards, which is taken off where nothing else matches.
pub fn among(named: &[UniqueIndex], violation: &Violation) -> Vec<UniqueIndex> {
    let whole = violation.constraints.iter().map(String::as_str);
    let stripped = violation.constraints.iter().filter_map(|name| without_shard(name));
    let found = whole
        .chain(stripped)
        .map(|name| named.iter().filter(|index| has_name(index, name)).cloned().collect::<Vec<_>>());
    narrowed(found.into_iter().find(|found| !found.is_empty()).unwrap_or_default(), violation)
}

fn has_name(index: &UniqueIndex, name: &str) -> bool {
    match &index.found_as {
        Some((found, _)) => found.name == name,
        None => index.name.name == name,
    }
}

fn without_shard(name: &str) -> Option<&str> {
    let (bare, number) = name.rsplit_once('_')?;
    (number.len() >= 6 && number.bytes().all(|digit| digit.is_ascii_digit())).then_some(bare)
}

/// Keeps those that fit what the text tells beside the name; all where none fits.
fn narrowed(mut indexes: Vec<UniqueIndex>, violation: &Violation) -> Vec<UniqueIndex> {
    if violation.is_table_told {
        indexes.retain(|index| tables(index).iter().any(|known| is_told(violation, known)));
    }
    // A statement that writes the schema means no table of that name elsewhere.
    if let Some((statement, schema)) =
        violation.statement.as_ref().and_then(|found| Some((found, found.schema.as_ref()?)))
    {
        let is_elsewhere = |known: &&QualifiedName| known.name == statement.table && known.schema != *schema;
        indexes.retain(|index| !tables(index).iter().all(is_elsewhere));
    }
    indexes.dedup_by(|one, other| one.oid == other.oid);
    let mut keep = |fits: &dyn Fn(&UniqueIndex) -> bool| {
        if indexes.len() > 1 && indexes.iter().any(fits) {
            indexes.retain(fits);
        }
    };
    if let Some(schema) = &violation.schema {
        keep(&|index| tables(index).iter().any(|table| table.schema == *schema));
    }
    if let Some(table) = &violation.table {
        keep(&|index| tables(index).iter().any(|known| known.name == *table));
        // A model of Prisma's may be spelt otherwise than its table.
        keep(&|index| index.table.name.eq_ignore_ascii_case(table));
    }
    if let Some(key) = violation.key.as_ref().filter(|_| !violation.constraints.is_empty()) {
        let columns: Vec<String> = key.columns.iter().map(|column| plain(column)).collect();
        keep(&|index| index.key.iter().map(|part| plain(&part.definition)).collect::<Vec<_>>() == columns);
    }
    indexes
}

/// The table, and the partition by which it was found.
fn tables(index: &UniqueIndex) -> Vec<&QualifiedName> {
    std::iter::once(&index.table).chain(index.found_as.as_ref().map(|(_, table)| table)).collect()
}

/// Whether a table is the one that a field of the report names; shards have their number behind the name.
fn is_told(violation: &Violation, known: &QualifiedName) -> bool {
    let is_schema = violation.schema.as_ref().is_none_or(|schema| *schema == known.schema);
    let is_table = violation
        .table
        .as_ref()
        .is_none_or(|table| *table == known.name || without_shard(table) == Some(known.name.as_str()));
    is_schema && is_table
}

/// A column or expression in a form in which two spellings of it are alike.
fn plain(definition: &str) -> String {
    definition.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '"' | '(' | ')')).collect()
}

fn bare(column: &str) -> String {
    match parse_identifiers(column) {
        // Frameworks write names without quotes, whatever their letters.
        Some(name) if column.starts_with('"') => name.name,
        _ => column.to_owned(),
    }
}
