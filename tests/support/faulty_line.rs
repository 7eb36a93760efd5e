//! A line to the server that breaks at the message one likes.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use super::Database;

/// What happens to the line at a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// At which message of the program's, the first being the one that opens a session.
    pub at: usize,
    pub moment: Moment,
    pub how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The message does not reach the server.
    Before,
    /// It does, and the answer does not come back.
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Both sides see the end of the line.
    Cut,
    /// Neither does; the server sees it when the program is gone.
    Stalled,
}

/// A socket beside the server's, over which the program talks to it.
pub struct FaultyLine {
    directory: tempfile::TempDir,
    line: Arc<Line>,
}

struct Line {
    server: PathBuf,
    fault: Mutex<Option<Fault>>,
    messages: AtomicUsize,
    has_failed: AtomicBool,
}

/// One session over the line.
#[derive(Clone)]
struct Session {
    line: Arc<Line>,
    /// Whether what the server says is lost, and how.
    lost: Arc<Mutex<Option<How>>>,
}

impl FaultyLine {
    /// A line to the database's server.
    pub fn to(database: &Database) -> Self {
        let directory = tempfile::Builder::new().prefix("pgseqfix-line-").tempdir_in("/tmp").expect("a directory");
        let name = format!(".s.PGSQL.{}", database.server().port());
        let listener = UnixListener::bind(directory.path().join(&name)).expect("a socket");
        let line = Arc::new(Line {
            server: database.server().directory().join(name),
            fault: Mutex::new(None),
            messages: AtomicUsize::new(0),
            has_failed: AtomicBool::new(false),
        });
        let accepting = line.clone();
        // It ends with the test's process.
        thread::spawn(move || {
            for program in listener.incoming().map_while(Result::ok) {
                let session = Session { line: accepting.clone(), lost: Arc::default() };
                thread::spawn(move || session.run(&program));
            }
        });
        Self { directory, line }
    }

    /// The next sessions' messages are counted anew, and this happens.
    pub fn will(&self, fault: Fault) {
        *self.line.fault.lock().unwrap() = Some(fault);
        self.line.messages.store(0, SeqCst);
        self.line.has_failed.store(false, SeqCst);
    }

    /// Whether it has happened.
    pub fn has_failed(&self) -> bool {
        self.line.has_failed.load(SeqCst)
    }

    /// How many messages the program has sent since.
    pub fn messages(&self) -> usize {
        self.line.messages.load(SeqCst)
    }

    /// The program, talking over this line.
    pub fn pgseqfix(&self, database: &Database) -> Command {
        let mut command = database.pgseqfix();
        command.env("PGHOST", self.directory());
        command
    }

    fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// How a request to cancel begins, in place of a protocol's version.
const CANCEL: [u8; 4] = 80_877_102_u32.to_be_bytes();

/// The server is ready for the next query.
const READY: [u8; 5] = [b'Z', 0, 0, 0, 5];

impl Session {
    fn run(self, program: &UnixStream) {
        let Ok(server) = UnixStream::connect(&self.line.server) else { return };
        let (answers, sink) = (server.try_clone().expect("a socket"), program.try_clone().expect("a socket"));
        let other = self.clone();
        thread::spawn(move || {
            let _ = other.bring_back(&answers, &sink);
            let _ = (answers.shutdown(Shutdown::Both), sink.shutdown(Shutdown::Both));
        });
        let _ = self.bring(program, &server);
        let _ = (program.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
    }

    /// From the program to the server, message by message.
    fn bring(&self, mut program: &UnixStream, mut server: &UnixStream) -> io::Result<()> {
        let mut is_first = true;
        loop {
            let message = read_message(program, is_first)?;
            let fault = *self.line.fault.lock().unwrap();
            let is_cancel = is_first && message[4..8] == CANCEL;
            let number = if is_cancel { 0 } else { self.line.messages.fetch_add(1, SeqCst) + 1 };
            is_first = false;
            let Some(fault) = fault.filter(|fault| fault.at == number) else {
                server.write_all(&message)?;
                continue;
            };
            // Parts of a request are answered when the request is whole.
            let is_answered = !matches!(message[0], b'P' | b'B' | b'D' | b'E' | b'X');
            if fault.moment == Moment::After {
                *self.lost.lock().unwrap() = Some(fault.how);
                server.write_all(&message)?;
            }
            if fault.moment == Moment::Before || !is_answered {
                self.line.has_failed.store(true, SeqCst);
                if fault.how == How::Cut {
                    return Ok(());
                }
            }
            return io::copy(&mut program, &mut io::sink()).map(drop);
        }
    }

    /// From the server to the program.
    fn bring_back(&self, mut server: &UnixStream, mut program: &UnixStream) -> io::Result<()> {
        let mut answer = [0; 8_192];
        loop {
            let length = server.read(&mut answer)?;
            if length == 0 {
                return Ok(());
            }
            let answer = &answer[..length];
            let Some(how) = *self.lost.lock().unwrap() else {
                program.write_all(answer)?;
                continue;
            };
            if length > 5 && answer[length - 6..length - 1] == READY {
                self.line.has_failed.store(true, SeqCst);
                if how == How::Cut {
                    return Ok(());
                }
            }
        }
    }
}

/// A message with its head; the first of a session has no letter for its kind.
fn read_message(mut from: &UnixStream, is_first: bool) -> io::Result<Vec<u8>> {
    let mut message = vec![0; if is_first { 4 } else { 5 }];
    from.read_exact(&mut message)?;
    let head = message.len();
    let length: [u8; 4] = message[head - 4..].try_into().expect("four bytes");
    let length = usize::try_from(u32::from_be_bytes(length)).expect("32 bits");
    message.resize(head - 4 + length, 0);
    from.read_exact(&mut message[head..])?;
    Ok(message)
}
