//! Counting of the calls that providers make.

use std::fmt;
use std::time::Duration;

/// Is told of every request to a remote store. The service counts them in
/// `externalsecret_provider_api_calls_count{provider,call,status}`.
pub trait Observer: Send + Sync + fmt::Debug {
    /// One request is over, after this long: by ESO's names of provider and call (`AWS/SecretsManager`, `GetSecretValue`).
    fn call(&self, provider: &'static str, call: &'static str, success: bool, took: Duration);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn call(&self, _provider: &'static str, _call: &'static str, _success: bool, _took: Duration) {}
}
