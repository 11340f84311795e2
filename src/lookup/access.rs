//! What whoever applies may do himself, asked of the API server by SubjectAccessReview.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::UserInfo;
use k8s_openapi::api::authorization::v1::{
    LocalSubjectAccessReview, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use moka::sync::Cache;

use super::stores::failed;
use crate::engine::stores::LookupFailed;

/// How long a yes holds: a burst of one user's applies is one question. A no is asked anew, since it may just have been
/// mended.
const YES: Duration = Duration::from_secs(10);

/// An action that somebody may be allowed or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Action {
    /// The verb, as roles write it.
    pub verb: &'static str,
    /// The API group; empty for the core's.
    pub group: Cow<'static, str>,
    /// The resource, in the plural.
    pub resource: Cow<'static, str>,
    /// The namespace; none for objects of the cluster.
    pub namespace: Option<String>,
    /// The object; none for any.
    pub name: Option<String>,
}

/// As `kubectl auth can-i` would be asked: `create secrets in namespace "shop"`.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, group, resource, namespace, name } = self;
        write!(f, "{verb} {resource}")?;
        if !group.is_empty() {
            write!(f, ".{group}")?;
        }
        if let Some(name) = name {
            write!(f, " {name:?}")?;
        }
        namespace.as_ref().map_or(Ok(()), |namespace| write!(f, " in namespace {namespace:?}"))
    }
}

/// Asks, and remembers a yes for seconds.
pub(super) struct Access {
    client: Client,
    allowed: Cache<(String, Action), ()>,
}

impl Access {
    pub(super) fn new(client: Client) -> Self {
        Self { client, allowed: Cache::builder().time_to_live(YES).max_capacity(10_000).build() }
    }

    /// # Errors
    /// The API server does not answer, or does not let latchkey ask.
    pub(super) async fn may(&self, user: &UserInfo, action: &Action) -> Result<bool, LookupFailed> {
        let key = (who(user), action.clone());
        if self.allowed.contains_key(&key) {
            return Ok(true);
        }
        let asked = self.ask(user, action).await;
        let may = asked.map_err(|error| failed("ask", "whether the requester may do this", &error))?;
        if may {
            self.allowed.insert(key, ());
        }
        Ok(may)
    }

    /// A question on a namespace is asked within it, so that an installation for one namespace can do with a Role.
    async fn ask(&self, user: &UserInfo, action: &Action) -> Result<bool, kube::Error> {
        let spec = spec(user, action);
        let status = match &action.namespace {
            Some(namespace) => {
                let api = Api::namespaced(self.client.clone(), namespace);
                let metadata = ObjectMeta { namespace: Some(namespace.clone()), ..ObjectMeta::default() };
                let review = LocalSubjectAccessReview { metadata, spec, status: None };
                api.create(&PostParams::default(), &review).await?.status
            }
            None => {
                let api = Api::all(self.client.clone());
                let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
                api.create(&PostParams::default(), &review).await?.status
            }
        };
        Ok(status.is_some_and(|status| status.allowed))
    }
}

/// Everything that an authorizer may look at; JSON divides its parts beyond doubt.
fn who(user: &UserInfo) -> String {
    serde_json::to_string(user).unwrap_or_default() // texts, lists and maps of texts are always JSON
}

fn spec(user: &UserInfo, action: &Action) -> SubjectAccessReviewSpec {
    let attributes = ResourceAttributes {
        verb: Some(action.verb.to_owned()),
        group: Some(action.group.to_string()),
        resource: Some(action.resource.to_string()),
        namespace: action.namespace.clone(),
        name: action.name.clone(),
        ..ResourceAttributes::default()
    };
    SubjectAccessReviewSpec {
        resource_attributes: Some(attributes),
        user: user.username.clone(),
        uid: user.uid.clone(),
        groups: user.groups.clone(),
        extra: user.extra.clone(),
        ..SubjectAccessReviewSpec::default()
    }
}
