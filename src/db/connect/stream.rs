//! What is sent and received over a line, encrypted or not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use postgres::Socket;
use postgres::tls::ChannelBinding;
use postgres_openssl::TlsStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::dial::NoLine;

/// A line over TCP.
pub(super) enum Stream {
    Plain(Plain),
    Encrypted(TlsStream<Socket>),
}

/// A line that is not encrypted.
pub(super) struct Plain {
    socket: Socket,
    /// What the server said first, as long as it is not passed on; `None` once it is.
    first: Option<Vec<u8>>,
}

impl Plain {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, first: Some(Vec::new()) }
    }

    /// Waits for the server's first words: one that has no process for a session says so in the way of PostgreSQL 7.3,
    /// a letter and a text, which the driver would take for the beginning of a very long message.
    fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(said) = &mut self.first else {
            return Poll::Ready(Ok(()));
        };
        while is_in_part(said) {
            let mut piece = [0; 512];
            let mut piece = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut self.socket).poll_read(context, &mut piece))?;
            if piece.filled().is_empty() {
                break;
            }
            said.extend_from_slice(piece.filled());
        }
        let trouble = old_error(said).or_else(|| nonsense(said));
        Poll::Ready(trouble.map_or(Ok(()), |words| Err(io::Error::other(NoLine(words)))))
    }

    fn poll_read(&mut self, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_first(context))?;
        let Some(said) = self.first.as_mut().filter(|said| !said.is_empty()) else {
            self.first = None;
            return Pin::new(&mut self.socket).poll_read(context, into);
        };
        let length = said.len().min(into.remaining());
        into.put_slice(&said[..length]);
        said.drain(..length);
        if said.is_empty() {
            self.first = None;
        }
        Poll::Ready(Ok(()))
    }
}

/// The letter of a message, and its length.
const HEAD: usize = 5;

/// No error is longer, of today's form or of the old one; libpq has the same limit.
const LONGEST: usize = 30_000;

/// Whether more is to come before it can be told what it is.
fn is_in_part(said: &[u8]) -> bool {
    said.len() < HEAD || (is_old_error(said) && said.len() < LONGEST && !said.contains(&0))
}

/// Whether it is an error without a length.
fn is_old_error(said: &[u8]) -> bool {
    let Some((head, _)) = said.split_first_chunk::<HEAD>() else {
        return false;
    };
    let [letter, length @ ..] = *head;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    letter == b'E' && !(8..=LONGEST).contains(&length)
}

/// The text of an error of the old form.
fn old_error(said: &[u8]) -> Option<String> {
    let text = said.get(1..).filter(|_| is_old_error(said))?;
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    Some(String::from_utf8_lossy(text).trim_end().to_owned())
}

/// What is wrong with words that no server begins with, as libpq says it: the driver would wait for the rest of them.
fn nonsense(said: &[u8]) -> Option<String> {
    let (head, _) = said.split_first_chunk::<HEAD>()?;
    let [letter, length @ ..] = *head;
    match letter {
        b'E' | b'v' => None,
        b'R' if (8..=2000).contains(&u32::from_be_bytes(length)) => None,
        b'R' => Some("received invalid authentication request".to_owned()),
        other => Some(format!("expected authentication request from server, but received {}", other.escape_ascii())),
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(line) => line.poll_read(context, into),
            Self::Encrypted(line) => Pin::new(line).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(line) => Pin::new(&mut line.socket).poll_write(context, bytes),
            Self::Encrypted(line) => Pin::new(line).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(line) => Pin::new(&mut line.socket).poll_flush(context),
            Self::Encrypted(line) => Pin::new(line).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(line) => Pin::new(&mut line.socket).poll_shutdown(context),
            Self::Encrypted(line) => Pin::new(line).poll_shutdown(context),
        }
    }
}

impl postgres::tls::TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        match self {
            Self::Plain(_) => ChannelBinding::none(),
            Self::Encrypted(line) => line.channel_binding(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"Ecould not fork new process for connection: Resource temporarily unavailable\n\0";

    #[test]
    fn an_error_of_the_old_form_is_told_from_all_else() {
        assert_eq!(old_error(OLD).unwrap().split(':').next(), Some("could not fork new process for connection"));
        assert!(is_in_part(&OLD[..20]) && !is_in_part(OLD));
        for other in [&b""[..], b"E", b"R\0\0\0\x08\0\0\0\0", b"E\0\0\0\x5dSFATAL\0", b"Rcould not"] {
            assert_eq!(old_error(other), None, "{other:?}");
        }
    }

    #[test]
    fn what_no_server_begins_with_is_told() {
        for sound in [&b"R\0\0\0\x08\0\0\0\0"[..], b"E\0\0\0\x5dSFATAL\0", b"v\0\0\0\x0c", b"NN"] {
            assert_eq!(nonsense(sound), None, "{sound:?}");
        }
        assert!(nonsense(b"HTTP/1.1 400 Bad Request").is_some_and(|words| words.ends_with("but received H")));
        assert!(nonsense(b"R\x7f\xff\xff\xff").is_some_and(|words| words.contains("invalid authentication")));
    }

    #[test]
    fn the_head_of_any_message_is_enough() {
        assert!(is_in_part(b"") && is_in_part(b"R\0\0\0") && !is_in_part(b"R\0\0\0\x08"));
        assert!(!is_in_part(b"E\0\0\0\x5d"));
    }
}
