//! Input made to break latchkey, and a latchkey without a cluster to throw it at.
//!
//! Objects are good ones, spoilt at random places, by a seed or by a fuzzer's bytes. `tests/chaos/hostile` sends them to
//! this stand and to a running latchkey; `fuzz/` lets libFuzzer look for what random choices miss. [`specs`] makes specifications by
//! the schemas of the CRDs instead.

mod bench;
mod cluster;
pub mod mutate;
pub mod objects;
mod random;
pub mod run;
pub mod specs;
pub mod targets;
pub mod words;

pub use bench::{Answer, Bench};
pub use objects::Kind;
pub use random::Random;

/// What every value is that must not be seen anywhere.
pub const CANARY: &str = "cAnArY-5d41402abc4b2a76";
