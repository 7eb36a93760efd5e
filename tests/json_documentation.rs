//! README documents every field of the JSON, and no other.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::situations::lock_in_mode;
use support::{Database, role_name};

/// Everything that a report can speak of: each object and each list has something in it somewhere.
const SHOP: &str = r#"
    CREATE TABLE "Album" (id serial PRIMARY KEY);
    INSERT INTO "Album" SELECT generate_series(1, 30);
    CREATE TABLE "Stock" (id serial PRIMARY KEY);
    INSERT INTO "Stock" SELECT generate_series(1, 30);
    CREATE TABLE in_step (id int GENERATED ALWAYS AS IDENTITY);
    INSERT INTO in_step DEFAULT VALUES;
    CREATE TABLE odd (code text DEFAULT 'N-' || nextval('odd_code_seq'));
    CREATE FUNCTION next_invoice() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('invoice_seq') $$;
    CREATE TABLE invoice (number bigint DEFAULT next_invoice());
    CREATE SEQUENCE alone;
    CREATE TABLE round (id int DEFAULT nextval('round_seq'))"#;

fn shop() -> Database {
    Database::with_setup(&format!(
        "CREATE SEQUENCE odd_code_seq; CREATE SEQUENCE invoice_seq; CREATE SEQUENCE round_seq CYCLE; {SHOP}"
    ))
}

#[test]
fn the_documentation_and_the_output_agree() {
    let database = shop();
    let mut found = BTreeSet::new();
    let mut take = |json: &Value| collect(json, "", &mut found);
    take(&database.run(&["--format", "json"]).expect_status(1).json());
    take(&database.run(&["fix", "--dry-run", "--format", "json"]).expect_status(1).json());
    let role = role_name();
    database.execute(&format!("CREATE ROLE \"{role}\" LOGIN"));
    take(&database.run(&["-U", &role, "--format", "json"]).expect_status(2).json());
    // One fix is done, one meets a lock.
    let holder = lock_in_mode(&database, "\"Stock\"", "ROW EXCLUSIVE");
    let fix = database.run(&["fix", "--yes", "--lock-timeout", "10ms", "--format", "json"]).expect_status(1).json();
    drop(holder);
    take(&fix);
    let is_there = |path: &str| fix.pointer(path).is_some_and(|value| !value.is_null());
    assert!(is_there("/sequences/0/outcome/after") && is_there("/sequences/1/outcome/reason"), "{fix:#}");

    let documented = documented();
    let undocumented: Vec<_> = found.difference(&documented).collect();
    let unseen: Vec<_> = documented.difference(&found).collect();
    assert!(undocumented.is_empty() && unseen.is_empty(), "not in README: {undocumented:?}\nnot in JSON: {unseen:?}");
}

/// The paths of all values, as `sequences[].fix.last_value`.
fn collect(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let list = if value.is_array() { "[]" } else { "" };
                let path = if path.is_empty() { format!("{name}{list}") } else { format!("{path}.{name}{list}") };
                collect(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, found)),
        _ => {}
    }
}

/// The first column of the table under `## JSON`.
fn documented() -> BTreeSet<String> {
    let readme = include_str!("../README.md");
    let section = readme.split("\n## ").find(|section| section.starts_with("JSON\n")).expect("a section on JSON");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rows: Vec<String> = rows.map(String::from).collect();
    let documented: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), documented.len(), "each field once");
    documented
}
