//! Finds every sequence and says how it stands: reads only, in READ ONLY transactions.

use std::sync::Arc;

use postgres::Client;
use postgres::types::Type;

use super::callers;
use super::catalog::{self, Catalog, Cataloged};
use super::citus;
use super::connections::Connections;
use super::deadline::Deadline;
use super::error::Error;
use super::inspect::{Learnt, Reading};
use super::selection::{Selected, Selection};
use super::server::{Surroundings, look_around};
use super::session::{begin_catalog, look_up, roll_back};
use super::watch::{Stage, Watch};
use crate::model::{
    Citus, Doubt, Excluded, Finding, LinkedColumn, Plan, PlanOptions, Server, Status, Timeouts, ValueRange, link,
};

/// What to look at, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Which sequences.
    pub selection: Selection,
    /// Values above this one are no concern of ascending sequences.
    pub ignore_above: Option<i64>,
    /// Values below this one are no concern of descending sequences.
    pub ignore_below: Option<i64>,
    /// Whether to leave out what has no index that helps: every row of it would have to be read.
    pub skip_unindexed: bool,
    /// How long a read waits and takes.
    pub timeouts: Timeouts,
    /// When to stop; what is not read by then is reported so.
    pub deadline: Deadline,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            ignore_above: None,
            ignore_below: None,
            skip_unindexed: false,
            timeouts: Timeouts { lock_ms: 5_000, statement_ms: 0 },
            deadline: Deadline::default(),
        }
    }
}

/// What a scan found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Scan {
    /// Where.
    pub server: Server,
    /// Every sequence, in the order of schema and name.
    pub findings: Vec<Finding>,
    /// The rest, counted.
    pub excluded: Excluded,
}

impl Scan {
    /// Decides what is to be done, and what is left alone for which reason. Asks nothing of the server.
    pub fn plan(&self, options: &PlanOptions) -> Plan {
        Plan::of(&self.findings, &PlanOptions { user: self.server.user.clone(), ..options.clone() })
    }
}

/// Scans the database that the client is connected to.
///
/// # Errors
///
/// Where the catalog cannot be read, a selected name does not exist, the server is older than 10 or goes away.
/// A sequence that cannot be read is no error but a finding.
pub fn scan(client: &mut Client, options: &ScanOptions, watch: &mut dyn Watch) -> Result<Scan, Error> {
    scan_over(&mut Connections::one(client), options, watch)
}

/// Scans over several connections, as far as there is work for them.
///
/// # Errors
///
/// As [`scan`].
pub fn scan_over(connections: &mut Connections, options: &ScanOptions, watch: &mut dyn Watch) -> Result<Scan, Error> {
    look_at_all(connections, options, watch).map_err(Error::with_loss_hint)
}

fn look_at_all(connections: &mut Connections, options: &ScanOptions, watch: &mut dyn Watch) -> Result<Scan, Error> {
    watch.begin(Stage::Catalog, 0);
    let selected = options.selection.resolve(connections.first(), &options.timeouts)?;
    scan_selected(connections, options, &selected, watch)
}

/// Scans what is selected already.
pub(crate) fn scan_selected(
    connections: &mut Connections,
    options: &ScanOptions,
    selected: &Selected,
    watch: &mut dyn Watch,
) -> Result<Scan, Error> {
    let client = connections.first();
    let known_settings = begin_catalog(client, &options.timeouts)?;
    let read = read_catalog(client);
    roll_back(client);
    let (surroundings, catalog, citus) = read?;
    let Surroundings { mut server, restriction, .. } = surroundings;

    let mut excluded = catalog.excluded;
    server.warnings.extend(catalog.warnings);
    let mut findings = Vec::new();
    for mut found in catalog.sequences {
        if selected.holds(&found) {
            found.sequence.restriction.clone_from(&restriction);
            findings.push(finding(found, options, &server.user, citus.as_ref()));
        } else {
            excluded.not_selected += 1;
        }
    }
    let reading = Reading {
        timeouts: &options.timeouts,
        known_settings,
        deadline: options.deadline,
        on_standby: server.is_standby,
        server: server.limits,
        user: &server.user,
        learnt: Learnt::default(),
    };
    let mut findings = reading.settle(connections, findings, watch)?;
    if let Some(citus) = &citus {
        name_trespassers(&mut findings, citus);
    }
    excluded.dropped = forget_dropped(connections, &mut findings, &options.timeouts)?;
    Ok(Scan { server, findings, excluded })
}

/// Reads what is the same for all of a database's sequences, and the catalog. Needs a transaction for that.
fn read_catalog(client: &mut Client) -> Result<(Surroundings, Catalog, Option<Citus>), Error> {
    let surroundings = look_around(client)?;
    let holdings = &surroundings.holdings;
    let mut catalog = catalog::read(client, holdings, surroundings.server.limits.major)?;
    if holdings.has_callers {
        callers::attach(client, &mut catalog)?;
    }
    let citus = surroundings.has_citus.then(|| citus::read(client)).transpose()?;
    Ok((surroundings, catalog, citus))
}

/// Makes a finding of what the catalog says.
fn finding(found: Cataloged, options: &ScanOptions, user: &str, citus: Option<&Citus>) -> Finding {
    let Cataloged { mut sequence, columns, is_misspelt } = found;
    let columns = link(columns);
    let citus = citus.filter(|citus| citus.concerns(&columns));
    if let Some(citus) = citus {
        sequence.restriction = Some(Arc::new(citus.restriction()));
    }
    let definition = &sequence.definition;
    let wanted = if definition.is_ascending() {
        ValueRange { max: options.ignore_above.unwrap_or(i64::MAX), ..ValueRange::ALL }
    } else {
        ValueRange { min: options.ignore_below.unwrap_or(i64::MIN), ..ValueRange::ALL }
    };
    let range = citus.map_or(definition.range(), |citus| citus.own_range(definition)).meet(wanted);
    let mut status = match citus.and_then(|citus| citus.parked(definition)) {
        _ if is_misspelt => Status::Unreadable(misspelt()),
        Some(parked) => Status::NotComparable(parked),
        None => Status::by_catalog(&sequence, &columns, user),
    };
    if let Some(skipped) =
        options.skip_unindexed.then(|| unindexed(&columns)).flatten().filter(|_| status == Status::Pending)
    {
        status = Status::Skipped(skipped);
    }
    let (sequence, columns) = (Arc::new(sequence), columns.into());
    Finding { sequence, state: None, columns, range, ignored: None, status }
}

/// A statement with the name as it is shown could mean another one.
fn misspelt() -> Doubt {
    Doubt::with_cure(
        "its name, or that of its table or column, is not UTF-8, and is shown with \u{fffd} in place of the rest",
        "psql gets at it: SET client_encoding = 'SQL_ASCII'; ALTER … RENAME TO …",
    )
}

/// Names those that stand where another node draws: whatever their own values say.
fn name_trespassers(findings: &mut [Finding], citus: &Citus) {
    for finding in findings.iter_mut().filter(|finding| citus.concerns(&finding.columns)) {
        let doubt = finding.state.and_then(|state| citus.trespass(&finding.sequence.definition, state));
        if let Some(doubt) = doubt {
            finding.status = Status::NotComparable(doubt);
        }
    }
}

/// Why it is left out, where a column counts whose farthest value takes a read of every row.
fn unindexed(columns: &[LinkedColumn]) -> Option<Doubt> {
    columns.iter().any(|column| column.counts() && !column.facts.cost.is_indexed).then(|| {
        Doubt::with_cure(
            "no index on all rows begins with its column, and so it was left out, as asked for",
            "leave out --skip-unindexed to read every row of it",
        )
    })
}

/// Takes out what could not be read because it was dropped meanwhile, and counts it: the database does not hold it.
fn forget_dropped(
    connections: &mut Connections,
    findings: &mut Vec<Finding>,
    timeouts: &Timeouts,
) -> Result<usize, Error> {
    let is_unread = |finding: &Finding| matches!(finding.status, Status::Unreadable(_));
    let unread: Vec<u32> =
        findings.iter().filter(|finding| is_unread(finding)).map(|finding| finding.sequence.oid).collect();
    if unread.is_empty() {
        return Ok(0);
    }
    let rows = connections.with_first(|client| {
        look_up(client, timeouts, include_str!("sql/existing.sql"), &[(&unread, Type::OID_ARRAY)])
            .map_err(|error| Error::new("could not ask which sequences still exist", &error))
    })?;
    let existing: Vec<u32> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    let before = findings.len();
    findings.retain(|finding| !is_unread(finding) || existing.contains(&finding.sequence.oid));
    Ok(before - findings.len())
}
