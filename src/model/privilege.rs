//! What our role lacks, and the GRANTs that would give it: all at once, as whoever asks for them asks somebody else.

use super::doubt::Doubt;
use super::linking::LinkedColumn;
use super::name::quote_identifier;
use super::sequence::Sequence;

/// What `user` lacks, each thing with the statement that gives it.
struct Missing {
    user: String,
    reasons: Vec<String>,
    grants: Vec<String>,
    /// What helps instead of any GRANT to this role.
    another_role: Option<&'static str>,
}

/// What keeps `user` from reading a sequence and the columns that count.
pub(crate) fn missing_to_read(sequence: &Sequence, columns: &[LinkedColumn], user: &str) -> Option<Doubt> {
    let mut missing = Missing::of(user);
    missing.add_for_reading(sequence, columns);
    missing.doubt()
}

/// What keeps `user` from locking the tables of the columns that count and from moving the sequence, by `nextval` at
/// least.
pub(crate) fn missing_to_move(sequence: &Sequence, columns: &[LinkedColumn], user: &str) -> Option<Doubt> {
    let mut missing = Missing::of(user);
    missing.add_for_moving(sequence, columns);
    missing.doubt()
}

/// Both, where reading it is among them.
pub(crate) fn missing_to_read_and_move(sequence: &Sequence, columns: &[LinkedColumn], user: &str) -> Option<Doubt> {
    let mut missing = Missing::of(user);
    missing.add_for_reading(sequence, columns);
    if missing.reasons.is_empty() {
        return None;
    }
    missing.add_for_moving(sequence, columns);
    missing.doubt()
}

impl Missing {
    fn of(user: &str) -> Self {
        Self { user: quote_identifier(user), reasons: Vec::new(), grants: Vec::new(), another_role: None }
    }

    fn add_for_reading(&mut self, sequence: &Sequence, columns: &[LinkedColumn]) {
        let name = &sequence.name;
        if !sequence.readable.can_use_schema {
            self.add_schema(&name.schema);
        }
        if !sequence.readable.can_select {
            self.add(format!("no privilege to read sequence {name}"), &format!("SELECT ON SEQUENCE {name}"));
        }
        for column in columns.iter().filter(|column| column.counts()) {
            let (table, name) = (&column.facts.table, quote_identifier(&column.facts.column));
            if !column.facts.readable.can_use_schema {
                self.add_schema(&table.schema);
            }
            if !column.facts.readable.can_select {
                self.add(format!("no privilege to read {table}.{name}"), &format!("SELECT ({name}) ON TABLE {table}"));
            }
            if column.facts.readable.is_row_secured {
                self.reasons.push(format!("row-level security of {table} hides rows from {}", self.user));
                self.another_role = Some(
                    "run as a role with BYPASSRLS, or as the table's owner unless row-level security is forced on it",
                );
            }
        }
    }

    /// <https://www.postgresql.org/docs/current/sql-lock.html>
    fn add_for_moving(&mut self, sequence: &Sequence, columns: &[LinkedColumn]) {
        for column in columns.iter().filter(|column| column.counts() && !column.facts.can_lock) {
            let table = &column.facts.table;
            self.add(
                format!("no privilege to lock table {table} against writers"),
                &format!("UPDATE ON TABLE {table}"),
            );
        }
        if !sequence.is_ours && !sequence.can_advance {
            let name = &sequence.name;
            self.add(format!("no privilege to move sequence {name}"), &format!("USAGE ON SEQUENCE {name}"));
        }
    }

    fn add_schema(&mut self, schema: &str) {
        let schema = quote_identifier(schema);
        self.add(format!("no privilege to use schema {schema}"), &format!("USAGE ON SCHEMA {schema}"));
    }

    /// Each once: several columns can be in one table, and several tables in one schema.
    fn add(&mut self, reason: String, privilege: &str) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
            self.grants.push(format!("GRANT {privilege} TO {};", self.user));
        }
    }

    fn doubt(self) -> Option<Doubt> {
        let cure = self.another_role.map_or_else(|| self.grants.join(" "), str::to_owned);
        (!self.reasons.is_empty()).then(|| Doubt::with_cure(self.reasons.join("; "), cure))
    }
}
