//! How a line over TCP begins: whether it is encrypted is settled with the server.
//!
//! The driver could do it, but takes a server's error for a "no", and then waits for the rest of it.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::{fmt, io};

use postgres::Socket;
use postgres::config::SslNegotiation;
use postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::ssl_mode::Line;
use super::stream::{Plain, Stream};
use super::tls::{Handshake, Tls};

/// Begins lines of one kind.
#[derive(Clone)]
pub(super) struct Dial {
    line: Line,
    negotiation: SslNegotiation,
    /// What encrypts, unless the line is plain.
    tls: Option<Tls>,
}

impl Dial {
    pub(super) fn new(line: Line, negotiation: SslNegotiation, tls: Option<Tls>) -> Self {
        Self { line, negotiation, tls }
    }

    /// What encrypts, or would have.
    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The same for another line.
    pub(super) fn for_another(&self) -> Self {
        Self { tls: self.tls.as_ref().map(Tls::for_another), ..self.clone() }
    }
}

/// Why a line did not come about, in libpq's words.
#[derive(Debug)]
pub(super) struct NoLine(pub(super) String);

impl fmt::Display for NoLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Error for NoLine {}

impl MakeTlsConnect<Socket> for Dial {
    type Stream = Stream;
    type TlsConnect = Call;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Call, Infallible> {
        let handshake = self.tls.as_ref().map(|tls| tls.handshake(host));
        Ok(Call { line: self.line, negotiation: self.negotiation, handshake })
    }
}

/// One line's beginning.
pub(super) struct Call {
    line: Line,
    negotiation: SslNegotiation,
    handshake: Option<Handshake>,
}

type AnyError = Box<dyn Error + Send + Sync>;

impl TlsConnect<Socket> for Call {
    type Stream = Stream;
    type Error = AnyError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, AnyError>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(self.begin(socket))
    }
}

impl Call {
    async fn begin(self, mut socket: Socket) -> Result<Stream, AnyError> {
        let Some(handshake) = self.handshake else {
            return Ok(Stream::Plain(Plain::new(socket)));
        };
        if self.negotiation == SslNegotiation::Direct && self.line == Line::Encrypted {
            return handshake.run(socket).await;
        }
        match ask(&mut socket).await.map_err(|error| NoLine(unanswered(&error)))? {
            b'S' => handshake.run(socket).await,
            b'N' if self.line == Line::IfOffered => Ok(Stream::Plain(Plain::new(socket))),
            b'N' => Err(NoLine("server does not support SSL, but SSL was required".to_owned()).into()),
            // What it says can be anybody's words: nobody has proved yet to be the server (CVE-2024-10977).
            b'E' => Err(NoLine("server sent an error response during SSL exchange".to_owned()).into()),
            other => {
                let letter = other.escape_ascii();
                Err(NoLine(format!("received invalid response to SSL negotiation: {letter}")).into())
            }
        }
    }
}

/// Length and code, in place of a protocol's version.
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST>
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Asks for encryption, and returns the answer's letter.
async fn ask(socket: &mut Socket) -> io::Result<u8> {
    socket.write_all(&SSL_REQUEST).await?;
    socket.read_u8().await
}

fn unanswered(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "server closed the connection unexpectedly".to_owned(),
        _ => format!("could not receive the answer to the SSL negotiation: {error}"),
    }
}
