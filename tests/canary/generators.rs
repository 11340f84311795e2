//! What generators log in with, and what they make.

use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::random_token;
use serde_json::{Value, json};

use super::echo::Mode;
use super::scene::Scene;
use crate::support::manifests;

const API: &str = "generators.external-secrets.io/v1alpha1";
const LIMIT: Duration = Duration::from_secs(90);

/// A generator: its kind, its name, and the keys of what it makes that nobody may see.
type Known = (&'static str, &'static str, &'static [&'static str]);

/// Those that make something up.
const OWN: [Known; 4] = [
    ("Password", "password", &["password"]),
    ("SSHKey", "ssh", &["privateKey"]),
    ("UUID", "uuid", &["uuid"]),
    ("MFA", "mfa", &[]), // a code of six digits is in many texts; what it is made of is searched for
];

/// Those that ask a service.
const REMOTE: [Known; 14] = [
    ("Webhook", "webhook", &[]),
    ("VaultDynamicSecret", "vault-token", &["password"]),
    ("VaultDynamicSecret", "vault-login", &["password"]),
    ("GitlabDeployToken", "gitlab", &["token"]),
    ("GithubAccessToken", "github", &["token"]),
    ("QuayAccessToken", "quay", &["auth"]),
    ("CloudsmithAccessToken", "cloudsmith", &["auth"]),
    ("Grafana", "grafana", &["token"]),
    ("ACRAccessToken", "acr", &["password"]),
    ("ACRAccessToken", "acr-account", &["password"]),
    ("GCRAccessToken", "gcr", &["password"]),
    ("GCRAccessToken", "gcr-account", &["password"]),
    ("ECRAuthorizationToken", "ecr", &["password"]),
    ("ECRAuthorizationToken", "ecr-role", &["password"]),
];

/// The one whose service is moto.
const STS: Known = ("STSSessionToken", "sts", &["secret_access_key", "session_token"]);

impl Scene {
    /// Everything is made, and pushed where that can be; then nothing is, for whatever reason a service or a generator has.
    pub(super) fn generate(&self) {
        self.put_generators();
        let all: Vec<Known> = OWN.into_iter().chain(REMOTE).chain([STS]).collect();
        self.say(self.ns.apply(&self.named_by(&all, "made", &json!({}))));
        for (_, name, keys) in &all {
            let target = format!("made-{name}");
            self.ns.wait_ready(&target, "True", "SecretSynced");
            let values = self.ns.values(&target).expect("a Secret");
            for key in *keys {
                self.note(&values[*key]);
            }
        }
        self.note(&self.echo.token());
        self.fail_to_use(&all);
        for status in [200, 302, 400, 401, 403, 429, 500] {
            self.echo.behave(Mode::Echoes(status));
            self.fail_to_make(status);
        }
        self.withdraw();
    }

    /// The values are there, and cannot be put where they should be.
    fn fail_to_use(&self, all: &[Known]) {
        let template = json!({ "template": { "data": { "a": "{{ . | toJson | b64enc | fail }}" } } });
        let failing = self.named_by(all, "unused", &template);
        self.say(self.ns.apply(&failing));
        let key = json!({ "secret": { "name": "wrong", "key": "key" } });
        for (kind, name, spec) in
            [("MFA", "wrong-seed", key), ("Fake", "wrong-key", json!({ "data": { "a/b": self.canary } }))]
        {
            self.put_generator(kind, name, spec);
            let wrong: Known = (kind, name, &[]);
            self.say(self.ns.apply(&self.named_by(&[wrong], "failed", &json!({}))));
            self.ns.wait_ready(&format!("failed-{name}"), "False", "SecretSyncedError");
        }
        for (_, name, _) in all {
            self.ns.wait_ready(&format!("unused-{name}"), "False", "SecretSyncedError");
        }
    }

    /// Each service refuses, or answers with what cannot be read, and repeats what it was sent.
    fn fail_to_make(&self, status: u16) {
        let prefix = format!("refused-{status}");
        let objects = self.named_by(&REMOTE, &prefix, &json!({}));
        self.say(self.ns.dry_run(&objects));
        self.say(self.ns.apply(&objects));
        for (_, name, _) in REMOTE {
            self.ns.wait_ready(&format!("{prefix}-{name}"), "False", "SecretSyncedError");
        }
        // Once is enough: what is tried again would be so at every following status.
        let names: Vec<String> = REMOTE.iter().map(|(_, name, _)| format!("{prefix}-{name}")).collect();
        let args: Vec<&str> =
            ["delete", "externalsecrets"].into_iter().chain(names.iter().map(String::as_str)).collect();
        self.say(self.ns.kubectl(&args)).good();
    }

    /// What a service keeps is to go, which it refuses.
    fn withdraw(&self) {
        self.echo.behave(Mode::Echoes(403));
        let before = self.echo.withdrawals();
        for name in ["made-gitlab", "made-grafana"] {
            self.say(self.ns.kubectl(&["delete", "externalsecret", name])).good();
        }
        self.world
            .wait("a withdrawal of each", LIMIT, || (self.echo.withdrawals() >= before + 2).then_some(()));
    }

    /// What services were sent to the very end, by what was tried again too.
    pub(super) fn note_what_was_sent(&self) {
        let sent = self.echo.sent();
        assert!(sent.contains(&self.credential), "no token was sent");
        assert!(
            sent.iter().filter(|text| text.matches('.').count() == 2).count() >= 4,
            "no signed token was"
        );
        for text in sent {
            self.note(&text);
        }
    }

    /// One ExternalSecret of each generator, called after it with this in front; the target has these fields.
    fn named_by(&self, all: &[Known], prefix: &str, target: &Value) -> String {
        let object = |(kind, name, _): &Known| {
            let reference = json!({ "apiVersion": API, "kind": kind, "name": name });
            json!({
                "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
                "metadata": { "name": format!("{prefix}-{name}") },
                "spec": {
                    "refreshInterval": "1h", "target": target,
                    "dataFrom": [{ "sourceRef": { "generatorRef": reference } }],
                },
            })
        };
        manifests::list(&all.iter().map(object).collect::<Vec<_>>())
    }

    /// Not by `kubectl apply`, which would write what a Fake holds into an annotation.
    pub(super) fn put_generator(&self, kind: &str, name: &str, spec: Value) {
        let plural = latchkey_api::generator::GeneratorKind::named(kind).expect("a kind").plural();
        let object = json!({ "apiVersion": API, "kind": kind, "metadata": { "name": name }, "spec": spec });
        let path = format!("/apis/{API}/namespaces/{}/{plural}", self.ns.name);
        self.world.cluster.create(&path, &object).expect("a generator");
    }

    fn put_generators(&self) {
        self.put_logins();
        let url = self.echo.url();
        let key = |name: &str, key: &str| json!({ "name": name, "key": key });
        let token = key("credentials", "key");
        let account = json!({ "name": "cloud" });
        let vault = |auth: Value| json!({ "path": "database/creds/app", "provider": { "server": url, "auth": auth } });
        let role = json!({ "appRole": { "path": "approle", "roleId": "app", "secretRef": token } });
        let gcr = |auth: Value| json!({ "projectID": "project", "auth": auth });
        let federation =
            json!({ "workloadIdentityFederation": { "audience": "//iam", "serviceAccountRef": account } });
        let aws = json!({ "secretRef": {
            "accessKeyIDSecretRef": key("credentials", "id"), "secretAccessKeySecretRef": token,
        }});
        let acr = |auth: Value| json!({ "registry": "canary.azurecr.io", "tenantId": "t", "scope": "repository:a:pull", "auth": auth });
        let principal =
            json!({ "secretRef": { "clientId": key("credentials", "id"), "clientSecret": token } });
        let webhook = json!({
            "url": format!("{url}/?q={{{{ .login.key }}}}"), "method": "POST",
            "headers": { "Authorization": "Bearer {{ .login.key }}" }, "body": "{{ .login.key }}",
            "result": { "jsonPath": "$.data" },
            "secrets": [{ "name": "login", "secretRef": key("for-webhooks", "key") }],
        });
        for (kind, name, spec) in [
            ("Password", "password", json!({ "length": 40 })),
            ("SSHKey", "ssh", json!({ "keyType": "ed25519" })),
            ("UUID", "uuid", json!({})),
            ("MFA", "mfa", json!({ "secret": { "name": "seed", "key": "seed" } })),
            ("Webhook", "webhook", webhook),
            ("VaultDynamicSecret", "vault-token", vault(json!({ "tokenSecretRef": token }))),
            ("VaultDynamicSecret", "vault-login", vault(role)),
            (
                "GitlabDeployToken",
                "gitlab",
                json!({ "url": url, "projectID": "7", "name": "ci", "scopes": ["read_registry"],
                        "auth": { "token": { "secretRef": token } } }),
            ),
            (
                "GithubAccessToken",
                "github",
                json!({ "url": url, "appID": "1", "installID": "2",
                        "auth": { "privateKey": { "secretRef": key("keys", "pem") } } }),
            ),
            (
                "QuayAccessToken",
                "quay",
                json!({ "url": url, "robotAccount": "team+robot", "serviceAccountRef": account }),
            ),
            (
                "CloudsmithAccessToken",
                "cloudsmith",
                json!({ "apiUrl": url, "orgSlug": "o", "serviceSlug": "s", "serviceAccountRef": account }),
            ),
            (
                "Grafana",
                "grafana",
                json!({ "url": url, "auth": { "token": token },
                        "serviceAccount": { "name": "canary", "role": "Viewer" } }),
            ),
            ("ACRAccessToken", "acr", acr(json!({ "servicePrincipal": principal }))),
            (
                "ACRAccessToken",
                "acr-account",
                acr(json!({ "workloadIdentity": { "serviceAccountRef": account } })),
            ),
            (
                "GCRAccessToken",
                "gcr",
                gcr(json!({ "secretRef": { "secretAccessKeySecretRef": key("keys", "json") } })),
            ),
            ("GCRAccessToken", "gcr-account", gcr(federation)),
            ("ECRAuthorizationToken", "ecr", json!({ "region": "us-east-1", "auth": aws })),
            (
                "ECRAuthorizationToken",
                "ecr-role",
                json!({ "region": "us-east-1", "auth": aws, "role": "arn:aws:iam::123456789012:role/canary" }),
            ),
            ("STSSessionToken", "sts", json!({ "region": "us-east-1", "auth": aws })),
        ] {
            self.put_generator(kind, name, spec);
        }
    }

    /// The keys and seeds that can be chosen no other way than as what they are, and the ServiceAccount of the clouds.
    fn put_logins(&self) {
        let seed: String = random_token().bytes().map(|digit| char::from(b'A' + digit % 16)).collect();
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der = BASE64_STANDARD.encode(key.as_der().expect("a key").as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
        let json = json!({
            "type": "service_account", "client_email": "a@project.iam.gserviceaccount.com", "private_key": pem,
            "private_key_id": "1", "token_uri": format!("{}/token", self.echo.url()),
        });
        self.note(&seed);
        self.note(&der);
        for (name, data) in [
            ("seed", json!({ "seed": seed })),
            ("keys", json!({ "pem": pem, "json": json.to_string() })),
            ("for-webhooks", json!({ "key": self.credential })),
        ] {
            let labels = json!({ "external-secrets.io/type": "webhook" });
            self.create(
                "secrets",
                &json!({ "metadata": { "name": name, "labels": labels }, "stringData": data }),
            );
        }
        let annotations = json!({
            "azure.workload.identity/client-id": "client", "azure.workload.identity/tenant-id": "tenant",
            "iam.gke.io/gcp-service-account": "a@project.iam.gserviceaccount.com",
        });
        let account = json!({ "metadata": { "name": "cloud", "annotations": annotations } });
        self.create("serviceaccounts", &account);
    }
}
