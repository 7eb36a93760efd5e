//! The tests' own tools, tested.

mod support;

use support::{Database, Server, bin, role_name, server_version};

#[test]
fn a_database_starts_empty_and_reports_every_sequence_in_it() {
    let database = Database::with_setup(
        r#"CREATE SCHEMA "Back Office";
           CREATE TABLE "Back Office"."Stock Items" ("Item Id" serial PRIMARY KEY);
           CREATE SEQUENCE plain START 7;
           INSERT INTO "Back Office"."Stock Items" DEFAULT VALUES"#,
    );
    let states: Vec<_> = database.sequence_states().into_iter().collect();
    let quoted = String::from(r#""Back Office"."Stock Items_Item Id_seq""#);
    assert_eq!(states, [(quoted, (1, true)), (String::from("public.plain"), (7, false))]);
    assert!(Database::new().sequence_states().is_empty());
}

#[test]
fn a_dropped_database_takes_its_open_sessions_along() {
    let database = Database::new();
    let role = role_name();
    database.execute(&format!("CREATE ROLE \"{role}\" LOGIN"));
    let mut client = database.client_as(&role);
    let name = String::from(database.name());
    drop(database);
    assert!(client.simple_query("SELECT 1").is_err());
    let left = Database::new().value::<i64>(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"));
    assert_eq!(left, 0);
}

#[test]
fn an_own_server_can_crash_come_back_and_be_followed() {
    let server = Server::start_own(&["max_connections=20"]);
    let database = Database::on(&server);
    database.execute("CREATE SEQUENCE s; SELECT nextval('s')");
    server.stop_immediate();
    assert!(server.connect("postgres", "postgres").is_err());
    server.start();
    assert_eq!(server.version(), server_version());
    assert_eq!(database.value::<String>("SHOW max_connections"), "20");
    assert!(database.sequence_states()["public.s"].1);
    if bin("pg_basebackup").is_some() {
        let standby = server.standby().expect("pg_basebackup is there");
        let seen = database.seen_on(&standby);
        assert!(seen.value::<bool>("SELECT pg_is_in_recovery()"));
        assert!(seen.sequence_states().contains_key("public.s"));
    }
    server.stop_fast();
    let directory = server.directory().to_path_buf();
    assert!(directory.exists());
    drop((database, server));
    assert!(!directory.exists());
}
