//! The questions a user asks of a run, as assertions.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Database, Run};

/// A report in JSON.
pub struct Report(Value);

impl Report {
    /// The only sequence of this bare name.
    pub fn sequence(&self, name: &str) -> &Value {
        let found: Vec<&Value> = self.sequences().filter(|one| one["name"] == name).collect();
        assert_eq!(found.len(), 1, "sequences called {name} in {:#}", self.0);
        found[0]
    }

    /// Every sequence in it.
    pub fn sequences(&self) -> impl Iterator<Item = &Value> {
        self.0["sequences"].as_array().expect("a list").iter()
    }

    /// The bare names of those that are behind.
    pub fn behind(&self) -> BTreeSet<&str> {
        let behind = self.sequences().filter(|one| one["status"] == "behind");
        behind.map(|one| one["name"].as_str().expect("a name")).collect()
    }

    /// One field of the whole, as in `/excluded/temporary`.
    pub fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {:#}", self.0))
    }

    /// `schema.table.column link role` of each column of a sequence, unquoted.
    pub fn columns(&self, name: &str) -> Vec<String> {
        let columns = self.sequence(name)["columns"].as_array().expect("a list");
        let word = |column: &Value, field: &str| String::from(column[field].as_str().expect("a word"));
        let line = |column| {
            let [schema, table, name, link, role] =
                ["schema", "table", "column", "link", "role"].map(|field| word(column, field));
            format!("{schema}.{table}.{name} {link} {role}")
        };
        columns.iter().map(line).collect()
    }
}

impl Run {
    /// What it wrote with `--format json`.
    pub fn report(&self) -> Report {
        Report(self.json())
    }
}

impl Database {
    /// A scan that ends with `status`.
    pub fn scan(&self, status: i32) -> Report {
        self.scan_as("postgres", status)
    }

    /// Likewise, as another role.
    pub fn scan_as(&self, role: &str, status: i32) -> Report {
        self.run(&["--format", "json", "-U", role]).expect_status(status).report()
    }

    /// `fix --yes` as a role, ending with `status`.
    pub fn fix_as(&self, role: &str, status: i32) -> Report {
        self.run(&["fix", "--yes", "--format", "json", "-U", role]).expect_status(status).report()
    }

    /// The sequences named, and no others, are behind and get repaired: nothing else moves, each of the `inserts`
    /// (which return the value drawn) gets its value, and a second look finds nothing to do.
    pub fn assert_repaired(&self, behind: &[&str], inserts: &[(&str, i64)]) {
        self.assert_repaired_as("postgres", behind, inserts);
    }

    /// Likewise, as another role; the inserts are the superuser's.
    pub fn assert_repaired_as(&self, role: &str, behind: &[&str], inserts: &[(&str, i64)]) {
        let expected: BTreeSet<&str> = behind.iter().copied().collect();
        let before = self.sequence_states();
        let found = self.scan_as(role, 1);
        assert_eq!(found.behind(), expected);
        assert_eq!(self.sequence_states(), before, "the scan moved something");

        let fixed = self.fix_as(role, 0);
        for name in behind {
            assert_eq!(fixed.sequence(name)["outcome"]["result"], "set", "{:#}", fixed.sequence(name));
        }
        let after = self.sequence_states();
        let moved = after.iter().filter(|(name, state)| before[*name] != **state).count();
        assert_eq!(moved, behind.len(), "before {before:#?}\nafter {after:#?}");

        assert!(self.scan_as(role, 0).behind().is_empty());
        self.fix_as(role, 0);
        assert_eq!(self.sequence_states(), after, "the second fix moved something");
        for (insert, value) in inserts {
            self.assert_draws(insert, *value);
        }
    }

    /// The insert works and returns this value.
    pub fn assert_draws(&self, insert: &str, value: i64) {
        assert_eq!(self.texts(insert), [[Some(value.to_string())]], "{insert}");
    }

    /// Nothing is behind, and a fix moves nothing.
    pub fn assert_nothing_to_do(&self) -> Report {
        let before = self.sequence_states();
        let report = self.scan(0);
        assert!(report.behind().is_empty());
        self.fix_as("postgres", 0);
        assert_eq!(self.sequence_states(), before);
        report
    }

    /// The sequence has this status, its reason says `words` in JSON and on the screen, and a fix moves nothing.
    pub fn assert_left_alone(&self, sequence: &str, status: &str, words: &str) -> Report {
        self.assert_left_alone_as("postgres", 0, sequence, status, words)
    }

    /// Likewise, as another role, and with an exit status of its own.
    pub fn assert_left_alone_as(&self, role: &str, exit: i32, sequence: &str, status: &str, words: &str) -> Report {
        let before = self.sequence_states();
        let report = self.scan_as(role, exit);
        let found = report.sequence(sequence);
        assert_eq!(found["status"], status, "{found:#}");
        let reason = found["reason"].as_str().unwrap_or_else(|| panic!("no reason in {found:#}"));
        assert!(reason.contains(words), "{words:?} is not in {reason:?}");
        self.fix_as(role, exit);
        assert_eq!(self.sequence_states(), before, "{found:#}");

        let screen = self.run(&["-U", role]).expect_status(exit).stdout;
        assert!(screen.contains(sequence), "{sequence} is not on the screen:\n{screen}");
        let one_line = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(one_line.contains(words), "{words:?} is not on the screen:\n{screen}");
        report
    }
}
