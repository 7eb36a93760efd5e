//! Situations that several tests need: a lock that somebody holds, a run that waits for it, a server with passwords.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;

use super::{Database, Run, Server};

/// Waits for something that will happen sooner or later.
pub fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(60), "in a minute it did not happen: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Somebody else's transaction with a lock on a table; dropping it gives the lock back.
pub fn lock(database: &Database, table: &str) -> Client {
    lock_in_mode(database, table, "ACCESS EXCLUSIVE")
}

/// Likewise, with a lock of that mode.
pub fn lock_in_mode(database: &Database, table: &str, mode: &str) -> Client {
    let mut client = database.client();
    client.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN {mode} MODE")).expect("nobody else has it");
    client
}

/// How many sessions of the program the database has.
pub fn our_sessions(database: &Database) -> i64 {
    sessions(database, "")
}

/// Waits until the program waits for a lock on the server.
pub fn wait_until_it_waits(database: &Database) {
    wait_until("the program waits for a lock", || sessions(database, "AND wait_event_type = 'Lock'") > 0);
}

/// Waits until the program asks the same again, as it does where it waits for one of many locks: too shortly for each to
/// be seen.
pub fn wait_until_it_asks_again(database: &Database) {
    let asked = "SELECT query, query_start::text FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'pgseqfix' AND xact_start IS NOT NULL";
    let mut last = Vec::new();
    wait_until("the program asks the same again", || {
        let now = database.texts(asked);
        let again = now.iter().any(|one| last.iter().any(|it: &Vec<_>| it[0] == one[0] && it[1] != one[1]));
        last = now;
        again
    });
}

fn sessions(database: &Database, which: &str) -> i64 {
    database.value(&format!(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'pgseqfix' {which}"
    ))
}

/// Starts the program, to be looked at while it runs.
pub fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started")
}

/// Waits for the end of a started program.
pub fn finish(child: Child) -> Run {
    child.wait_with_output().expect("it was started").into()
}

/// A server that listens on TCP and wants a password from everybody but `postgres`: role `Clerk`, password `s3cr:t\x`.
pub fn server_with_passwords() -> Server {
    let server = Server::start_own(&["listen_addresses=127.0.0.1", "password_encryption=scram-sha-256"]);
    let mut client = server.connect("postgres", "postgres").expect("everybody is trusted yet");
    client
        .batch_execute(&format!("CREATE ROLE \"{CLERK}\" LOGIN PASSWORD '{PASSWORD}'"))
        .expect("the superuser may make roles");
    let rules = "local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n";
    fs::write(server.data_directory().join("pg_hba.conf"), rules).expect("it is the test's own file");
    server.stop_fast();
    server.start();
    server
}

/// A server that wants passwords as they are, from everybody but `postgres`.
pub fn server_with_readable_passwords() -> Server {
    let server = Server::start_own(&["fsync=off"]);
    let rules = "local all postgres trust\nlocal replication all trust\nlocal all all password\n";
    fs::write(server.data_directory().join("pg_hba.conf"), rules).expect("it is the test's own file");
    server.stop_fast();
    server.start();
    server
}

/// Waits until the standby knows all that its primary knows now.
pub fn wait_until_caught_up(standby: &Server, primary: &Database) {
    let target: String = primary.value("SELECT pg_current_wal_flush_lsn()::text");
    wait_until("the standby has caught up", || {
        let row = standby
            .connect("postgres", "postgres")
            .and_then(|mut client| client.query_one(&format!("SELECT pg_last_wal_replay_lsn() >= '{target}'"), &[]));
        row.is_ok_and(|row| row.get::<_, Option<bool>>(0) == Some(true))
    });
}

/// A standby of the database's server that knows all that it knows now; none where this machine cannot make one.
pub fn standby_of(database: &Database) -> Option<Server> {
    let standby = database.server().standby()?;
    follow(&standby, database.server());
    wait_until_caught_up(&standby, database);
    Some(standby)
}

/// Says again where the primary is: a newer `pg_basebackup` writes options that an older server does not know.
pub fn follow(standby: &Server, primary: &Server) {
    let (host, port) = (primary.directory().display(), primary.port());
    let conninfo = format!("primary_conninfo = 'host={host} port={port} user=postgres'\n");
    let old = standby.data_directory().join("recovery.conf");
    let (file, text) = if old.exists() {
        (old, format!("standby_mode = on\n{conninfo}"))
    } else {
        (standby.data_directory().join("postgresql.auto.conf"), conninfo)
    };
    fs::write(file, text).expect("it is the test's own file");
    standby.stop_fast();
    standby.start();
}

/// A role with a password.
pub const CLERK: &str = "Clerk";
/// Its password, with what a URI and a password file have to quote.
pub const PASSWORD: &str = r"s3cr:t\x";
