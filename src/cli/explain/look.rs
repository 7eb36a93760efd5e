//! Asks the server: which index, which sequences, is the row there?

use pgseqfix::db::{Error, Scan, Selection, Watch, find_row, scan_for_indexes};
use pgseqfix::explain::{
    Catching, Cure, Diagnosis, Facts, Insert, Occasion, Verdict, Violation, cure, diagnose, snippet,
};
use pgseqfix::model::{Doubt, Finding, Plan, PlanOptions, RowLookup, Server, UniqueIndex, quote_identifier};
use postgres::Client;

use super::explanation::{Diagnosed, Explanation, Known, Next, offline_cure};
use super::request::ExplainRequest;
use super::sought::{among, named, sought};
use crate::cli::again;

/// How many indexes are listed where several are meant.
const CANDIDATES: usize = 50;

/// How many ways to take the values apart are tried.
const SPLITS: usize = 64;

/// Explains one violation.
pub fn explain(
    client: &mut Client,
    violation: Violation,
    request: &ExplainRequest,
    watch: &mut dyn Watch,
) -> Result<Explanation, Error> {
    let mut indexes = sought(client, &violation, request)?;
    // Several are listed, and none of them is looked at.
    let looked_at = if indexes.len() == 1 { indexes.as_slice() } else { &[] };
    let scan = scan_for_indexes(client, looked_at, &request.scan, watch)?;
    indexes.truncate(CANDIDATES);
    if indexes.is_empty() && violation.occasion != Occasion::IndexBuild {
        return Err(not_found(&violation, &scan.server.database, request));
    }
    explained(client, violation, indexes, &scan, request)
}

/// The database that we are connected to.
pub fn database(client: &mut Client, request: &ExplainRequest) -> Result<String, Error> {
    Ok(scan_for_indexes(client, &[], &request.scan, &mut ())?.server.database)
}

/// Explains each of many: what is not found here is [`Known::NotFound`].
pub fn explain_all(
    client: &mut Client,
    violations: Vec<Violation>,
    request: &ExplainRequest,
    watch: &mut dyn Watch,
) -> Result<Vec<Explanation>, Error> {
    let named = named(client, &violations, request)?;
    let mut sought_indexes = Vec::new();
    for violation in &violations {
        sought_indexes.push(match (violation.constraints.is_empty(), &violation.key) {
            (false, _) => among(&named, violation),
            (true, Some(_)) => sought(client, violation, request)?,
            (true, None) => Vec::new(),
        });
        if watch.is_stopped() {
            return Ok(Vec::new());
        }
    }
    let all: Vec<UniqueIndex> = sought_indexes.iter().filter(|found| found.len() == 1).flatten().cloned().collect();
    let scan = scan_for_indexes(client, &all, &request.scan, watch)?;
    let pairs = violations.into_iter().zip(sought_indexes);
    pairs.map(|(violation, indexes)| explained(client, violation, indexes, &scan, request)).collect()
}

/// Explains a violation whose indexes are found, with what was scanned of their tables.
fn explained(
    client: &mut Client,
    violation: Violation,
    indexes: Vec<UniqueIndex>,
    scan: &Scan,
    request: &ExplainRequest,
) -> Result<Explanation, Error> {
    let server = scan.server.clone();
    let [index] = indexes.as_slice() else {
        let known = match (indexes.is_empty(), violation.occasion) {
            (false, _) => Known::Ambiguous(server, indexes),
            (true, Occasion::IndexBuild) => Known::NotBuilt(server),
            (true, _) => Known::NotFound(server),
        };
        let cure = if matches!(known, Known::NotBuilt(_)) { offline_cure(&violation) } else { Cure::default() };
        return Ok(Explanation { violation, known, cure, snippet: None, next: None });
    };
    let mut row = row(client, &violation, index, request)?;
    if server.is_standby && row == RowLookup::NotFound {
        row = RowLookup::Unknown(Doubt::with_cure(
            "no such row is stored on this standby, which can be behind the primary",
            "ask the primary",
        ));
    }
    let is_same_key = violation.has_key_of(index);
    // Of a log with thousands of constraints each needs its own only.
    let findings: Vec<Finding> = scan.findings.iter().filter(|finding| concerns(finding, index)).cloned().collect();
    let diagnosis = diagnose(&violation, &Facts { index, findings: &findings, row: &row, is_same_key });
    let options = PlanOptions { user: server.user.clone(), ..request.plan.clone() };
    let plan = Plan::of(&fed(&diagnosis, &findings), &options);
    let major = server.version.split(['.', ' ']).next().and_then(|major| major.parse().ok()).unwrap_or_default();
    let mut cure = cure(index, major);
    if diagnosis.verdict == Verdict::SequenceBehind {
        let note = if diagnosis.is_drawn {
            "after the repair the INSERT works as it is; the failed one has to be sent again"
        } else {
            "after the repair an INSERT that leaves the column to its sequence works; the failed one has to be sent again"
        };
        cure.notes.insert(0, note.to_owned());
    }
    let sent_again = match diagnosis.verdict {
        Verdict::Gone => Some("nothing stands in its way now: send the INSERT again"),
        Verdict::SequencePast => Some(
            "send the INSERT again: if it leaves the column to its sequence it works now; if it names the value itself, see below",
        ),
        _ => None,
    };
    if let Some(note) = sent_again {
        cure.notes.insert(0, note.to_owned());
    }
    let next = next(&server, &diagnosis, &findings, &plan, index, request);
    let snippet = request.language.map(|language| {
        let columns: Vec<String> =
            Insert::of(index).columns.iter().map(|column| quote_identifier(&column.name)).collect();
        let constraint = index.found_as.as_ref().map_or(&index.name.name, |(name, _)| &name.name);
        let table = index.table.to_string();
        (language, snippet(language, &Catching { constraint, table_sql: &table, columns_sql: &columns }))
    });
    let index = index.clone();
    let known = Diagnosed { server, index, findings, row, diagnosis, plan };
    Ok(Explanation { violation, known: Known::Diagnosed(Box::new(known)), cure, snippet, next })
}

/// Whether a sequence can have to do with an index's table.
fn concerns(finding: &Finding, index: &UniqueIndex) -> bool {
    let tables = [index.table_oid, index.found_table_oid];
    let partition = index.found_as.as_ref().map(|(_, table)| table.to_string());
    finding.columns.iter().any(|column| tables.contains(&column.facts.table_oid))
        || finding.sequence.name.schema == index.table.schema
            && index.likely_sequences().contains(&finding.sequence.name.name)
        || finding.sequence.callers.iter().any(|caller| {
            caller.is_reached_by(&index.table.to_string())
                || partition.as_ref().is_some_and(|partition| caller.is_reached_by(partition))
        })
}

/// The sequences that feed the key.
fn fed(diagnosis: &Diagnosis, findings: &[Finding]) -> Vec<Finding> {
    let is_fed = |at: &usize| diagnosis.fed.iter().any(|fed| fed.finding == *at);
    (0..findings.len()).filter(is_fed).map(|at| findings[at].clone()).collect()
}

fn next(
    server: &Server,
    diagnosis: &Diagnosis,
    findings: &[Finding],
    plan: &Plan,
    index: &UniqueIndex,
    request: &ExplainRequest,
) -> Option<Next> {
    if plan.fixes.is_empty() || server.refuses_fix.is_some() {
        return None;
    }
    // The table selects its sequences; where it does not (they are linked to a partition), the partition does.
    let feeding = fed(diagnosis, findings);
    let is_linked = |oid: u32| {
        feeding.iter().flat_map(|finding| finding.columns.iter()).any(|column| column.facts.table_oid == oid)
    };
    let table = match &index.found_as {
        Some((_, partition)) if !is_linked(index.table_oid) => partition,
        _ => &index.table,
    };
    let purpose = match diagnosis.verdict {
        Verdict::SequenceBehind | Verdict::Mixed => "to repair the sequence",
        _ => "beside that: the sequence is behind, and inserts that draw from it will fail",
    };
    let command = again::fix_tables_command(&request.given, &request.scan, &[table]);
    Some(Next { purpose, command, table: Some(table.clone()) })
}

fn not_found(violation: &Violation, database: &str, request: &ExplainRequest) -> Error {
    let what = match (violation.constraint(), &violation.key) {
        (Some(name), _) => format!("no unique index or constraint has the name {}", quote_identifier(name)),
        (None, Some(key)) => format!("no unique index covers just ({})", key.columns.join(", ")),
        (None, None) => "the text names no constraint".to_owned(),
    };
    let error =
        Error::refusal(format!("could not find the constraint in database {}", quote_identifier(database)), what);
    if request.scan.selection != Selection::default() {
        return error.with_hint("-n, -N, -t and -T may have left it out");
    }
    error.with_hint(
        "connect with -d to the database where the error happened; it may have been dropped or renamed since, or belong \
         to a temporary table; --offline explains the text alone",
    )
}

/// Looks for the row that was there.
fn row(
    client: &mut Client,
    violation: &Violation,
    index: &UniqueIndex,
    request: &ExplainRequest,
) -> Result<RowLookup, Error> {
    let unknown = |reason: &str, cure: Option<&str>| {
        Ok(RowLookup::Unknown(Doubt { reason: reason.to_owned(), cure: cure.map(str::to_owned) }))
    };
    let Some(key) = &violation.key else {
        return unknown(
            "the text has no DETAIL, so the key's value is not known, and the row was not looked for",
            Some(
                "the server's log has it; it is left out where the role may not read the columns, and by drivers that redact it",
            ),
        );
    };
    if key.values.is_empty() {
        return unknown("the text names the columns without their values, so the row was not looked for", None);
    }
    if !violation.has_key_of(index) {
        return unknown(
            "the text names other columns than this index has: it may be another one of that name, or have been changed since",
            Some("connect with -d to the database where the error happened, or narrow it with -n, -t"),
        );
    }
    match key.splits(SPLITS) {
        None => {
            unknown("the values hold so many commas that they cannot be told apart; the row was not looked for", None)
        }
        Some(splits) => find_row(client, index, &splits, request.show_row, &request.scan),
    }
}
