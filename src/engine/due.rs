//! When an ExternalSecret is to be read again, by its own status: ESO's `shouldRefresh`. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::duration::GoDuration;
use latchkey_api::external_secret::{ExternalSecret, ExternalSecretStatus, RefreshPolicy};

use super::{hash, windows};

/// ESO's schema default, for objects that were stored without it.
const DEFAULT_INTERVAL: Duration = Duration::from_hours(1);

/// The shortest interval: `refreshTime` is kept in whole seconds.
const SHORTEST: Duration = Duration::from_secs(1);

/// `spec.refreshInterval`; zero means that a value is good for ever. What cannot be parsed counts as the default (and is
/// refused by the plan).
pub fn interval(object: &ExternalSecret) -> Duration {
    let Some(text) = object.spec.refresh_interval.as_deref() else { return DEFAULT_INTERVAL };
    match GoDuration::parse(text) {
        Ok(parsed) => match parsed.to_std().unwrap_or_default() {
            Duration::ZERO => Duration::ZERO, // negative ones too
            interval => interval.max(SHORTEST),
        },
        Err(_) => DEFAULT_INTERVAL,
    }
}

/// Whether it has been synced at all.
fn is_synced(status: Option<&ExternalSecretStatus>) -> bool {
    status.is_some_and(|status| {
        status.refresh_time.is_some()
            && status.synced_resource_version.as_deref().is_some_and(|v| !v.is_empty())
    })
}

/// Whether a synced object is not read again whatever changes in it: `CreatedOnce`, or Periodic with an interval of zero.
pub fn is_frozen(object: &ExternalSecret) -> bool {
    is_synced(object.status.as_ref())
        && match object.spec.refresh_policy() {
            RefreshPolicy::CreatedOnce => true,
            RefreshPolicy::OnChange => false,
            RefreshPolicy::Periodic => interval(object).is_zero(),
        }
}

/// `status.syncedResourceVersion` as it is after a sync of this version.
pub fn version(object: &ExternalSecret) -> String {
    version_of(&object.metadata)
}

/// The same by the object's metadata, which are all that it takes.
pub fn version_of(metadata: &ObjectMeta) -> String {
    let none = BTreeMap::new();
    let ObjectMeta { generation, annotations, labels, .. } = metadata;
    let (annotations, labels) = (annotations.as_ref().unwrap_or(&none), labels.as_ref().unwrap_or(&none));
    hash::resource_version(generation.unwrap_or_default(), annotations, labels)
}

/// Whether the stored object is another version than the one synced last.
pub fn has_changed(object: &ExternalSecret) -> bool {
    let synced = object.status.as_ref().and_then(|status| status.synced_resource_version.as_deref());
    synced != Some(version(object).as_str())
}

/// When the value has to be read again, at the latest; none if never by time.
pub fn expires(object: &ExternalSecret) -> Option<Timestamp> {
    let interval = interval(object);
    if object.spec.refresh_policy() != RefreshPolicy::Periodic || interval.is_zero() {
        return None;
    }
    let refreshed = object.status.as_ref()?.refresh_time.as_ref()?.0;
    let interval = SignedDuration::try_from(interval).unwrap_or(SignedDuration::MAX);
    Some(refreshed.saturating_add(interval).unwrap_or(Timestamp::MAX))
}

/// Whether a sync is due: never synced, changed since, out of date while no sync window is in the way, or synced in the future
/// by somebody's clock.
pub fn should_refresh(object: &ExternalSecret, now: Timestamp) -> bool {
    if !is_synced(object.status.as_ref()) {
        return true;
    }
    if is_frozen(object) {
        return false;
    }
    has_changed(object) || is_over(object, now)
}

fn is_over(object: &ExternalSecret, now: Timestamp) -> bool {
    let refreshed = object.status.as_ref().and_then(|status| status.refresh_time.as_ref());
    let in_future = refreshed.is_some_and(|time| time.0 > now) && expires(object).is_some();
    in_future || expires(object).is_some_and(|expires| expires < now && windows::allow(&object.spec, now))
}

/// Whether a Pod may start on the value as it is: synced once, and not out of date unless a sync window keeps it so.
pub fn is_fresh(object: &ExternalSecret, now: Timestamp) -> bool {
    is_synced(object.status.as_ref()) && (is_frozen(object) || !is_over(object, now))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use kube::ResourceExt as _;
    use latchkey_api::external_secret::ExternalSecretSpec;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn synced(seconds_ago: i64, change: impl FnOnce(&mut ExternalSecretSpec)) -> ExternalSecret {
        let mut object = ExternalSecret::new("db", ExternalSecretSpec::default());
        object.spec.refresh_interval = Some("1h".into());
        change(&mut object.spec);
        object.metadata.generation = Some(3);
        object.status = Some(ExternalSecretStatus {
            refresh_time: Some(Time(at(-seconds_ago))),
            synced_resource_version: Some(version(&object)),
            ..ExternalSecretStatus::default()
        });
        object
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(NOW + seconds).expect("a time")
    }

    #[test]
    fn within_its_interval_nothing_is_due() {
        let object = synced(3_599, |_| ());
        assert!(!should_refresh(&object, at(0)) && is_fresh(&object, at(0)));
    }

    #[test]
    fn past_its_interval_it_is_due_and_no_longer_fresh() {
        let object = synced(3_601, |_| ());
        assert!(should_refresh(&object, at(0)) && !is_fresh(&object, at(0)));
    }

    #[test]
    fn a_sync_window_keeps_what_is_past_its_interval_but_not_what_has_changed() {
        let closed = |kind: &str| {
            let windows = serde_json::json!({ "kind": kind, "windows": [{ "schedule": "* * * * *", "duration": "1h" }] });
            synced(3_601, |spec| spec.sync_windows = serde_json::from_value(windows).expect("windows"))
        };
        let (mut denied, allowed) = (closed("deny"), closed("allow"));
        assert!(!should_refresh(&denied, at(0)) && is_fresh(&denied, at(0)));
        assert!(should_refresh(&allowed, at(0)) && !is_fresh(&allowed, at(0)));
        denied.metadata.generation = Some(4);
        assert!(should_refresh(&denied, at(0)));
    }

    #[test]
    fn a_change_of_labels_is_due_but_the_value_is_fresh() {
        let mut object = synced(1, |_| ());
        object.labels_mut().insert("a".into(), "b".into());
        assert!(should_refresh(&object, at(0)) && is_fresh(&object, at(0)));
    }

    #[test]
    fn an_interval_of_zero_and_created_once_freeze_even_changes_of_the_spec() {
        for freeze in
            [(|spec| spec.refresh_interval = Some("0".into())) as fn(&mut ExternalSecretSpec), |spec| {
                spec.refresh_policy = Some(RefreshPolicy::CreatedOnce)
            }]
        {
            let mut object = synced(100_000, freeze);
            object.metadata.generation = Some(4);
            assert!(is_frozen(&object) && !should_refresh(&object, at(0)) && is_fresh(&object, at(0)));
        }
    }

    #[test]
    fn on_change_is_due_by_change_alone() {
        let mut object = synced(100_000, |spec| spec.refresh_policy = Some(RefreshPolicy::OnChange));
        assert!(!should_refresh(&object, at(0)) && is_fresh(&object, at(0)));
        object.metadata.generation = Some(4);
        assert!(should_refresh(&object, at(0)));
    }

    #[test]
    fn a_sync_in_the_future_is_not_believed() {
        assert!(should_refresh(&synced(-60, |_| ()), at(0)));
    }

    #[test]
    fn what_was_never_synced_is_due_and_not_fresh() {
        let object = ExternalSecret::new("db", ExternalSecretSpec::default());
        assert!(should_refresh(&object, at(0)) && !is_fresh(&object, at(0)));
    }
}
