//! What the engine promises: Go's outcomes, an end to everything, silence about values.

mod api;
mod keys;
mod limits;
mod oracle;
mod world;
mod yaml;
