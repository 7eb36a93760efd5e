//! Authorities, the certificates they give, and a server that has one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::symm::Cipher;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name};

use super::Server;
use super::programs::account_to_drop_to;

/// Who gives certificates.
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

/// A certificate and its key.
pub struct Given {
    certificate: X509,
    key: PKey<Private>,
}

/// The names in a certificate.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    pub common: &'a str,
    pub hosts: &'a [&'a str],
    pub addresses: &'a [&'a str],
}

impl Names<'_> {
    /// The common name alone.
    pub fn common(common: &str) -> Names<'_> {
        Names { common, hosts: &[], addresses: &[] }
    }
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = new_key();
        let mut builder = begin(name, &key);
        builder.append_extension(BasicConstraints::new().critical().ca().build().expect("it is well formed")).unwrap();
        builder.set_issuer_name(&common_name(name)).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Self { certificate: builder.build(), key }
    }

    /// Signs a certificate for a new key.
    pub fn give(&self, names: Names) -> Given {
        let key = new_key();
        let mut builder = begin(names.common, &key);
        builder.set_issuer_name(self.certificate.subject_name()).unwrap();
        if !names.hosts.is_empty() || !names.addresses.is_empty() {
            let mut all = SubjectAlternativeName::new();
            for host in names.hosts {
                all.dns(host);
            }
            for address in names.addresses {
                all.ip(address);
            }
            let all = all.build(&builder.x509v3_context(Some(&self.certificate), None)).unwrap();
            builder.append_extension(all).unwrap();
        }
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        Given { certificate: builder.build(), key }
    }

    /// Writes its certificate.
    pub fn write(&self, file: &Path) -> PathBuf {
        fs::write(file, self.certificate.to_pem().unwrap()).expect("it is the test's own directory");
        file.to_owned()
    }

    /// Writes its key, for who makes what this cannot.
    pub fn write_key(&self, file: &Path) -> PathBuf {
        fs::write(file, self.key.private_key_to_pem_pkcs8().unwrap()).expect("it is the test's own directory");
        file.to_owned()
    }
}

impl Given {
    /// Writes the certificate and the key into a directory as `NAME.crt` and `NAME.key`, the key for its owner only.
    pub fn write(&self, directory: &Path, name: &str) -> [PathBuf; 2] {
        self.write_with(directory, name, &self.key.private_key_to_pem_pkcs8().unwrap())
    }

    /// Likewise, the key encrypted.
    pub fn write_encrypted(&self, directory: &Path, name: &str, passphrase: &str) -> [PathBuf; 2] {
        let cipher = Cipher::aes_256_cbc();
        let key = self.key.private_key_to_pem_pkcs8_passphrase(cipher, passphrase.as_bytes()).unwrap();
        self.write_with(directory, name, &key)
    }

    fn write_with(&self, directory: &Path, name: &str, key: &[u8]) -> [PathBuf; 2] {
        let (certificate, file) = (directory.join(format!("{name}.crt")), directory.join(format!("{name}.key")));
        fs::write(&certificate, self.certificate.to_pem().unwrap()).expect("it is the test's own directory");
        fs::write(&file, key).expect("it is the test's own directory");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("it is our own file");
        [certificate, file]
    }

    /// Makes it a server's own, from the next connection on.
    pub fn install(&self, server: &Server) {
        let files = self.write(&server.data_directory(), "server");
        if let Some(account) = account_to_drop_to() {
            for file in &files {
                chown(file, Some(account.uid), Some(account.gid)).expect("root may give a file away");
            }
        }
    }
}

fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn begin(name: &str, key: &PKey<Private>) -> X509Builder {
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.pseudo_rand(100, openssl::bn::MsbOption::MAYBE_ZERO, false).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&common_name(name)).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}

fn common_name(name: &str) -> X509Name {
    let mut names = X509Name::builder().unwrap();
    names.append_entry_by_text("CN", name).unwrap();
    names.build()
}
