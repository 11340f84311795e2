//! What happens to an object while it is admitted: ExternalSecrets, stores and Pods.
//!
//! Deciding (`decide`, `named`) and answering (`verdict`) are pure; between them stands the one sync core.

pub mod external_secret;
mod failures;
mod fence;
mod mode;
pub mod pod;
mod pod_secrets;
mod repeats;
pub mod request;
mod requester;
pub mod store;
mod verdict;

use std::sync::Arc;

use crate::certs::DigestKey;
use crate::config::{FailureMode, RequesterChecks};
use crate::engine::Engine;
use crate::lookup::Lookup;
use failures::Failures;
use repeats::Repeats;

pub use mode::FAILURE_MODE;
pub use pod::STARTED_WITH;
pub use request::{Operation, Request, Response};

/// Everything that admission needs.
#[derive(Debug)]
pub struct Admission {
    engine: Engine,
    lookup: Arc<Lookup>,
    digest_key: DigestKey,
    failure_mode: FailureMode,
    requester_checks: RequesterChecks,
    repeats: Repeats,
    failures: Failures,
}

impl Admission {
    /// Admission by this core, with this installation's failure mode and digest key; nobody is asked about the requester.
    pub fn new(
        engine: Engine,
        lookup: Arc<Lookup>,
        digest_key: DigestKey,
        failure_mode: FailureMode,
    ) -> Self {
        let (repeats, failures) = (Repeats::default(), Failures::default());
        let requester_checks = RequesterChecks::Off;
        Self { engine, lookup, digest_key, failure_mode, requester_checks, repeats, failures }
    }

    /// The same with these checks of the requester.
    #[must_use]
    pub fn checking(self, requester_checks: RequesterChecks) -> Self {
        Self { requester_checks, ..self }
    }
}
