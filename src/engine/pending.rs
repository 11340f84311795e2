//! The mark that a Secret bears from its write during admission until its ExternalSecret is known to be stored.
//!
//! After our answer another webhook, quota or etcd may still refuse the ExternalSecret (fact F2). The mark says for which
//! specification the Secret was written, so that the one who sees the ExternalSecret stored can adopt it without reading
//! the store again, and that what never was stored can be found and taken back.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::external_secret::{ExternalSecret, ExternalSecretSpec};
use serde::{Deserialize, Serialize};

use super::hash;
use super::sweep::GRACE;

/// The annotation that holds the mark.
pub const PENDING: &str = "latchkey.dev/pending";

/// The mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// The ExternalSecret's name, in the Secret's namespace.
    pub external_secret: String,
    /// The digest of the specification that was synced, see [`spec_hash`].
    pub spec_hash: String,
    /// When it was synced.
    #[serde(with = "milliseconds")]
    pub at: Timestamp,
    /// Whether admission made the Secret; else it changed one that was there.
    pub created: bool,
    /// Whether only keys were merged into a Secret that others share.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
    /// The age in seconds of the oldest value used, where the cache gave it; none if all was read for this sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
    /// The `resourceVersion` of the stored object that an update was to replace; none for a new object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
}

impl Pending {
    /// The mark on an object, if it bears one that can be read.
    pub fn of(metadata: &ObjectMeta) -> Option<Self> {
        serde_json::from_str(Self::text(metadata)?).ok()
    }

    /// The mark on an object, as it stands there.
    pub fn text(metadata: &ObjectMeta) -> Option<&str> {
        metadata.annotations.as_ref()?.get(PENDING).map(String::as_str)
    }

    /// Whether it was left by a sync of just this object.
    pub fn is_of(&self, external_secret: &ExternalSecret) -> bool {
        external_secret.metadata.name.as_deref() == Some(self.external_secret.as_str())
            && spec_hash(external_secret) == self.spec_hash
    }

    /// Whether it was left by a version that comes after this stored one, and is being stored or refused. Whoever sees it
    /// stored adopts it; what is refused is found by the mark when its time is up. A stored object that is younger than the
    /// one that was to be replaced is no earlier version, whatever it looks like: it may have been changed and changed back.
    ///
    /// A mark that is over nothing is a new object's. An ExternalSecret that has been synced already is then an earlier one
    /// of that name.
    pub fn overtakes(&self, stored: &ExternalSecret, now: Timestamp) -> bool {
        let own = stored.metadata.name.as_deref() == Some(self.external_secret.as_str());
        let later = match &self.over {
            Some(over) => is_up_to(stored, over),
            None => stored.status.as_ref().is_some_and(|status| status.refresh_time.is_some()),
        };
        own && later && !self.is_of(stored) && self.age(now) <= GRACE
    }

    /// How long ago it was left; nothing if that is in the future by the clock here.
    pub fn age(&self, now: Timestamp) -> Duration {
        Duration::try_from(now.duration_since(self.at)).unwrap_or_default()
    }

    /// The age of the oldest value used, where the cache gave it.
    pub fn cached(&self) -> Option<Duration> {
        self.cached.map(Duration::from_secs)
    }

    /// The annotation's text.
    pub fn to_annotation(&self) -> String {
        // Strings, numbers and booleans under fixed keys always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether the stored object is the one with this `resourceVersion`, or an earlier one. Kubernetes compares them as numbers
/// ("Resource versions", Kubernetes API Concepts).
fn is_up_to(stored: &ExternalSecret, over: &str) -> bool {
    let Some(version) = stored.metadata.resource_version.as_deref() else { return false };
    match (version.parse::<u64>(), over.parse::<u64>()) {
        (Ok(version), Ok(over)) => version <= over,
        _ => version == over,
    }
}

/// A digest of everything of an ExternalSecret that decides what its Secret looks like: specification, labels and
/// annotations. It is the same for the object being admitted and for the stored one: uid, generation, managedFields,
/// finalizers and status have no part in it.
pub fn spec_hash(external_secret: &ExternalSecret) -> String {
    #[derive(Serialize)]
    struct Content<'a> {
        spec: &'a ExternalSecretSpec,
        labels: &'a BTreeMap<String, String>,
        annotations: &'a BTreeMap<String, String>,
    }
    let none = BTreeMap::new();
    let content = Content {
        spec: &external_secret.spec,
        labels: external_secret.metadata.labels.as_ref().unwrap_or(&none),
        annotations: external_secret.metadata.annotations.as_ref().unwrap_or(&none),
    };
    // Struct fields come in their order and maps in that of their keys: equal content is equal text.
    hash::digest(&serde_json::to_vec(&content).unwrap_or_default())
}

/// RFC 3339 with milliseconds.
mod milliseconds {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{at:.3}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_api::external_secret::RefreshPolicy;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn mark() -> Pending {
        Pending {
            external_secret: "app".into(),
            spec_hash: "00ff".into(),
            at: at("2026-08-08T10:11:12.345678Z"),
            created: true,
            merged: false,
            cached: None,
            over: None,
        }
    }

    fn bearing(text: &str) -> ObjectMeta {
        ObjectMeta {
            annotations: Some(BTreeMap::from([(PENDING.to_owned(), text.to_owned())])),
            ..ObjectMeta::default()
        }
    }

    fn external_secret() -> ExternalSecret {
        let mut object = ExternalSecret::new("app", ExternalSecretSpec::default());
        object.metadata.labels = Some(BTreeMap::from([("team".into(), "a".into())]));
        object
    }

    #[test]
    fn the_annotation_is_compact_json() {
        assert_eq!(
            mark().to_annotation(),
            r#"{"externalSecret":"app","specHash":"00ff","at":"2026-08-08T10:11:12.345Z","created":true}"#
        );
        let shared =
            Pending { created: false, merged: true, cached: Some(4), over: Some("7".into()), ..mark() };
        let end = r#""created":false,"merged":true,"cached":4,"over":"7"}"#;
        assert!(shared.to_annotation().ends_with(end), "{}", shared.to_annotation());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mark = Pending { at: at("2026-08-08T10:11:12.345Z"), cached: Some(4), ..mark() };
        assert_eq!(Pending::of(&bearing(&mark.to_annotation())), Some(mark));
    }

    #[test]
    fn a_mark_that_cannot_be_read_is_none() {
        for text in ["", "{}", "null", r#"{"externalSecret":"app"}"#, "\u{0}"] {
            assert_eq!(Pending::of(&bearing(text)), None, "{text}");
        }
        assert_eq!(Pending::of(&ObjectMeta::default()), None);
    }

    #[test]
    fn the_age_is_never_negative() {
        assert_eq!(mark().age(at("2026-08-08T10:12:12.345678Z")), Duration::from_secs(60));
        assert_eq!(mark().age(at("2026-08-08T10:00:00Z")), Duration::ZERO);
    }

    #[test]
    fn the_stored_object_has_the_hash_of_the_admitted_one() {
        let admitted = external_secret();
        let mut stored = admitted.clone();
        stored.metadata.uid = Some("u".into());
        stored.metadata.generation = Some(1);
        stored.metadata.resource_version = Some("7".into());
        stored.metadata.finalizers = Some(vec!["f".into()]);
        stored.metadata.annotations = Some(BTreeMap::new());
        stored.metadata.managed_fields = Some(vec![]);
        stored.status = Some(Default::default());
        assert_eq!(spec_hash(&admitted), spec_hash(&stored));
    }

    #[test]
    fn spec_labels_and_annotations_change_the_hash() {
        let before = spec_hash(&external_secret());
        let mut spec = external_secret();
        spec.spec.refresh_policy = Some(RefreshPolicy::OnChange);
        let mut labels = external_secret();
        labels.metadata.labels = None;
        let mut annotations = external_secret();
        annotations.metadata.annotations = Some(BTreeMap::from([("force-sync".into(), "1".into())]));
        for changed in [spec, labels, annotations] {
            assert_ne!(spec_hash(&changed), before);
        }
    }

    #[test]
    fn a_mark_overtakes_the_version_that_it_was_to_replace_until_its_time_is_up() {
        let (mut stored, soon) = (external_secret(), at("2026-08-08T10:12:12Z"));
        let later = Pending { over: Some("10".into()), ..mark() };
        for version in ["9", "10"] {
            stored.metadata.resource_version = Some(version.into());
            assert!(later.overtakes(&stored, soon), "{version}");
        }
        assert!(!later.overtakes(&stored, at("2026-08-08T10:12:13Z")), "it was refused");
        assert!(!Pending { external_secret: "other".into(), ..later.clone() }.overtakes(&stored, soon));
        assert!(
            !Pending { spec_hash: spec_hash(&stored), ..later.clone() }.overtakes(&stored, soon),
            "its own"
        );
        stored.metadata.resource_version = Some("11".into());
        assert!(
            !later.overtakes(&stored, soon),
            "changed and changed back, or stored while latchkey was not asked"
        );
    }

    #[test]
    fn the_mark_of_a_new_object_overtakes_an_earlier_one_that_was_synced_already() {
        let (mut stored, soon) = (external_secret(), at("2026-08-08T10:12:12Z"));
        assert!(!mark().overtakes(&stored, soon), "it may be the new one, changed by another webhook");
        let time = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(soon);
        stored.status.get_or_insert_default().refresh_time = Some(time);
        assert!(mark().overtakes(&stored, soon));
    }

    #[test]
    fn a_mark_is_of_the_object_with_its_name_and_hash() {
        let object = external_secret();
        let mark = Pending { spec_hash: spec_hash(&object), ..mark() };
        assert!(mark.is_of(&object));
        assert!(!Pending { spec_hash: "00ff".into(), ..mark.clone() }.is_of(&object));
        assert!(!Pending { external_secret: "other".into(), ..mark }.is_of(&object));
    }
}
