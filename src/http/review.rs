//! The routes that the API server's reviews come to.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response as HttpResponse};
use axum::routing::post;
use latchkey_api::duration::GoDuration;

use super::body::Bodies;
use super::parsing::Room;
use super::pruned::{self, Keep};
use super::wire::{self, Kinds, Read};
use crate::admission::{Admission, Request, Response};
use crate::engine::Deadline;
use crate::failpoint::{self, Step};
use crate::metrics::{Metrics, Review};
use crate::registration::{PATH_EXTERNAL_SECRETS, PATH_PODS, PATH_PUSH_SECRETS, PATH_STORES};

/// The API server's default, where the query does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// What the handlers need.
#[derive(Clone)]
struct Handlers {
    admission: Arc<Admission>,
    metrics: Arc<Metrics>,
    bodies: Bodies,
    room: Room,
}

/// Which kind of objects a path is for.
#[derive(Debug, Clone, Copy)]
enum Of {
    ExternalSecrets,
    PushSecrets,
    Stores,
    Pods,
}

impl Of {
    fn as_str(self) -> &'static str {
        match self {
            Self::ExternalSecrets => "externalsecrets",
            Self::PushSecrets => "pushsecrets",
            Self::Stores => "stores",
            Self::Pods => "pods",
        }
    }

    fn kinds(self) -> Kinds {
        match self {
            Self::ExternalSecrets => {
                let kinds = &["ExternalSecret", "ClusterExternalSecret"];
                Kinds { group: latchkey_api::GROUP, kinds, keep: Keep::All }
            }
            Self::PushSecrets => {
                let kinds = &["PushSecret", "ClusterPushSecret"];
                Kinds { group: latchkey_api::GROUP, kinds, keep: Keep::All }
            }
            Self::Stores => Kinds {
                group: latchkey_api::GROUP,
                kinds: &["SecretStore", "ClusterSecretStore"],
                keep: Keep::All,
            },
            Self::Pods => Kinds { group: "", kinds: &["Pod"], keep: pruned::POD },
        }
    }
}

/// The webhook's routes.
pub fn router(admission: Arc<Admission>, metrics: Arc<Metrics>) -> Router {
    let handlers = Handlers { admission, metrics, bodies: Bodies::default(), room: Room::default() };
    let route = |of: Of| post(move |state, request| review(of, state, request));
    Router::new()
        .route(PATH_EXTERNAL_SECRETS, route(Of::ExternalSecrets))
        .route(PATH_PUSH_SECRETS, route(Of::PushSecrets))
        .route(PATH_STORES, route(Of::Stores))
        .route(PATH_PODS, route(Of::Pods))
        .with_state(handlers)
}

async fn review(of: Of, State(handlers): State<Handlers>, request: HttpRequest) -> HttpResponse {
    let deadline = deadline(timeout(request.uri()));
    let read = async {
        let whole = handlers.bodies.read(request).await?;
        handlers.room.parse(whole, deadline, move |bytes| wire::read(of.kinds(), bytes)).await
    };
    match read.await {
        Ok(read) => match read.it {
            // The room is given back once the answer is there. What answers is large, and would be moved with every layer.
            Ok(ref review) => Box::pin(answer(of, &handlers, review, deadline)).await,
            Err(text) => malformed(of, &handlers, (StatusCode::BAD_REQUEST, text)),
        },
        Err(refusal) => malformed(of, &handlers, refusal),
    }
}

async fn answer(of: Of, handlers: &Handlers, review: &Read, deadline: Deadline) -> HttpResponse {
    let (operation, dry_run) =
        review.request.as_ref().map_or(("OTHER", false), |it| (it.operation.as_str(), it.dry_run));
    let mut timer = handlers.metrics.admission(Review { resource: of.as_str(), operation, dry_run });
    let response = match &review.request {
        Ok(request) => decide(of, &handlers.admission, request, deadline).await,
        Err(why) => Response::admitted(why),
    };
    timer.outcome(response.outcome);
    if let Ok(Request { namespace, name, .. }) = &review.request {
        failpoint::around_sending(Step::Answer, namespace, name);
    }
    Json(wire::write(review.uid.clone(), response)).into_response()
}

/// It is counted, and its sender told; it is not logged, since anybody may send anything.
fn malformed(of: Of, handlers: &Handlers, said: impl IntoResponse) -> HttpResponse {
    let review = Review { resource: of.as_str(), operation: "OTHER", dry_run: false };
    handlers.metrics.admission(review).outcome("malformed");
    said.into_response()
}

async fn decide(of: Of, admission: &Admission, request: &Request, deadline: Deadline) -> Response {
    match of {
        Of::ExternalSecrets if request.kind == "ClusterExternalSecret" => {
            admission.cluster_external_secret_of_requester(request, deadline).await
        }
        Of::ExternalSecrets => {
            let answer = admission.external_secret_of_requester(request, deadline);
            admission.in_time(request, deadline, answer).await
        }
        Of::PushSecrets if request.kind == "ClusterPushSecret" => {
            admission.cluster_push_secret(request, deadline).await
        }
        Of::PushSecrets => admission.push_secret(request, deadline).await,
        Of::Stores => admission.store(request),
        Of::Pods => admission.in_time(request, deadline, admission.pod(request, deadline)).await,
    }
}

/// `?timeout=5s`: how long the API server waits for this very answer.
fn timeout(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|parameter| parameter.strip_prefix("timeout="))
}

/// The API server's patience less what the way takes, there and back, on a machine that is busy: it is better to be told
/// by us that a store is slow than to hear nothing.
fn deadline(timeout: Option<&str>) -> Deadline {
    let patience = timeout
        .and_then(|text| GoDuration::parse(text).ok())
        .and_then(|parsed| parsed.to_std())
        .filter(|patience| !patience.is_zero())
        .unwrap_or(DEFAULT_TIMEOUT);
    let margin = (patience / 5).clamp(Duration::from_millis(150), Duration::from_secs(1));
    Deadline::after(patience.saturating_sub(margin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_is_in_the_query() {
        assert_eq!(timeout(&Uri::from_static("/review/pods?a=b&timeout=5s")), Some("5s"));
        assert_eq!(timeout(&Uri::from_static("/review/pods?timeout=%ff")), Some("%ff"));
        assert_eq!(timeout(&Uri::from_static("/review/pods")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_leaves_time_for_the_way_back() {
        assert_eq!(deadline(Some("5s")).left(), Duration::from_secs(4));
        assert_eq!(deadline(Some("1s")).left(), Duration::from_millis(800));
        assert_eq!(deadline(Some("30s")).left(), Duration::from_secs(29));
        assert_eq!(deadline(Some("soon")).left(), Duration::from_secs(9));
        assert_eq!(deadline(None).left(), Duration::from_secs(9));
    }
}
