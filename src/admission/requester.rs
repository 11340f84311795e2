//! Whether whoever applies an object may himself do what it makes latchkey do: nobody gets through it a right that
//! he did not have.

use k8s_openapi::api::authentication::v1::UserInfo;
use latchkey_api::external_secret::{
    CreationPolicy, ExternalSecret, GeneratorRef, ManifestRef, StoreKind, Template,
};
use latchkey_api::generator::{self, GeneratorKind};
use latchkey_api::{ClusterExternalSecret, GROUP};
use serde::Deserialize as _;
use serde_json::Value;

use super::Admission;
use super::request::{Operation, Request, Response};
use crate::config::RequesterChecks;
use crate::engine::Deadline;
use crate::engine::manifest::Resource;
use crate::engine::pending::Pending;
use crate::engine::plan::{GeneratorKey, StoreKey};
use crate::engine::render::{self, ObjectKind};
use crate::lookup::{Action, Key, stores_of, target_of};

/// What the object makes latchkey do that its author must be allowed himself: make (or change) the Secret, read those whose
/// content its template takes, and use each store and each generator that it names.
fn actions(object: &ExternalSecret, namespace: &str) -> Vec<Action> {
    let stores = stores_of(object).into_iter().map(using);
    let generators = object.spec.generators().filter_map(|(_, named)| having_made(named, Some(namespace)));
    let own = secret(object, namespace).into_iter().chain(templates(object, namespace));
    own.chain(stores).chain(generators).collect()
}

/// To use a generator, in a namespace or in any; none if it is of a kind that is not served, as nothing is made then, nor if each
/// namespace has its own.
pub(super) fn having_made(named: &GeneratorRef, namespace: Option<&str>) -> Option<Action> {
    let of = GeneratorKey::of(named, namespace.unwrap_or_default())?;
    let GeneratorKey { kind, namespace, name } =
        Some(of).filter(|of| namespace.is_some() || of.kind.is_none())?;
    let resource = kind.map_or("clustergenerators", GeneratorKind::plural);
    let (group, resource) = (generator::GROUP.into(), resource.into());
    Some(Action { verb: "use", group, resource, namespace, name: Some(name) })
}

/// Secrets whose content the template puts into the target.
fn templates(object: &ExternalSecret, namespace: &str) -> Vec<Action> {
    let template = object.spec.target.as_ref().and_then(|target| target.template.as_ref());
    secrets_in(template).map(|name| reading(Some(namespace), name)).collect()
}

/// The Secrets that a template takes texts of.
pub(super) fn secrets_in(template: Option<&Template>) -> impl Iterator<Item = String> {
    let of = render::objects(template).into_iter().filter(|object| object.kind == ObjectKind::Secret);
    of.map(|object| object.name)
}

/// To read a Secret, of a namespace or of any.
pub(super) fn reading(namespace: Option<&str>, name: String) -> Action {
    let namespace = namespace.map(str::to_owned);
    Action { verb: "get", group: "".into(), resource: "secrets".into(), namespace, name: Some(name) }
}

/// What a ClusterExternalSecret makes latchkey do in every namespace.
fn everywhere(request: &Request) -> Vec<Action> {
    let making = Action {
        verb: "create",
        group: GROUP.into(),
        resource: "externalsecrets".into(),
        namespace: None,
        name: None,
    };
    let fan = request.object::<ClusterExternalSecret>("ClusterExternalSecret").ok();
    let inner = fan.map(|fan| ExternalSecret::new(&request.name, fan.spec.external_secret_spec));
    let stores = inner.iter().flat_map(stores_of).filter(|store| store.kind == StoreKind::ClusterSecretStore);
    let generators = inner.iter().flat_map(|inner| inner.spec.generators());
    let generators = generators.filter_map(|(_, named)| having_made(named, None));
    std::iter::once(making).chain(stores.map(using)).chain(generators).collect()
}

/// A name is of no use to the first: the API server does not know it either when it asks whether somebody may create.
fn secret(object: &ExternalSecret, namespace: &str) -> Option<Action> {
    if manifest_of(object).is_some() {
        return None; // asked about by its own kind
    }
    match object.spec.creation_policy() {
        CreationPolicy::None => None,
        CreationPolicy::Merge => Some(updating(target_of(object))),
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge => {
            let namespace = Some(namespace.to_owned());
            Some(Action {
                verb: "create",
                group: "".into(),
                resource: "secrets".into(),
                namespace,
                name: None,
            })
        }
    }
}

fn manifest_of(object: &ExternalSecret) -> Option<&ManifestRef> {
    object.spec.target.as_ref()?.manifest.as_ref()
}

/// Making and changing an object that is no Secret; both, since it may be there.
fn writing(object: &ExternalSecret, resource: Resource) -> Vec<Action> {
    let target = target_of(object);
    let updating =
        Action { group: resource.group.into(), resource: resource.plural.into(), ..updating(target) };
    let creating = Action { verb: "create", name: None, ..updating.clone() };
    match object.spec.creation_policy() {
        CreationPolicy::None => Vec::new(),
        CreationPolicy::Merge => vec![updating],
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge => {
            vec![creating, updating]
        }
    }
}

fn updating(secret: Key) -> Action {
    let (namespace, name) = (secret.namespace().to_owned(), secret.name().to_owned());
    Action {
        verb: "update",
        group: "".into(),
        resource: "secrets".into(),
        namespace: Some(namespace),
        name: Some(name),
    }
}

/// The Secret that would be taken over if it is there: one that the object did not write before.
fn newly_targeted(object: &ExternalSecret, old: Option<&ExternalSecret>) -> Option<Key> {
    if manifest_of(object).is_some() {
        return None; // whoever asks for it must be allowed to change it anyway
    }
    let written = |object: &ExternalSecret| match object.spec.creation_policy() {
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge => {
            Some(target_of(object))
        }
        CreationPolicy::Merge | CreationPolicy::None => None, // asked about already; not written
    };
    written(object).filter(|target| old.and_then(written).as_ref() != Some(target))
}

fn using(store: StoreKey) -> Action {
    Action { name: Some(store.name), ..using_all(store.kind, store.namespace) }
}

/// To use every store of a kind.
pub(super) fn using_all(kind: StoreKind, namespace: Option<String>) -> Action {
    let resource = match kind {
        StoreKind::SecretStore => "secretstores",
        StoreKind::ClusterSecretStore => "clustersecretstores",
    };
    Action { verb: "use", group: GROUP.into(), resource: resource.into(), namespace, name: None }
}

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

/// The response with what the requester lacks, unless it is a refusal anyway.
fn told(response: Response, object: &str, unmet: Vec<String>) -> Response {
    match response.denied {
        Some(_) => response,
        None => {
            unmet.into_iter().fold(response, |response, text| response.warned(format!("{object}: {text}")))
        }
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
        let mut response = self.external_secret(request, deadline).await;
        if !unmet.is_empty() {
            response = response.audited("requester", "lacks rights");
        }
        told(response, &object, unmet)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(policy: &str) -> ExternalSecret {
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": "db", "namespace": "shop"},
            "spec": {
                "secretStoreRef": {"name": "aws"},
                "target": {"name": "db-secret", "creationPolicy": policy},
                "data": [{
                    "secretKey": "a", "remoteRef": {"key": "k"},
                    "sourceRef": {"storeRef": {"kind": "ClusterSecretStore", "name": "vault"}},
                }],
            },
        });
        serde_json::from_value(object).expect("an ExternalSecret")
    }

    fn asked(policy: &str) -> Vec<String> {
        actions(&object(policy), "shop").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn whoever_takes_templates_out_of_a_secret_must_be_able_to_read_it() {
        let mut object = object("Owner");
        let from = json!({"templateFrom": [{"secret": {"name": "texts", "items": [{"key": "a"}]}}]});
        let template = serde_json::from_value(from).expect("a template");
        object.spec.target.get_or_insert_default().template = Some(template);
        let asked: Vec<String> = actions(&object, "shop").iter().map(ToString::to_string).collect();
        assert!(asked.contains(&"get secrets \"texts\" in namespace \"shop\"".to_owned()), "{asked:?}");
    }

    #[test]
    fn whoever_has_a_secret_made_must_be_able_to_make_it_and_to_use_the_stores() {
        let stores = [
            "use secretstores.external-secrets.io \"aws\" in namespace \"shop\"",
            "use clustersecretstores.external-secrets.io \"vault\"",
        ];
        for policy in ["Owner", "Orphan", "CreateOrMerge"] {
            assert_eq!(asked(policy)[0], "create secrets in namespace \"shop\"");
            assert_eq!(asked(policy)[1..], stores);
        }
        assert_eq!(asked("Merge")[0], "update secrets \"db-secret\" in namespace \"shop\"");
        assert_eq!(asked("None"), stores);
    }

    #[test]
    fn whoever_has_a_value_made_must_be_able_to_use_the_generator() {
        let mut object = object("None");
        let of = |kind| json!({"sourceRef": {"generatorRef": {"kind": kind, "name": "it"}}});
        object.spec.data_from = ["MFA", "ClusterGenerator", "Other"]
            .map(|kind| serde_json::from_value(of(kind)).expect("an entry"))
            .into();
        let asked: Vec<String> = actions(&object, "shop").iter().map(ToString::to_string).collect();
        let generators = [
            "use mfas.generators.external-secrets.io \"it\" in namespace \"shop\"",
            "use clustergenerators.generators.external-secrets.io \"it\"",
        ];
        assert_eq!(asked[2..], generators);
    }

    #[test]
    fn only_a_target_that_is_new_to_the_object_can_be_taken_over() {
        let target = |policy: &str| target_of(&object(policy));
        assert_eq!(newly_targeted(&object("Owner"), None), Some(target("Owner")));
        assert_eq!(newly_targeted(&object("Owner"), Some(&object("Orphan"))), None);
        assert_eq!(newly_targeted(&object("Owner"), Some(&object("Merge"))), Some(target("Owner")));
        assert_eq!(newly_targeted(&object("Merge"), None), None);
    }

    fn update(change: impl FnOnce(&mut Value)) -> Request {
        let object = json!({"metadata": {"name": "db"}, "spec": {"data": []}});
        let mut request = Request {
            operation: Operation::Update,
            kind: "ExternalSecret".into(),
            namespace: "shop".into(),
            name: "db".into(),
            dry_run: false,
            user: UserInfo::default(),
            object: object.clone(),
            old: Some(object),
        };
        change(&mut request.object);
        request
    }

    #[test]
    fn only_a_changed_specification_asks_for_something_new() {
        assert!(!asks_for_something_new(&update(|object| object["metadata"]["labels"] = json!({"a": "b"}))));
        assert!(asks_for_something_new(&update(|object| object["spec"]["target"] = json!({"name": "x"}))));
        let mut deleted = update(|object| object["spec"]["target"] = json!({"name": "x"}));
        deleted.object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert!(!asks_for_something_new(&deleted));
    }
}
