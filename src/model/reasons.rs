//! Why a sequence has its status, in words, and the way out.

use super::catalog::{Persistence, Uniqueness};
use super::doubt::Doubt;
use super::drift::{Drift, Exhaustion, Overlap};
use super::finding::{Finding, Status, is_blind};
use super::linking::{LinkedColumn, Role};
use super::name::quote_identifier;
use super::range::ValueRange;
use super::sequence::DataType;

impl Finding {
    /// Why it has its status, and the way out; `None` where the status says it all.
    pub fn doubt(&self) -> Option<Doubt> {
        match &self.status {
            Status::Pending | Status::Compared(Drift::InSync | Drift::Behind { .. }) => None,
            Status::Compared(Drift::Exhausted(why)) => Some(self.exhaustion(*why)),
            Status::Compared(Drift::Outlier { overlap, target }) => Some(outlier(overlap, target.is_some())),
            Status::Compared(Drift::Cycling) => {
                Some(Doubt::new("CYCLE: it begins again at its other end, so its state says nothing about the data"))
            }
            Status::NotComparable(doubt)
            | Status::Unreadable(doubt)
            | Status::Undecided(doubt)
            | Status::Skipped(doubt) => Some(doubt.clone()),
            Status::NotReached => Some(Doubt::with_cure(
                "the time limit was over before it was read",
                "raise --time-limit, or leave out what takes long with --skip-unindexed",
            )),
            Status::Unlinked if self.sequence.callers.is_empty() => None,
            Status::Unlinked => {
                let callers: Vec<String> = self.sequence.callers.iter().map(ToString::to_string).collect();
                Some(Doubt::new(format!("no column's default draws from it; called by {}", callers.join(", "))))
            }
        }
    }

    /// What else a person should know of it.
    pub fn notes(&self) -> Vec<Doubt> {
        let mut notes = Vec::new();
        if let Status::Compared(Drift::Behind { overlap, .. }) = &self.status {
            notes.extend(self.silent_duplicates());
            notes.extend(self.long_jump(overlap));
        }
        notes.extend(
            self.ignored.map(|ignored| Doubt::new(format!("ignored, as asked for, although it is stored: {ignored}"))),
        );
        if !matches!(self.status, Status::NotComparable(_)) {
            notes.extend(self.columns.iter().filter(|column| is_blind(column)).filter_map(blind_note));
        }
        if !matches!(self.status, Status::Compared(Drift::Exhausted(Exhaustion::PastColumn { .. }))) {
            notes.extend(self.outgrown().map(|(column, limit)| {
                Doubt::with_cure(
                    format!("the next value does not fit {}, which ends at {limit}", column.name()),
                    widen_column(column),
                )
            }));
        }
        let is_logged = |column: &LinkedColumn| column.facts.persistence == Persistence::Permanent;
        if self.sequence.persistence == Persistence::Unlogged && self.counted().any(is_logged) {
            notes.push(Doubt::with_cure(
                "it is unlogged and its table is not: after a crash it begins at its start again",
                format!("ALTER SEQUENCE {} SET LOGGED;", self.sequence.name),
            ));
        }
        notes
    }

    fn silent_duplicates(&self) -> Option<Doubt> {
        let open = self.counted().find(|column| column.facts.uniqueness == Uniqueness::No)?;
        Some(Doubt::new(format!("no unique constraint covers {}: duplicates go in silently", open.name())))
    }

    /// A fix that skips most of the range for few values is what the design calls burning it.
    fn long_jump(&self, overlap: &Overlap) -> Option<Doubt> {
        let distance = |to: i64| (i128::from(to) - i128::from(overlap.next_value)).abs();
        let jump = distance(overlap.farthest);
        let is_long = 2 * jump > distance(self.limit()) && i128::from(overlap.collisions.calls) * 100 < jump;
        let option = self.ignoring(overlap);
        is_long.then(|| {
            Doubt::with_cure(
                format!("the fix uses most of its range up for {}", overlap.farthest),
                format!("if that row is an outlier, remove it or use {option}"),
            )
        })
    }

    fn exhaustion(&self, why: Exhaustion) -> Doubt {
        match why {
            Exhaustion::NoNextValue => {
                Doubt { reason: format!("nextval fails: it stands at its limit {}", self.limit()), cure: self.widen() }
            }
            Exhaustion::PastColumn { limit } => {
                let column = self.outgrown().map(|(column, _)| column);
                let name = column.map_or_else(|| "the column".to_owned(), LinkedColumn::name);
                Doubt {
                    reason: format!("the next value does not fit {name}, which ends at {limit}"),
                    cure: column.map(widen_column),
                }
            }
            Exhaustion::FixLeavesNone(overlap) => {
                let widen = self.widen().map(|widen| format!("; else {widen}")).unwrap_or_default();
                Doubt::with_cure(
                    format!(
                        "a fix would leave no next value: {} is stored, and {} is the limit",
                        overlap.farthest,
                        self.limit()
                    ),
                    format!("if that row is an outlier, remove it or use {}{widen}", self.ignoring(&overlap)),
                )
            }
        }
    }

    /// The option that takes the farthest value out of the comparison.
    fn ignoring(&self, overlap: &Overlap) -> String {
        let option = if self.sequence.definition.is_ascending() {
            format!("--ignore-above {}", overlap.farthest.saturating_sub(1))
        } else {
            format!("--ignore-below {}", overlap.farthest.saturating_add(1))
        };
        let table = self.counted().next().map(|column| format!("-t '{}' ", column.facts.table)).unwrap_or_default();
        format!("{table}{option}")
    }

    /// The statements that give the sequence and its columns more room; `None` where there is no more.
    fn widen(&self) -> Option<String> {
        let definition = &self.sequence.definition;
        let mut changes = Vec::new();
        if definition.data_type != DataType::BigInt {
            changes.push("AS bigint");
        }
        let natural = match (definition.data_type, definition.is_ascending()) {
            (DataType::SmallInt, true) => i16::MAX.into(),
            (DataType::Integer, true) => i32::MAX.into(),
            (DataType::BigInt, true) => i64::MAX,
            (DataType::SmallInt, false) => i16::MIN.into(),
            (DataType::Integer, false) => i32::MIN.into(),
            (DataType::BigInt, false) => i64::MIN,
        };
        if definition.limit() != natural {
            changes.push(if definition.is_ascending() { "NO MAXVALUE" } else { "NO MINVALUE" });
        }
        let sequence =
            (!changes.is_empty()).then(|| format!("ALTER SEQUENCE {} {};", self.sequence.name, changes.join(" ")));
        let narrow = |column: &&LinkedColumn| column.facts.column_type.holds != Some(ValueRange::ALL);
        let statements: Vec<String> =
            sequence.into_iter().chain(self.counted().filter(narrow).map(widen_column)).collect();
        (!statements.is_empty()).then(|| statements.join(" "))
    }
}

fn outlier(overlap: &Overlap, can_be_fixed: bool) -> Doubt {
    let reason = format!(
        "the next value {} is free, and the nearest stored value {} is farther off than half of what is left",
        overlap.next_value, overlap.collisions.nearest
    );
    Doubt::with_cure(
        reason,
        if can_be_fixed {
            "leave it, remove the row, or ask for the fix with --fix-outliers"
        } else {
            "leave it, or remove the row; a fix would leave no next value"
        },
    )
}

fn widen_column(column: &LinkedColumn) -> String {
    let name = quote_identifier(&column.facts.column);
    format!("ALTER TABLE {} ALTER COLUMN {name} TYPE bigint;", column.facts.table)
}

fn blind_note(column: &LinkedColumn) -> Option<Doubt> {
    match &column.role {
        Role::Blind(doubt) => Some(Doubt { reason: format!("not compared: {}", doubt.reason), ..doubt.clone() }),
        _ => None,
    }
}
