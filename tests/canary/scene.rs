//! Everything that is done with the value.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use latchkey_testbed::{http, random_token};
use serde_json::{Value, json};

use super::echo::Echo;
use super::search::telling;
use crate::support::{Namespace, Options, Quoter, Said, World, manifests};

/// A world in which one text is the secret value in each store, and credential to most.
pub(super) struct Scene {
    pub(super) world: &'static World,
    pub(super) ns: Namespace<'static>,
    /// The value.
    pub(super) canary: String,
    /// What stores are logged in to with, as far as that can be chosen.
    pub(super) credential: String,
    /// A value that somebody else's webhook quotes to the API server, in whose logs it may stand.
    pub(super) quoted: String,
    /// All that was said at the prompt.
    pub(super) said: RefCell<String>,
    /// What makes the value unlike any other text.
    pub(super) random: String,
    /// The services that generators ask.
    pub(super) echo: Echo,
    /// What generators log in with and what they make, as far as nobody could choose it.
    pub(super) made: RefCell<BTreeSet<String>>,
}

impl Scene {
    pub(super) fn set() -> Self {
        let random = random_token();
        let canary = telling(&random);
        // Not in base64's or hexadecimal's alphabet alone, and free to be a token of Vault's.
        let unlike = random_token();
        let credential = format!("canary_{unlike}~_");
        let flags = ["--log=trace", "--unsafe-allow-generic-targets"].map(str::to_owned).into();
        let echo = Echo::start(&canary, &random_token());
        let services = [
            "AZURE_AUTHORITY_HOST",
            "LATCHKEY_ACR_ENDPOINT",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
            "AWS_ECR_ENDPOINT",
        ];
        let own = ("AWS_SECRET_ACCESS_KEY".to_owned(), credential.clone());
        let env =
            services.map(|variable| (variable.to_owned(), echo.url())).into_iter().chain([own]).collect();
        // It ends with the process, as the world that all tests share.
        let world: &'static World =
            Box::leak(Box::new(World::start(Options { flags, env, ..Options::default() })));
        let scene = Self {
            world,
            ns: Namespace::new(world, "canary"),
            canary,
            credential,
            quoted: telling(&random_token()),
            said: RefCell::default(),
            random,
            echo,
            made: RefCell::new([unlike].into()),
        };
        scene.put_values();
        scene.put_credentials();
        scene.put_stores();
        scene
    }

    /// From now on this text is one that nobody may see.
    pub(super) fn note(&self, text: &str) {
        assert!(text.len() >= 16, "so short a text is anywhere");
        // Of what has several lines the longest is told from everything else.
        let longest = text.lines().max_by_key(|line| line.len()).unwrap_or_default();
        self.made.borrow_mut().insert(longest.to_owned());
    }

    /// JSON with the canary in the place of `$` in a text.
    pub(super) fn with(&self, json: &str) -> String {
        let quoted = Value::from(self.canary.as_str()).to_string();
        json.replace('$', &quoted[1..quoted.len() - 1])
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
            self.ns.wait_value(store, "password", &self.canary);
            self.ns.wait_ready(store, "True", "SecretSynced");
        }
        self.apply(&Self::external("everything", "aws", manifests::all_of("canary/good"))).silent_or_late();
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
        // As a key: one that no Secret can have, one whose value is not decoded, and one with too large a value.
        let key = "{{ .password | quote }}: a/b!";
        self.fails("key", "aws", of(json!({ "templateFrom": [{ "literal": key }] })));
        let decoded = json!({ "literal": key, "valuesDecodingStrategy": "Base64" });
        self.fails("key-decoded", "aws", of(json!({ "templateFrom": [decoded] })));
        let large = "k{{ .password | b64enc | replace \"=\" \"\" | replace \"/\" \"_\" | replace \"+\" \"-\" }}: {{ repeat 1100000 \"x\" }}";
        self.fails("key-large", "aws", of(json!({ "templateFrom": [{ "literal": large }] })));
        let label = json!({ "literal": "{{ .password | quote }}: a", "target": "Labels" });
        self.fails("key-label", "aws", of(json!({ "templateFrom": [label], "data": { "a": "b" } })));
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
            .silent_or_late();
        self.ns.wait_ready("frozen", "True", "SecretSynced");
        self.fails("rival", "aws", of(json!({ "name": "aws" })));
    }

    /// What a busy machine made in the background is its ExternalSecret's already: it is come back to with another value.
    fn fails_to_come_back_to(&self, name: &str) {
        let status = self.world.wait(&format!("the condition of {name}"), Duration::from_secs(60), || {
            self.ns.ready(name).map(|(status, ..)| status)
        });
        if status == "True" {
            self.world.moto.put_secret("canary/quoted", &format!("{}-{name}", self.quoted)).expect("put");
            self.say(self.ns.force_sync(name));
        }
        self.ns.wait_ready(name, "False", "SecretSyncedError");
    }

    /// The namespace is full, and somebody else's webhook says what it has read in Secrets: when they are made, and when
    /// latchkey comes back to one that it has made.
    pub(super) fn fail_at_others(&self) {
        self.world.moto.put_secret("canary/quoted", &self.quoted).expect("put");
        let of = |quoter: &str| {
            let labels =
                json!({ "metadata": { "labels": { "quoter": quoter } }, "data": { "a": "{{ .password }}" } });
            let entry = json!({ "secretKey": "password", "remoteRef": { "key": "canary/quoted" } });
            json!({ "data": [entry], "target": { "template": labels } })
        };
        self.create(
            "secrets",
            &json!({ "metadata": { "name": "of-nobody" }, "stringData": { "a": "no secret" } }),
        );
        for (code, name) in [(403, "quoted-403"), (500, "quoted-500")] {
            let quoter = Quoter::start(&self.ns, code);
            let refused = || {
                !self.ns.kubectl(&["label", "secret", "of-nobody", "quoter=refuses", "--dry-run=server"]).ok
            };
            self.world.wait("the other webhook's registration", Duration::from_secs(60), || {
                refused().then_some(())
            });
            self.fails(name, "aws", of("refuses"));
            let later = format!("{name}-later");
            self.say(self.ns.apply(&Self::external(&later, "aws", of("refuses-changes")).to_string()));
            self.fails_to_come_back_to(&later);
            drop(quoter);
            self.say(self.ns.kubectl(&[
                "delete",
                "validatingwebhookconfiguration",
                &format!("quoter-{}", self.ns.name),
            ]))
            .good();
        }
        let quota = json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "full" }, "spec": { "hard": { "count/secrets": "1" } },
        });
        self.ns.apply(&quota.to_string()).good();
        let path = format!("/api/v1/namespaces/{}/resourcequotas/full", self.ns.name);
        self.world.wait("the quota", Duration::from_secs(60), || {
            self.world.get(&path).filter(|quota| !quota["status"]["used"].is_null())
        });
        self.fails("quota", "aws", manifests::one("canary/good", "password"));
        self.say(self.ns.kubectl(&["delete", "resourcequota", "full"])).good();
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
        self.ns.wait_value("aws", "password", &format!("{}-again", self.canary));
        // An immutable Secret stays as it is, without a failure: as with ESO.
        self.apply(&Self::external("frozen", "aws", with_immutable("canary/good"))).silent_or_late();
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

    /// Reviews that are none, and some that are no ExternalSecret, sent past the API server.
    pub(super) fn ask_wrongly(&self) {
        let ca = self.world.get("/api/v1/namespaces/latchkey-system/secrets/latchkey-tls").expect("the CA");
        let client = http::Client::tls(self.world.latchkey.webhook_port, &text_of(&ca, "ca.crt"), None);
        let client = client.expect("a client").header("Content-Type", "application/json");
        let object =
            json!({ "apiVersion": "external-secrets.io/v1", "kind": self.canary, "spec": self.canary });
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": { "uid": "wrong", "operation": "CREATE", "object": object, "userInfo": { "username": "a" } },
        });
        let bodies = [self.canary.clone(), self.with(r#"{"$":"#), self.with(r#"["$"]"#), review.to_string()];
        for path in ["external-secrets", "stores", "pods", "nothing"] {
            for body in &bodies {
                let answer =
                    client.request("POST", &format!("/review/{path}"), body.as_bytes()).expect("an answer");
                self.said.borrow_mut().push_str(&answer.text());
            }
        }
    }

    /// What holds the value goes: with its ExternalSecret, and by the policy that follows the store.
    pub(super) fn delete(&self) {
        let mut spec = manifests::one("canary/gone", "password");
        spec["refreshInterval"] = json!("1s");
        spec["target"] = json!({ "deletionPolicy": "Delete" });
        self.world.moto.put_secret("canary/gone", &self.with(r#"{"password":"$"}"#)).expect("put");
        self.apply(&Self::external("gone", "aws", spec)).good();
        self.ns.wait_value("gone", "password", &self.canary);
        self.say(self.ns.kubectl(&["delete", "externalsecret", "gone"])).good();
        self.ns.wait_gone("gone", Duration::from_secs(60));
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

fn text_of(secret: &Value, key: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::prelude::BASE64_STANDARD.decode(secret["data"][key].as_str().expect("base64"));
    String::from_utf8(bytes.expect("base64")).expect("text")
}

fn with_immutable(key: &str) -> Value {
    let mut spec = manifests::one(key, "password");
    spec["target"] = json!({ "immutable": true });
    spec
}
