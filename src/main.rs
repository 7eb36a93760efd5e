//! The command-line face of `pgseqfix`.

mod cli;

use std::process::ExitCode;

use cli::arguments::Arguments;
use cli::request::Wanted;

fn main() -> ExitCode {
    #[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
    cli::name_service::keep_to_own();
    let ended = match Arguments::read() {
        Wanted::Sequences(request) => cli::run::run(&request, &cli::logging::start(request.output.verbose)),
        Wanted::Generate(what) => cli::generate::run(what, Arguments::whole_command()),
        Wanted::Explain(request) => cli::explain::run(&request, &cli::logging::start(request.output.verbose)),
    };
    cli::logging::finish();
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => failure.tell(),
    }
}
