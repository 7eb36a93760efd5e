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

    expect_documented(&found, "JSON");
}

#[test]
fn the_documentation_of_explain_and_its_output_agree() {
    let database = shop();
    database
        .execute("CREATE SCHEMA other; CREATE TABLE other.\"Album\" (id int CONSTRAINT \"Album_pkey\" PRIMARY KEY)");
    let text =
        "ERROR:  duplicate key value violates unique constraint \"Album_pkey\"\nDETAIL:  Key (id)=(1) already exists.";
    let mut found = BTreeSet::new();
    let args = ["explain", "--format", "json", "--show-row", "--lang", "rust", "-n", "public", text];
    let one = database.run(&args).expect_status(1).json();
    collect(&one, "", &mut found);
    collect(&database.run(&["explain", "--format", "json", text]).expect_status(2).json(), "", &mut found);
    // What a row holds is the table's, and candidates and sequences are described where they are first.
    let is_described = |path: &String| {
        path.starts_with("row.content.") || path.starts_with("candidates[].") || path.starts_with("sequences[].")
    };
    found.retain(|path| !is_described(path));
    expect_documented(&found, "JSON of explain");

    let log = std::env::temp_dir().join(format!("pgseqfix-{}.log", std::process::id()));
    std::fs::write(&log, text).expect("a log");
    let mut found = BTreeSet::new();
    let path = log.to_str().expect("UTF-8");
    let log_json =
        database.run(&["explain", "--format", "json", "-n", "public", "--log", path]).expect_status(1).json();
    collect(&log_json, "", &mut found);
    std::fs::remove_file(&log).expect("it was there");
    found.retain(|path| !path.starts_with("constraints[].error."));
    expect_documented(&found, "JSON of explain --log");
}

fn expect_documented(found: &BTreeSet<String>, heading: &str) {
    let documented = documented(heading);
    let undocumented: Vec<_> = found.difference(&documented).collect();
    let unseen: Vec<_> = documented.difference(found).collect();
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

/// The first column of the table under a heading.
fn documented(heading: &str) -> BTreeSet<String> {
    let readme = include_str!("../README.md");
    let mut sections = readme.split("\n## ").flat_map(|section| section.split("\n### "));
    let section = sections.find(|section| section.lines().next() == Some(heading)).expect("a section on it");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rows: Vec<String> = rows.map(String::from).collect();
    let documented: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), documented.len(), "each field once");
    documented
}
