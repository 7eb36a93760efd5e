//! A plan as a script for `psql`: the same statements, in the same order, with the same guards.

use super::fix::{Fix, Protection, sql_integer};
use super::letters::is_harmful;
use super::plan::Plan;

/// The settings that a transaction of ours begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// How long to wait for a lock, in milliseconds; 0 is for ever.
    pub lock_ms: u64,
    /// How long a statement may take, in milliseconds; 0 is for ever.
    pub statement_ms: u64,
}

/// A time limit that is no longer than another one; 0 of either is for ever.
pub fn at_most(limit: u64, other: u64) -> u64 {
    match (limit, other) {
        (0, only) | (only, 0) => only,
        (one, other) => one.min(other),
    }
}

const NO_SEARCH_PATH: &str = "SET LOCAL search_path = ''";
const ALL_ROWS: &str = "SET LOCAL row_security = off";

/// What a role or a database may have set otherwise, and what every statement of ours relies on: names mean what
/// they say, no row is hidden, and the server writes and reads names and texts in their plain form.
pub const PLAIN_SETTINGS: [&str; 4] =
    [NO_SEARCH_PATH, ALL_ROWS, "SET LOCAL quote_all_identifiers = off", "SET LOCAL standard_conforming_strings = on"];

/// ALTERs, which set off what others have written, event triggers: under the session's own settings, as ever. They name
/// all that they mean with its schema.
pub fn under_own_settings(alters: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut alters = alters.into_iter().peekable();
    if alters.peek().is_none() {
        return Vec::new();
    }
    let own = ["SET LOCAL search_path TO DEFAULT", "SET LOCAL row_security TO DEFAULT"];
    let texts = |settings: [&'static str; 2]| settings.into_iter().map(str::to_owned);
    texts(own).chain(alters).chain(texts([NO_SEARCH_PATH, ALL_ROWS])).collect()
}

/// A session of ours that lost its client must not keep its locks; and a role may have set a limit that is shorter than
/// the time between two messages.
pub const READ_IDLE_LIMIT: &str = "SET LOCAL idle_in_transaction_session_timeout = 60000";

/// Writers wait for the locks of a fix, under which we answer in milliseconds.
const FIX_IDLE_LIMIT: &str = "SET LOCAL idle_in_transaction_session_timeout = 5000";

/// The statements that begin a fix's transaction. READ COMMITTED, so that what is read under the lock
/// is what was committed before the lock was granted.
pub fn begin_fix_sql(timeouts: &Timeouts) -> Vec<String> {
    let mut statements = vec!["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE".to_owned()];
    statements.extend(PLAIN_SETTINGS.map(str::to_owned));
    statements.extend([
        format!("SET LOCAL lock_timeout = {}", timeouts.lock_ms),
        format!("SET LOCAL statement_timeout = {}", timeouts.statement_ms),
        FIX_IDLE_LIMIT.to_owned(),
        // With off a crash soon after the commit can lose the repair; with more than local the commit would wait for a
        // standby that may be gone, under all locks. What a standby gets later it gets after this.
        "SET LOCAL synchronous_commit = local".into(),
    ]);
    statements
}

/// The whole plan as a script.
pub fn script(plan: &Plan, timeouts: &Timeouts) -> String {
    let mut text = String::from(
        "-- Run with psql. Each sequence is repaired in a transaction of its own; one that cannot be is passed over, and psql\n\
         -- ends with 0 all the same: run pgseqfix again afterwards.\n\
         \\set ON_ERROR_STOP off\n\\set ON_ERROR_ROLLBACK off\n\\encoding UTF8\n",
    );
    for fix in &plan.fixes {
        text.push('\n');
        text.push_str(&fix_script(fix, timeouts));
    }
    text
}

fn fix_script(fix: &Fix, timeouts: &Timeouts) -> String {
    let mut lines = vec![format!(
        "-- {}: {} -> {} (next value {})",
        one_line(&fix.sequence.name.to_string()),
        fix.from,
        fix.to,
        fix.next_value
    )];
    if fix.protection == Protection::Headroom {
        // A script can be run at any time: what has moved on by then stays. Nothing else stands beside setval.
        let sequence = fix.sequence.name.to_sql();
        let before = if fix.sequence.definition.is_ascending() { '<' } else { '>' };
        let last = sql_integer(fix.to.last_value);
        lines.push(format!("SELECT last_value {before} {last} AS holds FROM {sequence} \\gset"));
        lines.push("\\if :holds".into());
        lines.push(fix.bare_move_sql() + ";");
        lines.push("\\endif\n".into());
        return lines.join("\n");
    }
    lines.push("\\set holds false".into());
    lines.extend(begin_fix_sql(timeouts).into_iter().map(|sql| sql + ";"));
    lines.push(fix.lock_tables_sql() + ";");
    lines.push(format!("SELECT {} AS holds \\gset", fix.is_unchanged_sql()));
    lines.push("\\if :holds".into());
    lines.push("\\set holds false".into());
    lines.extend(under_own_settings(fix.lock_sequence_sql()).into_iter().map(|sql| sql + ";"));
    lines.push(format!("{} AS holds \\gset", fix.still_holds_sql()));
    lines.push("\\endif".into());
    lines.push("\\if :holds".into());
    lines.push(fix.move_sql() + ";");
    lines.push("COMMIT;".into());
    lines.push("\\else".into());
    lines.push("ROLLBACK;".into());
    let name = one_line(&fix.sequence.name.to_string()).replace('\\', "\\\\").replace('\'', "''");
    lines.push(format!("\\echo 'left alone, as it could not be locked, or it or its table has changed: {name}'"));
    lines.push("\\endif\n".into());
    lines.join("\n")
}

/// A name in a comment or a message must not begin a new line.
pub fn one_line(name: &str) -> String {
    name.chars().map(|letter| if is_harmful(letter) { '?' } else { letter }).collect()
}
