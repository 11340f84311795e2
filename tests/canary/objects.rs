//! Objects that are not Secrets: those that the value is put into, and those that it cannot be put into.

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::{Kind, manifests};

const LIMIT: Duration = Duration::from_secs(60);

impl Scene {
    /// A kind of the test's own, whose field `level` is one of two words; the API server quotes any other in its refusal.
    /// latchkey may write objects of it, and ConfigMaps.
    fn put_kinds(&self) {
        let level = json!({ "type": "string", "enum": ["low", "high"] });
        let spec = json!({
            "type": "object", "properties": { "level": level }, "x-kubernetes-preserve-unknown-fields": true,
        });
        let schema = json!({ "type": "object", "properties": { "spec": spec } });
        self.world.serve_for_latchkey(&Kind { name: "Mine", group: "canary.example.com", schema });
    }

    pub(super) fn write_objects(&self) {
        self.put_kinds();
        self.is_written("map", &json!({ "manifest": config_map() }), "configmaps", "object-map");
        self.is_written("mine", &json!({ "manifest": mine() }), "mines", "object-mine");
        let of = |text: &str| json!({ "manifest": mine(), "template": { "templateFrom": [{ "target": "spec", "literal": text }] } });
        self.create(
            "configmaps",
            &json!({ "metadata": { "name": "object-taken" }, "data": { "a": "no secret" } }),
        );
        for (name, key, target) in [
            ("taken", "canary/plain", json!({ "manifest": config_map() })),
            // The API server repeats what it does not take, in its own logs too.
            ("level", "canary/quoted", of("level: {{ .password | toJson }}")),
            ("yaml", "canary/plain", of("{{ .password }}: [")),
            ("told", "canary/plain", of("a: {{ .password | fail }}")),
            ("kind", "canary/plain", json!({ "manifest": { "apiVersion": "v1", "kind": "ServiceAccount" } })),
        ] {
            let name = self.asks_for(name, key, &target);
            self.world.wait(&format!("{name} False"), LIMIT, || {
                self.ns.ready(&name).filter(|(status, ..)| status == "False")
            });
        }
        let moved = json!({ "name": "object-moved", "manifest": config_map() });
        self.is_written("map", &moved, "configmaps", "object-moved");
    }

    fn is_written(&self, name: &str, target: &Value, plural: &str, at: &str) {
        let name = self.asks_for(name, "canary/plain", target);
        let group = if plural == "mines" { "/apis/canary.example.com/v1" } else { "/api/v1" };
        let path = format!("{group}/namespaces/{}/{plural}/{at}", self.ns.name);
        self.world.wait(&format!("{at} with the value"), LIMIT, || {
            let object = self.world.get(&path)?;
            let data = if plural == "mines" { &object["spec"]["data"] } else { &object["data"] };
            (data["password"] == self.canary).then_some(())
        });
        self.ns.wait_ready(&name, "True", "ResourceSynced");
    }

    /// Applies an ExternalSecret of this target, whose name it gives, once for show and once in earnest.
    fn asks_for(&self, name: &str, key: &str, target: &Value) -> String {
        let name = format!("object-{name}");
        let entry = json!({ "secretKey": "password", "remoteRef": { "key": key } });
        let spec = json!({ "data": [entry], "target": target, "secretStoreRef": { "kind": "SecretStore", "name": "aws" } });
        let object = manifests::external_secret(&name, "aws", spec).to_string();
        self.say(self.ns.dry_run(&object));
        self.say(self.ns.apply(&object));
        name
    }
}

fn config_map() -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap" })
}

fn mine() -> Value {
    json!({ "apiVersion": "canary.example.com/v1", "kind": "Mine" })
}
