//! The last fence: whatever hangs, the API server has an answer of ours before its patience is over.

use std::pin::pin;
use std::time::Duration;

use super::Admission;
use super::mode::FAILURE_MODE;
use super::request::{Request, Response};
use crate::config::FailureMode;
use crate::engine::Deadline;

/// How long after the deadline an answer may still be given: half of the least margin that the deadline leaves.
const GRACE: Duration = Duration::from_millis(75);

impl Admission {
    /// The answer, in time. All that can take long has the deadline itself; what else is waited for is the API server, for
    /// the few things that are asked of it before and after.
    pub async fn in_time(
        &self,
        request: &Request,
        deadline: Deadline,
        answer: impl Future<Output = Response>,
    ) -> Response {
        let late = tokio::time::timeout_at(deadline.instant() + GRACE, answer).await;
        late.unwrap_or_else(|_| too_late(request, self.mode_known(request)))
    }

    /// What holds for a failed sync of this object, as far as it can be learned in time.
    pub(super) async fn mode_in_time(&self, request: &Request, deadline: Deadline) -> FailureMode {
        let annotation = request.annotation(FAILURE_MODE);
        let mode = self.modes.of(annotation, &request.namespace, self.lookup.as_ref());
        let end = deadline.instant() + GRACE / 2;
        tokio::time::timeout_at(end, mode).await.unwrap_or_else(|_| self.mode_known(request))
    }

    /// The same by what the namespace said last.
    fn mode_known(&self, request: &Request) -> FailureMode {
        self.modes.known(request.annotation(FAILURE_MODE), &request.namespace)
    }

    /// What comes of a sync. Beside one that takes long it is learned what holds if it fails: at its end, time may be over.
    pub(super) async fn with_mode_learned<T>(
        &self,
        request: &Request,
        deadline: Deadline,
        sync: impl Future<Output = T>,
    ) -> T {
        let learn = async {
            tokio::time::sleep(deadline.left() / 2).await;
            self.mode_in_time(request, deadline).await
        };
        let mut sync = pin!(sync);
        tokio::select! {
            biased;
            done = sync.as_mut() => return done,
            _ = learn => (), // it is remembered
        }
        sync.await
    }
}

fn too_late(request: &Request, mode: FailureMode) -> Response {
    let object = format!("{} {}/{}", request.kind, request.namespace, request.name);
    let why = "the API server has not answered latchkey in time";
    let response = match mode {
        FailureMode::Deny if request.kind == "ExternalSecret" => {
            Response::denied(format!("{object}: {why}; apply it again"))
        }
        FailureMode::Deny | FailureMode::Warn => Response::admitted("warned")
            .warned(format!("{object}: {why}; its Secrets are seen to once it does")),
    };
    let outcome = response.outcome;
    response.audited("outcome", outcome).audited("reason", "deadline")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admission::Operation;

    fn request(kind: &str) -> Request {
        Request {
            operation: Operation::Create,
            kind: kind.into(),
            namespace: "shop".into(),
            name: "db".into(),
            dry_run: false,
            user: k8s_openapi::api::authentication::v1::UserInfo::default(),
            object: json!({}),
            old: None,
        }
    }

    #[test]
    fn a_pod_is_never_held_up_and_an_external_secret_only_where_failures_are_refused() {
        let warned = too_late(&request("ExternalSecret"), FailureMode::Warn);
        assert_eq!(
            warned.warnings,
            [
                "ExternalSecret shop/db: the API server has not answered latchkey in time; its Secrets are seen to once it does"
            ]
        );
        let denied = too_late(&request("ExternalSecret"), FailureMode::Deny).denied;
        let text = "ExternalSecret shop/db: the API server has not answered latchkey in time; apply it again";
        assert_eq!(denied.as_deref(), Some(text));
        assert_eq!(too_late(&request("Pod"), FailureMode::Deny).denied, None);
    }
}
