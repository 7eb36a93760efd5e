//! What a job on GitHub reads: annotations on standard output, and the summary in the file that it names.

use std::fs::OpenOptions;
use std::io::{self, Write};

use pgseqfix::model::Report;

use super::failure::Failure;
use super::output::Destination;
use super::render;

/// Annotates what a report has to say, and adds it to the job's summary; `all`: what is in sync, too.
///
/// # Errors
///
/// Where it cannot be written.
pub fn report(report: &Report, all: bool) -> Result<(), Failure> {
    to_standard_output(|out| render::github::render(report, out))?;
    let Some(summary) = std::env::var_os("GITHUB_STEP_SUMMARY") else {
        log::warn!("GITHUB_STEP_SUMMARY is not set: there is no summary of a job to write to");
        return Ok(());
    };
    let file = OpenOptions::new().create(true).append(true).open(summary);
    file.and_then(|mut file| render::markdown::render(report, all, &mut file)).map_err(failed)
}

/// Annotates what ended the run.
///
/// # Errors
///
/// Where it cannot be written.
pub fn error(error: &str) -> Result<(), Failure> {
    to_standard_output(|out| render::github::render_error(error, out))
}

fn to_standard_output(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let standard_output = Destination::open(None).map_err(failed)?;
    standard_output.deliver(|out, _| write(out)).map_err(failed)
}

fn failed(error: io::Error) -> Failure {
    Failure::Io("could not write for GitHub".into(), error)
}
