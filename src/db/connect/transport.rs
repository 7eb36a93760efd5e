//! What the settings ask of the line to the server: encryption and proof of identity.

use std::path::PathBuf;

use postgres::config::{ChannelBinding, Config, SslNegotiation};

use super::dial::Dial;
use super::ssl_mode::{Line, SslMode};
use super::tls::{Tls, Versions};
use super::values::Values;

/// How lines to TCP hosts are made. A Unix socket ignores all of it but the channel binding.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    mode: SslMode,
    /// Where a line may be encrypted.
    tls: Option<Tls>,
    negotiation: SslNegotiation,
    channel_binding: ChannelBinding,
}

/// Settings that promise safety which this program cannot keep, with the values that ask for nothing.
const BEYOND_US: [(&str, &[&str]); 9] = [
    ("gssdelegation", &["0"]),
    ("gssencmode", &["prefer", "disable"]),
    ("min_protocol_version", &["3.0"]),
    ("replication", &["false", "off", "no", "0"]),
    ("require_auth", &[]),
    ("requirepeer", &[]),
    ("scram_client_key", &[]),
    ("scram_server_key", &[]),
    ("sslcertmode", &["allow", "disable"]),
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
        // As libpq compares them.
        let is_any_case = keyword.starts_with("ssl_");
        let is = |word: &str, value: &str| word == value || is_any_case && word.eq_ignore_ascii_case(value);
        values.text(keyword).is_some_and(|value| !words.iter().any(|word| is(word, value)))
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

impl Transport {
    /// Reads the settings, and the certificates where they are for hosts on TCP; the error is the reason.
    pub(super) fn read(values: &Values, home: Option<PathBuf>, has_tcp: bool) -> Result<Self, String> {
        let mode = SslMode::read(values)?;
        let versions = Versions::read(values)?;
        let tls =
            if has_tcp && mode != SslMode::Disable { Some(Tls::read(values, home, mode, versions)?) } else { None };
        Ok(Self {
            mode,
            tls,
            negotiation: match values.text("sslnegotiation") {
                Some("direct") => SslNegotiation::Direct,
                _ => SslNegotiation::Postgres,
            },
            channel_binding: match values.text("channel_binding") {
                Some("disable") => ChannelBinding::Disable,
                Some("require") => ChannelBinding::Require,
                _ => ChannelBinding::Prefer,
            },
        })
    }

    /// Whether the server's name has to be proved.
    pub(super) fn proves_name(&self) -> bool {
        self.mode == SslMode::VerifyFull
    }

    /// The lines to try, one after the other; there is no other one than a socket in a directory.
    pub(super) fn lines(&self, is_tcp: bool) -> &'static [Line] {
        if is_tcp && self.tls.is_some() { self.mode.lines() } else { &[Line::Plain] }
    }

    /// What begins such a line.
    pub(super) fn dial(&self, line: Line) -> Dial {
        let tls = self.tls.as_ref().filter(|_| line != Line::Plain).map(Tls::for_another);
        Dial::new(line, self.negotiation, tls)
    }

    /// Hands the rest to the driver, which leaves the beginning of a line over TCP to our [`Dial`].
    pub(super) fn apply(&self, is_tcp: bool, config: &mut Config) {
        config.channel_binding(self.channel_binding).ssl_mode(postgres::config::SslMode::Disable);
        if is_tcp {
            config.ssl_mode(postgres::config::SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
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
            ("requirepeer", "postgres"),
            ("gssencmode", "require"),
            ("sslcertmode", "require"),
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
        for (keyword, value) in
            [("require_auth", ""), ("gssencmode", "prefer"), ("sslcert", "/c"), ("sslcertmode", "allow")]
        {
            assert!(refuse_what_we_cannot_keep(&values(keyword, value)).is_ok(), "{keyword}");
        }
    }
}
