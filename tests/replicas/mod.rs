//! Replicas: several answer, one refreshes; they come and go. In a world of their own, one test at a time.

mod outage;
pub mod stage;
mod two;
