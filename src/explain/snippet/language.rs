//! Which languages there are.

/// A language whose usual driver can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python with psycopg 3.
    Python,
    /// JavaScript on Node.js with pg.
    Node,
    /// Ruby with the pg gem.
    Ruby,
    /// Go with pgx.
    Go,
    /// Java with the JDBC driver.
    Java,
    /// Rust with the postgres crate.
    Rust,
    /// PHP with PDO.
    Php,
    /// C# with Npgsql.
    Csharp,
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 8] =
        [Self::Python, Self::Node, Self::Ruby, Self::Go, Self::Java, Self::Rust, Self::Php, Self::Csharp];

    /// The word that asks for it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::Ruby => "ruby",
            Self::Go => "go",
            Self::Java => "java",
            Self::Rust => "rust",
            Self::Php => "php",
            Self::Csharp => "csharp",
        }
    }

    /// The driver that the snippet is for, as people call it.
    pub fn driver(self) -> &'static str {
        match self {
            Self::Python => "psycopg 3",
            Self::Node => "node-postgres (pg)",
            Self::Ruby => "pg gem",
            Self::Go => "pgx v5",
            Self::Java => "PostgreSQL JDBC driver",
            Self::Rust => "postgres crate",
            Self::Php => "PDO",
            Self::Csharp => "Npgsql",
        }
    }
}
