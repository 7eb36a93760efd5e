//! Ctrl-C and its like: the running query is cancelled on the server, and the run ends in good order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use pgseqfix::db::unanswered_for;
use postgres::{CancelToken, NoTls};

use super::exit::Exit;
use super::silence::{leave, leave_if_silent};
use super::terminal::{TerminalSettings, show_cursor};

/// How long a statement may go on before it is cancelled: longer than a wait for a lock.
///
/// The driver closes the connection of a cancel request at once, and `PgBouncer` 1.18 ends with all its clients where
/// that is before the server has answered (<https://github.com/pgbouncer/pgbouncer/issues/801>).
const GRACE: Duration = Duration::from_millis(800);

/// Remembers that the run shall end, and how to end what the server is doing for us.
#[derive(Clone, Default)]
pub struct Interrupt {
    wanted: Arc<AtomicBool>,
    cancel: Arc<Mutex<Vec<CancelToken>>>,
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
    pub fn can_cancel(&self, token: CancelToken) {
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner).push(token);
    }

    /// Whether a signal came.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    fn hear(&self, settings: Option<&TerminalSettings>) {
        let again = self.wanted.swap(true, Ordering::Relaxed);
        let tokens = self.cancel.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if again || tokens.is_empty() {
            if let Some(settings) = settings {
                settings.restore();
            }
            show_cursor();
            leave(Exit::Interrupted);
        }
        // Neither must keep the second signal from being heard: both can take for ever.
        thread::spawn(move || cancel(&tokens));
        thread::spawn(|| leave_if_silent("interrupted", Exit::Interrupted));
    }
}

/// Tells the server to stop what does not end by itself; the newest session first, as one that has been replaced knows
/// nothing of it.
fn cancel(tokens: &[CancelToken]) {
    thread::sleep(GRACE);
    for token in tokens.iter().rev().filter(|_| unanswered_for().is_some()) {
        if let Err(error) = token.cancel_query(NoTls) {
            log::info!("could not cancel the running query: {error}");
        }
    }
}
