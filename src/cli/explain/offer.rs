//! Offers to repair the sequence that was found behind, where somebody is there to answer.

use pgseqfix::db::{self, Watch};
use pgseqfix::model::{Finding, Mode, Outcome, Report};
use postgres::Client;

use super::explanation::{Explanation, Known};
use super::request::ExplainRequest;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, tell};
use crate::cli::format::Format;
use crate::cli::progress::Progress;
use crate::cli::prompt::{self, Answer};
use crate::cli::render;

/// Asks, and fixes what was picked; `None` where nothing was asked.
///
/// # Errors
///
/// Where the terminal cannot be used, or a signal came.
pub fn fix(
    client: &mut Client,
    request: &ExplainRequest,
    explanation: &Explanation,
    progress: &mut Progress,
) -> Result<Option<Exit>, Failure> {
    let Known::Diagnosed(known) = &explanation.known else {
        return Ok(None);
    };
    let is_wanted = !known.plan.fixes.is_empty()
        && known.server.refuses_fix.is_none()
        && request.output.format == Format::Table
        && request.output.output.is_none()
        && request.leaves_stdin()
        && prompt::can_ask();
    if !is_wanted {
        return Ok(None);
    }
    let lines: Vec<String> = known.plan.fixes.iter().map(|fix| render::fix_line(fix)).collect();
    let asked = match lines.as_slice() {
        [only] => prompt::confirm(only),
        lines => prompt::pick_and_confirm(lines),
    };
    let picked = match asked {
        Err(error) => return Err(Failure::Io("could not ask".into(), error)),
        Ok(Answer::Interrupted) => return Err(Failure::Interrupted),
        Ok(Answer::Nothing) => {
            tell("nothing was changed");
            return Ok(None);
        }
        Ok(Answer::Do(picked)) => picked,
    };
    let mut plan = known.plan.clone();
    plan.fixes = picked.into_iter().filter_map(|at| known.plan.fixes.get(at).cloned()).collect();
    let applied = db::apply(client, &plan, &request.apply, progress);
    progress.clear();
    let is_stopped = progress.is_stopped();
    let is_good = applied.outcomes.values().all(Outcome::is_good) && applied.outcomes.len() == known.plan.fixes.len();
    let findings: Vec<Finding> =
        known.findings.iter().filter(|finding| applied.outcomes.contains_key(&finding.sequence.oid)).cloned().collect();
    let excluded = pgseqfix::model::Excluded::default();
    let report = Report::new(known.server.clone(), Mode::Fix, findings, excluded, &plan, applied.outcomes);
    render::table::render(&report, false, true, &mut anstream::stdout())
        .map_err(|error| Failure::Io("could not show the outcome".into(), error))?;
    if let Some(error) = applied.cut_short {
        tell(&format!("error: {error}"));
        return Ok(Some(Exit::Trouble));
    }
    Ok(Some(match (is_stopped, is_good) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Fine,
        (false, false) => Exit::Behind,
    }))
}
