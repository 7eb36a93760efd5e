//! What server this is: asked first, as much depends on it.

use postgres::Client;

use super::error::Error;
use super::session::query;
use crate::model::{Doubt, Server};

/// Asks. Needs a transaction with an empty `search_path`.
pub(crate) fn look_around(client: &mut Client) -> Result<Server, Error> {
    let failed = |error: &postgres::Error| Error::new("could not ask the server what it is", error);
    let rows = query(client, include_str!("sql/server.sql"), &[]).map_err(|error| failed(&error))?;
    let row = rows.first().ok_or_else(|| Error::refusal("could not ask the server what it is", "no answer"))?;
    let read = || -> Result<Server, postgres::Error> {
        let full_version: String = row.try_get("full_version")?;
        let is_standby: bool = row.try_get("is_standby")?;
        let extensions: Vec<String> = row.try_get("extensions")?;
        let subscriptions: Vec<String> = row.try_get("subscriptions")?;
        Ok(Server {
            database: row.try_get("database")?,
            version: row.try_get("version")?,
            user: row.try_get("username")?,
            is_standby,
            major: row.try_get("major")?,
            lock_table: row.try_get("lock_table")?,
            warnings: warnings(is_standby, &subscriptions),
            refuses_fix: refusal(is_standby, &full_version, &extensions),
        })
    };
    read().map_err(|error| failed(&error))
}

fn warnings(is_standby: bool, subscriptions: &[String]) -> Vec<String> {
    let mut warnings = Vec::new();
    if is_standby {
        warnings.push(
            "this server is a standby: it sees sequences up to 32 values ahead of the primary, and cannot be fixed itself"
                .to_owned(),
        );
    }
    if !subscriptions.is_empty() {
        warnings.push(format!(
            "rows are still arriving by logical replication (subscription {}): the result holds for this moment only",
            subscriptions.join(", ")
        ));
    }
    warnings
}

/// Why a fix is refused on a server whose sequences do not behave as PostgreSQL's own do.
fn refusal(is_standby: bool, full_version: &str, extensions: &[String]) -> Option<Doubt> {
    if is_standby {
        return Some(Doubt::with_cure(
            "this server is a standby, which takes no changes",
            "run the fix on the primary",
        ));
    }
    let forks =
        [("CockroachDB", "CockroachDB"), ("-YB-", "YugabyteDB"), ("Greenplum", "Greenplum"), ("Redshift", "Redshift")];
    if let Some((_, name)) = forks.iter().find(|(mark, _)| full_version.contains(mark)) {
        return Some(Doubt::new(format!("this server is {name}, where setval is no part of a transaction")));
    }
    let [extension, ..] = extensions else {
        return None;
    };
    Some(Doubt::new(format!(
        "the extension {extension} keeps sequences on several servers, where the farthest value here is not what counts"
    )))
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_fork_is_told_by_its_version() {
        let reason = |version| refusal(false, version, &[]).map(|doubt| doubt.reason);
        assert!(reason("CockroachDB CCL v23.1").is_some_and(|reason| reason.contains("CockroachDB")));
        assert!(reason("PostgreSQL 11.2-YB-2.18.0.0-b0 on x86_64").is_some_and(|reason| reason.contains("YugabyteDB")));
        assert_eq!(reason("PostgreSQL 15.18 (Debian 15.18-0+deb12u1)"), None);
    }

    #[test]
    fn an_extension_that_spreads_sequences_over_servers_is_refused() {
        assert!(refusal(false, "PostgreSQL 15.18", &["citus".into()]).is_some());
    }
}
