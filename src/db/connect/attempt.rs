//! One attempt at one address.

use std::ffi::OsString;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;
use std::{io, thread};

use postgres::{Client, Config};

use super::dial::Dial;
use super::endpoint::{Endpoint, Place};
use super::failure::Failure;
use super::session::SessionWish;
use super::settings::Settings;
use super::ssl_mode::Line;
use crate::db::traffic::{RoundTrip, count_connection};

/// The addresses of an endpoint, each an endpoint of its own.
///
/// The driver would go through them by itself, also after a refused password, and report the last
/// failure only: so it gets one at a time.
pub(super) fn addresses(endpoint: &Endpoint) -> Result<Vec<Endpoint>, Failure> {
    let Place::Name(name) = &endpoint.place else {
        return Ok(vec![endpoint.clone()]);
    };
    let found = (name.as_str(), endpoint.port).to_socket_addrs().map_err(Failure::Unresolved)?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.map(|found| found.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(Failure::Unresolved(io::Error::other("the name has no address")));
    }
    let at = |address| {
        // An address in place of a name would only be said twice.
        let name = (name.parse() != Ok(address)).then(|| name.clone());
        Endpoint { place: Place::Address { name, address }, ..endpoint.clone() }
    };
    Ok(addresses.into_iter().map(at).collect())
}

/// Connects, and asks the server whether it is of the kind wished for.
pub(super) fn run(
    settings: &Settings,
    endpoint: &Endpoint,
    line: Line,
    wish: SessionWish,
) -> Result<Client, (Failure, WasEncrypted)> {
    let dial = settings.transport.dial(line);
    let config = config(settings, endpoint);
    let done = match settings.timeout {
        None => handshake(&config, dial.clone(), wish),
        Some(limit) => handshake_within(limit, config, dial.clone(), wish),
    };
    done.map_err(|failure| match dial.tls() {
        None => (failure, false),
        Some(tls) => (tls.other_name().map_or(failure, |name| other_name(name, endpoint)), tls.was_used()),
    })
}

fn other_name(name: &str, endpoint: &Endpoint) -> Failure {
    let host = endpoint.place.passfile_host();
    Failure::Handshake(format!("server certificate for \"{name}\" does not match host name \"{host}\""))
}

/// Whether the server took up encryption before it failed.
pub(super) type WasEncrypted = bool;

/// The driver's own limit ends with the TCP connection: a server that accepts and says nothing would hold us for ever, so
/// the whole handshake runs where it can be left behind.
fn handshake_within(limit: Duration, config: Config, dial: Dial, wish: SessionWish) -> Result<Client, Failure> {
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        // A client that nobody waits for any more comes back in the error, and is closed.
        drop(sender.send(handshake(&config, dial, wish)));
    };
    thread::Builder::new()
        .name("connect".to_owned())
        .spawn(work)
        .map_err(|error| Failure::Thread(format!("could not start a thread: {error}")))?;
    receiver.recv_timeout(limit).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => Failure::TimedOut(limit),
        mpsc::RecvTimeoutError::Disconnected => Failure::Thread("the driver gave up without a word".to_owned()),
    })?
}

fn handshake(config: &Config, dial: Dial, wish: SessionWish) -> Result<Client, Failure> {
    let trip = RoundTrip::begin();
    let mut client = config.connect(dial)?;
    drop(trip);
    count_connection();
    match wish.objection(&mut client)? {
        None => Ok(client),
        Some(words) => Err(Failure::Unsuitable(words)),
    }
}

/// What the driver has to know.
fn config(settings: &Settings, endpoint: &Endpoint) -> Config {
    let mut config = Config::new();
    config
        .user(&settings.user)
        .dbname(&settings.database)
        .port(endpoint.port)
        .application_name(&settings.application_name)
        .notice_callback(|notice| log::info!("{}: {}", notice.severity(), notice.message()));
    match &endpoint.place {
        Place::Socket { directory, .. } => config.host_path(socket_path(directory)),
        Place::Name(name) => config.host(name),
        Place::Address { name, address } => {
            let spelt = address.to_string();
            // A directory beside an address is a name for the password file only, as in libpq.
            let name = name.as_deref().filter(|name| !name.starts_with(['/', '@']));
            config.host(name.unwrap_or(&spelt)).hostaddr(*address)
        }
    };
    if let Some(options) = &settings.options {
        config.options(options);
    }
    if let Some(secret) = &endpoint.password {
        config.password(secret.reveal());
    }
    if let Some(limit) = settings.timeout {
        config.connect_timeout(limit);
    }
    settings.keepalive.apply(&mut config);
    settings.transport.apply(endpoint.place.is_tcp(), &mut config);
    config
}

/// The directory as the kernel wants it: an abstract name starts with a zero byte.
fn socket_path(directory: &str) -> OsString {
    match directory.strip_prefix('@') {
        Some(name) => OsString::from(format!("\0{name}")),
        None => OsString::from(directory),
    }
}
