//! The border to a provider's code: it may neither hang nor take the process with it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use latchkey_provider::{Entry, EntryRef, Error, ErrorKind, Provider};

/// One call of the provider.
///
/// # Errors
/// The provider panicked or broke its contract.
pub(super) async fn guarded(
    provider: &dyn Provider,
    entries: &[EntryRef],
    limit: Duration,
) -> Result<Vec<Result<Entry, Error>>, Error> {
    let call = AssertUnwindSafe(provider.fetch(entries)).catch_unwind();
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(answers)) if answers.len() == entries.len() => Ok(answers),
        Ok(Ok(_) | Err(_)) => Err(defect(provider)),
        Err(_) => {
            let silent = silent(provider, limit);
            Ok(entries.iter().map(|_| Err(silent.clone())).collect())
        }
    }
}

/// What is said of a store that lets us wait.
pub(super) fn silent(provider: &dyn Provider, limit: Duration) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{} did not answer within {limit:?}", provider.location()))
}

/// What is said when a provider's code fails inside. What it panicked with is not: that may hold a value.
pub(super) fn defect(provider: &dyn Provider) -> Error {
    let message = format!(
        "reading from {} failed inside latchkey; this is a defect, please report it",
        provider.name()
    );
    Error::new(ErrorKind::Unsupported, message)
}
