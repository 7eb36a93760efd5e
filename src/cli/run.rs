//! The story of a run: connect, scan, plan, perhaps ask and apply, report.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;

use indicatif::MultiProgress;
use pgseqfix::db::{self, Applied, Connections, Error, Scan, ScanOptions};
use pgseqfix::model::{Mode, Outcome, Plan, PlanOptions, Report, Summary, Terms};

use super::again;
use super::annotate;
use super::connection::{connect_for_more, warn_of_password};
use super::exit::Exit;
use super::failure::{Failure, tell};
use super::format::Format;
use super::interrupt::Interrupt;
use super::output::{Destination, Place};
use super::plan_file::PlanFile;
use super::progress::Progress;
use super::prompt::{self, Answer};
use super::render;
use super::request::{Request, Task};
use super::silence;
use super::terminal::printable;

/// Runs what was asked for.
///
/// # Errors
///
/// Everything that ends the run without a report, and a report that could not be delivered.
pub fn run(request: &Request, bars: &MultiProgress) -> Result<Exit, Failure> {
    let ended = run_through(request, bars);
    if let (true, Err(failure)) = (request.output.github, &ended) {
        // It is said on standard error all the same.
        let _ = annotate::error(&failure.to_string());
    }
    ended
}

fn run_through(request: &Request, bars: &MultiProgress) -> Result<Exit, Failure> {
    if request.task == Task::Ask && !prompt::can_ask() {
        let error = Error::refusal("could not ask before fixing", "there is no terminal");
        return Err(error.with_hint("say --yes to fix without asking, or --dry-run to see what would be done").into());
    }
    // Before the result takes its place.
    let written = request.plan_file.as_deref().map(PlanFile::read).transpose()?;
    let file = request.output.output.as_deref();
    let destination = Destination::open(file).map_err(|error| Failure::Io(cannot_write(request), error))?;
    let interrupt = Interrupt::listen();
    silence::watch(request.apply.deadline, &interrupt);
    let (client, open) = connect_for_more(&request.given, &interrupt)?;
    if !request.output.quiet {
        warn_of_password(&request.given);
    }
    // Dropping a client whose connection is gone can hang.
    let mut client = ManuallyDrop::new(client);
    let mut connections = Connections::many(&mut client, request.jobs, open);
    let mut progress = Progress::new(bars.clone(), interrupt.clone());

    let asked = match &written {
        Some(written) => Cow::Owned(written.scan(&request.scan)),
        None => Cow::Borrowed(&request.scan),
    };
    let scan = db::scan_over(&mut connections, &asked, &mut progress);
    progress.clear();
    if interrupt.is_wanted() {
        return Err(Failure::Interrupted);
    }
    let scan = scan?;
    let mut options = request.plan.clone();
    if let Some(written) = &written {
        written.expect_database(&scan.server.database)?;
        options = written.options(options);
    }
    let plan = scan.plan(&options);
    let missing = written.as_ref().map(|written| written.missing(&scan.findings)).unwrap_or_default();
    let settled = written.as_ref().map(|written| written.settled(&scan.findings, &plan)).unwrap_or_default();

    let (mode, applied) = match request.task {
        Task::Scan => (Mode::Scan, Applied::default()),
        Task::DryRun => (Mode::DryRun, Applied { outcomes: settled, ..Applied::default() }),
        Task::Ask | Task::Fix => {
            refuse(&scan)?;
            let picked = match pick(request, &scan, &plan)? {
                Picked::Some(plan) => plan,
                Picked::Nothing(exit) => {
                    tell("nothing was changed");
                    if request.output.format == Format::Table {
                        return Ok(exit);
                    }
                    Cow::default()
                }
            };
            silence::begin_to_fix();
            let mut applied = db::apply_over(&mut connections, &picked, &request.apply, &mut progress);
            progress.clear();
            applied.outcomes.extend(settled);
            for fix in &plan.fixes {
                applied.outcomes.entry(fix.sequence.oid).or_insert(Outcome::NotPicked);
            }
            (Mode::Fix, applied)
        }
    };
    let terms = written.as_ref().map_or_else(|| terms(request), PlanFile::terms);
    let report = Report::new(scan.server, mode, scan.findings, scan.excluded, &plan, applied.outcomes).with(missing);
    let exit = deliver(request, destination, &Report { terms, ..report }, &plan, applied.cut_short)?;
    Ok(if interrupt.is_wanted() { Exit::Interrupted } else { exit })
}

/// Refuses to fix on a server where that would do harm.
pub fn refuse(scan: &Scan) -> Result<(), Error> {
    let Some(doubt) = &scan.server.refuses_fix else {
        return Ok(());
    };
    let error = Error::refusal("could not fix", doubt.reason.clone());
    Err(match &doubt.cure {
        Some(cure) => error.with_hint(cure.clone()),
        None => error,
    })
}

/// What of the plan shall be done.
enum Picked<'a> {
    /// This.
    Some(Cow<'a, Plan>),
    /// Nothing; the run ends with the state of things.
    Nothing(Exit),
}

/// Takes all of the plan, or lets the person pick.
fn pick<'a>(request: &Request, scan: &Scan, plan: &'a Plan) -> Result<Picked<'a>, Failure> {
    if request.task != Task::Ask || plan.fixes.is_empty() {
        return Ok(Picked::Some(Cow::Borrowed(plan)));
    }
    prompt::expect_room()?;
    let (server, findings) = (scan.server.clone(), scan.findings.clone());
    let preview = Report::new(server, Mode::DryRun, findings, scan.excluded, plan, BTreeMap::new());
    let show = |error| Failure::Io("could not show the plan".into(), error);
    render::table::render(&preview, false, true, &mut anstream::stderr()).map_err(show)?;
    let lines: Vec<String> = plan.fixes.iter().map(|fix| render::fix_line(fix)).collect();
    match prompt::pick_and_confirm(&lines).map_err(|error| Failure::Io("could not ask".into(), error))? {
        Answer::Do(picked) => {
            let fixes = picked.into_iter().filter_map(|at| plan.fixes.get(at).cloned()).collect();
            Ok(Picked::Some(Cow::Owned(Plan { fixes, ..plan.clone() })))
        }
        Answer::Nothing => Ok(Picked::Nothing(Summary::of(&preview).verdict().into())),
        Answer::Interrupted => Err(Failure::Interrupted),
    }
}

/// What it was asked to be made with.
fn terms(request: &Request) -> Terms {
    let PlanOptions { headroom, fix_outliers, accept_races, .. } = request.plan;
    let ScanOptions { ignore_above, ignore_below, .. } = request.scan;
    Terms { headroom, fix_outliers, accept_races, ignore_above, ignore_below }
}

fn cannot_write(request: &Request) -> String {
    let place = request.output.output.as_ref().map(|path| path.display().to_string());
    format!("could not write the result to {}", place.as_deref().unwrap_or("standard output"))
}

/// Delivers the report; what cut the run short is said after it.
fn deliver(
    request: &Request,
    destination: Destination,
    report: &Report,
    plan: &Plan,
    cut_short: Option<Error>,
) -> Result<Exit, Failure> {
    for warning in &report.server.warnings {
        tell(&format!("warning: {}", printable(warning)));
    }
    let all = request.output.verbose > 0;
    let delivered = destination.deliver(|out, place| match request.output.format {
        Format::Table if request.output.quiet => Ok(()),
        Format::Table if request.is_check => render::table::render_count(report, out),
        Format::Table => {
            render::table::render(report, all, place.is_coloured(), out)?;
            render::table::render_next_step(report, &again::own_fix_command(request.names_scan), out)
        }
        Format::Json => render::json::render(report, out),
        Format::Csv => render::csv::render(report, place == Place::Terminal, out),
        Format::Markdown => render::markdown::render(report, all, out),
        Format::Prometheus => render::prometheus::render(report, out),
        Format::Sql => render::sql::render(report, plan, &request.apply.timeouts, place == Place::Terminal, out),
    });
    let summary = Summary::of(report);
    delivered.map_err(|error| {
        let done = if summary.fixed > 0 { " (the fixes are done)" } else { "" };
        Failure::Io(cannot_write(request) + done, error)
    })?;
    if request.output.github {
        annotate::report(report, all)?;
    }
    match cut_short {
        Some(error) => {
            tell(&format!("error: {error}"));
            if request.output.github {
                annotate::error(&error.to_string())?;
            }
            Ok(Exit::Trouble)
        }
        None => Ok(summary.verdict().into()),
    }
}
