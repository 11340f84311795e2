//! What fields hold by their names, so that most of what is made gets past the first check.

use crate::{CANARY, Random, words};
use serde_json::{Value, json};

/// A place in an object: the kind, and the names of the fields on the way.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    kind: &'a str,
    path: Vec<&'a str>,
}

impl<'a> At<'a> {
    pub(super) fn spec(kind: &'a str) -> Self {
        Self { kind, path: vec!["spec"] }
    }

    pub(super) fn field(&self, name: &'a str) -> Self {
        let path = [self.path.as_slice(), &[name]].concat();
        Self { kind: self.kind, path }
    }

    /// An entry of a list or a map.
    pub(super) fn entry(&self) -> Self {
        self.field("[]")
    }

    pub(super) fn depth(&self) -> usize {
        self.path.len()
    }

    /// The field, or that which holds the entry.
    fn name(&self) -> &'a str {
        self.path.iter().rev().find(|name| **name != "[]").copied().unwrap_or_default()
    }

    fn is_under(&self, names: &[&str]) -> bool {
        self.path.iter().any(|part| names.contains(part))
    }

    /// Whether one of its fields alone makes sense, though the schema does not say so.
    pub(super) fn is_choice(&self) -> bool {
        matches!(self.name(), "provider" | "auth" | "generator")
    }

    /// Whether what it holds is a value that nobody may tell.
    fn is_secret(&self) -> bool {
        match self.name() {
            "data" => self.kind.ends_with("Fake") || self.is_under(&["fakeSpec"]),
            "value" => self.is_under(&["fake"]),
            _ => false,
        }
    }
}

/// Fields of generators that name a key of a Secret, or hold one that does.
const CREDENTIALS: &[&str] =
    &["secret", "clientId", "clientSecret", "privateKey", "token", "basic", "tokenSecretRef"];

/// What is set though it need not be: without it nothing else is looked at.
pub(super) fn is_wanted(at: &At<'_>) -> bool {
    let refers = at.is_under(&["secretStoreRef", "secretStoreRefs", "storeRef"]);
    match at.name() {
        "secretStoreRef" | "keyType" | "tenantId" | "clientId" | "clientSecret" | "serviceAccountRef"
        | "audience" => true,
        "clusterLocation" | "clusterName" | "clusterProjectID" | "projectID" => true,
        "name" | "key" if at.is_under(CREDENTIALS) => true,
        "name" => refers,
        _ => false,
    }
}

/// One of the values of an enumeration, where they are not equally good: keys of RSA take their time, and most clouds have no
/// registry of the name.
pub(super) fn choice(random: &mut Random, at: &At<'_>) -> Option<Value> {
    let of = match at.name() {
        "keyType" if random.once_in(100) => ["rsa"].as_slice(),
        "keyType" => ["ecdsa", "ed25519"].as_slice(),
        "environmentType" if !random.once_in(4) => ["PublicCloud"].as_slice(),
        "kind" if at.is_under(&["generatorRef"]) => ["Password", "UUID"].as_slice(),
        "kind" if at.is_under(&["secretStoreRef", "storeRef", "secretStoreRefs"]) => {
            ["SecretStore", "ClusterSecretStore"].as_slice()
        }
        _ => return None,
    };
    Some(json!(random.pick(of)))
}

/// The key of an entry of a map.
pub(super) fn key(random: &mut Random, at: &At<'_>) -> String {
    match random.below(4) {
        0 => words::text(random, at.name()),
        _ => random.pick(&["password", "user", "config.yaml", "a", "example.com/b", "key-1"]).to_owned(),
    }
}

/// A text for this place: mostly a good one.
pub(super) fn text(random: &mut Random, at: &At<'_>) -> String {
    if at.is_secret() {
        return secret(random);
    }
    let good = good(at);
    if good.is_empty() || random.once_in(4) {
        let field = if at.name() == "schedule" { "interval" } else { at.name() };
        return words::text(random, field);
    }
    random.pick(good).to_owned()
}

/// A value that is to be seen nowhere, in forms that parsers like to quote.
fn secret(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("{{\"password\":\"{CANARY}\",\"list\":[\"{CANARY}\"]}}"),
        1 => format!("{CANARY}\0"),
        2 => format!("{{{{ {CANARY} }}}}"),
        3 => format!("{{\"{CANARY}"),
        4 => format!("{CANARY}: [{CANARY}"),
        _ => CANARY.to_owned(),
    }
}

/// What is good for the field; nothing if nothing in particular is.
fn good(at: &At<'_>) -> &'static [&'static str] {
    let name = at.name();
    let of_mfa = at.kind == "MFA" || at.is_under(&["mfaSpec"]);
    match name {
        "name" if of_mfa => &["creds"],
        "key" if of_mfa => &["seed", "seed", "seed", "id"],
        "algorithm" if of_mfa => &["sha1", "sha256", "sha512"],
        "name" if at.is_under(&["secretStoreRef", "secretStoreRefs", "storeRef"]) => &["store"],
        "name" if at.is_under(&["generatorRef"]) => &["made"],
        "name" if at.is_under(&["serviceAccountRef"]) => &["creds", "creds", "web"],
        "name" if at.is_under(CREDENTIALS) => &["creds"],
        "name" => &["creds", "app", "web", "x.y"],
        "key" if at.is_under(&["remoteRef", "extract"]) => &["db", "nothing"],
        "key" if at.is_under(&["privateKey"]) => &["pem"],
        "key" => &["id", "seed", "template", "token", "a"],
        "remoteKey" => &["db", "team/app"],
        "secretKey" => &["password", "user", "tls.crt"],
        "property" => &["password", "user.name", "user", "list.0.b", "user.emails"],
        "version" => &["v1", "v2", "1", "latest"],
        "namespace" | "remoteNamespace" | "namespaces" => &["team", "shared"],
        "refreshInterval" | "refreshTime" | "duration" | "retryInterval" | "expirationSeconds" => {
            &["1h", "10m", "0", "5s", "24h0m0s"]
        }
        "schedule" => {
            &["* * * * *", "0 22 * * 1-5", "@daily", "@every 1h", "0 0 31 2 *", "*/7 1-3,5 * jan sun"]
        }
        "regexp" | "source" | "namespaceRegexes" => &["^(.*)$", "^team-", "[a-z]+", "(?P<n>x)"],
        "target" => &["Data", "Labels", "$1", "p_$1", "spec.x"],
        "appID" | "installID" | "orgSlug" | "serviceSlug" => &["12"],
        "server" | "url" | "apiUrl" | "vaultUrl" | "endpoint" | "host" => {
            &["https://vault.example.com:8200", "https://10.0.0.1:6443", "http://127.0.0.1"]
        }
        "caBundle" | "certificate" | "bundle" => &["LS0tLS1CRUdJTg=="],
        "clusterLocation" | "clusterName" | "clusterProjectID" | "projectID" => {
            &["europe-west1", "project-1"]
        }
        "region" => &["eu-west-1", "us-east-1"],
        "registry" => &["example.azurecr.io"],
        "role" | "roleArn" | "additionalRoles" => &["arn:aws:iam::123456789012:role/a", "reader"],
        "path" => &["secret", "team", "kubernetes"],
        "template" | "literal" => TEMPLATES,
        "data" | "labels" | "annotations" if at.is_under(&["template"]) => TEMPLATES,
        "matchLabels" | "values" | "tags" => &["b", "team"],
        "operator" => &["In", "NotIn", "Exists", "DoesNotExist"],
        "type" => &["Opaque", "kubernetes.io/tls", "kubernetes.io/basic-auth"],
        _ => &[],
    }
}

/// Templates that get far enough to hold a value.
const TEMPLATES: &[&str] = &[
    "{{ .password }}",
    "{{ .value }}",
    "{{ .password | b64dec }}",
    "{{ .password | fromJson }}",
    "{{ .password | toJson | fromJsonArray }}",
    "{{ fromYaml .password }}",
    "{{ range $k, $v := . }}{{ $k }}: {{ $v | quote }}\n{{ end }}",
    "{{ range $k, $v := . }}{{ $v | atoi | add 1 }}{{ index $v 99999 }}{{ end }}",
    "{{ range $k, $v := . }}{{ fail $v }}{{ end }}",
    "{{ range $k, $v := . }}{{ pkcs12key $v }}{{ end }}",
    "{{ range $k, $v := . }}{{ $v | mustFromJson }}{{ end }}",
    "{{ range $k, $v := . }}{{ mustToDate \"2006\" $v }}{{ end }}",
    "{{ range $k, $v := . }}{{ mustRegexFind $v \"a\" }}{{ semver $v }}{{ end }}",
    "{{ range $k, $v := . }}{{ urlParse $v }}{{ dig $v \"a\" . }}{{ end }}",
    "{{ range $k, $v := . }}{{ template $k }}{{ end }}",
    "{{ range $k, $v := . }}{{ $v.a.b }}{{ end }}",
    "{{ range $k, $v := . }}{{ $v | trunc -3 | repeat 2 }}{{ end }}",
    "{{ .value | upper | nindent 2 }}",
];
