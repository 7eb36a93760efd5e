//! What server this is: asked first, as much depends on it.

use std::sync::Arc;

use postgres::{Client, SimpleQueryRow};

use super::catalog::unreadable;
use super::error::Error;
use super::holdings::Holdings;
use super::session::answers;
use crate::model::{Doubt, Limits, Restriction, Server, ServerKind, Way};

/// What was asked first.
pub(crate) struct Surroundings {
    pub(crate) server: Server,
    pub(crate) holdings: Holdings,
    /// What holds for all of its sequences.
    pub(crate) restriction: Option<Arc<Restriction>>,
    pub(crate) has_citus: bool,
}

/// Asks, and asks what the database holds at all. Needs a transaction with an empty `search_path`.
pub(crate) fn look_around(client: &mut Client) -> Result<Surroundings, Error> {
    let sql = concat!(include_str!("sql/server.sql"), include_str!("sql/holdings.sql"));
    let answers = answers(client, sql).map_err(|error| unreadable(&error))?;
    answers
        .first()
        .and_then(|rows| surroundings(rows.first()?, Holdings::of(&answers[1..])))
        .ok_or_else(|| Error::refusal("could not ask the server what it is", "its answer was not understood"))
}

fn surroundings(row: &SimpleQueryRow, holdings: Holdings) -> Option<Surroundings> {
    let server = server(row)?;
    let extensions = row.get("extensions")?;
    let restriction = restriction(server.kind, extensions).map(Arc::new);
    Some(Surroundings { server, holdings, restriction, has_citus: extensions.split(", ").any(|name| name == "citus") })
}

fn server(row: &SimpleQueryRow) -> Option<Server> {
    let is_standby = row.get("is_standby")? == "t";
    let number = |name: &str| row.get(name)?.parse::<i64>().ok();
    Some(Server {
        database: row.get("database")?.to_owned(),
        kind: ServerKind::told_by(row.get("full_version")?),
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
        refuses_fix: refusal(is_standby),
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

/// Why a fix is refused.
fn refusal(is_standby: bool) -> Option<Doubt> {
    is_standby
        .then(|| Doubt::with_cure("this server is a standby, which takes no changes", "run the fix on the primary"))
}

/// Why less can be promised for all sequences than on a plain PostgreSQL.
fn restriction(kind: ServerKind, extensions: &str) -> Option<Restriction> {
    let spreading = ["bdr", "pgactive", "spock"];
    let extension = extensions.split(", ").find(|name| spreading.contains(name));
    kind.restriction().or_else(|| {
        let reason = format!(
            "the extension {} keeps sequences on several servers, where the farthest value here is not what counts",
            extension?
        );
        Some(Restriction { way: Way::None, doubt: Doubt::new(reason) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_that_spreads_sequences_over_servers_leaves_nothing_to_promise() {
        assert!(restriction(ServerKind::PostgreSql, "plpgsql, spock").is_some());
        assert!(restriction(ServerKind::PostgreSql, "plpgsql, spock_fdw").is_none());
    }
}
