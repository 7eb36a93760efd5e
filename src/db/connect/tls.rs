//! Encrypted lines, by OpenSSL as libpq does.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use openssl::error::ErrorStack;
use openssl::ssl::{self, SslConnector, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::{X509StoreContextRef, X509VerifyResult};
use postgres::Socket;
use postgres::tls::TlsConnect;
use postgres_openssl::{TlsConnector, set_postgresql_alpn};

use super::certificate::{UsualPlace, identify, reason, trust_roots};
use super::dial::NoLine;
use super::peer_name::PeerNames;
use super::ssl_mode::SslMode;
use super::stream::Stream;
use super::values::Values;

/// Makes lines encrypted.
#[derive(Clone)]
pub(super) struct Tls {
    wanted: Arc<Wanted>,
    seen: Arc<Seen>,
}

/// What the settings say of it.
struct Wanted {
    values: Values,
    home: Option<PathBuf>,
    mode: SslMode,
    versions: Versions,
    /// Made when it is needed: the library reads all the certificates that the system trusts.
    connector: OnceLock<Result<SslConnector, String>>,
}

/// What came of it.
#[derive(Debug, Default)]
struct Seen {
    /// Whether the server took it up.
    was_used: AtomicBool,
    /// The certificate's name, where it is another one than the host's.
    other_name: OnceLock<String>,
}

impl Tls {
    /// Reads the certificates that the settings name, or that are in their usual place: where encryption is demanded at
    /// once, else when a server offers it; the error is the reason.
    pub(super) fn read(
        values: &Values,
        home: Option<PathBuf>,
        mode: SslMode,
        versions: Versions,
    ) -> Result<Self, String> {
        let wanted = Wanted { values: values.clone(), home, mode, versions, connector: OnceLock::new() };
        if mode >= SslMode::Require {
            wanted.connector()?;
        }
        Ok(Self { wanted: Arc::new(wanted), seen: Arc::default() })
    }

    /// The same for another line.
    pub(super) fn for_another(&self) -> Self {
        Self { wanted: self.wanted.clone(), seen: Arc::default() }
    }

    /// A handshake with that host.
    pub(super) fn handshake(&self, host: &str) -> Handshake {
        Handshake { tls: self.clone(), host: host.to_owned() }
    }

    /// Whether a server took it up.
    pub(super) fn was_used(&self) -> bool {
        self.seen.was_used.load(Ordering::Relaxed)
    }

    /// The name in the server's certificate, if it was another one than the host's.
    pub(super) fn other_name(&self) -> Option<&str> {
        self.seen.other_name.get().map(String::as_str)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tls").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Wanted {
    fn connector(&self) -> Result<&SslConnector, String> {
        self.connector.get_or_init(|| self.make()).as_ref().map_err(Clone::clone)
    }

    fn make(&self) -> Result<SslConnector, String> {
        let failed = |error: ErrorStack| format!("could not prepare TLS: {}", reason(&error));
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(failed)?;
        builder.set_min_proto_version(self.versions.least).map_err(failed)?;
        builder.set_max_proto_version(self.versions.most).map_err(failed)?;
        set_postgresql_alpn(&mut builder).map_err(failed)?;
        let place = UsualPlace(self.home.clone());
        trust_roots(&mut builder, &self.values, &place, self.mode)?;
        identify(&mut builder, &self.values, &place)?;
        Ok(builder.build())
    }
}

/// One handshake.
pub(super) struct Handshake {
    tls: Tls,
    host: String,
}

impl Handshake {
    /// Goes through it.
    pub(super) async fn run(self, socket: Socket) -> Result<Stream, Box<dyn Error + Send + Sync>> {
        self.tls.seen.was_used.store(true, Ordering::Relaxed);
        let line = self.begin()?.connect(socket).await?;
        Ok(Stream::Encrypted(line))
    }

    fn begin(self) -> Result<TlsConnector, Box<dyn Error + Send + Sync>> {
        let Tls { wanted, seen } = self.tls;
        let connector = wanted.connector().inspect_err(|reason| {
            // libpq, too, falls back to plain text where it could not begin to encrypt.
            log::warn!("the connection will not be encrypted: {reason}");
        })?;
        let mut line = connector.configure()?;
        line.set_use_server_name_indication(wanted.values.text("sslsni") != Some("0"));
        line.set_verify_hostname(false);
        if wanted.mode == SslMode::VerifyFull {
            let host = self.host.clone();
            line.set_verify_callback(SslVerifyMode::PEER, move |is_trusted, chain| {
                is_trusted && (chain.error_depth() > 0 || is_for(&host, chain, &seen))
            });
        }
        Ok(TlsConnector::new(line, &self.host))
    }
}

/// Whether the certificate at the chain's end is for that host.
fn is_for(host: &str, chain: &mut X509StoreContextRef, seen: &Seen) -> bool {
    let names = chain.current_cert().map(PeerNames::of).unwrap_or_default();
    let is_for = names.hold(host);
    if !is_for {
        let _ = seen.other_name.set(names.one().to_owned());
        chain.set_error(X509VerifyResult::APPLICATION_VERIFICATION);
    }
    is_for
}

/// The versions of the protocol that will do.
#[derive(Clone, Copy)]
pub(super) struct Versions {
    least: Option<SslVersion>,
    most: Option<SslVersion>,
}

impl Versions {
    /// Reads `ssl_min_protocol_version` and `ssl_max_protocol_version`; the error is the reason.
    pub(super) fn read(values: &Values) -> Result<Self, String> {
        const WORDS: [(&str, SslVersion); 4] = [
            ("TLSv1", SslVersion::TLS1),
            ("TLSv1.1", SslVersion::TLS1_1),
            ("TLSv1.2", SslVersion::TLS1_2),
            ("TLSv1.3", SslVersion::TLS1_3),
        ];
        let place = |word: &str| WORDS.iter().position(|it| it.0.eq_ignore_ascii_case(word));
        let least = values.get("ssl_min_protocol_version").map_or(place("TLSv1.2"), place);
        let most = values.get("ssl_max_protocol_version").and_then(place);
        if most.is_some_and(|most| least.is_some_and(|least| least > most)) {
            return Err("invalid SSL protocol version range: ssl_min_protocol_version (by default TLSv1.2) is past \
                        ssl_max_protocol_version"
                .to_owned());
        }
        let version = |place: Option<usize>| place.map(|at| WORDS[at].1);
        Ok(Self { least: version(least), most: version(most) })
    }
}

/// What a handshake failed of, in libpq's words; `None` where it was not the handshake that failed.
pub(super) fn handshake_failure(error: &postgres::Error) -> Option<String> {
    // The driver has no better mark for it than this text.
    if error.to_string() != "error performing TLS handshake" {
        return None;
    }
    let source = error.source()?;
    let said = source.to_string();
    if source.is::<NoLine>() {
        return Some(said);
    }
    let Some(cause) = source.source().and_then(|cause| cause.downcast_ref::<ssl::Error>()) else {
        return Some(format!("SSL error: {said}"));
    };
    // What was wrong with the certificate follows the library's own text.
    let whole = cause.to_string();
    let proof = said.strip_prefix(&whole).and_then(|rest| rest.strip_prefix(": "));
    let words = cause.ssl_error().map_or(whole, reason);
    Some(match proof {
        Some(proof) => format!("SSL error: {words}: {proof}"),
        None => format!("SSL error: {words}"),
    })
}
