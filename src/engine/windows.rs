//! When a sync window lets an ExternalSecret be read again: `spec.syncWindows`. Pure.
//!
//! As with External Secrets Operator, windows stand in the way of refreshes by time alone: what was never synced, was changed or
//! is forced by an annotation is synced at once.

use jiff::{SignedDuration, Timestamp};
use latchkey_api::duration::GoDuration;
use latchkey_api::external_secret::{ExternalSecretSpec, SyncWindow, SyncWindowKind};
use latchkey_api::schedule::Schedule;

/// The least there is between two times.
const MOMENT: SignedDuration = SignedDuration::from_nanos(1);

/// A window is open at the second in which it closes.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// How far ahead it is looked for a gap between windows, as far as for the next time of a schedule.
const AHEAD: SignedDuration = SignedDuration::from_hours(5 * 366 * 24);

/// How many windows are looked at on the way: some milliseconds' work. Those of a schedule that follow one another within a day are
/// one.
const MOST: usize = 20_000;

/// When it is looked again at windows that have not been seen to let a refresh happen.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// A window that can be opened.
struct Window {
    schedule: Schedule,
    length: SignedDuration,
}

impl Window {
    /// None for one that cannot be read: it never opens, and is refused where it is applied.
    fn read(window: &SyncWindow) -> Option<Self> {
        let length = SignedDuration::from_nanos(GoDuration::parse(&window.duration).ok()?.nanos());
        Some(Self { schedule: Schedule::parse(&window.schedule).ok()?, length })
    }

    /// When it opened, if it is open at `at`: if that was at most its length before. (External Secrets Operator looks from a second
    /// earlier on at the first time alone, and so finds a window closed for a moment that opens again before it closes.)
    fn opened(&self, at: Timestamp) -> Option<Timestamp> {
        let before = at.checked_sub(self.length).ok()?.checked_sub(MOMENT).ok()?;
        self.schedule.next(before).filter(|opened| *opened <= at)
    }

    /// When it closes that opened then, and does not open again on the same day before it has; the last time of all if it never
    /// closes.
    fn closes(&self, opened: Timestamp) -> Timestamp {
        let step = self.length.saturating_add(SECOND);
        let last = self.schedule.run_end(opened, step);
        last.and_then(|last| last.checked_add(self.length).ok()).unwrap_or(Timestamp::MAX)
    }

    /// When it opens next.
    fn opens(&self, after: Timestamp) -> Option<Timestamp> {
        let opens = self.schedule.next(after)?;
        self.opened(opens).map(|_| opens) // one of `@every` that is no longer than its interval is never open
    }
}

fn windows(spec: &ExternalSecretSpec) -> Option<(SyncWindowKind, Vec<Window>)> {
    let windows = spec.sync_windows.as_ref()?;
    Some((windows.kind, windows.windows.iter().filter_map(Window::read).collect()))
}

/// Whether a refresh may happen at `at`.
pub fn allow(spec: &ExternalSecretSpec, at: Timestamp) -> bool {
    windows(spec).is_none_or(|(kind, windows)| {
        let is_open = windows.iter().any(|window| window.opened(at).is_some());
        match kind {
            SyncWindowKind::Allow => is_open,
            SyncWindowKind::Deny => !is_open,
        }
    })
}

/// When a refresh may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    From(Timestamp),
    /// Not within five years.
    Never,
    /// There are too many windows to say so.
    Unknown,
}

fn allowed(spec: &ExternalSecretSpec, at: Timestamp) -> Allowed {
    match windows(spec) {
        Some(_) if allow(spec, at) => Allowed::From(at),
        None => Allowed::From(at),
        Some((SyncWindowKind::Allow, windows)) => {
            windows.iter().filter_map(|window| window.opens(at)).min().map_or(Allowed::Never, Allowed::From)
        }
        Some((SyncWindowKind::Deny, windows)) => gap(&windows, at),
    }
}

/// The first time at which none is open.
fn gap(windows: &[Window], from: Timestamp) -> Allowed {
    let end = from.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    let mut at = from;
    for _ in 0..MOST / windows.len().max(1) {
        let closes = windows.iter().filter_map(|window| Some(window.closes(window.opened(at)?)));
        match closes.max().map(|closes| closes.checked_add(SECOND)) {
            None => return Allowed::From(at),
            Some(Ok(after)) if after <= end => at = after,
            Some(_) => return Allowed::Never,
        }
    }
    Allowed::Unknown
}

/// The first time from `at` on at which a refresh may happen; a day later, if none is seen until then: it is looked again.
pub fn allowed_from(spec: &ExternalSecretSpec, at: Timestamp) -> Timestamp {
    match allowed(spec, at) {
        Allowed::From(at) => at,
        Allowed::Never | Allowed::Unknown => at.checked_add(AGAIN).unwrap_or(Timestamp::MAX),
    }
}

/// What is odd about the windows of a specification: text for whoever applies it.
pub fn odd(spec: &ExternalSecretSpec, now: Timestamp) -> Option<&'static str> {
    match allowed(spec, now) {
        Allowed::Never => Some(
            "spec.syncWindows never let it be refreshed: it is read when it is changed or forced, and then no more",
        ),
        Allowed::From(_) | Allowed::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(kind: &str, windows: &[(&str, &str)]) -> ExternalSecretSpec {
        let windows =
            windows.iter().map(|(schedule, duration)| json!({ "schedule": schedule, "duration": duration }));
        let windows = json!({ "kind": kind, "windows": windows.collect::<Vec<_>>() });
        serde_json::from_value(json!({ "syncWindows": windows })).expect("a specification")
    }

    fn time(text: &str) -> Timestamp {
        format!("2026-11-{text}Z").parse().expect("a time")
    }

    fn from(spec: &ExternalSecretSpec, at: &str) -> Timestamp {
        allowed_from(spec, time(at))
    }

    #[test]
    fn without_windows_any_time_will_do() {
        let spec = ExternalSecretSpec::default();
        assert!(allow(&spec, time("28T12:00:00")));
        assert_eq!(from(&spec, "28T12:00:00"), time("28T12:00:00"));
    }

    #[test]
    fn inside_of_what_is_allowed() {
        let spec = spec("allow", &[("0 22 * * *", "8h"), ("0 12 * * *", "30m")]);
        for (at, allowed) in [
            ("28T21:59:59", "28T22:00:00"),
            ("28T22:00:00", "28T22:00:00"),
            ("29T06:00:00", "29T06:00:00"),
            ("29T06:00:01", "29T12:00:00"),
            ("29T12:30:00", "29T12:30:00"),
        ] {
            assert_eq!(from(&spec, at), time(allowed), "{at}");
            assert_eq!(allow(&spec, time(at)), at == allowed, "{at}");
        }
    }

    #[test]
    fn a_window_that_opens_before_it_closes_is_always_open() {
        let spec = spec("allow", &[("* * * * *", "1h")]);
        for at in ["28T12:00:00", "28T12:00:00.5", "28T12:00:30", "28T12:00:59.999"] {
            assert!(allow(&spec, time(at)), "{at}");
        }
    }

    #[test]
    fn outside_of_what_is_denied() {
        let spec = spec("deny", &[("0 9 * * 1-5", "8h"), ("0 16 * * *", "2h")]);
        for (at, allowed) in [
            ("30T08:59:59", "30T08:59:59"), // a Monday
            ("30T09:00:00", "30T18:00:01"),
            ("30T17:30:00", "30T18:00:01"),
            ("29T09:00:00", "29T09:00:00"),
            ("29T17:00:00", "29T18:00:01"),
        ] {
            assert_eq!(from(&spec, at), time(allowed), "{at}");
            assert_eq!(allow(&spec, time(at)), at == allowed, "{at}");
        }
    }

    #[test]
    fn windows_that_never_open_or_close_are_odd() {
        let now = time("28T12:00:00");
        for never in [
            spec("allow", &[("0 0 30 2 *", "1h")]),
            spec("allow", &[("@every 6h", "1h")]),
            spec("allow", &[("61 * * * *", "1h")]),
            spec("deny", &[("* * * * *", "5m")]),
            spec("deny", &[("@every 1h", "6h")]),
        ] {
            assert!(odd(&never, now).is_some(), "{never:?}");
            assert_eq!(allowed_from(&never, now), time("29T12:00:00"), "{never:?}"); // and looked at again
        }
        let fine = spec("deny", &[("61 * * * *", "1h"), ("@every 6h", "1h")]);
        assert!(allow(&fine, now) && odd(&fine, now).is_none());
    }

    #[test]
    fn windows_that_follow_one_another_for_long_are_seen_to_end() {
        for (windows, at, allowed) in [
            (&[("* * * * 1-5", "1m")][..], "30T00:00:00", "2026-12-05T00:00:01Z"), // a Monday
            (&[("*/5 * * * 1-5", "5m")], "30T12:00:00", "2026-12-05T00:00:01Z"),
            (&[("* 0-16 * * *", "1m")], "30T00:00:30", "2026-11-30T17:00:01Z"),
            (&[("* * * 11-12 *", "10m"), ("* * * 1-5 *", "1m")], "30T12:00:00", "2027-06-01T00:00:01Z"),
            (&[("*/2 * * * 1-5", "1m"), ("1-59/2 * * * 1-5", "1m")], "30T00:00:00", "2026-12-05T00:00:01Z"),
        ] {
            let spec = spec("deny", windows);
            let allowed = allowed.parse().expect("a time");
            assert_eq!((from(&spec, at), odd(&spec, time(at))), (allowed, None), "{windows:?}");
        }
    }

    #[test]
    fn what_takes_too_long_to_see_is_looked_at_again_and_not_called_odd() {
        let spec = spec("deny", &[("*/2 * * * *", "1m"), ("1-59/2 * * * *", "1m")]);
        let begun = std::time::Instant::now();
        assert_eq!(
            (from(&spec, "28T12:00:00"), odd(&spec, time("28T12:00:00"))),
            (time("29T12:00:00"), None)
        );
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    }
}
