//! Whether a store works, in External Secrets Operator's words for its status.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use latchkey_provider::{Error, ErrorKind, Validation, is_writable};
use tokio::time::Instant;

use super::Engine;
use super::breaker::Pass;
use super::fetch::Reader;
use super::resolve::scope;
use super::stores::Store;

/// What a store's `status` says, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreVerdict {
    /// The status of the condition `Ready`.
    pub ready: bool,
    /// Its reason.
    pub reason: &'static str,
    /// Its message.
    pub message: String,
    /// `status.capabilities`, where that is known.
    pub capabilities: Option<&'static str>,
    /// The cause, for the event.
    pub error: Option<String>,
}

impl StoreVerdict {
    fn valid(store: &Store) -> Self {
        let message = "store validated".to_owned();
        let capabilities = Some(if is_writable(&store.spec) { "ReadWrite" } else { "ReadOnly" });
        Self { ready: true, reason: "Valid", message, capabilities, error: None }
    }

    fn unknown() -> Self {
        let message = "could not determine validation status".to_owned();
        let error = Some("unable to validate".to_owned());
        Self { ready: true, reason: "ValidationUnknown", message, capabilities: None, error }
    }

    fn invalid(message: &str, error: &Error) -> Self {
        let (message, error) = (message.to_owned(), Some(error.to_string()));
        Self { ready: false, reason: "InvalidProviderConfig", message, capabilities: None, error }
    }
}

impl Engine {
    /// Connects the store as nobody in particular and asks it whether the credentials are good. An answer closes the
    /// store's breaker.
    pub async fn validate_store(&self, store: &Store) -> StoreVerdict {
        match self.connect(store, &scope(&store.key, None)).await {
            Ok(reader) => self.ask(store, &reader).await,
            Err(error) => not_connected(store, &error),
        }
    }

    async fn ask(&self, store: &Store, reader: &Reader) -> StoreVerdict {
        let standing = &reader.line.standing;
        if let Some(error) = standing.breaker.asked_to_wait(Instant::now()) {
            return StoreVerdict::invalid(&unable(&error), &error);
        }
        match self.asked(reader).await {
            Ok(validation) => {
                if reader.provider.validates_where_it_reads() {
                    standing.answered();
                }
                told(store, validation)
            }
            Err(error) if error.kind == ErrorKind::Referent => StoreVerdict::valid(store),
            Err(error) => {
                let verdict = StoreVerdict::invalid(&unable(&error), &error);
                standing.record(&[Err(error)], Pass::Probe);
                verdict
            }
        }
    }

    async fn asked(&self, reader: &Reader) -> Result<Validation, Error> {
        let limit = self.inner.shared.settings.call_limit;
        let asking = AssertUnwindSafe(reader.provider.validate()).catch_unwind();
        match tokio::time::timeout(limit, asking).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(super::guarded::defect(&*reader.provider)),
            Err(_) => Err(super::guarded::silent(&*reader.provider, limit)),
        }
    }
}

/// External Secrets Operator's message; behind it, where the store does not answer, which it is and why.
fn unable(error: &Error) -> String {
    let message = "unable to validate store";
    if error.kind == ErrorKind::Unavailable { format!("{message}: {error}") } else { message.to_owned() }
}

/// A store whose credentials are in the namespace of whoever uses it cannot be told bad; External Secrets Operator calls
/// it valid.
fn not_connected(store: &Store, error: &Error) -> StoreVerdict {
    match error.kind {
        ErrorKind::Referent => StoreVerdict::valid(store),
        ErrorKind::Unsupported => StoreVerdict::invalid("not supported by this version", error),
        ErrorKind::NotFound
        | ErrorKind::PropertyNotFound
        | ErrorKind::Forbidden
        | ErrorKind::Unauthenticated
        | ErrorKind::Credentials
        | ErrorKind::InvalidConfig
        | ErrorKind::InvalidRequest
        | ErrorKind::InvalidValue
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable
        | ErrorKind::EndpointRefused
        | ErrorKind::NotManaged
        | ErrorKind::ClusterApi => StoreVerdict::invalid("unable to create client", error),
    }
}

fn told(store: &Store, validation: Validation) -> StoreVerdict {
    match validation {
        Validation::Ready | Validation::Unknown => StoreVerdict::valid(store),
        Validation::Undetermined => StoreVerdict::unknown(),
    }
}
