//! Cuts what is to be read into pieces that lock a bounded number of relations each.

use crate::db::connections::{Pieces, Weigh};
use crate::model::{Finding, LinkedColumn, Readable, is_quick};

/// Findings that are read together, each with its place in the report.
pub(super) struct Batch {
    pub(super) items: Vec<(usize, Finding)>,
    /// Whether the quick way is tried first.
    pub(super) is_quick: bool,
}

impl Weigh for Batch {
    fn relations(&self) -> i64 {
        self.items.iter().map(|(_, finding)| relations(finding)).sum()
    }
}

/// How many relations a read of it locks: the sequence, and for each column its table's tree with all indexes.
pub(super) fn relations(finding: &Finding) -> i64 {
    1 + finding.counted().map(|column| column.facts.cost.relations).sum::<i64>()
}

/// A table of which every page may have to be read, and so many that it is worth a connection.
const MANY_PAGES: i64 = 10_000;

/// The pages that have to be read where no index helps.
fn pages(finding: &Finding) -> i64 {
    let is_unindexed = |column: &&LinkedColumn| !column.facts.cost.is_indexed;
    finding.counted().filter(is_unindexed).map(|column| column.facts.cost.pages).sum()
}

/// Takes what is readable out of the findings, and makes batches of at most so many locks. Long reads come alone,
/// biggest first.
pub(super) fn cut(findings: &mut [Option<Finding>], most_locks: i64) -> Pieces<Batch> {
    let mut quick = Cutter::new(true, most_locks);
    let mut careful = Cutter::new(false, most_locks);
    let mut long = Vec::new();
    for (place, slot) in findings.iter_mut().enumerate() {
        let Some(finding) = slot.take_if(|finding| finding.sequence.readable == Readable::Yes) else {
            continue;
        };
        if pages(&finding) > MANY_PAGES {
            long.push((place, finding));
        } else if is_quick(&finding) {
            quick.take(place, finding);
        } else {
            careful.take(place, finding);
        }
    }
    long.sort_by_key(|(_, finding)| std::cmp::Reverse(pages(finding)));
    let long = long.into_iter().map(|item| Batch { items: vec![item], is_quick: false }).collect();
    let short = quick.finish().into_iter().chain(careful.finish()).collect();
    Pieces::new(short, long)
}

struct Cutter {
    batches: Vec<Batch>,
    items: Vec<(usize, Finding)>,
    locks: i64,
    most_locks: i64,
    is_quick: bool,
}

impl Cutter {
    fn new(is_quick: bool, most_locks: i64) -> Self {
        Self { batches: Vec::new(), items: Vec::new(), locks: 0, most_locks, is_quick }
    }

    fn take(&mut self, place: usize, finding: Finding) {
        let needs = relations(&finding);
        if self.locks + needs > self.most_locks {
            self.cut();
        }
        self.locks += needs;
        self.items.push((place, finding));
    }

    fn cut(&mut self) {
        let items = std::mem::take(&mut self.items);
        if !items.is_empty() {
            self.batches.push(Batch { items, is_quick: self.is_quick });
        }
        self.locks = 0;
    }

    fn finish(mut self) -> Vec<Batch> {
        self.cut();
        self.batches
    }
}
