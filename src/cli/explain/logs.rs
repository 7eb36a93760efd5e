//! Explains all violations of log files: one line a constraint, the most frequent first.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use indicatif::{MultiProgress, ProgressBar};
use pgseqfix::db::{self, Error};
use pgseqfix::explain::{Folded, Tally, Violation, read_log};
use pgseqfix::model::QualifiedName;

use super::explanation::{Explanation, Known};
use super::request::ExplainRequest;
use super::utf16::{Order, Utf16};
use super::{cannot_write, json_log, look, table_log};
use crate::cli::again;
use crate::cli::connection::connect;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, tell};
use crate::cli::format::Format;
use crate::cli::interrupt::Interrupt;
use crate::cli::output::Destination;
use crate::cli::progress::Progress;
use crate::cli::silence;
use crate::cli::terminal::printable;

/// What the logs hold, with what the server knows of it.
pub struct LogReport {
    /// How many lines were read.
    pub lines: u64,
    /// How many violations were counted.
    pub violations: u64,
    /// How many of them belong to constraints that are not told apart any more.
    pub beyond: u64,
    /// Whether a server was asked at all.
    pub is_asked: bool,
    /// Each constraint, with its explanation; none where no server was asked, or another database is meant.
    pub constraints: Vec<(Folded, Option<Explanation>)>,
    /// The commands that ask the other databases.
    pub to_ask: Vec<String>,
    /// The command that repairs what is behind.
    pub to_repair: Option<String>,
}

/// Reads the logs, asks the server, and says it.
///
/// # Errors
///
/// Where a log cannot be read, the server cannot be asked, or the answer could not be delivered.
pub fn run(
    files: &[PathBuf],
    request: &ExplainRequest,
    destination: Destination,
    bars: &MultiProgress,
) -> Result<Exit, Failure> {
    let interrupt = Interrupt::listen();
    silence::watch(request.apply.deadline, &interrupt);
    let mut progress = Progress::new(bars.clone(), interrupt.clone());
    let logs: Vec<Log> = files.iter().map(|path| Log::open(path)).collect::<Result<_, _>>()?;
    let mut tally = Tally::default();
    let total = if logs.iter().any(|log| log.length == 0) { 0 } else { logs.iter().map(|log| log.length).sum() };
    let bar = progress.begin_bytes(total);
    for log in logs {
        log.read(&mut tally, &bar, &interrupt)?;
    }
    progress.clear();
    if interrupt.is_wanted() {
        return Err(Failure::Interrupted);
    }
    let (lines, violations, beyond) = (tally.lines, tally.violations, tally.beyond);
    let folded = tally.folded();
    let constraints = if request.offline || folded.is_empty() {
        folded.into_iter().map(|folded| (folded, None)).collect()
    } else {
        explained(folded, request, &interrupt, &mut progress)?
    };
    let to_ask = if request.offline { Vec::new() } else { to_ask(&constraints, request, files) };
    let to_repair = to_repair(&constraints, request);
    let is_asked = !request.offline;
    let report = LogReport { lines, violations, beyond, is_asked, constraints, to_ask, to_repair };
    let delivered = destination.deliver(|out, place| match request.output.format {
        Format::Json => json_log::render(&report, out),
        _ => table_log::render(&report, place.is_coloured(), out),
    });
    delivered.map_err(|error| cannot_write(request, error))?;
    Ok(report.exit())
}

impl LogReport {
    fn exit(&self) -> Exit {
        let exits = self.constraints.iter().filter_map(|(_, explanation)| Some(explanation.as_ref()?.exit()));
        exits.fold(Exit::Fine, |worst, exit| match (worst, exit) {
            (Exit::Trouble, _) | (_, Exit::Trouble) => Exit::Trouble,
            (Exit::Behind, _) | (_, Exit::Behind) => Exit::Behind,
            _ => Exit::Fine,
        })
    }
}

/// What asks each of the other databases about its errors.
fn to_ask(constraints: &[(Folded, Option<Explanation>)], request: &ExplainRequest, files: &[PathBuf]) -> Vec<String> {
    let not_asked = constraints.iter().filter(|(_, explanation)| explanation.is_none());
    let databases: BTreeSet<&String> = not_asked.filter_map(|(folded, _)| folded.database.as_ref()).collect();
    databases.into_iter().map(|database| again::explain_log_command(&request.given, database, files)).collect()
}

/// What repairs all of one database at once.
fn to_repair(constraints: &[(Folded, Option<Explanation>)], request: &ExplainRequest) -> Option<String> {
    let mut tables: Vec<&QualifiedName> = Vec::new();
    for table in constraints.iter().filter_map(|(_, explanation)| explanation.as_ref()?.next.as_ref()?.table.as_ref()) {
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    (!tables.is_empty()).then(|| again::fix_tables_command(&request.given, &request.scan, &tables))
}

/// Asks the server about each constraint of its database.
fn explained(
    mut folded: Vec<Folded>,
    request: &ExplainRequest,
    interrupt: &Interrupt,
    progress: &mut Progress,
) -> Result<Vec<(Folded, Option<Explanation>)>, Failure> {
    let mut client = connect(&request.given, interrupt)?;
    let interrupted = |error: Error| if interrupt.is_wanted() { Failure::Interrupted } else { error.into() };
    let database = look::database(&mut client, request).map_err(interrupted)?;
    let databases = db::databases(&mut client, &request.scan).map_err(interrupted)?;
    for folded in &mut folded {
        folded.settle_database(&databases);
    }
    let is_here = |folded: &Folded| folded.can_be_of(&database);
    let violations: Vec<Violation> =
        folded.iter().filter(|folded| is_here(folded)).map(|folded| folded.violation.clone()).collect();
    let looked = look::explain_all(&mut client, violations, request, progress);
    progress.clear();
    // Dropping a client whose connection is gone can hang.
    std::mem::forget(client);
    if interrupt.is_wanted() {
        return Err(Failure::Interrupted);
    }
    let mut explanations = looked?.into_iter();
    let paired = folded.into_iter().map(|folded| {
        let explanation = if is_here(&folded) { explanations.next() } else { None };
        (folded, explanation)
    });
    let paired = merged(paired);
    let warnings = paired.iter().find_map(|(_, explanation)| explanation.as_ref()).map(Explanation::warnings);
    for warning in warnings.unwrap_or_default() {
        tell(&printable(&format!("warning: {warning}")));
    }
    Ok(paired)
}

/// Puts together what turned out to be of one index, or of one constraint elsewhere, the most frequent first again.
fn merged(paired: impl Iterator<Item = (Folded, Option<Explanation>)>) -> Vec<(Folded, Option<Explanation>)> {
    let mut merged: Vec<(Folded, Option<Explanation>)> = Vec::new();
    let mut places: HashMap<u32, usize> = HashMap::new();
    for (folded, explanation) in paired {
        let oid = match explanation.as_ref().map(|explanation| &explanation.known) {
            Some(Known::Diagnosed(known)) => Some(known.index.oid),
            _ => None,
        };
        if let Some(place) = oid.and_then(|oid| places.get(&oid).copied()) {
            merged[place].0.absorb(folded);
        } else {
            places.extend(oid.map(|oid| (oid, merged.len())));
            merged.push((folded, explanation));
        }
    }
    merged.sort_by_key(|(folded, _)| std::cmp::Reverse(folded.count));
    merged
}

/// A log that is open.
struct Log {
    name: String,
    /// In bytes; 0 where that is not known.
    length: u64,
    source: Box<dyn Read>,
}

impl Log {
    fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        if path == Path::new("-") {
            return Ok(Self { name: "standard input".to_owned(), length: 0, source: Box::new(io::stdin()) });
        }
        let failed = |error| Failure::Io(format!("could not open log {name}"), error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        Ok(Self { length: if metadata.is_file() { metadata.len() } else { 0 }, source: Box::new(file), name })
    }

    fn read(self, tally: &mut Tally, bar: &ProgressBar, interrupt: &Interrupt) -> Result<(), Failure> {
        let mut source = buffered(bar.wrap_read(self.source));
        let seen = Cell::new(false);
        let mut is_stopped = || {
            seen.set(interrupt.is_wanted());
            seen.get()
        };
        let failed = |error| Failure::Io(format!("could not read log {}", self.name), error);
        // What is packed tells it by its first bytes, whatever its name.
        let is_packed = source.fill_buf().map_err(failed)?.starts_with(&[0x1f, 0x8b]);
        let read = if is_packed {
            read_decoded(buffered(MultiGzDecoder::new(source)), tally, &mut is_stopped)
        } else {
            read_decoded(source, tally, &mut is_stopped)
        };
        read.map_err(failed)
    }
}

fn buffered<R: Read>(source: R) -> BufReader<R> {
    BufReader::with_capacity(256 * 1024, source)
}

/// Reads a log that is not packed, be it UTF-16.
fn read_decoded(mut log: impl BufRead, tally: &mut Tally, is_stopped: &mut dyn FnMut() -> bool) -> io::Result<()> {
    let Some(order) = Order::of(log.fill_buf()?) else {
        return read_log(&mut log, tally, is_stopped);
    };
    log.consume(2);
    read_log(&mut buffered(Utf16::new(log, order)), tally, is_stopped)
}
