//! Compares sequences with their columns, in batches; a batch that fails is done in halves.

mod batches;
mod probe;
mod quick;

use std::sync::atomic::{AtomicBool, Ordering};

use postgres::error::SqlState;
use postgres::{Client, SimpleQueryRow};

use self::batches::{Batch, cut};
pub(crate) use self::probe::Probe;
use super::connections::Connections;
use super::deadline::Deadline;
use super::error::Error;
use super::session::{KnownSettings, begin_read_only_with, roll_back, rows, run};
use super::watch::{Stage, Watch};
use crate::model::{COUNT_LIMIT, Doubt, Finding, Readable, StateFrom, Status, Timeouts, collisions_sql, farthest_sql};

/// How many relations a batch touches at most, whatever the server has room for: more gain nothing.
const MOST_LOCKS: i64 = 100;

/// How reading is done.
pub(crate) struct Reading<'a> {
    pub(crate) timeouts: &'a Timeouts,
    pub(crate) known_settings: KnownSettings,
    pub(crate) deadline: Deadline,
    pub(crate) on_standby: bool,
    /// Before 11 the server arms `statement_timeout` once for a whole message, with what was set before it.
    pub(crate) arms_timeout_once: bool,
    /// Whether the server tells a sequence's state by a function (18).
    pub(crate) has_sequence_data: bool,
    /// How many locks all of us together may hold.
    pub(crate) lock_budget: i64,
    pub(crate) user: &'a str,
    /// Whether most sequences were found never called, of which `pg_sequence_last_value` tells nothing.
    pub(crate) are_uncalled: AtomicBool,
}

type Items<'a> = &'a mut [(usize, Finding)];

impl Reading<'_> {
    /// Reads the state of every sequence that may be read, and settles every finding that is pending.
    pub(crate) fn settle(
        &self,
        connections: &mut Connections,
        findings: Vec<Finding>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Finding>, Error> {
        let total = findings.iter().filter(|finding| finding.sequence.readable == Readable::Yes).count();
        watch.begin(Stage::Inspect, total);
        let most_locks = (self.lock_budget / i64::try_from(connections.jobs()).unwrap_or(1)).clamp(1, MOST_LOCKS);
        let mut findings: Vec<Option<Finding>> = findings.into_iter().map(Some).collect();
        let pieces = cut(&mut findings, most_locks);
        let work = |client: &mut Client, mut batch: Batch, is_stopped: &dyn Fn() -> bool| {
            self.settle_batch(client, &mut batch.items, batch.is_quick, is_stopped)?;
            Ok(batch.items)
        };
        let take = |items: Vec<(usize, Finding)>, watch: &mut dyn Watch| {
            watch.advance(items.len());
            for (place, finding) in items {
                findings[place] = Some(finding);
            }
            Ok(())
        };
        let done = connections.share(pieces, work, take, watch);
        if watch.is_stopped() {
            return Err(interrupted());
        }
        done?;
        Ok(findings.into_iter().flatten().collect())
    }

    /// The timeouts of a statement that begins now.
    fn timeouts(&self) -> Timeouts {
        self.deadline.bound(self.timeouts)
    }

    fn settle_batch(
        &self,
        client: &mut Client,
        items: Items,
        is_quick: bool,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        let looked = if is_stopped() {
            return Err(interrupted());
        } else if self.deadline.is_over() {
            not_reached(items);
            return Ok(());
        } else if is_quick {
            self.look_quickly(client, items)
        } else {
            self.look(client, items)
        };
        let error = match looked {
            Ok(()) => return Ok(()),
            Err(error) if is_stopped() => return Err(interrupted_by(&error)),
            Err(error) if error.is_connection_lost() => return Err(error),
            Err(error) => error,
        };
        if let ([(_, finding)], false) = (&mut *items, is_quick) {
            if finding.status == Status::Pending {
                finding.status = if self.deadline.is_over() {
                    Status::NotReached
                } else {
                    Status::Unreadable(unreadable(&error, finding, self.user))
                };
            }
            return Ok(());
        }
        log::info!("a batch of {} is read in parts: {}", items.len(), error.said());
        if error.code() == Some(&SqlState::OUT_OF_MEMORY) {
            // The server's lock table is full: whoever fills it needs it more than we do.
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        let (one, other) = items.split_at_mut(items.len() / 2);
        for half in [one, other] {
            if !half.is_empty() {
                // The last resort of a single one is the careful way.
                let is_quick = is_quick && half.len() > 1;
                self.settle_batch(client, half, is_quick, is_stopped)?;
            }
        }
        Ok(())
    }

    /// Reads a batch the quick way, and what that leaves open the careful way.
    fn look_quickly(&self, client: &mut Client, items: Items) -> Result<(), Error> {
        let from = match (self.has_sequence_data, self.are_uncalled.load(Ordering::Relaxed)) {
            (true, _) => StateFrom::SequenceData,
            (false, true) => StateFrom::Relation,
            (false, false) => StateFrom::LastValue,
        };
        let left = quick::look(self, client, items, from)?;
        if from == StateFrom::LastValue && 2 * left.unsettled.len() > items.len() {
            self.are_uncalled.store(true, Ordering::Relaxed);
        }
        let suspects = quick::collide(self, client, items, left.suspects, from)?;
        self.collide(client, items, &suspects)?;
        self.look_at(client, items, &left.unsettled)
    }

    /// Reads the farthest values of a batch, and the collisions of those that may be behind.
    fn look(&self, client: &mut Client, items: Items) -> Result<(), Error> {
        let all: Vec<usize> = (0..items.len()).collect();
        self.look_at(client, items, &all)
    }

    fn look_at(&self, client: &mut Client, items: Items, places: &[usize]) -> Result<(), Error> {
        let probes = places.iter().map(|at| farthest_sql(*at, &items[*at].1));
        let mut suspects = Vec::new();
        for row in self.read_all(client, probes)? {
            let probe = Probe::of(&row)?;
            if probe.leaves_open(&mut items[probe.item].1, self.on_standby) {
                suspects.push(probe.item);
            }
        }
        self.collide(client, items, &suspects)
    }

    /// Finds out what the coming calls of those that may be behind collide with.
    fn collide(&self, client: &mut Client, items: Items, suspects: &[usize]) -> Result<(), Error> {
        let probes = suspects.iter().map(|at| collisions_sql(*at, &items[*at].1, COUNT_LIMIT));
        for row in self.read_all(client, probes)? {
            let probe = Probe::of(&row)?;
            probe.settle(&mut items[probe.item].1, self.on_standby);
        }
        Ok(())
    }

    fn read_all(
        &self,
        client: &mut Client,
        probes: impl Iterator<Item = String>,
    ) -> Result<Vec<SimpleQueryRow>, Error> {
        let probes: Vec<String> = probes.collect();
        if probes.is_empty() {
            return Ok(Vec::new());
        }
        self.read(client, &self.timeouts(), &probes.join(" UNION ALL "))
    }

    /// Asks in a READ ONLY transaction of its own, as one message where that can be: one round trip.
    fn read(&self, client: &mut Client, timeouts: &Timeouts, sql: &str) -> Result<Vec<SimpleQueryRow>, Error> {
        let begin = begin_read_only_with(&self.known_settings, timeouts);
        let found = if self.arms_timeout_once {
            run(client, &begin).and_then(|()| rows(client, &format!("{sql}; COMMIT")))
        } else {
            rows(client, &format!("{begin}; {sql}; COMMIT"))
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

/// The time is over: what is still pending stays unread.
fn not_reached(items: Items) {
    for (_, finding) in items {
        if finding.status == Status::Pending {
            finding.status = Status::NotReached;
        }
    }
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
