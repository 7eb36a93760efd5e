//! What a failing statement says, and what `explain` makes of it.

use std::env;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use postgres::error::DbError;
use serde_json::Value;

use super::{Database, Run};

/// An error as psql prints it.
pub fn as_psql_prints(error: &DbError) -> String {
    let mut text = format!("ERROR:  {}\n", error.message());
    if let Some(detail) = error.detail() {
        let _ = writeln!(text, "DETAIL:  {detail}");
    }
    text
}

/// Likewise, with VERBOSITY set to verbose.
pub fn as_psql_prints_verbosely(error: &DbError) -> String {
    let field = |field: Option<&str>| field.expect("a unique violation has it").to_owned();
    format!(
        "{}SCHEMA NAME:  {}\nTABLE NAME:  {}\nCONSTRAINT NAME:  {}\n",
        as_psql_prints(error),
        field(error.schema()),
        field(error.table()),
        field(error.constraint())
    )
}

impl Database {
    /// The error that statements end with; the server rolls all of them back.
    pub fn error(&self, sql: &str) -> DbError {
        self.error_as("postgres", sql)
    }

    /// Likewise, for another role.
    pub fn error_as(&self, role: &str, sql: &str) -> DbError {
        let refused = self.client_as(role).batch_execute(sql).expect_err(sql);
        refused.as_db_error().unwrap_or_else(|| panic!("{refused} in {sql}")).clone()
    }

    /// The text of a unique violation, as psql prints it.
    pub fn violation(&self, sql: &str) -> String {
        let error = self.error(sql);
        assert_eq!(error.code().code(), "23505", "{error} in {sql}");
        as_psql_prints(&error)
    }

    /// What `explain` makes of a text, ending with `status` in JSON as on the screen.
    pub fn explain(&self, text: &str, status: i32) -> Explained {
        self.explain_with(&[], text, status)
    }

    /// Likewise, with further arguments.
    pub fn explain_with(&self, arguments: &[&str], text: &str, status: i32) -> Explained {
        let run = |format| {
            let words = [&["explain", "--format", format], arguments, &["--", text]].concat();
            self.run(&words).expect_status(status)
        };
        let (json, screen) = (run("json"), run("table"));
        let json = json.json();
        assert_eq!(screen.stdout.contains("Verdict"), json["verdict"].is_string(), "{json:#}\n{}", screen.stdout);
        Explained { json, screen: screen.stdout }
    }

    /// `explain` ends in trouble without a result; what it says.
    pub fn explain_in_vain(&self, arguments: &[&str], text: &str) -> String {
        let run = self.run(&[&["explain"], arguments, &["--", text]].concat()).expect_status(2);
        assert_eq!(run.stdout, "", "{run:#?}");
        run.stderr
    }

    /// The command runs as it was printed, with the built program on the path, and `--yes`.
    pub fn run_printed(&self, command: &str) -> Run {
        let directory = Path::new(env!("CARGO_BIN_EXE_pgseqfix")).parent().expect("it is in a directory");
        let path = env::join_paths([directory, Path::new("/usr/bin"), Path::new("/bin")]).expect("no colon in them");
        let mut shell = self.with_connection(Command::new("sh"));
        Run::of(shell.env("PATH", path).args(["-c", &format!("{command} --yes")]))
    }
}

/// What `explain` printed.
pub struct Explained {
    /// With `--format json`.
    pub json: Value,
    /// For people.
    pub screen: String,
}

impl Explained {
    /// A field that is a text.
    pub fn text(&self, pointer: &str) -> &str {
        let found = self.json.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text {pointer} in {:#}", self.json))
    }

    /// The same, if it has this verdict.
    pub fn expect(self, verdict: &str) -> Self {
        assert_eq!(self.json["verdict"], verdict, "{:#}\n{}", self.json, self.screen);
        self
    }

    /// The facts, a line each.
    pub fn facts(&self) -> String {
        self.joined("evidence", "/fact")
    }

    /// What would settle the rest, a line each.
    pub fn hints(&self) -> String {
        self.joined("evidence", "/hint")
    }

    /// The notes, a line each.
    pub fn notes(&self) -> String {
        self.joined("notes", "")
    }

    fn joined(&self, list: &str, pointer: &str) -> String {
        let list = self.json[list].as_array().expect("a list").iter();
        list.filter_map(|one| one.pointer(pointer)?.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Purpose and text of each statement.
    pub fn statements(&self) -> Vec<(&str, &str)> {
        let list = self.json["statements"].as_array().expect("a list").iter();
        list.map(|one| (one["purpose"].as_str().expect("a text"), one["sql"].as_str().expect("a text"))).collect()
    }

    /// `schema.table name` of each index that the name may stand for.
    pub fn candidates(&self) -> Vec<String> {
        let list = self.json["candidates"].as_array().expect("a list").iter();
        let word = |one: &Value, field: &str| one[field].as_str().expect("a text").to_owned();
        list.map(|one| format!("{}.{} {}", word(one, "schema"), word(one, "table"), word(one, "name"))).collect()
    }
}
