//! What is to be said of one violation.

use pgseqfix::explain::{Catching, Cure, Diagnosis, Language, Occasion, Remedy, Violation, duplicates, snippet};
use pgseqfix::model::{
    Doubt, Finding, LeftOut, Plan, QualifiedName, RowLookup, Server, UniqueIndex, parse_identifiers, quote_identifier,
};

use super::request::ExplainRequest;
use crate::cli::again;
use crate::cli::exit::Exit;

/// A violation with everything that is known of it.
pub struct Explanation {
    /// What the text tells.
    pub violation: Violation,
    /// What the server knows.
    pub known: Known,
    /// Statements and notes.
    pub cure: Cure,
    /// The lines that catch it, in the language that was asked for.
    pub snippet: Option<(Language, String)>,
    /// The command to run next, where there is one.
    pub next: Option<Next>,
}

/// What the server knows of a violation's index.
pub enum Known {
    /// It was not asked.
    Offline,
    /// The name stands for several.
    Ambiguous(Server, Vec<UniqueIndex>),
    /// There is none of that name; in a log only, where others may be found.
    NotFound(Server),
    /// The index could not be built, and so is not there.
    NotBuilt(Server),
    /// The index, and what follows from it.
    Diagnosed(Box<Diagnosed>),
}

/// An index with its diagnosis.
pub struct Diagnosed {
    /// Where.
    pub server: Server,
    /// The index.
    pub index: UniqueIndex,
    /// The sequences of its table.
    pub findings: Vec<Finding>,
    /// Whether the row is there.
    pub row: RowLookup,
    /// The verdict.
    pub diagnosis: Diagnosis,
    /// The fixes of the sequences that feed the key.
    pub plan: Plan,
}

/// A command to run next.
pub struct Next {
    /// What it is for.
    pub purpose: &'static str,
    /// The command.
    pub command: String,
    /// The table whose sequences it repairs, where it does.
    pub table: Option<QualifiedName>,
}

impl Diagnosed {
    /// What is known, with why the row is not shown where that was wanted.
    pub fn evidence(&self) -> impl Iterator<Item = &Doubt> {
        let unshown = match &self.row {
            RowLookup::Found { row: Some(Err(doubt)), .. } => Some(doubt),
            _ => None,
        };
        self.diagnosis.evidence.iter().chain(unshown)
    }

    /// What a fix leaves alone, but for what the evidence says of the sequence already.
    pub fn left_alone(&self) -> impl Iterator<Item = &LeftOut> {
        self.plan.left_out.iter().filter(|left| !self.diagnosis.evidence.contains(&left.doubt))
    }
}

impl Explanation {
    /// What the text alone tells.
    pub fn offline(violation: Violation, request: &ExplainRequest) -> Self {
        let snippet = request.language.map(|language| (language, offline_snippet(language, &violation)));
        let cure = offline_cure(&violation);
        let words = again::connection_words(&request.given);
        let place = if words.is_empty() { "-d DBNAME".to_owned() } else { words.join(" ") };
        let next = Next {
            purpose: "to ask the database what it came from",
            command: format!("pgseqfix explain {place} '…the same text…'"),
            table: None,
        };
        Self { violation, known: Known::Offline, cure, snippet, next: Some(next) }
    }

    /// What the program ends with.
    pub fn exit(&self) -> Exit {
        match &self.known {
            Known::Ambiguous(..) => Exit::Trouble,
            Known::Diagnosed(known) if known.diagnosis.is_unreadable => Exit::Trouble,
            Known::Diagnosed(known) if known.diagnosis.is_behind => Exit::Behind,
            Known::Offline | Known::NotBuilt(_) | Known::NotFound(_) | Known::Diagnosed(_) => Exit::Fine,
        }
    }

    /// The server, where one was asked.
    pub fn server(&self) -> Option<&Server> {
        match &self.known {
            Known::Offline => None,
            Known::Ambiguous(server, _) | Known::NotBuilt(server) | Known::NotFound(server) => Some(server),
            Known::Diagnosed(known) => Some(&known.server),
        }
    }

    /// What makes the result less than certain.
    pub fn warnings(&self) -> &[String] {
        self.server().map_or(&[], |server| &server.warnings)
    }
}

/// The statements and notes that hold without knowing the table.
pub fn offline_cure(violation: &Violation) -> Cure {
    let mut cure = Cure::default();
    let columns = violation.key.as_ref().map(|key| key.columns.as_slice()).unwrap_or_default();
    if violation.occasion == Occasion::IndexBuild {
        let table = violation.table.as_ref().map(|table| table_sql(violation, table));
        cure.statements.extend(duplicates(
            table.as_deref().filter(|_| !columns.is_empty()),
            columns,
            violation.values(),
        ));
        cure.notes.extend([
            "the index is not there: rows that are stored already have the same key; nothing was written".to_owned(),
            "remove or change the duplicates, and build the index again".to_owned(),
        ]);
        return cure;
    }
    if let (Some(table), [column]) = (&violation.table, columns) {
        let table = table_sql(violation, table);
        cure.statements.push(Remedy {
            purpose: "see whether a sequence feeds the column",
            sql: format!(
                "SELECT pg_catalog.pg_get_serial_sequence({}, {});",
                pgseqfix::model::quote_literal(&table),
                pgseqfix::model::quote_literal(&bare(column)),
            ),
        });
    }
    cure.notes.extend([
        "if a column of the key is filled by a sequence (serial, identity): the sequence is likely behind, as after an \
         import with explicit ids; pgseqfix finds it, pgseqfix fix repairs it"
            .to_owned(),
        "if the INSERT names the key itself: it is a genuine duplicate; write INSERT … ON CONFLICT, or catch 23505 in code \
         (--lang)"
            .to_owned(),
        "a SELECT before the INSERT does not help: between the two another session can write the same key".to_owned(),
    ]);
    cure
}

/// A table that a text names, as it goes into a statement.
fn table_sql(violation: &Violation, table: &str) -> String {
    match &violation.schema {
        Some(schema) => QualifiedName::new(schema, table).to_string(),
        None => quote_identifier(table),
    }
}

/// A column's name without the quotes that the server puts round it.
fn bare(column: &str) -> String {
    parse_identifiers(column).map_or_else(|| column.to_owned(), |name| name.name)
}

fn offline_snippet(language: Language, violation: &Violation) -> String {
    let table = violation.table.as_ref().map_or_else(|| "your_table".to_owned(), |table| table_sql(violation, table));
    let named = violation.statement.as_ref().and_then(|statement| statement.columns.as_ref());
    let columns: Vec<String> = match (named, &violation.key) {
        (Some(columns), _) => columns.iter().map(|column| quote_identifier(column)).collect(),
        (None, Some(key)) => key.columns.iter().filter(|column| !column.contains('(')).cloned().collect(),
        (None, None) => vec!["your_column".to_owned()],
    };
    let constraint = violation.constraint().unwrap_or("your_constraint");
    snippet(language, &Catching { constraint, table_sql: &table, columns_sql: &columns })
}
