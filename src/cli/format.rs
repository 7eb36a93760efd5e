//! How the result looks and where it goes, as arguments.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// Where results go and how they look.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArguments {
    /// How the result looks
    #[arg(long, value_enum, default_value_t = Format::Table, global = true)]
    pub format: Format,
    /// Write the result to FILE instead of standard output
    #[arg(short = 'o', long, value_name = "FILE", global = true)]
    pub output: Option<PathBuf>,
    /// Show every sequence, and log more (-vv: each statement); RUST_LOG has the last word
    #[arg(short = 'v', long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Write no table: the exit status and errors say it all
    #[arg(short = 'q', long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// In a job on GitHub: write annotations, too, and the job's summary
    #[arg(long, global = true)]
    pub github: bool,
    /// Print help
    #[arg(short = '?', long, action = ArgAction::HelpShort, global = true)]
    help: Option<bool>,
}

/// How the result looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns, for people
    Table,
    /// One document with everything, documented in the README
    Json,
    /// One line a sequence, with a header
    Csv,
    /// A table for an issue or a job's summary
    Markdown,
    /// A script that psql runs with the same effect and guards
    Sql,
    /// Metrics of each sequence, for the textfile collector of `node_exporter`
    Prometheus,
}
