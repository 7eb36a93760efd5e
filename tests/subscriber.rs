//! A subscriber of logical replication: while rows still arrive, what is found and fixed holds for the moment only.

mod support;

use std::thread;

use support::claims::Report;
use support::situations::wait_until;
use support::{Database, Run, Server, role_name};

/// A publisher, and a subscriber whose subscription `"Up, North"` is enabled.
struct Pair {
    publisher: Database,
    subscriber: Database,
}

const TABLE: &str = r#"CREATE TABLE "Orders" (id serial PRIMARY KEY, note text)"#;
const INSERT: &str = r#"INSERT INTO "Orders" DEFAULT VALUES RETURNING id"#;

impl Pair {
    fn new() -> Self {
        let start = || Server::start_own(&["wal_level=logical", "max_worker_processes=8"]);
        let other = thread::spawn(start);
        let (publisher, subscriber) = (Database::on(&start()), Database::on(&other.join().expect("it starts")));
        publisher.execute(&format!(r#"{TABLE}; CREATE PUBLICATION "North" FOR TABLE "Orders""#));
        subscriber.execute(TABLE);
        let pair = Self { publisher, subscriber };
        pair.publish(10);
        let (server, name) = (pair.publisher.server(), pair.publisher.name());
        let conninfo =
            format!("host={} port={} user=postgres dbname=''{name}''", server.directory().display(), server.port());
        pair.subscriber.execute(&format!(
            r#"CREATE SUBSCRIPTION "Up, North" CONNECTION '{conninfo}' PUBLICATION "North" WITH (slot_name = north)"#
        ));
        pair.await_rows(10);
        pair
    }

    /// Rows that the publisher gives their ids.
    fn publish(&self, rows: u32) {
        self.publisher.execute(&format!(r#"INSERT INTO "Orders" (note) SELECT 'new' FROM generate_series(1, {rows})"#));
    }

    fn await_rows(&self, rows: i64) {
        wait_until("all rows have arrived", || {
            self.subscriber.value::<i64>(r#"SELECT count(*) FROM "Orders""#) == rows
        });
    }

    fn fix(&self) -> Run {
        self.subscriber.run(&["fix", "--yes", "--format", "json"])
    }
}

/// The subscriptions are named in JSON and on the screen, or nothing is said.
fn warns(run: &Run) -> bool {
    let warning = r#"rows are still arriving by logical replication (subscription "Up, North")"#;
    let report: Report = run.report();
    let is_in_json = report.at("/warnings").to_string().contains(&warning.replace('"', r#"\""#));
    assert_eq!(is_in_json, run.stderr.starts_with(&format!("warning: {warning}")), "{run:#?}");
    assert!(is_in_json || run.stderr.is_empty(), "{run:#?}");
    is_in_json
}

#[test]
fn while_a_subscription_is_enabled_scan_and_fix_say_that_rows_are_still_arriving() {
    let pair = Pair::new();
    let scan = pair.subscriber.run(&["--format", "json"]).expect_status(1);
    assert!(warns(&scan));
    assert_eq!(scan.report().sequence("Orders_id_seq")["farthest_value"], 10);
    let table = pair.subscriber.run(&[]).expect_status(1);
    assert!(table.stderr.starts_with("warning: rows are still arriving"), "{table:#?}");

    // A fix is past what has arrived, and no further.
    assert!(warns(&pair.fix().expect_status(0)));
    assert_eq!(pair.subscriber.sequence_states()[r#"public."Orders_id_seq""#], (10, true));
    pair.publish(5);
    pair.await_rows(15);
    assert!(warns(&pair.subscriber.run(&["--format", "json"]).expect_status(1)));
    assert!(warns(&pair.subscriber.run(&["fix", "--dry-run", "--format", "json"]).expect_status(1)));
    assert!(warns(&pair.fix().expect_status(0)));

    // Whoever may read the table is told, too.
    let role = role_name();
    pair.subscriber
        .execute(&format!(r#"CREATE ROLE "{role}" LOGIN; GRANT SELECT ON "Orders", "Orders_id_seq" TO "{role}""#));
    assert!(warns(&pair.subscriber.run(&["--format", "json", "-U", &role]).expect_status(0)));
    // A subscription is one database's.
    let beside = Database::on(pair.subscriber.server());
    assert!(!warns(&beside.run(&["--format", "json"]).expect_status(0)));
    assert!(!warns(&pair.publisher.run(&["--format", "json"]).expect_status(0)));

    let violation = pair.subscriber.violation(r#"INSERT INTO "Orders" VALUES (7)"#);
    let explained = pair.subscriber.explain(&violation, 0).expect("sequence_past");
    assert!(explained.json["warnings"].to_string().contains("still arriving"), "{:#}", explained.json);

    pair.subscriber.execute(r#"ALTER SUBSCRIPTION "Up, North" DISABLE"#);
    pair.publish(5);
    assert!(!warns(&pair.subscriber.run(&["--format", "json"]).expect_status(0)));
    assert!(!warns(&pair.fix().expect_status(0)));
    pair.subscriber.assert_draws(INSERT, 16);
}

#[test]
fn a_fix_beside_arriving_rows_stops_nothing_and_what_arrived_before_it_is_passed() {
    let pair = Pair::new();
    let publishing = thread::spawn({
        let mut client = pair.publisher.client();
        move || {
            for _ in 0..200 {
                client.batch_execute(r#"INSERT INTO "Orders" (note) VALUES ('live')"#).expect("nobody keeps it");
            }
        }
    });
    while !publishing.is_finished() {
        let arrived: i64 = pair.subscriber.value(r#"SELECT max(id)::bigint FROM "Orders""#);
        pair.fix().expect_status(0);
        let (last, _) = pair.subscriber.sequence_states()[r#"public."Orders_id_seq""#];
        assert!(last >= arrived, "{last} is before {arrived}");
    }
    publishing.join().expect("all was published");
    pair.await_rows(210);
    pair.fix().expect_status(0);
    pair.subscriber.assert_draws(INSERT, 211);
}
