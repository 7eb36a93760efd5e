//! What is excluded and counted, and foreign tables, whose server may never answer.

mod support;

use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use support::{Database, Run};

#[test]
fn an_extensions_sequence_is_excluded_and_counted() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Of Extension" (id serial PRIMARY KEY); INSERT INTO "Of Extension" VALUES (1), (2);
           ALTER EXTENSION plpgsql ADD TABLE "Of Extension"; ALTER EXTENSION plpgsql ADD SEQUENCE "Of Extension_id_seq";
           CREATE TABLE "Ours" (id serial PRIMARY KEY); INSERT INTO "Ours" VALUES (1)"#,
    );
    let report = db.scan(1);
    assert_eq!(report.at("/excluded/extension"), 1);
    assert_eq!(report.sequences().count(), 1);
    db.assert_repaired(&["Ours_id_seq"], &[(r#"INSERT INTO "Ours" DEFAULT VALUES RETURNING id"#, 2)]);
    let screen = db.run(&[]).expect_status(0);
    assert!(format!("{}{}", screen.stdout, screen.stderr).contains("extension"), "{screen:#?}");
    // A child makes the catalog be read the general way.
    db.execute(r#"CREATE TABLE "Child" () INHERITS ("Ours")"#);
    let report = db.scan(0);
    assert_eq!((report.at("/excluded/extension"), report.sequences().count()), (&1.into(), 1));
}

#[test]
fn an_extensions_table_on_our_own_sequence_still_counts() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE "Our Seq";
           CREATE TABLE "Of Extension" (id int PRIMARY KEY DEFAULT nextval('"Our Seq"')); INSERT INTO "Of Extension" VALUES (1);
           ALTER EXTENSION plpgsql ADD TABLE "Of Extension""#,
    );
    db.assert_repaired(&["Our Seq"], &[(r#"INSERT INTO "Of Extension" DEFAULT VALUES RETURNING id"#, 2)]);
}

#[test]
fn other_sessions_temporary_sequences_are_excluded_and_counted() {
    let db =
        Database::with_setup(r#"CREATE TABLE "Lasting" (id serial PRIMARY KEY); INSERT INTO "Lasting" VALUES (1)"#);
    let mut other = db.client();
    other
        .batch_execute(
            r#"CREATE TEMPORARY TABLE "Passing" (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY);
               INSERT INTO "Passing" (id) VALUES (1), (2); CREATE TEMPORARY SEQUENCE "Lone""#,
        )
        .expect("a session may make them");
    let report = db.scan(1);
    assert_eq!(report.at("/excluded/temporary"), 3);
    assert_eq!(report.sequences().count(), 1);
    db.assert_repaired(&["Lasting_id_seq"], &[(r#"INSERT INTO "Lasting" DEFAULT VALUES RETURNING id"#, 2)]);
    drop(other);
}

#[test]
fn a_temporary_table_of_another_session_does_not_count_for_a_lasting_sequence() {
    let db = Database::with_setup(
        r#"CREATE TABLE "Lasting" (id serial PRIMARY KEY); INSERT INTO "Lasting" VALUES (1), (2); CREATE SEQUENCE "Lent""#,
    );
    let mut other = db.client();
    other
        .batch_execute(
            r#"CREATE TEMPORARY TABLE "Copy" (LIKE "Lasting" INCLUDING DEFAULTS); INSERT INTO "Copy" VALUES (5000);
               CREATE TEMPORARY TABLE "Borrower" (id int DEFAULT nextval('"Lent"'), t int DEFAULT nextval('"Lent"'::text));
               INSERT INTO "Borrower" VALUES (70, 70)"#,
        )
        .expect("a session may make them");
    assert_eq!(db.scan(1).sequence("Lent")["status"], "unlinked");
    db.assert_repaired(&["Lasting_id_seq"], &[(r#"INSERT INTO "Lasting" DEFAULT VALUES RETURNING id"#, 3)]);
    drop(other);
}

#[test]
fn a_sequence_in_one_of_the_systems_schemas_is_excluded_and_counted() {
    let db = Database::with_setup(
        r#"CREATE SEQUENCE information_schema.odd; CREATE TABLE "T" (id int DEFAULT nextval('information_schema.odd'));
           INSERT INTO "T" VALUES (1), (2)"#,
    );
    let report = db.assert_nothing_to_do();
    assert_eq!((report.at("/excluded/system"), report.sequences().count()), (&1.into(), 0));
}

/// A database with a foreign server that takes connections and stays silent; none without `postgres_fdw`.
fn with_silent_server(setup: &str) -> Option<Database> {
    let db = Database::new();
    if db.try_execute("CREATE EXTENSION postgres_fdw").is_err() {
        println!("skipped: this server has no postgres_fdw");
        return None;
    }
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("it is bound").port();
    thread::spawn(move || silent.incoming().collect::<Vec<_>>());
    db.execute(&format!(
        r#"CREATE SERVER "Silent" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}');
           CREATE USER MAPPING FOR postgres SERVER "Silent" OPTIONS (user 'x', password 'x'); {setup}"#
    ));
    Some(db)
}

/// Runs it, and fails if it is not back within seconds.
fn within_seconds(db: &Database, args: &[&str]) -> Run {
    let mut child = db.pgseqfix().args(args).spawn().expect("the program can be started");
    let began = Instant::now();
    while child.try_wait().expect("our own child").is_none() {
        if began.elapsed() > Duration::from_secs(20) {
            child.kill().expect("our own child");
            panic!("{args:?} hangs on a foreign server that does not answer");
        }
        thread::sleep(Duration::from_millis(20));
    }
    db.run(args)
}

#[test]
fn a_foreign_table_whose_server_never_answers_is_named_within_seconds() {
    let Some(db) = with_silent_server(
        r#"CREATE SEQUENCE "Far Seq"; CREATE TABLE "Near" (id serial PRIMARY KEY); INSERT INTO "Near" VALUES (1), (2);
           CREATE FOREIGN TABLE "Far" (id int DEFAULT nextval('"Far Seq"')) SERVER "Silent""#,
    ) else {
        return;
    };
    for args in [&["scan"][..], &["fix", "--dry-run"]] {
        within_seconds(&db, args);
    }
    db.assert_repaired(&["Near_id_seq"], &[(r#"INSERT INTO "Near" DEFAULT VALUES RETURNING id"#, 3)]);
    db.assert_left_alone("Far Seq", "not_comparable", r#"public."Far" is a foreign table"#);
}

#[test]
fn a_tree_with_a_foreign_partition_is_named_within_seconds() {
    let Some(db) = with_silent_server(TREE_WITH_FAR_LEAF) else {
        return;
    };
    within_seconds(&db, &["scan"]);
    db.assert_left_alone("Tree_id_seq", "not_comparable", "foreign");
}

#[test]
fn where_the_foreign_partitions_are_is_told_as_a_target_of_its_own() {
    let shard =
        Database::with_setup("CREATE TABLE leaf (id serial PRIMARY KEY, part int); INSERT INTO leaf VALUES (7, 2)");
    let db = Database::on(shard.server());
    if db.try_execute("CREATE EXTENSION postgres_fdw").is_err() {
        println!("skipped: this server has no postgres_fdw");
        return;
    }
    let (host, port) = (shard.server().directory().display().to_string(), shard.server().port());
    db.execute(&format!(
        "CREATE SERVER \"Shard 2\" FOREIGN DATA WRAPPER postgres_fdw
             OPTIONS (host '{host}', port '{port}', dbname '{}');
         CREATE USER MAPPING FOR postgres SERVER \"Shard 2\" OPTIONS (user 'postgres');
         CREATE TABLE tree (id serial, part int) PARTITION BY LIST (part);
         CREATE TABLE near PARTITION OF tree FOR VALUES IN (1);
         CREATE FOREIGN TABLE far PARTITION OF tree FOR VALUES IN (2) SERVER \"Shard 2\" OPTIONS (table_name 'leaf');
         INSERT INTO near VALUES (3, 1), (4, 1)",
        shard.name()
    ));
    let report = db.run(&["--format", "json"]).expect_status(1).json();
    let columns = report["sequences"][0]["columns"].as_array().expect("an array");
    let tree = columns.iter().find(|column| column["table"] == "tree").expect("the tree draws from it");
    let reason = tree["reason"].as_str().expect("why it is blind");
    assert!(reason.contains("a lock reaches to this server's only"), "{reason}");

    // The command that is printed leads there, as it stands.
    let table = db.run(&[]).expect_status(1).stdout;
    let (_, rest) = table.split_once("server \"Shard 2\" (").expect("the server");
    let (command, _) = rest.split_once(')').expect("its command");
    let command = command.replacen("pgseqfix", "\"$0\" -U postgres", 1);
    let found = Run::of(Command::new("sh").args(["-c", &command, env!("CARGO_BIN_EXE_pgseqfix")])).expect_status(1);
    assert!(found.stdout.contains("public.leaf_id_seq"), "{found:#?}");
}

#[test]
fn the_near_partitions_beside_a_foreign_one_are_repaired() {
    let Some(db) = with_silent_server(TREE_WITH_FAR_LEAF) else {
        return;
    };
    db.execute(r#"INSERT INTO "Near Leaf" VALUES (1, 1), (2, 1)"#);
    within_seconds(&db, &["scan"]);
    db.assert_repaired(&["Tree_id_seq"], &[(r#"INSERT INTO "Tree" (part) VALUES (1) RETURNING id"#, 3)]);
}

const TREE_WITH_FAR_LEAF: &str = r#"
    CREATE TABLE "Tree" (id serial, part int) PARTITION BY LIST (part);
    CREATE TABLE "Near Leaf" PARTITION OF "Tree" FOR VALUES IN (1);
    CREATE FOREIGN TABLE "Far Leaf" PARTITION OF "Tree" FOR VALUES IN (2) SERVER "Silent""#;

#[test]
fn a_foreign_table_beside_a_near_one_does_not_keep_it_from_its_repair() {
    let Some(db) = with_silent_server(
        r#"CREATE TABLE "Near" (id serial PRIMARY KEY); INSERT INTO "Near" VALUES (1), (2);
           CREATE FOREIGN TABLE "Far" (id int DEFAULT nextval('"Near_id_seq"')) SERVER "Silent""#,
    ) else {
        return;
    };
    within_seconds(&db, &["scan"]);
    db.assert_repaired(&["Near_id_seq"], &[(r#"INSERT INTO "Near" DEFAULT VALUES RETURNING id"#, 3)]);
}

#[test]
fn a_near_child_of_a_foreign_table_is_repaired() {
    let Some(db) = with_silent_server(
        r#"CREATE SEQUENCE "Both Seq"; CREATE FOREIGN TABLE "Far" (id int DEFAULT nextval('"Both Seq"')) SERVER "Silent";
           CREATE TABLE "Near" (PRIMARY KEY (id)) INHERITS ("Far"); INSERT INTO "Near" VALUES (1), (2)"#,
    ) else {
        return;
    };
    within_seconds(&db, &["scan"]);
    db.assert_repaired(&["Both Seq"], &[(r#"INSERT INTO "Near" DEFAULT VALUES RETURNING id"#, 3)]);
}
