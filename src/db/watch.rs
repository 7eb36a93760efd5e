//! Looks over the shoulder of a long run.

/// What a run is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading the catalog.
    Catalog,
    /// Comparing sequences with their columns.
    Inspect,
    /// The same where large tables have to be read whole: it counts bytes instead of sequences.
    Read,
    /// Applying fixes.
    Fix,
}

/// Gets to know how far a run is, and can end it. All methods do nothing by default: `&mut ()` watches nothing.
pub trait Watch {
    /// A stage begins, with so many sequences, or bytes, to do (0 where that is not known).
    fn begin(&mut self, _stage: Stage, _total: usize) {}

    /// So many more are done.
    fn advance(&mut self, _done: usize) {}

    /// Whether to stop. Asked between statements; a running one is ended with a
    /// [`CancelToken`](postgres::CancelToken).
    fn is_stopped(&self) -> bool {
        false
    }
}

impl Watch for () {}
