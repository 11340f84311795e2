//! The sync core: one path from an ExternalSecret to its Secret, for admission of ExternalSecrets, admission of Pods and
//! the refresher alike.
//!
//! `Job → Plan → Resolved → Values → Rendered → Applied`: each step consumes the value of the step before, so none can be
//! skipped or run twice.

pub mod error;
pub mod job;
pub mod outcome;
pub mod plan;
pub mod render;
pub mod stores;

pub use error::{Error, ErrorKind};
pub use job::{Deadline, Effects, Job, Lane, Stage};
pub use outcome::{MissingEntry, Outcome, SecretState, Written};
pub use render::Rendered;
