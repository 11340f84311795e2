//! ExternalSecrets, stores and Pods, good ones first and then spoilt, as reviews.

use serde_json::{Value, json};

use crate::{CANARY, Random, mutate, words};

/// A kind of objects that latchkey admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    ExternalSecret,
    Store,
    Pod,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ExternalSecret, Self::Store, Self::Pod];

    /// The path of its reviews.
    pub fn path(self) -> &'static str {
        use latchkey::registration::{PATH_EXTERNAL_SECRETS, PATH_PODS, PATH_STORES};
        match self {
            Self::ExternalSecret => PATH_EXTERNAL_SECRETS,
            Self::Store => PATH_STORES,
            Self::Pod => PATH_PODS,
        }
    }

    /// A good object of this kind.
    pub fn good(self, random: &mut Random) -> Value {
        match self {
            Self::ExternalSecret => external_secret(random),
            Self::Store => store(random),
            Self::Pod => pod(random),
        }
    }
}

fn external_secret(random: &mut Random) -> Value {
    let name = random.pick(&["app", "db", "web"]);
    let mut spec = json!({
        "refreshInterval": "1h", "refreshPolicy": random.pick(&["Periodic", "OnChange", "CreatedOnce"]),
        "secretStoreRef": { "name": "store" },
        "target": {
            "name": name, "creationPolicy": random.pick(&["Owner", "Orphan", "Merge", "None", "CreateOrMerge"]),
            "deletionPolicy": random.pick(&["Retain", "Delete", "Merge"]), "immutable": random.once_in(4),
        },
        "data": [
            { "secretKey": "password", "remoteRef": { "key": "db", "property": "password" } },
            { "secretKey": "user", "remoteRef": { "key": "db", "property": "user.name", "decodingStrategy": "None" } },
            { "secretKey": "none", "remoteRef": { "key": "nothing", "version": "1", "conversionStrategy": "Unicode" } },
        ],
        "dataFrom": [{
            "extract": { "key": "db", "decodingStrategy": "Auto", "nullBytePolicy": "Fail" },
            "rewrite": [
                { "regexp": { "source": "^(.*)$", "target": "p_$1" } },
                { "merge": { "strategy": "Extract", "conflictPolicy": "Ignore", "priority": ["user"], "priorityPolicy": "IgnoreNotFound" } },
            ],
        }],
    });
    if random.once_in(6) {
        let doubling = json!({ "regexp": { "source": "^(.*)$", "target": "$1$1" } });
        spec["dataFrom"][0]["rewrite"] = Value::Array(vec![doubling; 64]);
    }
    if !random.once_in(4) {
        spec["data"].as_array_mut().map(Vec::pop); // what is not there
    }
    if random.once_in(2) {
        spec["target"]["template"] = json!({
            "type": "Opaque", "engineVersion": "v2", "mergePolicy": random.pick(&["Replace", "Merge"]),
            "metadata": { "labels": { "a": "{{ .user }}" }, "annotations": { "b": "c" }, "finalizers": ["example.com/f"] },
            "data": { "config": "user={{ .user }} password={{ .password }}", "loop": words::template(random) },
            "templateFrom": [{ "literal": "{{ range $k, $v := . }}{{ $k }}: x\n{{ end }}", "target": random.pick(&["Data", "Labels", "Annotations"]) }],
        });
    }
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": { "name": name, "namespace": "team", "labels": { "a": "b" }, "annotations": { "force-sync": "1" } },
        "spec": spec,
    })
}

fn store(random: &mut Random) -> Value {
    let own = |key: &str| json!({ "name": "creds", "key": key });
    let provider = match random.below(6) {
        0 => json!({ "aws": {
            "service": "SecretsManager", "region": "eu-west-1", "role": "arn:aws:iam::1:role/a", "sessionTags": [{ "key": "a", "value": "b" }],
            "auth": { "secretRef": { "accessKeyIDSecretRef": own("id"), "secretAccessKeySecretRef": own("key") } },
        } }),
        1 => json!({ "vault": {
            "server": "https://vault.example.com:8200", "path": "secret", "version": "v2", "namespace": "tenant", "headers": { "X-Team": "a" },
            "caBundle": "LS0tLS1CRUdJTg==", "readYourWrites": true,
            "auth": { "appRole": { "path": "approle", "roleId": "r", "secretRef": own("secret") } },
        } }),
        2 => json!({ "kubernetes": {
            "server": { "url": "https://10.0.0.1:6443", "caBundle": "LS0tLS1CRUdJTg==" }, "remoteNamespace": "shared",
            "auth": { "token": { "bearerToken": own("token") } },
        } }),
        3 => json!({ "gcpsm": { "projectID": "p", "auth": { "some": { "deep": [1, { "thing": true }] } } } }),
        _ => {
            json!({ "fake": { "data": [{ "key": "db", "value": CANARY, "version": "v1" }, { "key": "b", "value": "x" }] } })
        }
    };
    let kind = random.pick(&["SecretStore", "ClusterSecretStore"]);
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": kind,
        "metadata": { "name": "store", "namespace": "team", "annotations": { "latchkey.dev/allowed-keys": "team/*" } },
        "spec": {
            "controller": "", "refreshInterval": "10m", "retrySettings": { "maxRetries": 3, "retryInterval": "5s" },
            "conditions": [
                { "namespaceSelector": { "matchLabels": { "a": "b" }, "matchExpressions": [{ "key": "a", "operator": "In", "values": ["b"] }] } },
                { "namespaces": ["team"], "namespaceRegexes": ["^team-", "^[a-z]+$"] },
            ],
            "provider": provider,
        },
    })
}

fn pod(random: &mut Random) -> Value {
    let secret = random.pick(&["app", "db", "web", "other"]);
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "pod", "namespace": "team", "annotations": { "a": "b", "latchkey.dev/failure-mode": "deny" } },
        "spec": {
            "imagePullSecrets": [{ "name": "pull" }],
            "initContainers": [{ "name": "init", "image": "i", "envFrom": [{ "secretRef": { "name": "web", "optional": true } }] }],
            "containers": [{
                "name": "app", "image": "nginx", "envFrom": [{ "secretRef": { "name": secret } }, { "configMapRef": { "name": "c" } }],
                "env": [{ "name": "A", "valueFrom": { "secretKeyRef": { "name": "db", "key": "password", "optional": false } } }],
            }],
            "volumes": [
                { "name": "s", "secret": { "secretName": "app", "optional": true } },
                { "name": "p", "projected": { "sources": [{ "secret": { "name": "db" } }, { "configMap": { "name": "c" } }] } },
                { "name": "csi", "csi": { "driver": "d", "nodePublishSecretRef": { "name": "web" } } },
            ],
        },
    })
}

/// An object of this kind with a few places changed; one in eight is good.
pub fn object(random: &mut Random, kind: Kind) -> Value {
    let mut object = kind.good(random);
    if !random.once_in(8) {
        mutate::mutate(random, &mut object, 6);
    }
    object
}

/// A review of an object that is being created.
pub fn created(object: &Value) -> Value {
    let text = |value: &Value, other: &str| value.as_str().unwrap_or(other).to_owned();
    let kind = text(&object["kind"], "Pod");
    let group = if kind == "Pod" { "" } else { latchkey_api::GROUP };
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "u", "kind": { "group": group, "version": "v1", "kind": kind }, "operation": "CREATE",
            "namespace": text(&object["metadata"]["namespace"], ""), "name": text(&object["metadata"]["name"], ""),
            "userInfo": { "username": "admin", "groups": ["a"] }, "object": object,
        },
    })
}

/// A review of such an object. Two in ten are changed themselves, half of those as bytes.
pub fn review(random: &mut Random, kind: Kind) -> Vec<u8> {
    let object = object(random, kind);
    let update = random.once_in(3);
    let old = if update { self::object(random, kind) } else { Value::Null };
    let mut review = created(&object);
    review["request"]["uid"] = json!(format!("{:016x}", random.bits()));
    review["request"]["dryRun"] = json!(random.once_in(5));
    if update {
        review["request"]["operation"] = json!("UPDATE");
        review["request"]["oldObject"] = old;
    }
    let spoilt = random.below(20);
    if spoilt < 2 {
        mutate::mutate(random, &mut review, 3);
    }
    let mut bytes = review.to_string().into_bytes();
    if (2..4).contains(&spoilt) {
        mutate::mutate_bytes(random, &mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_reviews_are_still_json_and_some_are_not() {
        for kind in Kind::ALL {
            let reviews: Vec<_> = (0..500).map(|seed| review(&mut Random::new(seed), kind)).collect();
            let good = reviews.iter().filter(|bytes| serde_json::from_slice::<Value>(bytes).is_ok()).count();
            assert!((350..500).contains(&good), "{kind:?}: {good}");
        }
    }
}
