//! Which kind of server will do: `target_session_attrs`.

use postgres::{Client, SimpleQueryMessage};

use crate::db::traffic::RoundTrip;

/// What the server that answers has to be, in libpq's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionWish {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

impl SessionWish {
    /// Reads `target_session_attrs`; the error is the reason.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "any" => Self::Any,
            "read-write" => Self::ReadWrite,
            "read-only" => Self::ReadOnly,
            "primary" => Self::Primary,
            "standby" => Self::Standby,
            "prefer-standby" => Self::PreferStandby,
            _ => return Err(format!("invalid target_session_attrs value: \"{text}\"")),
        })
    }

    /// The wishes to go through all hosts with, one after the other.
    pub(super) fn rounds(self) -> &'static [Self] {
        match self {
            Self::Any => &[Self::Any],
            Self::ReadWrite => &[Self::ReadWrite],
            Self::ReadOnly => &[Self::ReadOnly],
            Self::Primary => &[Self::Primary],
            Self::Standby => &[Self::Standby],
            Self::PreferStandby => &[Self::Standby, Self::Any],
        }
    }

    /// Asks the server what it is; `Some` is why it will not do.
    pub(super) fn objection(self, client: &mut Client) -> Result<Option<&'static str>, postgres::Error> {
        if self == Self::Any {
            return Ok(None);
        }
        let _trip = RoundTrip::begin();
        let answer = client.simple_query(
            "SELECT pg_catalog.pg_is_in_recovery(), \
             pg_catalog.current_setting('transaction_read_only')",
        )?;
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0) == Some("t"), row.get(1) == Some("on"))),
            _ => None,
        });
        Ok(row.and_then(|(in_recovery, read_only)| self.objection_to(in_recovery, read_only)))
    }

    /// Why such a server will not do. A standby is read-only whatever its settings say.
    fn objection_to(self, in_recovery: bool, read_only: bool) -> Option<&'static str> {
        match self {
            Self::ReadWrite if in_recovery || read_only => Some("session is read-only"),
            Self::ReadOnly if !in_recovery && !read_only => Some("session is not read-only"),
            Self::Primary if in_recovery => Some("server is in hot standby mode"),
            Self::Standby if !in_recovery => Some("server is not in hot standby mode"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wish_takes_the_right_servers() {
        // Primary, read-only primary, standby.
        let servers = [(false, false), (false, true), (true, true)];
        for (wish, takes) in [
            ("any", [true, true, true]),
            ("read-write", [true, false, false]),
            ("read-only", [false, true, true]),
            ("primary", [true, true, false]),
            ("standby", [false, false, true]),
        ] {
            let wish = SessionWish::parse(wish).unwrap();
            let taken = servers.map(|(standby, read_only)| wish.objection_to(standby, read_only).is_none());
            assert_eq!(taken, takes, "{wish:?}");
        }
    }

    #[test]
    fn prefer_standby_takes_anything_in_the_end() {
        assert_eq!(SessionWish::PreferStandby.rounds(), [SessionWish::Standby, SessionWish::Any]);
    }

    #[test]
    fn an_unknown_wish_is_an_error() {
        assert!(SessionWish::parse("").is_err());
    }
}
