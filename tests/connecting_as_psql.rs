//! The same settings lead to the same place, as the same role, with the same password, as they do in psql; and what psql
//! refuses is refused for the same reason. With `PGSEQFIX_EVERY_LINE` all situations are tried instead of some.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use support::connection_situations::{
    Situation, kinds, passfiles, places, precedence, services, settings, slow, uris, variables,
};
use support::pretender::{Afterwards, Manner, pretend};
use support::recorder::{Recorder, Session};
use support::situations::{PASSWORD, server_with_readable_passwords, standby_of};
use support::{Database, Run, Server};
use tempfile::TempDir;

/// Servers, and lines to them on which is written down who calls.
struct Scene {
    database: Database,
    recorder: Recorder,
    directory: TempDir,
    words: Vec<(&'static str, String)>,
    standby: Option<Server>,
    runs: usize,
}

impl Scene {
    fn new() -> Self {
        let server = server_with_readable_passwords();
        let database = Database::on(&server);
        for role in ["u1", "u2", "u3", "u4", "u 5", "Clerk"] {
            database.execute(&format!("CREATE ROLE \"{role}\" LOGIN PASSWORD '{PASSWORD}'"));
        }
        for name in ["d1", "d2", "d3", "d4", "u1", "a:b\\c"] {
            database.execute(&format!("CREATE DATABASE \"{name}\""));
        }
        let standby = standby_of(&database);
        let recorder = Recorder::default();
        let directory = tempfile::Builder::new().prefix("pgseqfix-psql-").tempdir_in("/tmp").expect("there is room");
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let path = |name: &str| directory.path().join(name);
        let mut words = vec![
            ("{dir}", directory.path().display().to_string()),
            ("{home}", path("home").display().to_string()),
            ("{dead}", free().to_string()),
            ("{silent}", pretend(Manner::Silent, Afterwards::Stays).to_string()),
            ("{hangs up}", pretend(Manner::HangsUp, Afterwards::HangsUp).to_string()),
        ];
        for (word, name) in [("{a}", "a"), ("{b}", "b"), ("{c}", "c"), ("{d}", "d")] {
            words.push((word, recorder.listen(name, &server).to_string()));
        }
        if let Some(standby) = &standby {
            words.push(("{standby}", recorder.listen("standby", standby).to_string()));
        }
        for name in ["home", "h1", "h2", "h 3"] {
            fs::create_dir(path(name)).expect("there is room");
            recorder.listen_in(&path(name), 5432, name, &server);
        }
        recorder.listen_in(&path("h1"), 6543, "h1, 6543", &server);
        #[cfg(target_os = "linux")]
        recorder.listen_abstractly(&path("abstract").display().to_string(), 5432, "abstract", &server);
        Self { database, recorder, directory, words, standby, runs: 0 }
    }

    fn spell(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
    }

    fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// How a program fares in a situation.
    fn fare(&mut self, mut command: Command, situation: &Situation) -> Fared {
        self.runs += 1;
        for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE"] {
            command.env_remove(name);
        }
        command.env("HOME", self.home());
        for (name, value) in &situation.variables {
            command.env(name, self.spell(value));
        }
        command.arg("-w").args(situation.arguments.iter().map(|word| self.spell(word)));
        let run = Run::of(&mut command);
        assert!(!run.stderr.contains(PASSWORD), "a password is shown: {run:#?}");
        Fared::of(run, self.recorder.sessions())
    }

    fn prepare(&self, situation: &Situation) {
        let write = |name: &str, text: Option<&str>, mode| {
            let file = self.home().join(name);
            let _ = fs::remove_file(&file);
            if let Some(text) = text {
                fs::write(&file, self.spell(text)).expect("there is room");
                fs::set_permissions(&file, Permissions::from_mode(mode)).expect("it is ours");
            }
        };
        let passfile = situation.passfile.as_ref();
        write(".pgpass", passfile.map(|it| it.0.as_str()), passfile.map_or(0o600, |it| it.1));
        write(".pg_service.conf", situation.services.as_deref(), 0o644);
    }
}

/// How a program fared.
#[derive(Debug)]
struct Fared {
    /// `None`, or why it did not get in.
    refusal: Option<&'static str>,
    sessions: Vec<Session>,
    stderr: String,
}

impl Fared {
    fn of(run: Run, mut sessions: Vec<Session>) -> Self {
        for session in &mut sessions {
            // Each has its own name, and empty is none.
            let own = session.settings.get("application_name").is_some_and(|it| it == "psql" || it == "pgseqfix");
            session.settings.retain(|name, value| {
                let is_other = SHOWN.contains(&name.to_lowercase().as_str()) || (own && name == "application_name");
                !value.is_empty() && !is_other
            });
        }
        // psql calls again, with no name, where a setting is not known: that may be application_name, before 9.0.
        sessions.dedup();
        let refusal = if run.status == 0 { None } else { Some(reason(&run.stderr)) };
        Self { refusal, sessions, stderr: run.stderr }
    }
}

/// The driver understands nothing but UTF-8, and the others are for what psql shows.
const SHOWN: [&str; 4] = ["client_encoding", "datestyle", "timezone", "geqo"];

/// The reason of a refusal, by words of psql's and of ours.
fn reason(stderr: &str) -> &'static str {
    const REASONS: [(&str, &[&str]); 19] = [
        ("password", &["password authentication failed"]),
        ("no password", &["no password supplied"]),
        ("role or rule", &["role \"", "no pg_hba.conf entry"]),
        ("database", &["database \"", "does not exist"]),
        (
            "session setting",
            &["invalid value for parameter", "unrecognized configuration parameter", "invalid command-line"],
        ),
        ("service", &["service file", "definition of service"]),
        ("counts", &["could not match"]),
        ("address", &["could not parse network address"]),
        ("port", &["invalid port number", "a port that is no number", "for connection option \"port\""]),
        ("kind", &["invalid target_session_attrs value"]),
        ("unsuitable", &["session is read-only", "session is not read-only", "hot standby mode"]),
        ("number", &["invalid integer value"]),
        ("word", &["invalid "]),
        ("syntax", &["missing \"=\"", "unterminated quoted string"]),
        ("late", &["timeout expired", "no answer within"]),
        ("name", &["could not translate host name", "failed to lookup address"]),
        ("nobody", &["Connection refused", "No such file or directory"]),
        ("broken off", &["closed the connection", "connection closed", "communicating with the server"]),
        ("cannot", &["cannot do"]),
    ];
    let stderr = stderr.split("\n  hint:").next().unwrap_or_default();
    // The last host has the last word.
    let last = stderr.rsplit("port ").next().unwrap_or(stderr);
    let found = |text: &str| REASONS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)));
    // A database's name is in all our errors.
    let said = |text: &str| text.replace("to database \"", "to ").replace("as user", "");
    found(&said(last)).or_else(|| found(&said(stderr))).map_or("unknown", |(reason, _)| reason)
}

#[test]
fn it_gets_where_psql_gets() {
    let mut scene = Scene::new();
    let Some((_, major)) = scene.database.newest_psql() else {
        println!("there is no psql to compare with");
        return;
    };
    let quoted = PASSWORD.replace('\\', "\\\\");
    let directory = scene.directory.path().display().to_string();
    scene.words.extend([
        ("'{password}'", format!("'{quoted}'")),
        ("{password}", PASSWORD.to_owned()),
        ("{password in uri}", "s3cr%3At%5Cx".to_owned()),
        ("{password in file}", quoted.replace(':', "\\:")),
        ("{dir in uri}", directory.replace('/', "%2F")),
        ("{long}", "x".repeat(5_000)),
    ]);
    let every = env::var_os("PGSEQFIX_EVERY_LINE").is_some();
    let step = if every { 1 } else { 31 };
    let mut situations = precedence();
    situations.extend([uris(), places(), settings(), variables(), passfiles(), services()].concat());
    if scene.standby.is_some() {
        situations.extend(kinds());
    }
    let mut chosen: Vec<Situation> = situations.into_iter().step_by(step).collect();
    if every {
        chosen.extend(slow());
    }
    let mut differences = Vec::new();
    let mut refusals = BTreeMap::new();
    for situation in chosen.iter().filter(|it| it.since <= major) {
        scene.prepare(situation);
        let (mut psql, _) = scene.database.newest_psql().expect("it was there");
        psql.args(["-XAtc", "SELECT 1"]);
        let theirs = scene.fare(psql, situation);
        let mut pgseqfix = scene.database.pgseqfix();
        pgseqfix.args(["-j", "1"]);
        let ours = scene.fare(pgseqfix, situation);
        if situation.is_ours_alone {
            assert_eq!(ours.refusal, None, "{situation:?} {ours:?}");
            continue;
        }
        *refusals.entry(theirs.refusal.unwrap_or("in")).or_insert(0) += 1;
        if (ours.refusal, &ours.sessions) != (theirs.refusal, &theirs.sessions) {
            let said = format!("{}\npsql: {}", ours.stderr, theirs.stderr);
            differences.push(format!("{situation:#?}\nours: {ours:#?}\npsql: {theirs:#?}\nours: {said}"));
        }
    }
    println!("psql {major}, {} runs: {refusals:?}", scene.runs);
    assert!(differences.is_empty(), "{}\n{} differences", differences.join("\n\n"), differences.len());
    assert!(refusals["in"] > 5 && refusals.len() > 3, "{refusals:?}");
}

#[test]
fn hosts_are_balanced_if_asked_for() {
    let server = server_with_readable_passwords();
    let database = Database::on(&server);
    let recorder = Recorder::default();
    let ports = ["a", "b"].map(|name| recorder.listen(name, &server).to_string()).join(",");
    let lines = |setting: &str| -> BTreeSet<String> {
        let string = format!("host=127.0.0.1,127.0.0.1 port={ports} {setting}");
        for _ in 0..16 {
            Run::of(database.pgseqfix().args(["-w", "-j", "1", "-d", &string])).expect_status(0);
        }
        recorder.sessions().into_iter().map(|session| session.line).collect()
    };
    // That one of two is missed comes up once in 30,000 runs.
    assert_eq!(lines("load_balance_hosts=random").len(), 2);
    assert_eq!(lines("load_balance_hosts=disable").len(), 1);
}

/// Settings that psql keeps and the program cannot, as each promises something: they are refused, not ignored.
#[test]
fn a_promise_that_cannot_be_kept_leads_nowhere() {
    let server = server_with_readable_passwords();
    let database = Database::on(&server);
    let recorder = Recorder::default();
    let port = recorder.listen("a", &server);
    for setting in [
        "require_auth=password",
        "require_auth=!password",
        "require_auth=none",
        "requirepeer=postgres",
        "gssencmode=require",
        "gssdelegation=1",
        "sslcertmode=require",
        "replication=database",
        "replication=true",
        "min_protocol_version=3.2",
        "min_protocol_version=latest",
        "scram_client_key=AAAA",
        "scram_server_key=AAAA",
        "channel_binding=require",
        "sslmode=require",
    ] {
        let string = format!("host=127.0.0.1 port={port} {setting}");
        let run = Run::of(database.pgseqfix().args(["-w", "-d", &string])).expect_status(2);
        let keyword = setting.split('=').next().expect("it has one");
        // Whether a server binds is told in its session; all else is known before.
        let sessions = recorder.sessions();
        let is_met = sessions.is_empty() || setting == "channel_binding=require";
        assert!(is_met && run.stderr.contains("\n  hint: "), "{setting}: {run:#?}");
        let names_it = run.stderr.contains(keyword) || run.stderr.contains("SSL was required");
        assert!(names_it && !run.stderr.contains("AAAA"), "{setting}: {run:#?}");
    }
    let home = tempfile::tempdir().expect("there is room");
    fs::write(home.path().join(".pg_service.conf"), "[s]\nldap://localhost:1/x?y?one?z\n").expect("there is room");
    let run = Run::of(database.pgseqfix().env("HOME", home.path()).env("PGSERVICE", "s")).expect_status(2);
    assert!(run.stderr.contains("an LDAP look-up, which this program cannot do"), "{run:#?}");
    for variable in ["PGREQUIREAUTH", "PGREQUIREPEER"] {
        let run = Run::of(database.pgseqfix().env(variable, "password")).expect_status(2);
        assert!(run.stderr.contains(&variable[2..].to_lowercase().replace("requireauth", "require_auth")), "{run:#?}");
    }
}
