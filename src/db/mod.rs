//! Talks to the server.

pub mod connect;
mod error;

pub use error::Error;
