//! What `explain` was asked for.

use std::path::{Path, PathBuf};

use pgseqfix::db::connect::Given;
use pgseqfix::db::{ApplyOptions, ScanOptions};
use pgseqfix::explain::Language;
use pgseqfix::model::PlanOptions;

use super::arguments::ExplainArguments;
use crate::cli::format::OutputArguments;
use crate::cli::request::Request;

/// Where the error comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Text(String),
    /// Standard input.
    Stdin,
    /// Log files.
    Logs(Vec<PathBuf>),
}

/// A command line that was understood.
#[derive(Debug)]
pub struct ExplainRequest {
    /// What to explain.
    pub source: Source,
    /// Where.
    pub given: Given,
    /// Which tables, and how long to wait.
    pub scan: ScanOptions,
    /// How to fix, where that is wanted then.
    pub apply: ApplyOptions,
    /// What is to be planned with.
    pub plan: PlanOptions,
    /// Whether no server is asked.
    pub offline: bool,
    /// Whether the row is shown.
    pub show_row: bool,
    /// The language in which to catch the error.
    pub language: Option<Language>,
    /// Where results go.
    pub output: OutputArguments,
}

impl ExplainRequest {
    /// Puts the options of all commands and those of this one together.
    pub fn of(request: Request, arguments: ExplainArguments) -> Self {
        let ExplainArguments { text, log, offline, show_row, lang } = arguments;
        let source = if !log.is_empty() {
            Source::Logs(log)
        } else if text.is_empty() || text == ["-"] {
            Source::Stdin
        } else {
            Source::Text(text.join(" "))
        };
        Self {
            source,
            given: request.given,
            scan: request.scan,
            apply: request.apply,
            plan: request.plan,
            offline,
            show_row,
            language: lang,
            output: request.output,
        }
    }

    /// Whether standard input is free for answers.
    pub fn leaves_stdin(&self) -> bool {
        match &self.source {
            Source::Text(_) => true,
            Source::Stdin => false,
            Source::Logs(files) => files.iter().all(|file| file != Path::new("-")),
        }
    }
}
