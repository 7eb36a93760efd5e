//! `explain --log`: every violation of a log is counted once, with its time and its verdict, whatever the log's form.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use postgres::Client;
use serde_json::{Value, json};
use support::repair::wait_until;
use support::{Database, Run, Server};

/// A sequence behind its table, a table whose key no sequence feeds, and one with a foreign key.
const TABLES: &str = r#"
    CREATE TABLE "Order Line" ("Line Id" serial PRIMARY KEY, note text);
    INSERT INTO "Order Line" ("Line Id", note) SELECT n, 'imported' FROM generate_series(1, 500) AS n;
    CREATE TABLE "Tag" (name text, kind text, CONSTRAINT "Tag ""key""" UNIQUE (name, kind));
    CREATE TABLE "Child" (line int REFERENCES "Order Line", tall int CHECK (tall > 0), must int NOT NULL)"#;

/// What the values of "Tag" are: each is nasty for one form of a log.
const NASTY: [&str; 8] = [
    "plain",
    "two\nlines",
    "\n\tDETAIL:  Key (x)=(y) already exists.\n",
    "a, b",
    "it's \"quoted\", \\n",
    "tab\there",
    "x) already exists.",
    "é „x“ {\"a\": 1}",
];

/// A server that writes logs of its own.
struct Logging {
    server: Server,
    database: Database,
}

impl Logging {
    fn with(conf: &[&str]) -> Self {
        let usual = [
            "logging_collector=on",
            "log_directory=logs",
            "log_filename=server.log",
            "log_file_mode=0644",
            "log_checkpoints=off",
        ];
        let server = Server::start_own(&[usual.as_slice(), conf].concat());
        let database = Database::on(&server);
        database.execute(TABLES);
        Self { server, database }
    }

    /// The log that ends with this, when it holds all that was done.
    fn log(&self, ending: &str) -> PathBuf {
        let mark = format!("mark {ending} {:?}", thread::current().id());
        self.database.execute(&format!("DO $$ BEGIN RAISE LOG '{mark}'; END $$"));
        let path = self.server.data_directory().join(format!("logs/server.{ending}"));
        wait_until("the collector has written", || {
            fs::read(&path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(&mark))
        });
        path
    }

    /// Sessions that fail side by side; how often each constraint was violated.
    fn fail_side_by_side(&self) -> [u64; 2] {
        thread::scope(|scope| {
            for session in 0..4 {
                scope.spawn(move || {
                    let mut client = self.database.client();
                    for round in 0..10 {
                        fail(&mut client, r#"INSERT INTO "Order Line" (note) VALUES ('x')"#, "23505");
                        fail(&mut client, r#"INSERT INTO "Child" VALUES (9999, 1, 1)"#, "23503");
                        let long = "INSERT INTO \"Order Line\"\n\t(note)\n\nVALUES\n\t('duplicate key value')";
                        fail(&mut client, long, "23505");
                        fail(&mut client, r#"INSERT INTO "Child" VALUES (1, 0, 1)"#, "23514");
                        if let Some(value) = NASTY.get(round).filter(|_| session == 0) {
                            let value = value.replace('\'', "''");
                            let tag = format!(r#"INSERT INTO "Tag" VALUES ('{value}', 'k')"#);
                            client.batch_execute(&tag).expect("the first one");
                            fail(&mut client, &tag, "23505");
                        }
                        fail(&mut client, r#"INSERT INTO "Child" VALUES (1, 1, NULL)"#, "23502");
                        let told = "DO $$ BEGIN RAISE LOG 'a program said: duplicate key value violates unique constraint \
                                    \"other_pkey\"'; END $$";
                        client.batch_execute(told).expect("a line of the log");
                    }
                });
            }
        });
        [80, NASTY.len() as u64]
    }
}

fn fail(client: &mut Client, sql: &str, sqlstate: &str) {
    let error = client.batch_execute(sql).expect_err("it fails");
    assert_eq!(error.code().map(postgres::error::SqlState::code), Some(sqlstate), "{error:?} in {sql}");
}

/// `explain --log` with these files and options, as JSON.
fn explain(database: &Database, options: &[&str], files: &[&Path]) -> Run {
    Run::of(database.pgseqfix().args(["explain", "--format", "json"]).args(options).arg("--log").args(files))
}

/// The entry of a constraint.
fn entry<'a>(report: &'a Value, constraint: &str) -> &'a Value {
    let all = report["constraints"].as_array().expect("constraints");
    let mut found = all.iter().filter(|entry| entry["error"]["constraint"] == constraint);
    let (first, second) = (found.next(), found.next());
    assert!(second.is_none(), "{constraint} twice in {report:#}");
    first.unwrap_or_else(|| panic!("no {constraint} in {report:#}"))
}

/// A text as a file in a folder of its own.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).expect("written");
        path
    }
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("packed");
    encoder.finish().expect("packed")
}

/// `count` reports of one constraint, one a second from a time of the clock on.
fn reports(constraint: &str, hour: u32, count: u32) -> String {
    let report = |number: u32| {
        let prefix = format!("2026-11-23 {hour:02}:{:02}:{:02} UTC [{}] ", number / 60, number % 60, 100 + number);
        format!(
            "{prefix}ERROR:  duplicate key value violates unique constraint \"{constraint}\"\n\
             {prefix}DETAIL:  Key (id)=({number}) already exists.\n{prefix}STATEMENT:  INSERT INTO t (id)\n\tVALUES ({number})\n"
        )
    };
    (0..count).map(report).collect()
}

/// Offline, without a server: the report as JSON.
fn offline(files: &[&Path]) -> Run {
    let mut command = assert_cmd::Command::cargo_bin("pgseqfix").expect("built");
    let output = command.args(["explain", "--offline", "--format", "json", "--log"]).args(files).output();
    output.expect("it runs").into()
}

fn offline_text(log: impl AsRef<[u8]>) -> Value {
    let files = Files::new();
    offline(&[&files.write("log", log)]).expect_status(0).json()
}

/// Claims that a log tells everything that was done.
fn expect_all_told(logging: &Logging, log: &Path, told: &str, has_detail: bool) {
    let [lines, tags] = logging.fail_side_by_side();
    let log = if log.as_os_str().is_empty() { logging.log("log") } else { logging.log(log.to_str().expect("UTF-8")) };
    let run = explain(&logging.database, &[], &[&log]).expect_status(1);
    let report = run.json();
    assert_eq!(report["violations"], lines + tags, "{told}: {report:#}");
    assert_eq!(report["constraints"].as_array().map(Vec::len), Some(2), "{told}: {report:#}");
    // The most frequent one first.
    let line = &report["constraints"][0];
    assert_eq!((&line["error"]["constraint"], &line["count"]), (&json!("Order Line_pkey"), &json!(lines)), "{told}");
    assert_eq!((&line["sequence_behind"], &line["found"]), (&json!(true), &json!("found")), "{told}: {report:#}");
    let tag = entry(&report, "Tag \"key\"");
    assert_eq!(tag["count"], tags, "{told}: {report:#}");
    assert_eq!(tag["sequence_behind"], false, "{told}: {report:#}");
    if has_detail {
        assert_eq!(line["error"]["columns"], json!(["\"Line Id\""]), "{told}: {report:#}");
        assert_eq!(tag["error"]["columns"], json!(["name", "kind"]), "{told}: {report:#}");
    } else {
        assert_eq!(tag["error"]["columns"], json!([]), "another's DETAIL: {told}: {report:#}");
    }
}

#[test]
fn every_prefix_of_stderr_is_read() {
    let logging = Logging::with(&["log_destination=stderr", "log_timezone=Asia/Kolkata"]);
    let prefixes = [
        "",
        "%m [%p] ",
        "%t:%r:%u@%d:[%p]:",
        "%m [%p-%l] user=%u,db=%d ",
        "%n %q%u@%d ",
        "%b %h postgres[%p]: [%l-1] ",
        "<\"%a\" '%u' [%m] (%d)> ",
        "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
        "%p",
    ];
    for prefix in prefixes {
        for verbosity in ["default", "verbose", "terse"] {
            let database = &logging.database;
            // A fresh log and a fresh table: the numbers start again.
            let log = logging.server.data_directory().join("logs/server.log");
            fs::OpenOptions::new().write(true).open(&log).expect("the log").set_len(0).expect("emptied");
            database.execute(r#"TRUNCATE "Tag"; SELECT setval('"Order Line_Line Id_seq"', 1, false)"#);
            let prefix = prefix.replace('\'', "''");
            let mut client = database.client();
            for (name, value) in [("log_line_prefix", prefix.as_str()), ("log_error_verbosity", verbosity)] {
                client.batch_execute(&format!("ALTER SYSTEM SET {name} = '{value}'")).expect("set");
            }
            client.batch_execute("SELECT pg_reload_conf()").expect("reloaded");
            wait_until("the server has read its settings", || {
                let wanted = format!(
                    "SELECT current_setting('log_line_prefix') = '{prefix}'
                        AND current_setting('log_error_verbosity') = '{verbosity}'"
                );
                database.value::<bool>(&wanted)
            });
            expect_all_told(&logging, Path::new(""), &format!("{prefix:?}, {verbosity}"), verbosity != "terse");
        }
    }
}

#[test]
fn csvlog_is_read() {
    let logging = Logging::with(&["log_destination=csvlog", "log_timezone=America/St_Johns"]);
    expect_all_told(&logging, Path::new("csv"), "csvlog", true);
}

#[test]
fn jsonlog_is_read() {
    if support::server_version() < 150_000 {
        return;
    }
    let logging = Logging::with(&["log_destination=jsonlog"]);
    expect_all_told(&logging, Path::new("json"), "jsonlog", true);
}

#[test]
fn each_value_of_a_real_log_is_told_as_it_is() {
    let is_new = support::server_version() >= 150_000;
    let destination = if is_new { "log_destination=stderr,csvlog,jsonlog" } else { "log_destination=stderr,csvlog" };
    let logging = Logging::with(&[destination, "log_line_prefix=%m [%p] %q%u@%d "]);
    let endings: &[&str] = if is_new { &["log", "csv", "json"] } else { &["log", "csv"] };
    let database = &logging.database;
    let mut client = database.client();
    for value in NASTY {
        let tag = format!(r#"INSERT INTO "Tag" VALUES ('{}', 'k')"#, value.replace('\'', "''"));
        client.batch_execute(&tag).expect("the first one");
        fail(&mut client, &tag, "23505");
        for ending in endings {
            // The last one is the one that is told.
            let report = explain(database, &["--offline"], &[&logging.log(ending)]).expect_status(0).json();
            let values = entry(&report, "Tag \"key\"")["error"]["values"].clone();
            assert_eq!(values, format!("{value}, k"), "{ending}");
        }
    }
}

#[test]
fn collectors_wrap_real_lines() {
    let logging = Logging::with(&["log_destination=stderr,csvlog", "log_line_prefix=%m [%p] %q%u@%d "]);
    let [lines, tags] = logging.fail_side_by_side();
    let log = fs::read(logging.log("log")).expect("the log");
    let log = String::from_utf8(log).expect("UTF-8");
    let docker =
        |line: &str| json!({"log": format!("{line}\n"), "stream": "stderr", "time": "2026-11-23T07:11:20.3962Z"});
    let google = |line: &str| json!({"insertId": "x", "textPayload": line, "timestamp": "2026-11-23T07:11:20.3962Z"});
    let files = Files::new();
    let wrapped = |wrap: &dyn Fn(&str) -> Value| {
        log.lines().fold(String::new(), |all, line| all + &wrap(line).to_string() + "\n")
    };
    // One record of the csvlog is one of CloudNativePG's.
    let csv = fs::read(logging.log("csv")).expect("the log");
    let mut cloud = String::new();
    for record in csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv.as_slice()).records() {
        let record = record.expect("a record");
        let record = json!({"log_time": &record[0], "user_name": &record[1], "database_name": &record[2],
            "error_severity": &record[11], "sql_state_code": &record[12], "message": &record[13],
            "detail": &record[14], "query": &record[19]});
        let line = json!({"level": "info", "ts": "2026-11-23T07:11:20Z", "logger": "postgres", "msg": "record", "record": record});
        writeln!(cloud, "{line}").expect("a text takes it");
    }
    for (name, text) in [("docker", wrapped(&docker)), ("google", wrapped(&google)), ("cloud", cloud)] {
        let report = explain(&logging.database, &[], &[&files.write(name, text)]).expect_status(1).json();
        assert_eq!(report["violations"], lines + tags, "{name}: {report:#}");
        let line = entry(&report, "Order Line_pkey");
        assert_eq!((&line["count"], &line["sequence_behind"]), (&json!(lines), &json!(true)), "{name}: {report:#}");
        assert_eq!(line["error"]["columns"], json!(["\"Line Id\""]), "{name}: {report:#}");
    }
}

#[test]
fn another_databases_errors_are_not_judged_by_this_ones_tables() {
    for (conf, ending) in [
        (&["log_destination=stderr", "log_line_prefix=%m [%p] %q%u@%d "][..], "log"),
        (&["log_destination=stderr", "log_line_prefix=%t user=%u,db=%d,app=%a "], "log"),
        (&["log_destination=csvlog"], "csv"),
    ] {
        let logging = Logging::with(conf);
        let other = Database::on(&logging.server);
        other.execute(TABLES);
        let insert = r#"INSERT INTO "Order Line" (note) VALUES ('x')"#;
        fail(&mut logging.database.client(), insert, "23505");
        for _ in 0..2 {
            fail(&mut other.client(), insert, "23505");
        }
        logging.database.execute(r#"SELECT setval('"Order Line_Line Id_seq"', 500)"#);
        let log = logging.log(ending);
        let report = explain(&logging.database, &[], &[&log]).expect_status(0).json();
        let told = |report: &Value| -> Vec<(Value, Value, Value)> {
            let all = report["constraints"].as_array().expect("constraints");
            all.iter()
                .map(|each| (each["count"].clone(), each["database"].clone(), each["sequence_behind"].clone()))
                .collect()
        };
        let (this, that) = (json!(logging.database.name()), json!(other.name()));
        let wanted = [(json!(2), that.clone(), Value::Null), (json!(1), this.clone(), json!(false))];
        assert_eq!(told(&report), wanted, "{conf:?}");
        let report = explain(&other, &[], &[&log]).expect_status(1).json();
        assert_eq!(told(&report), [(json!(2), that, json!(true)), (json!(1), this, Value::Null)], "{conf:?}");
        let table = Run::of(logging.database.pgseqfix().args(["explain", "--log"]).arg(&log)).expect_status(0);
        assert!(table.stdout.contains("not asked here"), "{table:#?}");
        assert!(
            table.stdout.contains(&format!("To ask: pgseqfix explain -d '{}' --log /", other.name())),
            "{table:#?}"
        );
    }
}

#[test]
fn the_command_that_asks_another_database_runs_as_it_is_printed() {
    let files = Files::new();
    for name in ["shop", "it's = \"odd\"", "a b"] {
        let log = format!(
            "2026-11-23 07:00:00.000 UTC,\"u\",\"{}\",1,\"\",1,1,\"\",2026-11-23 07:00:00 UTC,1/1,0,ERROR,23505,\"duplicate key value violates unique constraint \"\"k\"\"\",,,,,,,,,\"\"\n",
            name.replace('"', "\"\"")
        );
        let path = files.write("a log.csv", log);
        let database = Database::new();
        let table = Run::of(database.pgseqfix().args(["explain", "--log"]).arg(&path)).expect_status(0);
        let printed = table.stdout.lines().find_map(|line| line.strip_prefix("To ask: ")).expect("a command");
        // What a shell makes of it.
        let words = Run::of(Command::new("sh").args(["-c", &format!("printf '%s\\n' {printed}")])).expect_status(0);
        let words: Vec<&str> = words.stdout.lines().collect();
        let given = if name.contains('=') { r#"dbname='it\'s = "odd"'"# } else { name };
        let file = path.to_str().expect("UTF-8");
        assert_eq!(words, ["pgseqfix", "explain", "-d", given, "--log", file], "{table:#?}");
    }
}

#[test]
fn one_command_repairs_all_tables_that_are_behind() {
    let database = Database::with_setup(
        r#"CREATE TABLE "One" (id serial PRIMARY KEY, code serial UNIQUE); CREATE TABLE two (id serial PRIMARY KEY);
           INSERT INTO "One" VALUES (1, 1), (2, 2); INSERT INTO two VALUES (1), (2)"#,
    );
    let files = Files::new();
    let inserts = [
        r#"INSERT INTO "One" (code) VALUES (9)"#,
        r#"INSERT INTO "One" (id) VALUES (9)"#,
        "INSERT INTO two DEFAULT VALUES",
    ];
    let log = files.write("three.log", inserts.map(|insert| database.violation(insert)).concat());
    let table = Run::of(database.pgseqfix().args(["explain", "--log"]).arg(&log)).expect_status(1);
    let commands: Vec<&str> = table.stdout.lines().filter_map(|line| line.strip_prefix("To repair: ")).collect();
    let [command] = commands[..] else { panic!("{table:#?}") };
    database.run_printed(command).expect_status(0);
    database.run(&[]).expect_status(0);
}

#[test]
fn one_that_is_behind_ends_with_1_and_names_the_repair() {
    let logging = Logging::with(&["log_destination=stderr", "log_line_prefix=%m [%p] "]);
    for _ in 0..3 {
        fail(&mut logging.database.client(), r#"INSERT INTO "Order Line" (note) VALUES ('x')"#, "23505");
    }
    let log = logging.log("log");
    let run = Run::of(logging.database.pgseqfix().args(["explain", "--log"]).arg(&log)).expect_status(1);
    assert!(run.stdout.contains("sequence behind") && run.stdout.contains("3 errors 23505"), "{run:#?}");
    assert!(run.stdout.contains("To repair: pgseqfix fix"), "{run:#?}");
    // From standard input, the same.
    let mut child = logging.database.pgseqfix();
    let child = child.args(["explain", "--log", "-"]).stdin(fs::File::open(&log).expect("the log"));
    assert_eq!(Run::of(child).expect_status(1).stdout, run.stdout);
    logging.database.run(&["fix", "--yes"]).expect_status(0);
    let run = Run::of(logging.database.pgseqfix().args(["explain", "--log"]).arg(&log)).expect_status(0);
    assert!(!run.stdout.contains("To repair"), "{run:#?}");
}

#[test]
fn first_and_last_are_right_in_whatever_order_the_files_are_given() {
    let files = Files::new();
    let early = files.write("early.log", reports("a_pkey", 7, 61));
    let middle = files.write("middle.log.gz", packed(reports("a_pkey", 9, 5).as_bytes()));
    let late = files.write("late.log", reports("b_pkey", 12, 3) + &reports("a_pkey", 13, 2));
    for order in [[&early, &middle, &late], [&late, &middle, &early], [&middle, &late, &early]] {
        let report = offline(&order.map(PathBuf::as_path)).expect_status(0).json();
        assert_eq!((&report["violations"], &report["lines"]), (&json!(71), &json!(71 * 4)));
        let first = entry(&report, "a_pkey");
        assert_eq!(first["count"], 68);
        assert_eq!(
            (&first["first"], &first["last"]),
            (&json!("2026-11-23 07:00:00 UTC"), &json!("2026-11-23 13:00:01 UTC"))
        );
        assert_eq!(first["error"]["values"], json!("1"), "the last one is told: {report:#}");
    }
}

#[test]
fn packed_logs_are_known_by_their_content() {
    let files = Files::new();
    let text = reports("a_pkey", 7, 10);
    let (one, two) = text.split_at(text.len() / 2);
    let members = [packed(one.as_bytes()), packed(two.as_bytes()), packed(b"")].concat();
    for (name, content) in [("log.gz", packed(text.as_bytes())), ("members.gz", members.clone()), ("no-gz", members)] {
        let report = offline(&[&files.write(name, content)]).expect_status(0).json();
        assert_eq!(report["violations"], 10, "{name}: {report:#}");
    }
    // Plain text under a packed one's name.
    assert_eq!(offline(&[&files.write("plain.gz", &text)]).json()["violations"], 10);
    let whole = packed(text.as_bytes());
    let run = offline(&[&files.write("cut.gz", &whole[..whole.len() - 20])]).expect_status(2);
    assert!(run.stderr.contains("cut.gz") && run.stdout.is_empty(), "{run:#?}");
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    offline(&[&files.write("broken.gz", broken)]).expect_status(2);
}

#[test]
fn standard_input_may_be_packed() {
    let mut command = assert_cmd::Command::cargo_bin("pgseqfix").expect("built");
    let command = command.args(["explain", "--offline", "--format", "json", "--log", "-"]);
    let run: Run = command.write_stdin(packed(reports("a_pkey", 7, 10).as_bytes())).output().expect("it runs").into();
    assert_eq!(run.expect_status(0).json()["violations"], 10);
}

#[test]
fn what_cannot_be_read_ends_with_2() {
    let files = Files::new();
    let there = files.write("there.log", reports("a_pkey", 7, 1));
    let missing = files.0.path().join("missing.log");
    let run = offline(&[&there, &missing]).expect_status(2);
    assert!(run.stderr.contains("missing.log") && run.stdout.is_empty(), "{run:#?}");
    let run = offline(&[files.0.path()]).expect_status(2);
    assert!(run.stderr.contains("director"), "{run:#?}");
}

#[test]
fn a_log_without_any_says_so() {
    let files = Files::new();
    for (name, text) in [("empty", ""), ("none", "2026-11-23 07:00:00 UTC [23505] LOG:  checkpoint complete\n")] {
        let path = files.write(name, text);
        let report = offline(&[&path]).expect_status(0).json();
        assert_eq!((&report["violations"], &report["constraints"]), (&json!(0), &json!([])), "{name}");
        // No server is needed to say it.
        let mut command = assert_cmd::Command::cargo_bin("pgseqfix").expect("built");
        let output = command.args(["explain", "-h", "/nonexistent", "--log"]).arg(&path).output().expect("it runs");
        let run = Run::from(output).expect_status(0);
        assert!(run.stdout.contains("0 errors 23505"), "{run:#?}");
    }
}

#[test]
fn lines_may_end_with_carriage_returns_and_hold_invalid_bytes() {
    let text = reports("a_pkey", 7, 5).replace('\n', "\r\n");
    let report = offline_text(&text);
    assert_eq!((&report["violations"], &entry(&report, "a_pkey")["error"]["values"]), (&json!(5), &json!("4")));
    let mut bytes = b"\xff\xfe\x00 LOG:  x\n\xc3(\n".to_vec();
    for line in reports("a_pkey", 7, 5).lines() {
        bytes.extend_from_slice(line.replace("INSERT", "INS").as_bytes());
        bytes.extend_from_slice(if line.contains("STATEMENT") { b" \xff\x80\n" } else { b"\n" });
    }
    assert_eq!(offline_text(&bytes)["violations"], 5);
}

/// A text as PowerShell's redirection writes it.
fn utf16(text: &str, bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[test]
fn utf16_is_read_wherever_it_comes_from() {
    let files = Files::new();
    let text = reports("é_日_😀", 7, 5).replace('\n', "\r\n");
    for bytes in [utf16(&text, u16::to_le_bytes), utf16(&text, u16::to_be_bytes)] {
        for (name, content) in [("plain.log", bytes.clone()), ("packed.log", packed(&bytes))] {
            let report = offline(&[&files.write(name, content)]).expect_status(0).json();
            assert_eq!(entry(&report, "é_日_😀")["count"], 5, "{report:#}");
        }
        for log in [&[][..], &["--log", "-"]] {
            let mut command = assert_cmd::Command::cargo_bin("pgseqfix").expect("built");
            let command = command.args(["explain", "--offline"]).args(log);
            let run: Run = command.write_stdin(bytes.clone()).output().expect("it runs").into();
            assert!(run.expect_status(0).stdout.contains("é_日_😀"), "{log:?}");
        }
    }
}

#[test]
fn psqls_verbose_lines_keep_schemas_apart() {
    let report = |schema: &str| {
        format!(
            "ERROR:  23505: duplicate key value violates unique constraint \"k\"\nDETAIL:  Key (id)=(1) already exists.\n\
             SCHEMA NAME:  {schema}\nTABLE NAME:  t\nCONSTRAINT NAME:  k\nLOCATION:  _bt_check_unique, nbtinsert.c:664\n"
        )
    };
    let found = offline_text(["a", "a (old)", "a"].map(report).concat());
    let mut counts: Vec<(&Value, &Value)> = found["constraints"]
        .as_array()
        .expect("constraints")
        .iter()
        .map(|one| (&one["error"]["schema"], &one["count"]))
        .collect();
    counts.sort_by_key(|(_, count)| count.as_u64());
    assert_eq!(counts, [(&json!("a (old)"), &json!(1)), (&json!("a"), &json!(2))], "{found:#}");
}

#[test]
fn a_traceback_with_its_causes_counts_once() {
    let trace = |number: u32| {
        format!(
            "2026-11-23 07:11:{number:02},396 ERROR [main] could not save\n\
             org.springframework.dao.DuplicateKeyException: x; nested exception is org.postgresql.util.PSQLException: \
             ERROR: duplicate key value violates unique constraint \"users_pkey\"\n  Detail: Key (id)=({number}) already exists.\n\
             \tat org.example.Main.main(Main.java:1)\n\
             Caused by: org.postgresql.util.PSQLException: ERROR: duplicate key value violates unique constraint \"users_pkey\"\n  \
             Detail: Key (id)=({number}) already exists.\n\tat org.postgresql.Driver.x(Driver.java:2)\n\t... 12 more\n"
        )
    };
    let report = offline_text((0..7).map(trace).collect::<String>());
    assert_eq!(report["violations"], 7, "{report:#}");
    let users = entry(&report, "users_pkey");
    assert_eq!(users["error"]["values"], json!("6"));
    let times = (&users["first"], &users["last"]);
    assert_eq!(times, (&json!("2026-11-23 07:11:00,396"), &json!("2026-11-23 07:11:06,396")));
    let python = |number: u32| {
        format!(
            "[2026-11-23 07:12:{number:02}] ERROR in app: failed\nTraceback (most recent call last):\n  File \"a.py\", line 1\n\
             psycopg2.errors.UniqueViolation: duplicate key value violates unique constraint \"a_pkey\"\n\
             DETAIL:  Key (id)=({number}) already exists.\n\n\n\
             The above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n\
             sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint \
             \"a_pkey\"\nDETAIL:  Key (id)=({number}) already exists.\n\n[SQL: INSERT INTO a VALUES (%(id)s)]\n"
        )
    };
    let report = offline_text((0..7).map(python).collect::<String>());
    assert_eq!(report["violations"], 7, "{report:#}");
    let times = (&entry(&report, "a_pkey")["first"], &entry(&report, "a_pkey")["last"]);
    assert_eq!(times, (&json!("2026-11-23 07:12:00"), &json!("2026-11-23 07:12:06")));
}

#[test]
fn another_errors_detail_is_never_lent() {
    for prefix in ["", "2026-11-23 07:11:20 UTC [5] "] {
        let other = format!(
            "{prefix}ERROR:  duplicate key value violates unique constraint \"a_pkey\"\n\
             {prefix}ERROR:  insert or update on table \"b\" violates foreign key constraint \"b_fkey\"\n\
             {prefix}DETAIL:  Key (a)=(77) is not present in table \"a\".\n\
             {prefix}ERROR:  some other error\n{prefix}DETAIL:  Key (z)=(1) already exists.\n"
        );
        let report = offline_text(&other);
        assert_eq!((&report["violations"], &entry(&report, "a_pkey")["error"]["columns"]), (&json!(1), &json!([])));
    }
}

#[test]
fn what_a_statement_quotes_is_not_counted() {
    let quoted = "2026-11-23 07:11:20 UTC [5] LOG:  statement: INSERT INTO errors VALUES ('duplicate key value violates \
                  unique constraint \"a_pkey\"')\n\
                  2026-11-23 07:11:20 UTC [5] ERROR:  relation \"errors\" does not exist at character 13\n\
                  2026-11-23 07:11:20 UTC [5] STATEMENT:  INSERT INTO errors VALUES ('ERROR:  duplicate key value violates \
                  unique constraint \"a_pkey\"',\n\t'duplicate key value violates unique constraint \"a_pkey\"')\n";
    assert_eq!(offline_text(quoted)["violations"], 0);
}

#[test]
fn an_open_quote_in_csvlog_does_not_swallow_the_rest() {
    let record = |number: u32, end: &str| {
        format!(
            "2026-11-23 07:11:{number:02}.396 UTC,\"app\",\"shop\",4711,\"[local]\",6923ab12.1267,2,\"INSERT\",2026-11-23 07:11:19 \
             UTC,3/12,771,ERROR,23505,\"duplicate key value violates unique constraint \"\"a_pkey\"\"\",\"Key (id)=({number}) \
             already exists.\",,,,,\"INSERT INTO a{end}"
        )
    };
    let whole = "\nVALUES ('2026-11-23 07:11:20.396 UTC,\"\"app\"\",\n2026-11-23 07:11:20.396 UTC,\"\"app\"\"')\",,,\"psql\",\"x\",,0\n";
    let log = [record(1, whole), record(2, " (cut\n"), record(3, whole), record(4, whole), record(5, " (cut")].concat();
    let report = offline_text(&log);
    assert_eq!(report["violations"], 5, "{report:#}");
    let times = (&entry(&report, "a_pkey")["first"], &entry(&report, "a_pkey")["last"]);
    assert_eq!(times, (&json!("2026-11-23 07:11:01.396 UTC"), &json!("2026-11-23 07:11:05.396 UTC")));
}

#[test]
fn a_statement_of_megabytes_loses_no_error() {
    let long = "(1, 'x'), ".repeat(300_000);
    let json = json!({"timestamp": "2026-11-23 07:11:20.396 UTC", "dbname": "shop", "error_severity": "ERROR",
        "state_code": "23505", "message": "duplicate key value violates unique constraint \"a_pkey\"",
        "detail": "Key (id)=(1) already exists.", "statement": format!("INSERT INTO a VALUES {long}"), "pid": 1});
    let report = offline_text(format!("{json}\n{json}\n"));
    assert_eq!((&report["violations"], &entry(&report, "a_pkey")["error"]["values"]), (&json!(2), &json!("1")));
    let stderr = reports("a_pkey", 7, 3).replace("INSERT INTO t", &format!("INSERT INTO t {long}"));
    assert_eq!(offline_text(stderr)["violations"], 3);
}

#[test]
fn so_many_constraints_are_told_apart_and_the_rest_is_counted() {
    let mut log: String = (0..4_100).map(|number| reports(&format!("c{number}_pkey"), 7, 1)).collect();
    log.push_str(&reports("c7_pkey", 8, 2));
    let report = offline_text(log);
    assert_eq!((&report["violations"], &report["beyond"]), (&json!(4_102), &json!(100)));
    assert_eq!(report["constraints"].as_array().map(Vec::len), Some(4_000));
    assert_eq!(
        (&report["constraints"][0]["error"]["constraint"], &report["constraints"][0]["count"]),
        (&json!("c7_pkey"), &json!(3))
    );
}

#[test]
fn rotated_files_of_a_real_server_are_read_together() {
    let logging = Logging::with(&["log_destination=stderr", "log_line_prefix=%m [%p] ", "log_filename=server-%Y.log"]);
    let logs = logging.server.data_directory().join("logs");
    let files = Files::new();
    let insert = r#"INSERT INTO "Order Line" (note) VALUES ('x')"#;
    let mut rotated = Vec::new();
    for part in 0..3 {
        for _ in 0..=part {
            fail(&mut logging.database.client(), insert, "23505");
        }
        logging.database.execute(&format!("DO $$ BEGIN RAISE LOG 'end of part {part}'; END $$"));
        let current = fs::read_dir(&logs).expect("logs").next().expect("a log").expect("a file").path();
        let end = format!("end of part {part}");
        wait_until("the collector has written", || fs::read_to_string(&current).is_ok_and(|log| log.contains(&end)));
        let log = fs::read(&current).expect("the log");
        rotated.push(files.write(&format!("part.{part}.gz"), packed(&log)));
        fs::OpenOptions::new().write(true).open(&current).expect("the log").set_len(0).expect("emptied");
    }
    rotated.reverse();
    let paths: Vec<&Path> = rotated.iter().map(PathBuf::as_path).collect();
    let report = explain(&logging.database, &[], &paths).expect_status(1).json();
    let line = entry(&report, "Order Line_pkey");
    assert_eq!((&line["count"], &line["error"]["values"]), (&json!(6), &json!("6")), "{report:#}");
    assert!(line["first"].as_str() < line["last"].as_str(), "{report:#}");
}
