//! Whether a failed sync warns or denies: by flag, by namespace label, by annotation on the object; the narrower wins.

use std::time::Duration;

use moka::sync::Cache;

use crate::config::FailureMode;
use crate::engine::stores::Stores;

/// The label of a namespace and the annotation of an object that decide: `warn` or `deny`.
pub const FAILURE_MODE: &str = "latchkey.dev/failure-mode";

/// Reads a label's or annotation's value; anything but `warn` and `deny` decides nothing.
pub(super) fn read(text: &str) -> Option<FailureMode> {
    match text {
        "warn" => Some(FailureMode::Warn),
        "deny" => Some(FailureMode::Deny),
        _ => None,
    }
}

/// How long it is remembered what a namespace said last.
const REMEMBERED: Duration = Duration::from_mins(10);

/// What namespaces say by their labels, and said last: the API server may have no time when it matters.
#[derive(Debug)]
pub struct Modes {
    flag: FailureMode,
    last: Cache<String, Option<FailureMode>>,
}

impl Modes {
    /// Nothing is known of any namespace; where none decides, this flag does.
    pub fn new(flag: FailureMode) -> Self {
        Self { flag, last: Cache::builder().time_to_live(REMEMBERED).max_capacity(10_000).build() }
    }

    /// What holds for an object with this annotation in this namespace. A namespace that cannot be read says what it said last.
    pub(super) async fn of(
        &self,
        annotation: Option<&str>,
        namespace: &str,
        stores: &dyn Stores,
    ) -> FailureMode {
        if let Some(mode) = annotation.and_then(read) {
            return mode;
        }
        if let Ok(labels) = stores.namespace_labels(namespace).await {
            let says = labels.get(FAILURE_MODE).map(String::as_str).and_then(read);
            self.last.insert(namespace.to_owned(), says);
        }
        self.known(None, namespace)
    }

    /// The same, without asking.
    pub(super) fn known(&self, annotation: Option<&str>, namespace: &str) -> FailureMode {
        let said = || self.last.get(namespace).flatten();
        annotation.and_then(read).or_else(said).unwrap_or(self.flag)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;
    use crate::engine::plan::{GeneratorKey, StoreKey};
    use crate::engine::stores::{LookupFailed, Store};

    /// A namespace with this label, or one that cannot be read.
    #[derive(Debug)]
    struct Labelled(Option<&'static str>);

    #[async_trait]
    impl Stores for Labelled {
        async fn store(&self, _: &StoreKey) -> Result<Option<Arc<Store>>, LookupFailed> {
            Ok(None)
        }

        async fn namespace_labels(&self, _: &str) -> Result<BTreeMap<String, String>, LookupFailed> {
            let label = self.0.ok_or(LookupFailed("no".to_owned()))?;
            Ok(BTreeMap::from([(FAILURE_MODE.to_owned(), label.to_owned())]))
        }

        async fn generator(&self, _: &GeneratorKey) -> Result<Option<serde_json::Value>, LookupFailed> {
            Ok(None)
        }
    }

    #[tokio::test]
    async fn the_narrower_wins() {
        let mode = async |flag, annotation, label| {
            Modes::new(flag).of(annotation, "a", &Labelled(Some(label))).await
        };
        assert_eq!(mode(FailureMode::Warn, None, "").await, FailureMode::Warn);
        assert_eq!(mode(FailureMode::Warn, None, "deny").await, FailureMode::Deny);
        assert_eq!(mode(FailureMode::Deny, None, "warn").await, FailureMode::Warn);
        assert_eq!(mode(FailureMode::Deny, Some("warn"), "deny").await, FailureMode::Warn);
        assert_eq!(mode(FailureMode::Deny, Some("perhaps"), "").await, FailureMode::Deny);
    }

    #[tokio::test]
    async fn a_namespace_that_cannot_be_read_says_what_it_said_last() {
        let modes = Modes::new(FailureMode::Warn);
        let says = async |label| modes.of(None, "a", &Labelled(label)).await;
        assert_eq!(says(None).await, FailureMode::Warn);
        assert_eq!(says(Some("deny")).await, FailureMode::Deny);
        assert_eq!((says(None).await, modes.known(None, "a")), (FailureMode::Deny, FailureMode::Deny));
        assert_eq!(modes.known(Some("warn"), "a"), FailureMode::Warn);
        assert_eq!(modes.known(None, "b"), FailureMode::Warn);
        assert_eq!((says(Some("")).await, says(None).await), (FailureMode::Warn, FailureMode::Warn));
    }
}
