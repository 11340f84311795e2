//! What latchkey is for, in small pieces, each of which needs some right and says if it does not work.

use std::time::{Duration, Instant};

use latchkey_testbed::{Moto, REGION};
use serde_json::{Value, json};

use super::generating::{asks_a_service, finds_generators, generates, generates_of_the_cluster, keeps_books};
use super::pushing::{fans_pushes_out, pushes};
use crate::install::cluster::{Cluster, Running, WEBHOOKS};
use crate::support::manifests::{cluster_store, fake, list, store};
use crate::support::{SYSTEM, Said};

/// How long what a probe begins with may take, on a busy machine.
const BEFORE: Duration = Duration::from_secs(40);

/// Works, or says what did not.
pub type Probe = fn(&Stage<'_>) -> Result<(), String>;

/// Where latchkey is tried.
pub struct Stage<'a> {
    pub cluster: &'a Cluster,
    pub moto: &'a Moto,
    pub latchkey: &'a Running,
    /// A namespace where nothing was tried yet.
    pub ns: String,
    /// How long to wait for what should come.
    pub patience: Duration,
}

impl Stage<'_> {
    pub fn kubectl(&self, args: &[&str], input: &str) -> Said {
        self.cluster.kubectl(&[&["--namespace", &self.ns], args].concat(), input)
    }

    /// Applies without a warning, but for what ESO says of each fake store.
    pub fn apply(&self, objects: &[Value]) -> Result<(), String> {
        let said = self.kubectl(&["apply", "-f", "-"], &list(objects));
        let warned = said.warnings().iter().any(|text| !text.contains("isn't currently maintained"));
        if said.ok && !warned { Ok(()) } else { Err(said.to_string()) }
    }

    fn object(&self, kind: &str, name: &str) -> Value {
        let group = if kind == "secrets" { "api/v1" } else { "apis/external-secrets.io/v1" };
        self.cluster.get(&format!("/{group}/namespaces/{}/{kind}/{name}", self.ns)).unwrap_or_default()
    }

    pub fn wait(&self, what: &str, is: impl FnMut() -> bool) -> Result<(), String> {
        self.wait_at_most(self.patience, what, is)
    }

    fn wait_at_most(&self, limit: Duration, what: &str, mut is: impl FnMut() -> bool) -> Result<(), String> {
        let began = Instant::now();
        while !is() {
            if began.elapsed() > limit {
                return Err(format!("{what} did not come"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// A store `own`, and an ExternalSecret of this name, synced and its Secret owned, which takes so long at most.
    fn synced(&self, limit: Duration, name: &str) -> Result<(), String> {
        let store = store("own", fake(&[("db", "1"), ("more", "2")]));
        self.apply(&[store, external_secret(name, json!({}))])?;
        self.wait_at_most(limit, "the owner of the Secret", || {
            self.object("secrets", name)["metadata"]["ownerReferences"].is_array()
        })?;
        self.wait_at_most(limit, "the status", || {
            reason(&self.object("externalsecrets", name)) == "SecretSynced"
        })
    }
}

fn reason(object: &Value) -> &str {
    object["status"]["conditions"][0]["reason"].as_str().unwrap_or_default()
}

fn external_secret(name: &str, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": name },
        "spec": {
            "refreshInterval": "1h", "secretStoreRef": { "name": "own" },
            "data": [{ "secretKey": "db", "remoteRef": { "key": "db" } }],
        },
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        object["spec"][field] = value.clone();
    }
    object
}

/// It becomes ready.
pub fn starts(stage: &Stage<'_>) -> Result<(), String> {
    stage.wait("readiness", || stage.latchkey.is_ready())
}

/// It takes the Lease.
pub fn leads(stage: &Stage<'_>) -> Result<(), String> {
    stage.wait("a leader", || stage.latchkey.metrics().lines().any(|line| line == "latchkey_leader 1"))
}

/// A store and its reader come in one breath; the Secret is there, is owned, and status and event follow.
pub fn applies(stage: &Stage<'_>) -> Result<(), String> {
    stage.synced(stage.patience, "applied")?;
    let events = format!("/apis/events.k8s.io/v1/namespaces/{}/events", stage.ns);
    stage.wait("the event", || {
        let all = stage.cluster.get(&events).unwrap_or_default();
        all["items"].as_array().into_iter().flatten().any(|event| event["reason"] == "Created")
    })
}

/// The same with a ClusterSecretStore.
pub fn applies_of_a_cluster_store(stage: &Stage<'_>) -> Result<(), String> {
    let from = json!({ "secretStoreRef": { "kind": "ClusterSecretStore", "name": stage.ns } });
    stage.apply(&[cluster_store(&stage.ns, fake(&[("db", "1")])), external_secret("global", from)])?;
    stage.wait("the status", || reason(&stage.object("externalsecrets", "global")) == "SecretSynced")
}

/// A store says that it is valid.
pub fn validates(stage: &Stage<'_>) -> Result<(), String> {
    stage.apply(&[store("validated", fake(&[("db", "1")]))])?;
    stage.wait("the status", || reason(&stage.object("secretstores", "validated")) == "Valid")
}

/// A ClusterSecretStore says that it is valid.
pub fn validates_a_cluster_store(stage: &Stage<'_>) -> Result<(), String> {
    let name = format!("{}-validated", stage.ns);
    stage.apply(&[cluster_store(&name, fake(&[("db", "1")]))])?;
    stage.wait("the status", || {
        let path = format!("/apis/external-secrets.io/v1/clustersecretstores/{name}");
        reason(&stage.cluster.get(&path).unwrap_or_default()) == "Valid"
    })
}

/// A changed ExternalSecret changes its Secret; under another target's name the old one goes.
pub fn changes(stage: &Stage<'_>) -> Result<(), String> {
    stage.synced(BEFORE, "changed")?;
    let entry = |key: &str| json!({ "secretKey": key, "remoteRef": { "key": key } });
    stage.apply(&[external_secret("changed", json!({ "data": [entry("db"), entry("more")] }))])?;
    if stage.object("secrets", "changed")["data"]["more"].is_null() {
        return Err("the Secret was not changed".to_owned());
    }
    stage.apply(&[external_secret("changed", json!({ "target": { "name": "renamed" } }))])?;
    stage.wait("the end of the old Secret", || stage.object("secrets", "changed").is_null())
}

/// A ClusterExternalSecret makes an ExternalSecret in a namespace that comes later, changes it, takes it back, and says so.
pub fn fans_out(stage: &Stage<'_>) -> Result<(), String> {
    let (name, later) = (&stage.ns, format!("{}-later", stage.ns));
    let object = |team: &str, operator: &str| {
        json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ClusterExternalSecret", "metadata": { "name": name },
            "spec": {
                "externalSecretSpec": external_secret("any", json!({}))["spec"],
                "externalSecretMetadata": { "labels": { "team": team } },
                "namespaceSelectors": [{ "matchExpressions": [{
                    "key": "kubernetes.io/metadata.name", "operator": operator, "values": [later],
                }] }],
            },
        })
    };
    stage.apply(&[object("a", "In")])?;
    stage
        .cluster
        .0
        .create("/api/v1/namespaces", &json!({ "metadata": { "name": later } }))
        .expect("a namespace");
    let team = || {
        let path = format!("/apis/external-secrets.io/v1/namespaces/{later}/externalsecrets/{name}");
        stage.cluster.get(&path).map(|made| made["metadata"]["labels"]["team"].clone())
    };
    let provisioned = || {
        let path = format!("/apis/external-secrets.io/v1/clusterexternalsecrets/{name}");
        let fan = stage.cluster.get(&path).unwrap_or_default();
        fan["status"]["provisionedNamespaces"] == json!([later])
    };
    let seen = stage
        .wait("the ExternalSecret", || team() == Some(json!("a")))
        .and_then(|()| stage.wait("the status", provisioned))
        .and_then(|()| stage.apply(&[object("b", "In")]))
        .and_then(|()| stage.wait("the change of the ExternalSecret", || team() == Some(json!("b"))))
        .and_then(|()| stage.apply(&[object("b", "NotIn")]))
        .and_then(|()| stage.wait("the end of the ExternalSecret", || team().is_none()));
    stage.kubectl(&["delete", "clusterexternalsecret", name], "").good();
    seen
}

/// A Secret that somebody deletes comes back, each time: once or twice it may for another reason, a store that is new or a value
/// from memory that is read once more.
pub fn repairs(stage: &Stage<'_>) -> Result<(), String> {
    stage.synced(BEFORE, "repaired")?;
    (0..3).try_for_each(|_| {
        stage.kubectl(&["delete", "secret", "repaired"], "").good();
        stage.wait("the Secret", || !stage.object("secrets", "repaired").is_null())
    })
}

/// What is created twice is known to be there: admission has nothing to do with it.
pub fn knows_what_is_stored(stage: &Stage<'_>) -> Result<(), String> {
    stage.synced(BEFORE, "twice")?;
    let seen = || {
        let metrics = stage.latchkey.metrics();
        let lines = metrics.lines().filter(|line| line.contains("outcome=\"exists\""));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
    };
    let before = seen();
    stage.kubectl(&["create", "-f", "-"], &external_secret("twice", json!({})).to_string()).refused();
    if seen() > before { Ok(()) } else { Err("it was taken for a new one".to_owned()) }
}

/// External Secrets Operator's finalizer does not keep an ExternalSecret.
pub fn releases(stage: &Stage<'_>) -> Result<(), String> {
    let mut object = external_secret("released", json!({}));
    object["metadata"]["finalizers"] = json!(["externalsecrets.external-secrets.io/externalsecret-cleanup"]);
    stage.apply(&[store("own", fake(&[("db", "1")])), object])?;
    stage.kubectl(&["delete", "externalsecret", "released", "--wait=false"], "").good();
    stage.wait("its end", || stage.object("externalsecrets", "released").is_null())
}

/// One that is held by this finalizer, applied and deleted again, goes.
fn goes(stage: &Stage<'_>, resource: &str, mut object: Value, finalizer: &str) -> Result<(), String> {
    object["metadata"]["finalizers"] = json!([finalizer]);
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    stage.kubectl(&["apply", "-f", "-"], &object.to_string()).good();
    stage.kubectl(&["delete", resource, &name, "--wait=false"], "").good();
    let gone = || stage.kubectl(&["get", resource, &name], "").err.contains("NotFound");
    stage.wait(&format!("the end of {resource} {name}"), gone)
}

/// ESO's finalizer of stores.
const OF_STORES: &str = "secretstore.externalsecrets.io/finalizer";

/// Nor a store.
pub fn releases_a_store(stage: &Stage<'_>) -> Result<(), String> {
    goes(stage, "secretstores", store("released", fake(&[("db", "1")])), OF_STORES)
}

/// Nor a ClusterSecretStore, nor a ClusterExternalSecret.
pub fn releases_what_is_of_the_cluster(stage: &Stage<'_>) -> Result<(), String> {
    let fan = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ClusterExternalSecret",
        "metadata": { "name": stage.ns },
        "spec": {
            "externalSecretSpec": external_secret("any", json!({}))["spec"],
            "namespaceSelectors": [{ "matchLabels": { "held": stage.ns } }],
        },
    });
    let of_fans = "externalsecrets.external-secrets.io/clusterexternalsecret-cleanup";
    goes(stage, "clusterexternalsecrets", fan, of_fans)?;
    goes(stage, "clustersecretstores", cluster_store(&stage.ns, fake(&[("db", "1")])), OF_STORES)
}

/// A template stands in a ConfigMap.
pub fn reads_templates(stage: &Stage<'_>) -> Result<(), String> {
    let template = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "templates" },
        "data": { "t": "{{ .db }}" },
    });
    let from = json!([{ "configMap": { "name": "templates", "items": [{ "key": "t" }] } }]);
    let target = json!({ "template": { "templateFrom": from } });
    let own = store("own", fake(&[("db", "1")]));
    stage.apply(&[template, own, external_secret("templated", json!({ "target": target }))])
}

/// A store's identity is a ServiceAccount, which is annotated with a role at AWS.
pub fn speaks_for_accounts(stage: &Stage<'_>) -> Result<(), String> {
    stage.moto.put_secret(&stage.ns, "value").expect("put");
    let role = "arn:aws:iam::123456789012:role/reader";
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": { "name": "reader", "annotations": { "eks.amazonaws.com/role-arn": role } },
    });
    let auth = json!({ "jwt": { "serviceAccountRef": { "name": "reader" } } });
    let aws = json!({ "aws": { "service": "SecretsManager", "region": REGION, "auth": auth } });
    let data = json!([{ "secretKey": "a", "remoteRef": { "key": stage.ns } }]);
    let reader = json!({ "secretStoreRef": { "name": "aws" }, "data": data });
    stage.apply(&[account, store("aws", aws), external_secret("spoken-for", reader)])
}

/// A namespace's label has failures refused.
pub fn obeys_namespaces(stage: &Stage<'_>) -> Result<(), String> {
    let label = ["label", "namespace", &stage.ns, "latchkey.dev/failure-mode=deny", "--overwrite"];
    stage.kubectl(&label, "").good();
    stage.apply(&[store("own", fake(&[("db", "1")]))])?;
    let said = stage.kubectl(&["apply", "-f", "-"], &missing("strict").to_string());
    stage.kubectl(&["label", "namespace", &stage.ns, "latchkey.dev/failure-mode-"], "").good();
    if said.ok { Err(format!("it was admitted: {said}")) } else { Ok(()) }
}

fn missing(name: &str) -> Value {
    external_secret(name, json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": "missing" } }] }))
}

/// An event that comes again is counted.
pub fn counts_events(stage: &Stage<'_>) -> Result<(), String> {
    stage.apply(&[store("own", fake(&[("db", "1")]))])?;
    stage.kubectl(&["apply", "-f", "-"], &missing("failing").to_string()).good();
    let events = format!("/apis/events.k8s.io/v1/namespaces/{}/events", stage.ns);
    let count = || {
        let all = stage.cluster.get(&events).unwrap_or_default();
        let failed: Vec<Value> = all["items"].as_array().into_iter().flatten().cloned().collect();
        let failed = failed.into_iter().find(|event| event["reason"] == "UpdateFailed");
        failed.map(|event| event["series"]["count"].as_i64().unwrap_or(1))
    };
    stage.wait("the event", || count().is_some())?;
    stage.kubectl(&["annotate", "externalsecret", "failing", "again=1"], "").good();
    stage.wait("the second of it", || count().is_some_and(|count| count > 1))
}

/// A registration whose CA somebody has spoilt is mended.
pub fn mends(stage: &Stage<'_>) -> Result<(), String> {
    let path = format!("{WEBHOOKS}/latchkey");
    let mut registration = stage.cluster.get(&path).expect("the registration");
    let good = registration["webhooks"][0]["clientConfig"]["url"].clone();
    registration["webhooks"][0]["clientConfig"]["url"] = json!("https://127.0.0.1:1/spoilt");
    stage.cluster.0.api("PUT", &path, &registration).expect("it is spoilt");
    let mended =
        || stage.cluster.get(&path).expect("the registration")["webhooks"][0]["clientConfig"]["url"] == good;
    let seen = stage.wait("the mending", mended);
    if seen.is_err() {
        let mut registration = stage.cluster.get(&path).expect("the registration");
        registration["webhooks"][0]["clientConfig"]["url"] = good;
        stage.cluster.0.api("PUT", &path, &registration).expect("mended by hand");
    }
    seen
}

/// What a right is for: whether latchkey is to be started without it, and what does not work then.
pub fn of(group: &str, resource: &str, verb: &str) -> (bool, Probe) {
    match (group, resource, verb) {
        ("external-secrets.io", _, "list") | ("", "secrets", "list") => (true, starts),
        ("generators.external-secrets.io", "clustergenerators", _) => (false, generates_of_the_cluster),
        ("generators.external-secrets.io", "generatorstates", _) => (false, keeps_books),
        ("generators.external-secrets.io", resource, _) if asks_a_service(resource) => {
            (false, finds_generators)
        }
        ("generators.external-secrets.io", _, _) => (false, generates),
        ("", "namespaces", "list") => (true, starts),
        ("", "namespaces", "watch") | ("external-secrets.io", "clusterexternalsecrets", "watch") => {
            (true, fans_out)
        }
        ("external-secrets.io", "externalsecrets", "create" | "update" | "delete")
        | ("external-secrets.io", "clusterexternalsecrets/status" | "clusterexternalsecrets/finalizers", _) => {
            (false, fans_out)
        }
        ("external-secrets.io", "clusterpushsecrets", "watch") => (true, fans_pushes_out),
        ("external-secrets.io", "pushsecrets", "create" | "update" | "delete")
        | ("external-secrets.io", "clusterpushsecrets/status" | "clusterpushsecrets/finalizers", _) => {
            (false, fans_pushes_out)
        }
        ("external-secrets.io", "pushsecrets", "watch") => (true, pushes),
        ("external-secrets.io", "pushsecrets", "patch")
        | ("external-secrets.io", "pushsecrets/status", _) => (false, pushes),
        ("external-secrets.io", "externalsecrets", "watch") => (true, applies),
        ("external-secrets.io", "externalsecrets", "get") => (false, knows_what_is_stored),
        ("external-secrets.io", "externalsecrets", "patch") => (false, releases),
        ("external-secrets.io", "secretstores", "patch") => (false, releases_a_store),
        ("external-secrets.io", "clustersecretstores" | "clusterexternalsecrets", "patch") => {
            (false, releases_what_is_of_the_cluster)
        }
        ("external-secrets.io", "externalsecrets/status" | "externalsecrets/finalizers", _) => {
            (false, applies)
        }
        ("external-secrets.io", "secretstores", "get") => (false, applies),
        ("external-secrets.io", "secretstores", "watch") => (true, validates),
        ("external-secrets.io", "secretstores/status", _) => (false, validates),
        ("external-secrets.io", "clustersecretstores", "get") => (false, applies_of_a_cluster_store),
        ("external-secrets.io", "clustersecretstores", "watch") => (true, validates_a_cluster_store),
        ("external-secrets.io", "clustersecretstores/status", _) => (false, validates_a_cluster_store),
        ("", "secrets", "get" | "create" | "patch") => (false, applies),
        ("", "secrets", "update" | "delete") => (false, changes),
        ("", "secrets", "watch") => (true, repairs),
        ("", "configmaps", "get") => (false, reads_templates),
        ("", "serviceaccounts", "get") | ("", "serviceaccounts/token", "create") => {
            (false, speaks_for_accounts)
        }
        ("", "namespaces", "get") => (false, obeys_namespaces),
        ("events.k8s.io", "events", "create") => (false, applies),
        ("events.k8s.io", "events", "patch") => (false, counts_events),
        ("authorization.k8s.io", "localsubjectaccessreviews", "create") => (false, applies),
        ("authorization.k8s.io", "subjectaccessreviews", "create") => (false, applies_of_a_cluster_store),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", "list" | "watch") => (true, mends),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", _) => (false, mends),
        ("coordination.k8s.io", "leases", _) => (true, leads),
        _ => panic!("nothing shows what {verb} {resource} of {group:?} is for"),
    }
}

/// Everything, for an installation that serves the whole cluster.
pub const ALL: [Probe; 24] = [
    leads,
    applies,
    applies_of_a_cluster_store,
    validates,
    validates_a_cluster_store,
    changes,
    fans_out,
    pushes,
    fans_pushes_out,
    generates,
    generates_of_the_cluster,
    finds_generators,
    keeps_books,
    repairs,
    knows_what_is_stored,
    releases,
    releases_a_store,
    releases_what_is_of_the_cluster,
    reads_templates,
    speaks_for_accounts,
    obeys_namespaces,
    counts_events,
    mends,
    starts,
];

/// The Lease, away, so that the next leader has to make it.
pub fn delete_lease(cluster: &Cluster) {
    cluster.kubectl(&["delete", "lease", "latchkey", "--namespace", SYSTEM, "--ignore-not-found"], "").good();
}
