//! What holds while things break: one file or folder for each kind of fault. In `make test` each runs in its short form;
//! `make chaos` runs the long one and writes what was seen into `docs/reliability.md`.

mod api_server;
mod bursts;
mod certificates;
mod connections;
mod heap;
mod hostile;
mod kills;
mod leaving;
mod providers;
mod report;
mod rights;
mod rollouts;

pub use report::{Row, scale};
