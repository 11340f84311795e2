//! Admission of ClusterPushSecrets: what could be no PushSecret in any namespace is refused where it is applied.

use latchkey_api::GROUP;
use latchkey_api::duration::GoDuration;
use latchkey_api::push_secret::{ClusterPushSecret, ClusterPushSecretSpec};

use super::Admission;
use super::push_secret::{self, judged};
use super::push_stores::PushStores;
use super::request::{Request, Response};
use crate::engine::selector::{self, Selectors};
use crate::engine::{Deadline, work};
use crate::lookup::Action;

/// Everything that is known to be wrong with a specification, in sentences.
pub(crate) fn faults(spec: &ClusterPushSecretSpec) -> Vec<String> {
    let ClusterPushSecretSpec {
        push_secret_spec,
        refresh_time,
        push_secret_name: _,
        push_secret_metadata: _,
        namespace_selectors: _, // below
    } = spec;
    let time = refresh_time.iter().filter_map(|text| {
        let why = GoDuration::parse(text).err()?;
        Some(format!(
            "spec.refreshTime {text:?} is no duration: {why}; write it as \"30s\", \"15m\" or \"1h\""
        ))
    });
    let selectors = Selectors::from(spec).faults();
    let selectors = selectors.map(|(field, why)| format!("{field} is no label selector: {why}"));
    time.chain(selectors).chain(push_secret::faults("spec.pushSecretSpec", push_secret_spec)).collect()
}

/// A word on one that means no namespace.
pub(crate) fn wants_none(spec: &ClusterPushSecretSpec) -> Option<String> {
    selector::no_namespace("PushSecret", !Selectors::from(spec).is_empty())
}

/// What it makes latchkey do in every namespace.
fn everywhere(spec: &ClusterPushSecretSpec) -> Vec<Action> {
    let making = Action {
        verb: "create",
        group: GROUP.into(),
        resource: "pushsecrets".into(),
        namespace: None,
        name: None,
    };
    std::iter::once(making).chain(push_secret::actions(&spec.push_secret_spec, None)).collect()
}

impl Admission {
    /// Admits a ClusterPushSecret that could work, if its author may make PushSecrets, and read what they push, in all namespaces,
    /// and use the stores that these have in common.
    pub async fn cluster_push_secret(&self, request: &Request, deadline: Deadline) -> Response {
        if request.is_being_deleted() {
            return Response::admitted("deleting");
        }
        let spec = match request.object::<ClusterPushSecret>("ClusterPushSecret") {
            Ok(object) => object.spec,
            Err(error) => return Response::admitted("unreadable").warned(error.to_string()),
        };
        let pushing = &spec.push_secret_spec;
        let doubts = match self.push_stores("spec.pushSecretSpec", pushing, None, deadline).await {
            PushStores::Others => return Response::admitted("other_class"),
            PushStores::Ours { doubts } => doubts,
        };
        let name = if request.name.is_empty() { "(unnamed)" } else { &request.name };
        let object = format!("ClusterPushSecret {name}");
        let unmet = self.unmet_of(request, deadline, || everywhere(&spec)).await;
        self.answered(&object, unmet, || {
            let doubts = doubts.into_iter().chain(wants_none(&spec));
            judged(&object, &work::bounded(|| faults(&spec))).remarked(&object, doubts)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec() -> ClusterPushSecretSpec {
        serde_json::from_value(json!({
            "refreshTime": "1d",
            "namespaceSelectors": [{}, { "matchExpressions": [{ "key": "a", "operator": "In" }] }],
            "pushSecretSpec": {
                "secretStoreRefs": [{ "name": "own" }, { "name": "vault", "kind": "ClusterSecretStore" }],
                "selector": { "secret": { "name": "app" } },
            },
        }))
        .expect("a specification")
    }

    #[test]
    fn what_is_wrong_is_said_with_its_field() {
        let texts = faults(&spec());
        let begins = [
            r#"spec.refreshTime "1d" is no duration: "#,
            r#"spec.namespaceSelectors[1] is no label selector: "a" with operator "In" has no values"#,
            "spec.pushSecretSpec pushes nothing: ",
        ];
        assert_eq!(texts.len(), begins.len(), "{texts:?}");
        for (text, begin) in texts.iter().zip(begins) {
            assert!(text.starts_with(begin), "{text}");
        }
    }

    #[test]
    fn its_author_may_do_in_all_namespaces_what_it_does() {
        let asked: Vec<String> = everywhere(&spec()).iter().map(ToString::to_string).collect();
        let want = [
            "create pushsecrets.external-secrets.io",
            "get secrets \"app\"",
            "use clustersecretstores.external-secrets.io \"vault\"",
        ];
        assert_eq!(asked, want);
    }
}
