//! Finds the PostgreSQL sequences that an import left behind their data, and repairs them safely.
//!
//! After an import with explicit ids (`COPY`, a fixture load, a cutover of logical replication) sequences still point at low
//! numbers, and the next INSERT fails with SQLSTATE 23505. Three steps: [`scan`] finds out and only reads, [`Scan::plan`]
//! decides without asking the server, [`apply`] does it under locks. All over your own [`postgres::Client`], outside of
//! a transaction; the library prints nothing, and logs through the crate `log`. PostgreSQL 10 to 18.
//!
//! ```no_run
#![doc = include_str!("../tests/library/repair.rs")]
//! ```
//!
//! What shall be looked at is selected as with pg_dump:
//!
//! ```no_run
#![doc = include_str!("../tests/library/collisions.rs")]
//! ```
//!
//! # Stability
//!
//! What this page lists follows Semantic Versioning, and so does the `postgres` (0.19) that it works with. Other public items,
//! those of fields among them, belong to the program `pgseqfix`, and can change with each version.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[doc(hidden)]
pub mod db;
#[doc(hidden)]
pub mod explain;
#[doc(hidden)]
pub mod model;

#[doc(inline)]
pub use db::{
    Applied, ApplyOptions, Deadline, Error, OnProgress, Scan, ScanOptions, Selection, Stage, Watch, apply, on_progress,
    scan,
};
#[doc(inline)]
pub use model::{
    Collisions, DataType, Definition, Doubt, Drift, Excluded, Exhaustion, Finding, Fix, LeftOut, Outcome, Overlap,
    Plan, PlanOptions, Protection, QualifiedName, Sequence, SequenceState, Server, Status, Timeouts,
};
