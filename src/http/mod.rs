//! What latchkey answers over HTTP: the API server's reviews over TLS, probes and metrics in the clear. Only this module
//! knows axum.

pub mod admin;
pub mod review;
pub mod serve;
pub mod tls;

pub use admin::{Readiness, ReadyHandle};
pub use serve::serve;

#[cfg(test)]
mod handshake_tests;
