//! A line to a server on which is written down who calls, and with what.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use super::Server;

/// A session as its client asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Over which of the lines.
    pub line: String,
    /// What the message that begins it says.
    pub settings: BTreeMap<String, String>,
    /// The password, where the server wants it as it is.
    pub password: Option<String>,
}

/// Lines to servers, and the sessions that were asked for over them.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Session>>>);

/// How to get to a server behind a line.
type Upstream = PathBuf;

impl Recorder {
    /// A line on TCP; returns its port.
    pub fn listen(&self, name: &str, server: &Server) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let (own, name, upstream) = (self.clone(), name.to_owned(), upstream(server));
        thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                own.take(&name, &upstream, caller);
            }
        });
        port
    }

    /// A socket in that directory.
    pub fn listen_in(&self, directory: &Path, port: u16, name: &str, server: &Server) {
        let listener = UnixListener::bind(directory.join(socket_name(port))).expect("there is none yet");
        self.serve(listener, name, server);
    }

    /// A socket with an abstract name, which is no file.
    #[cfg(target_os = "linux")]
    pub fn listen_abstractly(&self, directory: &str, port: u16, name: &str, server: &Server) {
        use std::os::linux::net::SocketAddrExt;
        let place = std::os::unix::net::SocketAddr::from_abstract_name(format!("{directory}/{}", socket_name(port)))
            .expect("it is short");
        self.serve(UnixListener::bind_addr(&place).expect("there is none yet"), name, server);
    }

    fn serve(&self, listener: UnixListener, name: &str, server: &Server) {
        let (own, name, upstream) = (self.clone(), name.to_owned(), upstream(server));
        thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                own.take(&name, &upstream, caller);
            }
        });
    }

    /// The sessions since the last call.
    pub fn sessions(&self) -> Vec<Session> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn take<C: Caller>(&self, name: &str, upstream: &Upstream, caller: C) {
        let (own, name, upstream) = (self.clone(), name.to_owned(), upstream.clone());
        // Both ends are closed when one is; a client that goes away is no trouble of ours.
        thread::spawn(move || own.bring(name, &upstream, caller));
    }

    fn bring<C: Caller>(&self, line: String, upstream: &Upstream, mut caller: C) -> io::Result<()> {
        let mut message = first_message(&mut caller)?;
        while code(&message) == SSL_REQUEST || code(&message) == GSS_REQUEST {
            caller.write_all(b"N")?;
            message = first_message(&mut caller)?;
        }
        let at = {
            let mut sessions = self.0.lock().unwrap();
            if code(&message) == PROTOCOL_3 {
                sessions.push(Session { line, settings: settings(&message), password: None });
            }
            sessions.len()
        };
        let mut server = UnixStream::connect(upstream)?;
        server.write_all(&message)?;
        let (mut answers, mut back) = (server.try_clone()?, caller.again()?);
        let pump = thread::spawn(move || {
            let _ = io::copy(&mut answers, &mut back);
            back.close();
        });
        let mut piece = [0; 8_192];
        let mut is_first = true;
        loop {
            let length = caller.read(&mut piece).unwrap_or_default();
            // A letter, a length, and a text with its end.
            if is_first && piece[0] == b'p' && length > 6 {
                let password = String::from_utf8_lossy(&piece[5..length - 1]).into_owned();
                if let Some(session) = self.0.lock().unwrap().get_mut(at - 1) {
                    session.password = Some(password);
                }
            }
            is_first = false;
            if length == 0 || server.write_all(&piece[..length]).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
        let _ = pump.join();
        Ok(())
    }
}

/// One end of a line.
trait Caller: Read + Write + Send + Sized + 'static {
    fn again(&self) -> io::Result<Self>;
    fn close(&self);
}

impl Caller for TcpStream {
    fn again(&self) -> io::Result<Self> {
        self.try_clone()
    }
    fn close(&self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

impl Caller for UnixStream {
    fn again(&self) -> io::Result<Self> {
        self.try_clone()
    }
    fn close(&self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

const PROTOCOL_3: u32 = 3 << 16;
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

fn socket_name(port: u16) -> String {
    format!(".s.PGSQL.{port}")
}

fn upstream(server: &Server) -> Upstream {
    server.directory().join(socket_name(server.port()))
}

/// Its code follows its length.
fn code(message: &[u8]) -> u32 {
    u32::from_be_bytes(message[4..8].try_into().expect("four bytes"))
}

/// A message without a letter.
fn first_message(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut message = vec![0; 4];
    from.read_exact(&mut message)?;
    let length = u32::from_be_bytes(message[..4].try_into().expect("four bytes"));
    message.resize(usize::try_from(length).expect("32 bits").clamp(8, 100_000), 0);
    from.read_exact(&mut message[4..])?;
    Ok(message)
}

/// Names and values by turns, each with its end.
fn settings(message: &[u8]) -> BTreeMap<String, String> {
    let texts: Vec<String> =
        message[8..].split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    texts.chunks_exact(2).filter(|pair| !pair[0].is_empty()).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}
