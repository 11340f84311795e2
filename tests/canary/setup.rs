//! The stores, what they hold, and how they are logged in to.

use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::manifests;

impl Scene {
    pub(super) fn put_values(&self) {
        let good = self.with(r#"{"password":"$","n":1}"#);
        let moto = &self.world.moto;
        moto.put_secret("canary/good", &good).expect("put");
        moto.put_secret("canary/plain", &self.canary).expect("put");
        moto.put_secret("canary/list", &self.with(r#"["$"]"#)).expect("put");
        moto.put_secret("canary/null", &self.with("{\"password\":\"$\\u0000\"}")).expect("put");
        moto.put_secret("canary/keys", &self.with(r#"{"a key":"$","a/key":"$"}"#)).expect("put");
        moto.put_secret("canary/large", &self.canary.repeat(60_000 / self.canary.len())).expect("put");
        self.world.vault.put("secret/canary", &json!({ "password": self.canary })).expect("put");
        let remote = json!({ "metadata": { "name": "remote" }, "stringData": { "password": self.canary } });
        self.create("secrets", &remote);
    }

    /// Not by `kubectl apply`, which would write them into an annotation.
    pub(super) fn put_credentials(&self) {
        let token = json!({ "id": self.credential, "policies": ["root"] });
        self.world.vault.api("POST", "auth/token/create", &token).expect("a token");
        for (name, token) in
            [("credentials", self.credential.clone()), ("wrong", format!("{}x", self.credential))]
        {
            let secret =
                json!({ "metadata": { "name": name }, "stringData": { "id": "testbed", "key": token } });
            self.create("secrets", &secret);
        }
        let binding = json!({
            "metadata": { "name": "reader" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin" },
            "subjects": [{ "kind": "ServiceAccount", "name": "default", "namespace": self.ns.name }],
        });
        let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings", self.ns.name);
        self.world.cluster.create(&path, &binding).expect("a binding");
    }

    pub(super) fn put_stores(&self) {
        let key = |secret: &str, key: &str| json!({ "name": secret, "key": key });
        let aws = |auth: Value| json!({ "aws": { "service": "SecretsManager", "region": "us-east-1", "auth": auth } });
        let secret_ref = json!({ "secretRef": {
            "accessKeyIDSecretRef": key("credentials", "id"), "secretAccessKeySecretRef": key("credentials", "key"),
        }});
        let vault = |secret: &str| {
            manifests::vault(&self.world.vault.addr(), json!({ "tokenSecretRef": key(secret, "key") }))
        };
        let ca = self.world.cluster.ca_pem();
        let kubernetes = |auth: Value| {
            let server = json!({ "url": self.world.cluster.url(), "caBundle": base64(ca) });
            json!({ "kubernetes": { "remoteNamespace": self.ns.name, "server": server, "auth": auth } })
        };
        let account = kubernetes(json!({ "serviceAccount": { "name": "default" } }));
        let bearer = kubernetes(json!({ "token": { "bearerToken": key("wrong", "key") } }));
        for (name, provider) in [
            ("aws", aws(secret_ref)),
            ("aws-chain", json!({ "aws": { "service": "SecretsManager", "region": "us-east-1" } })),
            ("vault", vault("credentials")),
            ("vault-wrong", vault("wrong")),
            ("kubernetes", account),
            ("kubernetes-wrong", bearer),
        ] {
            self.say(self.ns.apply(&manifests::store(name, provider).to_string()));
        }
        // This one holds the value itself; everything else that is said of it is searched.
        let fake =
            manifests::fake(&[("good", &self.with(r#"{"password":"$"}"#)), ("broken", &self.with("{$"))]);
        self.create_store(&manifests::store("fake", fake));
    }

    pub(super) fn create(&self, resource: &str, object: &Value) {
        self.world
            .cluster
            .create(&format!("/api/v1/namespaces/{}/{resource}", self.ns.name), object)
            .expect("made");
    }

    fn create_store(&self, store: &Value) {
        let path = format!("/apis/external-secrets.io/v1/namespaces/{}/secretstores", self.ns.name);
        self.world.cluster.create(&path, store).expect("a store");
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(text)
}
