//! Which program speaks PostgreSQL's protocol there: forks keep sequences otherwise.

use super::doubt::Doubt;
use super::level::{Restriction, Way};

/// A server, told by what `version()` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerKind {
    /// PostgreSQL, or what differs from it in nothing that matters here.
    #[default]
    PostgreSql,
    /// CockroachDB.
    CockroachDb,
    /// YugabyteDB.
    YugabyteDb,
    /// Greenplum.
    Greenplum,
    /// Amazon Redshift.
    Redshift,
    /// A fork of this name, of whose sequences nothing is known here.
    Other(&'static str),
    /// None of these.
    Unknown,
}

/// What in `version()` tells each; most of them begin as PostgreSQL does.
const MARKS: [(&str, ServerKind); 13] = [
    ("CockroachDB", ServerKind::CockroachDb),
    ("-YB-", ServerKind::YugabyteDb),
    ("Greenplum", ServerKind::Greenplum),
    ("Redshift", ServerKind::Redshift),
    ("Cloudberry", ServerKind::Other("Cloudberry")),
    ("HAWQ", ServerKind::Other("HAWQ")),
    ("Postgres-XL", ServerKind::Other("Postgres-XL")),
    ("Postgres-XC", ServerKind::Other("Postgres-XC")),
    ("TBase", ServerKind::Other("TBase")),
    ("openGauss", ServerKind::Other("openGauss")),
    ("GaussDB", ServerKind::Other("GaussDB")),
    ("Materialize", ServerKind::Other("Materialize")),
    ("RisingWave", ServerKind::Other("RisingWave")),
];

impl ServerKind {
    /// Tells it by `version()`.
    pub fn told_by(version: &str) -> Self {
        let marked = MARKS.iter().find(|(mark, _)| version.contains(mark)).map(|(_, kind)| *kind);
        let unmarked = if version.starts_with("PostgreSQL ") { Self::PostgreSql } else { Self::Unknown };
        marked.unwrap_or(unmarked)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::PostgreSql => "PostgreSQL",
            Self::CockroachDb => "CockroachDB",
            Self::YugabyteDb => "YugabyteDB",
            Self::Greenplum => "Greenplum",
            Self::Redshift => "Redshift",
            Self::Other(name) => name,
            Self::Unknown => "unknown",
        }
    }

    /// Why less can be promised there.
    pub fn restriction(self) -> Option<Restriction> {
        let accept =
            "stop what writes there and use fix --accept-races, which sets it without a guard, with room to spare";
        let (why, cure) = match self {
            Self::PostgreSql => return None,
            Self::CockroachDb => ("which has no locks on tables, and where setval is no part of a transaction", accept),
            Self::YugabyteDb => (
                "where neither locks nor transactions keep others from a sequence",
                "stop what writes there and use fix --accept-races, which sets it without a guard, with room to spare; \
                 then let all sessions connect again, as they keep values that they have cached",
            ),
            Self::Greenplum => ("whose segments draw from sequences beside the transaction", accept),
            Self::Redshift => {
                let doubt = Doubt::new("this server is Redshift, which has no sequences");
                return Some(Restriction { way: Way::None, doubt });
            }
            Self::Other(_) => ("and how sequences behave there is not known", accept),
            Self::Unknown => {
                ("how sequences behave on this server, which does not call itself PostgreSQL, is not known", accept)
            }
        };
        let reason =
            if self == Self::Unknown { why.to_owned() } else { format!("this server is {}, {why}", self.name()) };
        Some(Restriction { way: Way::Headroom, doubt: Doubt::with_cure(reason, cure) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_is_told_by_its_version() {
        for (version, kind) in [
            ("PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu", ServerKind::PostgreSql),
            ("PostgreSQL 15.4 (EnterpriseDB Advanced Server 15.4.0) on x86_64", ServerKind::PostgreSql),
            (
                "PostgreSQL 14.4 (Cloudberry Database 1.5.0 build dev) on x86_64-pc-linux-gnu",
                ServerKind::Other("Cloudberry"),
            ),
            ("PostgreSQL 10.9 (Postgres-XL 10r1.1) on x86_64", ServerKind::Other("Postgres-XL")),
            ("PostgreSQL 13.14.0-RisingWave-2.0.1 (2cee8ed)", ServerKind::Other("RisingWave")),
            ("CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu)", ServerKind::CockroachDb),
            ("PostgreSQL 11.2-YB-2.18.0.0-b0 on x86_64-pc-linux-gnu", ServerKind::YugabyteDb),
            ("PostgreSQL 15.2-YB-2.25.0.0-b1 on x86_64-pc-linux-gnu", ServerKind::YugabyteDb),
            ("PostgreSQL 12.12 (Greenplum Database 7.0.0 build commit:0a7a3566)", ServerKind::Greenplum),
            ("PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.48714", ServerKind::Redshift),
            ("(openGauss 5.0.0 build a07d57c3) compiled at 2023-03-29", ServerKind::Other("openGauss")),
        ] {
            assert_eq!(ServerKind::told_by(version), kind, "{version}");
            assert_eq!(kind.restriction().is_none(), kind == ServerKind::PostgreSql, "{version}");
        }
    }
}
