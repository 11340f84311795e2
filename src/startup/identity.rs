//! As whom the API server knows latchkey.

use std::sync::Arc;

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::PostParams;
use kube::{Api, Client};

/// The username; empty if the API server says none.
pub(super) async fn username(client: &Client) -> Result<Arc<str>, kube::Error> {
    let api: Api<SelfSubjectReview> = Api::all(client.clone());
    let review = api.create(&PostParams::default(), &SelfSubjectReview::default()).await?;
    let username = review.status.and_then(|status| status.user_info?.username).unwrap_or_default();
    tracing::info!(username, "known to the API server");
    Ok(username.into())
}
