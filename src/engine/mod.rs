//! The sync core: one path from an ExternalSecret to its Secret, for admission of ExternalSecrets, admission of Pods and
//! the refresher alike.
//!
//! `Job → Plan → Resolved → Values → Rendered → Applied`: each step consumes the value of the step before, so none can be
//! skipped or run twice.

pub mod adopt;
pub mod apply;
pub mod batch;
pub mod breaker;
pub mod budget;
pub mod cache;
pub mod changed;
pub mod convert;
pub mod decode;
pub mod desired;
pub mod due;
pub mod error;
pub mod fetch;
mod find;
pub mod flight;
pub mod generate;
pub mod generators;
pub mod go_format;
mod guarded;
pub mod hash;
pub mod job;
pub mod key_limits;
pub mod managed_fields;
pub mod manifest;
pub mod message;
pub mod outcome;
pub mod pending;
pub mod plan;
pub mod push;
pub mod recurrence;
pub mod regexp;
pub mod render;
pub mod resolve;
pub mod rewrite;
pub mod select;
pub mod selector;
pub mod settings;
pub mod standing;
pub mod stores;
pub mod sweep;
pub mod sync;
#[cfg(test)]
mod testing;
pub mod validate;
pub mod values;
pub mod windows;
pub mod work;

pub use error::{Error, ErrorKind};
pub use job::{Beside, Deadline, Effects, Job, Lane, Stage};
pub use outcome::{MissingEntry, Outcome, SecretState, Written};
pub use render::Rendered;
pub use settings::Settings;
pub use sync::Engine;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; a panic of somebody who held the lock leaves nothing half done in what this module locks.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
