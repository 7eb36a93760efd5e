//! Finds the PostgreSQL sequences that an import left behind their data, and repairs them safely.
//!
//! Three steps: [`db::scan`] finds out, [`model::Plan::of`] decides, [`db::apply`] does it. The library prints nothing;
//! a [`db::Watch`] gets to know how far it is.
//!
//! ```no_run
//! use pgseqfix::db::{ApplyOptions, ScanOptions, apply, scan};
//! use pgseqfix::model::{Plan, PlanOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = postgres::Client::connect("host=/run/postgresql dbname=shop user=app", postgres::NoTls)?;
//! let found = scan(&mut client, &ScanOptions::default(), &mut ())?;
//!
//! let options = PlanOptions { user: found.server.user.clone(), ..PlanOptions::default() };
//! let plan = Plan::of(&found.findings, &options);
//! for fix in &plan.fixes {
//!     println!("{}: {} -> {}", fix.sequence.name, fix.from, fix.to);
//! }
//!
//! let applied = apply(&mut client, &plan, &ApplyOptions { plan: options, ..ApplyOptions::default() }, &mut ());
//! assert!(applied.outcomes.values().all(|outcome| outcome.is_good()));
//! # Ok(())
//! # }
//! ```
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod db;
pub mod explain;
pub mod model;
