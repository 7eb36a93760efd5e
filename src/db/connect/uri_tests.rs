//! Claims about connection URIs.

use super::*;

fn read(text: &str) -> String {
    match parse(without_scheme(text).unwrap()) {
        Ok(values) => values.spelt(),
        Err(reason) => format!("error: {reason}"),
    }
}

#[test]
fn all_parts_are_found() {
    assert_eq!(
        read("postgres://u:p%40@h:1/d?sslmode=disable&connect_timeout=2"),
        "connect_timeout=2;dbname=d;host=h;password=p@;port=1;sslmode=disable;user=u;"
    );
}

#[test]
fn empty_parts_are_not_given() {
    assert_eq!(read("postgresql://:@:/"), "");
    assert_eq!(read("postgres://"), "");
}

#[test]
fn hosts_and_ports_are_lists() {
    assert_eq!(read("postgres://a:1,[::1]:2,c/d"), "dbname=d;host=a,::1,c;port=1,2,;");
}

#[test]
fn a_socket_directory_is_percent_encoded() {
    assert_eq!(read("postgres://%2Ftmp/d"), "dbname=d;host=/tmp;");
    assert_eq!(read("postgres:///d?host=/tmp"), "dbname=d;host=/tmp;");
}

#[test]
fn an_at_sign_after_the_first_slash_is_no_credential() {
    assert_eq!(read("postgres://h/d?application_name=a@b"), "application_name=a@b;dbname=d;host=h;");
}

#[test]
fn the_query_may_follow_the_host() {
    assert_eq!(read("postgres://h?user=u"), "host=h;user=u;");
}

#[test]
fn the_spelling_of_jdbc_means_require() {
    assert_eq!(read("postgres://?ssl=true"), "sslmode=require;");
}

#[test]
fn what_libpq_refuses_is_refused() {
    for (text, word) in [
        ("postgres://[::1", "no matching"),
        ("postgres://[]", "may not be empty"),
        ("postgres://[::1]x", "unexpected character"),
        ("postgres://h%zz", "percent-encoded"),
        ("postgres://h%2", "percent-encoded"),
        ("postgres://h%+1", "percent-encoded"),
        ("postgres://h%00", "%00"),
        ("postgres://h%ff", "no UTF-8"),
        ("postgres://h?user", "missing key/value separator"),
        ("postgres://h?user=a=b", "extra key/value separator"),
        ("postgres://h?foo=a", "invalid URI query parameter: \"foo\""),
        ("postgres://h?ssl=false", "invalid URI query parameter: \"ssl\""),
    ] {
        let said = read(text);
        assert!(said.starts_with("error: ") && said.contains(word), "{text}: {said}");
    }
}

#[test]
fn an_unencoded_password_is_not_shown() {
    for text in [
        "postgres://u:pa@hush@h/d",
        "postgres://u:hush/x@h/d",
        "postgres://u:12/hush@h/d",
        "postgres://u:a@ßhush@h/d",
        "postgres://u:a@hush/b@h/d",
        "postgres://u:a@hush,@h/d",
        "postgres://u:/hush@h/d",
        "postgres://u:hush%zz@h/d",
        "postgres://u:p@h?password=a&hush",
        "postgres://u:p@h?password=a&hush=b",
        "postgres://u:p@h?password=a=hush",
        "postgres://u:hush%00@h/d",
    ] {
        let said = read(text);
        assert!(said.starts_with("error: ") && !said.contains("hush"), "{text}: {said}");
    }
}
