//! How many fixes fit into the time for which writers may wait.

use std::time::Duration;

/// How long a group may hold its locks before its COMMIT, which takes the same time however large the group is.
/// Well below the 20 ms for which a writer may wait, as times scatter.
const HELD: Duration = Duration::from_millis(9);

/// The group to begin with, and the largest one.
const FIRST: usize = 4;
const MOST: usize = 24;

/// The size of the next group.
pub(super) struct Pace {
    size: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { size: FIRST }
    }
}

impl Pace {
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// So many fixes held their locks for so long: aims at [`HELD`], shrinking fast and growing slowly.
    pub(super) fn took(&mut self, fixes: usize, held: Duration) {
        let fitting = HELD.as_micros() * fixes as u128 / held.as_micros().max(1);
        let fitting = usize::try_from(fitting).unwrap_or(MOST);
        // What was cut for another reason tells nothing about larger ones.
        let largest = if fixes < self.size { self.size } else { self.size + self.size.div_ceil(4) };
        self.size = fitting.clamp(self.size.div_ceil(2), largest).clamp(1, MOST);
    }

    /// Others are busy there.
    pub(super) fn failed(&mut self) {
        self.size = self.size.div_ceil(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_to_the_size_that_fits_the_time() {
        for (each_us, expected) in [(100, MOST), (1_000, 9), (3_000, 3), (50_000, 1)] {
            let mut pace = Pace::default();
            for _ in 0..20 {
                let fixes = pace.size();
                pace.took(fixes, Duration::from_micros(each_us) * u32::try_from(fixes).expect("few"));
            }
            assert_eq!(pace.size(), expected, "{each_us} µs each");
        }
    }

    #[test]
    fn a_group_that_fails_is_followed_by_a_smaller_one_and_never_by_none() {
        let mut pace = Pace::default();
        for expected in [2, 1, 1] {
            pace.failed();
            assert_eq!(pace.size(), expected);
        }
    }
}
