//! The arguments of `explain`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
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
    #[arg(long, value_name = "LANGUAGE", value_enum, conflicts_with = "log")]
    pub lang: Option<CodeLanguage>,
}

/// A language whose usual driver can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CodeLanguage {
    /// psycopg 3
    Python,
    /// pg (node-postgres)
    Node,
    /// the pg gem
    Ruby,
    /// pgx
    Go,
    /// JDBC
    Java,
    /// the postgres crate
    Rust,
    /// PDO
    Php,
    /// Npgsql
    Csharp,
}

impl From<CodeLanguage> for Language {
    fn from(language: CodeLanguage) -> Self {
        match language {
            CodeLanguage::Python => Self::Python,
            CodeLanguage::Node => Self::Node,
            CodeLanguage::Ruby => Self::Ruby,
            CodeLanguage::Go => Self::Go,
            CodeLanguage::Java => Self::Java,
            CodeLanguage::Rust => Self::Rust,
            CodeLanguage::Php => Self::Php,
            CodeLanguage::Csharp => Self::Csharp,
        }
    }
}
