//! What server this is: asked first, as much depends on it.

use postgres::{Client, SimpleQueryRow};

use super::catalog::unreadable;
use super::error::Error;
use super::holdings::Holdings;
use super::session::answers;
use crate::model::{Doubt, Limits, Server};

/// Asks, and asks what the database holds at all. Needs a transaction with an empty `search_path`.
pub(crate) fn look_around(client: &mut Client) -> Result<(Server, Holdings), Error> {
    let sql = concat!(include_str!("sql/server.sql"), include_str!("sql/holdings.sql"));
    let answers = answers(client, sql).map_err(|error| unreadable(&error))?;
    let server = answers
        .first()
        .and_then(|rows| server(rows.first()?))
        .ok_or_else(|| Error::refusal("could not ask the server what it is", "its answer was not understood"))?;
    Ok((server, Holdings::of(&answers[1..])))
}

fn server(row: &SimpleQueryRow) -> Option<Server> {
    let is_standby = row.get("is_standby")? == "t";
    let number = |name: &str| row.get(name)?.parse::<i64>().ok();
    Some(Server {
        database: row.get("database")?.to_owned(),
        version: row.get("version")?.to_owned(),
        user: row.get("username")?.to_owned(),
        is_standby,
        limits: Limits::of(
            number("version_num")?,
            number("max_locks")?,
            number("max_connections")?,
            number("max_prepared")?,
            number("deadlock_ms")?,
        ),
        warnings: warnings(is_standby, row.get("subscriptions")?),
        refuses_fix: refusal(is_standby, row.get("full_version")?, row.get("extensions")?),
    })
}

fn warnings(is_standby: bool, subscriptions: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    if is_standby {
        warnings.push(
            "this server is a standby: it sees sequences up to 32 values ahead of the primary, and cannot be fixed itself"
                .to_owned(),
        );
    }
    if !subscriptions.is_empty() {
        warnings.push(format!(
            "rows are still arriving by logical replication (subscription {subscriptions}): the result holds for this moment only"
        ));
    }
    warnings
}

/// Why a fix is refused on a server whose sequences do not behave as PostgreSQL's own do.
fn refusal(is_standby: bool, full_version: &str, extensions: &str) -> Option<Doubt> {
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
    let spreading = ["citus", "bdr", "spock"];
    let extension = extensions.split(", ").find(|name| spreading.contains(name))?;
    Some(Doubt::new(format!(
        "the extension {extension} keeps sequences on several servers, where the farthest value here is not what counts"
    )))
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_fork_is_told_by_its_version() {
        let reason = |version| refusal(false, version, "plpgsql").map(|doubt| doubt.reason);
        assert!(reason("CockroachDB CCL v23.1").is_some_and(|reason| reason.contains("CockroachDB")));
        assert!(reason("PostgreSQL 11.2-YB-2.18.0.0-b0 on x86_64").is_some_and(|reason| reason.contains("YugabyteDB")));
        assert_eq!(reason("PostgreSQL 15.18 (Debian 15.18-0+deb12u1)"), None);
    }

    #[test]
    fn an_extension_that_spreads_sequences_over_servers_is_refused() {
        assert!(refusal(false, "PostgreSQL 15.18", "plpgsql, citus").is_some());
    }
}
