//! Through `PgBouncer`: in transaction mode each transaction may meet another session of the server.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use postgres::{Client, Config, NoTls};
use support::repair::{Bell, waiting_for_locks};
use support::situations::{finish, lock_in_mode, start, wait_until};
use support::{Database, Run};

/// A pooler in front of the shared server, gone with this value.
struct Pooler {
    process: Child,
    directory: tempfile::TempDir,
    database: String,
}

impl Pooler {
    /// One in transaction mode; none where this machine has no `PgBouncer`.
    fn start(database: &Database) -> Option<Self> {
        let pooler = Self::start_in_mode("transaction", database)?;
        pooler.with_both_sessions(|_| ());
        Some(pooler)
    }

    fn start_in_mode(mode: &str, database: &Database) -> Option<Self> {
        let programs = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
        let Some(program) = programs.iter().map(PathBuf::from).find(|path| path.is_file()) else {
            eprintln!("skipped: no pgbouncer on this machine");
            return None;
        };
        let server = database.server();
        let directory = tempfile::Builder::new().prefix("pgseqfix-pool-").tempdir_in("/tmp").expect("a directory");
        // Round robin, so that what would stay in a session is missed in the next transaction.
        let conf = format!(
            "[databases]\n* = host={} port={} user=postgres\n[pgbouncer]\npool_mode = {mode}\nauth_type = any\n\
             listen_addr =\nlisten_port = 6432\nunix_socket_dir = {here}\nlogfile = {here}/log\ndefault_pool_size = 2\n\
             server_round_robin = 1\n",
            server.directory().display(),
            server.port(),
            here = directory.path().display(),
        );
        let file = directory.path().join("conf");
        fs::write(&file, conf).expect("our own directory");
        let mut command = Command::new(program);
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // It refuses to be root, and only the server's own account gets at the server's socket.
        let owner = fs::metadata(server.directory()).expect("the server runs");
        if owner.uid() != fs::metadata(directory.path()).expect("our own directory").uid() {
            for path in [directory.path(), &file] {
                chown(path, Some(owner.uid()), Some(owner.gid())).expect("root may give away");
            }
            command.uid(owner.uid()).gid(owner.gid());
        }
        let process = command.spawn().expect("pgbouncer can be started");
        let pooler = Self { process, directory, database: database.name().to_owned() };
        wait_until("the pooler answers", || pooler.connect().is_ok());
        Some(pooler)
    }

    fn connect(&self) -> Result<Client, postgres::Error> {
        let mut config = Config::new();
        config.host_path(self.directory.path()).port(6432).user("postgres").dbname(&self.database).connect(NoTls)
    }

    /// Asks both sessions that the pooler has: two other clients, each in a transaction and so on a session of its own.
    fn with_both_sessions<T>(&self, ask: impl FnMut(&mut Client) -> T) -> [T; 2] {
        let mut clients = [self.connect(), self.connect()].map(|client| client.expect("it answered before"));
        for client in &mut clients {
            client.batch_execute("BEGIN; SELECT 1").expect("there are two sessions");
        }
        let answers = clients.each_mut().map(ask);
        // Else the pooler would close them with their clients.
        for client in &mut clients {
            client.batch_execute("COMMIT").expect("nothing failed in it");
        }
        answers
    }

    /// All that a session keeps for whoever gets it next, by the server's process.
    fn kept(&self) -> BTreeMap<i32, Vec<String>> {
        let kept = |client: &mut Client| {
            let sql = "
                SELECT name || ' = ' || setting FROM pg_settings
                WHERE name NOT IN ('application_name', 'transaction_isolation', 'transaction_read_only', 'transaction_deferrable')
                UNION ALL SELECT 'prepared statement ' || name FROM pg_prepared_statements
                UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE is_holdable
                UNION ALL SELECT 'channel ' || channel FROM pg_listening_channels() AS channel
                UNION ALL SELECT 'temporary ' || relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()
                UNION ALL SELECT 'advisory lock' FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'
                ORDER BY 1";
            let rows = client.query_typed(sql, &[]).expect("every server has these");
            let process = client.query_typed("SELECT pg_backend_pid()", &[]).expect("it has one")[0].get(0);
            (process, rows.iter().map(|row| row.get(0)).collect())
        };
        self.with_both_sessions(kept).into()
    }

    fn run(&self, database: &Database, arguments: &[&str]) -> Run {
        let mut command = database.pgseqfix();
        command.env("PGHOST", self.directory.path()).env("PGPORT", "6432");
        Run::of(command.args(arguments))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn scan_and_fix_work_through_a_pooler_in_transaction_mode() {
    let database = Database::with_setup("CREATE TABLE \"Other\" (id serial); CREATE SCHEMA s");
    for number in 0..60 {
        database.execute(&format!(
            "CREATE TABLE \"Table {number}\" (id serial PRIMARY KEY);
             INSERT INTO \"Table {number}\" SELECT generate_series(1, 30)"
        ));
    }
    let Some(pooler) = Pooler::start(&database) else {
        return;
    };
    let before = database.sequence_states();
    for _ in 0..3 {
        let report = pooler.run(&database, &["--format", "json"]).expect_status(1).json();
        assert_eq!(report["summary"]["behind"], 60, "{report:#}");
        let report = pooler.run(&database, &["--format", "json", "-t", "\"Table 7\""]).expect_status(1).json();
        assert_eq!(report["summary"]["behind"], 1, "{report:#}");
    }
    assert_eq!(before, database.sequence_states());
    let report = pooler.run(&database, &["fix", "--yes", "--format", "json"]).expect_status(0).json();
    assert_eq!(report["summary"]["fixed"], 60, "{report:#}");
    pooler.run(&database, &[]).expect_status(0);
    database.execute("INSERT INTO \"Table 7\" DEFAULT VALUES");
}

#[test]
fn nothing_is_left_in_a_session_for_the_next_client() {
    let database = Database::new();
    for number in 0..20 {
        database.execute(&format!(
            "CREATE TABLE \"Table {number}\" (id serial PRIMARY KEY);
             INSERT INTO \"Table {number}\" SELECT generate_series(1, 30)"
        ));
    }
    let violation = database.violation(r#"INSERT INTO "Table 7" DEFAULT VALUES"#);
    let Some(pooler) = Pooler::start(&database) else {
        return;
    };
    let before = pooler.kept();
    assert_eq!(before.len(), 2);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // And while we are at it, whatever statement others send meets nothing of ours.
        let beside = scope.spawn(|| {
            let mut client = pooler.connect().expect("it answers");
            let mut seen = BTreeSet::new();
            let settings = "SELECT current_setting('search_path'), current_setting('lock_timeout'),
                current_setting('row_security'), current_setting('statement_timeout'),
                current_setting('synchronous_commit'), current_setting('transaction_read_only')";
            while !is_over.load(Ordering::Relaxed) {
                let rows = client.query_typed(settings, &[]).expect("it is served");
                seen.insert((0..6).map(|column| rows[0].get::<_, String>(column)).collect::<Vec<_>>());
            }
            seen
        });
        let bell = Bell(&is_over);
        for (arguments, status) in [
            (&[][..], 1),
            (&["-t", r#""Table 7""#], 1),
            (&["fix", "--dry-run"], 1),
            (&["explain", &violation], 1),
            // What fails, fails in a transaction, too.
            (&["-t", "\"No Such\""], 2),
            (&["fix", "--yes", "--lock-timeout", "50ms"], 1),
            (&["fix", "--yes"], 0),
            (&["fix", "--yes"], 0),
        ] {
            let holder = (status == 1).then(|| lock_in_mode(&database, "\"Table 3\"", "ROW EXCLUSIVE"));
            let run = pooler.run(&database, arguments);
            assert_eq!(run.status, status, "{arguments:?}: {run:#?}");
            drop(holder);
        }
        drop(bell);
        let usual = ["\"$user\", public", "0", "on", "0", "on", "off"].map(str::to_owned).to_vec();
        assert_eq!(beside.join().expect("it was served"), [usual].into());
    });
    assert_eq!(pooler.kept(), before);
}

#[test]
fn a_fix_that_is_killed_leaves_nothing_in_a_session_either() {
    let database =
        Database::with_setup("CREATE TABLE \"Busy\" (id serial PRIMARY KEY); INSERT INTO \"Busy\" VALUES (1)");
    let Some(pooler) = Pooler::start(&database) else {
        return;
    };
    let settings = || pooler.kept().into_values().collect::<Vec<_>>();
    let before = settings();
    let holder = lock_in_mode(&database, "\"Busy\"", "ROW EXCLUSIVE");
    let mut command = database.pgseqfix();
    command.env("PGHOST", pooler.directory.path()).env("PGPORT", "6432");
    let mut fix = start(command.args(["fix", "--yes", "--lock-timeout", "1min"]));
    wait_until("the fix waits for the table", || waiting_for_locks(&database) > 0);
    fix.kill().expect("it runs");
    finish(fix).expect_status(137);
    wait_until("nobody waits any more", || waiting_for_locks(&database) == 0);
    drop(holder);
    assert_eq!(settings(), before);
    pooler.run(&database, &["fix", "--yes"]).expect_status(0);
}

#[test]
fn a_pooler_that_takes_no_transactions_is_one_clear_error() {
    let database = Database::with_setup("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1)");
    let Some(pooler) = Pooler::start_in_mode("statement", &database) else {
        return;
    };
    let violation = database.violation("INSERT INTO t DEFAULT VALUES");
    let before = database.sequence_states();
    for arguments in [&[][..], &["fix", "--dry-run"], &["fix", "--yes"], &["-t", "t"], &["explain", &violation]] {
        let run = pooler.run(&database, arguments).expect_status(2);
        assert_eq!(run.stdout, "", "{run:#?}");
        assert_eq!(run.stderr.matches("error:").count(), 1, "{run:#?}");
        assert!(run.stderr.contains("hint: ") && run.stderr.contains("pool_mode = statement"), "{run:#?}");
    }
    assert_eq!(database.sequence_states(), before);
}
