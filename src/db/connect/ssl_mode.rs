//! Whether the line to a server is encrypted, and what the server has to prove: `sslmode`.

use std::fmt;

use super::values::Values;

/// The modes, weakest first.
/// <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// One try at a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Plain,
    /// Encrypted if the server can.
    IfOffered,
    Encrypted,
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Plain => "not encrypted",
            Self::IfOffered => "encrypted if it is offered",
            Self::Encrypted => "encrypted",
        })
    }
}

impl SslMode {
    /// Reads `sslmode` and what other settings say about it; the error is the reason.
    pub(super) fn read(values: &Values) -> Result<Self, String> {
        let needs_roots = values.text("sslrootcert") == Some("system");
        let word = values.get("sslmode").unwrap_or(if needs_roots { "verify-full" } else { "prefer" });
        let mode = match word {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(format!("invalid sslmode value: \"{word}\"")),
        };
        if needs_roots && mode != Self::VerifyFull {
            return Err(format!(
                "weak sslmode \"{word}\" may not be used with sslrootcert=system (use \"verify-full\")"
            ));
        }
        if values.text("sslnegotiation") == Some("direct") && mode < Self::Require {
            return Err(format!(
                "weak sslmode \"{word}\" may not be used with sslnegotiation=direct (use \"require\", \"verify-ca\", or \
                 \"verify-full\")"
            ));
        }
        Ok(mode)
    }

    /// The tries that it allows, one after the other.
    pub(super) fn lines(self) -> &'static [Line] {
        match self {
            Self::Disable => &[Line::Plain],
            Self::Allow => &[Line::Plain, Line::IfOffered],
            Self::Prefer => &[Line::IfOffered, Line::Plain],
            Self::Require | Self::VerifyCa | Self::VerifyFull => &[Line::Encrypted],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<SslMode, String> {
        let mut values = Values::default();
        for (keyword, value) in settings {
            values.set(keyword, (*value).to_owned()).unwrap();
        }
        SslMode::read(&values)
    }

    #[test]
    fn no_weaker_line_than_the_one_demanded() {
        for mode in ["require", "verify-ca", "verify-full"] {
            assert_eq!(read(&[("sslmode", mode)]).unwrap().lines(), [Line::Encrypted], "{mode}");
        }
        assert_eq!(read(&[("sslmode", "disable")]).unwrap().lines(), [Line::Plain]);
        assert_eq!(read(&[]), Ok(SslMode::Prefer));
        assert!(read(&[("sslmode", "")]).is_err());
    }

    #[test]
    fn the_systems_roots_ask_for_the_whole_proof() {
        assert_eq!(read(&[("sslrootcert", "system")]), Ok(SslMode::VerifyFull));
        assert!(read(&[("sslrootcert", "system"), ("sslmode", "verify-ca")]).unwrap_err().contains("weak sslmode"));
    }

    #[test]
    fn direct_negotiation_leaves_no_way_back_to_plain_text() {
        assert!(read(&[("sslnegotiation", "direct")]).unwrap_err().contains("weak sslmode \"prefer\""));
        assert_eq!(read(&[("sslnegotiation", "direct"), ("sslmode", "require")]), Ok(SslMode::Require));
    }
}
