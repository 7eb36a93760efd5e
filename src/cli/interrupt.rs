//! Ctrl-C and its like: the running query is cancelled on the server, and the run ends in good order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pgseqfix::db::connect::Canceller;
use pgseqfix::db::unanswered_for;

use super::exit::Exit;
use super::failure::tell;
use super::silence::{leave, leave_if_silent, what_was_done};
use super::terminal::{TerminalSettings, show_cursor};

/// How long a statement may go on before it is cancelled: longer than a wait for a lock.
///
/// The driver closes the connection of a cancel request at once, and `PgBouncer` 1.18 ends with all its clients where
/// that is before the server has answered (<https://github.com/pgbouncer/pgbouncer/issues/801>).
const GRACE: Duration = Duration::from_millis(800);

/// What comes so soon after the first signal is the same one: wrappers and services send it twice.
const ECHO: Duration = Duration::from_millis(300);

/// Remembers that the run shall end, and how to end what the server is doing for us.
#[derive(Clone, Default)]
pub struct Interrupt {
    wanted: Arc<AtomicBool>,
    first: Arc<OnceLock<Instant>>,
    cancel: Arc<Mutex<Vec<Canceller>>>,
}

impl Interrupt {
    /// Listens for SIGINT, SIGTERM and SIGHUP. The first one ends the run; the second one ends the program.
    pub fn listen() -> Self {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        let settings = Mutex::new(TerminalSettings::remember());
        let listening = ctrlc::set_handler(move || {
            let settings = settings.lock().unwrap_or_else(PoisonError::into_inner);
            heard.hear(settings.as_ref());
        });
        if let Err(error) = listening {
            log::warn!("signals end the program at once: {error}");
        }
        interrupt
    }

    /// From now on there is one more session that can be told to stop.
    pub fn can_cancel(&self, session: Canceller) {
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }

    /// Whether a signal came.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Tells the server to stop what it does for us; the newest session first, as one that has been replaced knows
    /// nothing of it.
    pub fn cancel(&self) {
        let sessions = self.cancel.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for session in sessions.iter().rev().filter(|_| unanswered_for().is_some()) {
            if let Err(error) = session.cancel() {
                log::info!("could not cancel the running query: {error}");
            }
        }
    }

    fn hear(&self, settings: Option<&TerminalSettings>) {
        let now = Instant::now();
        let first = *self.first.get_or_init(|| now);
        let is_echo = first != now && first.elapsed() < ECHO;
        let is_connected = !self.cancel.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if is_echo {
            return;
        }
        let again = self.wanted.swap(true, Ordering::Relaxed);
        if again || !is_connected {
            if let Some(settings) = settings {
                settings.restore();
            }
            show_cursor();
            if again {
                tell(&format!("interrupted again: {}", what_was_done()));
            }
            leave(Exit::Interrupted);
        }
        // Neither must keep the second signal from being heard: both can take for ever.
        let interrupt = self.clone();
        thread::spawn(move || {
            thread::sleep(GRACE);
            interrupt.cancel();
        });
        thread::spawn(|| leave_if_silent("interrupted", Exit::Interrupted));
    }
}
