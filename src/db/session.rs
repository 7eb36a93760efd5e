//! How our transactions begin and end, and how statements are sent: each message counts as a round trip. Every setting
//! is LOCAL: a pooler would hand others to its next client.

use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use postgres::{Client, Row, SimpleQueryMessage, SimpleQueryRow};

use super::error::Error;
use super::traffic::RoundTrip;
use crate::model::{PLAIN_SETTINGS, READ_IDLE_LIMIT, ServerKind, Timeouts, at_most, begin_fix_sql};

/// The oldest major version that has `pg_sequence`.
const OLDEST_MAJOR: u32 = 10;

/// Settings that not all servers have or take; each is a query, as SET would fail on the others.
///
/// A table that was swapped for a view meanwhile must not run its owner's code as us (minor releases of August 2024),
/// and a limit on whole transactions (17) would end our session instead of a statement. Compiling a query (11) takes
/// longer than any of ours. A long read ends soon after its client has died (14).
///
/// Where the server does not know in which encoding its texts are, they come as they are: it would refuse a whole answer
/// for one name (<https://www.postgresql.org/docs/current/multibyte.html>).
const NEWER_SETTINGS: [(&str, &str); 5] = [
    ("restrict_nonsystem_relation_kind", "view, foreign-table"),
    ("transaction_timeout", "0"),
    ("jit", "off"),
    (CONNECTION_CHECK, "2s"),
    (CLIENT_ENCODING, "SQL_ASCII"),
];

const CLIENT_ENCODING: &str = "client_encoding";

/// Servers on some other systems have it and refuse every value but 0
/// (<https://www.postgresql.org/docs/current/runtime-config-connection.html>).
const CONNECTION_CHECK: &str = "client_connection_check_interval";

/// For the queries of the catalog, which are written in the order in which they are best joined: searching for another
/// takes the server longer than the queries themselves. Ten thousand sequences fit into this much memory; with a hundred
/// thousand it takes no longer than with four times as much, each of a dozen times, which one session must not grow to.
const CATALOG_SETTINGS: [&str; 3] =
    ["SET LOCAL join_collapse_limit = 1", "SET LOCAL from_collapse_limit = 1", "SET LOCAL work_mem = '8MB'"];

/// Sets those that the server has, and returns their names.
fn newer_settings_sql() -> String {
    let values = NEWER_SETTINGS.map(|(name, value)| format!("('{name}', '{value}')")).join(", ");
    format!(
        "SELECT s.name, pg_catalog.set_config(s.name, s.value, true) FROM (VALUES {values}) AS s (name, value) \
         WHERE pg_catalog.current_setting(s.name, true) IS NOT NULL \
         AND (s.name OPERATOR(pg_catalog.<>) '{CONNECTION_CHECK}' \
         OR pg_catalog.strpos(pg_catalog.version(), 'linux') OPERATOR(pg_catalog.>) 0) \
         AND (s.name OPERATOR(pg_catalog.<>) '{CLIENT_ENCODING}' \
         OR pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.=) 'SQL_ASCII')"
    )
}

/// The statements that set the newer settings that the server was found to have.
#[derive(Clone, Default)]
pub(crate) struct KnownSettings(Vec<String>);

impl KnownSettings {
    /// From the answers to [`newer_settings_sql`] and to what was asked along with it.
    pub(crate) fn among(answers: &[Vec<SimpleQueryRow>]) -> Self {
        let named = |row: &SimpleQueryRow| NEWER_SETTINGS.iter().find(|(name, _)| row.get(0) == Some(name));
        let known = answers.iter().flatten().filter_map(named);
        Self(known.map(|(name, value)| format!("SET LOCAL {name} = '{value}'")).collect())
    }

    /// Sets them at the end of a transaction's first statements.
    fn after(&self, mut begin: Vec<String>) -> String {
        begin.extend_from_slice(&self.0);
        begin.join("; ")
    }
}

/// The statements that begin a transaction in which the server itself refuses `setval`.
pub(crate) fn begin_read_only_sql(timeouts: &Timeouts) -> String {
    begin_sql("READ COMMITTED", timeouts)
}

/// The same where it is known what the server has: nothing is left to plan.
pub(crate) fn begin_read_only_with(known: &KnownSettings, timeouts: &Timeouts) -> String {
    known.after(begin_plainly("READ COMMITTED", timeouts))
}

/// The same for several statements that see the same rows.
pub(crate) fn begin_snapshot_with(known: &KnownSettings, timeouts: &Timeouts) -> String {
    known.after(begin_plainly("REPEATABLE READ", timeouts))
}

fn begin_sql(isolation: &str, timeouts: &Timeouts) -> String {
    let mut statements = begin_plainly(isolation, timeouts);
    statements.push(newer_settings_sql());
    statements.join("; ")
}

/// With the settings that every server has.
fn begin_plainly(isolation: &str, timeouts: &Timeouts) -> Vec<String> {
    let mut statements = vec![format!("BEGIN ISOLATION LEVEL {isolation} READ ONLY")];
    statements.extend(PLAIN_SETTINGS.map(str::to_owned));
    statements.push(format!("SET LOCAL lock_timeout = {}", timeouts.lock_ms));
    statements.push(format!("SET LOCAL statement_timeout = {}", timeouts.statement_ms));
    statements.push(READ_IDLE_LIMIT.to_owned());
    statements
}

/// The statements that begin the transaction of a fix.
pub(crate) fn begin_read_write_with(known: &KnownSettings, timeouts: &Timeouts) -> String {
    known.after(begin_fix_sql(timeouts))
}

/// The same under the session's own `search_path`, which tells what a name without a schema means.
pub(crate) fn begin_look_up_sql(timeouts: &Timeouts) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL lock_timeout = {}; \
         SET LOCAL statement_timeout = {}; {READ_IDLE_LIMIT}; {}",
        timeouts.lock_ms,
        timeouts.statement_ms,
        newer_settings_sql()
    )
}

/// Begins the transaction for the catalog queries, all of which see the same, and refuses a server that is too old for
/// them. Returns which settings it has.
pub(crate) fn begin_catalog(client: &mut Client, timeouts: &Timeouts) -> Result<KnownSettings, Error> {
    let begin = begin_sql("REPEATABLE READ", timeouts);
    let sql = format!("{begin}; {}; SHOW server_version_num", CATALOG_SETTINGS.join("; "));
    let known = answers(client, &sql)
        .map_err(|error| Error::new("could not begin to read the catalog", &error).with_pooler_hint())
        .and_then(|answers| {
            let version = answers.last().and_then(|rows| rows.first()?.get(0)?.parse().ok()).unwrap_or_default();
            refuse_old(version).map(|()| KnownSettings::among(&answers))
        });
    known.map_err(|error| if error.is_connection_lost() { error } else { with_kind(client, error) })
}

/// What no PostgreSQL would have refused gets the fork's name.
fn with_kind(client: &mut Client, error: Error) -> Error {
    roll_back(client);
    let version = rows(client, "SELECT pg_catalog.version()").ok();
    let kind = version.and_then(|rows| rows.first()?.get(0).map(ServerKind::told_by));
    match kind.and_then(ServerKind::restriction) {
        Some(restriction) => error.with_hint(restriction.doubt.reason),
        None => error,
    }
}

fn refuse_old(server_version_num: u32) -> Result<(), Error> {
    if server_version_num / 10_000 >= OLDEST_MAJOR {
        return Ok(());
    }
    let (major, minor) = (server_version_num / 10_000, server_version_num / 100 % 100);
    Err(Error::refusal(
        "could not read the sequences",
        format!("the server is PostgreSQL {major}.{minor}, and pgseqfix needs {OLDEST_MAJOR} or later"),
    )
    .with_hint("older servers keep no catalog of their sequences (pg_sequence); upgrade the server"))
}

/// Runs a statement or several and returns the rows of the last query among them.
pub(crate) fn rows(client: &mut Client, sql: &str) -> Result<Vec<SimpleQueryRow>, postgres::Error> {
    Ok(answers(client, sql)?.pop().unwrap_or_default())
}

/// Runs a statement or several and returns the rows of each query among them.
pub(crate) fn answers(client: &mut Client, sql: &str) -> Result<Vec<Vec<SimpleQueryRow>>, postgres::Error> {
    log::debug!("{sql}");
    let mut answers: Vec<Vec<SimpleQueryRow>> = Vec::new();
    let _trip = RoundTrip::begin();
    for message in client.simple_query(sql)? {
        match message {
            SimpleQueryMessage::RowDescription(_) => answers.push(Vec::new()),
            SimpleQueryMessage::Row(row) => answers.last_mut().map_or((), |rows| rows.push(row)),
            _ => {}
        }
    }
    Ok(answers)
}

/// Runs a statement of which nothing comes back.
pub(crate) fn run(client: &mut Client, sql: &str) -> Result<(), postgres::Error> {
    log::debug!("{sql}");
    let _trip = RoundTrip::begin();
    client.batch_execute(sql)
}

/// Runs a query and returns its rows.
pub(crate) fn query(
    client: &mut Client,
    sql: &str,
    parameters: &[(&(dyn ToSql + Sync), Type)],
) -> Result<Vec<Row>, postgres::Error> {
    let _trip = RoundTrip::begin();
    client.query_typed(sql, parameters)
}

/// Runs a query without parameters and hands over its rows one by one: together they can take more memory than all
/// that is made of them.
pub(crate) fn query_each(
    client: &mut Client,
    sql: &str,
    mut take: impl FnMut(&Row) -> Result<(), postgres::Error>,
) -> Result<(), postgres::Error> {
    let _trip = RoundTrip::begin();
    let none: [(&(dyn ToSql + Sync), Type); 0] = [];
    let mut rows = client.query_typed_raw(sql, none)?;
    while let Some(row) = rows.next()? {
        take(&row)?;
    }
    Ok(())
}

/// Asks one thing in a READ ONLY transaction of its own, whatever comes of it; as long as others hold what it needs,
/// again.
pub(crate) fn look_up(
    client: &mut Client,
    timeouts: &Timeouts,
    query: &str,
    parameters: &[(&(dyn ToSql + Sync), Type)],
) -> Result<Vec<Row>, postgres::Error> {
    let began = Instant::now();
    let patience = Duration::from_millis(timeouts.lock_ms);
    let brief = Timeouts { lock_ms: at_most(timeouts.lock_ms, LOOK_UP_LOCK_MS), ..timeouts.clone() };
    loop {
        run(client, &begin_read_only_sql(&brief))?;
        let found = self::query(client, query, parameters);
        roll_back(client);
        match found {
            Err(error)
                if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
                    && (patience.is_zero() || began.elapsed() < patience) =>
            {
                std::thread::sleep(LOOK_UP_PAUSE);
            }
            found => return found,
        }
    }
}

/// The longest wait for one lock, in milliseconds, well below `deadlock_timeout`: others wait for what we have by then.
const LOOK_UP_LOCK_MS: u64 = 100;

/// How long they get to end.
const LOOK_UP_PAUSE: Duration = Duration::from_millis(100);

/// Ends a transaction that failed or has done its reading. If that fails, too, the connection is gone,
/// and the server rolls back by itself.
pub(crate) fn roll_back(client: &mut Client) {
    let _trip = RoundTrip::begin();
    if let Err(error) = client.batch_execute("ROLLBACK") {
        log::debug!("ROLLBACK: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::refuse_old;

    #[test]
    fn a_server_older_than_10_is_refused_with_the_reason() {
        let error = refuse_old(90_624).expect_err("9.6 is too old").to_string();
        assert!(error.contains("PostgreSQL 9.6") && error.contains("10 or later"), "{error}");
        assert!(refuse_old(100_000).is_ok());
    }
}
