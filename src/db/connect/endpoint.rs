//! The servers that the settings name, in the order in which to try them.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use super::number;
use super::secret::Secret;
use super::values::Values;

/// Where packagers put the socket: Debian and Red Hat, then source builds and Homebrew.
pub(super) const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

const DEFAULT_PORT: u16 = 5432;

/// One server to try.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    /// How to get there.
    pub(super) place: Place,
    /// The port; on a Unix socket it is part of the file's name.
    pub(super) port: u16,
    /// The password that the settings have for this server.
    pub(super) password: Option<Secret>,
    /// Whether that password came out of the password file.
    pub(super) password_is_from_file: bool,
}

/// How to get to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A directory with a Unix socket, or its abstract name after an `@`.
    Socket { directory: String, by_default: bool },
    /// A host name, still to be looked up.
    Name(String),
    /// An address, and the name that goes with it, if one was given.
    Address { name: Option<String>, address: IpAddr },
}

impl Place {
    /// Whether it is a host on TCP.
    pub(super) fn is_tcp(&self) -> bool {
        !matches!(self, Self::Socket { .. })
    }

    /// Whether it is a host with no name that a certificate could bear.
    pub(super) fn is_nameless(&self) -> bool {
        matches!(self, Self::Address { name: None, .. })
    }

    /// The host as it was given, which is the first field of a line in the password file.
    pub(super) fn passfile_host(&self) -> String {
        match self {
            Self::Socket { by_default: true, .. } => "localhost".to_owned(),
            Self::Socket { directory, .. } => directory.clone(),
            Self::Name(name) | Self::Address { name: Some(name), .. } => name.clone(),
            Self::Address { name: None, address } => address.to_string(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.place {
            Place::Socket { directory, .. } => {
                write!(out, "on socket \"{directory}/.s.PGSQL.{port}\"")
            }
            Place::Name(name) => write!(out, "on host \"{name}\", port {port}"),
            Place::Address { name: None, address } => {
                write!(out, "on host \"{address}\", port {port}")
            }
            Place::Address { name: Some(name), address } => {
                write!(out, "on host \"{name}\" ({address}), port {port}")
            }
        }
    }
}

/// The servers named by `host`, `hostaddr` and `port`, without their passwords; the error is the
/// reason.
pub(super) fn list(values: &Values) -> Result<Vec<Endpoint>, String> {
    let names = split(values.text("host"));
    let addresses = split(values.text("hostaddr"));
    // Addresses decide how many servers there are; without either list there is one.
    let count = if addresses.is_empty() { names.len().max(1) } else { addresses.len() };
    if !names.is_empty() && names.len() != count {
        return Err(format!("could not match {} host names to {count} hostaddr values", names.len()));
    }
    let ports = split(values.text("port"));
    if ports.len() > 1 && ports.len() != count {
        return Err(format!("could not match {} port numbers to {count} hosts", ports.len()));
    }
    let item = |list: &[&'_ str], index: usize| -> Option<String> {
        list.get(index).filter(|item| !item.is_empty()).map(|item| (*item).to_owned())
    };
    let mut endpoints = Vec::new();
    let mut unreadable = None;
    for index in 0..count {
        let port = item(&ports, if ports.len() == 1 { 0 } else { index });
        let port = port.map_or(Ok(DEFAULT_PORT), |text| parse_port(&text))?;
        match place(item(&names, index), item(&addresses, index), port) {
            Ok(place) => endpoints.push(Endpoint { place, port, password: None, password_is_from_file: false }),
            Err(reason) => unreadable = Some(reason),
        }
    }
    match unreadable {
        Some(reason) if endpoints.is_empty() => Err(reason),
        // libpq, too, goes on to the other servers.
        Some(reason) => {
            log::warn!("{reason}");
            Ok(endpoints)
        }
        None => Ok(endpoints),
    }
}

/// The items of a comma-separated list; nothing given is no item.
fn split(list: Option<&str>) -> Vec<&str> {
    list.map(|list| list.split(',').collect()).unwrap_or_default()
}

fn parse_port(text: &str) -> Result<u16, String> {
    let port = number::parse(text).and_then(|number| u16::try_from(number).ok());
    port.filter(|port| *port > 0).ok_or_else(|| format!("invalid port number: \"{text}\""))
}

fn place(name: Option<String>, address: Option<String>, port: u16) -> Result<Place, String> {
    Ok(match (name, address) {
        (name, Some(address)) => {
            let address = address.parse().map_err(|_| format!("could not parse network address \"{address}\""))?;
            Place::Address { name, address }
        }
        (None, None) => default_socket(port),
        (Some(name), None) if name.starts_with(['/', '@']) => {
            // The default directory is `localhost` to the password file, also when it is spelt out.
            let by_default = default_socket(port).is_in(&name);
            Place::Socket { directory: name, by_default }
        }
        (Some(name), None) => Place::Name(name),
    })
}

impl Place {
    fn is_in(&self, wanted: &str) -> bool {
        matches!(self, Self::Socket { directory, .. } if directory == wanted)
    }
}

/// The first usual directory in which a server listens on that port, else the most usual one.
fn default_socket(port: u16) -> Place {
    let listens = |directory: &&str| Path::new(directory).join(format!(".s.PGSQL.{port}")).exists();
    let directory = SOCKET_DIRECTORIES.into_iter().find(listens).unwrap_or(SOCKET_DIRECTORIES[0]);
    Place::Socket { directory: directory.to_owned(), by_default: true }
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
