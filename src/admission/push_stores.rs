//! The stores that a PushSecret names, as they are when it is applied.

use latchkey_api::external_secret::StoreKind;
use latchkey_api::push_secret::{PushSecretSpec, PushStoreRef};
use latchkey_provider::is_writable;

use super::Admission;
use crate::engine::plan::StoreKey;
use crate::engine::stores::Stores as _;
use crate::engine::{Deadline, message};

/// What is known of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PushStores {
    /// Each is there and another controller's. As with External Secrets Operator, nothing is pushed to those, so nothing is
    /// said of them.
    Others,
    /// There is more to it; `doubts` are sentences on those that are not there yet or can only be read.
    Ours { doubts: Vec<String> },
}

/// The one that is meant, unless labels say which, or the namespaces have each its own.
fn named(store: &PushStoreRef, namespace: Option<&str>) -> Option<StoreKey> {
    let name = store.name.clone().filter(|name| !name.is_empty() && store.label_selector.is_none())?;
    let namespace = match store.kind() {
        StoreKind::SecretStore => Some(namespace?.to_owned()),
        StoreKind::ClusterSecretStore => None,
    };
    Some(StoreKey { kind: store.kind(), namespace, name })
}

impl Admission {
    /// Looks the stores up that are named by the specification at this field, for one namespace or for all.
    pub(super) async fn push_stores(
        &self,
        at: &str,
        spec: &PushSecretSpec,
        namespace: Option<&str>,
        deadline: Deadline,
    ) -> PushStores {
        let asking = async {
            let (mut others, mut doubts) = (0, Vec::new());
            for (index, store) in spec.secret_store_refs.iter().enumerate() {
                let Some(key) = named(store, namespace) else { continue };
                match self.lookup.store(&key).await {
                    Ok(Some(store)) if !self.engine.is_of_class(&store.spec) => others += 1,
                    Ok(Some(store)) if !is_writable(&store.spec) => {
                        let why = message::store_read_only(&key, "this kind");
                        doubts.push(format!("{at}.secretStoreRefs[{index}]: {why}"));
                    }
                    Ok(None) if self.engine.serves(key.kind) => {
                        let field = format!("{at}.secretStoreRefs[{index}].name");
                        doubts.push(message::store_not_found(&key, &field).to_string());
                    }
                    Ok(_) | Err(_) => {} // of what cannot be looked up the status tells
                }
            }
            match others > 0 && others == spec.secret_store_refs.len() {
                true => PushStores::Others,
                false => PushStores::Ours { doubts },
            }
        };
        let in_time = tokio::time::timeout_at(deadline.instant(), asking).await;
        in_time.unwrap_or(PushStores::Ours { doubts: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(store: Value, namespace: Option<&str>) -> Option<StoreKey> {
        named(&serde_json::from_value(store).expect("a store"), namespace)
    }

    #[test]
    fn a_store_is_known_where_it_is_named_and_its_namespace_is_known() {
        let key = |kind, namespace: Option<&str>, name: &str| {
            Some(StoreKey { kind, namespace: namespace.map(str::to_owned), name: name.to_owned() })
        };
        let (own, shared) = (json!({ "name": "a" }), json!({ "name": "b", "kind": "ClusterSecretStore" }));
        assert_eq!(of(own.clone(), Some("shop")), key(StoreKind::SecretStore, Some("shop"), "a"));
        assert_eq!(of(shared.clone(), Some("shop")), key(StoreKind::ClusterSecretStore, None, "b"));
        assert_eq!(of(shared, None), key(StoreKind::ClusterSecretStore, None, "b"));
        assert_eq!(of(own, None), None, "in all namespaces each has its own");
        assert_eq!(of(json!({ "name": "a", "labelSelector": {} }), Some("shop")), None);
    }
}
