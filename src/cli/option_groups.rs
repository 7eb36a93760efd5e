//! The options that all commands share, in the groups that the help shows.

use std::env::VarError;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;
use pgseqfix::db::Deadline;
use pgseqfix::db::connect::{Given, PasswordPolicy, holds_secret};

use super::duration::{milliseconds, time_limit};
use super::number;
use super::request::Task;

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection (as in psql; the PG* variables and ~/.pgpass count, too)")]
pub struct Connection {
    /// Database name, keyword string or URI
    #[arg(short = 'd', long = "dbname", value_name = "DBNAME", global = true)]
    pub dbname_option: Option<String>,
    /// Take DBNAME from this environment variable: no list of processes shows it
    #[arg(long, value_name = "VARIABLE", global = true, conflicts_with = "dbname_option")]
    pub dbname_env: Option<String>,
    /// Host, or directory of the Unix socket
    #[arg(short = 'h', long, value_name = "HOST", global = true)]
    pub host: Option<String>,
    /// Port
    #[arg(short = 'p', long, value_name = "PORT", global = true, allow_negative_numbers = true)]
    pub port: Option<String>,
    /// Role to connect as
    #[arg(short = 'U', long, value_name = "ROLE", global = true)]
    pub username: Option<String>,
    /// Never ask for a password
    #[arg(short = 'w', long, global = true, conflicts_with = "password")]
    pub no_password: bool,
    /// Ask for a password before connecting
    #[arg(short = 'W', long, global = true)]
    pub password: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Selection (patterns as in pg_dump; may be given several times)")]
pub struct SelectionArguments {
    /// Only this schema
    #[arg(short = 'n', long, value_name = "PATTERN", global = true)]
    pub schema: Vec<String>,
    /// Not this schema
    #[arg(short = 'N', long, value_name = "PATTERN", global = true)]
    pub exclude_schema: Vec<String>,
    /// Only this table, or sequence
    #[arg(short = 't', long, value_name = "PATTERN", global = true)]
    pub table: Vec<String>,
    /// Not this table, or sequence
    #[arg(short = 'T', long, value_name = "PATTERN", global = true)]
    pub exclude_table: Vec<String>,
}

impl Connection {
    /// The value of the variable that is named for the database.
    ///
    /// # Errors
    ///
    /// Where it has none: the run would go to another database.
    pub fn dbname_of_environment(&self) -> Result<Option<String>, String> {
        let Some(name) = &self.dbname_env else { return Ok(None) };
        // Secrets are pasted with the end of their line.
        let value = std::env::var(name).map(|value| value.trim_end_matches(['\r', '\n']).to_owned());
        match value {
            Ok(value) if value.is_empty() => Err(format!("--dbname-env: {name} is empty")),
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Err(format!("--dbname-env: {name} is not set")),
            Err(VarError::NotUnicode(_)) => Err(format!("--dbname-env: {name} is not UTF-8")),
        }
    }

    /// What is given to connect with.
    pub fn given(self, database: Option<String>) -> Given {
        Given {
            database,
            variable: self.dbname_env,
            host: self.host,
            port: self.port,
            user: self.username,
            password: match (self.no_password, self.password) {
                (true, _) => PasswordPolicy::Never,
                (false, true) => PasswordPolicy::Always,
                (false, false) => PasswordPolicy::WhenAsked,
            },
        }
    }
}

impl SelectionArguments {
    /// Whether anything is selected.
    pub fn is_given(&self) -> bool {
        let all = [&self.schema, &self.exclude_schema, &self.table, &self.exclude_table];
        all.into_iter().any(|patterns| !patterns.is_empty())
    }

    /// Whether a connection string went astray.
    pub fn holds_secret(&self) -> bool {
        let all = [&self.schema, &self.exclude_schema, &self.table, &self.exclude_table];
        all.into_iter().flatten().any(|pattern| holds_secret(pattern))
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Comparison")]
pub struct Comparison {
    /// Take values above N out of the comparison (ascending sequences)
    #[arg(long, value_name = "N", global = true, value_parser = number::value, allow_negative_numbers = true)]
    pub ignore_above: Option<i64>,
    /// Take values below N out of the comparison (descending sequences)
    #[arg(long, value_name = "N", global = true, value_parser = number::value, allow_negative_numbers = true)]
    pub ignore_below: Option<i64>,
    /// Skip columns that no full btree index begins with, even in small tables: every row would have to be read
    #[arg(long, global = true)]
    pub skip_unindexed: bool,
    /// How long to wait for a lock: 400ms, 2s, 1min; a bare number is milliseconds, 0 is for ever [default: 5s to read,
    /// 400ms to fix]
    #[arg(long, value_name = "TIME", global = true, value_parser = milliseconds, allow_negative_numbers = true)]
    pub lock_timeout: Option<u64>,
    /// How long a statement may take; a bare number is milliseconds, 0 is for ever [default: 0 to read, 30s under the locks
    /// of a fix]
    #[arg(long, value_name = "TIME", global = true, value_parser = milliseconds, allow_negative_numbers = true)]
    pub statement_timeout: Option<u64>,
}

impl Comparison {
    /// Whether anything is taken out of the comparison.
    pub fn is_given(&self) -> bool {
        self.ignore_above.is_some() || self.ignore_below.is_some() || self.skip_unindexed
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
pub struct Pace {
    /// Work over at most N connections [default: one for each core, at most 4]
    #[arg(short = 'j', long, value_name = "N", global = true, value_parser = number::jobs, allow_negative_numbers = true)]
    pub jobs: Option<u16>,
    /// Stop in good order after this time (30s, 5min; 0 is never), and say what is not done: run again for the rest, as what
    /// is fixed by then needs nothing. A fix reads for half of it at most
    #[arg(long, value_name = "TIME", global = true, value_parser = time_limit, allow_negative_numbers = true)]
    pub time_limit: Option<u64>,
}

impl Pace {
    /// As many connections as there are cores, and no more than a busy server can spare.
    pub fn jobs(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(4);
        self.jobs.map_or_else(cores, usize::from)
    }

    /// When reading, and when all shall be over: what is to be fixed needs time, too. 0 is for ever, as with the other times.
    pub fn deadlines(&self, task: Task) -> (Deadline, Deadline) {
        let after = |limit: Option<u64>| {
            limit.map_or_else(Deadline::default, |limit| Deadline::after(Duration::from_millis(limit)))
        };
        let limit = self.time_limit.filter(|limit| *limit > 0);
        let is_fix = matches!(task, Task::Fix | Task::Ask);
        (after(limit.map(|limit| if is_fix { limit.div_ceil(2) } else { limit })), after(limit))
    }
}
