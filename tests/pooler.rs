//! Through `PgBouncer` in transaction mode: each transaction may meet another session of the server.

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use postgres::{Client, Config, NoTls};
use support::situations::wait_until;
use support::{Database, Run};

/// A pooler in front of the shared server, gone with this value.
struct Pooler {
    process: Child,
    directory: tempfile::TempDir,
    database: String,
}

impl Pooler {
    /// None where this machine has no `PgBouncer`.
    fn start(database: &Database) -> Option<Self> {
        let programs = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
        let Some(program) = programs.iter().map(PathBuf::from).find(|path| path.is_file()) else {
            eprintln!("skipped: no pgbouncer on this machine");
            return None;
        };
        let server = database.server();
        let directory = tempfile::Builder::new().prefix("pgseqfix-pool-").tempdir_in("/tmp").expect("a directory");
        // Round robin, so that what would stay in a session is missed in the next transaction.
        let conf = format!(
            "[databases]\n* = host={} port={} user=postgres\n[pgbouncer]\npool_mode = transaction\nauth_type = any\n\
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
        pooler.open_both_sessions();
        Some(pooler)
    }

    fn connect(&self) -> Result<Client, postgres::Error> {
        let mut config = Config::new();
        config.host_path(self.directory.path()).port(6432).user("postgres").dbname(&self.database).connect(NoTls)
    }

    fn open_both_sessions(&self) {
        let mut clients = [self.connect(), self.connect()].map(|client| client.expect("it answered before"));
        for client in &mut clients {
            client.batch_execute("BEGIN; SELECT 1").expect("there are two sessions");
        }
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

    // What we set for ourselves is not left behind for the next client.
    let mut clients = [pooler.connect(), pooler.connect()].map(|client| client.expect("it answers"));
    for client in &mut clients {
        client.batch_execute("BEGIN").expect("there are two sessions");
        let row = client.query_typed(
            "SELECT current_setting('search_path'), current_setting('lock_timeout'), current_setting('row_security'),
                    current_setting('statement_timeout'), current_setting('synchronous_commit')",
            &[],
        );
        let row = row.expect("every server has these");
        let settings: Vec<String> = (0..5).map(|column| row[0].get(column)).collect();
        assert_eq!(settings, ["\"$user\", public", "0", "on", "0", "on"]);
    }
}
