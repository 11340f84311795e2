//! What the engine promises: Go's outcomes, an end to everything, silence about values.

mod api;
mod certificates;
mod keys;
mod limits;
mod oracle;
mod sprig;
mod world;
mod yaml;
