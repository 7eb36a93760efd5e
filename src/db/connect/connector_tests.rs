//! Claims about connecting, against servers that say what they are told to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::super::given::Given;
use super::*;

/// Messages of the protocol: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.
const ASK_PASSWORD: &[u8] = b"R\0\0\0\x08\0\0\0\x03";
const LET_IN: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

/// The question whether the line can be encrypted.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A server that answers each message of a client with the next of its lines, and offers no encryption.
struct Scripted {
    port: u16,
    clients: Arc<AtomicUsize>,
}

impl Scripted {
    fn new(script: &[&[u8]]) -> Self {
        Self::offering(*b"N", script)
    }

    /// Likewise, with this answer to who asks for encryption.
    fn offering(offer: [u8; 1], script: &[&[u8]]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let clients = Arc::new(AtomicUsize::new(0));
        let (count, script) = (clients.clone(), script.iter().map(|line| line.to_vec()).collect::<Vec<_>>());
        thread::spawn(move || {
            for client in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let script = script.clone();
                thread::spawn(move || play(client.unwrap(), &offer, &script));
            }
        });
        Self { port, clients }
    }

    fn clients(&self) -> usize {
        self.clients.load(Ordering::SeqCst)
    }
}

fn play(mut client: TcpStream, offer: &[u8], script: &[Vec<u8>]) {
    let mut heard = [0; 1024];
    for line in script {
        let mut length = client.read(&mut heard).unwrap();
        if heard[..length] == SSL_REQUEST {
            client.write_all(offer).unwrap();
            length = client.read(&mut heard).unwrap();
        }
        // It may have hung up.
        if length == 0 || client.write_all(line).is_err() {
            return;
        }
    }
    while client.read(&mut heard).is_ok_and(|length| length > 0) {}
}

fn refuse(code: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0C{code}\0Mno\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E", length.to_be_bytes().as_slice(), fields.as_bytes()].concat()
}

/// A port that nobody listens on.
fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A connector for those ports, and what it prompted with.
fn connector(ports: &[u16], policy: PasswordPolicy) -> (Connector, Arc<Mutex<Vec<String>>>) {
    connector_with("sslmode=disable", ports, policy)
}

/// Likewise, with another setting.
fn connector_with(setting: &str, ports: &[u16], policy: PasswordPolicy) -> (Connector, Arc<Mutex<Vec<String>>>) {
    let hosts = vec!["127.0.0.1"; ports.len()].join(",");
    let ports = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let given = Given {
        database: Some(format!("host={hosts} port={ports} dbname=Shop user=Anna passfile=/nonexistent {setting}")),
        password: policy,
        ..Given::default()
    };
    let prompts = Arc::new(Mutex::new(Vec::new()));
    let heard = prompts.clone();
    let ask = Box::new(move |prompt: &str| {
        heard.lock().unwrap().push(prompt.to_owned());
        Ok("hush".to_owned())
    });
    (Connector::new(Settings::resolve(&given, &|_| None).unwrap(), ask), prompts)
}

#[test]
fn the_password_is_asked_for_once_and_only_if_the_server_wants_one() {
    let open = Scripted::new(&[LET_IN]);
    let (mut connector, prompts) = self::connector(&[open.port], PasswordPolicy::WhenAsked);
    connector.open().unwrap();
    assert!(prompts.lock().unwrap().is_empty());

    let closed = Scripted::new(&[ASK_PASSWORD, LET_IN]);
    let (mut connector, prompts) = self::connector(&[closed.port], PasswordPolicy::WhenAsked);
    let _both = (connector.open().unwrap(), connector.open().unwrap());
    assert_eq!(*prompts.lock().unwrap(), ["Password for user Anna: "]);
    assert!(!format!("{connector:?}").contains("hush"));
}

#[test]
fn the_policies_always_and_never_are_kept() {
    let open = Scripted::new(&[LET_IN]);
    let (mut connector, prompts) = self::connector(&[open.port], PasswordPolicy::Always);
    let _both = (connector.open().unwrap(), connector.open().unwrap());
    assert_eq!(prompts.lock().unwrap().len(), 1);

    let closed = Scripted::new(&[ASK_PASSWORD, LET_IN]);
    let (mut connector, prompts) = self::connector(&[closed.port], PasswordPolicy::Never);
    assert_eq!(connector.open().err().unwrap().said(), "no password supplied");
    assert!(prompts.lock().unwrap().is_empty());
}

#[test]
fn a_refused_password_is_asked_of_no_other_host() {
    let (first, second) = (Scripted::new(&[ASK_PASSWORD, &refuse("28P01")]), Scripted::new(&[LET_IN]));
    let (mut connector, prompts) = self::connector(&[first.port, second.port], PasswordPolicy::WhenAsked);
    let error = connector.open().err().unwrap();
    assert_eq!(error.code().unwrap().code(), "28P01");
    assert_eq!((prompts.lock().unwrap().len(), second.clients()), (1, 0));
}

#[test]
fn a_host_that_is_down_or_starting_up_is_passed_over_and_not_tried_again() {
    let (starting, ready) = (Scripted::new(&[&refuse("57P03")]), Scripted::new(&[LET_IN]));
    let ports = [dead_port(), starting.port, ready.port];
    let (mut connector, _) = self::connector(&ports, PasswordPolicy::Never);
    let _both = (connector.open().unwrap(), connector.open().unwrap());
    assert_eq!((starting.clients(), ready.clients()), (1, 2));
}

#[test]
fn a_server_that_makes_no_sense_has_the_last_word() {
    let (broken, ready) = (Scripted::new(&[b"Z\0\0\0\x05I"]), Scripted::new(&[LET_IN]));
    let (mut connector, _) = self::connector(&[broken.port, ready.port], PasswordPolicy::Never);
    assert!(connector.open().is_err());
    assert_eq!(ready.clients(), 0);
}

#[test]
fn a_silent_server_is_left_behind_after_the_timeout() {
    let (silent, ready) = (Scripted::new(&[b""]), Scripted::new(&[LET_IN]));
    let (mut connector, _) = self::connector(&[silent.port, ready.port], PasswordPolicy::Never);
    connector.settings.timeout = Some(Duration::from_millis(200));
    let start = Instant::now();
    connector.open().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[test]
fn the_error_names_every_host_that_was_tried() {
    let (dead, starting) = (dead_port(), Scripted::new(&[&refuse("57P03")]));
    let (mut connector, _) = self::connector(&[dead, starting.port], PasswordPolicy::Never);
    let said = connector.open().err().unwrap().to_string();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "could not connect to database \"Shop\" as user \"Anna\"");
    assert!(lines[1].starts_with(&format!("  on host \"127.0.0.1\", port {dead}: ")), "{said}");
    assert_eq!(lines[2], format!("  on host \"127.0.0.1\", port {}", starting.port));
    assert_eq!(lines[3], "  the server said: FATAL: no (57P03)");
}

#[test]
fn a_server_that_offers_no_encryption_is_asked_once_whether_it_lets_in() {
    let plain = Scripted::new(&[&refuse("28000")]);
    let (mut connector, _) = connector_with("sslmode=prefer", &[plain.port], PasswordPolicy::Never);
    assert_eq!(connector.open().err().unwrap().code().unwrap().code(), "28000");
    assert_eq!(plain.clients(), 1);
}

#[test]
fn whoever_is_not_let_in_in_plain_text_tries_an_encrypted_line_where_allowed() {
    let plain = Scripted::new(&[&refuse("28000")]);
    let (mut connector, _) = connector_with("sslmode=allow", &[plain.port], PasswordPolicy::Never);
    assert!(connector.open().is_err());
    assert_eq!(plain.clients(), 2);
}

#[test]
fn a_handshake_that_fails_leads_to_plain_text_where_that_will_do_and_is_not_tried_again() {
    let broken = Scripted::offering(*b"S", &[&refuse("28000")]);
    let (mut connector, _) = connector_with("sslmode=prefer", &[broken.port], PasswordPolicy::Never);
    // A refusal is no handshake, and has its say in plain text.
    assert_eq!(connector.open().err().unwrap().code().unwrap().code(), "28000");
    assert_eq!(broken.clients(), 2);
    let (mut connector, _) = connector_with("sslmode=require", &[broken.port], PasswordPolicy::Never);
    assert!(connector.open().err().unwrap().said().starts_with("SSL error: "));
    assert_eq!(broken.clients(), 3);
}
