//! What happens to an object while it is admitted: ExternalSecrets, PushSecrets, stores and Pods.
//!
//! Deciding (`decide`, `named`) and answering (`verdict`) are pure; between them stands the one sync core.

mod busy;
pub mod cluster_external_secret;
pub mod cluster_push_secret;
pub mod external_secret;
mod failures;
mod fence;
mod joint;
mod mode;
mod places;
pub mod pod;
mod pod_secrets;
pub mod push_secret;
mod push_stores;
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
use joint::Joint;
use mode::Modes;
use repeats::Repeats;

pub use mode::FAILURE_MODE;
pub use places::Places;
pub use pod::STARTED_WITH;
pub use request::{Operation, Request, Response};

/// Everything that admission needs.
#[derive(Debug)]
pub struct Admission {
    engine: Engine,
    lookup: Arc<Lookup>,
    digest_key: DigestKey,
    modes: Modes,
    requester_checks: RequesterChecks,
    annotates_pods: bool,
    places: Arc<Places>,
    joint: Joint,
    repeats: Repeats,
    failures: Arc<Failures>,
}

impl Admission {
    /// Admission by this core, with this installation's failure mode and digest key; nobody is asked about the requester,
    /// and Pods are told what they started with.
    pub fn new(
        engine: Engine,
        lookup: Arc<Lookup>,
        digest_key: DigestKey,
        failure_mode: FailureMode,
        places: Places,
    ) -> Self {
        let (places, joint) = (Arc::new(places), Joint::default());
        let (repeats, failures) = (Repeats::default(), Arc::default());
        let (modes, requester_checks) = (Modes::new(failure_mode), RequesterChecks::Off);
        let annotates_pods = true;
        Self {
            engine,
            lookup,
            digest_key,
            modes,
            requester_checks,
            annotates_pods,
            places,
            joint,
            repeats,
            failures,
        }
    }

    /// The same with these checks of the requester.
    #[must_use]
    pub fn checking(self, requester_checks: RequesterChecks) -> Self {
        Self { requester_checks, ..self }
    }

    /// The same that does or does not write into a Pod what it started with.
    #[must_use]
    pub fn annotating_pods(self, annotates_pods: bool) -> Self {
        Self { annotates_pods, ..self }
    }
}
