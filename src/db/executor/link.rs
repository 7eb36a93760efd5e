//! What a server must be known for, and how a transaction is sent to it.

use postgres::{Client, SimpleQueryRow};

use super::Orders;
use crate::db::error::Error;
use crate::db::inspect::{Learnt, Reading};
use crate::db::session::{KnownSettings, answers, begin_read_only_sql, begin_read_write_with, run};
use crate::model::{Limits, Timeouts};

/// A server, as far as its sessions of ours need to know it.
pub(super) struct Link {
    pub(super) limits: Limits,
    /// How many locks each of our sessions may hold.
    pub(super) lock_budget: i64,
    pub(super) known_settings: KnownSettings,
}

const SETTINGS: &str = "SELECT pg_catalog.current_setting('server_version_num'), \
    pg_catalog.current_setting('max_locks_per_transaction'), pg_catalog.current_setting('max_connections'), \
    pg_catalog.current_setting('max_prepared_transactions'), \
    (pg_catalog.date_part('epoch', pg_catalog.current_setting('deadlock_timeout')::pg_catalog.interval) * 1000)\
    ::pg_catalog.int8";

impl Link {
    /// Asks the server, to which there are so many sessions of ours.
    pub(super) fn of(client: &mut Client, sessions: usize, timeouts: &Timeouts) -> Result<Self, Error> {
        let sql = format!("{}; {SETTINGS}; COMMIT", begin_read_only_sql(timeouts));
        let answers = answers(client, &sql).map_err(|error| Error::new("could not begin to fix", &error))?;
        let number = |at| answers.last()?.first()?.get(at)?.parse::<i64>().ok();
        let limits = || Some(Limits::of(number(0)?, number(1)?, number(2)?, number(3)?, number(4)?));
        let Some(limits) = limits() else {
            return Err(Error::refusal("could not begin to fix", "the server does not say what it is"));
        };
        let known_settings = KnownSettings::among(&answers);
        Ok(Self { limits, lock_budget: limits.lock_budget(sessions), known_settings })
    }

    /// How the tables are read once more.
    pub(super) fn reading<'a>(&self, orders: &'a Orders) -> Reading<'a> {
        Reading {
            timeouts: &orders.apply.reading,
            known_settings: self.known_settings.clone(),
            deadline: orders.apply.deadline,
            on_standby: false,
            server: self.limits,
            user: &orders.plan.user,
            learnt: Learnt::default(),
        }
    }

    /// Begins a transaction and runs statements in it, in one message where that can be.
    pub(super) fn send(
        &self,
        client: &mut Client,
        timeouts: &Timeouts,
        sql: &str,
    ) -> Result<Vec<Vec<SimpleQueryRow>>, postgres::Error> {
        let begin = begin_read_write_with(&self.known_settings, timeouts);
        if self.limits.arms_timeout_once() {
            run(client, &begin)?;
            return answers(client, sql);
        }
        answers(client, &format!("{begin}; {sql}"))
    }
}
