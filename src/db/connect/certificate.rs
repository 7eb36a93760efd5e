//! The certificates and keys in the user's files, by libpq's rules.
//! <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-FILEUSAGE>

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslConnectorBuilder, SslFiletype, SslVerifyMode};
use openssl::x509::store::{X509Lookup, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;

use super::ssl_mode::SslMode;
use super::values::Values;

/// Where the user keeps such files.
pub(super) struct UsualPlace(pub(super) Option<PathBuf>);

impl UsualPlace {
    /// The file that a keyword names, else the one that is usual.
    fn file(&self, values: &Values, keyword: &str, usual: &str) -> Option<PathBuf> {
        let usual = || self.0.as_ref().map(|home| home.join(".postgresql").join(usual));
        values.text(keyword).map(PathBuf::from).or_else(usual)
    }
}

/// Makes the chain of the server's certificate be checked, in any mode, if there is a root to check it against.
pub(super) fn trust_roots(
    builder: &mut SslConnectorBuilder,
    values: &Values,
    place: &UsualPlace,
    mode: SslMode,
) -> Result<(), String> {
    let mut store = X509StoreBuilder::new().map_err(|error| reason(&error))?;
    if values.text("sslrootcert") == Some("system") {
        trust_system(&mut store)?;
    } else {
        match place.file(values, "sslrootcert", "root.crt") {
            Some(file) if file.exists() => {
                let unread =
                    |error| format!("could not read root certificate file \"{}\": {}", file.display(), reason(&error));
                let lookup = store.add_lookup(X509Lookup::file()).map_err(unread)?;
                lookup.load_cert_file(&file, SslFiletype::PEM).map_err(unread)?;
                revoke(&mut store, values, place)?;
            }
            file if mode >= SslMode::VerifyCa => return Err(no_root(file.as_deref())),
            _ => {
                builder.set_verify(SslVerifyMode::NONE);
                return Ok(());
            }
        }
    }
    builder.set_verify(SslVerifyMode::PEER);
    // In place of the system's roots, which the library has loaded.
    builder.set_cert_store(store.build());
    Ok(())
}

fn no_root(file: Option<&Path>) -> String {
    let file = file.map_or_else(|| "~/.postgresql/root.crt".to_owned(), |file| file.display().to_string());
    format!(
        "root certificate file \"{file}\" does not exist: either provide the file, use the system's trusted roots with \
         sslrootcert=system, or change sslmode to disable server certificate verification"
    )
}

/// A library that is built in does not know where the system keeps them.
fn trust_system(store: &mut X509StoreBuilder) -> Result<(), String> {
    let unread = |error: ErrorStack| format!("could not load the system's root certificates: {}", reason(&error));
    store.set_default_paths().map_err(unread)?;
    if openssl_probe::has_ssl_cert_env_vars() {
        return Ok(());
    }
    let found = openssl_probe::probe();
    if let Some(file) = found.cert_file {
        let lookup = store.add_lookup(X509Lookup::file()).map_err(unread)?;
        lookup.load_cert_file(file, SslFiletype::PEM).map_err(unread)?;
    }
    for directory in found.cert_dir {
        let lookup = store.add_lookup(X509Lookup::hash_dir()).map_err(unread)?;
        lookup.add_dir(&directory.to_string_lossy(), SslFiletype::PEM).map_err(unread)?;
    }
    Ok(())
}

/// Has revoked certificates refused. A list that is named must be there: libpq would go on without.
fn revoke(store: &mut X509StoreBuilder, values: &Values, place: &UsualPlace) -> Result<(), String> {
    let unread = |name: &str, error: &ErrorStack| {
        format!("could not read certificate revocation list \"{name}\": {}", reason(error))
    };
    let directory = values.text("sslcrldir");
    let is_named = values.text("sslcrl").is_some();
    // The usual file stands in only where nothing is named.
    let file = if is_named || directory.is_none() { place.file(values, "sslcrl", "root.crl") } else { None };
    let file = file.filter(|file| is_named || file.exists());
    if let Some(file) = &file {
        let unread = |error| unread(&file.to_string_lossy(), &error);
        let lookup = store.add_lookup(X509Lookup::file()).map_err(unread)?;
        lookup.load_crl_file(file, SslFiletype::PEM).map_err(unread)?;
    }
    if let Some(directory) = directory {
        if !Path::new(directory).is_dir() {
            return Err(format!("certificate revocation list directory \"{directory}\" does not exist"));
        }
        let unread = |error| unread(directory, &error);
        let lookup = store.add_lookup(X509Lookup::hash_dir()).map_err(unread)?;
        lookup.add_dir(directory, SslFiletype::PEM).map_err(unread)?;
    }
    if file.is_some() || directory.is_some() {
        let all = X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL;
        store.set_flags(all).map_err(|error| reason(&error))?;
    }
    Ok(())
}

/// Has our own certificate shown to a server that asks for one, if there is one.
pub(super) fn identify(builder: &mut SslConnectorBuilder, values: &Values, place: &UsualPlace) -> Result<(), String> {
    if values.text("sslcertmode") == Some("disable") {
        return Ok(());
    }
    let Some(certificate) = place.file(values, "sslcert", "postgresql.crt") else {
        return Ok(());
    };
    let shown = certificate.display();
    match fs::metadata(&certificate) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(format!("could not open certificate file \"{shown}\": {error}")),
        Ok(_) => {}
    }
    builder
        .set_certificate_chain_file(&certificate)
        .map_err(|error| format!("could not read certificate file \"{shown}\": {}", reason(&error)))?;
    if values.text("sslkey").is_some_and(|key| key.contains(':')) {
        return Err("sslkey names an OpenSSL engine, which this program cannot use (it takes a file)".to_owned());
    }
    let Some(file) = place.file(values, "sslkey", "postgresql.key") else {
        return Err(format!("certificate \"{shown}\" is present, but no private key"));
    };
    let key = private_key(&file, values.text("sslpassword"))?;
    builder
        .set_private_key(&key)
        .map_err(|_| format!("certificate does not match private key file \"{}\"", file.display()))
}

/// Reads a private key that nobody else can read.
fn private_key(file: &Path, password: Option<&str>) -> Result<PKey<Private>, String> {
    let shown = file.display();
    let data = fs::metadata(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("certificate present, but not private key file \"{shown}\""),
        _ => format!("could not stat private key file \"{shown}\": {error}"),
    })?;
    if !data.is_file() {
        return Err(format!("private key file \"{shown}\" is not a regular file"));
    }
    // The system's own keys are readable for a group of services.
    let forbidden = if data.uid() == 0 { 0o037 } else { 0o077 };
    if data.permissions().mode() & forbidden != 0 {
        return Err(format!(
            "private key file \"{shown}\" has group or world access; file must have permissions u=rw (0600) or less if \
             owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root"
        ));
    }
    let bytes = fs::read(file).map_err(|error| format!("could not read private key file \"{shown}\": {error}"))?;
    let mut was_asked = false;
    let from_pem = PKey::private_key_from_pem_callback(&bytes, |buffer| {
        was_asked = true;
        let Some(password) = password.map(str::as_bytes).filter(|password| password.len() <= buffer.len()) else {
            return Ok(0);
        };
        buffer[..password.len()].copy_from_slice(password);
        Ok(password.len())
    });
    from_pem.or_else(|error| PKey::private_key_from_der(&bytes).map_err(|_| error)).map_err(|error| {
        let why = match (was_asked, password) {
            (true, None) => "it is encrypted: sslpassword takes its passphrase".to_owned(),
            (true, Some(_)) => "sslpassword is not its passphrase".to_owned(),
            _ => reason(&error),
        };
        format!("could not load private key file \"{shown}\": {why}")
    })
}

/// The library's words for what went wrong first, without the place in its source.
pub(super) fn reason(error: &ErrorStack) -> String {
    error.errors().iter().find_map(openssl::error::Error::reason).unwrap_or("no reason is given").to_owned()
}
