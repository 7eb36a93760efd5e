//! Log lines go round the progress bar, not through it.

use std::io::Write;

use indicatif::MultiProgress;
use log::{LevelFilter, Log, Metadata, Record};
use pgseqfix::db::Traffic;

use super::terminal::printable;

/// A logger that takes the bars away while it writes.
struct Beside {
    bars: MultiProgress,
    logger: env_logger::Logger,
}

impl Log for Beside {
    fn enabled(&self, metadata: &Metadata) -> bool {
        self.logger.enabled(metadata)
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            self.bars.suspend(|| self.logger.log(record));
        }
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

/// Starts logging to standard error: warnings, with `-v` our own messages, with `-vv` each statement.
/// `RUST_LOG` has the last word. Returns the bars that log lines go round.
pub fn start(verbose: u8) -> MultiProgress {
    let level = match verbose {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Info,
        _ => LevelFilter::Debug,
    };
    let logger = env_logger::Builder::new()
        .filter_level(LevelFilter::Warn)
        .filter_module("pgseqfix", level)
        .parse_default_env()
        .format(|out, record| {
            let style = out.default_level_style(record.level());
            let text = printable(&record.args().to_string());
            writeln!(out, "[{} {style}{:<5}{style:#}] {text}", out.timestamp(), record.level())
        })
        .build();
    let bars = MultiProgress::new();
    log::set_max_level(logger.filter());
    // Nobody else sets a logger in this program.
    let _ = log::set_boxed_logger(Box::new(Beside { bars: bars.clone(), logger }));
    bars
}

/// Says with `-v` what the run has exchanged with servers, if it has.
pub fn finish() {
    let Traffic { round_trips, connections } = Traffic::so_far();
    if connections > 0 {
        let of = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        log::info!("{} over {}", of(round_trips, "round trip"), of(connections, "connection"));
    }
}
