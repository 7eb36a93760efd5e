//! The arguments of `explain`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use pgseqfix::explain::Language;

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
