//! Finds the PostgreSQL sequences that an import left behind their data, and repairs them safely.

pub mod db;
pub mod model;
