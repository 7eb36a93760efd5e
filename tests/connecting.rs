//! Whoever can connect with psql can connect with this, unchanged; and no password is ever shown.

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use support::situations::{CLERK, PASSWORD, server_with_passwords};
use support::terminal::Terminal;
use support::{Database, Run, Server};

/// The password in a URI, and in a keyword string.
const IN_URI: &str = "s3cr%3At%5Cx";
const IN_KEYWORDS: &str = r"'s3cr:t\\x'";

fn server() -> Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(server_with_passwords).clone()
}

fn database() -> Database {
    Database::on(&server())
}

/// The program with nothing in its environment that leads anywhere.
fn lost(database: &Database) -> Command {
    let mut command = database.pgseqfix();
    for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE"] {
        command.env_remove(name);
    }
    command
}

/// It got there, as the right role, and did not show the password.
fn expect_there(database: &Database, command: &mut Command) {
    let run = Run::of(command.args(["--format", "json", "-vv"]));
    assert_eq!(run.status, 0, "{command:?} {run:#?}");
    let report = run.json();
    assert_eq!((&report["database"], &report["user"]), (&database.name().into(), &CLERK.into()));
    expect_secret(&run);
}

fn expect_secret(run: &Run) {
    for spelt in [PASSWORD, IN_URI, IN_KEYWORDS] {
        assert!(!run.stderr.contains(spelt) && !run.stdout.contains(spelt), "the password is shown: {run:#?}");
    }
}

#[test]
fn a_uri_leads_there() {
    let database = database();
    let (port, name) = (database.server().port(), database.name().replace(' ', "%20"));
    let directory = database.server().directory().display().to_string().replace('/', "%2F");
    for uri in [
        format!("postgres://{CLERK}:{IN_URI}@127.0.0.1:{port}/{name}"),
        format!("postgresql://{CLERK}:{IN_URI}@{directory}:{port}/{name}"),
        format!("postgresql:///{name}?host=127.0.0.1&port={port}&user={CLERK}&password={IN_URI}"),
        // The first host is down, the second answers.
        format!("postgres://{CLERK}:{IN_URI}@127.0.0.1:1,127.0.0.1:{port}/{name}"),
    ] {
        expect_there(&database, lost(&database).arg(&uri));
        expect_there(&database, lost(&database).args(["-d", &uri]));
        expect_there(&database, lost(&database).args(["fix", "--yes", &uri]));
    }
}

#[test]
fn a_keyword_string_leads_there() {
    let database = database();
    let (port, name) = (database.server().port(), database.name());
    let string = format!("host=127.0.0.1 port = {port} user={CLERK} password={IN_KEYWORDS} dbname='{name}'");
    expect_there(&database, lost(&database).arg(&string));
    expect_there(&database, lost(&database).args(["scan", &string]));
    expect_there(&database, lost(&database).arg(format!("--dbname={string}")));
    // As in libpq, the string has the last word over the options beside it.
    expect_there(&database, lost(&database).args(["-h", "/no/such/directory", "-p", "1", &string]));
}

#[test]
fn options_lead_there() {
    let database = database();
    let port = database.server().port().to_string();
    let password = |mut command: Command| {
        command.env("PGPASSWORD", PASSWORD);
        command
    };
    let short = ["-h", "127.0.0.1", "-p", &port, "-U", CLERK, "-w"];
    expect_there(&database, password(lost(&database)).args(short).args(["-d", database.name()]));
    expect_there(&database, password(lost(&database)).args(short).arg(database.name()));
    let host = format!("--host={}", database.server().directory().display());
    let long = [&host, "--port", &port, "--username", CLERK, "--no-password", "--dbname", database.name()];
    expect_there(&database, password(lost(&database)).args(long));
    // They count more than the environment.
    let mut command = password(lost(&database));
    command.envs([("PGHOST", "/no/such/directory"), ("PGPORT", "1"), ("PGUSER", "nobody"), ("PGDATABASE", "nothing")]);
    expect_there(&database, command.args(short).arg(database.name()));
}

#[test]
fn the_environment_leads_there() {
    let database = database();
    let mut command = database.pgseqfix();
    command.env("PGUSER", CLERK).env("PGPASSWORD", PASSWORD);
    expect_there(&database, &mut command);
    let mut command = database.pgseqfix();
    command.env("PGUSER", CLERK).env("PGPASSWORD", PASSWORD).env("PGHOSTADDR", "127.0.0.1").env_remove("PGHOST");
    expect_there(&database, &mut command);
}

#[test]
fn a_service_leads_there() {
    let database = database();
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("services");
    let (port, name) = (database.server().port(), database.name());
    let service = format!("[shop]\nhost=127.0.0.1\nport={port}\nuser={CLERK}\ndbname={name}\npassword={PASSWORD}\n");
    fs::write(&file, service).expect("a file");
    expect_there(&database, lost(&database).env("PGSERVICEFILE", &file).arg("service=shop"));
    expect_there(&database, lost(&database).env("PGSERVICEFILE", &file).env("PGSERVICE", "shop"));
}

#[test]
fn the_command_that_is_suggested_shows_no_password() {
    let database = database();
    // Its own, so that there is something to suggest.
    database.execute(&format!(
        "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (5); ALTER TABLE t OWNER TO \"{CLERK}\""
    ));
    let (port, name) = (database.server().port(), database.name());
    let place = format!("host=127.0.0.1 port={port} user={CLERK} dbname='{name}'");
    let uri = format!("postgres://{CLERK}:{IN_URI}@127.0.0.1:{port}/{}", name.replace(' ', "%20"));
    for arguments in [
        vec![format!("{place} password={IN_KEYWORDS}")],
        vec![format!("{place} password = {IN_KEYWORDS}")],
        vec![format!("{place} password\n={IN_KEYWORDS}")],
        vec![String::from("-d"), format!("{place} password = {IN_KEYWORDS}")],
        vec![format!("-d{place} password = {IN_KEYWORDS}")],
        vec![uri.clone()],
        vec![format!("--dbname={uri}")],
    ] {
        let run = Run::of(lost(&database).args(&arguments)).expect_status(1);
        assert!(run.stdout.contains("To fix what is behind"), "{run:#?}");
        expect_secret(&run);
        assert!(!run.stdout.contains("s3cr"), "{run:#?}");
    }
}

#[test]
fn a_connection_string_comes_from_a_variable_that_is_named_and_nobody_sees_its_password() {
    let database = database();
    let server = database.server();
    let uri = format!("postgres://{CLERK}:{IN_URI}@127.0.0.1:{}/{}\n", server.port(), database.name());
    expect_there(&database, lost(&database).env("DATABASE_URL", &uri).args(["--dbname-env", "DATABASE_URL"]));
    let run =
        Run::of(lost(&database).env("DATABASE_URL", &uri).args(["--dbname-env", "DATABASE_URL"])).expect_status(0);
    assert!(run.stderr.is_empty(), "{run:#?}");

    database
        .execute("CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item VALUES (5); GRANT ALL ON item TO PUBLIC");
    database.execute("GRANT ALL ON SEQUENCE item_id_seq TO PUBLIC");
    let text = "duplicate key value violates unique constraint \"item_pkey\"";
    let mut explain = lost(&database);
    let run = Run::of(explain.env("DATABASE_URL", &uri).args(["explain", "--dbname-env", "DATABASE_URL", text]));
    assert!(run.stdout.contains("pgseqfix fix --dbname-env DATABASE_URL -t public.item"), "{run:#?}");

    let run = database.run(&["--dbname-env", &uri]).expect_status(2);
    assert!(run.stderr.contains("takes the name of a variable"), "{run:#?}");
    expect_secret(&run);
    for (value, said) in [(None, "DATABASE_URL is not set"), (Some(""), "DATABASE_URL is empty")] {
        let mut command = lost(&database);
        command.args(["--dbname-env", "DATABASE_URL"]).env_remove("DATABASE_URL");
        let run = Run::of(command.envs(value.map(|value| ("DATABASE_URL", value)))).expect_status(2);
        assert!(run.stderr.contains(said) && run.stdout.is_empty(), "{run:#?}");
    }
}

#[test]
fn an_empty_name_is_no_database_to_fix() {
    let database = database();
    for arguments in [["fix", "--yes", ""], ["fix", "--yes", "-d="], ["fix", "--yes", "postgresql://"]] {
        let run = database.run(&arguments).expect_status(2);
        assert!(run.stderr.contains("the connection names nothing: is a variable not set?"), "{run:#?}");
    }
}

#[test]
fn a_password_that_all_users_can_see_is_warned_of_once() {
    let database = database();
    let (port, name) = (database.server().port(), database.name());
    let place = format!("host=127.0.0.1 port={port} user={CLERK} dbname='{name}'");
    let uri = format!("postgres://{CLERK}:{IN_URI}@127.0.0.1:{port}/{}", name.replace(' ', "%20"));
    let with_password = format!("{place} password={IN_KEYWORDS}");
    let warnings = |arguments: &[&str], given: Option<&str>| {
        let mut command = lost(&database);
        command.args(arguments);
        if let Some(password) = given {
            command.env("PGPASSWORD", password);
        }
        let run = Run::of(&mut command).expect_status(0);
        expect_secret(&run);
        run.stderr.matches("warning: the password on the command line can be seen").count()
    };
    for arguments in [&[uri.as_str()][..], &["-j4", &with_password], &["fix", "--yes", "-d", &with_password]] {
        assert_eq!(warnings(arguments, None), 1, "{arguments:?}");
    }
    assert_eq!(warnings(&["--quiet", &with_password], None), 0);
    // Those are for its user's eyes only.
    assert_eq!(warnings(&[&place], Some(PASSWORD)), 0);
    let home = tempfile::tempdir().expect("a directory");
    fs::write(home.path().join("services"), format!("[shop]\npassword={PASSWORD}\n")).expect("a file");
    let service = format!("{place} service=shop servicefile={}", home.path().join("services").display());
    assert_eq!(warnings(&[&service], None), 0);
}

/// Writes a password file with the right entry after a wrong one.
fn write_passfile(file: &Path, database: &Database, mode: u32) {
    let (port, quoted) = (database.server().port(), PASSWORD.replace('\\', "\\\\").replace(':', "\\:"));
    let lines = format!("# mine\n*:*:another:*:wrong\n127.0.0.1:{port}:{}:{CLERK}:{quoted}\n", database.name());
    fs::write(file, lines).expect("a file");
    fs::set_permissions(file, Permissions::from_mode(mode)).expect("our own file");
}

#[test]
fn a_password_file_opens_the_door() {
    let database = database();
    let home = tempfile::tempdir().expect("a directory");
    let by_file = || {
        let mut command = database.pgseqfix();
        command.args(["-h", "127.0.0.1", "-U", CLERK, "-w"]);
        command
    };
    write_passfile(&home.path().join(".pgpass"), &database, 0o600);
    expect_there(&database, by_file().env("HOME", home.path()));
    write_passfile(&home.path().join("elsewhere"), &database, 0o600);
    expect_there(&database, by_file().env("PGPASSFILE", home.path().join("elsewhere")));

    // One that others may read is not used, and that is said.
    write_passfile(&home.path().join(".pgpass"), &database, 0o644);
    let run = Run::of(by_file().env("HOME", home.path())).expect_status(2);
    assert!(run.stderr.contains(".pgpass") && run.stderr.contains("no password supplied"), "{run:#?}");
    expect_secret(&run);
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let database = database();
    let run = Run::of(database.pgseqfix().args(["-U", CLERK, "-vv"]).env("PGPASSWORD", "hunter2")).expect_status(2);
    assert_eq!(run.stdout, "", "{run:#?}");
    let said = format!("the server said: FATAL: password authentication failed for user \"{CLERK}\" (28P01)");
    assert!(run.stderr.contains("error: could not connect") && run.stderr.contains(&said), "{run:#?}");
    assert!(run.stderr.contains("\n  hint: ") && !run.stderr.contains("hunter2"), "{run:#?}");
}

#[test]
fn a_missing_password_is_told_where_nobody_may_be_asked() {
    let database = database();
    for arguments in [&["-U", CLERK, "-w"][..], &["-U", CLERK]] {
        let run = Run::of(database.pgseqfix().args(arguments)).expect_status(2);
        assert_eq!(run.stdout, "", "{run:#?}");
        assert!(run.stderr.starts_with("error: could not "), "{run:#?}");
        assert!(run.stderr.contains("password") && run.stderr.contains("PGPASSWORD"), "{run:#?}");
        assert!(run.stderr.contains("\n  hint: "), "{run:#?}");
    }
}

#[test]
fn a_password_is_asked_for_and_not_echoed() {
    let database = database();
    for arguments in [&["-U", CLERK, "--format", "json"][..], &["-U", CLERK, "-W", "--format", "json"]] {
        let mut command = database.pgseqfix();
        let mut terminal = Terminal::run(command.args(arguments));
        let left = terminal.wait_for("Password for user Clerk").press(PASSWORD).press("\r").end();
        let left = left.expect_status(0).expect_sane().expect_seen("\"user\": \"Clerk\"");
        assert!(!left.written.contains(PASSWORD) && !left.written.contains("***"), "{left:#?}");
    }
}

#[test]
fn ctrl_c_at_the_password_leaves_the_terminal_sane() {
    let database = database();
    let mut command = database.pgseqfix();
    let mut terminal = Terminal::run(command.args(["-U", CLERK]));
    terminal.wait_for("Password for user Clerk").press("\u{3}").end().expect_status(130).expect_sane();
}

#[test]
fn a_database_that_is_called_like_a_command_is_reached_with_d() {
    let server = server();
    for name in ["fix", "scan"] {
        let mut client = server.connect("postgres", "postgres").expect("it runs");
        client.batch_execute(&format!("CREATE DATABASE {name}")).expect("there is none yet");
        let run = Database::on(&server).run(&["--format", "json", "-d", name]).expect_status(0);
        assert_eq!((&run.json()["database"], &run.json()["mode"]), (&name.into(), &"scan".into()));
        let run = Database::on(&server).run(&["fix", "--yes", "--format", "json", "-d", name]).expect_status(0);
        assert_eq!((&run.json()["database"], &run.json()["mode"]), (&name.into(), &"fix".into()));
        let run = Database::on(&server).run(&["--format", "json", "scan", name]).expect_status(0);
        assert_eq!(run.json()["database"], name);
    }
}
