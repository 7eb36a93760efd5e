//! Over an encrypted line: whoever gets in with psql gets in with this, and whoever does not, does not. With
//! `PGSEQFIX_EVERY_LINE` all combinations are tried instead of some.

mod support;

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::certificates::{Authority, Names};
use support::situations::{finish, lock, start, wait_until_it_waits};
use support::{Database, Run, Server};
use tempfile::TempDir;

/// A server with a certificate, roles that it lets in by the line they come over, and certificates for them.
struct Scene {
    database: Database,
    authority: Authority,
    directory: TempDir,
}

/// Each role by the line that it may come over, and the proof that it has to give.
const RULES: &str = "local all all trust
hostnossl all plain 127.0.0.1/32 trust
hostssl all encrypted 127.0.0.1/32 trust
hostssl all certified 127.0.0.1/32 cert
hostssl all secret 127.0.0.1/32 scram-sha-256
host all either 127.0.0.1/32 scram-sha-256
host all weak 127.0.0.1/32 md5
host all trusted 127.0.0.1/32 trust
";

const ROLES: [&str; 7] = ["plain", "encrypted", "certified", "secret", "either", "weak", "trusted"];

const PASSPHRASE: &str = "hush hush";

impl Scene {
    fn with(names: Names) -> Self {
        let server = Server::start_own(&["listen_addresses=127.0.0.1", "log_connections=on"]);
        let authority = Authority::new("Root");
        authority.give(names).install(&server);
        fs::write(server.data_directory().join("pg_hba.conf"), RULES).expect("it is the test's own file");
        let database = Database::on(&server);
        for role in ROLES {
            let encryption = if role == "weak" { "md5" } else { "scram-sha-256" };
            database.execute(&format!(
                "SET password_encryption = '{encryption}'; CREATE ROLE {role} LOGIN PASSWORD 'hush'"
            ));
        }
        let directory = tempfile::tempdir().expect("there is room");
        authority.write(&directory.path().join("root.crt"));
        fs::copy(directory.path().join("root.crt"), server.data_directory().join("root.crt")).expect("there is room");
        fs::set_permissions(server.data_directory().join("root.crt"), Permissions::from_mode(0o644))
            .expect("it is ours");
        database.execute("ALTER SYSTEM SET ssl_ca_file = 'root.crt'");
        database.execute("ALTER SYSTEM SET ssl = on");
        server.stop_fast();
        server.start();
        Self { database, authority, directory }
    }

    fn usual() -> Self {
        Self::with(Names { common: "somebody", hosts: &["pg.test", "*.wild.test"], addresses: &["127.0.0.1"] })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A connection string with these settings, which lead over TCP.
    fn string(&self, settings: &[&str]) -> String {
        let (port, name) = (self.database.server().port(), self.database.name());
        format!("port={port} dbname='{name}' password=hush connect_timeout=20 {}", settings.join(" "))
    }

    fn pgseqfix(&self, settings: &[&str]) -> Command {
        let mut command = self.database.pgseqfix();
        command.env("HOME", self.directory.path()).env_remove("PGHOST");
        command.args(["-w", "-d", &self.string(settings)]);
        command
    }

    fn run(&self, settings: &[&str]) -> Run {
        Run::of(&mut self.pgseqfix(settings))
    }

    /// What there is to say where somebody is not let in.
    fn refusal(&self, settings: &[&str]) -> String {
        let run = self.run(settings).expect_status(2);
        assert!(!run.stderr.contains("hush"), "a password is shown: {run:#?}");
        run.stderr
    }

    /// Whether the last session of a program was encrypted, if it got in; the test's own sessions are over the socket.
    fn last_session(&self) -> Option<bool> {
        let log = self.database.server().log();
        let mut lines = log.lines().rev();
        // Before 12 it does not name the program.
        let line = lines.find(|line| line.contains("connection authorized") && !line.contains("user=postgres"));
        line.map(|line| line.contains("SSL enabled"))
    }

    /// How a program fared: whether it got in, and whether encrypted.
    fn fared(&self, command: &mut Command) -> (bool, bool, String) {
        let run = Run::of(command);
        let is_in = run.status == 0;
        (is_in, is_in && self.last_session().expect("it is in the log"), run.stderr)
    }
}

#[test]
fn it_gets_in_where_psql_does_and_over_the_same_line() {
    let scene = Scene::usual();
    let can_encrypt = |mut psql: Command| {
        let refused = Run::of(psql.args(["-w", "-d", "host=127.0.0.1 port=1 sslmode=require"])).stderr;
        !refused.contains("not compiled in")
    };
    if !scene.database.program("psql").is_some_and(can_encrypt) {
        println!("there is no psql with TLS to compare with");
        return;
    }
    let other = Authority::new("Other").write(&scene.file("other.crt"));
    let (root, nothing) = (scene.file("root.crt"), scene.file("nothing"));
    let modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    let hosts = [
        "host=pg.test hostaddr=127.0.0.1",
        "host=a.wild.test hostaddr=127.0.0.1",
        "host=a.b.wild.test hostaddr=127.0.0.1",
        "host=other.test hostaddr=127.0.0.1",
        "host=127.0.0.1",
        "hostaddr=127.0.0.1",
    ];
    let roots = [root.as_path(), &other, &nothing].map(|file| format!("sslrootcert={}", file.display()));
    let mut strings = Vec::new();
    for role in ROLES {
        for mode in modes {
            for root in &roots {
                for host in hosts {
                    strings.push(format!("user={role} sslmode={mode} {root} {host}"));
                }
            }
            for binding in ["disable", "prefer", "require"] {
                strings.push(format!("user={role} sslmode={mode} {} channel_binding={binding}", hosts[0]));
            }
        }
    }
    strings.extend(with_certificates(&scene));
    for (least, most) in [("TLSv1.3", "TLSv1.3"), ("TLSv1.2", "TLSv1.2"), ("TLSv1.3", "TLSv1.2"), ("TLSv1", "TLSv1.1")]
    {
        let versions = format!("ssl_min_protocol_version={least} ssl_max_protocol_version={most}");
        strings.push(format!("user=trusted sslmode=require {} {versions}", hosts[0]));
        strings.push(format!("user=trusted sslmode=prefer {} {versions}", hosts[0]));
    }
    let step = if env::var_os("PGSEQFIX_EVERY_LINE").is_some() { 1 } else { 17 };
    let mut kinds = [0; 3];
    for string in strings.iter().step_by(step) {
        let mut psql = scene.database.program("psql").expect("it was there");
        psql.env("HOME", scene.directory.path()).env_remove("PGHOST");
        psql.args(["-w", "-XAtc", "SELECT 1", "-d", &scene.string(&[string])]);
        let theirs = scene.fared(&mut psql);
        let ours = scene.fared(&mut scene.pgseqfix(&[string]));
        assert_eq!((ours.0, ours.1), (theirs.0, theirs.1), "{string}\nours: {}\npsql: {}", ours.2, theirs.2);
        kinds[usize::from(ours.0) + usize::from(ours.1)] += 1;
    }
    println!("{kinds:?}: refused, in plain text, encrypted");
    assert!(kinds.iter().all(|count| *count > 2), "{kinds:?}");
}

/// Strings that show certificates of all kinds to the server.
fn with_certificates(scene: &Scene) -> Vec<String> {
    let directory = scene.directory.path();
    scene.authority.give(Names::common("certified")).write(directory, "good");
    scene.authority.give(Names::common("somebody else")).write(directory, "stranger");
    Authority::new("Root").give(Names::common("certified")).write(directory, "forged");
    scene.authority.give(Names::common("certified")).write_encrypted(directory, "locked", PASSPHRASE);
    let [_, open] = scene.authority.give(Names::common("certified")).write(directory, "open");
    fs::set_permissions(&open, Permissions::from_mode(0o644)).expect("it is ours");
    let shown = |name: &str| format!("sslcert={0}/{name}.crt sslkey={0}/{name}.key", directory.display());
    let mut all = Vec::new();
    for mode in ["prefer", "require", "verify-full"] {
        for role in ["certified", "trusted", "plain"] {
            let begin = format!(
                "user={role} host=pg.test hostaddr=127.0.0.1 sslmode={mode} sslrootcert={0}/root.crt",
                directory.display()
            );
            all.extend(
                ["good", "stranger", "forged", "open", "missing"].map(|name| format!("{begin} {}", shown(name))),
            );
            all.push(format!("{begin} {} sslpassword='{PASSPHRASE}'", shown("locked")));
            all.push(format!("{begin} {} sslpassword=wrong", shown("locked")));
            all.push(format!("{begin} sslcert={0}/good.crt sslkey={0}/stranger.key", directory.display()));
            all.push(format!("{begin} sslcert={0}/good.crt sslkey={0}/missing.key", directory.display()));
        }
    }
    all
}

#[test]
fn a_name_that_is_the_common_one_only_will_do_as_for_psql() {
    for (common, host) in [("pg.test", "host=pg.test hostaddr=127.0.0.1"), ("127.0.0.1", "host=127.0.0.1")] {
        let scene = Scene::with(Names::common(common));
        let root = format!("sslrootcert={}", scene.file("root.crt").display());
        scene.run(&["user=trusted", "sslmode=verify-full", &root, host]).expect_status(0);
        let other = scene.refusal(&["user=trusted sslmode=verify-full host=other.test hostaddr=127.0.0.1", &root]);
        let words = format!("server certificate for \"{common}\" does not match host name \"other.test\"");
        assert!(other.contains(&words), "{other}");
    }
}

#[test]
fn files_in_their_usual_place_are_found() {
    let scene = Scene::usual();
    let usual = scene.file(".postgresql");
    fs::create_dir(&usual).expect("there is room");
    scene.authority.give(Names::common("certified")).write(&usual, "postgresql");
    scene.authority.write(&usual.join("root.crt"));
    let host = "host=pg.test hostaddr=127.0.0.1";
    scene.run(&["user=certified sslmode=verify-full", host]).expect_status(0);
    // Where there is a root the chain is checked in any mode.
    Authority::new("Other").write(&usual.join("root.crt"));
    let refusal = scene.refusal(&["user=certified sslmode=require", host]);
    assert!(refusal.contains("certificate verify failed: ") && refusal.contains("hint: "), "{refusal}");
}

#[test]
fn the_systems_roots_are_used_if_asked_for() {
    let scene = Scene::usual();
    let settings = ["user=trusted sslrootcert=system host=pg.test hostaddr=127.0.0.1"];
    assert!(scene.refusal(&settings).contains("certificate verify failed"));
    Run::of(scene.pgseqfix(&settings).env("SSL_CERT_FILE", scene.file("root.crt"))).expect_status(0);
    assert_eq!(scene.last_session(), Some(true));
}

#[test]
fn what_keeps_a_line_from_being_encrypted_is_said() {
    let scene = Scene::usual();
    let directory = scene.directory.path().display();
    scene.authority.give(Names::common("certified")).write_encrypted(scene.directory.path(), "locked", PASSPHRASE);
    fs::write(scene.file("junk.crt"), "junk").expect("there is room");
    let host = "host=pg.test hostaddr=127.0.0.1";
    for (settings, words) in [
        (format!("sslmode=verify-ca sslrootcert={directory}/no.crt"), "no.crt\" does not exist: either provide"),
        (format!("sslmode=require sslrootcert={directory}/junk.crt"), "could not read root certificate file"),
        (format!("sslmode=require sslcert={directory}/junk.crt"), "could not read certificate file"),
        (
            format!("sslmode=require sslcert={directory}/locked.crt sslkey={directory}/locked.key"),
            "it is encrypted: sslpassword takes its passphrase",
        ),
        (
            format!("sslmode=require sslcert={directory}/locked.crt sslkey={directory}/locked.key sslpassword=hush"),
            "sslpassword is not its passphrase",
        ),
        (format!("sslmode=verify-full sslrootcert={directory}/root.crt host=''"), "host name must be specified"),
        (format!("sslmode=verify-ca sslrootcert={directory}/root.crt sslcrl={directory}/no.crl"), "revocation list"),
        (
            "sslmode=require sslnegotiation=direct ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2"
                .into(),
            "invalid SSL protocol version range",
        ),
    ] {
        let refusal = scene.refusal(&["user=trusted", host, &settings]);
        assert!(refusal.contains(words), "{settings}: {refusal}");
    }
    let mismatch = scene.refusal(&[
        "user=trusted sslmode=verify-full host=other.test hostaddr=127.0.0.1",
        &format!("sslrootcert={directory}/root.crt"),
    ]);
    assert!(
        mismatch.contains("server certificate for \"pg.test\" does not match host name \"other.test\""),
        "{mismatch}"
    );
    // A file that is no use does not keep anybody from plain text, who may have it.
    let run = scene.run(&["user=plain", host, &format!("sslrootcert={directory}/junk.crt")]).expect_status(0);
    assert!(run.stderr.contains("will not be encrypted: could not read root certificate"), "{run:#?}");
}

#[test]
fn a_server_without_tls_is_told_from_one_that_has_it() {
    let server = Server::start_own(&["listen_addresses=127.0.0.1"]);
    let database = Database::on(&server);
    let run = |mode: &str| Run::of(database.pgseqfix().env("PGHOST", "127.0.0.1").env("PGSSLMODE", mode));
    for mode in ["disable", "allow", "prefer"] {
        run(mode).expect_status(0);
    }
    let refusal = run("require").expect_status(2).stderr;
    assert!(refusal.contains("server does not support SSL, but SSL was required"), "{refusal}");
    assert!(refusal.contains("hint: ") && refusal.contains("ssl = on"), "{refusal}");
    // A socket is a file, and needs none.
    Run::of(database.pgseqfix().env("PGSSLMODE", "verify-full").env("HOME", "/nonexistent")).expect_status(0);
}

#[test]
fn a_certificate_that_was_revoked_is_refused() {
    let scene = Scene::usual();
    let Some(list) = revoked(&scene) else {
        println!("there is no openssl to make a revocation list");
        return;
    };
    let settings = format!(
        "user=trusted sslmode=verify-ca sslrootcert={} host=pg.test hostaddr=127.0.0.1",
        scene.file("root.crt").display()
    );
    scene.run(&[&settings]).expect_status(0);
    let refusal = scene.refusal(&[&settings, &format!("sslcrl={}", list.display())]);
    assert!(refusal.contains("certificate verify failed: certificate revoked"), "{refusal}");
    // The usual place.
    fs::create_dir(scene.file(".postgresql")).expect("there is room");
    fs::copy(&list, scene.file(".postgresql/root.crl")).expect("there is room");
    assert!(scene.refusal(&[&settings]).contains("certificate revoked"));
}

/// A list of the authority's that has the server's certificate; none where there is no `openssl`.
fn revoked(scene: &Scene) -> Option<PathBuf> {
    let (directory, key) = (scene.directory.path(), scene.authority.write_key(&scene.file("root.key")));
    let configuration = format!(
        "[ca]\ndefault_ca = it\n[it]\ndatabase = {0}/index\ncrlnumber = {0}/number\ndefault_md = sha256\n\
         default_crl_days = 2\ncertificate = {0}/root.crt\nprivate_key = {1}\n",
        directory.display(),
        key.display()
    );
    fs::write(scene.file("ca.conf"), configuration).expect("there is room");
    fs::write(scene.file("index"), "").expect("there is room");
    fs::write(scene.file("number"), "01\n").expect("there is room");
    let openssl = |arguments: &[&Path]| {
        let mut command = Command::new("openssl");
        command.args(["ca", "-config"]).arg(scene.file("ca.conf")).args(arguments);
        command.output().ok().map(|output| assert!(output.status.success(), "{output:?}"))
    };
    openssl(&[Path::new("-revoke"), &scene.database.server().data_directory().join("server.crt")])?;
    let list = scene.file("list.crl");
    openssl(&[Path::new("-gencrl"), Path::new("-out"), &list])?;
    Some(list)
}

#[test]
fn the_line_can_be_encrypted_from_its_first_byte() {
    let scene = Scene::usual();
    let settings = ["user=trusted sslnegotiation=direct sslmode=require host=pg.test hostaddr=127.0.0.1"];
    if scene.database.server().version() >= 170_000 {
        scene.run(&settings).expect_status(0);
        assert_eq!(scene.last_session(), Some(true));
    } else {
        assert!(scene.refusal(&settings).contains("could not connect to database"));
    }
}

#[test]
fn what_the_server_does_is_cancelled_over_any_line() {
    let scene = Scene::usual();
    scene.database.execute(
        "CREATE TABLE held (id serial PRIMARY KEY); INSERT INTO held SELECT generate_series(1, 9);
         GRANT ALL ON ALL TABLES IN SCHEMA public TO encrypted, plain;
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO encrypted, plain",
    );
    let _held = lock(&scene.database, "held");
    for line in ["user=encrypted sslmode=require", "user=encrypted sslmode=prefer", "user=plain sslmode=disable"] {
        let mut command = scene.pgseqfix(&[line, "host=pg.test hostaddr=127.0.0.1"]);
        let child = start(command.args(["--lock-timeout", "0"]));
        wait_until_it_waits(&scene.database);
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it is there");
        finish(child).expect_status(130);
    }
}
