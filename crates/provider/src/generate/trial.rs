//! Trying a generator as far as that goes without its service: whether its fields go together, its address may be called, and
//! what it names in the cluster is there.
//!
//! All of that is looked at on the way to the first request, so a trial goes that way, and ends where something would be sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, ErrorKind};

/// Whether it is a trial, and if so, whether it has come to its end.
#[derive(Debug, Clone, Default)]
pub struct Trial(Option<Arc<AtomicBool>>);

impl Trial {
    /// One that begins now. By default it is none.
    pub fn begin() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether it is one.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// To be asked before something is sent.
    ///
    /// # Errors
    /// It is a trial, which ends here. What the error says is told to nobody.
    pub fn may_send(&self) -> Result<(), Error> {
        let Some(ended) = &self.0 else { return Ok(()) };
        ended.store(true, Ordering::Relaxed);
        Err(Error::new(ErrorKind::Unavailable, "nothing is sent, as the generator is only tried"))
    }

    /// Whether it has come as far as to send something: nothing before that is wrong.
    pub fn has_ended(&self) -> bool {
        self.0.as_ref().is_some_and(|ended| ended.load(Ordering::Relaxed))
    }
}
