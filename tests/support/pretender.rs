//! Somebody who listens like a server, and is none.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// What the pretender does with whoever calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Reads, and says nothing.
    Silent,
    /// Hangs up at once.
    HangsUp,
    /// Says these bytes in place of an answer to the request for encryption, and to all else.
    Says(&'static [u8]),
    /// Does not encrypt, and says these bytes then.
    SaysInPlainText(&'static [u8]),
}

/// Whether it hangs up after its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    HangsUp,
    Stays,
}

/// Begins to pretend, and returns the port; it ends with the test's process.
pub fn pretend(manner: Manner, afterwards: Afterwards) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it listens").port();
    thread::spawn(move || {
        for caller in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(&caller, manner, afterwards));
        }
    });
    port
}

/// The code for a request to encrypt, in place of a protocol's version.
const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();

fn answer(mut caller: &TcpStream, manner: Manner, afterwards: Afterwards) {
    let mut request = [0; 8_192];
    let Ok(length) = caller.read(&mut request) else { return };
    let words = match manner {
        Manner::HangsUp => return,
        Manner::Silent => &b""[..],
        Manner::Says(words) => words,
        Manner::SaysInPlainText(words) => {
            if length >= 8 && request[4..8] == SSL_REQUEST {
                let _ = caller.write_all(b"N");
                // Who demands encryption is gone by now.
                if !matches!(caller.read(&mut request), Ok(1..)) {
                    return;
                }
            }
            words
        }
    };
    if caller.write_all(words).is_ok() && afterwards == Afterwards::Stays {
        // Until the caller goes.
        while matches!(caller.read(&mut request), Ok(1..)) {}
    }
}
