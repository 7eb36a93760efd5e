//! Talks to the person: arguments, questions, progress, rendering.

pub mod again;
pub mod annotate;
pub mod arguments;
pub mod connection;
pub mod duration;
pub mod exit;
pub mod explain;
pub mod failure;
pub mod format;
pub mod generate;
pub mod help;
pub mod interrupt;
pub mod logging;
#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
pub mod name_service;
pub mod number;
pub mod option_groups;
pub mod output;
pub mod plan_file;
pub mod progress;
pub mod prompt;
pub mod render;
pub mod request;
pub mod run;
pub mod silence;
pub mod terminal;
pub mod usage;
