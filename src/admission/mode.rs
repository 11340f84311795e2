//! Whether a failed sync warns or denies: by flag, by namespace label, by annotation on the object; the narrower wins.

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

/// What holds for an object with this annotation in this namespace. A namespace that cannot be read has no say.
pub async fn failure_mode(
    flag: FailureMode,
    annotation: Option<&str>,
    namespace: &str,
    stores: &dyn Stores,
) -> FailureMode {
    if let Some(mode) = annotation.and_then(read) {
        return mode;
    }
    let labels = stores.namespace_labels(namespace).await.unwrap_or_default();
    labels.get(FAILURE_MODE).map(String::as_str).and_then(read).unwrap_or(flag)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;
    use crate::engine::plan::StoreKey;
    use crate::engine::stores::{LookupFailed, Store};

    #[derive(Debug)]
    struct Labelled(&'static str);

    #[async_trait]
    impl Stores for Labelled {
        async fn store(&self, _: &StoreKey) -> Result<Option<Arc<Store>>, LookupFailed> {
            Ok(None)
        }

        async fn namespace_labels(&self, _: &str) -> Result<BTreeMap<String, String>, LookupFailed> {
            Ok(BTreeMap::from([(FAILURE_MODE.to_owned(), self.0.to_owned())]))
        }
    }

    #[tokio::test]
    async fn the_narrower_wins() {
        let mode =
            async |flag, annotation, label| failure_mode(flag, annotation, "a", &Labelled(label)).await;
        assert_eq!(mode(FailureMode::Warn, None, "").await, FailureMode::Warn);
        assert_eq!(mode(FailureMode::Warn, None, "deny").await, FailureMode::Deny);
        assert_eq!(mode(FailureMode::Deny, None, "warn").await, FailureMode::Warn);
        assert_eq!(mode(FailureMode::Deny, Some("warn"), "deny").await, FailureMode::Warn);
        assert_eq!(mode(FailureMode::Deny, Some("perhaps"), "").await, FailureMode::Deny);
    }
}
