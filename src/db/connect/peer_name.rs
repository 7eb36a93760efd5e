//! Whether a server's certificate is for the host that was asked for, by libpq's rules: OpenSSL's own take no common name
//! for an address.
//! <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBQ-SSL-CERTIFICATES>

use std::net::IpAddr;

use openssl::nid::Nid;
use openssl::x509::X509Ref;

/// The names in a certificate that can be those of a server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PeerNames {
    /// The alternative names that are host names.
    hosts: Vec<String>,
    /// Those that are addresses, as bytes in network order.
    addresses: Vec<Vec<u8>>,
    /// The first common name.
    common: Option<String>,
}

impl PeerNames {
    pub(super) fn of(certificate: &X509Ref) -> Self {
        let mut names = Self::default();
        for name in certificate.subject_alt_names().iter().flatten() {
            names.hosts.extend(name.dnsname().map(str::to_owned));
            names.addresses.extend(name.ipaddress().map(<[u8]>::to_vec));
        }
        let common = certificate.subject_name().entries_by_nid(Nid::COMMONNAME).next();
        names.common = common.and_then(|entry| entry.data().to_string().ok());
        names
    }

    /// Whether one of them is that of the host.
    pub(super) fn hold(&self, host: &str) -> bool {
        let address = host.parse::<IpAddr>().ok();
        let bytes = address.map(|address| match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        });
        if self.hosts.iter().any(|name| is_for(name, host))
            || bytes.is_some_and(|bytes| self.addresses.contains(&bytes))
        {
            return true;
        }
        // An alternative name of the host's kind says that the common one is not meant.
        let is_settled = if address.is_some() { !self.addresses.is_empty() } else { !self.hosts.is_empty() };
        !is_settled && self.common.as_deref().is_some_and(|name| is_for(name, host))
    }

    /// One of them, to be shown.
    pub(super) fn one(&self) -> &str {
        self.hosts.first().or(self.common.as_ref()).map_or("", String::as_str)
    }
}

/// Whether a name is the host's, or has an asterisk in place of the host's first label.
fn is_for(name: &str, host: &str) -> bool {
    let Some(tail) = name.strip_prefix('*').filter(|tail| tail.starts_with('.')) else {
        return name.eq_ignore_ascii_case(host);
    };
    let at = host.find('.').unwrap_or(host.len());
    at > 0 && host[at..].eq_ignore_ascii_case(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(hosts: &[&str], addresses: &[&[u8]], common: Option<&str>) -> PeerNames {
        PeerNames {
            hosts: hosts.iter().map(ToString::to_string).collect(),
            addresses: addresses.iter().map(|address| address.to_vec()).collect(),
            common: common.map(str::to_owned),
        }
    }

    #[test]
    fn an_asterisk_stands_for_one_label_at_the_left() {
        for (name, host, expected) in [
            ("pg.test", "PG.test", true),
            ("pg.test", "pg.test.", false),
            ("*.test", "pg.test", true),
            ("*.TEST", "pg.test", true),
            ("*.test", "a.pg.test", false),
            ("*.test", ".test", false),
            ("*.test", "test", false),
            ("p*.test", "pg.test", false),
            ("*", "test", false),
            ("pg.*", "pg.test", false),
            ("", "pg.test", false),
        ] {
            assert_eq!(names(&[name], &[], None).hold(host), expected, "{name} for {host}");
        }
    }

    #[test]
    fn the_common_name_counts_where_no_other_of_the_hosts_kind_is() {
        let address: &[&[u8]] = &[&[127, 0, 0, 1]];
        for (names, host, expected) in [
            (names(&[], &[], Some("pg.test")), "pg.test", true),
            (names(&["other"], &[], Some("pg.test")), "pg.test", false),
            (names(&[], address, Some("pg.test")), "pg.test", true),
            (names(&[], &[], Some("127.0.0.1")), "127.0.0.1", true),
            (names(&["127.0.0.1"], &[], None), "127.0.0.1", true),
            (names(&["other"], &[], Some("127.0.0.1")), "127.0.0.1", true),
            (names(&[], address, Some("127.0.0.2")), "127.0.0.2", false),
            (names(&[], address, None), "127.0.0.1", true),
            (names(&[], &[&[0; 16]], None), "::", true),
            (names(&[], &[], None), "pg.test", false),
        ] {
            assert_eq!(names.hold(host), expected, "{host}: {names:?}");
        }
    }
}
