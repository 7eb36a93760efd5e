//! Servers in any order: `load_balance_hosts=random`.

use std::hash::{BuildHasher, RandomState};

/// Puts the items into a random order, each as likely as any other.
pub(super) fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last + 1));
    }
}

/// A random number that is less. The standard library has no other source than the keys of its hash tables.
fn below(limit: usize) -> usize {
    let random = RandomState::new().hash_one(limit);
    usize::try_from(random % u64::try_from(limit).unwrap_or(u64::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::shuffle;

    #[test]
    fn every_order_comes_up_and_nothing_is_lost() {
        let mut seen = BTreeSet::new();
        for _ in 0..1_000 {
            let mut items = [1, 2, 3];
            shuffle(&mut items);
            seen.insert(items);
        }
        assert_eq!(seen.len(), 6);
        assert!(seen.iter().all(|items| items.iter().sum::<i32>() == 6));
        shuffle::<u8>(&mut []);
    }
}
