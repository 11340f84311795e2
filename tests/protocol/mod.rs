//! The write protocol: what admission may write, what becomes of it, and the facts of the API server that it stands on.

mod adoption;
pub mod facts;
pub mod refused;
