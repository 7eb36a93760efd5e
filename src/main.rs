//! The command-line face of `pgseqfix`.
fn main() {}
