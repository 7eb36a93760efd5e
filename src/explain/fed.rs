//! The columns of a key that draw from sequences, and what part the sequence can have had in a duplicate.

use super::diagnosis::Facts;
use super::statement::{Statement, Treatment};
use super::violation::Violation;
use crate::model::{Doubt, Drift, Exhaustion, Finding, Role, RowLookup, Status};

/// What part a sequence had, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It is behind, and can have handed out the value.
    Behind,
    /// What it did cannot be told.
    Open,
    /// It has handed out the value, and the statement left the column to it.
    SurelyPast,
    /// It is past the value, and can have handed it out.
    Past,
    /// It has not come to the value, or the statement gave it.
    NotTheCause,
}

/// A column of the key with a sequence that it draws from.
pub(crate) struct Fed<'a> {
    /// The column's place in the key.
    pub(crate) part: usize,
    pub(crate) column: String,
    /// The part of the key that is computed from the column, where that is not the column itself.
    computed: Option<String>,
    /// The sequence's place in the findings.
    pub(crate) at: usize,
    pub(crate) finding: &'a Finding,
    /// The value that was there already, where it is known.
    value: Option<i64>,
    /// What the statement did with the column.
    pub(crate) treatment: Treatment,
    has_detail: bool,
    pub(crate) standing: Standing,
}

/// Finds them.
pub(crate) fn feeds<'a>(violation: &Violation, facts: &Facts<'a>) -> Vec<Fed<'a>> {
    let index = facts.index;
    let mut fed = Vec::new();
    for (part, key) in index.key.iter().enumerate() {
        for column in index.sources(key) {
            let is_itself = key.column.as_deref() == Some(column.as_str());
            let value = if is_itself { value(violation, facts, part) } else { None };
            let statement = statement(violation, facts);
            for (at, finding) in facts.findings.iter().enumerate() {
                let draws = finding.columns.iter().any(|linked| {
                    let table = linked.facts.table_oid;
                    linked.facts.column == column
                        && (table == index.table_oid || table == index.found_table_oid)
                        && !matches!(linked.role, Role::Passed(_))
                });
                if draws {
                    let treatment = statement.map_or(Treatment::Unknown, |statement| statement.treatment(&column));
                    let treatment = match treatment {
                        Treatment::Value if violation.calls_nextval => Treatment::Listed,
                        treatment => treatment,
                    };
                    let standing = standing(finding, value, treatment);
                    let computed = (!is_itself).then(|| key.definition.clone());
                    let has_detail = violation.values().is_some();
                    let column = column.clone();
                    fed.push(Fed { part, column, computed, at, finding, value, treatment, has_detail, standing });
                }
            }
        }
    }
    fed
}

/// The statement that failed, if it wrote to the index's table.
pub(crate) fn statement<'v>(violation: &'v Violation, facts: &Facts) -> Option<&'v Statement> {
    let index = facts.index;
    violation.statement.as_ref().filter(|statement| {
        let found = index.found_as.as_ref().map(|(_, table)| &table.name);
        statement.table == index.table.name || found == Some(&statement.table)
    })
}

/// The value of one part of the key, where it is certain: from the row that was found, or if there is one way only to
/// take the text apart.
fn value(violation: &Violation, facts: &Facts, part: usize) -> Option<i64> {
    if let RowLookup::Found { values, .. } = facts.row {
        return values.get(part)?.parse().ok();
    }
    let key = violation.key.as_ref()?;
    if key.columns.len() != facts.index.key.len() {
        return None;
    }
    match key.splits(1)?.as_slice() {
        [only] => only.get(part)?.parse().ok(),
        _ => None,
    }
}

fn standing(finding: &Finding, value: Option<i64>, treatment: Treatment) -> Standing {
    let (is_drawn, is_given) = (treatment == Treatment::Default, treatment == Treatment::Value);
    let definition = &finding.sequence.definition;
    // The failed call has moved it on: nextval is not rolled back.
    let has_come = |value: i64| {
        finding.state.is_some_and(|state| {
            let distance = i128::from(state.last_value) - i128::from(value);
            !definition.is_past(value, state.last_value) && distance % i128::from(definition.increment) == 0
        })
    };
    let can_be_cause = !is_given && value.is_none_or(has_come);
    match &finding.status {
        Status::Compared(Drift::Behind { .. } | Drift::Exhausted(Exhaustion::FixLeavesNone(_))) => {
            if can_be_cause || is_drawn { Standing::Behind } else { Standing::NotTheCause }
        }
        Status::Compared(Drift::InSync | Drift::Outlier { .. } | Drift::Exhausted(_)) => match (can_be_cause, value) {
            (false, _) => Standing::NotTheCause,
            (true, _) if is_drawn => Standing::SurelyPast,
            (true, Some(_)) => Standing::Past,
            (true, None) => Standing::Open,
        },
        _ if is_given => Standing::NotTheCause,
        _ => Standing::Open,
    }
}

impl Fed<'_> {
    /// Whether coming inserts will fail.
    pub(crate) fn is_behind(&self) -> bool {
        matches!(
            self.finding.status,
            Status::Compared(Drift::Behind { .. } | Drift::Exhausted(Exhaustion::FixLeavesNone(_)))
        )
    }

    /// What is known of it, a line each.
    pub(crate) fn evidence(&self) -> Vec<Doubt> {
        let finding = self.finding;
        let name = &finding.sequence.name;
        let mut evidence = vec![Doubt::new(format!("{} draws from {name}{}", self.column_text(), self.state_text()))];
        if let Some(definition) = &self.computed {
            evidence.push(Doubt::new(format!("{definition} is computed from it")));
        }
        if let Some(doubt) = finding.doubt() {
            evidence.push(doubt);
        }
        if let Status::Compared(Drift::Behind { overlap, .. }) = &finding.status {
            let at_least = if overlap.collisions.calls_is_minimum { "at least " } else { "" };
            evidence.push(Doubt::new(format!(
                "it is behind: the farthest value stored is {}, and {at_least}{} more of its calls collide, the next one with {}",
                overlap.farthest, overlap.collisions.calls, overlap.collisions.nearest
            )));
        }
        if let Status::Compared(Drift::Cycling) = &finding.status {
            evidence.push(Doubt::with_cure(
                "it is declared CYCLE: it starts over, and comes to values that are stored",
                format!("ALTER SEQUENCE {name} NO CYCLE"),
            ));
        }
        evidence.extend(self.part_text().map(Doubt::new));
        // That a fix would burn the range for a sentinel, for one.
        evidence.extend(finding.notes());
        evidence
    }

    fn column_text(&self) -> String {
        let linked = self.finding.columns.iter().find(|linked| linked.facts.column == self.column);
        linked.map_or_else(|| self.column.clone(), |linked| format!("{} ({})", linked.name(), linked.link.word()))
    }

    fn state_text(&self) -> String {
        let Some(state) = self.finding.state else {
            return String::new();
        };
        let next = self.finding.sequence.definition.next_value(state);
        format!(": last value {state}, next value {}", next.map_or_else(|| "none".to_owned(), |next| next.to_string()))
    }

    /// What part it can have had in this duplicate.
    fn part_text(&self) -> Option<String> {
        let column = &self.column;
        match (self.standing, self.value) {
            (Standing::NotTheCause, _) if self.treatment == Treatment::Value => {
                Some(format!("the statement gives {column} its value itself, so it came from no sequence"))
            }
            (Standing::NotTheCause, Some(value)) => Some(format!(
                "as it stands it has not come to {value}: it did not hand it out, unless it was set back or altered since"
            )),
            (Standing::Behind, _) if self.treatment == Treatment::Listed => Some(format!(
                "the statement lists {column}: if it brought a value of its own, as an import does, the duplicate is \
                 genuine beside that, and a repair does not help it"
            )),
            (Standing::SurelyPast, _) => Some(
                "the statement left the column to the sequence, which was behind then, and is past it now".to_owned(),
            ),
            (Standing::Past, Some(value)) => Some(format!(
                "it is past {value}: if the INSERT took the value from it, it was behind then, and was fixed or has burnt \
                 through since; the text does not tell whether the INSERT named the value itself"
            )),
            (Standing::Open, None) if self.finding.state.is_some() && !self.has_detail => Some(
                "the text does not tell the value (no DETAIL), so it cannot be said whether it came from the sequence"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
