//! An error report whose fields have certain ends: from csvlog, jsonlog, or an object.

use super::key::Key;
use super::message::messages;
use super::plain::parse_plain;
use super::statement::Statement;
use super::unknown::only_quoted;
use super::violation::{Occasion, Recognised, Violation};

/// The fields of an error report whose ends are certain: from csvlog, jsonlog or an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerReport<'a> {
    pub(crate) sqlstate: Option<&'a str>,
    pub(crate) message: Option<&'a str>,
    pub(crate) detail: Option<&'a str>,
    pub(crate) constraint: Option<&'a str>,
    pub(crate) schema: Option<&'a str>,
    pub(crate) table: Option<&'a str>,
    pub(crate) statement: Option<&'a str>,
    pub(crate) context: Option<&'a str>,
}

impl ServerReport<'_> {
    /// A SQLSTATE that is another one than ours.
    pub(crate) fn other_code(&self) -> Option<&str> {
        // Prisma's codes begin with a P, and have five letters, too.
        self.sqlstate.filter(|code| code.len() == 5 && *code != "23505" && !code.starts_with('P'))
    }

    /// The violation that it tells of. The SQLSTATE decides, else the message.
    pub(crate) fn violation(&self) -> Option<Violation> {
        let message = self.message.unwrap_or_default();
        let found = messages(message).next();
        if self.other_code().is_some() || (self.sqlstate != Some("23505") && found.is_none()) {
            return None;
        }
        let occasion = found.as_ref().map(|found| found.occasion);
        let recognised = if found.is_some() { Recognised::Message } else { Recognised::SqlState };
        let named = self.constraint.map(|name| vec![name.to_owned()]);
        let of_conflict = || Some(messages(self.detail?).next()?.names);
        let mut constraints = named
            .or_else(|| found.map(|found| found.names))
            .or_else(of_conflict)
            .or_else(|| Some(vec![only_quoted(message)?]));
        // Of several the driver's text goes on behind the first.
        let rest = self.detail.is_none().then(|| parse_plain(message)).flatten();
        let statement = match self.context {
            Some(context) if context.contains("SQL") => Statement::find(context),
            context => self.statement.and_then(Statement::find).or_else(|| Statement::find(context?)),
        };
        Some(Violation {
            constraints: constraints.take().unwrap_or_default(),
            schema: self.schema.or_else(|| statement.as_ref()?.schema.as_deref()).map(str::to_owned),
            table: self.table.or_else(|| Some(statement.as_ref()?.table.as_str())).map(str::to_owned),
            is_table_told: self.table.is_some(),
            key: self.detail.and_then(Key::find_in_detail).or_else(|| rest?.key),
            occasion: occasion.unwrap_or(if message.contains("conflict detected on relation") {
                Occasion::Replication
            } else {
                Occasion::Write
            }),
            calls_nextval: [self.statement, self.context].into_iter().flatten().any(|text| text.contains("nextval(")),
            statement,
            recognised,
            others: 0,
        })
    }
}
