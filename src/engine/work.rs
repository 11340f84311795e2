//! How long work that does not wait may keep a thread. Nothing else runs there meanwhile, and there are few threads.
//!
//! A pattern and a template have limits of their own; how many of them an object has is its author's choice. So they ask
//! here whether the time of all of them together is over.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};

/// Of a thousand times what honest objects take.
const MOST: Duration = Duration::from_secs(2);

thread_local! {
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Puts back what was there before, whether the work ends or panics.
struct Before(Option<Instant>);

impl Drop for Before {
    fn drop(&mut self) {
        UNTIL.set(self.0);
    }
}

/// Does the work; from two seconds on, [`is_over`] tells it to end. Work within work is part of it.
pub fn bounded<T>(work: impl FnOnce() -> T) -> T {
    within(MOST, work)
}

/// The same for what may take long: the runtime's other work goes on on another thread meanwhile.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    let several =
        Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if several { tokio::task::block_in_place(|| bounded(work)) } else { bounded(work) }
}

fn within<T>(most: Duration, work: impl FnOnce() -> T) -> T {
    let before = Before(UNTIL.get());
    UNTIL.set(before.0.or_else(|| Instant::now().checked_add(most)));
    work()
}

/// Whether the work on this thread has taken too long.
pub fn is_over() -> bool {
    UNTIL.get().is_some_and(|until| Instant::now() >= until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_told_when_its_time_is_over_and_what_follows_begins_anew() {
        assert!(!is_over());
        assert!(within(Duration::ZERO, || bounded(is_over)), "work within work is part of it");
        assert!(!bounded(is_over) && !is_over());
        let _ = std::panic::catch_unwind(|| within(Duration::ZERO, || panic!("a defect")));
        assert!(!bounded(is_over));
    }

    #[test]
    fn patterns_and_templates_ask() {
        let over = |work: &dyn Fn() -> bool| within(Duration::ZERO, work);
        assert!(over(&|| crate::engine::regexp::compile("a").is_err_and(|why| why.contains("too many"))));
        let values = crate::engine::convert::Data::new();
        assert!(over(&|| crate::engine::render::execute("{{ 1 }}", &values).is_err()));
        assert!(crate::engine::regexp::compile("a").is_ok());
    }
}
