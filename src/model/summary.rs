//! The report in numbers, and the verdict that becomes the exit status.

use super::drift::Drift;
use super::finding::Status;
use super::report::{Entry, Outcome, Report};

/// How many sequences are in which status, and how many were fixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All in the report.
    pub sequences: usize,
    /// In sync.
    pub in_sync: usize,
    /// Behind when they were looked at.
    pub behind: usize,
    /// At their limit, or a fix would bring them there.
    pub exhausted: usize,
    /// In sync, with a sentinel far off.
    pub outlier: usize,
    /// CYCLE.
    pub cycling: usize,
    /// Not to be compared.
    pub not_comparable: usize,
    /// Not to be read.
    pub unreadable: usize,
    /// Not to be known on a standby.
    pub undecided: usize,
    /// Left out, as the caller wished.
    pub skipped: usize,
    /// Not read before the time was over.
    pub not_reached: usize,
    /// Drawn by no column.
    pub unlinked: usize,
    /// Fixed by this run, or found to be past it by then.
    pub fixed: usize,
    /// Behind or exhausted, and still so when the run ended.
    pub unfixed: usize,
}

/// What the run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing is behind, or all is fixed.
    Fine,
    /// Something is behind, or left unfixed.
    Behind,
    /// Something could not be looked at.
    Trouble,
}

impl Summary {
    /// Counts a report.
    pub fn of(report: &Report) -> Self {
        let mut summary = Self { sequences: report.entries.len(), ..Self::default() };
        for entry in &report.entries {
            summary.count(entry);
        }
        summary
    }

    fn count(&mut self, entry: &Entry) {
        let counter = match &entry.finding.status {
            Status::Compared(Drift::InSync) => &mut self.in_sync,
            Status::Compared(Drift::Behind { .. }) => &mut self.behind,
            Status::Compared(Drift::Exhausted(_)) => &mut self.exhausted,
            Status::Compared(Drift::Outlier { .. }) => &mut self.outlier,
            Status::Compared(Drift::Cycling) => &mut self.cycling,
            Status::NotComparable(_) => &mut self.not_comparable,
            // A finished scan has no pending one; if it had, nothing would be known of it.
            Status::Unreadable(_) | Status::Pending => &mut self.unreadable,
            Status::Undecided(_) => &mut self.undecided,
            Status::Skipped(_) => &mut self.skipped,
            Status::NotReached => &mut self.not_reached,
            Status::Unlinked => &mut self.unlinked,
        };
        *counter += 1;
        let is_bad = matches!(&entry.finding.status, Status::Compared(Drift::Behind { .. } | Drift::Exhausted(_)))
            || entry.fix.is_some();
        match &entry.outcome {
            Some(outcome) if outcome.is_good() => {
                self.fixed += 1;
                // The others draw on; the column that the sequence has outgrown does not.
                self.unfixed += usize::from(entry.finding.outgrown().is_some());
            }
            Some(Outcome::Moved { .. } | Outcome::Busy(_) | Outcome::Failed(_) | Outcome::Refused(_)) => {
                self.unfixed += 1;
            }
            _ if is_bad => self.unfixed += 1,
            _ => {}
        }
    }

    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        if self.unreadable + self.undecided > 0 {
            Verdict::Trouble
        } else if self.unfixed + self.not_reached > 0 {
            Verdict::Behind
        } else {
            Verdict::Fine
        }
    }
}
