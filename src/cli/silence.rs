//! Ends the program where the server does not answer any more: the driver would wait for ever.

use std::thread;
use std::time::{Duration, Instant};

use pgseqfix::db::{Deadline, unanswered_for};

use super::exit::Exit;
use super::failure::tell;
use super::output::forget_unfinished;

/// How long a server may take to answer once it has been told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How often that is looked at.
const BEAT: Duration = Duration::from_millis(100);

/// From the end of the time on, the server must answer.
pub fn watch(deadline: Deadline) {
    let Some(left) = deadline.left() else { return };
    thread::spawn(move || {
        thread::sleep(left);
        leave_if_silent("the time is over", Exit::Trouble);
    });
}

/// Waits for the program's end; comes back only to end it, where an answer is owed for too long.
pub fn leave_if_silent(why: &str, exit: Exit) -> ! {
    let began = Instant::now();
    loop {
        thread::sleep(BEAT);
        if unanswered_for().is_some_and(|owed| owed.min(began.elapsed()) >= GRACE) {
            tell(&format!(
                "error: {why}, and the server does not answer: whether what it was doing then took effect is not known\n  \
                 hint: run again to see"
            ));
            leave(exit);
        }
    }
}

/// Ends the program in the midst of its work.
pub fn leave(exit: Exit) -> ! {
    forget_unfinished();
    std::process::exit(exit.status().into())
}
