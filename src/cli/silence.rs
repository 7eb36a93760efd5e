//! Ends the program where the server does not answer any more: the driver would wait for ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pgseqfix::db::{Deadline, unanswered_for};

use super::exit::Exit;
use super::failure::tell;
use super::interrupt::Interrupt;
use super::output::forget_unfinished;

/// How long a server may take to answer once it has been told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How long a cancelled statement may take to end.
const END: Duration = Duration::from_secs(1);

/// How often that is looked at.
const BEAT: Duration = Duration::from_millis(100);

/// Whether fixes are being applied.
static IS_FIXING: AtomicBool = AtomicBool::new(false);

/// From now on something may be changed.
pub fn begin_to_fix() {
    IS_FIXING.store(true, Ordering::Relaxed);
}

/// From the end of the time on, the server must answer.
pub fn watch(deadline: Deadline, interrupt: &Interrupt) {
    let Some(left) = deadline.left() else { return };
    let interrupt = interrupt.clone();
    thread::spawn(move || {
        thread::sleep(left);
        wait_for_silence();
        // What it waits for may hold up others: a COMMIT for its standby.
        thread::spawn(move || interrupt.cancel());
        thread::sleep(END);
        leave_if_silent("the time is over", Exit::Trouble);
    });
}

/// Waits for the program's end; comes back only to end it, where an answer is owed for too long.
pub fn leave_if_silent(why: &str, exit: Exit) -> ! {
    wait_for_silence();
    tell(&format!("error: {why}, and the server does not answer: {}", what_was_done()));
    leave(exit);
}

fn wait_for_silence() {
    let began = Instant::now();
    while unanswered_for().is_none_or(|owed| owed.min(began.elapsed()) < GRACE) {
        thread::sleep(BEAT);
    }
}

/// What is to be said where no report is.
pub fn what_was_done() -> &'static str {
    if IS_FIXING.load(Ordering::Relaxed) {
        "what was done until then is not reported\n  hint: run again to see"
    } else {
        "nothing was changed"
    }
}

/// Ends the program in the midst of its work.
pub fn leave(exit: Exit) -> ! {
    forget_unfinished();
    std::process::exit(exit.status().into())
}
