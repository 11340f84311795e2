//! The registration as it should be, as code.

use latchkey_api::push_secret::PUSH_VERSION;
use latchkey_api::{GROUP, VERSION};
use serde_json::{Map, Value, json};

use super::{cas, conditions};
use crate::config::{FailurePolicy, Registration, Scope};

/// Where reviews of ExternalSecrets are answered.
pub const PATH_EXTERNAL_SECRETS: &str = "/review/external-secrets";
/// Where reviews of PushSecrets and ClusterPushSecrets are answered.
pub const PATH_PUSH_SECRETS: &str = "/review/push-secrets";
/// Where reviews of SecretStores and ClusterSecretStores are answered.
pub const PATH_STORES: &str = "/review/stores";
/// Where reviews of Pods are answered.
pub const PATH_PODS: &str = "/review/pods";

/// The registration that this latchkey asks for.
#[derive(Debug, Clone)]
pub struct Desired {
    registration: Registration,
    scope: Scope,
    namespace: String,
    username: String,
}

impl Desired {
    /// For a latchkey in this namespace that the API server knows by this username.
    pub fn new(registration: &Registration, scope: &Scope, namespace: &str, username: &str) -> Self {
        let (registration, scope) = (registration.clone(), scope.clone());
        Self { registration, scope, namespace: namespace.into(), username: username.into() }
    }

    /// The configuration's name.
    pub fn name(&self) -> &str {
        &self.registration.webhook_name
    }

    /// The whole configuration.
    pub fn configuration(&self, bundle: Option<&str>) -> Value {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {
                "name": self.name(),
                "labels": {
                    "app.kubernetes.io/name": "latchkey",
                    "app.kubernetes.io/managed-by": "latchkey",
                },
            },
            "webhooks": self.webhooks(bundle),
        })
    }

    /// Gives the known webhooks of a configuration what latchkey cannot do without, and adds those that are missing; nothing
    /// else is touched. Whether anything had to be changed.
    pub fn merge_into(&self, configuration: &mut Value, bundle: Option<&str>) -> bool {
        let before = configuration.clone();
        if !configuration["webhooks"].is_array() {
            configuration["webhooks"] = json!([]);
        }
        let Some(present) = configuration["webhooks"].as_array_mut() else { return false };
        for webhook in self.webhooks(bundle) {
            match present.iter_mut().find(|other| other["name"] == webhook["name"]) {
                Some(other) => mend(other, &webhook),
                None => present.push(webhook),
            }
        }
        *configuration != before
    }

    fn webhooks(&self, bundle: Option<&str>) -> Vec<Value> {
        let conditions = conditions::of_custom_resources(&self.namespace, &self.username);
        let failure_policy = self.registration.failure_policy;
        let (all, but_system) = self.namespaces();
        let (stores, scope): (&[&str], _) = match self.scope.cluster_stores {
            true => (&["secretstores", "clustersecretstores"], "*"),
            false => (&["secretstores"], "Namespaced"),
        };
        let (external_secrets, everywhere): (&[&str], _) = match self.scope.fans_out() {
            true => (&["externalsecrets", "clusterexternalsecrets"], "*"),
            false => (&["externalsecrets"], "Namespaced"),
        };
        let custom = [
            Webhook {
                name: "externalsecrets.latchkey.dev",
                path: PATH_EXTERNAL_SECRETS,
                rule: rule((GROUP, VERSION), external_secrets, &["CREATE", "UPDATE"], everywhere),
                conditions: conditions.clone(),
                failure_policy,
                namespaces: all.clone(),
            },
            Webhook {
                name: "stores.latchkey.dev",
                path: PATH_STORES,
                rule: rule((GROUP, VERSION), stores, &["CREATE", "UPDATE"], scope),
                conditions,
                failure_policy,
                namespaces: all,
            },
        ];
        let pods = Webhook {
            name: "pods.latchkey.dev",
            path: PATH_PODS,
            rule: rule(("", "v1"), &["pods"], &["CREATE"], "Namespaced"),
            conditions: conditions::of_pods(&self.namespace, &self.username),
            // A cluster whose Pods wait for latchkey does not start again after an outage.
            failure_policy: FailurePolicy::Ignore,
            namespaces: but_system,
        };
        let all = custom.into_iter().chain([pods]).chain(self.push_secrets());
        all.map(|webhook| self.webhook(webhook, bundle)).collect()
    }

    /// The webhook of PushSecrets, where they are served. It only says what can never work.
    fn push_secrets(&self) -> Option<Webhook> {
        let (resources, scope): (&[&str], _) = match self.scope.fans_pushes_out() {
            true => (&["pushsecrets", "clusterpushsecrets"], "*"),
            false => (&["pushsecrets"], "Namespaced"),
        };
        self.scope.push_secrets.then(|| Webhook {
            name: "pushsecrets.latchkey.dev",
            path: PATH_PUSH_SECRETS,
            rule: rule((GROUP, PUSH_VERSION), resources, &["CREATE", "UPDATE"], scope),
            conditions: conditions::of_custom_resources(&self.namespace, &self.username),
            failure_policy: self.registration.failure_policy,
            namespaces: self.namespaces().0,
        })
    }

    /// Whose ExternalSecrets and stores are reviewed, and whose Pods: all but the system's and latchkey's own, or those of
    /// the one namespace that latchkey sees to.
    fn namespaces(&self) -> (Value, Value) {
        let named = |operator: &str, names: &[&str]| {
            json!({ "matchExpressions": [
                { "key": "kubernetes.io/metadata.name", "operator": operator, "values": names },
            ]})
        };
        match &self.scope.scoped_namespace {
            Some(namespace) => (named("In", &[namespace]), named("In", &[namespace])),
            None => (json!({}), named("NotIn", &["kube-system", &self.namespace])),
        }
    }

    fn webhook(&self, webhook: Webhook, bundle: Option<&str>) -> Value {
        let Webhook { name, path, rule, conditions, failure_policy, namespaces } = webhook;
        json!({
            "name": name,
            "clientConfig": self.address(path, bundle),
            "rules": [rule],
            "matchPolicy": "Equivalent",
            "matchConditions": conditions,
            "namespaceSelector": namespaces,
            "objectSelector": {},
            "failurePolicy": failure_policy.as_str(),
            "reinvocationPolicy": "IfNeeded",
            "sideEffects": "NoneOnDryRun",
            "timeoutSeconds": self.registration.webhook_timeout.as_secs(),
            "admissionReviewVersions": ["v1"],
        })
    }

    /// The Service, or the URL outside of the cluster.
    fn address(&self, path: &str, bundle: Option<&str>) -> Value {
        let mut address = match &self.registration.webhook_url {
            Some(url) => json!({ "url": format!("{url}{path}") }),
            None => json!({ "service": {
                "namespace": self.namespace,
                "name": self.registration.service_name,
                "path": path,
                "port": 443,
            }}),
        };
        if let Some(bundle) = bundle {
            address["caBundle"] = Value::from(encode(bundle));
        }
        address
    }
}

/// What tells the webhooks apart.
struct Webhook {
    name: &'static str,
    path: &'static str,
    rule: Value,
    conditions: Vec<Value>,
    failure_policy: FailurePolicy,
    namespaces: Value,
}

/// Never DELETE, never a subresource. Other versions come converted, by `matchPolicy: Equivalent`.
fn rule((group, version): (&str, &str), resources: &[&str], operations: &[&str], scope: &str) -> Value {
    json!({
        "apiGroups": [group],
        "apiVersions": [version],
        "resources": resources,
        "operations": operations,
        "scope": scope,
    })
}

/// What a webhook is asked, and how, as this program understands it. The rest is the cluster's choice.
const KEPT: [&str; 5] =
    ["rules", "matchPolicy", "sideEffects", "reinvocationPolicy", "admissionReviewVersions"];

fn mend(present: &mut Value, wanted: &Value) {
    set_address(&mut present["clientConfig"], &wanted["clientConfig"]);
    for field in KEPT {
        present[field] = wanted[field].clone();
    }
    set_conditions(&mut present["matchConditions"], &wanted["matchConditions"]);
}

/// Service and URL exclude each other. A CA is replaced only by another one: without one of ours, somebody else's stays.
fn set_address(present: &mut Value, wanted: &Value) {
    if !present.is_object() {
        *present = Value::Object(Map::new());
    }
    let (Some(present), Some(wanted)) = (present.as_object_mut(), wanted.as_object()) else { return };
    let bundle = present.get("caBundle").cloned().filter(|bundle| {
        let wanted = wanted.get("caBundle").and_then(Value::as_str).and_then(decode);
        wanted.is_none_or(|wanted| cas::same(bundle, &wanted))
    });
    present.retain(|key, _| !["service", "url"].contains(&key.as_str()));
    present.extend(wanted.clone());
    present.extend(bundle.map(|bundle| ("caBundle".to_owned(), bundle)));
}

/// Ours by name; others narrow what latchkey is asked, and stay.
fn set_conditions(present: &mut Value, wanted: &Value) {
    if !present.is_array() {
        *present = Value::Array(Vec::new());
    }
    let Some(present) = present.as_array_mut() else { return };
    for condition in wanted.as_array().into_iter().flatten() {
        match present.iter_mut().find(|other| other["name"] == condition["name"]) {
            Some(other) => *other = condition.clone(),
            None => present.push(condition.clone()),
        }
    }
}

fn decode(text: &str) -> Option<String> {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).ok()?).ok()
}

fn encode(bundle: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bundle)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn desired(webhook_url: Option<&str>) -> Desired {
        let registration = Registration {
            webhook_url: webhook_url.map(str::to_owned),
            service_name: "latchkey".into(),
            webhook_name: "latchkey".into(),
            webhook_timeout: Duration::from_secs(5),
            failure_policy: FailurePolicy::Fail,
        };
        Desired::new(
            &registration,
            &Scope::default(),
            "latchkey-system",
            "system:serviceaccount:latchkey-system:latchkey",
        )
    }

    fn present() -> Value {
        desired(None).configuration(Some("old CA"))
    }

    #[test]
    fn what_is_as_it_should_be_is_left_alone() {
        let mut configuration = present();
        assert!(!desired(None).merge_into(&mut configuration, Some("old CA")));
        assert!(!desired(None).merge_into(&mut configuration, None), "somebody else's CA stays");
        assert_eq!(configuration, present());
    }

    #[test]
    fn what_a_cluster_may_want_otherwise_stays() {
        let mut configuration = present();
        configuration["metadata"]["annotations"] = json!({ "theirs": "1" });
        let webhook = &mut configuration["webhooks"][0];
        webhook["failurePolicy"] = json!("Ignore");
        webhook["timeoutSeconds"] = json!(9);
        webhook["namespaceSelector"] = json!({ "matchLabels": { "a": "b" } });
        webhook["objectSelector"] = json!({ "matchLabels": { "c": "d" } });
        let more = json!({ "name": "not-by-flux", "expression": "request.userInfo.username != 'flux'" });
        webhook["matchConditions"].as_array_mut().expect("a list").insert(0, more);
        webhook["new"] = json!("field");
        webhook["clientConfig"]["future"] = json!(1);
        let mut expected = configuration.clone();
        for webhook in expected["webhooks"].as_array_mut().expect("a list") {
            webhook["clientConfig"]["caBundle"] = json!("bmV3IENB");
        }
        assert!(desired(None).merge_into(&mut configuration, Some("new CA")));
        assert_eq!(configuration, expected);
    }

    #[test]
    fn a_url_takes_the_services_place() {
        let mut configuration = present();
        assert!(desired(Some("https://127.0.0.1:1/x")).merge_into(&mut configuration, None));
        let address = &configuration["webhooks"][2]["clientConfig"];
        assert_eq!(*address, json!({ "url": "https://127.0.0.1:1/x/review/pods", "caBundle": "b2xkIENB" }));
        assert!(desired(None).merge_into(&mut configuration, Some("old CA")));
        assert_eq!(configuration, present());
    }

    #[test]
    fn what_latchkey_does_not_work_without_is_mended() {
        let breaks: [fn(&mut Value); 8] = [
            |webhook| webhook["rules"] = json!([]),
            |webhook| webhook["rules"][0]["operations"] = json!(["*"]),
            |webhook| webhook["matchPolicy"] = json!("Exact"),
            |webhook| webhook["sideEffects"] = json!("None"),
            |webhook| webhook["reinvocationPolicy"] = json!("Never"),
            |webhook| webhook["admissionReviewVersions"] = json!(["v1beta1"]),
            |webhook| webhook["matchConditions"][1]["expression"] = json!("false"),
            |webhook| webhook["clientConfig"] = json!({ "url": "https://elsewhere", "caBundle": "" }),
        ];
        for (number, breaks) in breaks.into_iter().enumerate() {
            let mut configuration = present();
            breaks(&mut configuration["webhooks"][0]);
            assert_ne!(configuration, present(), "{number}");
            assert!(desired(None).merge_into(&mut configuration, Some("old CA")), "{number}");
            assert_eq!(configuration, present(), "{number}");
        }
        let mut without = present();
        without["webhooks"][0].as_object_mut().expect("a webhook").remove("matchConditions");
        assert!(desired(None).merge_into(&mut without, Some("old CA")));
        assert_eq!(without, present());
    }

    #[test]
    fn adds_webhooks_that_are_missing_after_those_of_others() {
        let theirs = json!({ "name": "theirs.example.com", "clientConfig": { "url": "https://theirs" } });
        let mut configuration = json!({ "webhooks": [theirs] });
        assert!(desired(None).merge_into(&mut configuration, Some("old CA")));
        let webhooks = configuration["webhooks"].as_array().expect("a list");
        assert_eq!(webhooks[0], theirs);
        assert_eq!(json!(webhooks[1..]), present()["webhooks"]);
        assert!(desired(None).merge_into(&mut json!({}), None));
    }

    #[test]
    fn pods_are_never_held_up() {
        let policies: Vec<_> = present()["webhooks"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|w| w["failurePolicy"].clone())
            .collect();
        assert_eq!(policies, ["Fail", "Fail", "Ignore", "Fail"]);
    }

    #[test]
    fn push_secrets_are_asked_about_where_they_are_served() {
        let rules = |scope: Scope| {
            let Desired { registration, namespace, username, .. } = desired(None);
            let configuration = Desired { registration, scope, namespace, username }.configuration(None);
            let webhooks = configuration["webhooks"].as_array().expect("a list").clone();
            let of = webhooks.into_iter().find(|webhook| webhook["name"] == "pushsecrets.latchkey.dev");
            of.map(|webhook| webhook["rules"][0].clone())
        };
        let rule = rules(Scope::default()).expect("a rule");
        assert_eq!(rule["apiVersions"], json!(["v1alpha1"]));
        assert_eq!(
            [&rule["resources"], &rule["scope"]],
            [&json!(["pushsecrets", "clusterpushsecrets"]), &json!("*")]
        );
        let narrow = [
            Scope { cluster_push_secrets: false, ..Scope::default() },
            Scope { scoped_namespace: Some("shop".into()), ..Scope::default() },
        ];
        for scope in narrow {
            let rule = rules(scope).expect("a rule");
            assert_eq!([&rule["resources"], &rule["scope"]], [&json!(["pushsecrets"]), &json!("Namespaced")]);
        }
        assert_eq!(rules(Scope { push_secrets: false, ..Scope::default() }), None);
    }
}
