//! A real PostgreSQL server for the tests, and a database of its own for each.
//!
//! The names have capitals and blanks, so that every test is a quoting test too.

// Each test file uses a part of this.
#![allow(dead_code, unused_imports)]

pub mod certificates;
pub mod claims;
pub mod connection_situations;
pub mod faulty_line;
pub mod pretender;
mod programs;
pub mod recorder;
pub mod repair;
mod server;
pub mod situations;
mod template;
pub mod terminal;
pub mod violations;

use std::collections::BTreeMap;
use std::env;
use std::error::Error as _;
use std::fmt::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::types::FromSqlOwned;
use postgres::{Client, SimpleQueryMessage};

pub use programs::{bin, newest};
pub use server::Server;

static DATABASES: AtomicU32 = AtomicU32::new(1);
static ROLES: AtomicU32 = AtomicU32::new(1);

/// The shared server's version as `server_version_num`, for example 150020.
pub fn server_version() -> u32 {
    Server::shared().version()
}

/// A name for a role that no other test has; roles belong to the whole server and go with it.
pub fn role_name() -> String {
    format!("Role {} of test", ROLES.fetch_add(1, Ordering::Relaxed))
}

/// A database that lasts as long as this value.
pub struct Database {
    name: String,
    server: Server,
    is_ours: bool,
}

impl Database {
    /// An empty one on the shared server.
    pub fn new() -> Self {
        Self::on(&Server::shared())
    }

    /// One on the shared server, in which `sql` was run.
    pub fn with_setup(sql: &str) -> Self {
        let database = Self::new();
        database.execute(sql);
        database
    }

    /// An empty one on a server of the test's own.
    pub fn on(server: &Server) -> Self {
        let name = format!("Test {} Db", DATABASES.fetch_add(1, Ordering::Relaxed));
        administer(server, &format!("CREATE DATABASE \"{name}\"{}", copying(server)))
            .unwrap_or_else(|error| panic!("{}", describe(&error)));
        Self { name, server: server.clone(), is_ours: true }
    }

    /// The same database through another server: a standby of its own.
    pub fn seen_on(&self, server: &Server) -> Self {
        Self { name: self.name.clone(), server: server.clone(), is_ours: false }
    }

    /// The server that holds it.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Its bare name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A new session of the superuser `postgres`.
    pub fn client(&self) -> Client {
        self.client_as("postgres")
    }

    /// A new session of `role`.
    pub fn client_as(&self, role: &str) -> Client {
        self.server.connect(role, &self.name).unwrap_or_else(|error| panic!("{}", describe(&error)))
    }

    /// A setting of all sessions that begin after this.
    pub fn set_for_all(&self, setting: &str, value: &str) {
        let database: String = self.value("SELECT pg_catalog.quote_ident(current_database())");
        self.execute(&format!("ALTER DATABASE {database} SET {setting} = '{value}'"));
    }

    /// Runs statements; a failure ends the test with the server's words.
    pub fn execute(&self, sql: &str) {
        self.try_execute(sql).unwrap_or_else(|error| panic!("{}\nin: {sql}", describe(&error)));
    }

    /// Runs statements that may fail.
    ///
    /// # Errors
    ///
    /// As the driver does.
    pub fn try_execute(&self, sql: &str) -> Result<(), postgres::Error> {
        self.client().batch_execute(sql)
    }

    /// The first value of the only row.
    pub fn value<T: FromSqlOwned>(&self, sql: &str) -> T {
        let row = self.client().query_one(sql, &[]);
        row.unwrap_or_else(|error| panic!("{}\nin: {sql}", describe(&error))).get(0)
    }

    /// All rows as the server writes them.
    pub fn texts(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let messages = self.client().simple_query(sql);
        let messages = messages.unwrap_or_else(|error| panic!("{}\nin: {sql}", describe(&error)));
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| (0..row.len()).map(|column| row.get(column).map(String::from)).collect()).collect()
    }

    /// `last_value` and `is_called` of every sequence, temporary ones excepted, by quoted and qualified name.
    pub fn sequence_states(&self) -> BTreeMap<String, (i64, bool)> {
        let names = self.texts(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
             FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
             WHERE c.relkind = 'S' AND c.relpersistence <> 't'",
        );
        let mut client = self.client();
        let mut states = BTreeMap::new();
        // In pieces: one statement over ten thousand sequences runs out of shared memory for locks.
        for names in names.chunks(500) {
            let each = names
                .iter()
                .enumerate()
                .map(|(place, name)| format!("SELECT {place}, last_value, is_called FROM {}", known(name)));
            let rows = client.query(&each.collect::<Vec<_>>().join(" UNION ALL "), &[]);
            for row in rows.unwrap_or_else(|error| panic!("{}", describe(&error))) {
                let place = usize::try_from(row.get::<_, i32>(0)).expect("it came from a usize");
                states.insert(known(&names[place]), (row.get(1), row.get(2)));
            }
        }
        states
    }

    /// The built program, with only this database in its environment and nothing on stdin.
    pub fn pgseqfix(&self) -> Command {
        self.with_connection(Command::new(env!("CARGO_BIN_EXE_pgseqfix")))
    }

    /// A client program of PostgreSQL, likewise; none if this machine has none that fits the server.
    pub fn program(&self, name: &str) -> Option<Command> {
        bin(name).map(|path| self.with_connection(Command::new(path)))
    }

    /// The newest `psql` of this machine, likewise, with its major version.
    pub fn newest_psql(&self) -> Option<(Command, u32)> {
        newest("psql").map(|(path, major)| (self.with_connection(Command::new(path)), major))
    }

    /// Runs the built program to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(self.pgseqfix().args(args))
    }

    fn with_connection(&self, mut command: Command) -> Command {
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        for name in ["RUST_LOG", "RUST_LOG_STYLE", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        // No password or service file of whoever runs the tests.
        command.env("HOME", "/nonexistent");
        command.env("PGHOST", self.server.directory()).env("PGPORT", self.server.port().to_string());
        command.env("PGUSER", "postgres").env("PGDATABASE", &self.name);
        command.stdin(Stdio::null());
        command
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.is_ours {
            return;
        }
        // The server may be stopped by now, and it takes the database along.
        let name = &self.name;
        if self.server.connect("postgres", "postgres").is_err() {
            return;
        }
        let _ = if self.server.version() >= 130_000 {
            administer(&self.server, &format!("DROP DATABASE \"{name}\" WITH (FORCE)"))
        } else {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
            administer(&self.server, &format!("{end} = '{name}'"))
                .and_then(|()| administer(&self.server, &format!("DROP DATABASE \"{name}\"")))
        };
    }
}

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Run {
    /// The exit status; for a signal 128 and its number, as in a shell.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        command.output().expect("the program can be started").into()
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }

    /// The same run, if it ended with `status`; else the test ends with all it said.
    pub fn expect_status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let status = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
        Self {
            status: status.expect("a process that ended has a code or a signal"),
            stdout: String::from_utf8(output.stdout).expect("what we print is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("what we print is UTF-8"),
        }
    }
}

/// How the template is copied: logging every page of it, as 15 and later do by themselves, takes longer.
fn copying(server: &Server) -> &'static str {
    if server.version() >= 150_000 { " STRATEGY = file_copy" } else { "" }
}

fn administer(server: &Server, sql: &str) -> Result<(), postgres::Error> {
    server.connect("postgres", "postgres")?.batch_execute(sql)
}

fn known(row: &[Option<String>]) -> String {
    row[0].clone().expect("format() of names is never null")
}

/// The server's words; the driver alone says "db error".
fn describe(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    if let Some(said) = error.as_db_error() {
        let _ = write!(text, ": {} ({})", said.message(), said.code().code());
        for more in [said.detail(), said.hint(), said.where_()].into_iter().flatten() {
            let _ = write!(text, "\n  {more}");
        }
    } else if let Some(cause) = error.source() {
        let _ = write!(text, ": {cause}");
    }
    text
}
