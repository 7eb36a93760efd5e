//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::explain::arguments::{ExplainArguments, in_explain};
use super::explain::request::ExplainRequest;
use super::format::{Format, OutputArguments};
use super::generate::Generated;
use super::help;
use super::number;
use super::option_groups::{Comparison, Connection, Pace, SelectionArguments};
use super::request::{Request, Task, Wanted};
use super::usage::told;
use pgseqfix::db::connect::holds_secret;
use pgseqfix::db::{ApplyOptions, ScanOptions, Selection};
use pgseqfix::model::{PlanOptions, Timeouts};

/// Find the PostgreSQL sequences that an import left behind their data, and repair them safely.
#[derive(Debug, Parser)]
#[command(
    name = "pgseqfix",
    version = env!("PGSEQFIX_VERSION"),
    disable_help_flag = true,
    disable_help_subcommand = true,
    override_usage = "pgseqfix [scan|fix] [OPTIONS] [DBNAME]\n       pgseqfix explain [OPTIONS] [ERROR TEXT]",
    after_help = help::ALL,
    max_term_width = 100
)]
pub struct Arguments {
    /// What to do; scan if nothing is named.
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    scan: ScanArguments,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    comparison: Comparison,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    output: OutputArguments,
    /// Print what is shipped beside the program: completions, pages of the manual
    #[arg(long, value_name = "WHAT", hide = true, exclusive = true)]
    generate: Option<Generated>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
enum Command {
    /// Say which sequences are behind, and why; changes nothing (the default)
    #[command(disable_help_flag = true, after_help = help::SCAN)]
    Scan(ScanArguments),
    /// Fix the sequences that are behind: shows the plan, lets you pick, and asks
    #[command(disable_help_flag = true, after_help = help::FIX)]
    Fix(FixArguments),
    /// Explain a 23505 (duplicate key value violates unique constraint): its cause, and its cure
    #[command(disable_help_flag = true, after_help = help::EXPLAIN)]
    Explain(ExplainArguments),
}

/// Whether it is what is left of a command line whose variable was not set.
fn names_nothing(database: &str) -> bool {
    ["", "postgresql://", "postgres://"].contains(&database)
}

/// The database, as psql takes it.
#[derive(Clone, Debug, Default, Args)]
struct Place {
    /// Database name, keyword string ("host=h dbname=d") or URI (postgres://…)
    #[arg(value_name = "DBNAME")]
    dbname: Option<String>,
}

#[derive(Clone, Debug, Default, Args)]
struct ScanArguments {
    #[command(flatten)]
    place: Place,
    /// Write one line, the one that counts; the exit status is 1 where something is behind
    #[arg(long, conflicts_with_all = ["quiet", "verbose", "format"])]
    check: bool,
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct FixArguments {
    #[command(flatten)]
    place: Place,
    /// Show what would be set, and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Fix without asking
    #[arg(short = 'y', long)]
    yes: bool,
    /// Leave N increments free beyond the farthest value
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = number::count, allow_negative_numbers = true)]
    headroom: u64,
    /// Move sequences past outliers, too (see status "outlier")
    #[arg(long)]
    fix_outliers: bool,
    /// Do the fixes of this plan, each exactly as written, or refuse it where it is not right any more; FILE is what
    /// --dry-run --format json has written, - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["headroom", "fix_outliers", "accept_races"])]
    plan: Option<PathBuf>,
    /// On servers without guards (YugabyteDB and the like): set sequences all the same, with room to spare
    #[arg(long)]
    accept_races: bool,
}

impl FixArguments {
    fn task(&self) -> Task {
        match (self.dry_run, self.yes) {
            (true, _) => Task::DryRun,
            (false, true) => Task::Fix,
            (false, false) => Task::Ask,
        }
    }

    fn plan_options(&self) -> PlanOptions {
        PlanOptions {
            headroom: self.headroom,
            fix_outliers: self.fix_outliers,
            accept_races: self.accept_races,
            user: String::new(),
            names_all_grants: true,
            is_narrowed: false,
            written: None,
        }
    }
}

impl Arguments {
    /// Reads the command line; a wrong one ends the program, with what is wrong on standard error.
    pub fn read() -> Wanted {
        let wanted = Self::from_words(std::env::args_os());
        wanted.unwrap_or_else(|error| told(error, &Self::whole_command()).exit())
    }

    fn from_words(words: impl Iterator<Item = OsString>) -> Result<Wanted, clap::Error> {
        let mut command = Self::whole_command();
        let matches = command.try_get_matches_from_mut(words)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?.into_wanted()
    }

    /// The command with what the options of all mean to `explain`.
    pub fn whole_command() -> clap::Command {
        let command = Self::command();
        let of_all = command.get_arguments().filter(|option| option.is_global_set());
        let of_explain: Vec<Arg> = of_all.cloned().map(in_explain).collect();
        command.mut_subcommand("explain", |explain| explain.args(of_explain))
    }

    /// What is wrong with them together.
    fn objection(&self) -> Option<(ErrorKind, &'static str)> {
        let logs = match &self.command {
            Some(Command::Explain(arguments)) => arguments.log.as_slice(),
            _ => &[],
        };
        let plan = match &self.command {
            Some(Command::Fix(arguments)) => arguments.plan.as_ref(),
            _ => None,
        };
        if self.connection.dbname_env.as_ref().is_some_and(|name| name.contains("://") || name.contains('=')) {
            // It would be named in an error.
            let message = "--dbname-env takes the name of a variable, without $, and not what it holds";
            return Some((ErrorKind::InvalidValue, message));
        }
        let is_astray =
            logs.iter().chain(&self.output.output).chain(plan).any(|file| holds_secret(&file.to_string_lossy()));
        if is_astray || self.selection.holds_secret() {
            // Every error names them, and the server's log would, too.
            let message = "a connection string with a password stands where a pattern or a file is expected; it goes to \
                           DBNAME or -d";
            return Some((ErrorKind::InvalidValue, message));
        }
        if plan.is_some() && (self.selection.is_given() || self.comparison.is_given()) {
            let message = "--plan says what is looked at and compared: make it with -n, -N, -t, -T, --ignore-above, \
                           --ignore-below and --skip-unindexed, and leave them out here";
            return Some((ErrorKind::ArgumentConflict, message));
        }
        if self.output.github && self.output.format != Format::Table && self.output.output.is_none() {
            let message = "--github writes to standard output, as the result would: name a file for it with -o";
            return Some((ErrorKind::ArgumentConflict, message));
        }
        if (self.output.github || self.output.quiet) && matches!(self.command, Some(Command::Explain(_))) {
            return Some((ErrorKind::ArgumentConflict, "--quiet and --github are for scan and fix"));
        }
        let is_scan = matches!(self.command, None | Some(Command::Scan(_)));
        let message = "--check is for a scan, which changes nothing";
        (self.scan.check && !is_scan).then_some((ErrorKind::ArgumentConflict, message))
    }

    /// Sorts the arguments.
    fn into_wanted(mut self) -> Result<Wanted, clap::Error> {
        self.output.output = self.output.output.filter(|file| file.as_os_str() != "-");
        if let Some(what) = self.generate {
            return Ok(Wanted::Generate(what));
        }
        if let Some((kind, message)) = self.objection() {
            return Err(Self::command().error(kind, message));
        }
        let Self { command, scan, connection, selection, comparison, pace, output, .. } = self;
        let ScanArguments { place, mut check } = scan;
        let (mut explain, mut plan_file) = (None, None);
        let names_scan = matches!(command, Some(Command::Scan(_)));
        let (task, sub_place, mut plan) = match command {
            Some(Command::Explain(arguments)) => {
                explain = Some(arguments);
                (Task::Scan, Place::default(), PlanOptions::default())
            }
            None => (Task::Scan, Place::default(), PlanOptions::default()),
            Some(Command::Scan(scan)) => {
                check |= scan.check;
                (Task::Scan, scan.place, PlanOptions::default())
            }
            Some(Command::Fix(fix)) => {
                let (task, plan) = (fix.task(), fix.plan_options());
                plan_file = fix.plan;
                (task, fix.place, plan)
            }
        };
        let of_environment = connection
            .dbname_of_environment()
            .map_err(|message| Self::command().error(ErrorKind::ValueValidation, message))?;
        let places = [of_environment, connection.dbname_option.clone(), sub_place.dbname, place.dbname];
        let databases: Vec<String> = places.into_iter().flatten().collect();
        if task == Task::Fix && databases.iter().any(|database| names_nothing(database)) {
            let message =
                "the connection names nothing: is a variable not set? Leave it out to fix the default database";
            return Err(Self::command().error(ErrorKind::ValueValidation, message));
        }
        if databases.len() > 1 {
            let message = "the database is named more than once; one of -d DBNAME, --dbname-env and DBNAME is enough";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, message));
        }
        let given = connection.given(databases.into_iter().next());
        plan.is_narrowed = !selection.table.is_empty();
        let (scan, apply) = (ScanOptions::default(), ApplyOptions::default());
        let timeouts = |default: &Timeouts| Timeouts {
            lock_ms: comparison.lock_timeout.unwrap_or(default.lock_ms),
            statement_ms: comparison.statement_timeout.unwrap_or(default.statement_ms),
        };
        let (end_of_reading, deadline) = pace.deadlines(task);
        let request = Request {
            task,
            names_scan,
            given,
            scan: ScanOptions {
                selection: Selection {
                    schemas: selection.schema,
                    exclude_schemas: selection.exclude_schema,
                    tables: selection.table,
                    exclude_tables: selection.exclude_table,
                    sequences: None,
                },
                ignore_above: comparison.ignore_above,
                ignore_below: comparison.ignore_below,
                skip_unindexed: comparison.skip_unindexed,
                timeouts: timeouts(&scan.timeouts),
                deadline: end_of_reading,
            },
            plan,
            apply: ApplyOptions {
                timeouts: timeouts(&apply.timeouts),
                reading: timeouts(&scan.timeouts),
                deadline,
                ..apply
            },
            plan_file,
            jobs: pace.jobs(),
            is_check: check,
            output,
        };
        let Some(arguments) = explain else {
            return Ok(Wanted::Sequences(request));
        };
        if !matches!(request.output.format, Format::Table | Format::Json) {
            let message = "explain has the formats table and json";
            return Err(Self::command().error(ErrorKind::InvalidValue, message));
        }
        Ok(Wanted::Explain(ExplainRequest::of(request, arguments)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(arguments: &[&str]) -> Request {
        match parse(arguments).expect("a command line") {
            Wanted::Sequences(request) => request,
            other => panic!("{arguments:?} asks for {other:?}"),
        }
    }

    fn parse(arguments: &[&str]) -> Result<Wanted, clap::Error> {
        Arguments::from_words(std::iter::once(&"pgseqfix").chain(arguments).map(OsString::from))
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::whole_command().debug_assert();
    }

    #[test]
    fn the_help_says_what_a_bare_number_is() {
        let help = Arguments::command().render_long_help().to_string();
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for option in ["--lock-timeout", "--statement-timeout"] {
            let from = words.find(&format!("{option} <TIME>")).expect("it is an option");
            let own = words[from + 2..].split(" --").next().expect("its text");
            assert!(own.contains("a bare number is milliseconds"), "{own}");
        }
    }

    #[test]
    fn without_a_command_a_database_is_scanned() {
        let found = request(&["shop"]);
        assert_eq!((found.task, found.given.database.as_deref()), (Task::Scan, Some("shop")));
    }

    #[test]
    fn options_may_stand_before_and_behind_the_command() {
        let before = request(&["-h", "db", "-p", "1", "fix", "--yes", "shop"]);
        let behind = request(&["fix", "shop", "--yes", "-h", "db", "-p", "1"]);
        for found in [before, behind] {
            assert_eq!(found.task, Task::Fix);
            assert_eq!(found.given.database.as_deref(), Some("shop"));
            assert_eq!(found.given.host.as_deref(), Some("db"));
            assert_eq!(found.given.port.as_deref(), Some("1"));
        }
    }

    #[test]
    fn two_databases_are_one_too_many() {
        for arguments in [["-d", "one", "two"], ["one", "fix", "two"]] {
            assert_eq!(parse(&arguments).map(|_| ()).map_err(|error| error.kind()), Err(ErrorKind::ArgumentConflict));
        }
    }

    #[test]
    fn an_option_takes_a_commands_name_for_its_value() {
        let found = request(&["-U", "fix", "-t", "scan", "shop"]);
        assert_eq!((found.task, found.given.user.as_deref()), (Task::Scan, Some("fix")));
    }

    #[test]
    fn a_database_with_a_commands_name_can_be_reached_with_d() {
        let found = request(&["-d", "fix"]);
        assert_eq!((found.task, found.given.database.as_deref()), (Task::Scan, Some("fix")));
    }
}
