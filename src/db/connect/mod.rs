//! How to reach the server, by libpq's rules.
