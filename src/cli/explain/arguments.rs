//! The arguments of `explain`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, ValueEnum};
use pgseqfix::explain::Language;

use crate::cli::format::Format;

/// What to explain, and how.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The error, as the server, a driver or a framework prints it; - for standard input
    #[arg(value_name = "ERROR TEXT", conflicts_with = "log")]
    pub text: Vec<String>,
    /// Explain every such error in these log files (stderr, csvlog or jsonlog; .gz; - for standard input)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub log: Vec<PathBuf>,
    /// Ask no server: say what the text alone tells
    #[arg(long)]
    pub offline: bool,
    /// Print the row that has the key already, which is data
    #[arg(long, conflicts_with_all = ["offline", "log"])]
    pub show_row: bool,
    /// Show how to catch the error in code
    #[arg(long, value_name = "LANGUAGE", value_parser = language(), conflicts_with = "log")]
    pub lang: Option<Language>,
}

/// What an option of all commands means here.
pub fn in_explain(option: Arg) -> Arg {
    let which = |help: &'static str| option.clone().help(help).help_heading(WHICH);
    match option.get_id().as_str() {
        "schema" => which("Only one on a table of this schema"),
        "exclude_schema" => which("None on a table of this schema"),
        "table" => which("Only one on this table"),
        "exclude_table" => which("None on this table"),
        "format" => option.value_parser(format()),
        // An explanation takes one connection; the others are refused here.
        "jobs" | "quiet" | "github" => option.hide(true),
        "verbose" => option.help("Log more (-vv: each statement); RUST_LOG has the last word"),
        _ => option,
    }
}

const WHICH: &str = "Which of several constraints of one name (patterns as in pg_dump)";

/// The formats that an explanation has.
fn format() -> impl TypedValueParser<Value = Format> {
    let formats = [Format::Table, Format::Json];
    let words = formats.iter().filter_map(Format::to_possible_value);
    PossibleValuesParser::new(words).map(|word| Format::from_str(&word, false).expect("only formats' words pass"))
}

/// A language by its word.
fn language() -> impl TypedValueParser<Value = Language> {
    let words = PossibleValuesParser::new(
        Language::ALL.map(|language| PossibleValue::new(language.word()).help(language.driver())),
    );
    words.map(|word| {
        let mut all = Language::ALL.into_iter();
        all.find(|language| language.word() == word).expect("only words of languages pass")
    })
}
