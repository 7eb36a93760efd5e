//! What must hold of every connection string and of every pattern: no panic, no password in what is said, one meaning
//! however it is written, and for patterns psql's own answer. `PROPTEST_CASES` asks for more than a few seconds' worth.

mod support;

use std::collections::BTreeSet;
use std::io::Write as _;

use pgseqfix::db::connect::{Given, PasswordPolicy, Settings};
use pgseqfix::model::Pattern;
use postgres::Client;
use postgres::error::SqlState;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::{Database, Run};

fn resolve(database: &str) -> Result<Settings, String> {
    let given = Given { database: Some(database.to_owned()), password: PasswordPolicy::Never, ..Given::default() };
    let nowhere = |name: &str| match name {
        "HOME" => Some("/nonexistent".to_owned()),
        "PGUSER" => Some("somebody".to_owned()),
        _ => None,
    };
    Settings::resolve(&given, &nowhere).map_err(|error| error.to_string())
}

/// What is said of a string, be it taken or not.
fn said(database: &str) -> String {
    match resolve(database) {
        Ok(settings) => format!("{settings:?}"),
        Err(error) => error,
    }
}

/// Pieces that a connection string is made of, in any order.
fn junk() -> impl Strategy<Value = String> {
    let pieces = vec![
        "postgres://",
        "postgresql://",
        "://",
        "host=",
        "port=",
        "user",
        "dbname=",
        "options=",
        "sslmode=",
        "service=",
        "hostaddr=",
        "=",
        "==",
        " ",
        "\t",
        "\u{b}",
        "'",
        "''",
        "\\",
        "\\'",
        "\"",
        "/",
        "//",
        ":",
        "::1",
        "[",
        "]",
        "@",
        "?",
        "&",
        "#",
        ",",
        ";",
        "%",
        "%20",
        "%zz",
        "%00",
        "%ff",
        "%",
        "0",
        "5432",
        "-1",
        "99999",
        "a",
        "ß",
        "表",
        "🐘",
        "\u{202e}",
        "\u{1b}",
        "\n",
        "$",
        "|",
        "(",
        "-",
        "localhost",
        "/tmp",
        "@x",
        "true",
        "ssl",
        "x",
    ];
    vec(prop_oneof![8 => select(pieces).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)], 0..8)
        .prop_map(|pieces| pieces.concat().replace('\0', ""))
}

/// What a setting may be: no NUL, and nothing that makes a list or a socket of a host.
fn value() -> impl Strategy<Value = String> {
    junk().prop_map(|text| format!("v{text}"))
}

fn in_pairs(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn in_uri(text: &str) -> String {
    let encoded =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encoded).collect()
}

fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { count };
    ProptestConfig { cases, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn every_string_is_taken_or_refused_with_a_reason(text in junk(), any in any::<String>()) {
        for text in [text.as_str(), any.as_str()] {
            let said = said(text);
            prop_assert!(said.starts_with("Settings {") || said.contains(": ") && said.contains("\n  hint: "), "{said}");
        }
    }

    #[test]
    fn the_password_of_a_uri_is_never_shown_not_even_one_that_is_not_encoded(
        user in "[a-z%]{0,3}", before in junk(), behind in junk(), rest in junk()
    ) {
        let text = format!("postgres://{user}:{before}hush{behind}@{rest}");
        // What could be a setting of its own, as in user:12?user=x@host, is taken for one.
        if !format!("{before}{behind}").contains('?') || !text.contains('=') {
            prop_assert!(!said(&text).contains("hush"), "{text:?}: {}", said(&text));
        }
        let text = format!("postgres://h/d?user=u&password={before}hush{behind}&{rest}");
        // One that ends before the word is another one.
        if !before.contains('&') {
            prop_assert!(!said(&text).contains("hush"), "{text:?}: {}", said(&text));
        }
    }

    #[test]
    fn the_password_among_pairs_is_never_shown_not_even_one_that_is_not_quoted(
        before in junk(), behind in junk(), rest in junk(), is_quoted in any::<bool>()
    ) {
        let before = before.replace('=', "");
        let password = format!("{before}hush{behind}");
        let password = if is_quoted { in_pairs(&password) } else { password };
        let text = format!("host=h user=u password={password} {rest}");
        // What follows may be a setting of its own, as the password's own letters may be.
        if is_quoted || !behind.contains('=') {
            prop_assert!(!said(&text).contains("hush"), "{text:?}: {}", said(&text));
        }
        prop_assert!(!said(&format!(" \n{text}")).contains("hush") || behind.contains('='), "{text:?}");
    }

    #[test]
    fn a_setting_means_the_same_in_pairs_and_in_a_uri(
        host in value(), user in value(), database in value(), name in value(), options in value(), password in value(),
        port in 1_u16.., timeout in any::<i32>()
    ) {
        let host = host.replace(',', "");
        let pairs = format!(
            "host={} user = {} dbname={}application_name ={} options={} password={} port={port} connect_timeout={timeout}",
            in_pairs(&host), in_pairs(&user), in_pairs(&database), in_pairs(&name), in_pairs(&options), in_pairs(&password),
        );
        let uri = format!(
            "postgresql://{}:{}@{}:{port}/{}?application_name={}&options={}&connect_timeout={timeout}",
            in_uri(&user), in_uri(&password), in_uri(&host), in_uri(&database), in_uri(&name), in_uri(&options),
        );
        let (one, other) = (resolve(&pairs), resolve(&uri));
        match (&one, &other) {
            (Ok(one), Ok(other)) => {
                prop_assert_eq!((one.user(), one.database()), (user.as_str(), database.as_str()));
                prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
            }
            // Both forms see a stray password in such a host or name; only a URI knows one of its own making.
            (Err(_), Err(_)) => prop_assert!([&host, &user, &database].iter().any(|text| text.contains('@')), "{pairs}"),
            (Ok(_), Err(error)) => prop_assert!(error.contains("stray") && host.contains('@'), "{uri}: {error}"),
            (Err(error), Ok(_)) => prop_assert!(false, "{pairs}: {error}"),
        }
    }

    #[test]
    fn every_pattern_is_read(text in any::<String>(), odd in pattern()) {
        for text in [text, odd] {
            let relation = Pattern::of_relation(&text);
            prop_assert!(Pattern::of_schema(&text).is_none_or(|schema| Some(schema) == relation));
        }
    }
}

/// Names of relations with all that patterns make something of.
const NAMES: [&str; 38] = [
    "album",
    "Album",
    "ALBUM",
    "artist",
    "a",
    "b",
    "ab",
    "abc",
    "a b",
    "a.b",
    "a*b",
    "a?b",
    "a|b",
    "a(b)",
    "[ab]",
    "a[]",
    "a\\b",
    "a\\d",
    "a$",
    "$1",
    "^a",
    "a+",
    "a{2}",
    "aa",
    "it's",
    "say \"hi\"",
    "\"",
    "''",
    "ä",
    "Ä",
    "表",
    "a-b",
    "a_b",
    "1",
    "ab%",
    "x;y",
    ":a",
    "`a`",
];

fn pattern() -> impl Strategy<Value = String> {
    let pieces = vec![
        "a",
        "b",
        "A",
        "album",
        "Album",
        "ab",
        "*",
        "?",
        ".",
        ".",
        "public",
        "Back",
        "\"",
        "\"",
        "\"\"",
        "\"a\"",
        "|",
        "(",
        ")",
        "[",
        "]",
        "[ab]",
        "[^a]",
        "[]",
        "\\",
        "\\d",
        "\\.",
        "$",
        "^",
        "+",
        "{2}",
        "{",
        "}",
        " ",
        "'",
        "ä",
        "Ä",
        "表",
        "-",
        "_",
        "1",
        "%",
        ";",
        ":",
        "`",
        "\"a.b\"",
        "\"Back Office\"",
        "(a|b)",
        ".*",
        "*.",
        "b$",
    ];
    vec(select(pieces), 1..6).prop_map(|pieces| pieces.concat())
}

/// What psql lists for each of these, as `schema|name`; none where it sees an error.
fn listed_by_psql(database: &Database, command: &str, patterns: &[String]) -> Option<Vec<Option<BTreeSet<String>>>> {
    let mut psql = database.program("psql")?;
    let mut script = tempfile::NamedTempFile::new().expect("a file");
    for pattern in patterns {
        // Between its single quotes psql takes every letter as it is.
        let quoted = pattern.replace('\\', "\\\\").replace('\'', "''");
        writeln!(script, "\\echo '\\035'\n{command} '{quoted}'").expect("our own file");
    }
    psql.args(["-X", "-q", "-t", "-A", "-F", "\u{1f}", "-R", "\u{1e}", "-f"]).arg(script.path());
    let run = Run::of(&mut support::terminal::through_shell(&psql, r#""$0" "$@" 2>&1"#));
    let mut answers = run.stdout.split("\u{1d}\n");
    assert_eq!(answers.next(), Some(""), "{}", run.stdout);
    let answers: Vec<_> = answers
        .map(|answer| {
            let is_wrong = ["ERROR:", "improper ", "cross-database"].iter().any(|word| answer.contains(word));
            let rows = answer.trim_end_matches('\n').split('\u{1e}').filter(|row| !row.is_empty());
            let name = |row: &str| {
                let fields: Vec<&str> = row.split('\u{1f}').collect();
                if command == "\\dn" { fields[0].to_owned() } else { format!("{}|{}", fields[0], fields[1]) }
            };
            (!is_wrong).then(|| rows.map(name).filter(|row| !row.starts_with("pg_toast")).collect())
        })
        .collect();
    assert_eq!(answers.len(), patterns.len(), "one answer for each pattern");
    Some(answers)
}

/// What our own statement finds; none where the pattern is wrong, or names another database.
fn matched(client: &mut Client, schema: Option<&Pattern>, relation: Option<&Pattern>) -> Option<BTreeSet<String>> {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    let schemas: Vec<&str> = schema.iter().map(|pattern| pattern.name.as_str()).collect();
    let of = |part: fn(&Pattern) -> &Option<String>| relation.iter().map(|it| text(part(it))).collect::<Vec<_>>();
    let names: Vec<&str> = relation.iter().map(|pattern| pattern.name.as_str()).collect();
    let in_schemas = of(|it| &it.schema);
    let databases: Vec<Option<&str>> = relation.iter().map(|it| it.database.as_deref()).collect();
    let sql = format!(
        "SELECT m.name, (SELECT relnamespace::regnamespace::oid FROM pg_class WHERE oid = m.oid AND NOT m.is_schema)
         FROM ({}) AS m",
        include_str!("../src/db/sql/matches.sql").trim_end().trim_end_matches(';')
    );
    let rows = match client.query(&sql, &[&schemas, &in_schemas, &names, &databases]) {
        Ok(rows) => rows,
        Err(error) => {
            assert_eq!(error.code(), Some(&SqlState::INVALID_REGULAR_EXPRESSION), "{error:?}");
            return None;
        }
    };
    let schema_names = client.query("SELECT oid, nspname::text FROM pg_namespace", &[]).expect("its names");
    let schema_name = |oid: u32| {
        let row = schema_names.iter().find(|row| row.get::<_, u32>(0) == oid);
        row.expect("every schema has a name").get::<_, String>(1)
    };
    let found = rows.iter().map(|row| {
        let name: String = row.get(0);
        row.get::<_, Option<u32>>(1).map_or_else(|| name.clone(), |oid| format!("{}|{name}", schema_name(oid)))
    });
    Some(found.filter(|name| !name.starts_with("pg_toast")).collect())
}

#[test]
fn a_pattern_selects_what_psql_lists() {
    let database = Database::with_setup(r#"CREATE SCHEMA "Back Office"; CREATE SCHEMA "a.b""#);
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    for (at, name) in NAMES.iter().enumerate() {
        let schema = ["public", "\"Back Office\"", "\"a.b\""][at % 3];
        let kind = if at % 5 == 4 { "SEQUENCE" } else { "TABLE" };
        let columns = if kind == "TABLE" { "(id int)" } else { "" };
        database.execute(&format!("CREATE {kind} {schema}.{} {columns}", quoted(name)));
        if at % 2 == 0 {
            database.execute(&format!("CREATE VIEW \"a.b\".\"{at}{} AS SELECT 1 AS one", &quoted(name)[1..]));
        }
    }
    let count = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(400);
    let mut runner = TestRunner::default();
    let mut patterns: Vec<String> =
        NAMES.iter().flat_map(|name| [(*name).to_owned(), format!("*.{}", quoted(name))]).collect();
    patterns.push(format!("\"{}\".public.a", database.name()));
    patterns.push(format!("\"{}\".\"a.b\".*", database.name()));
    patterns.extend(["*.*.*", "*.*.*(a|b)", "..a", "?*.public.a"].map(str::to_owned));
    patterns.extend((0..count).map(|_| pattern().new_tree(&mut runner).expect("a pattern").current()));
    // Before 15 psql took what stands before the schema for a part of its name.
    let has_database = |text: &str| Pattern::of_relation(text).is_none_or(|pattern| pattern.database.is_some());
    if support::server_version() < 150_000 {
        patterns.retain(|text| !has_database(text));
    }
    let Some(listed) = listed_by_psql(&database, "\\dtvmsE", &patterns) else {
        eprintln!("skipped: no psql on this machine");
        return;
    };
    let mut client = database.client();
    let mut found = 0;
    for (text, listed) in patterns.iter().zip(listed) {
        let ours = Pattern::of_relation(text).and_then(|pattern| matched(&mut client, None, Some(&pattern)));
        found += usize::from(listed.as_ref().is_some_and(|listed| !listed.is_empty()));
        match listed {
            Some(listed) => assert_eq!(ours, Some(listed), "{text:?}"),
            // Here another database, and a schema's half where no name matches the other, are what nothing matches.
            None => assert!(ours.is_none_or(|ours| ours.is_empty()), "{text:?}"),
        }
    }
    assert!(found > 60, "most patterns of {} selected nothing: {found} did not", patterns.len());

    // psql 15 breaks its own statement over a single quote there.
    patterns.retain(|text| Pattern::of_schema(text).is_some() && !text.contains('\''));
    let listed = listed_by_psql(&database, "\\dn", &patterns).expect("psql is there");
    for (text, listed) in patterns.iter().zip(listed) {
        let ours = Pattern::of_schema(text).and_then(|pattern| matched(&mut client, Some(&pattern), None));
        assert_eq!(ours, listed, "{text:?}");
    }
}
