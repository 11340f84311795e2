//! What an ExternalSecret is read again by: the unit of refreshing is the remote entry, not the ExternalSecret.

use latchkey_api::external_secret::{
    DataEntry, DataFromEntry, ExternalSecret, Find, MetadataPolicy, RefreshPolicy, RemoteRef,
};
use latchkey_provider::{EntryRef, Listing};
use sha3::{Digest, Sha3_224};

use super::due;
use super::plan::StoreKey;
use super::resolve::store_key;

/// The entry that stands for all of an ExternalSecret's, and how often it is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recurrence {
    /// Its first store; none if it names none.
    pub store: Option<StoreKey>,
    /// Its first entry, of `dataFrom` before `data`, as values are merged; none if it names none.
    pub entry: Option<EntryRef>,
    /// The interval in whole seconds, as `refreshTime` is kept; never 0.
    pub seconds: u64,
}

impl Recurrence {
    /// What this one is read again by; none if it never is by time.
    pub fn of(object: &ExternalSecret) -> Option<Self> {
        let seconds = u64::try_from(due::interval(object).as_millis().div_ceil(1_000)).ok()?;
        if object.spec.refresh_policy() != RefreshPolicy::Periodic || seconds == 0 {
            return None;
        }
        let spec = &object.spec;
        let from = spec.data_from.iter().find_map(|from| Some((of_set(from)?, from.source_ref.as_ref())));
        let value = |data: &'_ DataEntry| entry(&data.remote_ref);
        let first = from.or_else(|| spec.data.first().map(|data| (value(data), data.source_ref.as_ref())));
        let own = first.as_ref().and_then(|(_, source)| source.as_ref()?.store_ref.as_ref());
        let store = own.or(spec.secret_store_ref.as_ref());
        Some(Self {
            store: store.and_then(|store| store_key(store, object.metadata.namespace.as_deref())),
            entry: first.map(|(entry, _)| entry),
            seconds,
        })
    }

    /// Where its entry stands among all others, evenly spread: the same for all who name it.
    pub fn position(&self) -> u64 {
        let mut hasher = Sha3_224::new();
        hasher.update(format!("{:?}", self.store));
        if let Some(entry) = &self.entry {
            hasher.update([u8::from(entry.metadata)]);
            hasher.update(&entry.version);
            hasher.update([0]);
            hasher.update(&entry.key);
        }
        hasher.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// The entry that a reference names.
pub fn entry(of: &RemoteRef) -> EntryRef {
    EntryRef {
        key: of.key.clone(),
        version: of.version.clone().unwrap_or_default(),
        metadata: of.metadata_policy.unwrap_or_default() == MetadataPolicy::Fetch,
        listing: None,
    }
}

/// The list that a `find` takes from. A `name` without a regular expression is one too, and every name is like it: an empty one
/// counts as none for the API server.
pub fn listing(of: &Find) -> EntryRef {
    let by_name = of.name.is_some();
    let path = of.path.clone().filter(|path| !path.is_empty());
    EntryRef::listing(Listing { path, tags: of.tags.clone(), by_name })
}

/// The entry of a `dataFrom`, if it has one.
fn of_set(from: &DataFromEntry) -> Option<EntryRef> {
    let extract = from.extract.as_ref().map(entry);
    extract.or_else(|| from.find.as_ref().map(listing))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(spec: Value) -> Option<Recurrence> {
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": { "name": "db", "namespace": "shop" }, "spec": spec,
        });
        Recurrence::of(&serde_json::from_value(object).expect("an ExternalSecret"))
    }

    fn data(key: &str) -> Value {
        json!([{ "secretKey": "a", "remoteRef": { "key": key } }])
    }

    #[test]
    fn the_first_entry_stands_for_all() {
        let other = json!({ "storeRef": { "kind": "ClusterSecretStore", "name": "other" } });
        let found = of(json!({
            "secretStoreRef": { "name": "aws" }, "data": data("b"), "refreshInterval": "1m30s",
            "dataFrom": [{ "extract": { "key": "a", "version": "v" }, "sourceRef": other }],
        }));
        let found = found.expect("it is read again");
        let entry = EntryRef { version: "v".into(), ..EntryRef::new("a") };
        assert_eq!((found.entry, found.seconds), (Some(entry), 90));
        assert_eq!(found.store.map(|store| store.name).as_deref(), Some("other"));
    }

    #[test]
    fn a_list_is_by_name_where_there_is_one_even_without_a_regular_expression() {
        for (find, by_name) in [
            (json!({ "name": { "regexp": "a" } }), true),
            (json!({ "name": {} }), true),
            (json!({ "name": { "regexp": "" } }), true),
            (json!({ "tags": { "a": "b" } }), false),
            (json!({ "path": "a" }), false),
        ] {
            let entry = listing(&serde_json::from_value(find.clone()).expect("a find"));
            assert_eq!(entry.listing.map(|listing| listing.by_name), Some(by_name), "{find}");
        }
    }

    #[test]
    fn what_is_never_read_again_has_none() {
        assert_eq!(of(json!({ "data": data("a"), "refreshInterval": "0" })), None);
        assert_eq!(of(json!({ "data": data("a"), "refreshPolicy": "OnChange" })), None);
    }

    #[test]
    fn who_names_the_same_entry_has_its_position() {
        let at = |store: &str, key: &str, interval: &str| {
            let spec = json!({ "secretStoreRef": { "name": store }, "data": data(key), "refreshInterval": interval });
            of(spec).expect("it is read again").position()
        };
        assert_eq!(at("aws", "a", "1h"), at("aws", "a", "1m"));
        assert_ne!(at("aws", "a", "1h"), at("aws", "b", "1h"));
        assert_ne!(at("aws", "a", "1h"), at("vault", "a", "1h"));
    }
}
