//! Replicas replaced under load.

mod load;
mod rolling;
