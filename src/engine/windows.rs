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

/// How many windows in a row may follow one another without a gap until it is believed that there is none.
const MOST: usize = 1_000;

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

    /// When it closes, if it is open at `at`: if it opened at most its length before. (External Secrets Operator looks from a second
    /// earlier on at the first time alone, and so finds a window closed for a moment that opens again before it closes.)
    fn closes(&self, at: Timestamp) -> Option<Timestamp> {
        let before = at.checked_sub(self.length).ok()?.checked_sub(MOMENT).ok()?;
        let opened = self.schedule.next(before)?;
        if opened > at {
            return None;
        }
        opened.checked_add(self.length).ok()
    }

    /// When it opens next.
    fn opens(&self, after: Timestamp) -> Option<Timestamp> {
        let opens = self.schedule.next(after)?;
        self.closes(opens).map(|_| opens) // one of `@every` that is no longer than its interval is never open
    }
}

fn windows(spec: &ExternalSecretSpec) -> Option<(SyncWindowKind, Vec<Window>)> {
    let windows = spec.sync_windows.as_ref()?;
    Some((windows.kind, windows.windows.iter().filter_map(Window::read).collect()))
}

/// Whether a refresh may happen at `at`.
pub fn allow(spec: &ExternalSecretSpec, at: Timestamp) -> bool {
    windows(spec).is_none_or(|(kind, windows)| {
        let is_open = windows.iter().any(|window| window.closes(at).is_some());
        match kind {
            SyncWindowKind::Allow => is_open,
            SyncWindowKind::Deny => !is_open,
        }
    })
}

/// The first time from `at` on at which a refresh may happen; none if there is none.
pub fn allowed_from(spec: &ExternalSecretSpec, at: Timestamp) -> Option<Timestamp> {
    if allow(spec, at) {
        return Some(at);
    }
    let (kind, windows) = windows(spec)?;
    match kind {
        SyncWindowKind::Allow => windows.iter().filter_map(|window| window.opens(at)).min(),
        SyncWindowKind::Deny => {
            let mut at = at;
            for _ in 0..MOST {
                match windows.iter().filter_map(|window| window.closes(at)).max() {
                    Some(closes) => at = closes.checked_add(SECOND).ok()?,
                    None => return Some(at),
                }
            }
            None
        }
    }
}

/// What is odd about the windows of a specification: text for whoever applies it.
pub fn odd(spec: &ExternalSecretSpec, now: Timestamp) -> Option<&'static str> {
    spec.sync_windows.as_ref()?;
    let never = "spec.syncWindows never let it be refreshed: it is read when it is changed or forced, and then no more";
    allowed_from(spec, now).is_none().then_some(never)
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

    fn from(spec: &ExternalSecretSpec, at: &str) -> Option<Timestamp> {
        allowed_from(spec, time(at))
    }

    #[test]
    fn without_windows_any_time_will_do() {
        let spec = ExternalSecretSpec::default();
        assert!(allow(&spec, time("28T12:00:00")));
        assert_eq!(from(&spec, "28T12:00:00"), Some(time("28T12:00:00")));
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
            assert_eq!(from(&spec, at), Some(time(allowed)), "{at}");
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
            assert_eq!(from(&spec, at), Some(time(allowed)), "{at}");
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
            assert!(allowed_from(&never, now).is_none() && odd(&never, now).is_some(), "{never:?}");
        }
        let fine = spec("deny", &[("61 * * * *", "1h"), ("@every 6h", "1h")]);
        assert!(allow(&fine, now) && odd(&fine, now).is_none());
    }
}
