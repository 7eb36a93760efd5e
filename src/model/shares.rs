//! Deals fixes out to several workers, so that no two of them want the same lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fix::Fix;

/// Deals the fixes out to at most `workers` shares of about the same length; each keeps the fixes' order.
/// Fixes that share a table, or of whose tables one is a part of the other's, are in one share.
pub fn shares(fixes: Vec<Arc<Fix>>, workers: usize) -> Vec<Vec<Arc<Fix>>> {
    let mut families = Families::default();
    let family_of: Vec<usize> = fixes.iter().map(|fix| families.join(&locked(fix))).collect();
    let family_of: Vec<usize> = family_of.into_iter().map(|family| families.root(family)).collect();
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for family in &family_of {
        *sizes.entry(*family).or_default() += 1;
    }
    // The large ones first, each to whoever has least.
    let mut order: Vec<(usize, usize)> = sizes.into_iter().collect();
    order.sort_by_key(|(family, size)| (std::cmp::Reverse(*size), *family));
    let mut loads = vec![0; workers.max(1)];
    let mut worker_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (family, size) in order {
        let least = (0..loads.len()).min_by_key(|worker| loads[*worker]).unwrap_or_default();
        loads[least] += size;
        worker_of.insert(family, least);
    }
    let mut shares: Vec<Vec<Arc<Fix>>> = loads.iter().map(|load| Vec::with_capacity(*load)).collect();
    for (fix, family) in fixes.into_iter().zip(family_of) {
        shares[worker_of.get(&family).copied().unwrap_or_default()].push(fix);
    }
    shares.retain(|share| !share.is_empty());
    shares
}

/// What a fix locks, by oid: its sequence and its tables; and what those are parts of, which a lock would reach, too.
fn locked(fix: &Fix) -> Vec<u32> {
    let tables = fix.counted().flat_map(|column| column.facts.parents.iter().copied().chain([column.facts.table_oid]));
    std::iter::once(fix.sequence.oid).chain(tables).collect()
}

/// Relations that belong together.
#[derive(Default)]
struct Families {
    /// What each was joined to: itself where it is the last word.
    elders: Vec<usize>,
    by_oid: BTreeMap<u32, usize>,
}

impl Families {
    /// Puts relations together, with all that each is together with already.
    fn join(&mut self, oids: &[u32]) -> usize {
        let joined = self.elders.len();
        self.elders.push(joined);
        for oid in oids {
            if let Some(known) = self.by_oid.insert(*oid, joined) {
                let root = self.root(known);
                self.elders[root] = joined;
            }
        }
        joined
    }

    fn root(&self, mut family: usize) -> usize {
        while self.elders[family] != family {
            family = self.elders[family];
        }
        family
    }
}
