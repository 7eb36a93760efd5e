//! What is said about a command line that was not understood: no password, and nothing that a terminal would obey.

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::terminal::printable;
use pgseqfix::db::connect::holds_secret;

/// The same error, fit to be shown, with a tip that fits this program where clap has none.
pub fn told(mut error: Error, command: &Command) -> Error {
    let context: Vec<(ContextKind, ContextValue)> =
        error.context().map(|(kind, value)| (kind, value.clone())).collect();
    // `--password=secret` is another program's way of saying it.
    let is_password =
        matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(option)) if option.contains("password"));
    for (kind, value) in context {
        let value = match value {
            ContextValue::String(_) if is_password && kind == ContextKind::InvalidValue => {
                ContextValue::String("…".to_owned())
            }
            ContextValue::String(text) => ContextValue::String(shown(&text)),
            ContextValue::Strings(texts) => ContextValue::Strings(texts.iter().map(|text| shown(text)).collect()),
            value => value,
        };
        error.insert(kind, value);
    }
    if error.kind() == ErrorKind::UnknownArgument {
        retip(&mut error, command);
    }
    error
}

fn shown(text: &str) -> String {
    if holds_secret(text) { "(a connection string)".to_owned() } else { printable(text) }
}

/// Puts a tip of ours in the place of "to pass it as a value, use --", which is never what was meant here.
fn retip(error: &mut Error, command: &Command) {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg).cloned() else {
        return;
    };
    let mut tips = match error.remove(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(tips)) => tips,
        _ => Vec::new(),
    };
    tips.retain(|tip| !tip.to_string().starts_with("to pass "));
    if let Some(owner) = owner(&argument, command) {
        tips = vec![format!("{argument} is an option of {owner}: pgseqfix {owner} {argument}").into()];
    } else if !argument.starts_with('-') {
        tips.push("a database is named once; the commands are scan, fix and explain".into());
    }
    if !tips.is_empty() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
}

/// The command that has this option, where it was given to another one.
fn owner<'a>(argument: &str, command: &'a Command) -> Option<&'a str> {
    let is_it = |option: &clap::Arg| {
        argument.strip_prefix("--").map_or_else(
            || option.get_short().is_some_and(|short| argument == format!("-{short}")),
            |long| option.get_long() == Some(long),
        )
    };
    let mut commands = command.get_subcommands();
    commands.find(|command| command.get_arguments().any(is_it)).map(Command::get_name)
}
