//! Kubernetes Secrets that are there when `kubectl apply` returns.

pub mod cli;
pub mod config;
pub mod dumps;
pub mod failpoint;
pub mod shutdown;
pub mod startup;

pub mod api_server;
pub mod certs;
pub mod http;
pub mod registration;

pub mod admission;
pub mod engine;
pub mod lookup;
pub mod refresh;

pub mod metrics;
pub mod telemetry;
