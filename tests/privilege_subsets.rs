//! Every subset of the privileges that matter, each on a table of its own, against a model of a few lines.

mod support;

use std::collections::BTreeMap;

use serde_json::Value;
use support::{Database, role_name, server_version};

const ON_SEQUENCE: [&str; 3] = ["USAGE", "SELECT", "UPDATE"];
/// Half of those on a table for each kind of link, as each more would double the time. MAINTAIN is known since 17.
const ON_OWNING_TABLE: [&str; 5] = ["SELECT", "SELECT (id)", "UPDATE", "TRUNCATE", "MAINTAIN"];
const ON_DRAWING_TABLE: [&str; 4] = ["SELECT", "SELECT (id)", "INSERT", "DELETE"];
const LOCKING: [&str; 4] = ["UPDATE", "DELETE", "TRUNCATE", "MAINTAIN"];

/// What so many tables take is well below the server's room for locks.
const IN_ONE_TRANSACTION: usize = 250;

/// How a sequence hangs together with its table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    /// It belongs to the column, and both to the same role.
    Owned,
    /// It is the column's default only.
    Default,
}

/// What the role has, and on what.
struct Combination {
    number: usize,
    may_use_schema: bool,
    owns: bool,
    on_sequence: Vec<&'static str>,
    on_table: Vec<&'static str>,
}

/// What a fix can come to.
#[derive(Debug, PartialEq, Eq)]
enum Level {
    Full,
    Advance,
    LeftAlone,
}

impl Combination {
    fn all(on_table: &[&'static str]) -> Vec<Self> {
        let is_known = |each: &&&str| server_version() >= 170_000 || **each != "MAINTAIN";
        let known_on_table: Vec<&'static str> = on_table.iter().filter(is_known).copied().collect();
        let bits = 2 + ON_SEQUENCE.len() + known_on_table.len();
        let all = (0..1usize << bits).map(|number| Self {
            number,
            may_use_schema: number & 1 > 0,
            owns: number & 2 > 0,
            on_sequence: subset(&ON_SEQUENCE, number >> 2),
            on_table: subset(&known_on_table, number >> (2 + ON_SEQUENCE.len())),
        });
        all.collect()
    }

    fn schema(&self) -> &'static str {
        if self.may_use_schema { r#""Open""# } else { r#""Shut""# }
    }

    fn table(&self) -> String {
        format!(r#"{}."T {}""#, self.schema(), self.number)
    }

    fn sequence_name(&self) -> String {
        format!("T {}_id_seq", self.number)
    }

    fn sequence(&self) -> String {
        format!(r#"{}."{}""#, self.schema(), self.sequence_name())
    }

    /// Rows 1 to 3, and a sequence that is new.
    fn setup(&self, link: Link, role: &str) -> String {
        let (table, sequence) = (self.table(), self.sequence());
        // An index makes the setup three times as long, and lets only those that we may alter share a transaction.
        let key = if self.level() == Level::Full { "PRIMARY KEY" } else { "" };
        let mut sql = match link {
            Link::Owned => format!("CREATE TABLE {table} (id serial {key});"),
            Link::Default => format!(
                "CREATE SEQUENCE {sequence}; CREATE TABLE {table} (id int {key} DEFAULT nextval('{sequence}'));"
            ),
        };
        let mut add = |statement: String| {
            sql.push_str(&statement);
            sql.push(';');
        };
        add(format!("INSERT INTO {table} VALUES (1), (2), (3)"));
        if self.owns {
            let (kind, name) = if link == Link::Owned { ("TABLE", &table) } else { ("SEQUENCE", &sequence) };
            add(format!("ALTER {kind} {name} OWNER TO {role}; REVOKE ALL ON TABLE {table} FROM {role}"));
        }
        // What an owner has without any GRANT looks different in the catalog.
        if !(self.owns && self.on_sequence.len() == ON_SEQUENCE.len()) {
            add(format!("REVOKE ALL ON SEQUENCE {sequence} FROM {role}"));
            if !self.on_sequence.is_empty() {
                add(format!("GRANT {} ON SEQUENCE {sequence} TO {role}", self.on_sequence.join(", ")));
            }
        }
        if !self.on_table.is_empty() {
            add(format!("GRANT {} ON TABLE {table} TO {role}", self.on_table.join(", ")));
        }
        sql
    }

    fn may_read_table(&self) -> bool {
        self.on_table.iter().any(|each| each.starts_with("SELECT"))
    }

    fn may_lock(&self) -> bool {
        self.on_table.iter().any(|each| LOCKING.contains(each))
    }

    fn may_advance(&self) -> bool {
        self.on_sequence.contains(&"USAGE") || self.on_sequence.contains(&"UPDATE")
    }

    fn is_readable(&self) -> bool {
        self.may_use_schema && self.on_sequence.contains(&"SELECT") && self.may_read_table()
    }

    /// The facts: setval needs UPDATE, nextval USAGE or UPDATE, ALTER ownership, LOCK any of four.
    fn level(&self) -> Level {
        if self.is_readable() && self.may_lock() && self.may_advance() {
            self.level_with_grants()
        } else {
            Level::LeftAlone
        }
    }

    /// A GRANT makes nobody an owner.
    fn level_with_grants(&self) -> Level {
        if self.owns && self.on_sequence.contains(&"UPDATE") { Level::Full } else { Level::Advance }
    }

    fn grants_to_read(&self, role: &str) -> Vec<String> {
        let (schema, table, sequence) = (self.schema(), self.table(), self.sequence());
        let mut grants = Vec::new();
        if !self.may_use_schema {
            grants.push(format!("GRANT USAGE ON SCHEMA {schema} TO {role}"));
        }
        if !self.on_sequence.contains(&"SELECT") {
            grants.push(format!("GRANT SELECT ON SEQUENCE {sequence} TO {role}"));
        }
        if !self.may_read_table() {
            grants.push(format!("GRANT SELECT (id) ON TABLE {table} TO {role}"));
        }
        grants
    }

    fn grants_to_fix(&self, role: &str) -> Vec<String> {
        let mut grants = self.grants_to_read(role);
        if !self.may_lock() {
            grants.push(format!("GRANT UPDATE ON TABLE {} TO {role}", self.table()));
        }
        if !self.may_advance() {
            grants.push(format!("GRANT USAGE ON SEQUENCE {} TO {role}", self.sequence()));
        }
        grants
    }
}

fn subset(of: &[&'static str], bits: usize) -> Vec<&'static str> {
    of.iter().enumerate().filter(|(place, _)| bits >> place & 1 > 0).map(|(_, each)| *each).collect()
}

/// Sends many statements, a few in each transaction.
fn execute_all(database: &Database, statements: &[String]) {
    let mut client = database.client();
    for some in statements.chunks(IN_ONE_TRANSACTION) {
        client.batch_execute(&some.join(";")).expect("they are the superuser's");
    }
}

fn assert_next_insert_works(database: &Database, combinations: &[&Combination]) {
    for some in combinations.chunks(IN_ONE_TRANSACTION) {
        let each = some.iter().map(|one| format!("INSERT INTO {} DEFAULT VALUES RETURNING id", one.table()));
        let drawn = database.texts(&each.collect::<Vec<_>>().join(";"));
        assert_eq!(drawn, vec![[Some("4".to_owned())]; some.len()]);
    }
}

/// By name: to look each up in a list of thousands would take longer than the fixes.
fn by_name(report: &Value) -> BTreeMap<&str, &Value> {
    let sequences = report["sequences"].as_array().expect("a list").iter();
    sequences.map(|found| (found["name"].as_str().expect("a name"), found)).collect()
}

fn hint(grants: &[String]) -> Value {
    if grants.is_empty() { Value::Null } else { (grants.join("; ") + ";").into() }
}

fn assert_set(found: &Value, level: &Level) {
    let word = if *level == Level::Full { "full" } else { "advance" };
    assert_eq!((&found["fix"]["protection"], &found["outcome"]["result"]), (&word.into(), &"set".into()), "{found:#}");
}

fn expect_what_is_possible_is_done_and_the_rest_after_the_grants_that_are_named(link: Link, on_table: &[&'static str]) {
    let role = role_name();
    let database = Database::with_setup(&format!(
        r#"CREATE ROLE "{role}" LOGIN; CREATE SCHEMA "Open"; CREATE SCHEMA "Shut"; GRANT USAGE ON SCHEMA "Open" TO "{role}""#
    ));
    let quoted = format!("\"{role}\"");
    let combinations = Combination::all(on_table);
    let setup: Vec<String> = combinations.iter().map(|each| each.setup(link, &quoted)).collect();
    execute_all(&database, &setup);
    let new = database.sequence_states();
    let run = |arguments: &[&str], status| {
        let arguments = [arguments, &["--format", "json", "-U", &role]].concat();
        database.run(&arguments).expect_status(status).json()
    };

    let scan = run(&[], 2);
    let found = by_name(&scan);
    assert_eq!(found.len(), combinations.len());
    for each in combinations.iter().filter(|each| !each.is_readable()) {
        let found = found[&*each.sequence_name()];
        assert_eq!(found["status"], "unreadable", "{found:#}");
        assert_eq!(found["hint"], hint(&each.grants_to_read(&quoted)), "a scan asks for no more than it needs");
    }
    for each in combinations.iter().filter(|each| each.is_readable()) {
        assert_eq!(found[&*each.sequence_name()]["status"], "behind");
    }

    let (done, left): (Vec<&Combination>, Vec<&Combination>) =
        combinations.iter().partition(|each| each.level() != Level::LeftAlone);
    let dry_run = run(&["fix", "--dry-run"], 2);
    assert_eq!(database.sequence_states(), new);
    let fixed = run(&["fix", "--yes"], 2);
    for report in [&dry_run, &fixed] {
        let found = by_name(report);
        for each in &left {
            let found = found[&*each.sequence_name()];
            assert_eq!((&found["fix"], &found["outcome"]), (&Value::Null, &Value::Null), "{found:#}");
            assert_eq!(found["hint"], hint(&each.grants_to_fix(&quoted)), "{found:#}");
        }
    }
    let found = by_name(&fixed);
    for each in &done {
        assert_set(found[&*each.sequence_name()], &each.level());
    }
    let mut expected = new;
    let set = |states: &mut BTreeMap<_, _>, these: &[&Combination]| {
        for each in these {
            assert!(states.insert(each.sequence(), (3, true)).is_some());
        }
    };
    set(&mut expected, &done);
    assert_eq!(database.sequence_states(), expected);

    let printed: Vec<String> = left
        .iter()
        .map(|each| found[&*each.sequence_name()]["hint"].as_str().expect("what would cure it").to_owned())
        .collect();
    execute_all(&database, &printed);
    let fixed = run(&["fix", "--yes"], 0);
    let found = by_name(&fixed);
    for each in &left {
        assert_set(found[&*each.sequence_name()], &each.level_with_grants());
    }
    for each in &done {
        assert_eq!(found[&*each.sequence_name()]["status"], "in_sync");
    }
    set(&mut expected, &left);
    assert_eq!(database.sequence_states(), expected);
    assert_next_insert_works(&database, &combinations.iter().collect::<Vec<_>>());
}

#[test]
fn with_each_subset_of_privileges_on_a_sequence_and_its_owning_table_what_is_possible_is_done_and_the_rest_is_named() {
    expect_what_is_possible_is_done_and_the_rest_after_the_grants_that_are_named(Link::Owned, &ON_OWNING_TABLE);
}

#[test]
fn with_each_subset_of_privileges_on_a_sequence_that_is_a_default_only_what_is_possible_is_done_and_the_rest_is_named()
{
    expect_what_is_possible_is_done_and_the_rest_after_the_grants_that_are_named(Link::Default, &ON_DRAWING_TABLE);
}
