//! Compares sequences with their columns, in batches; a batch that fails is done in halves.

mod again;
mod batches;
mod probe;
mod quick;
mod size;
mod tree;
mod whole;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use postgres::error::SqlState;
use postgres::{Client, SimpleQueryRow};

use self::again::{PAUSE, SHORT_PAUSE, TRIES, being_altered, is_full, is_locked};
use self::batches::{Batch, MANY_BYTES, Way, cut};
pub(crate) use self::probe::Probe;
use super::connections::Connections;
use super::deadline::Deadline;
use super::error::Error;
use super::session::{KnownSettings, begin_read_only_with, roll_back, rows, run};
use super::watch::{Stage, Watch};
use crate::model::{
    COUNT_LIMIT, Doubt, Finding, Limits, StateFrom, Status, Timeouts, at_most, collisions_sql, farthest_sql,
};

/// How many relations a batch touches at most, whatever the server has room for: more gain nothing.
const MOST_LOCKS: i64 = 100;

/// How reading is done.
pub(crate) struct Reading<'a> {
    pub(crate) timeouts: &'a Timeouts,
    pub(crate) known_settings: KnownSettings,
    pub(crate) deadline: Deadline,
    pub(crate) on_standby: bool,
    pub(crate) server: Limits,
    pub(crate) user: &'a str,
    pub(crate) learnt: Learnt,
}

/// What the batches that were read told for the next ones.
pub(crate) struct Learnt {
    /// Whether most sequences were found never called, of which `pg_sequence_last_value` tells nothing.
    are_uncalled: AtomicBool,
    /// Whether most of the last batch stood as they were created, and were behind.
    are_new: AtomicBool,
    /// How many sequences are read at once at most, since the server's lock table was full.
    most_at_once: AtomicUsize,
}

impl Default for Learnt {
    fn default() -> Self {
        let most_at_once = AtomicUsize::new(usize::MAX);
        Self { are_uncalled: AtomicBool::new(false), are_new: AtomicBool::new(false), most_at_once }
    }
}

type Items<'a> = &'a mut [(usize, Finding)];

impl Reading<'_> {
    /// Reads the state of every sequence that may be read, and settles every finding that is pending.
    pub(crate) fn settle(
        &self,
        connections: &mut Connections,
        mut findings: Vec<Finding>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Finding>, Error> {
        size::measure(connections.first(), &mut findings);
        let readable = || findings.iter().filter(|finding| finding.sequence.readable.is_whole());
        let bytes: u64 = readable().map(Finding::bytes_to_read).sum();
        let weight = if bytes > MANY_BYTES { weight_in_bytes } else { |_: &Finding| 1 };
        let stage = if bytes > MANY_BYTES { Stage::Read } else { Stage::Inspect };
        watch.begin(stage, readable().map(weight).sum());
        let lock_budget = self.server.lock_budget(connections.jobs());
        let mut findings: Vec<Option<Finding>> = findings.into_iter().map(Some).collect();
        let pieces = cut(&mut findings, lock_budget.min(MOST_LOCKS), lock_budget);
        let work = |client: &mut Client, mut batch: Batch, is_stopped: &dyn Fn() -> bool| {
            self.settle_batch(client, &mut batch.items, batch.way, is_stopped)?;
            Ok(batch.items)
        };
        let take = |items: Vec<(usize, Finding)>, watch: &mut dyn Watch| {
            watch.advance(items.iter().map(|(_, finding)| weight(finding)).sum());
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

    /// Reads one finding and settles it.
    pub(crate) fn read_one(
        &self,
        client: &mut Client,
        finding: Finding,
        lock_budget: i64,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Finding, Error> {
        let mut item = [(0, finding)];
        let alone = |[(_, finding)]: [(usize, Finding); 1]| finding;
        if item[0].1.relations() > lock_budget {
            match tree::look(self, client, &mut item[0].1, is_stopped) {
                Err(error) if is_for_whole(&error) => {}
                done => return done.map(|()| alone(item)),
            }
        }
        self.look(client, &mut item).map(|()| alone(item))
    }

    /// The timeouts of a statement that begins now and locks so many relations. None is waited for long, as others wait
    /// for what is locked by then: a longer wait is many short ones, with nothing locked in between.
    fn timeouts(&self, relations: i64) -> Timeouts {
        let timeouts = self.deadline.bound(self.timeouts);
        let longest = self.server.longest_wait_ms(usize::try_from(relations).unwrap_or(usize::MAX));
        Timeouts { lock_ms: at_most(timeouts.lock_ms, longest), ..timeouts }
    }

    fn settle_batch(
        &self,
        client: &mut Client,
        items: Items,
        way: Way,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        if is_stopped() {
            return Err(interrupted());
        }
        let most = self.learnt.most_at_once.load(Ordering::Relaxed).max(1);
        if items.len() > most {
            return self.settle_halves(client, items, way, is_stopped);
        }
        if self.deadline.is_over() {
            not_reached(items);
            return Ok(());
        }
        let looked = if items.len() == 1 && way != Way::Quick {
            self.patiently(is_stopped, || self.look_in(way, client, items, is_stopped))
        } else {
            self.look_in(way, client, items, is_stopped)
        };
        let error = match looked {
            Ok(()) => {
                // Comes back slowly to what it was.
                if items.len() >= most {
                    self.learnt.most_at_once.fetch_max(most + 1, Ordering::Relaxed);
                }
                return Ok(());
            }
            Err(error) if is_stopped() => return Err(interrupted_by(&error)),
            Err(error) if error.is_connection_lost() => return Err(error),
            Err(error) => error,
        };
        let is_last_resort = match way {
            Way::Quick => false,
            Way::InParts => !is_for_whole(&error),
            Way::Careful => true,
        };
        if let ([(_, finding)], true) = (&mut *items, is_last_resort) {
            if finding.status == Status::Pending {
                finding.status = if self.deadline.is_over() {
                    Status::NotReached
                } else {
                    Status::Unreadable(self.unreadable(&error, finding))
                };
            }
            return Ok(());
        }
        log::info!("a batch of {} is read in parts: {}", items.len(), error.said());
        if is_full(&error) {
            // Whoever fills it needs it more than we do.
            self.learnt.most_at_once.fetch_min(items.len() / 2, Ordering::Relaxed);
            std::thread::sleep(PAUSE);
        }
        self.settle_halves(client, items, way, is_stopped)
    }

    fn look_in(&self, way: Way, client: &mut Client, items: Items, is_stopped: &dyn Fn() -> bool) -> Result<(), Error> {
        match (way, items) {
            (Way::Quick, items) => self.look_quickly(client, items),
            (Way::InParts, [(_, finding)]) => tree::look(self, client, finding, is_stopped),
            (Way::InParts | Way::Careful, items) => self.look(client, items),
        }
    }

    fn settle_halves(
        &self,
        client: &mut Client,
        items: Items,
        way: Way,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        let (one, other) = items.split_at_mut(items.len() / 2);
        for half in [one, other] {
            if !half.is_empty() {
                // The last resort of a single one is the careful way.
                let way = if half.len() > 1 { way } else { Way::Careful };
                self.settle_batch(client, half, way, is_stopped)?;
            }
        }
        Ok(())
    }

    /// Reads a batch the quick way, and what that leaves open the careful way.
    fn look_quickly(&self, client: &mut Client, items: Items) -> Result<(), Error> {
        let from = match (self.server.has_sequence_data(), self.learnt.are_uncalled.load(Ordering::Relaxed)) {
            (true, _) => StateFrom::SequenceData,
            (false, true) => StateFrom::Relation,
            (false, false) => StateFrom::LastValue,
        };
        let places = if from != StateFrom::LastValue && self.learnt.are_new.load(Ordering::Relaxed) {
            quick::collide_as_new(self, client, items, from)?
        } else {
            (0..items.len()).collect()
        };
        let left = quick::look(self, client, items, places, from)?;
        if from == StateFrom::LastValue && 2 * left.unsettled.len() > items.len() {
            self.learnt.are_uncalled.store(true, Ordering::Relaxed);
        }
        let suspects = quick::collide(self, client, items, left.suspects, from, COUNT_LIMIT)?;
        self.collide(client, items, &suspects)?;
        self.look_at(client, items, &left.unsettled)?;
        let new = items.iter().filter(|(_, finding)| quick::is_new_and_behind(finding)).count();
        self.learnt.are_new.store(2 * new > items.len(), Ordering::Relaxed);
        Ok(())
    }

    /// Reads the farthest values of a batch, and the collisions of those that may be behind.
    fn look(&self, client: &mut Client, items: Items) -> Result<(), Error> {
        let all: Vec<usize> = (0..items.len()).collect();
        self.look_at(client, items, &all)
    }

    fn look_at(&self, client: &mut Client, items: Items, places: &[usize]) -> Result<(), Error> {
        let is_large = |at: &usize| items[*at].1.is_large() && items[*at].1.status == Status::Pending;
        let (large, small): (Vec<usize>, Vec<usize>) = places.iter().partition(|at| is_large(at));
        let mut suspects = Vec::new();
        self.read_each(client, items, small, &|at, finding| farthest_sql(at, finding), &mut |probe, finding| {
            if probe.leaves_open(finding, self.on_standby) {
                suspects.push(probe.item);
            }
        })?;
        self.collide(client, items, &suspects)?;
        large.into_iter().try_for_each(|at| whole::look(self, client, &mut items[at].1))
    }

    /// Finds out what the coming calls of those that may be behind collide with.
    fn collide(&self, client: &mut Client, items: Items, suspects: &[usize]) -> Result<(), Error> {
        let (large, small): (Vec<usize>, Vec<usize>) = suspects.iter().partition(|at| items[**at].1.is_large());
        let spell = |at, finding: &Finding| collisions_sql(at, finding, COUNT_LIMIT);
        self.read_each(client, items, small, &spell, &mut |probe, finding| probe.settle(finding, self.on_standby))?;
        large.into_iter().try_for_each(|at| whole::look(self, client, &mut items[at].1))
    }

    /// Reads those at these places with a statement for each, and again what nothing came of.
    fn read_each(
        &self,
        client: &mut Client,
        items: Items,
        places: Vec<usize>,
        spell: &dyn Fn(usize, &Finding) -> String,
        take: &mut dyn FnMut(&Probe, &mut Finding),
    ) -> Result<(), Error> {
        let mut left: BTreeSet<usize> = places.into_iter().collect();
        let mut attempt = 1;
        while !left.is_empty() {
            let probes: Vec<String> = left.iter().map(|at| spell(*at, &items[*at].1)).collect();
            let timeouts = self.timeouts(relations(items, &left));
            for row in self.read(client, &timeouts, &probes.join(" UNION ALL "))? {
                let probe = Probe::of(&row)?;
                take(&probe, &mut items[probe.item].1);
                left.remove(&probe.item);
            }
            if left.is_empty() {
                break;
            }
            log::info!("{} sequences are being altered, and read again", left.len());
            if attempt == TRIES {
                return Err(being_altered());
            }
            std::thread::sleep(SHORT_PAUSE);
            attempt += 1;
        }
        Ok(())
    }

    /// Why one sequence could not be read, in the server's words, and what would help.
    fn unreadable(&self, error: &Error, finding: &Finding) -> Doubt {
        let name = &finding.sequence.name;
        let cure = match error.code() {
            _ if is_locked(error) => {
                // The shorter one is how long it was waited for.
                let Timeouts { lock_ms, statement_ms } = *self.timeouts;
                let is_statements = statement_ms > 0 && (lock_ms == 0 || statement_ms < lock_ms);
                let limit = if is_statements { "--statement-timeout" } else { "--lock-timeout" };
                Some(format!("another session holds a lock; try again, or raise {limit}"))
            }
            Some(&SqlState::QUERY_CANCELED) => Some("raise --statement-timeout".to_owned()),
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Some(format!(
                "grant {} what is missing to read {name} and its tables",
                crate::model::quote_identifier(self.user)
            )),
            Some(&SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN) => {
                Some("it was dropped or renamed while the scan ran; run again".to_owned())
            }
            // A standby has no unlogged relations.
            Some(&SqlState::FEATURE_NOT_SUPPORTED) if self.on_standby => Some("read it on the primary".to_owned()),
            _ => error.hint().map(str::to_owned),
        };
        Doubt { reason: error.said(), cure }
    }

    /// Asks in a READ ONLY transaction of its own, as one message where that can be: one round trip.
    fn read(&self, client: &mut Client, timeouts: &Timeouts, sql: &str) -> Result<Vec<SimpleQueryRow>, Error> {
        let begin = begin_read_only_with(&self.known_settings, timeouts);
        let found = if self.server.arms_timeout_once() {
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

/// How many relations those at these places lock.
fn relations<'a>(items: &[(usize, Finding)], places: impl IntoIterator<Item = &'a usize>) -> i64 {
    places.into_iter().map(|at| items[*at].1.relations()).sum()
}

/// Whether what cannot be read in parts can be read as a whole: a privilege on a table is none on its parts.
fn is_for_whole(error: &Error) -> bool {
    error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
}

/// Of one that is read from disk its tables' bytes; of others about what an index costs.
fn weight_in_bytes(finding: &Finding) -> usize {
    let bytes = match finding.bytes_to_read() {
        0 => u64::try_from(finding.relations()).unwrap_or_default() * 8192,
        bytes => bytes,
    };
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The time is over: what is still pending stays unread.
fn not_reached(items: Items) {
    for (_, finding) in items {
        if finding.status == Status::Pending {
            finding.status = Status::NotReached;
        }
    }
}

/// The run was ended from outside.
pub(crate) fn interrupted() -> Error {
    Error::refusal("interrupted", "nothing was changed")
}

fn interrupted_by(error: &Error) -> Error {
    log::debug!("interrupted: {}", error.said());
    interrupted()
}
