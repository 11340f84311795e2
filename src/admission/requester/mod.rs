//! Whether whoever applies an object may himself do what it makes latchkey do: nobody gets through it a right that
//! he did not have.

mod actions;
#[cfg(test)]
mod tests;

use k8s_openapi::api::authentication::v1::UserInfo;
use latchkey_api::external_secret::ExternalSecret;
use serde::Deserialize as _;
use serde_json::Value;

use self::actions::{actions, everywhere, manifest_of, newly_targeted, updating, writing};
pub(super) use self::actions::{having_made, reading, secrets_in, using_all};

use super::Admission;
use super::request::{Operation, Request, Response};
use crate::config::RequesterChecks;
use crate::engine::Deadline;
use crate::engine::pending::Pending;
use crate::lookup::Action;

/// Only what is new or has another specification can make latchkey do something new.
fn asks_for_something_new(request: &Request) -> bool {
    let same = request.old.as_ref().is_some_and(|old| old["spec"] == request.object["spec"]);
    !(request.is_being_deleted() || request.operation == Operation::Update && same)
}

fn lacks(user: &UserInfo, action: &Action) -> String {
    let user = user.username.as_deref().unwrap_or_default();
    format!(
        "user {user:?} may not {action}, which this asks latchkey to do; have a role granted that allows it"
    )
}

/// The response with what the requester lacks, which a refusal for another reason need not say; the audit log has it anyway.
fn told(response: Response, object: &str, unmet: Vec<String>) -> Response {
    if unmet.is_empty() {
        return response;
    }
    let response = response.audited("requester", "lacks rights");
    match response.denied {
        Some(_) => response,
        None => response.remarked(object, unmet),
    }
}

/// The object that somebody wants stored, by the name that it is stored under.
fn named(request: &Request, object: &Value) -> Option<ExternalSecret> {
    let mut object = ExternalSecret::deserialize(object).ok()?;
    object.metadata.name = Some(request.name.clone());
    object.metadata.namespace = Some(request.namespace.clone());
    Some(object)
}

impl Admission {
    /// What the author of an ExternalSecret must be allowed and is not: one text each. Where it cannot be asked, that is the text.
    async fn unmet(&self, request: &Request, deadline: Deadline) -> Vec<String> {
        if self.requester_checks == RequesterChecks::Off || !asks_for_something_new(request) {
            return Vec::new();
        }
        let Some(object) = named(request, &request.object) else { return Vec::new() };
        if !self.engine.is_ours(&object).await {
            return Vec::new();
        }
        let mut unmet = Vec::new();
        for action in actions(&object, &request.namespace) {
            unmet.extend(self.lacking(request, &action, deadline).await);
        }
        unmet.extend(self.lacking_for_manifest(request, &object, deadline).await);
        unmet.extend(self.lacking_for_takeover(request, &object, deadline).await);
        unmet
    }

    /// Whoever asks for an object that is no Secret must be allowed to make and change such himself.
    async fn lacking_for_manifest(
        &self,
        request: &Request,
        object: &ExternalSecret,
        deadline: Deadline,
    ) -> Vec<String> {
        let Some(of) = manifest_of(object).filter(|_| self.engine.writes_manifests()) else {
            return Vec::new();
        };
        let resource = tokio::time::timeout_at(deadline.instant(), self.engine.resource(of)).await;
        let resource = match resource {
            Ok(Ok(resource)) => resource,
            Ok(Err(error)) => return vec![error.to_string()],
            Err(_) => {
                return vec![format!("the API server has not said in time what {} is; try again", of.kind)];
            }
        };
        let mut unmet = Vec::new();
        for action in writing(object, resource) {
            unmet.extend(self.lacking(request, &action, deadline).await);
        }
        unmet
    }

    /// Why the requester may not do this, if he may not.
    async fn lacking(&self, request: &Request, action: &Action, deadline: Deadline) -> Option<String> {
        let asking = self.lookup.may(&request.user, action);
        match tokio::time::timeout_at(deadline.instant(), asking).await {
            Ok(Ok(true)) => None,
            Ok(Ok(false)) => Some(lacks(&request.user, action)),
            Ok(Err(failed)) => Some(format!("{failed} ({action}); try again")),
            Err(_) => Some(format!("the API server has not said in time who may {action}; try again")),
        }
    }

    /// Whoever may only create Secrets takes over none that is there. One that bears our mark was made for this very
    /// object, by a review of it before this one.
    async fn lacking_for_takeover(
        &self,
        request: &Request,
        object: &ExternalSecret,
        deadline: Deadline,
    ) -> Option<String> {
        let old = request.old.as_ref().and_then(|old| named(request, old));
        let target = newly_targeted(object, old.as_ref())?;
        let lacking = self.lacking(request, &updating(target.clone()), deadline).await?;
        let reading = self.lookup.secret_metadata(&target);
        match tokio::time::timeout_at(deadline.instant(), reading).await {
            Ok(Ok(None)) => None,
            Ok(Ok(Some(there))) => {
                let mark = Pending::of(&there);
                let own = mark.is_some_and(|mark| mark.created && mark.external_secret == request.name);
                (!own).then_some(lacking)
            }
            Ok(Err(failed)) => Some(format!("{failed}; try again")),
            Err(_) => Some(format!(
                "the API server has not said in time whether Secret {:?} is there",
                target.name()
            )),
        }
    }

    /// Admits a ClusterExternalSecret by [`Admission::cluster_external_secret`] if its author may make ExternalSecrets everywhere, and
    /// use the stores that all namespaces have in common.
    pub async fn cluster_external_secret_of_requester(
        &self,
        request: &Request,
        deadline: Deadline,
    ) -> Response {
        let object = format!("ClusterExternalSecret {}", request.name);
        let unmet = self.unmet_of(request, deadline, || everywhere(request)).await;
        self.answered(&object, unmet, || self.cluster_external_secret(request))
    }

    /// Which of these actions the requester must be allowed and is not: one text each.
    pub(super) async fn unmet_of(
        &self,
        request: &Request,
        deadline: Deadline,
        actions: impl FnOnce() -> Vec<Action>,
    ) -> Vec<String> {
        let mut unmet = Vec::new();
        if self.requester_checks != RequesterChecks::Off && asks_for_something_new(request) {
            for action in actions() {
                unmet.extend(self.lacking(request, &action, deadline).await);
            }
        }
        unmet
    }

    /// This answer, unless its author lacks rights and is refused for that; if he is not, he is told so with it.
    pub(super) fn answered(
        &self,
        object: &str,
        unmet: Vec<String>,
        answer: impl FnOnce() -> Response,
    ) -> Response {
        match self.refused(object, &unmet) {
            Some(refused) => refused,
            None => told(answer(), object, unmet),
        }
    }

    /// The refusal of what its author may not have done, where the installation refuses such.
    fn refused(&self, object: &str, unmet: &[String]) -> Option<Response> {
        if unmet.is_empty() || self.requester_checks != RequesterChecks::Enforce {
            return None;
        }
        tracing::info!(%object, "refused: the requester lacks rights");
        let response = Response::denied(format!("{object}: {}", unmet.join("; and ")));
        Some(response.audited("outcome", "denied").audited("reason", "requester"))
    }

    /// Admits an ExternalSecret by [`Admission::external_secret`] if its author may do himself what it asks for; if not,
    /// refuses it or says so, as the installation wants.
    pub async fn external_secret_of_requester(&self, request: &Request, deadline: Deadline) -> Response {
        let object = match request.name.is_empty() {
            true => format!("ExternalSecret {}/(unnamed)", request.namespace),
            false => format!("ExternalSecret {}/{}", request.namespace, request.name),
        };
        let unmet = self.unmet(request, deadline).await;
        if let Some(refused) = self.refused(&object, &unmet) {
            return refused;
        }
        told(self.external_secret(request, deadline).await, &object, unmet)
    }
}
