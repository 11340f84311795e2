//! Which resource of the API a kind of object is: asked once, and remembered for a while.

use std::time::Duration;

use http::Request as HttpRequest;
use latchkey_api::external_secret::ManifestRef;
use moka::sync::Cache;
use serde_json::Value;

use super::write::failed;
use crate::engine::apply::SecretWriter;
use crate::engine::error::{Error, ErrorKind};

/// How long it is remembered. A CRD may go and come back with another plural, or for the cluster instead of namespaces.
const MEMORY: Duration = Duration::from_mins(10);

/// How many kinds are remembered at most.
const MOST: u64 = 1_000;

/// A kind of object as the API server serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its group; empty for the core's.
    pub group: String,
    /// Its name in URLs and roles, in the plural.
    pub plural: String,
    pub(super) root: String,
}

/// The kinds that the API server has been asked about. What it does not serve is asked about anew each time: its CRD may come at
/// any moment.
#[derive(Debug, Clone)]
pub struct Kinds(Cache<(String, String), Resource>);

impl Default for Kinds {
    fn default() -> Self {
        Self(Cache::builder().time_to_live(MEMORY).max_capacity(MOST).build())
    }
}

fn key(of: &ManifestRef) -> (String, String) {
    (of.api_version.clone(), of.kind.clone())
}

impl SecretWriter {
    /// The resource of a kind.
    ///
    /// # Errors
    /// The API server does not serve it, or not in namespaces, or cannot be asked.
    pub async fn resource(&self, of: &ManifestRef) -> Result<Resource, Error> {
        if let Some(known) = self.kinds.0.get(&key(of)) {
            return Ok(known);
        }
        let found = self.discovered(of).await?;
        self.kinds.0.insert(key(of), found.clone());
        Ok(found)
    }

    /// The next time it is asked about anew: what was remembered has turned out to be there no more.
    pub(super) fn forget_resource(&self, of: &ManifestRef) {
        self.kinds.0.invalidate(&key(of));
    }

    async fn discovered(&self, of: &ManifestRef) -> Result<Resource, Error> {
        let ManifestRef { api_version, kind } = of;
        let group = api_version.split_once('/').map_or("", |(group, _)| group).to_owned();
        let root =
            if group.is_empty() { format!("/api/{api_version}") } else { format!("/apis/{api_version}") };
        let refused = |why: &str| {
            Error::new(
                ErrorKind::WriteRefused,
                format!("spec.target.manifest: {kind} of {api_version:?} {why}"),
            )
        };
        let unserved = || refused("is not served by this cluster; correct it, or install its CRD");
        let request = HttpRequest::get(&root).body(Vec::new());
        let request = request.map_err(|_| unserved())?;
        let listed = match self.secrets.send(Ok(request)).await {
            Ok(answer) => serde_json::from_slice::<Value>(answer.expose()).unwrap_or_default(),
            Err(failure) if failure.is_not_found() => return Err(unserved()),
            Err(failure) => return Err(failed("find", kind, "", failure)),
        };
        let mut resources = listed["resources"].as_array().into_iter().flatten();
        let own = |entry: &&Value| {
            entry["kind"] == *kind && entry["name"].as_str().is_some_and(|name| !name.contains('/'))
        };
        let found = resources.find(own).ok_or_else(unserved)?;
        if found["namespaced"] != true {
            return Err(refused("belongs to no namespace, and an ExternalSecret writes in its own only"));
        }
        let plural = found["name"].as_str().unwrap_or_default().to_owned();
        Ok(Resource { group, plural, root })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::apply::double::{Double, not_found, refusal};

    fn list(namespaced: bool) -> (u16, Value) {
        let status = json!({ "name": "mines/status", "kind": "Mine", "namespaced": true });
        (200, json!({ "resources": [status, { "name": "mines", "kind": "Mine", "namespaced": namespaced }] }))
    }

    fn mine() -> ManifestRef {
        ManifestRef { api_version: "a.example.com/v1".into(), kind: "Mine".into() }
    }

    #[tokio::test]
    async fn a_kind_is_asked_about_once_until_it_turns_out_to_be_gone() {
        let double = Double::answering([list(true), list(true)]);
        let writer = double.writer();
        let known = writer.resource(&mine()).await.expect("a resource");
        assert_eq!((known.group.as_str(), known.plural.as_str()), ("a.example.com", "mines"));
        assert_eq!(writer.clone().resource(&mine()).await.expect("remembered"), known, "by all who write");
        assert_eq!(double.lines(), ["GET /apis/a.example.com/v1"]);
        writer.forget_resource(&mine());
        writer.resource(&mine()).await.expect("asked for");
        assert_eq!(double.lines().len(), 2);
    }

    #[tokio::test]
    async fn what_is_not_served_yet_is_asked_about_each_time() {
        let other = ManifestRef { kind: "Other".into(), ..mine() };
        let script =
            [not_found(), list(true), refusal(503, "ServiceUnavailable", "later"), list(false), list(true)];
        let double = Double::answering(script);
        let writer = double.writer();
        for (of, says) in [
            (&mine(), "is not served by this cluster"),
            (&other, "is not served by this cluster"),
            (&mine(), "the API server refuses to find Mine"),
            (&mine(), "belongs to no namespace"),
        ] {
            let error = writer.resource(of).await.expect_err(says);
            assert!(error.message.contains(says), "{error}");
        }
        writer.resource(&mine()).await.expect("it is served now");
        assert_eq!(double.lines().len(), 5);
    }
}
