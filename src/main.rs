//! The command-line face of `pgseqfix`.

mod cli;

use std::process::ExitCode;

use cli::arguments::Arguments;

fn main() -> ExitCode {
    let request = Arguments::read();
    let bars = cli::logging::start(request.output.verbose);
    match cli::run::run(&request, &bars) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.tell(),
    }
}
