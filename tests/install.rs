//! The chart and the manifest, as a user installs, changes and removes them.

pub mod cluster;
mod esos_crds;
mod helm;
mod pods;
mod rights;
