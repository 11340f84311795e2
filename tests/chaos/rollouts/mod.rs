//! Replicas replaced under load.

mod load;
mod phases;
mod rolling;
