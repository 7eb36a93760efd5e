//! What was asked for, sorted by whom it concerns.

use std::path::PathBuf;

use pgseqfix::db::connect::Given;
use pgseqfix::db::{ApplyOptions, ScanOptions};
use pgseqfix::model::PlanOptions;

use super::explain::request::ExplainRequest;
use super::format::OutputArguments;
use super::generate::Generated;

/// What the command line asks for.
#[derive(Debug)]
pub enum Wanted {
    /// To look at sequences, and perhaps to fix them.
    Sequences(Request),
    /// To explain an error.
    Explain(ExplainRequest),
    /// To print a file that is shipped beside the program.
    Generate(Generated),
}

/// What to do, once the command line is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Look only.
    Scan,
    /// Show what a fix would do.
    DryRun,
    /// Fix, asking first.
    Ask,
    /// Fix without asking.
    Fix,
}

/// A command line that was understood.
#[derive(Debug)]
pub struct Request {
    /// What to do.
    pub task: Task,
    /// Whether the command line has the word `scan` as its command.
    pub names_scan: bool,
    /// Where.
    pub given: Given,
    /// What to look at.
    pub scan: ScanOptions,
    /// How to fix.
    pub apply: ApplyOptions,
    /// What is to be planned with.
    pub plan: PlanOptions,
    /// A plan that was written down: only that is done.
    pub plan_file: Option<PathBuf>,
    /// How many connections to work with at most.
    pub jobs: usize,
    /// Whether the line that counts is enough.
    pub is_check: bool,
    /// Where results go.
    pub output: OutputArguments,
}
