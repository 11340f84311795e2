//! Everything that is done with the value.

use std::cell::RefCell;
use std::time::Duration;

use latchkey_testbed::random_token;
use serde_json::{Value, json};

use crate::support::{Namespace, Options, Said, World, manifests};

/// A world in which one text is the secret value in each store, and credential to most.
pub(super) struct Scene {
    pub(super) world: &'static World,
    pub(super) ns: Namespace<'static>,
    /// The value.
    pub(super) canary: String,
    /// All that was said at the prompt.
    pub(super) said: RefCell<String>,
}

impl Scene {
    pub(super) fn set() -> Self {
        // Not in base64's or hexadecimal's alphabet alone, and free to be a token of Vault's.
        let canary = format!("canary_{}~_", random_token());
        let flags = vec!["--log=trace".to_owned()];
        let env = vec![("AWS_SECRET_ACCESS_KEY".to_owned(), canary.clone())];
        // It ends with the process, as the world that all tests share.
        let world: &'static World =
            Box::leak(Box::new(World::start(Options { flags, env, ..Options::default() })));
        let scene = Self { world, ns: Namespace::new(world, "canary"), canary, said: RefCell::default() };
        scene.put_values();
        scene.put_credentials();
        scene.put_stores();
        scene
    }

    /// `text` with the canary in the place of `$`.
    pub(super) fn with(&self, text: &str) -> String {
        text.replace('$', &self.canary)
    }

    pub(super) fn say(&self, said: Said) -> Said {
        self.said.borrow_mut().push_str(&said.to_string());
        said
    }

    /// An ExternalSecret of one of the stores.
    fn external(name: &str, store: &str, spec: Value) -> Value {
        let mut object = manifests::external_secret(name, store, spec);
        object["spec"]["secretStoreRef"] = json!({ "kind": "SecretStore", "name": store });
        object
    }

    /// Says what it would do, does it, and does it once more where failures are refused.
    fn apply(&self, object: &Value) -> Said {
        let denied = manifests::annotated(object.clone(), "latchkey.dev/failure-mode", "deny");
        self.say(self.ns.dry_run(&object.to_string()));
        self.say(self.ns.dry_run(&denied.to_string()));
        self.say(self.ns.apply(&denied.to_string()));
        self.say(self.ns.apply(&object.to_string()))
    }

    pub(super) fn succeed(&self) {
        for (store, key) in [
            ("aws", "canary/good"),
            ("aws-chain", "canary/good"),
            ("vault", "canary"),
            ("kubernetes", "remote"),
            ("fake", "good"),
        ] {
            let object = Self::external(store, store, manifests::one(key, "password"));
            self.apply(&object).good();
            assert_eq!(self.ns.value(store, "password").as_ref(), Some(&self.canary), "of store {store}");
            self.ns.wait_ready(store, "True", "SecretSynced");
        }
        self.apply(&Self::external("everything", "aws", manifests::all_of("canary/good"))).silent();
    }

    /// Each ends in a condition that says so, whether or not admission had the time to find it out.
    fn fails(&self, name: &str, store: &str, spec: Value) {
        if self.apply(&Self::external(name, store, spec)).ok {
            self.world.wait(&format!("{name} False"), Duration::from_secs(60), || {
                self.ns.ready(name).filter(|(status, ..)| status == "False")
            });
        }
    }

    pub(super) fn fail_to_read(&self) {
        let entry = |fields: Value| {
            let mut entry = json!({ "secretKey": "a", "remoteRef": { "key": "canary/good" } });
            fields.as_object().expect("fields").iter().for_each(|(k, v)| entry["remoteRef"][k] = v.clone());
            json!({ "data": [entry] })
        };
        self.fails("property", "aws", entry(json!({ "property": "passwrod" })));
        self.fails("deeper", "aws", entry(json!({ "property": "password.more" })));
        self.fails("not-json", "aws", entry(json!({ "key": "canary/plain", "property": "password" })));
        self.fails("decode", "aws", entry(json!({ "property": "password", "decodingStrategy": "Base64" })));
        self.fails(
            "decode-all",
            "aws",
            entry(json!({ "key": "canary/plain", "decodingStrategy": "Base64URL" })),
        );
        let null = json!({ "key": "canary/null", "property": "password", "nullBytePolicy": "Fail" });
        self.fails("null-byte", "aws", entry(null));
        self.fails("list", "aws", manifests::all_of("canary/list"));
        self.fails("plain", "aws", manifests::all_of("canary/plain"));
        self.fails("broken", "fake", manifests::all_of("broken"));
        self.fails("broken-property", "fake", entry(json!({ "key": "broken", "property": "password" })));
        self.fails("missing", "vault", entry(json!({ "key": "nothing/here" })));
        self.fails(
            "version",
            "aws",
            entry(json!({ "version": "uuid/00000000-0000-0000-0000-000000000000" })),
        );
        let rewrite = json!([{ "regexp": { "source": ".*", "target": "same" } }]);
        let rewrite = json!({ "dataFrom": [{ "extract": { "key": "canary/keys" }, "rewrite": rewrite }] });
        self.say(self.ns.apply(&Self::external("rewrite", "aws", rewrite).to_string()));
        self.world.moto.deny("GetSecretValue");
        self.world.moto.deny("BatchGetSecretValue");
        self.fails("denied", "aws", entry(json!({ "key": "canary/plain", "version": "AWSPREVIOUS" })));
        self.world.moto.proxy().behave();
    }

    pub(super) fn fail_to_render(&self) {
        let of = |template: Value| {
            let mut spec = manifests::one("canary/good", "password");
            spec["target"] = json!({ "template": template });
            spec
        };
        self.fails("function", "aws", of(json!({ "data": { "a": "{{ .password | nonsense }}" } })));
        self.fails("field", "aws", of(json!({ "data": { "a": "{{ .password.more.still }}" } })));
        self.fails("slice", "aws", of(json!({ "data": { "a": "{{ slice .password 5000 }}" } })));
        self.fails("index", "aws", of(json!({ "data": { "a": "{{ index .password \"a\" }}" } })));
        self.fails("call", "aws", of(json!({ "data": { "a": "{{ call .password }}" } })));
        self.fails("template", "aws", of(json!({ "data": { "a": "{{ template .password }}" } })));
    }

    pub(super) fn fail_to_write(&self) {
        let of = |target: Value| {
            let mut spec = manifests::one("canary/good", "password");
            spec["target"] = target;
            spec
        };
        let docker = json!({ "template": {
            "type": "kubernetes.io/dockerconfigjson", "data": { ".dockerconfigjson": "{{ .password }}" },
        }});
        self.fails("docker", "aws", of(docker));
        let label = json!({ "template": {
            "metadata": { "labels": { "copy": "-{{ .password }}-" } }, "data": { "a": "{{ .password }}" },
        }});
        self.fails("label", "aws", of(label));
        let large: Vec<Value> = (0..20)
            .map(
                |number| json!({ "secretKey": format!("k{number}"), "remoteRef": { "key": "canary/large" } }),
            )
            .collect();
        self.fails("large", "aws", json!({ "data": large }));
        self.say(self.ns.apply(&Self::external("frozen", "fake", with_immutable("good")).to_string()))
            .silent();
        self.ns.wait_ready("frozen", "True", "SecretSynced");
        self.fails("rival", "aws", of(json!({ "name": "aws" })));
    }

    pub(super) fn fail_to_log_in(&self) {
        self.fails("vault-wrong", "vault-wrong", manifests::one("canary", "password"));
        self.fails("kubernetes-wrong", "kubernetes-wrong", manifests::one("remote", "password"));
    }

    pub(super) fn refresh(&self) {
        let again = self.with(r#"{"password":"$-again"}"#);
        self.world.moto.put_secret("canary/good", &again).expect("put");
        for name in ["aws", "everything", "property", "docker", "label", "vault"] {
            self.say(self.ns.force_sync(name));
        }
        assert_eq!(self.ns.value("aws", "password"), Some(self.with("$-again")));
        // An immutable Secret stays as it is, without a failure: as with ESO.
        self.apply(&Self::external("frozen", "aws", with_immutable("canary/good"))).good();
        assert_eq!(self.ns.value("frozen", "password").as_ref(), Some(&self.canary));
        let patch = json!({ "stringData": { "password": "drifted" } }).to_string();
        self.say(self.ns.kubectl(&["patch", "secret", "vault", "-p", &patch])).good();
        self.ns.wait_value("vault", "password", &self.canary);
    }

    pub(super) fn start_pods(&self) {
        self.say(self.ns.dry_run(&manifests::pod("dry", &["aws", "property"]).to_string())).good();
        for (name, secrets) in
            [("good", ["aws", "vault"].as_slice()), ("bad", &["property", "label", "everything"])]
        {
            self.say(self.ns.apply(&manifests::pod(name, secrets).to_string())).good();
        }
    }

    pub(super) fn stores_go_away(&self) {
        self.world.vault.stop();
        self.world.moto.proxy().go_down();
        for name in ["vault", "aws"] {
            self.say(self.ns.force_sync(name));
            self.ns.wait_ready(name, "False", "SecretSyncedError");
        }
    }
}

fn with_immutable(key: &str) -> Value {
    let mut spec = manifests::one(key, "password");
    spec["target"] = json!({ "immutable": true });
    spec
}
