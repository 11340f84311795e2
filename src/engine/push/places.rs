//! Which stores a PushSecret means. Pure.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_api::external_secret::StoreKind;
use latchkey_api::push_secret::{PushSecretSpec, PushStoreRef};

use super::Place;
use crate::engine::plan::StoreKey;
use crate::engine::selector::selects;
use crate::engine::{Error, message};

/// The stores that there are.
pub trait Present {
    /// The labels of this one; none if it is not there.
    fn labels(&self, key: &StoreKey) -> Option<BTreeMap<String, String>>;

    /// All of them.
    fn all(&self) -> Vec<Place>;
}

/// The stores that a reference means in a namespace, in order. One that is named need not be there; that it is not is said when it
/// is opened.
pub fn meant(of: &PushStoreRef, namespace: &str, stores: &impl Present) -> Vec<Place> {
    let Some(selector) = &of.label_selector else {
        let (kind, namespace) = kind_of(of, namespace);
        let named = of.name.clone().filter(|name| !name.is_empty());
        let place = |name| {
            let key = StoreKey { kind, namespace, name };
            Place { labels: stores.labels(&key).unwrap_or_default(), key }
        };
        return named.map(place).into_iter().collect();
    };
    let all = stores.all().into_iter();
    let mut places: Vec<Place> =
        all.filter(|place| names(of, &place.key, namespace) && selects(selector, &place.labels)).collect();
    places.sort_by(|one, other| one.key.cmp(&other.key));
    places
}

/// The stores that a PushSecret means, each once. Labels that no store has are said only where no store is found at all.
///
/// # Errors
/// It means none.
pub fn all_meant(spec: &PushSecretSpec, namespace: &str, stores: &impl Present) -> Result<Vec<Place>, Error> {
    let (mut places, mut seen, mut missing) = (Vec::new(), BTreeSet::new(), None);
    for (index, of) in spec.secret_store_refs.iter().enumerate() {
        let found = meant(of, namespace, stores);
        if found.is_empty() {
            missing.get_or_insert(index);
        }
        places.extend(found.into_iter().filter(|place| seen.insert(place.key.clone())));
    }
    match missing.filter(|_| places.is_empty()) {
        Some(index) => Err(message::no_such_store(&format!("spec.secretStoreRefs[{index}]"))),
        None => Ok(places),
    }
}

/// Whether a reference may mean this store, as far as kind, namespace and name tell. Where there are labels, the name says
/// nothing, as with External Secrets Operator.
pub fn names(of: &PushStoreRef, store: &StoreKey, namespace: &str) -> bool {
    let (kind, namespace) = kind_of(of, namespace);
    kind == store.kind
        && namespace == store.namespace
        && (of.label_selector.is_some() || of.name.as_ref() == Some(&store.name))
}

fn kind_of(of: &PushStoreRef, namespace: &str) -> (StoreKind, Option<String>) {
    match of.kind() {
        StoreKind::ClusterSecretStore => (StoreKind::ClusterSecretStore, None),
        StoreKind::SecretStore => (StoreKind::SecretStore, Some(namespace.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    struct Stores(Vec<Place>);

    impl Present for Stores {
        fn labels(&self, key: &StoreKey) -> Option<BTreeMap<String, String>> {
            let found = self.0.iter().find(|place| place.key == *key)?;
            Some(found.labels.clone())
        }

        fn all(&self) -> Vec<Place> {
            self.0.clone()
        }
    }

    fn key(kind: StoreKind, namespace: Option<&str>, name: &str) -> StoreKey {
        StoreKey { kind, namespace: namespace.map(str::to_owned), name: name.to_owned() }
    }

    /// Three stores of one namespace, one of another, one of the cluster.
    fn stores() -> Stores {
        let place = |key, tier: &str| Place { key, labels: [("tier".to_owned(), tier.to_owned())].into() };
        let own = |name| key(StoreKind::SecretStore, Some("team"), name);
        Stores(vec![
            place(own("c"), "one"),
            place(own("a"), "one"),
            place(own("b"), "two"),
            place(key(StoreKind::SecretStore, Some("other"), "a"), "one"),
            place(key(StoreKind::ClusterSecretStore, None, "a"), "one"),
        ])
    }

    fn found(of: Value) -> Vec<String> {
        let of: PushStoreRef = serde_json::from_value(of).expect("a reference");
        let places = meant(&of, "team", &stores());
        for place in &places {
            let is_there = stores().labels(&place.key);
            assert!(is_there.is_none() || names(&of, &place.key, "team"), "{place:?}");
        }
        places.iter().map(Place::in_status).collect()
    }

    #[test]
    fn a_store_is_meant_by_its_name_unless_there_are_labels() {
        let one = json!({ "matchLabels": { "tier": "one" } });
        assert_eq!(found(json!({ "name": "b" })), ["SecretStore/b"]);
        assert_eq!(found(json!({ "name": "elsewhere" })), ["SecretStore/elsewhere"]);
        assert_eq!(found(json!({ "name": "a", "kind": "ClusterSecretStore" })), ["ClusterSecretStore/a"]);
        assert_eq!(found(json!({ "labelSelector": one })), ["SecretStore/a", "SecretStore/c"]);
        assert_eq!(found(json!({ "name": "b", "labelSelector": one })), ["SecretStore/a", "SecretStore/c"]);
        let cluster = json!({ "kind": "ClusterSecretStore", "name": "b", "labelSelector": one });
        assert_eq!(found(cluster), ["ClusterSecretStore/a"]);
        assert!(found(json!({})).is_empty() && found(json!({ "name": "" })).is_empty());
    }

    #[test]
    fn labels_that_no_store_has_do_not_keep_the_others_from_what_is_theirs() {
        let all = |refs: Value| {
            let spec = json!({ "secretStoreRefs": refs, "selector": { "secret": { "name": "a" } } });
            let spec = serde_json::from_value(spec).expect("a spec");
            let found = all_meant(&spec, "team", &stores());
            found.map(|places| places.iter().map(Place::in_status).collect::<Vec<_>>())
        };
        let labels = |tier: &str| json!({ "labelSelector": { "matchLabels": { "tier": tier } } });
        let found = all(json!([labels("none"), { "name": "b" }, labels("two")])).expect("a store");
        assert_eq!(found, ["SecretStore/b"], "and each once");
        let error = all(json!([labels("none"), labels("neither")])).expect_err("no store");
        assert!(error.message.starts_with("spec.secretStoreRefs[0]"), "{error}");
    }

    #[test]
    fn a_reference_names_no_store_of_another_namespace() {
        let of: PushStoreRef = serde_json::from_value(json!({ "name": "a" })).expect("a reference");
        let names = |kind, namespace| names(&of, &key(kind, namespace, "a"), "team");
        assert!(names(StoreKind::SecretStore, Some("team")));
        assert!(!names(StoreKind::SecretStore, Some("other")) && !names(StoreKind::ClusterSecretStore, None));
    }
}
