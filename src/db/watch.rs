//! Looks over the shoulder of a long run.

use std::ops::ControlFlow;

/// What a run is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

/// Watches with a function: it gets the stage, how many are done, and how many there are (0 where that is not known).
/// What it returns ends the run, or lets it go on.
pub fn on_progress<F: FnMut(Stage, usize, usize) -> ControlFlow<()>>(function: F) -> OnProgress<F> {
    OnProgress { function, stage: Stage::Catalog, done: 0, total: 0, is_stopped: false }
}

/// What [`on_progress`] makes.
#[derive(Debug)]
pub struct OnProgress<F> {
    function: F,
    stage: Stage,
    done: usize,
    total: usize,
    is_stopped: bool,
}

impl<F: FnMut(Stage, usize, usize) -> ControlFlow<()>> OnProgress<F> {
    fn tell(&mut self) {
        self.is_stopped |= (self.function)(self.stage, self.done, self.total).is_break();
    }
}

impl<F: FnMut(Stage, usize, usize) -> ControlFlow<()>> Watch for OnProgress<F> {
    fn begin(&mut self, stage: Stage, total: usize) {
        (self.stage, self.done, self.total) = (stage, 0, total);
        self.tell();
    }

    fn advance(&mut self, done: usize) {
        self.done += done;
        self.tell();
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped
    }
}
