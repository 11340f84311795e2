//! What happens without anybody waiting: refreshes, repairs, retries, and what is said of them.

mod credentials;
mod drift;
mod metrics;
mod retries;
mod schedule;
mod windows;
