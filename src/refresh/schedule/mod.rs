//! When things are done again. Pure: time comes in, time goes out.

mod spread;

use std::time::Duration;

use jiff::Timestamp;
use latchkey_api::external_secret::ExternalSecret;

use crate::engine::due;
use crate::engine::recurrence::Recurrence;
pub use spread::Spread;

/// When an ExternalSecret is read again; none if never by time.
///
/// The unit is the remote entry, not the ExternalSecret: each entry has its own place in the interval, see [`Spread`].
/// Objects that read the same entry at the same interval come due together and are served by one read. The next place after
/// the last refresh is never more than an interval away, so a value is never older than `refreshInterval`, and a restart
/// finds the same places again.
pub fn next(object: &ExternalSecret, recurrence: &Recurrence, spread: &Spread) -> Option<Timestamp> {
    let expires = due::expires(object)?;
    if object.spec.generators().next().is_some() {
        return Some(expires); // what is made is not shared, and is made anew no sooner than it was asked for
    }
    let refreshed = object.status.as_ref()?.refresh_time.as_ref()?.0;
    let place = after(refreshed.as_second(), recurrence.position(), recurrence.seconds, spread)?;
    Some(Timestamp::from_second(place).ok()?.min(expires))
}

/// The first place of an entry at this position and interval after this second; both in Unix time.
///
/// Places are whole seconds, as `refreshTime` is: from a place between two seconds the next one would be that same place
/// again, until the second is over.
pub fn after(refreshed: i64, position: u64, seconds: u64, spread: &Spread) -> Option<i64> {
    let length = i64::try_from(seconds).ok().filter(|length| *length > 0)?;
    let phase = i64::try_from(spread.phase(position, seconds)).ok()?;
    let since = refreshed.checked_sub(phase)?.rem_euclid(length);
    Some(refreshed.saturating_add(length - since))
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

    /// When this one is read again, where each entry is read by itself.
    fn due_at(object: &ExternalSecret) -> Option<Timestamp> {
        next(object, &Recurrence::of(object)?, &Spread::new("uid", 1, 1))
    }

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
            let next = due_at(&object).expect("periodic").as_millisecond();
            prop_assert!(next > refreshed && next <= refreshed + seconds * 1_000);
        }

        #[test]
        fn objects_that_share_an_entry_come_due_together(first in 0i64..3_600_000, second in 0i64..3_600_000) {
            let base = 1_800_000_000_000;
            let at = |refreshed| due_at(&object("shared", "1h", base + refreshed)).expect("periodic").as_millisecond();
            prop_assert_eq!(at(first).rem_euclid(3_600_000), at(second).rem_euclid(3_600_000));
        }
    }

    #[test]
    fn the_next_place_is_ahead_even_of_a_sync_that_was_noted_in_whole_seconds() {
        for key in ["a", "b", "c", "d", "e"] {
            for interval in ["1s", "1500ms", "3s", "1h0m0.5s"] {
                let due = due_at(&object(key, interval, 1_800_000_000_000)).expect("periodic");
                let synced = object(key, interval, due.as_second() * 1_000);
                let again = due_at(&synced).expect("periodic");
                assert!(again.duration_since(due).as_millis() >= 500, "{key} {interval}: {due} {again}");
            }
        }
    }

    #[test]
    fn different_entries_are_spread_over_the_interval() {
        let places: std::collections::HashSet<i64> = (0..100)
            .filter_map(|n| due_at(&object(&format!("key-{n}"), "1h", 1_800_000_000_000)))
            .map(|at| at.as_second() / 60)
            .collect();
        assert!(places.len() > 40, "only {} different minutes", places.len());
    }

    #[test]
    fn what_is_never_read_again_has_no_next() {
        assert_eq!(due_at(&object("a", "0", 1_000)), None);
    }

    #[test]
    fn backoff_doubles_to_a_limit_and_is_spread() {
        assert_eq!(backoff(1, 1.0), FIRST);
        assert_eq!(backoff(1, 0.0), FIRST / 2);
        assert_eq!(backoff(3, 1.0), FIRST * 4);
        assert_eq!(backoff(u32::MAX, 1.0), LONGEST);
    }
}
