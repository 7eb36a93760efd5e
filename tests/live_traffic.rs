//! Fixes in a loop beside traffic of every kind: no value is handed out twice, no sequence goes back, and once a fix has
//! reported its tables done no default INSERT fails. `PGSEQFIX_STRESS_SECONDS` makes it longer; the figures are printed.

mod support;

use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::error::SqlState;
use support::repair::{Bell, duplicates, fix_command, role_with};
use support::{Database, Run};

/// Drawn from one at a time; in blocks; and emptied again and again with RESTART IDENTITY.
const TABLES: [&str; 3] = ["Plain", "Blocks", "Restarted"];

/// What is counted, and what must not be.
#[derive(Default)]
struct Tally {
    inserts: AtomicU64,
    draws: AtomicU64,
    imports: AtomicU64,
    restarts: AtomicU64,
    collisions: AtomicU64,
    fixes: AtomicU64,
    moves: AtomicU64,
    longest_us: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

impl Tally {
    fn wrong(&self, what: String) {
        self.wrong.lock().expect("nobody panics with it").push(what);
    }

    fn took(&self, began: Instant) {
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.longest_us.fetch_max(took, SeqCst);
    }
}

/// What all sessions look at.
struct Traffic<'a> {
    database: &'a Database,
    tally: Tally,
    is_over: AtomicBool,
    /// Counts on: see [`IMPORTING`], [`PAUSED`] and [`COVERED`].
    epoch: AtomicU64,
    /// How many imports are open.
    importing: AtomicU64,
}

/// What an epoch is, by its remainder: imports come in; no more do, and those that are open end; all that came in is
/// covered by a fix.
const IMPORTING: u64 = 0;
const PAUSED: u64 = 1;
const COVERED: u64 = 2;

impl Traffic<'_> {
    fn goes_on(&self) -> bool {
        !self.is_over.load(SeqCst)
    }

    /// Whether what began in an epoch began and ended with all imports covered.
    fn was_covered(&self, epoch: u64) -> bool {
        epoch % 3 == COVERED && self.epoch.load(SeqCst) == epoch
    }

    fn next_epoch(&self, expected: u64) {
        assert_eq!(self.epoch.fetch_add(1, SeqCst) % 3, expected);
    }

    fn client(&self) -> Client {
        self.database.client()
    }

    /// Takes the outcome of a default INSERT, or of one that uses a drawn value.
    fn judge(&self, what: &str, epoch: u64, done: Result<(), postgres::Error>) {
        let Err(error) = done else { return };
        match error.code() {
            Some(code) if *code == SqlState::UNIQUE_VIOLATION && !self.was_covered(epoch) => {
                self.tally.collisions.fetch_add(1, SeqCst);
            }
            _ => self.tally.wrong(format!("{what}: {error:?}")),
        }
    }

    /// Inserts by default; the values that it gets.
    fn insert(&self, table: &str) -> Vec<i64> {
        let (mut client, mut got) = (self.client(), Vec::new());
        let sql = format!("INSERT INTO \"{table}\" DEFAULT VALUES RETURNING id");
        while self.goes_on() {
            let (epoch, began) = (self.epoch.load(SeqCst), Instant::now());
            let done = client.query_one(&sql, &[]).map(|row| got.push(row.get(0)));
            self.tally.took(began);
            self.judge(table, epoch, done);
            self.tally.inserts.fetch_add(1, SeqCst);
        }
        got
    }

    /// Draws first and inserts later, in one transaction; the values that it draws.
    fn draw(&self, table: &str) -> Vec<i64> {
        let (mut client, mut got) = (self.client(), Vec::new());
        let draw = format!("SELECT nextval('\"{table}_id_seq\"')");
        let insert = format!("INSERT INTO \"{table}\" (id) VALUES ($1)");
        while self.goes_on() {
            let epoch = self.epoch.load(SeqCst);
            let done = client.transaction().and_then(|mut both| {
                let value: i64 = both.query_one(&draw, &[])?.get(0);
                got.push(value);
                thread::sleep(Duration::from_millis(2));
                let began = Instant::now();
                both.execute(&insert, &[&value])?;
                self.tally.took(began);
                both.commit()
            });
            self.judge(table, epoch, done);
            self.tally.draws.fetch_add(1, SeqCst);
            thread::sleep(Duration::from_millis(3));
        }
        got
    }

    /// Imports ids ahead of the sequence, in transactions that stay open for a while.
    fn import(&self, table: &str) {
        let mut client = self.client();
        let sql = format!(
            "INSERT INTO \"{table}\" (id) SELECT state.last_value + 500 + n * 3
             FROM \"{table}_id_seq\" AS state, generate_series(1, 20) AS n ON CONFLICT DO NOTHING"
        );
        while self.goes_on() {
            self.importing.fetch_add(1, SeqCst);
            if self.epoch.load(SeqCst) % 3 == IMPORTING {
                let done = client.transaction().and_then(|mut import| {
                    import.execute(&sql, &[])?;
                    thread::sleep(Duration::from_millis(15));
                    import.commit()
                });
                self.judge(table, IMPORTING, done);
                self.tally.imports.fetch_add(1, SeqCst);
            }
            self.importing.fetch_sub(1, SeqCst);
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn restart(&self) {
        let mut client = self.client();
        while self.goes_on() {
            let done = client.batch_execute("TRUNCATE \"Restarted\" RESTART IDENTITY");
            self.judge("TRUNCATE", COVERED, done);
            self.tally.restarts.fetch_add(1, SeqCst);
            thread::sleep(Duration::from_millis(70));
        }
    }

    /// Looks whether a sequence ever goes back.
    fn watch(&self, table: &str) {
        let mut client = self.client();
        let sql = format!("SELECT last_value FROM \"{table}_id_seq\"");
        let mut highest = 0;
        while self.goes_on() {
            match client.query_opt(&sql, &[]).map(|row| row.map(|row| row.get::<_, i64>(0))) {
                Ok(Some(value)) if value >= highest => highest = value,
                Ok(Some(value)) => self.tally.wrong(format!("{table} went back from {highest} to {value}")),
                // Before 18 whoever looks at the moment of an ALTER finds no row, or not even the file's first block.
                Ok(None) => {}
                Err(error) if error.code() == Some(&SqlState::DATA_CORRUPTED) => {}
                Err(error) => self.tally.wrong(format!("watching: {error:?}")),
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Fixes again and again; then once more with all imports in, after which the others go on for a while.
    fn repair(&self, fix: &dyn Fn() -> Repair, time: Duration) {
        let fix = || {
            let done = fix();
            self.tally.fixes.fetch_add(1, SeqCst);
            self.tally.moves.fetch_add(done.moves, SeqCst);
            done.is_all
        };
        let begin = Instant::now();
        while begin.elapsed() < time {
            for _ in 0..4 {
                fix();
            }
            self.next_epoch(IMPORTING);
            while self.importing.load(SeqCst) > 0 {
                thread::sleep(Duration::from_millis(1));
            }
            if !(0..30).any(|_| fix()) {
                self.tally.wrong("thirty fixes left something undone although no import was open".into());
            }
            self.next_epoch(PAUSED);
            thread::sleep(Duration::from_millis(150));
            self.next_epoch(COVERED);
        }
    }
}

/// What a fix came to.
struct Repair {
    moves: u64,
    is_all: bool,
}

fn tables() -> Database {
    let database = Database::new();
    for table in TABLES {
        database.execute(&format!(
            "CREATE TABLE \"{table}\" (id bigserial PRIMARY KEY, note text); INSERT INTO \"{table}\" SELECT generate_series(1, 50)"
        ));
    }
    database
}

/// Lets all of them at it, and tells what happened: what was counted, what was wrong, and how many values were handed out
/// twice.
fn traffic(database: &Database, name: &str, fix: &dyn Fn() -> Repair) -> (Vec<String>, usize) {
    let seconds = env::var("PGSEQFIX_STRESS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let traffic = Traffic {
        database,
        tally: Tally::default(),
        is_over: AtomicBool::new(false),
        epoch: AtomicU64::new(IMPORTING),
        importing: AtomicU64::new(0),
    };
    let twice: usize = thread::scope(|scope| {
        let bell = Bell(&traffic.is_over);
        let all = &traffic;
        let plain =
            [scope.spawn(|| all.insert("Plain")), scope.spawn(|| all.draw("Plain")), scope.spawn(|| all.draw("Plain"))];
        let blocks = [scope.spawn(|| all.insert("Blocks")), scope.spawn(|| all.insert("Blocks"))];
        scope.spawn(|| all.insert("Restarted"));
        scope.spawn(|| all.restart());
        for table in TABLES {
            scope.spawn(move || all.import(table));
        }
        for table in ["Plain", "Blocks"] {
            scope.spawn(move || all.watch(table));
        }
        all.repair(fix, Duration::from_secs(seconds));
        drop(bell);
        let values = |drawing: Vec<thread::ScopedJoinHandle<Vec<i64>>>| -> Vec<i64> {
            drawing.into_iter().flat_map(|one| one.join().expect("it draws")).collect()
        };
        duplicates(&values(plain.into())) + duplicates(&values(blocks.into()))
    });
    let tally = traffic.tally;
    let wrong = tally.wrong.into_inner().expect("nobody panicked with it");
    println!(
        "{name}: {} s, {} inserts, {} draws, {} imports, {} restarts, {} fixes, {} moves; {} collided before a fix; \
         longest write {} ms; {twice} values twice; {} wrong",
        seconds,
        tally.inserts.load(SeqCst),
        tally.draws.load(SeqCst),
        tally.imports.load(SeqCst),
        tally.restarts.load(SeqCst),
        tally.fixes.load(SeqCst),
        tally.moves.load(SeqCst),
        tally.collisions.load(SeqCst),
        tally.longest_us.load(SeqCst) / 1000,
        wrong.len()
    );
    assert!(tally.moves.load(SeqCst) > 0, "nothing was moved, and so nothing is proven");
    (wrong, twice)
}

fn fixed_by(run: &Run) -> Repair {
    let report = run.json();
    let is_set = |sequence: &&serde_json::Value| sequence["outcome"]["result"] == "set";
    let moves = report["sequences"].as_array().map_or(0, |all| all.iter().filter(is_set).count());
    Repair { moves: moves as u64, is_all: run.status == 0 }
}

#[test]
fn an_owner_fixes_beside_all_of_it() {
    let database = tables();
    database.execute("ALTER SEQUENCE \"Blocks_id_seq\" CACHE 20");
    let fix = || fixed_by(&fix_command(&database, &[]));
    assert_eq!(traffic(&database, "as owner", &fix), (Vec::new(), 0));
}

#[test]
fn somebody_else_fixes_beside_all_of_it() {
    let database = tables();
    let grants = TABLES.map(|table| {
        format!(
            "GRANT SELECT, UPDATE ON \"{table}\" TO @role; GRANT SELECT, USAGE ON SEQUENCE \"{table}_id_seq\" TO @role;"
        )
    });
    let role = role_with(&database, &grants.concat());
    let fix = || fixed_by(&fix_command(&database, &["-U", &role]));
    assert_eq!(traffic(&database, "by nextval", &fix), (Vec::new(), 0));
}

/// That all this would find what is wrong: the way of the scripts, which has no guard.
#[test]
#[ignore = "it fails, as it should, but only most of the time"]
fn without_a_guard_values_are_handed_out_twice() {
    let database = tables();
    let fix = || {
        for table in TABLES {
            // It can be the victim of a deadlock, too.
            let _ = database.try_execute(&format!(
                "SELECT setval('\"{table}_id_seq\"', greatest((SELECT max(id) FROM \"{table}\"), last_value)) FROM \"{table}_id_seq\""
            ));
        }
        Repair { moves: 3, is_all: true }
    };
    let (wrong, twice) = traffic(&database, "without a guard", &fix);
    assert!(!wrong.is_empty() || twice > 0, "it went well for once");
}
