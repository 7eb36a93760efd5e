//! Connection strings that other programs take: what to make of them here. Nothing of one is repeated: it can hold a
//! password.

use super::conninfo;

/// What to try where `text` was given for the connection and cannot be used, if it looks like another program's.
pub(super) fn advice(text: &str) -> Option<&'static str> {
    if !conninfo::is_foreign_uri(text) && conninfo::parse(text).is_ok() && !text.contains("sslmode=no-verify") {
        // What is wrong is elsewhere.
        return None;
    }
    if text.starts_with(|letter: char| letter.is_whitespace() || letter == '"' || letter == '\'') {
        return Some("a blank or a quotation mark stands in front of it: take it away");
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let is_ado = text.contains(';') && text.contains('=');
        return is_ado.then_some("that is Npgsql's form: write host=… port=… dbname=… user=…, with blanks in between");
    };
    if scheme.contains('=') {
        return Some("a variable's name and = stand in front of it: take them away");
    }
    let scheme = scheme.to_ascii_lowercase();
    if scheme.starts_with("jdbc:") {
        return Some("that is JDBC's form: leave out jdbc:, and give user and password in PGUSER and PGPASSWORD");
    }
    let (name, driver) = scheme.split_once('+').map_or((scheme.as_str(), None), |(name, driver)| (name, Some(driver)));
    if ["postgresql", "postgres"].contains(&name) {
        return match driver {
            Some(_) => {
                Some("a driver's name is SQLAlchemy's: write postgresql:// (in a shell: postgresql://${URL#*://})")
            }
            None => of_parameters(rest),
        };
    }
    Some(match name {
        "postgis" | "pgsql" | "psql" | "ecto" | "pg" => "write postgresql:// (in a shell: postgresql://${URL#*://})",
        _ => "it is for PostgreSQL",
    })
}

/// The same for what stands behind the question mark.
fn of_parameters(rest: &str) -> Option<&'static str> {
    let (_, query) = rest.split_once('?')?;
    let has = |wanted: &str| query.split('&').any(|pair| pair.split('=').next() == Some(wanted));
    if has("schema") || has("currentSchema") {
        return Some("schema is no parameter of libpq: leave it out, and nothing else; -n selects a schema");
    }
    if query.contains("sslmode=no-verify") {
        return Some("no-verify is node-postgres' word: libpq's is require");
    }
    let of_frameworks = [
        "connection_limit",
        "pool",
        "pool_timeout",
        "pool_size",
        "pgbouncer",
        "encoding",
        "serverVersion",
        "charset",
        "statement_cache_size",
        "prepareThreshold",
        "reconnect",
        "adapter",
        "sslaccept",
        "socket_timeout",
    ];
    of_frameworks.into_iter().any(has).then_some("a parameter is your framework's, and none of libpq: leave it out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_other_programs_are_known() {
        let known = [
            ("postgresql+psycopg://u:p@h/d", "SQLAlchemy"),
            ("POSTGRES+asyncpg://h/d", "SQLAlchemy"),
            ("jdbc:postgresql://h/d", "leave out jdbc:"),
            ("postgis://h/d", "postgresql://"),
            ("mysql://h/d", "for PostgreSQL"),
            ("postgres://h/d?schema=public", "-n selects a schema"),
            ("postgres://h/d?sslmode=prefer&connection_limit=1", "your framework's"),
            ("postgres://h/d?sslmode=no-verify", "require"),
            (" postgres://h/d?schema=s", "a blank"),
            ("DATABASE_URL=postgres://h/d", "a variable's name"),
            ("'postgres://h/d'", "quotation mark"),
            ("Host=h;Database=d;Password=p", "Npgsql"),
        ];
        for (text, said) in known {
            assert!(advice(text).is_some_and(|advice| advice.contains(said)), "{text}: {:?}", advice(text));
        }
    }

    #[test]
    fn nothing_is_said_of_what_libpq_takes() {
        let strings = ["host=h port=abc", " host=h port=abc", "host=h password='a;b' sslmode=bogus"];
        for text in ["shop", "postgres://u:p@h/d?sslmode=require", ""].into_iter().chain(strings) {
            assert_eq!(advice(text), None, "{text}");
        }
    }
}
