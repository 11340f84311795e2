//! Templates as External Secrets Operator's guides use them, written anew: what stands in the Secret when `kubectl apply` returns.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::CertificateAuthority;
use serde_json::{Value, json};

use crate::support::{Namespace, Options, World, manifests, world};

/// A namespace with a store at Vault that holds these values under one key.
fn holding(prefix: &str, values: Value) -> Namespace<'static> {
    let world = world();
    let ns = Namespace::new(world, prefix);
    ns.vault_store(&world.vault.addr(), world.vault.root_token());
    world.vault.put(&format!("secret/{}/all", ns.name), &values).expect("put");
    ns
}

/// Applies an ExternalSecret of all these values with this template, which is synced without a word.
fn apply(ns: &Namespace<'_>, name: &str, template: Value) {
    let from = json!([{ "extract": { "key": format!("{}/all", ns.name) } }]);
    ns.external(name, json!({ "dataFrom": from, "target": { "template": template } })).silent();
}

fn secret(ns: &Namespace<'_>, name: &str) -> Value {
    ns.secret(name).expect("the Secret")
}

#[test]
fn a_registrys_credentials() {
    let ns = holding(
        "tpl-docker",
        json!({ "user": "robot", "password": "pass\"word", "registry": "registry.example" }),
    );
    let config = r#"{"auths":{"{{ .registry }}":{"username":{{ .user | toJson }},"password":{{ .password | toJson }},"auth":"{{ printf "%s:%s" .user .password | b64enc }}"}}}"#;
    apply(
        &ns,
        "pull",
        json!({ "type": "kubernetes.io/dockerconfigjson", "data": { ".dockerconfigjson": config } }),
    );
    let text = ns.value("pull", ".dockerconfigjson").expect("it");
    let config: Value = serde_json::from_str(&text).expect("JSON");
    let auth = &config["auths"]["registry.example"];
    assert_eq!((&auth["username"], &auth["password"]), (&json!("robot"), &json!("pass\"word")));
    assert_eq!(auth["auth"], BASE64_STANDARD.encode("robot:pass\"word"));
    assert_eq!(secret(&ns, "pull")["type"], "kubernetes.io/dockerconfigjson");
}

#[test]
fn a_key_store_to_pem_and_back() {
    let authority = CertificateAuthority::new("recipes").expect("an authority");
    let pair = authority.server(&["app.example"]).expect("a certificate");
    let values = json!({ "chain": format!("{}{}", pair.certificate, authority.pem()), "key": pair.key, "password": "changeit" });
    let ns = holding("tpl-p12", values);
    apply(
        &ns,
        "store",
        json!({ "data": { "store.p12": "{{ fullPemToPkcs12Pass .chain .key .password | b64dec }}" } }),
    );
    let store = BASE64_STANDARD.encode(secret_bytes(&ns, "store", "store.p12"));

    let again = holding("tpl-pem", json!({ "p12": store, "password": "changeit" }));
    apply(
        &again,
        "tls",
        json!({ "type": "kubernetes.io/tls", "data": {
            "tls.crt": "{{ .p12 | b64dec | pkcs12certPass .password }}",
            "tls.key": "{{ .p12 | b64dec | pkcs12keyPass .password }}",
        } }),
    );
    let certificates = again.value("tls", "tls.crt").expect("certificates");
    assert_eq!(
        certificates.trim(),
        format!("{}{}", pair.certificate, authority.pem()).replace("\r\n", "\n").trim(),
        "leaf first"
    );
    assert!(again.value("tls", "tls.key").is_some_and(|key| key.contains("BEGIN PRIVATE KEY")));
}

fn secret_bytes(ns: &Namespace<'_>, name: &str, key: &str) -> Vec<u8> {
    let text = secret(ns, name)["data"][key].as_str().expect("a value").to_owned();
    BASE64_STANDARD.decode(text).expect("base64")
}

#[test]
fn certificates_of_a_bundle() {
    let authority = CertificateAuthority::new("recipes").expect("an authority");
    let pair = authority.server(&["app.example", "www.app.example"]).expect("a certificate");
    let bundle = format!("{}{}{}", pair.key, pair.certificate, authority.pem());
    let ns = holding("tpl-chain", json!({ "bundle": bundle }));
    apply(
        &ns,
        "tls",
        json!({ "data": {
            "all.crt": r#"{{ .bundle | filterPEM "CERTIFICATE" }}"#,
            "leaf.crt": r#"{{ .bundle | filterPEM "CERTIFICATE" | filterCertChain "leaf" }}"#,
            "root.crt": r#"{{ .bundle | filterPEM "CERTIFICATE" | filterCertChain "root" }}"#,
            "names": r#"{{ .bundle | filterPEM "CERTIFICATE" | filterCertChain "leaf" | certSANs | join "," }}"#,
        } }),
    );
    let pem = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    let value = |key: &str| ns.value("tls", key).expect("a value").trim().to_owned();
    assert_eq!(value("leaf.crt"), pem(&pair.certificate));
    assert_eq!(value("root.crt"), pem(authority.pem()));
    assert!(!value("all.crt").contains("PRIVATE KEY"));
    assert_eq!(value("names"), "app.example,www.app.example");
}

#[test]
fn a_configuration_of_several_values_out_of_a_config_map_and_a_secret() {
    let ns = holding("tpl-from", json!({ "user": "app", "password": "s3cret", "hosts": "a,b" }));
    let text = "user: {{ .user | upper }}\nhosts:\n{{ range $i, $host := splitList \",\" .hosts }}- {{ $i }}: {{ $host }}\n{{ end }}";
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "texts" }, "data": { "app.yaml": text } });
    ns.apply(&map.to_string()).good();
    let hidden = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "texts" }, "stringData": { "map": "{{ .user }}: {{ .password | quote }}" } });
    ns.apply(&hidden.to_string()).good();
    apply(
        &ns,
        "config",
        json!({ "templateFrom": [
            { "configMap": { "name": "texts", "items": [{ "key": "app.yaml" }] } },
            { "secret": { "name": "texts", "items": [{ "key": "map", "templateAs": "KeysAndValues" }] } },
            { "target": "Labels", "literal": "team: {{ .user }}" },
        ] }),
    );
    assert_eq!(ns.value("config", "app.yaml").as_deref(), Some("user: APP\nhosts:\n- 0: a\n- 1: b\n"));
    assert_eq!(ns.value("config", "app").as_deref(), Some("s3cret"));
    assert_eq!(secret(&ns, "config")["metadata"]["labels"]["team"], "app");
}

#[test]
fn a_template_out_of_a_secret_that_fails_tells_nothing_of_it() {
    let ns = holding("tpl-hidden", json!({ "user": "app" }));
    let hidden = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "texts" }, "stringData": { "a": "{{ c4n4ry .user }}" } });
    ns.apply(&hidden.to_string()).good();
    let from = json!([{ "extract": { "key": format!("{}/all", ns.name) } }]);
    let template = json!({ "templateFrom": [{ "secret": { "name": "texts", "items": [{ "key": "a" }] } }] });
    let said = ns.external("config", json!({ "dataFrom": from, "target": { "template": template } })).good();
    assert!(!said.to_string().contains("c4n4ry"), "{said}");
    assert!(said.to_string().contains("templateFrom[0].secret"), "{said}");
}

#[test]
fn keys_are_made_of_keys_by_a_template() {
    let ns = holding("tpl-keys", json!({ "user": "app", "password": "s3cret" }));
    let from = json!([{
        "extract": { "key": format!("{}/all", ns.name) },
        "rewrite": [{ "transform": { "template": "APP_{{ .value | upper }}" } }],
    }]);
    ns.external("env", json!({ "dataFrom": from })).silent();
    let keys: Vec<String> = ns.values("env").expect("values").into_keys().collect();
    assert_eq!(keys, ["APP_PASSWORD", "APP_USER"]);
}

#[test]
fn a_password_of_basic_authentication_and_a_json_web_key() {
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let ns = holding("tpl-basic", json!({ "user": "app", "password": "s3cret", "jwk": jwk }));
    apply(
        &ns,
        "auth",
        json!({ "data": {
            "htpasswd": "{{ htpasswd .user .password \"bcrypt\" }}",
            "public.pem": "{{ .jwk | jwkPublicKeyPem }}",
        } }),
    );
    assert!(ns.value("auth", "htpasswd").is_some_and(|line| line.starts_with("app:$2a$")));
    assert!(ns.value("auth", "public.pem").is_some_and(|pem| pem.starts_with("-----BEGIN PUBLIC KEY-----")));
}

#[test]
fn a_private_key_of_ssh_and_its_known_hosts() {
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----";
    let ns = holding("tpl-ssh", json!({ "key": key, "host": "git.example ssh-ed25519 AAAAC3Nz" }));
    let data = json!({ "ssh-privatekey": "{{ .key }}\n", "known_hosts": "{{ .host | trim }}\n" });
    apply(&ns, "git", json!({ "type": "kubernetes.io/ssh-auth", "data": data }));
    assert_eq!(secret(&ns, "git")["type"], "kubernetes.io/ssh-auth");
    assert_eq!(ns.value("git", "ssh-privatekey"), Some(format!("{key}\n")));
    assert_eq!(ns.value("git", "known_hosts").as_deref(), Some("git.example ssh-ed25519 AAAAC3Nz\n"));
}

/// As ESO's guide merges what several secrets hold as JSON: one map of all of them.
#[test]
fn two_json_secrets_are_merged_into_one_and_a_key_of_both_is_as_the_policy_says() {
    let ns = holding("tpl-merge", json!({ "user": "app", "host": "old" }));
    ns.world
        .vault
        .put(&format!("secret/{}/more", ns.name), &json!({ "port": "5432", "host": "new" }))
        .expect("put");
    let found = |merge: Value| {
        json!({ "dataFrom": [{
            "find": { "path": ns.name, "name": { "regexp": "(all|more)$" } },
            "rewrite": [{ "regexp": { "source": ".*/", "target": "" } }, { "merge": merge }],
        }]})
    };
    let values = |name: &str| ns.values(name).expect("values").into_iter().collect::<Vec<_>>();
    let strings = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };

    ns.external("newer", found(json!({ "conflictPolicy": "Ignore", "priority": ["all", "more"] }))).silent();
    assert_eq!(values("newer"), strings(&[("host", "new"), ("port", "5432"), ("user", "app")]));
    ns.external("older", found(json!({ "conflictPolicy": "Ignore", "priority": ["more", "all"] }))).silent();
    assert_eq!(values("older"), strings(&[("host", "old"), ("port", "5432"), ("user", "app")]));

    let json = json!({ "into": "config", "strategy": "JSON", "conflictPolicy": "Ignore", "priority": ["all", "more"] });
    ns.external("whole", found(json)).silent();
    let config: Value = serde_json::from_str(&ns.value("whole", "config").expect("it")).expect("JSON");
    assert_eq!(config, json!({ "host": "new", "port": "5432", "user": "app" }));

    let said = ns.external("torn", found(json!({ "conflictPolicy": "Error" })));
    assert!(said.to_string().contains("host"), "{said}");
    assert!(ns.secret("torn").is_none());
}

#[test]
fn delimiters_are_those_of_the_installation_at_admission_and_afterwards() {
    let flags = ["--template-left-delimiter=[[", "--template-right-delimiter=]]"].map(str::to_owned).into();
    let world = World::start(Options { flags, ..Options::default() });
    let ns = Namespace::new(&world, "delimiters");
    ns.apply(&manifests::store("values", manifests::fake(&[("user", "app")])).to_string()).good();
    let of = |text: &str| {
        json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": "db" },
            "spec": {
                "secretStoreRef": { "name": "values" },
                "data": [{ "secretKey": "user", "remoteRef": { "key": "user" } }],
                "target": { "template": { "data": { "k": text } } },
            },
        })
        .to_string()
    };
    ns.apply(&of("[[ .user ]] {{ .nothing }}")).silent();
    assert_eq!(ns.value("db", "k").as_deref(), Some("app {{ .nothing }}"));
    ns.wait_ready("db", "True", "SecretSynced");
    let said = ns.apply(&of("[[ .nothing ]]"));
    assert!(said.to_string().contains("map has no entry for key"), "{said}");
}
