//! Admission of ClusterExternalSecrets: what could be no ExternalSecret in any namespace is said where it is applied. Nothing is
//! read or written for one: its ExternalSecrets follow within the second.

use latchkey_api::ClusterExternalSecret;
use latchkey_api::cluster_external_secret::ClusterExternalSecretSpec;
use latchkey_api::duration::GoDuration;
use latchkey_api::external_secret::ExternalSecret;
use latchkey_api::validation::ignored_fields;

use super::Admission;
use super::mode::FAILURE_MODE;
use super::request::{Request, Response};
use super::verdict::{self, Verdict};
use crate::engine::plan::Plan;
use crate::engine::selector::{self, Selectors};
use crate::engine::{Error, ErrorKind, work};

impl Admission {
    /// Admits a ClusterExternalSecret, or says what is wrong with it.
    pub fn cluster_external_secret(&self, request: &Request) -> Response {
        if request.is_being_deleted() {
            return Response::admitted("deleting");
        }
        let object: ClusterExternalSecret = match request.object("ClusterExternalSecret") {
            Ok(object) => object,
            Err(error) => return Response::admitted("unreadable").warned(error.to_string()),
        };
        let name = format!("ClusterExternalSecret {}", request.name);
        match work::bounded(|| judge(&request.name, &object.spec)) {
            Ok(()) => Response::admitted("valid")
                .audited("outcome", "valid")
                .ignoring(&name, &ignored_fields(&object.spec.external_secret_spec))
                .remarked(&name, wants_none(&object.spec)),
            Err(error) => {
                let mode = self.modes.known(request.annotation(FAILURE_MODE), "");
                verdict::failed(&Verdict { object: &name, mode }, &error)
            }
        }
    }
}

/// A word on one that means no namespace.
pub(crate) fn wants_none(spec: &ClusterExternalSecretSpec) -> Option<String> {
    let means_some = !Selectors::from(spec).is_empty() || !spec.namespaces.is_empty();
    selector::no_namespace("ExternalSecret", means_some)
}

/// What the sentences begin with that are about the ExternalSecrets.
pub(crate) const OF_ONE: &str = "externalSecretSpec";

/// What is wrong with it, as far as the specification decides it.
pub(crate) fn judge(name: &str, spec: &ClusterExternalSecretSpec) -> Result<(), Error> {
    if let Some(text) = &spec.refresh_time {
        GoDuration::parse(text).map_err(|error| unfit("spec.refreshTime", &error.to_string()))?;
    }
    if let Some((field, why)) = Selectors::from(spec).faults().next() {
        return Err(unfit(&field, &why));
    }
    Plan::try_from(&made(name, spec))
        .map(drop)
        .map_err(|error| Error { message: format!("{OF_ONE}: {}", error.message), ..error })
}

/// One of its ExternalSecrets.
pub(crate) fn made(name: &str, spec: &ClusterExternalSecretSpec) -> ExternalSecret {
    let mut made = ExternalSecret::new(
        spec.external_secret_name.as_deref().unwrap_or(name),
        spec.external_secret_spec.clone(),
    );
    made.metadata.namespace = Some("default".to_owned()); // any would do: nothing is looked up in it
    made
}

fn unfit(field: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidSpec, format!("{field}: {why}"))
}
