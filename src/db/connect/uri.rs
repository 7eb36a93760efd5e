//! Connection URIs: `postgres://user:password@host:port,host:port/database?keyword=value`.

use super::values::Values;

/// What follows `postgresql://` or `postgres://`; `None` if `text` is no URI.
pub(super) fn without_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://"))
}

/// Reads a URI without its scheme; the error is the reason, without any part of the password.
pub(super) fn parse(text: &str) -> Result<Values, String> {
    let mut values = Values::default();
    let (credentials, rest) = split_credentials(text);
    if let Some(credentials) = credentials {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        store(&mut values, "user", user)?;
        store(&mut values, "password", password)?;
    }
    let (hosts, ports, rest) = split_hosts(rest)?;
    let (path, parameters) = match rest.strip_prefix('/') {
        Some(path) => path.split_once('?').unwrap_or((path, "")),
        None => ("", rest.strip_prefix('?').unwrap_or(rest)),
    };
    refuse_stray_password(&hosts, &ports, path, credentials)?;
    if credentials.is_none() && has_empty_port(text) && text.contains('@') {
        return Err(STRAY.to_owned());
    }
    store(&mut values, "host", &hosts)?;
    store(&mut values, "port", &ports)?;
    store(&mut values, "dbname", path)?;
    read_parameters(&mut values, parameters)?;
    Ok(values)
}

/// Splits `user:password@` off, which is there only if an `@` comes before the first `/`.
fn split_credentials(text: &str) -> (Option<&str>, &str) {
    match text.find(['@', '/']) {
        Some(at) if text[at..].starts_with('@') => (Some(&text[..at]), &text[at + 1..]),
        _ => (None, text),
    }
}

/// Takes `host:port,[v6]:port…` apart: the hosts, the ports, and what follows.
fn split_hosts(text: &str) -> Result<(String, String, &str), String> {
    let (mut hosts, mut ports, mut rest) = (String::new(), String::new(), text);
    loop {
        let host;
        if let Some(inside) = rest.strip_prefix('[') {
            let tail;
            (host, tail) =
                inside.split_once(']').ok_or("no matching \"]\" in IPv6 host address in the connection URI")?;
            if host.is_empty() {
                return Err("IPv6 host address may not be empty in the connection URI".to_owned());
            }
            if !tail.is_empty() && !tail.starts_with([':', '/', '?', ',']) {
                return Err("unexpected character after \"]\" in the connection URI".to_owned());
            }
            rest = tail;
        } else {
            (host, rest) = rest.split_at(rest.find([':', '/', '?', ',']).unwrap_or(rest.len()));
        }
        hosts.push_str(host);
        if let Some(tail) = rest.strip_prefix(':') {
            let port;
            (port, rest) = tail.split_at(tail.find(['/', '?', ',']).unwrap_or(tail.len()));
            ports.push_str(port);
        }
        let Some(tail) = rest.strip_prefix(',') else {
            return Ok((hosts, ports, rest));
        };
        hosts.push(',');
        ports.push(',');
        rest = tail;
    }
}

const STRAY: &str = "the connection URI has a port that is no number or a stray \"@\" \
    (inside a user, a password or a database name write %40 for \"@\", %2F for \"/\", %3A for \":\")";

/// Whether nothing stands between the first `:` and the path, where a password that begins with `/` or `?` would.
fn has_empty_port(text: &str) -> bool {
    let authority = text.split(['/', '?']).next().unwrap_or_default();
    !authority.starts_with('[') && authority.ends_with(':')
}

/// Refuses what libpq takes for a host, port or database, and is the tail of a password with an
/// unencoded `@` or `/` in it: the error over that host would show it.
fn refuse_stray_password(hosts: &str, ports: &str, path: &str, credentials: Option<&str>) -> Result<(), String> {
    let has_password = credentials.is_some_and(|credentials| credentials.contains(':'));
    // An abstract socket begins with it; behind a password the first host alone may.
    let host_is_stray = hosts.split(',').any(|host| host.chars().skip(1).any(|letter| letter == '@'))
        || has_password && hosts.contains(",@");
    let port_is_stray = ports.contains(|letter: char| !matches!(letter, '0'..='9' | ','));
    let path_is_stray = path.contains('@') && (has_password || credentials.is_none() && !ports.is_empty());
    if host_is_stray || port_is_stray || path_is_stray {
        return Err(STRAY.to_owned());
    }
    Ok(())
}

/// Reads `keyword=value&…`.
fn read_parameters(values: &mut Values, text: &str) -> Result<(), String> {
    let mut rest = text;
    let mut after_password = false;
    while !rest.is_empty() {
        let pair;
        (pair, rest) = rest.split_once('&').unwrap_or((rest, ""));
        let (keyword, value) = pair
            .split_once('=')
            .ok_or_else(|| "missing key/value separator \"=\" in URI query parameter".to_owned())?;
        if value.contains('=') {
            return Err("extra key/value separator \"=\" in URI query parameter".to_owned());
        }
        let (mut keyword, mut value) = (decode(keyword)?, decode(value)?);
        if keyword == "ssl" && value == "true" {
            (keyword, value) = ("sslmode".to_owned(), "require".to_owned());
        }
        values.set(&keyword, value).map_err(|_| {
            if after_password || keyword.contains('@') {
                // It may be the password's tail.
                "invalid URI query parameter, perhaps of a password (inside one write %26 for \"&\", %3F for \"?\")"
                    .to_owned()
            } else {
                format!("invalid URI query parameter: \"{keyword}\"")
            }
        })?;
        after_password = matches!(keyword.as_str(), "password" | "sslpassword");
    }
    Ok(())
}

/// Stores a decoded part; an empty part is not given.
fn store(values: &mut Values, keyword: &str, part: &str) -> Result<(), String> {
    if part.is_empty() {
        return Ok(());
    }
    let part = decode(part)?;
    values.set(keyword, part).map_err(|_| format!("invalid connection option \"{keyword}\""))
}

/// Takes the percent-encoding off.
fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        // `from_str_radix` would take a sign.
        let code = part
            .get(..2)
            .filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|code| u8::from_str_radix(code, 16).ok())
            .ok_or("invalid percent-encoded token in the connection URI (write %25 for \"%\")")?;
        if code == 0 {
            return Err("forbidden value %00 in the connection URI".to_owned());
        }
        bytes.push(code);
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).map_err(|_| "percent-encoded text is no UTF-8".to_owned())
}

#[cfg(test)]
#[path = "uri_tests.rs"]
mod tests;
