//! A server that cannot begin a session, or is none: it is told at once, as psql tells it.

mod support;

use std::process::Command;

use support::pretender::{Afterwards, Manner, pretend};
use support::{Database, Run};

/// What a server says that has no process for a session, in the form that it has kept since PostgreSQL 7.3.
const OLD: &[u8] = b"Ecould not fork new process for connection: Resource temporarily unavailable\n\0";

const TODAYS: &[u8] = b"E\0\0\0\x3bSFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0";

fn call(mut command: Command, mode: &str, port: u16) -> String {
    command.env("PGHOST", "127.0.0.1").env("PGPORT", port.to_string()).env("PGSSLMODE", mode).arg("-w");
    Run::of(&mut command).expect_status(2).stderr
}

#[test]
fn a_server_without_a_process_for_us_is_heard_as_by_psql() {
    let database = Database::new();
    let (in_exchange, refused) =
        ("server sent an error response during SSL exchange", "server does not support SSL, but SSL was required");
    let (no_fork, too_many) =
        ("could not fork new process for connection: Resource", "sorry, too many clients already");
    for afterwards in [Afterwards::Stays, Afterwards::HangsUp] {
        for (manner, mode, words) in [
            (Manner::Says(OLD), "prefer", in_exchange),
            (Manner::Says(OLD), "require", in_exchange),
            (Manner::Says(TODAYS), "prefer", in_exchange),
            (Manner::Says(OLD), "disable", no_fork),
            (Manner::Says(TODAYS), "disable", too_many),
            (Manner::SaysInPlainText(OLD), "disable", no_fork),
            (Manner::SaysInPlainText(OLD), "prefer", no_fork),
            (Manner::SaysInPlainText(OLD), "allow", no_fork),
            (Manner::SaysInPlainText(TODAYS), "prefer", too_many),
            (Manner::SaysInPlainText(TODAYS), "require", refused),
            (Manner::Says(b"X"), "prefer", "received invalid response to SSL negotiation: X"),
        ] {
            let port = pretend(manner, afterwards);
            let said = call(database.pgseqfix(), mode, port);
            assert!(said.contains(words), "{manner:?} {mode}: {said}");
            let is_other_server = words.starts_with("received");
            assert!(is_other_server || said.contains("\n  hint: "), "{manner:?} {mode}: {said}");
            if let Some(psql) = database.program("psql").filter(|_| words == no_fork) {
                let theirs = call(psql, "disable", port);
                assert!(theirs.contains(words), "{manner:?}: {theirs}");
            }
        }
    }
}

#[test]
fn a_line_that_breaks_off_before_a_session_is_told_with_where_to_look() {
    let database = Database::new();
    for mode in ["disable", "prefer", "require"] {
        for manner in [Manner::HangsUp, Manner::Says(b"")] {
            let port = pretend(manner, Afterwards::HangsUp);
            let said = call(database.pgseqfix(), mode, port);
            assert!(said.contains(&format!("port {port}")) && said.contains("its log says why"), "{said}");
        }
    }
}

#[test]
fn what_is_no_server_is_told_at_once() {
    let database = Database::new();
    for (says, words) in [
        (&b"NN\0\0\0\0"[..], "expected authentication request from server, but received N"),
        (b"HTTP/1.1 400 Bad Request", "expected authentication request from server, but received H"),
        (b"R\x7f\xff\xff\xff", "received invalid authentication request"),
    ] {
        let port = pretend(Manner::SaysInPlainText(says), Afterwards::Stays);
        let said = call(database.pgseqfix(), "disable", port);
        assert!(said.contains(words), "{said}");
    }
}
