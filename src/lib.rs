//! Kubernetes Secrets that are there when `kubectl apply` returns.

pub mod engine;
