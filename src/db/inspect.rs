//! Compares sequences with their columns, in batches; a batch that fails is done one by one.

use postgres::error::SqlState;
use postgres::{Client, SimpleQueryRow};

use super::error::Error;
use super::session::{begin_read_only_sql, roll_back, rows, run};
use super::watch::{Stage, Watch};
use crate::model::{
    COUNT_LIMIT, Collisions, Doubt, Finding, Observation, Readable, SequenceState, Status, Timeouts, collisions_sql,
    farthest_sql,
};

/// How many relations a statement touches at most: each is a lock in the server's shared table.
const LOCKS_IN_BATCH: i64 = 100;

/// How reading is done.
pub(crate) struct Reading<'a> {
    pub(crate) timeouts: &'a Timeouts,
    pub(crate) on_standby: bool,
    /// Before 11 the server arms `statement_timeout` once for a whole message, with what was set before it.
    pub(crate) arms_timeout_once: bool,
    pub(crate) user: &'a str,
}

impl Reading<'_> {
    /// Reads the state of every sequence that may be read, and settles every finding that is pending.
    pub(crate) fn settle(
        &self,
        client: &mut Client,
        findings: &mut [Finding],
        watch: &mut dyn Watch,
    ) -> Result<(), Error> {
        let readable = |finding: &Finding| finding.sequence.readable == Readable::Yes;
        let at: Vec<usize> = (0..findings.len()).filter(|at| readable(&findings[*at])).collect();
        watch.begin(Stage::Inspect, at.len());
        for batch in batches(findings, &at) {
            if watch.is_stopped() {
                return Err(interrupted());
            }
            self.settle_batch(client, findings, batch, watch)?;
            watch.advance(batch.len());
        }
        Ok(())
    }

    fn settle_batch(
        &self,
        client: &mut Client,
        findings: &mut [Finding],
        batch: &[usize],
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        match self.look(client, findings, batch) {
            Ok(()) => return Ok(()),
            Err(error) if watch.is_stopped() => return Err(interrupted_by(&error)),
            Err(error) if error.is_connection_lost() => return Err(error),
            Err(error) if batch.len() == 1 => {
                let finding = &mut findings[batch[0]];
                if finding.status == Status::Pending {
                    finding.status = Status::Unreadable(unreadable(&error, finding, self.user));
                }
                return Ok(());
            }
            Err(error) => log::info!("a batch of {} is read one by one: {}", batch.len(), error.said()),
        }
        batch.chunks(1).try_for_each(|one| self.settle_batch(client, findings, one, watch))
    }

    /// Reads the farthest values of a batch, and the collisions of those that may be behind.
    fn look(&self, client: &mut Client, findings: &mut [Finding], batch: &[usize]) -> Result<(), Error> {
        let probes: Vec<String> = batch.iter().map(|at| farthest_sql(*at, &findings[*at])).collect();
        let mut suspects = Vec::new();
        for row in self.read(client, &probes)? {
            let probe = Probe::of(&row)?;
            let finding = &mut findings[probe.item];
            finding.state = Some(probe.state);
            if finding.status != Status::Pending {
                continue;
            }
            probe.put_values(finding);
            let definition = &finding.sequence.definition;
            let next = definition.next_value(probe.state);
            let reached = finding.farthest().zip(next).is_some_and(|(far, next)| !definition.is_past(next, far));
            if reached {
                suspects.push(probe.item);
            } else {
                probe.settle(finding, self.on_standby);
            }
        }
        let probes: Vec<String> = suspects.iter().map(|at| collisions_sql(*at, &findings[*at], COUNT_LIMIT)).collect();
        if probes.is_empty() {
            return Ok(());
        }
        for row in self.read(client, &probes)? {
            let probe = Probe::of(&row)?;
            let finding = &mut findings[probe.item];
            probe.settle(finding, self.on_standby);
        }
        Ok(())
    }

    /// Sends a batch in a READ ONLY transaction of its own, as one message where that can be: one round trip.
    fn read(&self, client: &mut Client, probes: &[String]) -> Result<Vec<SimpleQueryRow>, Error> {
        let begin = begin_read_only_sql(self.timeouts);
        let probes = probes.join(" UNION ALL ");
        let found = if self.arms_timeout_once {
            run(client, &begin).and_then(|()| rows(client, &format!("{probes}; COMMIT")))
        } else {
            rows(client, &format!("{begin}; {probes}; COMMIT"))
        };
        found.map_err(|error| {
            let error = Error::new("could not compare sequences with their columns", &error);
            if !error.is_connection_lost() {
                roll_back(client);
            }
            error
        })
    }
}

/// What a probe found.
pub(crate) struct Probe {
    item: usize,
    pub(crate) state: SequenceState,
    farthest: Vec<Option<i64>>,
    ignored: Option<i64>,
    collisions: Option<Collisions>,
}

impl Probe {
    /// Reads a row of [`farthest_sql`] or [`collisions_sql`].
    pub(crate) fn of(row: &SimpleQueryRow) -> Result<Self, Error> {
        Self::parse(row)
            .ok_or_else(|| Error::refusal("could not read a sequence's state", format!("not understood: {row:?}")))
    }

    fn parse(row: &SimpleQueryRow) -> Option<Self> {
        let number = |at: usize| row.get(at)?.parse::<i64>().ok();
        let farthest = row.get(3)?.trim_matches(['{', '}']);
        let farthest =
            if farthest.is_empty() { Vec::new() } else { farthest.split(',').map(|one| one.parse().ok()).collect() };
        let collisions = if row.len() > 5 && row.get(5).is_some() {
            let calls = row.get(6)?.parse().ok()?;
            Some(Collisions { nearest: number(5)?, calls, calls_is_minimum: calls >= COUNT_LIMIT })
        } else {
            None
        };
        Some(Self {
            item: row.get(0)?.parse().ok()?,
            state: SequenceState { last_value: number(1)?, is_called: row.get(2)? == "t" },
            farthest,
            ignored: number(4),
            collisions,
        })
    }

    /// Gives the finding all that was found, and so its status.
    pub(crate) fn settle(&self, finding: &mut Finding, on_standby: bool) {
        self.put_values(finding);
        let seen = Observation { farthest: finding.farthest(), collisions: self.collisions };
        finding.settle(self.state, seen, on_standby);
    }

    /// Gives each column that counts its farthest value, and the finding what is ignored.
    fn put_values(&self, finding: &mut Finding) {
        finding.ignored = self.ignored;
        let counted = finding.columns.iter_mut().filter(|column| column.counts());
        for (column, farthest) in counted.zip(&self.farthest) {
            column.farthest = *farthest;
        }
    }
}

/// Cuts the places into runs that touch a bounded number of relations each.
fn batches<'a>(findings: &[Finding], at: &'a [usize]) -> Vec<&'a [usize]> {
    let mut batches = Vec::new();
    let (mut start, mut locks) = (0, 0);
    for (end, place) in at.iter().enumerate() {
        // The sequence, and for each column its table's tree with all indexes.
        let needs = 1 + findings[*place].counted().map(|column| column.facts.relations).sum::<i64>();
        if end > start && locks + needs > LOCKS_IN_BATCH {
            batches.push(&at[start..end]);
            (start, locks) = (end, 0);
        }
        locks += needs;
    }
    if start < at.len() {
        batches.push(&at[start..]);
    }
    batches
}

/// Why one sequence could not be read, in the server's words, and what would help.
fn unreadable(error: &Error, finding: &Finding, user: &str) -> Doubt {
    let name = &finding.sequence.name;
    let cure = match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            Some("another session holds a lock; try again, or raise --lock-timeout".to_owned())
        }
        Some(&SqlState::QUERY_CANCELED) => Some("raise --statement-timeout".to_owned()),
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Some(format!(
            "grant {} what is missing to read {name} and its tables",
            crate::model::quote_identifier(user)
        )),
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN) => {
            Some("it was dropped or renamed while the scan ran; run again".to_owned())
        }
        // A standby has no unlogged relations.
        Some(&SqlState::FEATURE_NOT_SUPPORTED) => Some("read it on the primary".to_owned()),
        _ => error.hint().map(str::to_owned),
    };
    Doubt { reason: error.said(), cure }
}

/// The run was ended from outside.
pub(crate) fn interrupted() -> Error {
    Error::refusal("interrupted", "nothing was changed")
}

fn interrupted_by(error: &Error) -> Error {
    log::debug!("interrupted: {}", error.said());
    interrupted()
}
