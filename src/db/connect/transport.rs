//! What the settings ask of the line to the server: encryption and proof of identity.

use super::values::Values;

/// What `sslmode` asks for on a TCP connection. A Unix socket ignores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// `disable`, `allow` and `prefer` all come down to plain text in a build without TLS.
    Optional,
    /// `require`, `verify-ca` and `verify-full`.
    Demanded,
}

/// Settings that promise safety which this program cannot keep, with the values that ask for nothing.
const BEYOND_US: [(&str, &[&str]); 13] = [
    ("channel_binding", &["prefer", "disable"]),
    ("gssdelegation", &["0"]),
    ("gssencmode", &["prefer", "disable"]),
    ("min_protocol_version", &["3.0"]),
    ("replication", &["false", "off", "no", "0"]),
    ("require_auth", &[]),
    ("requirepeer", &[]),
    ("scram_client_key", &[]),
    ("scram_server_key", &[]),
    ("sslcertmode", &["allow", "disable"]),
    ("sslcrl", &[]),
    ("sslcrldir", &[]),
    ("sslnegotiation", &["postgres"]),
];

/// Settings with few words to choose from; libpq's `sslmode` and `target_session_attrs` are read elsewhere.
const CHOICES: [(&str, &[&str]); 9] = [
    ("channel_binding", &["disable", "prefer", "require"]),
    ("gssencmode", &["disable", "prefer", "require"]),
    ("load_balance_hosts", &["disable", "random"]),
    ("max_protocol_version", &["3.0", "3.2", "latest"]),
    ("min_protocol_version", &["3.0", "3.2", "latest"]),
    ("ssl_max_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    ("sslcertmode", &["disable", "allow", "require"]),
    ("sslnegotiation", &["postgres", "direct"]),
];

/// Refuses words that libpq does not know, also where we have no use for the setting; the error is the reason.
pub(super) fn refuse_unknown_words(values: &Values) -> Result<(), String> {
    let is_unknown = |(keyword, words): &(&str, &[&str])| {
        values.text(keyword).is_some_and(|value| !words.iter().any(|word| word.eq_ignore_ascii_case(value)))
    };
    CHOICES.iter().find(|choice| is_unknown(choice)).map_or(Ok(()), |(keyword, words)| {
        let value = values.text(keyword).unwrap_or_default();
        Err(format!("invalid {keyword} value: \"{value}\" (it takes {})", words.join(", ")))
    })
}

/// Refuses settings that would weaken safety if they were ignored; the error is the reason.
pub(super) fn refuse_what_we_cannot_keep(values: &Values) -> Result<(), String> {
    for (keyword, harmless) in BEYOND_US {
        let Some(value) = values.text(keyword).filter(|value| !harmless.contains(value)) else {
            continue;
        };
        // A SCRAM key is as good as the password.
        let what = if keyword.starts_with("scram_") { keyword } else { &format!("{keyword}={value}") };
        return Err(format!(
            "{what} is asked for, which this program cannot do \
             (and will not ignore: take it out of the settings if you can do without)"
        ));
    }
    Ok(())
}

impl Encryption {
    /// Reads `sslmode`; the error is the reason.
    pub(super) fn read(values: &Values) -> Result<Self, String> {
        let mode = values.get("sslmode").unwrap_or("prefer");
        // From libpq 16 on this word makes verify-full the default.
        let system_roots = values.get("sslrootcert") == Some("system");
        match mode {
            "require" | "verify-ca" | "verify-full" => Ok(Self::Demanded),
            "disable" | "allow" | "prefer" if system_roots => Ok(Self::Demanded),
            "disable" | "allow" | "prefer" => Ok(Self::Optional),
            _ => Err(format!("invalid sslmode value: \"{mode}\"")),
        }
    }

    /// Refuses a TCP connection that has to be encrypted; the error is the reason.
    pub(super) fn check_tcp(self) -> Result<(), String> {
        match self {
            Self::Optional => Ok(()),
            Self::Demanded => Err("the settings demand an encrypted connection \
                (sslmode, PGSSLMODE, sslrootcert), and this build has no TLS"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(keyword: &str, value: &str) -> Values {
        let mut values = Values::default();
        values.set(keyword, value.to_owned()).unwrap();
        values
    }

    #[test]
    fn a_promise_that_cannot_be_kept_is_refused() {
        for (keyword, value) in [
            ("require_auth", "scram-sha-256"),
            ("sslcrl", "/crl"),
            ("requirepeer", "postgres"),
            ("gssencmode", "require"),
            ("channel_binding", "require"),
        ] {
            let reason = refuse_what_we_cannot_keep(&values(keyword, value)).unwrap_err();
            assert!(reason.starts_with(&format!("{keyword}={value} ")), "{reason}");
        }
    }

    #[test]
    fn a_word_that_nobody_knows_is_refused_with_those_that_are_known() {
        for (keyword, words) in CHOICES {
            let reason = refuse_unknown_words(&values(keyword, "nonsense")).unwrap_err();
            assert!(reason.contains("\"nonsense\"") && reason.contains(words[0]), "{reason}");
            assert!(words.iter().all(|word| refuse_unknown_words(&values(keyword, word)).is_ok()), "{keyword}");
        }
    }

    #[test]
    fn a_scram_key_is_not_shown() {
        assert!(!refuse_what_we_cannot_keep(&values("scram_client_key", "hush")).unwrap_err().contains("hush"));
    }

    #[test]
    fn what_asks_for_nothing_is_accepted() {
        for (keyword, value) in [("require_auth", ""), ("gssencmode", "prefer"), ("sslcert", "/c"), ("sslsni", "1")] {
            assert!(refuse_what_we_cannot_keep(&values(keyword, value)).is_ok(), "{keyword}");
        }
    }

    #[test]
    fn no_weaker_line_than_the_one_demanded() {
        for mode in ["require", "verify-ca", "verify-full"] {
            assert!(Encryption::read(&values("sslmode", mode)).unwrap().check_tcp().is_err());
        }
        assert!(Encryption::read(&values("sslrootcert", "system")).unwrap().check_tcp().is_err());
        assert!(Encryption::read(&Values::default()).unwrap().check_tcp().is_ok());
        assert!(Encryption::read(&values("sslmode", "")).is_err());
    }
}
