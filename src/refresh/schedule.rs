//! When things are done again. Pure: time comes in, time goes out.

use std::time::Duration;

use jiff::Timestamp;
use latchkey_api::external_secret::ExternalSecret;
use sha3::{Digest, Sha3_224};

use crate::engine::due;
use crate::lookup::stores_of;

/// When an ExternalSecret is read again; none if never by time.
///
/// The unit is the remote entry, not the ExternalSecret: each entry has its own place in the interval, by a hash of its
/// store and key. Objects that read the same entry at the same interval come due together and are served by one read;
/// different entries are spread. The next place after the last refresh is never more than an interval away, so a value
/// is never older than `refreshInterval`, and a restart finds the same places again.
///
/// Places are whole seconds, as `refreshTime` is: from a place between two seconds the next one would be that same place
/// again, until the second is over.
pub fn next(object: &ExternalSecret) -> Option<Timestamp> {
    let expires = due::expires(object)?;
    let refreshed = object.status.as_ref()?.refresh_time.as_ref()?.0;
    let length = due::interval(object).as_millis().div_ceil(1_000);
    let length = i64::try_from(length).ok().filter(|length| *length > 0)?;
    let since = (refreshed.as_second() - phase(object, length)).rem_euclid(length);
    let place = Timestamp::from_second(refreshed.as_second().saturating_add(length - since)).ok()?;
    Some(place.min(expires))
}

/// The place of the object's first entry in an interval of so many seconds.
fn phase(object: &ExternalSecret, length: i64) -> i64 {
    let first = object.spec.data_from.iter().find_map(|from| from.extract.as_ref());
    let entry = first.or_else(|| object.spec.data.first().map(|entry| &entry.remote_ref));
    let mut hasher = Sha3_224::new();
    for store in stores_of(object) {
        hasher.update(format!("{store:?}"));
    }
    hasher.update(entry.map_or("", |entry| entry.key.as_str()));
    let digest = hasher.finalize();
    let number = digest.iter().take(7).fold(0i64, |number, byte| number << 8 | i64::from(*byte));
    number % length
}

/// How long until `at`; zero if it is over.
pub fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_until(at)).unwrap_or_default()
}

/// The first wait after a failure, and the longest: as ESO's rate limiter.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(7);

/// How long to wait after the `failures`-th failure in a row (from 1), `chance` being uniform in 0..1: between half and the
/// whole of a time that doubles, so that many that failed together do not come back together.
pub fn backoff(failures: u32, chance: f64) -> Duration {
    let whole = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(LONGEST);
    whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use latchkey_api::external_secret::{DataEntry, ExternalSecretSpec, ExternalSecretStatus, RemoteRef};
    use proptest::prelude::*;

    use super::*;

    fn object(key: &str, interval: &str, refreshed_ms: i64) -> ExternalSecret {
        let entry = DataEntry {
            secret_key: "a".into(),
            remote_ref: RemoteRef { key: key.into(), ..RemoteRef::default() },
            source_ref: None,
        };
        let spec = ExternalSecretSpec {
            refresh_interval: Some(interval.into()),
            data: vec![entry],
            ..ExternalSecretSpec::default()
        };
        let mut object = ExternalSecret::new("db", spec);
        object.status = Some(ExternalSecretStatus {
            refresh_time: Timestamp::from_millisecond(refreshed_ms).ok().map(Time),
            synced_resource_version: Some("1-a".into()),
            ..ExternalSecretStatus::default()
        });
        object
    }

    proptest! {
        #[test]
        fn the_next_refresh_is_ahead_and_never_more_than_an_interval_away(
            key in "[a-z]{1,8}", seconds in 1i64..100_000, refreshed in 0i64..4_000_000_000_000,
        ) {
            let object = object(&key, &format!("{seconds}s"), refreshed);
            let next = next(&object).expect("periodic").as_millisecond();
            prop_assert!(next > refreshed && next <= refreshed + seconds * 1_000);
        }

        #[test]
        fn objects_that_share_an_entry_come_due_together(first in 0i64..3_600_000, second in 0i64..3_600_000) {
            let base = 1_800_000_000_000;
            let at = |refreshed| next(&object("shared", "1h", base + refreshed)).expect("periodic").as_millisecond();
            prop_assert_eq!(at(first).rem_euclid(3_600_000), at(second).rem_euclid(3_600_000));
        }
    }

    #[test]
    fn the_next_place_is_ahead_even_of_a_sync_that_was_noted_in_whole_seconds() {
        for key in ["a", "b", "c", "d", "e"] {
            for interval in ["1s", "1500ms", "3s", "1h0m0.5s"] {
                let due = next(&object(key, interval, 1_800_000_000_000)).expect("periodic");
                let synced = object(key, interval, due.as_second() * 1_000);
                let again = next(&synced).expect("periodic");
                assert!(again.duration_since(due).as_millis() >= 500, "{key} {interval}: {due} {again}");
            }
        }
    }

    #[test]
    fn different_entries_are_spread_over_the_interval() {
        let places: std::collections::HashSet<i64> = (0..100)
            .filter_map(|n| next(&object(&format!("key-{n}"), "1h", 1_800_000_000_000)))
            .map(|at| at.as_second() / 60)
            .collect();
        assert!(places.len() > 40, "only {} different minutes", places.len());
    }

    #[test]
    fn what_is_never_read_again_has_no_next() {
        assert_eq!(next(&object("a", "0", 1_000)), None);
    }

    #[test]
    fn backoff_doubles_to_a_limit_and_is_spread() {
        assert_eq!(backoff(1, 1.0), FIRST);
        assert_eq!(backoff(1, 0.0), FIRST / 2);
        assert_eq!(backoff(3, 1.0), FIRST * 4);
        assert_eq!(backoff(u32::MAX, 1.0), LONGEST);
    }
}
