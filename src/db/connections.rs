//! The connections of a run, and how work is shared among them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use postgres::Client;

use super::error::Error;
use super::watch::Watch;

/// Opens one more connection to the same database, as the same role.
pub type Open<'a> = Box<dyn FnMut() -> Result<Client, Error> + Send + 'a>;

/// The connection that the caller brings, and as many more as there is work for.
pub struct Connections<'a> {
    first: &'a mut Client,
    more: Option<More<'a>>,
}

struct More<'a> {
    jobs: usize,
    open: Mutex<Open<'a>>,
}

/// How many relations a session touches before it is replaced: it keeps what it learnt of each, some 10 kB,
/// for as long as it lives.
const MOST_RELATIONS: i64 = 12_000;

impl<'a> Connections<'a> {
    /// This one alone.
    pub fn one(client: &'a mut Client) -> Self {
        Self { first: client, more: None }
    }

    /// At most `jobs` at a time; those after the first are opened when there is work for them, and each is replaced
    /// by a new one when its session on the server has grown.
    pub fn many(client: &'a mut Client, jobs: usize, open: Open<'a>) -> Self {
        Self { first: client, more: Some(More { jobs: jobs.max(1), open: Mutex::new(open) }) }
    }

    /// The caller's.
    pub fn first(&mut self) -> &mut Client {
        self.first
    }

    /// Does what changes nothing over the caller's connection, and once more over a new one where the server has ended it:
    /// it may have been idle for long while another one worked.
    pub(crate) fn with_first<D>(&mut self, work: impl Fn(&mut Client) -> Result<D, Error>) -> Result<D, Error> {
        match (work(self.first), &self.more) {
            (Err(error), Some(more)) if error.is_connection_lost() => {
                log::info!("connecting again: {}", error.said());
                // Dropping a client whose connection is gone can hang.
                std::mem::forget(std::mem::replace(self.first, more.open()?));
                work(self.first)
            }
            (done, _) => done,
        }
    }

    /// How many can be worked with.
    pub(crate) fn jobs(&self) -> usize {
        self.more.as_ref().map_or(1, |more| more.jobs)
    }

    /// Does every piece of work over one of the connections, and hands what comes of it to `take`, in any order.
    /// Ends early where `work` fails or `watch` says so; what was begun is then finished or cancelled.
    ///
    /// # Errors
    ///
    /// The first that `work` or `take` returned.
    pub(crate) fn share<W: Weigh + Send, D: Send>(
        &mut self,
        mut pieces: Pieces<W>,
        work: impl Fn(&mut Client, W, &dyn Fn() -> bool) -> Result<D, Error> + Sync,
        mut take: impl FnMut(D, &mut dyn Watch) -> Result<(), Error>,
        watch: &mut dyn Watch,
    ) -> Result<(), Error> {
        let workers = self.jobs().min(pieces.workers());
        if workers == 1 {
            return self.work_alone(pieces, work, take, watch);
        }
        let mut first = Some(&mut *self.first);
        let more = self.more.as_ref();
        let pieces = Mutex::new(&mut pieces);
        let is_stopped = AtomicBool::new(false);
        let mut failure = None;
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for number in 0..workers {
                let (sender, given) = (sender.clone(), first.take());
                let (pieces, work, is_stopped) = (&pieces, &work, &is_stopped);
                scope.spawn(move || {
                    // Asked, not remembered: who was cancelled must know at once whether the run is.
                    let stopped = || {
                        let (reply, answer) = mpsc::channel();
                        let asked = sender.send(News::Question(reply)).is_ok();
                        is_stopped.load(Ordering::Relaxed) || asked && answer.recv().unwrap_or(true)
                    };
                    let mut session = match Session::begin(given, more) {
                        Ok(session) => session,
                        // The others do its work.
                        Err(error) => return log::info!("one connection fewer: {}", error.said()),
                    };
                    while !stopped() {
                        let next = pieces.lock().unwrap_or_else(PoisonError::into_inner).take(number > 0);
                        let Some(piece) = next else { break };
                        session.renew_for(piece.relations(), more);
                        let done = work(session.client(), piece, &stopped);
                        let is_over = done.is_err();
                        if sender.send(News::Done(done)).is_err() || is_over {
                            return session.leave();
                        }
                    }
                    if stopped() {
                        session.leave();
                    }
                });
            }
            drop(sender);
            while let Ok(news) = receiver.recv() {
                match news {
                    News::Done(done) => {
                        if let Err(error) = done.and_then(|done| take(done, watch)) {
                            is_stopped.store(true, Ordering::Relaxed);
                            failure.get_or_insert(error);
                        }
                    }
                    // Who asked may be gone by now.
                    News::Question(reply) => _ = reply.send(watch.is_stopped()),
                }
            }
        });
        failure.map_or(Ok(()), Err)
    }

    /// As [`share`](Self::share), in the caller's own thread: what is little is done before another would have begun.
    fn work_alone<W: Weigh, D>(
        &mut self,
        mut pieces: Pieces<W>,
        work: impl Fn(&mut Client, W, &dyn Fn() -> bool) -> Result<D, Error>,
        mut take: impl FnMut(D, &mut dyn Watch) -> Result<(), Error>,
        watch: &mut dyn Watch,
    ) -> Result<(), Error> {
        let more = self.more.as_ref();
        let mut session = Session::begin(Some(&mut *self.first), more)?;
        while !watch.is_stopped() {
            let Some(piece) = pieces.take(false) else { break };
            session.renew_for(piece.relations(), more);
            let done = work(session.client(), piece, &|| watch.is_stopped())?;
            take(done, watch)?;
        }
        Ok(())
    }
}

/// What a worker tells the caller's thread.
enum News<D> {
    /// A piece is done, or failed.
    Done(Result<D, Error>),
    /// Whether to stop.
    Question(mpsc::Sender<bool>),
}

/// A piece of work, by what it asks of a session.
pub(crate) trait Weigh {
    /// How many relations it touches.
    fn relations(&self) -> i64;
}

/// Work that waits: what is soon done, and what takes long. The first connection prefers the one and all others the
/// other, so that neither waits for the other; who has nothing left helps.
pub(crate) struct Pieces<W> {
    short: VecDeque<W>,
    long: VecDeque<W>,
    /// How many short ones are worth another connection.
    worth: usize,
}

/// How many short pieces are worth another connection: opening it takes as long.
const WORTH_A_CONNECTION: usize = 8;

impl<W> Pieces<W> {
    /// Both in the order in which they shall be begun.
    pub(crate) fn new(short: Vec<W>, long: Vec<W>) -> Self {
        Self { short: short.into(), long: long.into(), worth: WORTH_A_CONNECTION }
    }

    /// The same of short ones that are worth a connection each.
    pub(crate) fn large(short: Vec<W>, long: Vec<W>) -> Self {
        Self { worth: 1, ..Self::new(short, long) }
    }

    fn workers(&self) -> usize {
        self.long.len() + self.short.len().div_ceil(self.worth)
    }

    fn take(&mut self, prefers_long: bool) -> Option<W> {
        if prefers_long {
            self.long.pop_front().or_else(|| self.short.pop_front())
        } else {
            self.short.pop_front().or_else(|| self.long.pop_front())
        }
    }
}

/// A worker's connection: lent by the caller, or its own.
struct Session<'c> {
    client: Held<'c>,
    /// How many relations were touched over it.
    touched: i64,
}

enum Held<'c> {
    Lent(&'c mut Client),
    Own(Box<Client>),
}

impl<'c> Session<'c> {
    fn begin(given: Option<&'c mut Client>, more: Option<&More>) -> Result<Self, Error> {
        let client = match (given, more) {
            (Some(client), _) => Held::Lent(client),
            (None, Some(more)) => Held::Own(Box::new(more.open()?)),
            (None, None) => return Err(Error::refusal("could not open a connection", "only one was given")),
        };
        Ok(Self { client, touched: 0 })
    }

    fn client(&mut self) -> &mut Client {
        match &mut self.client {
            Held::Lent(client) => client,
            Held::Own(client) => client,
        }
    }

    /// Replaces the connection once it has touched so much that the server's session has grown.
    fn renew_for(&mut self, relations: i64, more: Option<&More>) {
        self.touched += relations;
        if self.touched <= MOST_RELATIONS {
            return;
        }
        self.touched = relations;
        let Some(more) = more else { return };
        match more.open() {
            Ok(new) => *self.client() = new,
            Err(error) => log::info!("the connection is kept: {}", error.said()),
        }
    }

    /// Leaves a connection that may be gone: dropping it could hang.
    fn leave(self) {
        if let Held::Own(client) = self.client {
            std::mem::forget(client);
        }
    }
}

impl More<'_> {
    fn open(&self) -> Result<Client, Error> {
        (self.open.lock().unwrap_or_else(PoisonError::into_inner))()
    }
}
