//! AdmissionReview in and out: bytes to [`Request`], [`Response`] to bytes. Nothing else here knows of axum.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response as HttpResponse};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::authentication::v1::UserInfo;
use latchkey_api::duration::GoDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::admission::{Admission, Operation, Request, Response};
use crate::engine::Deadline;
use crate::failpoint::{self, Step};
use crate::metrics::{Metrics, Review};
use crate::registration::{PATH_EXTERNAL_SECRETS, PATH_PODS, PATH_STORES};

/// The API server's default, where the query does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewIn {
    api_version: String,
    request: Option<RequestIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestIn {
    uid: String,
    kind: KindIn,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
    operation: String,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    old_object: Value,
    #[serde(default)]
    dry_run: Option<bool>,
    #[serde(default)]
    user_info: UserInfo,
}

#[derive(Deserialize)]
struct KindIn {
    kind: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReviewOut {
    api_version: &'static str,
    kind: &'static str,
    response: ResponseOut,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseOut {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct StatusOut {
    code: u16,
    message: String,
}

/// `?timeout=5s`: how long the API server waits for this very answer.
#[derive(Deserialize)]
struct Timeout {
    timeout: Option<String>,
}

/// What the handlers need.
#[derive(Clone)]
struct Handlers {
    admission: Arc<Admission>,
    metrics: Arc<Metrics>,
}

/// Which kind of objects a path is for.
#[derive(Debug, Clone, Copy)]
enum Of {
    ExternalSecrets,
    Stores,
    Pods,
}

impl Of {
    fn as_str(self) -> &'static str {
        match self {
            Self::ExternalSecrets => "externalsecrets",
            Self::Stores => "stores",
            Self::Pods => "pods",
        }
    }
}

/// The webhook's routes.
pub fn router(admission: Arc<Admission>, metrics: Arc<Metrics>) -> Router {
    let handlers = Handlers { admission, metrics };
    let route = |of: Of| post(move |state, timeout, bytes| review(of, state, timeout, bytes));
    Router::new()
        .route(PATH_EXTERNAL_SECRETS, route(Of::ExternalSecrets))
        .route(PATH_STORES, route(Of::Stores))
        .route(PATH_PODS, route(Of::Pods))
        .with_state(handlers)
}

async fn review(
    of: Of,
    State(handlers): State<Handlers>,
    Query(Timeout { timeout }): Query<Timeout>,
    bytes: Bytes,
) -> HttpResponse {
    let deadline = deadline(timeout.as_deref());
    let (uid, request) = match read(&bytes) {
        Ok(read) => read,
        Err(text) => return (StatusCode::BAD_REQUEST, text).into_response(),
    };
    drop(bytes);
    let (operation, dry_run) =
        request.as_ref().map_or(("OTHER", false), |it| (it.operation.as_str(), it.dry_run));
    let mut timer = handlers.metrics.admission(Review { resource: of.as_str(), operation, dry_run });
    let response = match &request {
        Some(request) => decide(of, &handlers.admission, request, deadline).await,
        None => Response::admitted("operation"),
    };
    timer.outcome(response.outcome);
    if let Some(Request { namespace, name, .. }) = &request {
        failpoint::around_sending(Step::Answer, namespace, name);
    }
    Json(write(uid, response)).into_response()
}

async fn decide(of: Of, admission: &Admission, request: &Request, deadline: Deadline) -> Response {
    match of {
        Of::ExternalSecrets => admission.external_secret_of_requester(request, deadline).await,
        Of::Stores => admission.store(request),
        Of::Pods => admission.pod(request, deadline).await,
    }
}

/// The API server's patience less what the way back takes.
fn deadline(timeout: Option<&str>) -> Deadline {
    let patience = timeout
        .and_then(|text| GoDuration::parse(text).ok())
        .and_then(|parsed| parsed.to_std())
        .filter(|patience| !patience.is_zero())
        .unwrap_or(DEFAULT_TIMEOUT);
    let margin = (patience / 10).max(Duration::from_millis(150));
    Deadline::after(patience.saturating_sub(margin))
}

/// The review's uid and the request, none for operations that nothing is to be done for.
fn read(bytes: &[u8]) -> Result<(String, Option<Request>), &'static str> {
    let review: ReviewIn = serde_json::from_slice(bytes)
        .map_err(|_| "the body is no AdmissionReview: expected JSON with apiVersion, kind and request\n")?;
    if review.api_version != "admission.k8s.io/v1" {
        return Err("only admission.k8s.io/v1 is understood\n");
    }
    let RequestIn { uid, kind, namespace, name, operation, object, old_object, dry_run, user_info: user } =
        review.request.ok_or("the AdmissionReview has no request\n")?;
    let operation = match operation.as_str() {
        "CREATE" => Operation::Create,
        "UPDATE" => Operation::Update,
        _ => return Ok((uid, None)),
    };
    let old = (operation == Operation::Update && old_object.is_object()).then_some(old_object);
    let dry_run = dry_run.unwrap_or_default();
    Ok((uid, Some(Request { operation, kind: kind.kind, namespace, name, dry_run, user, object, old })))
}

fn write(uid: String, response: Response) -> ReviewOut {
    let Response { denied, warnings, audit, patch, outcome: _ } = response;
    let allowed = denied.is_none();
    let patch = patch.and_then(|patch| serde_json::to_vec(&patch).ok());
    ReviewOut {
        api_version: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: ResponseOut {
            uid,
            allowed,
            status: denied.map(|message| StatusOut { code: 403, message }),
            patch_type: patch.as_ref().map(|_| "JSONPatch"),
            patch: patch.map(|patch| BASE64_STANDARD.encode(patch)),
            warnings,
            audit_annotations: audit,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn review(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "u", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE",
                "namespace": "a", "object": {"metadata": {}}, "oldObject": null, "dryRun": false,
            },
        });
        change(&mut review);
        serde_json::to_vec(&review).expect("json")
    }

    #[test]
    fn a_create_is_read() {
        let (uid, request) = read(&review(|_| ())).expect("a review");
        let request = request.expect("a request");
        assert_eq!((uid.as_str(), request.name.as_str(), request.old), ("u", "", None));
    }

    #[test]
    fn other_operations_are_admitted_unread() {
        let (_, request) =
            read(&review(|review| review["request"]["operation"] = json!("DELETE"))).expect("read");
        assert!(request.is_none());
    }

    #[test]
    fn what_is_no_review_is_refused_without_quoting_it() {
        for bytes in [b"hunter2".as_slice(), br#"{"apiVersion":"v1"}"#, b""] {
            assert!(!read(bytes).err().expect("refused").contains("hunter2"));
        }
        let old = review(|review| review["apiVersion"] = json!("admission.k8s.io/v1beta1"));
        assert!(read(&old).is_err());
    }

    #[test]
    fn a_patch_goes_out_in_base64_and_a_denial_with_its_text() {
        let patch =
            serde_json::from_value(json!([{"op": "add", "path": "/a", "value": 1}])).expect("a patch");
        let out = write("u".into(), Response { patch: Some(patch), ..Response::admitted("synced") });
        let out = serde_json::to_value(out).expect("json")["response"].clone();
        assert_eq!(out["patchType"], "JSONPatch");
        assert!(BASE64_STANDARD.decode(out["patch"].as_str().expect("text")).is_ok());
        let out = serde_json::to_value(write("u".into(), Response::denied("no".into()))).expect("json");
        assert_eq!(out["response"]["allowed"], false);
        assert_eq!(out["response"]["status"]["message"], "no");
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_leaves_time_for_the_way_back() {
        assert_eq!(deadline(Some("5s")).left(), Duration::from_millis(4_500));
        assert_eq!(deadline(Some("1s")).left(), Duration::from_millis(850));
        assert_eq!(deadline(Some("soon")).left(), Duration::from_secs(9));
        assert_eq!(deadline(None).left(), Duration::from_secs(9));
    }
}
