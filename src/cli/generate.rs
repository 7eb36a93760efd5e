//! What is shipped beside the program, made from its arguments: completions for shells, pages of the manual.

use std::io::{self, Write};

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

use super::exit::Exit;
use super::failure::Failure;
use super::output::{Destination, Place};

/// One of these files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Generated {
    Bash,
    Zsh,
    Fish,
    /// `pgseqfix.1`
    Man,
    /// `pgseqfix-scan.1`
    ManScan,
    /// `pgseqfix-fix.1`
    ManFix,
    /// `pgseqfix-explain.1`
    ManExplain,
}

/// Prints it.
///
/// # Errors
///
/// Where it cannot be written.
pub fn run(what: Generated, command: Command) -> Result<Exit, Failure> {
    let failed = |error| Failure::Io("could not write to standard output".into(), error);
    let destination = Destination::open(None).map_err(failed)?;
    destination.deliver(|out: &mut dyn Write, _: Place| write(what, command, out)).map_err(failed)?;
    Ok(Exit::Fine)
}

fn write(what: Generated, mut command: Command, out: &mut dyn Write) -> io::Result<()> {
    command.build();
    let shell = match what {
        Generated::Bash => Shell::Bash,
        Generated::Zsh => Shell::Zsh,
        Generated::Fish => Shell::Fish,
        Generated::Man => return page(command, "pgseqfix", out),
        Generated::ManScan => return page(part("scan", &command), "pgseqfix-scan", out),
        Generated::ManFix => return page(part("fix", &command), "pgseqfix-fix", out),
        Generated::ManExplain => return page(part("explain", &command), "pgseqfix-explain", out),
    };
    // It panics where it cannot write, a closed pipe included.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "pgseqfix", &mut text);
    out.write_all(&text)
}

fn part(name: &str, command: &Command) -> Command {
    command.find_subcommand(name).expect("it is one of ours").clone()
}

/// Without the commit: a page is of a version.
fn page(command: Command, title: &'static str, out: &mut dyn Write) -> io::Result<()> {
    Man::new(command.name(title).version(env!("CARGO_PKG_VERSION"))).render(&mut Box::new(out))
}
