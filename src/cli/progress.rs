//! The bar on standard error, hidden where that is no terminal.

use std::time::Duration;

use indicatif::{DecimalBytes, MultiProgress, ProgressBar, ProgressStyle};
use pgseqfix::db::{Stage, Watch};

use super::interrupt::Interrupt;

/// Shows how far the run is, and ends it when a signal came.
pub struct Progress {
    bars: MultiProgress,
    bar: ProgressBar,
    interrupt: Interrupt,
}

impl Progress {
    /// Draws among `bars`, which the log lines go through, too.
    pub fn new(bars: MultiProgress, interrupt: Interrupt) -> Self {
        Self { bars, bar: ProgressBar::hidden(), interrupt }
    }

    /// Shows how much of a log is read, of so many bytes in all (0 where that is not known).
    pub fn begin_bytes(&mut self, total: u64) -> ProgressBar {
        self.clear();
        let template = match total {
            0 => "{spinner} reading {bytes} ({bytes_per_sec})",
            _ => "reading {wide_bar} {bytes}/{total_bytes} ({eta} left)",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar = self.bars.add(ProgressBar::new(total).with_style(style));
        self.bar.enable_steady_tick(Duration::from_millis(100));
        self.bar.clone()
    }

    /// Takes the bar away, before anything else is said.
    pub fn clear(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Progress {
    fn begin(&mut self, stage: Stage, total: usize) {
        self.clear();
        let (message, template) = match stage {
            Stage::Catalog => ("reading the catalog", "{spinner} {msg}"),
            Stage::Read => {
                let bytes = DecimalBytes(u64::try_from(total).unwrap_or_default());
                log::info!("needs to read {bytes}, as no index tells the farthest value");
                ("comparing sequences", "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} ({eta} left)")
            }
            Stage::Fix => ("fixing sequences", "{msg} {wide_bar} {human_pos}/{human_len} ({eta} left)"),
            _ => ("comparing sequences", "{msg} {wide_bar} {human_pos}/{human_len} ({eta} left)"),
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(u64::try_from(total).unwrap_or_default()).with_style(style).with_message(message);
        self.bar = self.bars.add(bar);
        // Ticking takes a thread.
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    fn advance(&mut self, done: usize) {
        self.bar.inc(u64::try_from(done).unwrap_or_default());
    }

    fn is_stopped(&self) -> bool {
        self.interrupt.is_wanted()
    }
}
