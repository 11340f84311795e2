//! The points as tests have them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Step;

/// The variable that names the file.
pub const FILE: &str = "LATCHKEY_FAILPOINT";

/// How long after a handler has given its answer that answer is with whoever asked.
const SENT: Duration = Duration::from_millis(50);

/// Before a step or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Nothing of it has been done.
    Before,
    /// It is done, and nothing that comes after it.
    After,
}

impl Side {
    /// As the file has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

impl Step {
    /// As the file has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::SecretWrite => "secret-write",
            Self::OldTarget => "old-target",
            Self::Answer => "answer",
            Self::Adoption => "adoption",
            Self::Status => "status",
            Self::Event => "event",
            Self::TakeBack => "take-back",
            Self::Lease => "lease",
        }
    }
}

/// The step, with a point on either side of it.
pub async fn around<F: Future>(step: Step, namespace: &str, name: &str, work: F) -> F::Output {
    meet(step, Side::Before, namespace, name);
    let done = work.await;
    meet(step, Side::After, namespace, name);
    done
}

/// Points before an answer that the caller is about to give, and after it has been sent.
pub fn around_sending(step: Step, namespace: &str, name: &str) {
    meet(step, Side::Before, namespace, name);
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(SENT).await;
        meet(step, Side::After, &namespace, &name);
    });
}

fn meet(step: Step, side: Side, namespace: &str, name: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let Some(file) = std::env::var_os(FILE) else { return };
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (point, object) = (format!("{}:{}", step.as_str(), side.as_str()), format!("{namespace}/{name}"));
    if is_last(Path::new(&file), &point, &object) {
        std::process::abort();
    }
}

/// Whether the file names this point and object and they were to be met no more often than this; then it is removed. Of
/// several replicas only one can remove it.
fn is_last(file: &Path, point: &str, object: &str) -> bool {
    let Ok(text) = std::fs::read_to_string(file) else { return false };
    let mut words = text.split_whitespace();
    let is_it = words.next() == Some(point) && words.next().is_some_and(|of| of == object || of == "*");
    let left: u32 = words.next().and_then(|left| left.parse().ok()).unwrap_or(1);
    if is_it && left > 1 {
        // If it cannot be written the test sees that nobody dies.
        let _ = std::fs::write(file, text.replace(&format!(" {left}"), &format!(" {}", left - 1)));
    }
    is_it && left <= 1 && std::fs::remove_file(file).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_is_met_as_often_as_the_file_says_and_once_at_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("point");
        std::fs::write(&file, "fetch:after team/db 2").expect("armed");
        for (point, object) in
            [("fetch:before", "team/db"), ("fetch:after", "team/d"), ("fetch:after", "team/db-2")]
        {
            assert!(!is_last(&file, point, object), "{point} {object}");
        }
        assert!(!is_last(&file, "fetch:after", "team/db"), "the first time");
        assert!(is_last(&file, "fetch:after", "team/db"), "the second time");
        assert!(!file.exists() && !is_last(&file, "fetch:after", "team/db"));
    }

    #[test]
    fn a_star_is_any_object() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("point");
        std::fs::write(&file, "fetch:after *").expect("armed");
        assert!(is_last(&file, "fetch:after", "team/db"));
    }
}
