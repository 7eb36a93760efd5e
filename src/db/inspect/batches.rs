//! Cuts what is to be read into pieces that lock a bounded number of relations each.

use crate::db::connections::{Pieces, Weigh};
use crate::model::{Finding, Status, is_quick};

/// Findings that are read together, each with its place in the report.
pub(super) struct Batch {
    pub(super) items: Vec<(usize, Finding)>,
    pub(super) way: Way,
}

/// How findings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// With the least cost to the server; what that leaves open, carefully.
    Quick,
    /// With a statement for each that settles everything.
    Careful,
    /// Some of its tables at a time.
    InParts,
}

impl Weigh for Batch {
    fn relations(&self) -> i64 {
        self.items.iter().map(|(_, finding)| finding.relations()).sum()
    }
}

/// A read of so many bytes is worth a connection.
pub(super) const MANY_BYTES: u64 = 64 << 20;

/// Takes what is readable out of the findings, and makes batches of at most `most_locks` locks. Long reads come alone,
/// biggest first; what takes more than `lock_budget` is read in parts.
pub(super) fn cut(findings: &mut [Option<Finding>], most_locks: i64, lock_budget: i64) -> Pieces<Batch> {
    let mut quick = Cutter::new(Way::Quick, most_locks);
    let mut careful = Cutter::new(Way::Careful, most_locks);
    let mut long = Vec::new();
    for (place, slot) in findings.iter_mut().enumerate() {
        let Some(finding) = slot.take_if(|finding| finding.sequence.readable.is_whole()) else {
            continue;
        };
        if finding.relations() > lock_budget && finding.status == Status::Pending {
            long.push((Way::InParts, (place, finding)));
        } else if finding.bytes_to_read() > MANY_BYTES {
            long.push((Way::Careful, (place, finding)));
        } else if is_quick(&finding) {
            quick.take(place, finding);
        } else {
            careful.take(place, finding);
        }
    }
    long.sort_by_key(|(_, (_, finding))| std::cmp::Reverse(finding.bytes_to_read()));
    let long = long.into_iter().map(|(way, item)| Batch { items: vec![item], way }).collect();
    let short = quick.finish().into_iter().chain(careful.finish()).collect();
    Pieces::new(short, long)
}

struct Cutter {
    batches: Vec<Batch>,
    items: Vec<(usize, Finding)>,
    locks: i64,
    most_locks: i64,
    way: Way,
}

impl Cutter {
    fn new(way: Way, most_locks: i64) -> Self {
        Self { batches: Vec::new(), items: Vec::new(), locks: 0, most_locks, way }
    }

    fn take(&mut self, place: usize, finding: Finding) {
        let needs = finding.relations();
        if self.locks + needs > self.most_locks {
            self.cut();
        }
        self.locks += needs;
        self.items.push((place, finding));
    }

    fn cut(&mut self) {
        let mut items = std::mem::take(&mut self.items);
        items.shrink_to_fit();
        if !items.is_empty() {
            self.batches.push(Batch { items, way: self.way });
        }
        self.locks = 0;
    }

    fn finish(mut self) -> Vec<Batch> {
        self.cut();
        self.batches
    }
}
