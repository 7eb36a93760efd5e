//! What the tests of deciding and fixing have in common: a table that draws from a sequence, and the user's questions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;
use serde_json::Value;

use crate::support::{Database, Run, Server, role_name};

/// The table's, the column's and the sequence's name, as SQL has them.
pub const TABLE: &str = r#"public."Stock Items""#;
pub const COLUMN: &str = r#""Item Id""#;
pub const SEQUENCE: &str = r#"public."Item Numbers""#;

/// What one machine may need at its slowest.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so; the test ends if it never is.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The sequence of that bare name in a JSON report.
pub fn reported<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["sequences"].as_array().expect("a report has sequences");
    let mut found = all.iter().filter(|sequence| sequence["name"] == name);
    let (first, second) = (found.next(), found.next());
    assert!(second.is_none(), "{name} is in the report twice: {report:#}");
    first.unwrap_or_else(|| panic!("{name} is not in the report: {report:#}"))
}

/// A database with the table `"Stock Items"`, whose column draws from `"Item Numbers"`, and with others that must not move.
pub struct Items {
    pub database: Database,
}

impl Items {
    /// A column of a type, and a sequence with the options of `CREATE SEQUENCE`.
    pub fn new(column_type: &str, options: &str) -> Self {
        Self::on(Database::new(), column_type, options)
    }

    /// The same in a database that is there already.
    pub fn on(database: Database, column_type: &str, options: &str) -> Self {
        database.execute(&format!(
            r#"CREATE SEQUENCE {SEQUENCE} {options};
               CREATE TABLE {TABLE} ({COLUMN} {column_type} PRIMARY KEY DEFAULT nextval('{SEQUENCE}'), note text);
               ALTER SEQUENCE {SEQUENCE} OWNED BY {TABLE}.{COLUMN};
               CREATE TABLE "By Stander" (id serial PRIMARY KEY);
               INSERT INTO "By Stander" SELECT FROM generate_series(1, 3);
               CREATE SEQUENCE "Never Called" START 7"#
        ));
        Self { database }
    }

    /// A serial column, behind by `rows` rows with the ids from 1 on.
    pub fn behind_by(rows: u32) -> Self {
        Self::new("integer", "").with_ids(&format!("generate_series(1, {rows})"))
    }

    /// Imports ids, as a restore does: an expression that gives a set.
    pub fn with_ids(self, set: &str) -> Self {
        self.import(set);
        self
    }

    /// Imports ids later.
    pub fn import(&self, set: &str) {
        self.database.execute(&import_sql(set));
    }

    /// Sets the sequence's state by hand.
    pub fn at(self, last_value: i64, is_called: bool) -> Self {
        self.put(last_value, is_called);
        self
    }

    /// Sets it later.
    pub fn put(&self, last_value: i64, is_called: bool) {
        self.database.execute(&format!("SELECT setval('{SEQUENCE}', '{last_value}'::bigint, {is_called})"));
    }

    /// The state of the sequence.
    pub fn state(&self) -> (i64, bool) {
        self.states()[SEQUENCE]
    }

    /// The states of all.
    pub fn states(&self) -> BTreeMap<String, (i64, bool)> {
        self.database.sequence_states()
    }

    /// The user's question: the id of the next INSERT, or the SQLSTATE of its failure.
    pub fn insert(&self) -> Result<i64, String> {
        let sql = format!("INSERT INTO {TABLE} (note) VALUES ('by default') RETURNING {COLUMN}::bigint");
        self.database.client().query_one(&sql, &[]).map(|row| row.get(0)).map_err(|error| {
            error.code().unwrap_or_else(|| panic!("the server has no word for it: {error}")).code().to_owned()
        })
    }

    /// What a scan says of the sequence, with further options.
    pub fn scan(&self, options: &[&str]) -> Value {
        let report = Run::of(self.database.pgseqfix().args(["--format", "json"]).args(options)).json();
        reported(&report, "Item Numbers").clone()
    }

    /// `fix --yes` with further options.
    pub fn fix(&self, options: &[&str]) -> Run {
        fix_command(&self.database, options)
    }

    /// What `fix --yes` with further options says of the sequence, and its exit status.
    pub fn fixed(&self, options: &[&str]) -> (i32, Value) {
        let run = self.fix(options);
        (run.status, reported(&run.json(), "Item Numbers").clone())
    }

    /// Claims that it is behind, and that a fix makes the next INSERT work with exactly this id and moves nothing else.
    pub fn expect_fixed_to(&self, next_id: i64) {
        self.expect_fixed_with(&[], next_id);
    }

    /// The same with further options, those that only `fix` has at the end.
    pub fn expect_fixed_with(&self, options: &[&str], next_id: i64) {
        let before = self.states();
        let options_of_scan = without_those_of_fix(options);
        assert_eq!(self.fix(options).status, 0, "{:#}", self.scan(&options_of_scan));
        let after = self.states();
        let moved: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
        assert_eq!(moved, [SEQUENCE], "the one that was behind moves, and no other");
        self.expect_nothing_to_do(&options_of_scan);
        assert_eq!(self.insert(), Ok(next_id));
    }

    /// Claims that scan, dry run and fix find nothing behind, end with 0 and change nothing.
    pub fn expect_nothing_to_do(&self, options: &[&str]) {
        let before = (self.states(), self.files());
        let scan = Run::of(self.database.pgseqfix().args(["--format", "json"]).args(options)).expect_status(0);
        assert_eq!(scan.json()["summary"]["behind"], 0, "{scan:#?}");
        self.database.run(&[&["fix", "--dry-run"], options].concat()).expect_status(0);
        let fix = self.fix(options).expect_status(0);
        assert_eq!(fix.json()["summary"]["fixed"], 0, "{fix:#?}");
        assert_eq!((self.states(), self.files()), before, "nothing was to be done, yet something changed");
    }

    /// Claims that it is in sync, is left alone, and that the next INSERT works with this id.
    pub fn expect_untouched_and_next(&self, next_id: i64) {
        assert_eq!(self.scan(&[])["status"], "in_sync", "{:#}", self.scan(&[]));
        self.expect_nothing_to_do(&[]);
        assert_eq!(self.insert(), Ok(next_id));
    }

    /// The files of all sequences: `ALTER SEQUENCE` gives a sequence a new one, even where it changes nothing.
    fn files(&self) -> Vec<Vec<Option<String>>> {
        self.database.texts("SELECT relname, pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'S' ORDER BY 1")
    }
}

/// The options that a scan has, too.
fn without_those_of_fix<'a>(options: &[&'a str]) -> Vec<&'a str> {
    let at = options.iter().position(|option| ["--headroom", "--fix-outliers"].contains(option));
    options[..at.unwrap_or(options.len())].to_vec()
}

/// The statement that imports ids.
pub fn import_sql(set: &str) -> String {
    format!("INSERT INTO {TABLE} ({COLUMN}, note) SELECT id, 'imported' FROM (SELECT {set} AS id) AS ids")
}

/// Runs `fix --yes --format json` with further options.
pub fn fix_command(database: &Database, options: &[&str]) -> Run {
    Run::of(database.pgseqfix().args(["fix", "--yes", "--format", "json"]).args(options))
}

/// Ends what others do meanwhile, also where a test panics: else it would go on for ever.
pub struct Bell<'a>(pub &'a AtomicBool);

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Every value that three sessions get from `nextval` while something is done.
pub fn drawn_during(items: &Items, work: impl FnOnce()) -> Vec<i64> {
    let is_over = AtomicBool::new(false);
    let draw = |mut client: Client| {
        let mut drawn: Vec<i64> = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            let row = client.query_one(&format!("SELECT nextval('{SEQUENCE}')"), &[]).expect("there are values left");
            drawn.push(row.get(0));
        }
        drawn
    };
    thread::scope(|scope| {
        let bell = Bell(&is_over);
        let drawing: Vec<_> =
            (0..3).map(|_| items.database.client()).map(|client| scope.spawn(|| draw(client))).collect();
        work();
        drop(bell);
        drawing.into_iter().flat_map(|one| one.join().expect("it draws")).collect()
    })
}

/// How many values are in there more than once.
pub fn duplicates(values: &[i64]) -> usize {
    values.len() - values.iter().collect::<BTreeSet<_>>().len()
}

/// A role that may log in and nothing else; `@role` in the statements is its quoted name.
pub fn role_with(database: &Database, statements: &str) -> String {
    let role = role_name();
    let statements = statements.replace("@role", &format!("\"{role}\""));
    database.execute(&format!("CREATE ROLE \"{role}\" LOGIN; {statements}"));
    role
}

/// A server that logs each statement with the role and the process that sent it.
pub fn listening_server() -> Server {
    Server::start_own(&["log_statement=all", "log_line_prefix=%u|%p|", "log_min_messages=log"])
}

/// The statements that a role sent, in their order, each with its process.
pub fn statements_of(server: &Server, role: &str) -> Vec<(String, String)> {
    let mut statements: Vec<(String, String)> = Vec::new();
    let mut is_open = false;
    for line in server.log().lines() {
        if let Some(more) = line.strip_prefix('\t') {
            if let Some((_, statement)) = statements.last_mut().filter(|_| is_open) {
                statement.push('\n');
                statement.push_str(more);
            }
            continue;
        }
        let mut parts = line.splitn(3, '|');
        let (user, process, said) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        let statement =
            ["LOG:  statement: ", "LOG:  execute <unnamed>: "].iter().find_map(|mark| said.strip_prefix(mark));
        is_open = user == Some(role) && statement.is_some();
        if let (true, Some(process), Some(statement)) = (is_open, process, statement) {
            statements.push((process.to_owned(), statement.to_owned()));
        }
    }
    statements
}

/// The same, a message of several statements taken apart; without the processes.
pub fn sent_by(server: &Server, role: &str) -> Vec<String> {
    let messages = statements_of(server, role);
    messages.iter().flat_map(|(_, message)| message.split("; ").map(str::to_owned)).collect()
}

/// How many sessions wait for a lock on a relation of the database.
pub fn waiting_for_locks(database: &Database) -> i64 {
    database.value(
        "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
         WHERE d.datname = current_database() AND l.locktype = 'relation' AND NOT l.granted",
    )
}
