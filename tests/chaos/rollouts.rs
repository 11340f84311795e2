//! Replicas replaced under load.
