//! The value on its way into stores.

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::condition;

const API: &str = "external-secrets.io/v1alpha1";

impl Scene {
    /// One PushSecret goes to each store that can be written to; others fail at whatever can fail.
    pub(super) fn push(&self) {
        let source = json!({ "metadata": { "name": "source" }, "stringData": { "password": self.canary } });
        self.create("secrets", &source);
        for store in ["aws", "vault", "kubernetes"] {
            let pushed = self.pushed(
                &format!("push-{store}"),
                store,
                json!([entry("canary-pushed", Some("password"))]),
            );
            self.ends(&pushed, "True", "Synced");
        }
        // Into what is no object, whole where there must be one, over what is somebody else's, and where nobody lets it.
        self.fails_to_push("push-deeper", "aws", entry("canary-pushed", Some("password.more")));
        self.fails_to_push("push-plain", "vault", entry("canary-plain", None));
        self.fails_to_push("push-foreign", "vault", entry("canary", Some("password")));
        self.fails_to_push("push-foreign-aws", "aws", entry("canary/plain", None));
        self.fails_to_push("push-no-property", "kubernetes", entry("canary-whole", None));
        self.fails_to_push("push-wrong", "vault-wrong", entry("canary-wrong", Some("password")));
        let mut odd = entry("canary-odd", Some("password"));
        odd["metadata"] = json!({
            "apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata",
            "spec": { "labels": self.canary },
        });
        let object = self.object("push-odd", "kubernetes", json!([odd]));
        self.say(self.ns.dry_run(&object.to_string())); // it may be refused, and must not be stored: it holds the value
        self.world.moto.fail("PutSecretValue", 400, "InvalidRequestException", &self.canary);
        self.world.moto.fail("CreateSecret", 400, "InvalidRequestException", &self.canary);
        self.fails_to_push("push-refused", "aws", entry("canary/refused", None));
        self.world.moto.proxy().behave();
    }

    /// What a generator makes goes on its way too, or is not made.
    pub(super) fn push_generated(&self) {
        let of = |name: &str, store: &str, kind: &str, generator: &str| {
            let entry = json!([entry("canary-generated", Some("password"))]);
            let mut object = self.object(name, store, entry);
            object["spec"]["selector"] = json!({ "generatorRef": {
                "apiVersion": "generators.external-secrets.io/v1alpha1", "kind": kind, "name": generator,
            }});
            self.say(self.ns.apply(&object.to_string())).good();
        };
        of("push-made", "kubernetes", "Password", "password");
        self.ends("push-made", "True", "Synced");
        self.note(&self.ns.value("canary-generated", "password").expect("it has been pushed"));
        of("push-made-wrong", "vault-wrong", "Password", "password");
        self.ends("push-made-wrong", "False", "Errored");
        for generator in ["webhook", "github"] {
            let kind = if generator == "webhook" { "Webhook" } else { "GithubAccessToken" };
            let name = format!("push-refused-{generator}");
            of(&name, "kubernetes", kind, generator);
            self.ends(&name, "False", "Errored");
        }
    }

    fn object(&self, name: &str, store: &str, data: Value) -> Value {
        json!({
            "apiVersion": API, "kind": "PushSecret", "metadata": { "name": name, "namespace": self.ns.name },
            "spec": {
                "secretStoreRefs": [{ "name": store }], "selector": { "secret": { "name": "source" } }, "data": data,
            },
        })
    }

    fn pushed(&self, name: &str, store: &str, data: Value) -> String {
        self.say(self.ns.apply(&self.object(name, store, data).to_string())).good();
        name.to_owned()
    }

    fn fails_to_push(&self, name: &str, store: &str, entry: Value) {
        let pushed = self.pushed(name, store, json!([entry]));
        self.ends(&pushed, "False", "Errored");
    }

    fn ends(&self, name: &str, status: &str, reason: &str) {
        let path = format!("/apis/{API}/namespaces/{}/pushsecrets/{name}", self.ns.name);
        self.world.wait(&format!("{name} {status} {reason}"), Duration::from_secs(60), || {
            condition(&self.world.get(&path)?).filter(|(is, why, _)| is == status && why == reason)
        });
    }
}

fn entry(key: &str, property: Option<&str>) -> Value {
    json!({ "match": { "secretKey": "password", "remoteRef": { "remoteKey": key, "property": property.unwrap_or_default() } } })
}
