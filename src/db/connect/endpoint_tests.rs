//! Claims about lists of hosts.

use super::*;

fn read(host: &str, hostaddr: &str, port: &str) -> String {
    let mut values = Values::default();
    for (keyword, value) in [("host", host), ("hostaddr", hostaddr), ("port", port)] {
        values.set(keyword, value.to_owned()).unwrap();
    }
    match list(&values) {
        Ok(endpoints) => endpoints.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        Err(reason) => reason,
    }
}

#[test]
fn one_port_serves_all_hosts() {
    assert_eq!(read("a,b", "", "7"), "on host \"a\", port 7; on host \"b\", port 7");
    assert_eq!(read("a,b", "", ",7"), "on host \"a\", port 5432; on host \"b\", port 7");
}

#[test]
fn addresses_decide_how_many_there_are() {
    assert_eq!(read("a,", "::1,10.0.0.1", "1"), "on host \"a\" (::1), port 1; on host \"10.0.0.1\", port 1");
    assert_eq!(read("a,b", "::1", ""), "could not match 2 host names to 1 hostaddr values");
    assert_eq!(read("a,b", "", "1,2,3"), "could not match 3 port numbers to 2 hosts");
}

#[test]
fn an_address_that_cannot_be_read_is_left_out_while_there_are_others() {
    assert_eq!(read("", "x,10.0.0.1", "1,2"), "on host \"10.0.0.1\", port 2");
    assert_eq!(read("", "x,y", ""), "could not parse network address \"y\"");
}

#[test]
fn a_slash_or_an_at_sign_makes_a_socket() {
    assert_eq!(read("/d", "", "7"), "on socket \"/d/.s.PGSQL.7\"");
    assert_eq!(read("@d", "", ""), "on socket \"@d/.s.PGSQL.5432\"");
}

#[test]
fn the_first_usual_directory_is_named_when_nobody_listens() {
    assert_eq!(read("", "", "1"), "on socket \"/var/run/postgresql/.s.PGSQL.1\"");
}

#[test]
fn a_port_is_a_number_of_16_bits() {
    for port in ["0", "65536", "-1", "x", "1 2"] {
        assert_eq!(read("", "", port), format!("invalid port number: \"{port}\""));
    }
    assert_eq!(read("a", "", " 65535 "), "on host \"a\", port 65535");
}

#[test]
fn the_password_file_knows_the_default_socket_as_localhost() {
    let host = |name: &str| place(Some(name.into()), None, 1).unwrap().passfile_host();
    assert_eq!(host("/var/run/postgresql"), "localhost");
    assert_eq!(host("/elsewhere"), "/elsewhere");
    assert_eq!(default_socket(1).passfile_host(), "localhost");
}
