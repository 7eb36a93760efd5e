//! The order in which settings win: connection string, options, service file, environment.

use super::conninfo::holds_secret;
use super::given::Given;
use super::keyword::KEYWORDS;
use super::values::Values;
use super::{conninfo, service};

/// Brings all sources together, keyword by keyword; the error is the reason.
pub(super) fn collect(given: &Given, environment: &dyn Fn(&str) -> Option<String>) -> Result<Values, String> {
    let database = given.database.as_deref().unwrap_or_default();
    if conninfo::is_foreign_uri(database) {
        return Err("a connection URI has to start with \"postgresql://\" or \"postgres://\"".to_owned());
    }
    let is_string = conninfo::is_connection_string(database);
    let mut values = if is_string { conninfo::parse(database)? } else { Values::default() };
    let name = if is_string { None } else { Some(database) };
    let options = [
        ("dbname", name),
        ("host", given.host.as_deref()),
        ("port", given.port.as_deref()),
        ("user", given.user.as_deref()),
    ];
    for (keyword, value) in options {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            fill(&mut values, keyword, value.to_owned());
        }
    }
    service::fill(&mut values, environment)?;
    for (keyword, variable) in KEYWORDS {
        if let Some(value) = variable.and_then(environment) {
            fill(&mut values, keyword, value);
        }
    }
    for keyword in ["dbname", "host", "hostaddr", "port", "user", "service", "servicefile"] {
        // Every error names them, the server's own, too.
        if values.get(keyword).is_some_and(holds_secret) {
            return Err(format!(
                "{keyword} looks like a connection string with a password in it, which only DBNAME and -d take, \
                 as a URI or with blanks between its settings"
            ));
        }
    }
    if environment("PGREQUIRESSL").is_some_and(|value| value.starts_with('1')) {
        fill(&mut values, "sslmode", "require".to_owned());
    }
    Ok(values)
}

/// Fills in a keyword of ours.
fn fill(values: &mut Values, keyword: &str, value: String) {
    values.fill(keyword, value).expect("the table has every keyword that this file names");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(database: &str, host: &str) -> Given {
        Given { database: Some(database.into()), host: Some(host.into()), ..Given::default() }
    }

    fn read(given: &Given, variables: &[(&str, &str)]) -> String {
        let environment = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        let values = collect(given, &environment).unwrap();
        values.spelt()
    }

    #[test]
    fn an_option_loses_to_the_connection_string() {
        assert_eq!(read(&given("host=b", "a"), &[]), "host=b;");
        assert_eq!(read(&given("postgres://b/d", "a"), &[]), "dbname=d;host=b;");
    }

    #[test]
    fn an_option_beats_the_environment() {
        assert_eq!(read(&given("d", "a"), &[("PGHOST", "e"), ("PGDATABASE", "f")]), "dbname=d;host=a;");
    }

    #[test]
    fn an_empty_option_is_not_given() {
        assert_eq!(read(&given("", ""), &[("PGHOST", "e"), ("PGDATABASE", "f")]), "dbname=f;host=e;");
    }

    #[test]
    fn an_empty_keyword_stops_the_search() {
        assert_eq!(read(&given("host=''", ""), &[("PGHOST", "e")]), "host=;");
    }

    #[test]
    fn the_uri_of_another_program_is_refused_and_not_shown() {
        for uri in ["postgresql+asyncpg://u:hush@h/d", "jdbc:postgresql://h/d?user=u&password=hush"] {
            let reason = collect(&given(uri, ""), &|_| None).err().unwrap();
            assert!(reason.contains("has to start with") && !reason.contains("hush"), "{reason}");
        }
        assert_eq!(read(&given("options=a://b", ""), &[]), "options=a://b;");
    }

    #[test]
    fn a_variable_is_never_a_connection_string() {
        assert_eq!(read(&Given::default(), &[("PGDATABASE", "host=x")]), "dbname=host=x;");
    }

    #[test]
    fn a_password_in_the_wrong_place_is_refused_and_not_shown() {
        let hush = "postgres://u:hush@h/d";
        for (variable, value) in
            [("PGHOST", hush), ("PGDATABASE", hush), ("PGUSER", "u;password=hush"), ("PGPORT", hush)]
        {
            let environment = |wanted: &str| (wanted == variable).then(|| value.to_owned());
            let reason = collect(&Given::default(), &environment).err().unwrap();
            assert!(reason.contains("connection string") && !reason.contains("hush"), "{reason}");
        }
        for text in ["postgres:/u:hush@h/d", "dbname=postgres://u:hush@h/d", "user=u,password=hush"] {
            let reason = collect(&given(text, ""), &|_| None).err().unwrap();
            assert!(!reason.contains("hush"), "{reason}");
        }
    }

    #[test]
    fn pgrequiressl_loses_to_pgsslmode() {
        let old = ("PGREQUIRESSL", "1");
        assert_eq!(read(&Given::default(), &[old]), "sslmode=require;");
        assert_eq!(read(&Given::default(), &[old, ("PGSSLMODE", "allow")]), "sslmode=allow;");
    }

    #[test]
    fn a_service_beats_the_environment_and_loses_to_the_string() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[s]\nhost=svc\nport=7\n").unwrap();
        let path = file.path().to_str().unwrap();
        let variables = [("PGSERVICEFILE", path), ("PGHOST", "e"), ("PGPORT", "8")];
        assert_eq!(
            read(&given("service=s port=9", ""), &variables),
            format!("host=svc;port=9;service=s;servicefile={path};")
        );
    }
}
