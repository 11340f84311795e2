//! What latchkey answers over HTTP: the API server's reviews over TLS, probes and metrics in the clear. Only this module
//! knows axum.

pub mod admin;
mod body;
mod parsing;
mod pruned;
pub mod review;
pub mod serve;
pub mod tls;
mod wire;

pub use admin::{Readiness, ReadyHandle};
pub use serve::{Phases, Server, serve};

#[cfg(test)]
mod handshake_tests;
