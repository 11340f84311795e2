//! Points at which a test ends this process, as the kernel would: without a word, without a destructor.
//!
//! They stand before and after each step of the write protocol, and exist only with the cargo feature `failpoints`, which the
//! package's own tests turn on. Without it a step is just the step: no file is looked for, no name of a point is in the binary.
//!
//! A variable names a file that is read at each point, so that a running replica can be armed. It holds one line,
//! `secret-write:after NAMESPACE/NAME 2`: the second time that this point is met for this object, the file is removed and the
//! process is gone; `*` is any object. Replicas may share the file; the first to come is the one.

#[cfg(all(feature = "failpoints", not(debug_assertions)))]
compile_error!("the feature `failpoints` is for tests: no release is built with it");

/// A step of the write protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Reading the stores, for whichever caller. The object is the ExternalSecret, as with all steps but the last.
    Fetch,
    /// The request that creates, replaces or deletes the target Secret.
    SecretWrite,
    /// The request that deletes the Secret under a name that the target had before.
    OldTarget,
    /// The answer to an admission review.
    Answer,
    /// The request that makes the Secret the stored ExternalSecret's own.
    Adoption,
    /// The request that writes the status.
    Status,
    /// The request that writes an event.
    Event,
    /// Taking back what was written for an object that was not stored.
    TakeBack,
    /// The request that takes or renews the Lease; the object is the Lease.
    Lease,
}

#[cfg(not(feature = "failpoints"))]
mod absent {
    use super::Step;

    /// The step.
    #[inline(always)]
    pub fn around<F: Future>(_step: Step, _namespace: &str, _name: &str, work: F) -> F {
        work
    }

    /// Nothing.
    #[inline(always)]
    pub fn around_sending(_step: Step, _namespace: &str, _name: &str) {}
}

#[cfg(not(feature = "failpoints"))]
pub use absent::{around, around_sending};

#[cfg(feature = "failpoints")]
mod armed;

#[cfg(feature = "failpoints")]
pub use armed::{FILE, Side, around, around_sending};
