//! The story of an explanation: read the text, ask the server, say what it was and what to do.

pub mod arguments;
mod explanation;
mod input;
mod json;
mod json_log;
mod logs;
mod look;
mod offer;
pub mod request;
mod sought;
mod table_log;
mod text;
mod utf16;

use std::io;
use std::path::Path;

use indicatif::MultiProgress;
use pgseqfix::db::Error;
use pgseqfix::explain::{OtherError, Reading, Violation, parse};

use super::again;
use super::connection::connect;
use super::exit::Exit;
use super::failure::{Failure, tell};
use super::format::Format;
use super::interrupt::Interrupt;
use super::output::Destination;
use super::progress::Progress;
use super::silence;
use super::terminal::printable;
use explanation::Explanation;
use request::{ExplainRequest, Source};

/// Explains what was asked for.
///
/// # Errors
///
/// Where the text is no unique violation, the server cannot be asked, or the answer could not be delivered.
pub fn run(request: &ExplainRequest, bars: &MultiProgress) -> Result<Exit, Failure> {
    let cannot_write = |error| cannot_write(request, error);
    let destination = Destination::open(request.output.output.as_deref()).map_err(cannot_write)?;
    let text = match &request.source {
        Source::Text(text) => text.clone(),
        Source::Stdin => input::standard_input()?,
        Source::Logs(files) => return logs::run(files, request, destination, bars),
    };
    let violation = violation(&text)?;
    let interrupt = Interrupt::listen();
    silence::watch(request.apply.deadline, &interrupt);
    if request.offline {
        let explanation = Explanation::offline(violation, request);
        deliver(request, destination, &explanation).map_err(cannot_write)?;
        return Ok(explanation.exit());
    }
    let mut client = connect(&request.given, &interrupt).map_err(|failure| match failure {
        Failure::Db(error) => {
            let hint = error.hint().map(|hint| format!("{hint}; ")).unwrap_or_default();
            Failure::Db(error.with_hint(format!("{hint}--offline explains the text alone")))
        }
        failure => failure,
    })?;
    let mut progress = Progress::new(bars.clone(), interrupt.clone());
    let looked = look::explain(&mut client, violation, request, &mut progress);
    progress.clear();
    if interrupt.is_wanted() {
        return Err(Failure::Interrupted);
    }
    let explanation = looked?;
    for warning in explanation.warnings() {
        tell(&printable(&format!("warning: {warning}")));
    }
    deliver(request, destination, &explanation).map_err(cannot_write)?;
    let fixed = offer::fix(&mut client, request, &explanation, &mut progress)?;
    // Dropping a client whose connection is gone can hang.
    std::mem::forget(client);
    Ok(fixed.unwrap_or_else(|| explanation.exit()))
}

fn cannot_write(request: &ExplainRequest, error: io::Error) -> Failure {
    let file = request.output.output.as_deref();
    let place = file.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    Failure::Io(format!("could not write the result to {place}"), error)
}

fn deliver(request: &ExplainRequest, destination: Destination, explanation: &Explanation) -> io::Result<()> {
    destination.deliver(|out, place| match request.output.format {
        Format::Json => json::render(explanation, out),
        _ => text::render(explanation, place.is_coloured(), out),
    })
}

/// The violation that a text tells of; what else it is makes an error.
fn violation(text: &str) -> Result<Violation, Error> {
    const DOING: &str = "could not find error 23505 (unique_violation) in the text";
    const NOTHING: &str = "it holds no error of PostgreSQL's that is known here";
    match parse(text) {
        Reading::Violation(violation) => Ok(*violation),
        Reading::Other(OtherError { sqlstate, what, advice }) => {
            let code = sqlstate.map(|code| format!(" ({code})")).unwrap_or_default();
            Err(Error::refusal(DOING, format!("it is {what}{code}, which explain is not for")).with_hint(advice))
        }
        Reading::Nothing if text.trim().is_empty() => {
            Err(Error::refusal(DOING, "it is empty").with_hint("give it as an argument, or on standard input"))
        }
        Reading::Nothing if Path::new(text).is_file() => {
            let name = again::quoted(text);
            let hint = format!("{name} is a file: explain <{name}, or --log {name}");
            Err(Error::refusal(DOING, NOTHING).with_hint(hint))
        }
        Reading::Nothing => Err(Error::refusal(DOING, NOTHING)
            .with_hint("give the whole message with its DETAIL; the database is named with -d, log files with --log")),
    }
}
