//! What a PushSecret's metadata says for Secrets Manager, and what a store says of deletion.

use std::collections::BTreeMap;

use latchkey_api::provider::aws::AwsSecretsManager;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::push::{self, EXTERNAL_SECRETS, MANAGED_BY};
use crate::{Error, ErrorKind, Push};

type Tags = BTreeMap<String, String>;

/// ESO's `PushSecretMetadataSpec` of this provider.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    tags: Tags,
    description: String,
    secret_push_format: Format,
    kms_key_id: String,
    resource_policy: Option<IgnoredAny>,
    replication_locations: Option<Vec<IgnoredAny>>,
}

/// In which of Secrets Manager's two fields a value is.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `SecretBinary`, ESO's default.
    #[default]
    Binary,
    /// `SecretString`.
    String,
}

/// What is to be done to the tags of a secret.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Retag {
    /// Those to be taken away.
    pub remove: Vec<String>,
    /// Those to be set.
    pub set: Tags,
}

impl Spec {
    /// # Errors
    /// [`ErrorKind::InvalidConfig`]; [`ErrorKind::Unsupported`] for what this version does not push.
    pub fn of(push: &Push) -> Result<Self, Error> {
        let known = "secretPushFormat, kmsKeyId, description, tags, resourcePolicy, replicationLocations";
        let spec: Self = push::spec(push.metadata.as_ref(), known)?;
        if spec.tags.contains_key(MANAGED_BY) {
            let text = format!("the push metadata's field spec.tags may not have the tag {MANAGED_BY:?}");
            return Err(Error::new(ErrorKind::InvalidConfig, text));
        }
        for (field, given) in [
            ("resourcePolicy", spec.resource_policy.is_some()),
            ("replicationLocations", spec.replication_locations.is_some()),
        ] {
            if given {
                let text = format!("the push metadata's field spec.{field} is not supported by this version");
                return Err(Error::new(ErrorKind::Unsupported, text));
            }
        }
        Ok(spec)
    }

    /// In which field the value goes.
    pub fn format(&self) -> Format {
        self.secret_push_format
    }

    /// The key that a new secret is encrypted by; none is the account's own.
    pub fn key(&self) -> Option<String> {
        Some(self.kms_key_id.clone()).filter(|key| !key.is_empty())
    }

    /// The description of a new secret; ESO's if none is given.
    pub fn description(&self) -> String {
        match self.description.as_str() {
            "" => format!("secret '{MANAGED_BY}:{EXTERNAL_SECRETS}'"),
            given => given.to_owned(),
        }
    }

    /// The tags, and the mark.
    pub fn tags(&self) -> Tags {
        let mut tags = self.tags.clone();
        tags.insert(MANAGED_BY.to_owned(), EXTERNAL_SECRETS.to_owned());
        tags
    }

    /// As in ESO: tags that are given are all there are to be, besides the mark and AWS's own; if none are given, all stay.
    pub fn retag(&self, there: &Tags) -> Retag {
        if self.tags.is_empty() {
            return Retag::default();
        }
        let wanted = self.tags();
        let stays = |key: &String| wanted.contains_key(key) || key.starts_with("aws:");
        let remove = there.keys().filter(|key| !stays(key)).cloned().collect();
        let set = wanted.into_iter().filter(|(key, value)| there.get(key) != Some(value)).collect();
        Retag { remove, set }
    }
}

/// How secrets are deleted: at once, or with a recovery window.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] for what AWS does not know.
pub fn deletion(settings: &AwsSecretsManager) -> Result<(Option<bool>, Option<i64>), Error> {
    let AwsSecretsManager { force_delete_without_recovery, recovery_window_in_days } = settings;
    let force = force_delete_without_recovery.filter(|force| *force);
    let days = recovery_window_in_days.filter(|days| *days > 0);
    let invalid = |text: &str| Err(Error::new(ErrorKind::InvalidConfig, text));
    match (force, days) {
        (Some(_), Some(_)) => invalid(
            "the store's secretsManager has both forceDeleteWithoutRecovery and recoveryWindowInDays: give one",
        ),
        (None, Some(days)) if !(7..=30).contains(&days) => {
            invalid("the store's secretsManager.recoveryWindowInDays is not between 7 and 30")
        }
        settings => Ok(settings),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Content, Remote, SourceMetadata};

    fn spec(metadata: Value) -> Result<Spec, Error> {
        let remote = Remote { key: "app".to_owned(), property: None };
        Spec::of(&Push {
            remote,
            content: Content::One("".into()),
            metadata: Some(metadata),
            source: SourceMetadata::default(),
            known: false,
        })
    }

    fn tags(value: Value) -> Tags {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn defaults_are_esos() {
        let spec = spec(json!({})).unwrap();
        assert_eq!((spec.format(), spec.key()), (Format::Binary, None));
        assert_eq!(spec.description(), "secret 'managed-by:external-secrets'");
        assert_eq!(spec.tags(), tags(json!({ "managed-by": "external-secrets" })));
        assert_eq!(spec.retag(&tags(json!({ "theirs": "1" }))), Retag::default());
    }

    #[test]
    fn what_is_given_counts() {
        let spec = spec(
            json!({ "secretPushFormat": "string", "kmsKeyId": "k", "description": "d", "tags": { "a": "2" } }),
        );
        let spec = spec.unwrap();
        assert_eq!(
            (spec.format(), spec.key().as_deref(), spec.description().as_str()),
            (Format::String, Some("k"), "d")
        );
        let there = json!({ "a": "1", "b": "1", "aws:x": "1", "managed-by": "external-secrets" });
        let want = Retag { remove: vec!["b".to_owned()], set: tags(json!({ "a": "2" })) };
        assert_eq!(spec.retag(&tags(there)), want);
    }

    #[test]
    fn wrong_and_unsupported_metadata_is_named() {
        for (metadata, kind, field) in [
            (json!({ "secretPushFormat": "c4n4ry" }), ErrorKind::InvalidConfig, "secretPushFormat"),
            (json!({ "labels": {} }), ErrorKind::InvalidConfig, "spec.labels"),
            (json!({ "tags": { "managed-by": "c4n4ry" } }), ErrorKind::InvalidConfig, "managed-by"),
            (json!({ "resourcePolicy": { "a": "c4n4ry" } }), ErrorKind::Unsupported, "resourcePolicy"),
            (json!({ "replicationLocations": ["c4n4ry"] }), ErrorKind::Unsupported, "replicationLocations"),
        ] {
            let error = spec(metadata).unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.contains(field) && !error.message.contains("c4n4ry"), "{error}");
        }
    }

    #[test]
    fn secrets_are_deleted_as_the_store_says() {
        let of = |force, days| {
            deletion(&AwsSecretsManager {
                force_delete_without_recovery: force,
                recovery_window_in_days: days,
            })
            .map_err(|error| error.kind)
        };
        assert_eq!(of(None, None), Ok((None, None)));
        assert_eq!(of(Some(false), Some(0)), Ok((None, None)));
        assert_eq!(of(Some(true), None), Ok((Some(true), None)));
        assert_eq!(of(Some(false), Some(7)), Ok((None, Some(7))));
        for (force, days) in [(None, Some(6)), (None, Some(31)), (Some(true), Some(7))] {
            assert_eq!(of(force, days), Err(ErrorKind::InvalidConfig));
        }
    }
}
