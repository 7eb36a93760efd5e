//! Claims about resolved settings.

use super::*;

/// Resolves with these variables and a home directory without any file of ours.
fn resolve(database: &str, variables: &[(&str, &str)]) -> Result<Settings, Error> {
    let given = Given { database: Some(database.to_owned()), ..Given::default() };
    Settings::resolve(&given, &|wanted| {
        let found = variables.iter().find(|(name, _)| *name == wanted);
        let nowhere = (wanted == "HOME").then_some("/nonexistent");
        found.map(|(_, value)| *value).or(nowhere).map(str::to_owned)
    })
}

fn refusal(database: &str) -> String {
    resolve(database, &[]).unwrap_err().said()
}

fn password(settings: &Settings, index: usize) -> Option<&str> {
    settings.endpoints[index].password.as_ref().map(Secret::reveal)
}

#[test]
fn the_database_defaults_to_the_user_and_the_user_to_the_account() {
    let settings = resolve("", &[]).unwrap();
    assert_eq!(settings.user(), account::user_name().unwrap());
    assert_eq!(resolve("user=''", &[]).unwrap().user(), account::user_name().unwrap());
    assert_eq!(settings.database(), settings.user());
    assert_eq!(resolve("", &[("PGUSER", "u")]).unwrap().database(), "u");
}

#[test]
fn debug_shows_no_password() {
    let settings = resolve("postgres://u:hush@h/d", &[]).unwrap();
    assert_eq!(password(&settings, 0), Some("hush"));
    assert!(!format!("{settings:?}").contains("hush"));
}

#[test]
fn our_name_gives_way_to_any_other() {
    let name = |database, variables: &[_]| resolve(database, variables).unwrap().application_name;
    assert_eq!(name("d", &[]), "pgseqfix");
    assert_eq!(name("fallback_application_name=f", &[]), "f");
    assert_eq!(name("fallback_application_name=f", &[("PGAPPNAME", "e")]), "e");
}

#[test]
fn a_timeout_of_zero_or_less_is_none() {
    let timeout = |text: &str| resolve(&format!("connect_timeout={text}"), &[]).unwrap().timeout;
    assert_eq!(timeout("3"), Some(Duration::from_secs(3)));
    for none in ["0", "-1", "''"] {
        assert_eq!(timeout(none), None);
    }
    assert_eq!(refusal("connect_timeout=2s"), "invalid integer value \"2s\" for connection option \"connect_timeout\"");
}

#[test]
fn a_socket_ignores_sslmode_and_tcp_does_not() {
    assert!(resolve("host=/d sslmode=verify-full", &[]).is_ok());
    assert!(resolve("sslmode=require", &[]).is_ok());
    assert!(refusal("host=/d,h sslmode=verify-ca sslrootcert=/no/such").contains("does not exist"));
    assert!(refusal("host=/d,h sslmode=verify-full sslrootcert=/no/such").contains("does not exist"));
    assert!(resolve("host=h sslmode=prefer sslcert=c sslkey=k sslrootcert=r", &[]).is_ok());
    assert_eq!(refusal("sslmode=on"), "invalid sslmode value: \"on\"");
}

#[test]
fn each_host_has_its_own_line_in_the_password_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a:1:d:u:first\n*:2:*:*:second\nlocalhost:*:*:*:third\n").unwrap();
    let variables = [("PGPASSFILE", file.path().to_str().unwrap())];
    let settings = resolve("host=a,b,c, port=1,2,3,4 dbname=d user=u", &variables).unwrap();
    let found: Vec<_> = (0..4).map(|index| password(&settings, index)).collect();
    assert_eq!(found, [Some("first"), Some("second"), None, Some("third")]);
}

#[test]
fn a_password_that_is_set_leaves_the_file_unread() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "*:*:*:*:filed\n").unwrap();
    let path = file.path().to_str().unwrap();
    let settings = resolve("d", &[("PGPASSFILE", path), ("PGPASSWORD", "set")]).unwrap();
    assert_eq!(password(&settings, 0), Some("set"));
    assert!(!settings.endpoints[0].password_is_from_file);
    // An empty password is none, as in libpq.
    let settings = resolve("d", &[("PGPASSFILE", path), ("PGPASSWORD", "")]).unwrap();
    assert_eq!(password(&settings, 0), Some("filed"));
}
