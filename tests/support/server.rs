//! A PostgreSQL server in a directory of its own under /tmp, gone when the tests are.

use std::ffi::CStr;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use super::programs::{account_to_drop_to, bin, server_directory};
use super::template;

static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();

/// A running server; clones are the same one. The last clone stops it and removes its directory.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    port: u16,
    supervisor: Mutex<Supervisor>,
    version: OnceLock<u32>,
}

struct Supervisor {
    process: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// The server that all tests of this process share; started by the first who asks.
    ///
    /// # Panics
    ///
    /// If there is none to start, with a sentence that says what to do.
    pub fn shared() -> Self {
        let started = SHARED.get_or_init(|| {
            // Statics are never dropped.
            // SAFETY: the function registered touches only that static and its own process's child.
            unsafe { libc::atexit(stop_shared) };
            Self::initialise(&[], &[])
        });
        match started {
            Ok(server) => server.clone(),
            Err(sentence) => panic!("{sentence}"),
        }
    }

    /// A server for one test alone, which may stop it; `extra_conf` as in `["max_connections=5"]`.
    pub fn start_own(extra_conf: &[&str]) -> Self {
        Self::initialise(extra_conf, &[]).unwrap_or_else(|sentence| panic!("{sentence}"))
    }

    /// Likewise, with variables in the server's environment.
    pub fn start_own_with_env(extra_conf: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::initialise(extra_conf, environment).unwrap_or_else(|sentence| panic!("{sentence}"))
    }

    /// A hot standby that follows this server, if there is a `pg_basebackup` for its version.
    pub fn standby(&self) -> Option<Self> {
        let pg_basebackup = bin("pg_basebackup")?;
        let directory = new_directory();
        let mut command = as_server_account(&pg_basebackup);
        command.args(["-R", "-X", "stream", "--checkpoint=fast", "--no-sync", "-U", "postgres", "-p"]);
        command.arg(self.port().to_string()).arg("-h").arg(self.directory()).arg("-D").arg(directory.join("data"));
        run_to_end(&mut command, &directory).unwrap_or_else(|sentence| panic!("{sentence}"));
        Some(Self::start_in(directory, &[], &[]).unwrap_or_else(|sentence| panic!("{sentence}")))
    }

    fn initialise(extra_conf: &[&str], environment: &[(&str, &str)]) -> Result<Self, String> {
        let programs = server_directory()?;
        let directory = new_directory();
        template::copy(&programs, &directory.join("data"), |data| {
            let mut command = as_server_account(&programs.join("initdb"));
            command.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]);
            run_to_end(command.arg(data), &directory)
        })?;
        Self::start_in(directory, extra_conf, environment)
    }

    fn start_in(directory: PathBuf, extra_conf: &[&str], environment: &[(&str, &str)]) -> Result<Self, String> {
        // The number only names the socket, unless the test asks for listen_addresses.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| format!("no free port: {error}"))?
            .port();
        let mut command = as_server_account(Path::new("/bin/sh"));
        command.envs(environment.iter().copied());
        command.args(["-c", include_str!("supervisor.sh"), "supervisor"]).arg(&directory);
        command.arg(server_directory()?.join("postgres")).arg("-D").arg(directory.join("data"));
        command.arg("-k").arg(&directory).args(["-p", &port.to_string()]);
        // No autovacuum: it would make CREATE and DROP DATABASE wait for it.
        let conf = ["listen_addresses=", "fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=32MB"];
        for setting in conf.iter().chain(extra_conf) {
            command.args(["-c", setting]);
        }
        // A group of its own: Ctrl-C must not take it before it has cleaned up.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| format!("/bin/sh: {error}"))?;
        let words = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("its stdout was piped"));
        let supervisor = Mutex::new(Supervisor { process, words, answers });
        let server = Self(Arc::new(Inner { directory, port, supervisor, version: OnceLock::new() }));
        server.0.say("start");
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Starts it again after a stop.
    pub fn start(&self) {
        self.0.say("start");
        self.wait_until_ready().unwrap_or_else(|sentence| panic!("{sentence}"));
    }

    /// As `pg_ctl stop -m fast`: sessions are ended with 57P01.
    pub fn stop_fast(&self) {
        self.0.say("fast");
    }

    /// As a crash: `pg_ctl stop -m immediate`. The next start recovers from the log.
    pub fn stop_immediate(&self) {
        self.0.say("immediate");
    }

    /// The directory with the socket, the server's `log` and its `data`.
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    /// The data directory.
    pub fn data_directory(&self) -> PathBuf {
        self.0.directory.join("data")
    }

    /// The port, which is no default one.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// What the server wrote so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.0.directory.join("log")).unwrap_or_default()
    }

    /// As `server_version_num`, for example 150020.
    pub fn version(&self) -> u32 {
        *self.0.version.get_or_init(|| {
            let mut client = self.connect("postgres", "postgres").expect("the server was ready");
            let row = client.query_one("SELECT current_setting('server_version_num')::int", &[]);
            row.expect("every server has the setting").get::<_, i32>(0).unsigned_abs()
        })
    }

    /// Connection parameters over the socket.
    pub fn config(&self, user: &str, database: &str) -> postgres::Config {
        let mut config = postgres::Config::new();
        config.host_path(&self.0.directory).port(self.0.port).user(user).dbname(database);
        config
    }

    /// Connects over the socket.
    ///
    /// # Errors
    ///
    /// As the driver does.
    pub fn connect(&self, user: &str, database: &str) -> Result<Client, postgres::Error> {
        self.config(user, database).connect(NoTls)
    }

    fn wait_until_ready(&self) -> Result<(), String> {
        let patience = Instant::now() + Duration::from_secs(30);
        loop {
            match self.connect("postgres", "postgres") {
                Ok(_) => return Ok(()),
                Err(_) if Instant::now() < patience => thread::sleep(Duration::from_millis(10)),
                Err(error) => {
                    return Err(format!("the test's server did not start: {error}\n{}", self.log()));
                }
            }
        }
    }
}

impl Inner {
    fn say(&self, word: &str) {
        let mut supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(words) = &mut supervisor.words {
            writeln!(words, "{word}").expect("the supervisor lives until its stdin ends");
            let mut answer = String::new();
            supervisor.answers.read_line(&mut answer).expect("the supervisor answers each word");
            assert_eq!(answer.trim_end(), word);
        }
    }

    fn finish(&self) {
        if let Ok(mut supervisor) = self.supervisor.lock() {
            supervisor.words = None;
            let _ = supervisor.process.wait();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.finish();
    }
}

extern "C" fn stop_shared() {
    if let Some(Ok(server)) = SHARED.get() {
        server.0.finish();
    }
}

/// In memory where there is plenty, as a server's data are a thousand small files for each test.
fn place() -> &'static str {
    const MEMORY: &CStr = c"/dev/shm";
    // SAFETY: the name is a C string, and statvfs is plain data.
    let free = unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        if libc::statvfs(MEMORY.as_ptr(), &raw mut found) == 0 {
            found.f_bavail.saturating_mul(found.f_frsize)
        } else {
            0
        }
    };
    if free > PLENTY { "/dev/shm" } else { "/tmp" }
}

/// In bytes.
const PLENTY: u64 = 8 << 30;

/// Not under `TMPDIR`: a socket's path has 107 bytes, and the account we drop to must get at it.
fn new_directory() -> PathBuf {
    let directory = tempfile::Builder::new()
        .prefix("pgseqfix-test-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(place())
        .expect("it can be written to")
        .keep();
    if let Some(account) = account_to_drop_to() {
        chown(&directory, Some(account.uid), Some(account.gid)).expect("root may give a directory away");
    }
    directory
}

/// Without our environment: a stray `PGHOST` or `LC_ALL` would decide what the server does.
fn as_server_account(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
    command.stdin(Stdio::null());
    if let Some(account) = account_to_drop_to() {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

fn run_to_end(command: &mut Command, directory: &Path) -> Result<(), String> {
    let failure = match command.output() {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let _ = fs::remove_dir_all(directory);
    Err(format!("{}: {failure}", command.get_program().to_string_lossy()))
}
