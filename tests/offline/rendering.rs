//! `latchkey render`

use super::*;

const VAULT: &str =
    "vault: {server: 'https://vault.example.com', auth: {tokenSecretRef: {name: t, key: token}}}";

/// What is rendered of an ExternalSecret of a Vault by these values, and what is said beside.
fn rendered(spec: &str, data: &str, more: &[&str]) -> (i32, Vec<Value>, String) {
    rendered_at(VAULT, spec, data, more)
}

/// The same, of a store with this provider.
fn rendered_at(provider: &str, spec: &str, data: &str, more: &[&str]) -> (i32, Vec<Value>, String) {
    let store = format!(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: s, namespace: shop}}\nspec:\n  provider:\n    \
         {provider}\n---\n"
    );
    let object = format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: db, namespace: shop}}\nspec:\n  \
         secretStoreRef: {{name: s}}\n{spec}"
    );
    let folder = Folder::new(&[("m.yaml", &format!("{store}{object}")), ("data.yaml", data)]);
    let args = [&["render", "-f", "m.yaml", "--data", "data.yaml", "--plain"], more].concat();
    let (code, out, err) = folder.run(&args, "");
    let secrets: Vec<Value> =
        serde_saphyr::from_multiple(&out).unwrap_or_else(|error| panic!("{out}: {error}"));
    (code, secrets.into_iter().filter(|secret| !secret.is_null()).collect(), err)
}

#[track_caller]
fn gives(spec: &str, data: &str, values: Value) {
    let (code, secrets, err) = rendered(spec, data, &[]);
    assert_eq!((code, err.as_str()), (0, ""), "{spec}");
    let metadata = json!({ "name": "db", "namespace": "shop" });
    let want = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": values });
    assert_eq!(secrets, [want], "{spec}");
}

const VALUES: &str = "# comments, anchors\ndb: &db {user: app, password: 'p:1', port: 5432}\ncopy: *db\nplain: text\n\
                      key: old\nkey@v2: new\ncoded: aGVsbG8=\napp/one: '1'\napp/two: '2'\n";

#[test]
fn entries_properties_versions_and_encodings_are_served() {
    let spec = "  data:
    - {secretKey: user, remoteRef: {key: db, property: user}}
    - {secretKey: port, remoteRef: {key: copy, property: port}}
    - {secretKey: whole, remoteRef: {key: plain}}
    - {secretKey: latest, remoteRef: {key: key}}
    - {secretKey: second, remoteRef: {key: key, version: v2}}
    - {secretKey: third, remoteRef: {key: key, version: v3}}
    - {secretKey: decoded, remoteRef: {key: coded, decodingStrategy: Base64}}
";
    let values = json!({
        "user": "app", "port": "5432", "whole": "text", "latest": "old", "second": "new", "third": "old", "decoded": "hello",
    });
    gives(spec, VALUES, values);
}

#[test]
fn sets_are_extracted_found_and_rewritten() {
    gives(
        "  dataFrom: [{extract: {key: db}}]\n",
        VALUES,
        json!({"user": "app", "password": "p:1", "port": "5432"}),
    );
    let find = "  dataFrom:\n    - find: {path: app, name: {regexp: 'o'}}\n      rewrite: [{regexp: {source: 'app/(.*)', target: 'app_$1'}}]\n";
    gives(find, VALUES, json!({"app_one": "1", "app_two": "2"}));
    gives("  dataFrom: [{find: {name: {regexp: '^key'}}}]\n", VALUES, json!({"key": "old"}));
}

#[test]
fn values_are_read_as_the_store_s_provider_reads_them() {
    let values = "app: {tls.crt: CERT, big: 12345678901234567, o: {z: '<', a: [1, 2]}}\n";
    let dotted = "  data: [{secretKey: crt, remoteRef: {key: app, property: tls.crt}}]\n";
    let all = "  dataFrom: [{extract: {key: app}}]\n";
    let inside = "  dataFrom: [{extract: {key: app, property: o}}]\n";
    let whole = "  data: [{secretKey: all, remoteRef: {key: app}}]\n";
    let (aws, fake) = ("aws: {service: SecretsManager, region: eu-central-1}", "fake: {data: []}");
    let kubernetes = "kubernetes: {remoteNamespace: a, auth: {serviceAccount: {name: a}}}";
    let written = json!({ "tls.crt": "CERT", "big": "12345678901234567", "o": r#"{"a":[1,2],"z":"<"}"# });
    let marshalled =
        json!({ "tls.crt": "CERT", "big": "12345678901234568", "o": r#"{"a":[1,2],"z":"\u003c"}"# });
    let json = r#"{"big":12345678901234567,"o":{"a":[1,2],"z":"\u003c"},"tls.crt":"CERT"}"#;
    for (provider, spec, want) in [
        (VAULT, dotted, json!({ "crt": "CERT" })),
        (aws, dotted, json!({ "crt": "CERT" })),
        (kubernetes, dotted, json!({ "crt": "CERT" })),
        (VAULT, all, marshalled),
        (aws, all, written.clone()),
        (kubernetes, all, written),
        (VAULT, whole, json!({ "all": json })),
        (VAULT, inside, json!({ "a": "[1,2]", "z": "<" })),
        (kubernetes, inside, json!({ "a": "[1,2]", "z": "\"<\"" })),
    ] {
        let (code, secrets, err) = rendered_at(provider, spec, values, &[]);
        assert_eq!((code, err.as_str()), (0, ""), "{provider}: {spec}");
        assert_eq!(secrets[0]["stringData"], want, "{provider}: {spec}");
    }
    let (code, _, err) = rendered_at(fake, dotted, values, &[]);
    assert!(code == 1 && err.contains("tls.crt"), "{err}");
}

#[test]
fn templates_are_rendered_from_the_input_s_own_objects() {
    let spec = "  data: [{secretKey: user, remoteRef: {key: db, property: user}}]
  target:
    name: own
    immutable: true
    template:
      type: example.com/x
      metadata: {labels: {of: '{{ .user }}'}}
      data: {upper: '{{ .user | upper }}'}
      templateFrom:
        - configMap: {name: cm, items: [{key: conf}]}
        - secret: {name: sec, items: [{key: tpl}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cm, namespace: shop}
data: {conf: 'user={{ .user }}'}
---
apiVersion: v1
kind: Secret
metadata: {name: sec, namespace: shop}
data: {tpl: e3sgLnVzZXIgfX0h}
";
    let (code, secrets, err) = rendered(spec, VALUES, &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    let metadata = json!({ "name": "own", "namespace": "shop", "labels": { "of": "app" } });
    let values = json!({ "upper": "APP", "conf": "user=app", "tpl": "app!" });
    let want = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "example.com/x", "immutable": true, "stringData": values,
    });
    assert_eq!(secrets, [want]);
}

#[test]
fn templates_are_written_with_the_delimiters_that_are_asked_for_but_those_of_keys_with_gos() {
    let spec = "  dataFrom: [{extract: {key: db}, rewrite: [{transform: {template: 'db_{{ .value }}'}}]}]
  target: {template: {data: {k: '[[ .db_user ]] {{ .db_user }}'}}}
";
    let flags = ["--template-left-delimiter=[[", "--template-right-delimiter=]]"];
    let (code, secrets, err) = rendered(spec, VALUES, &flags);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(secrets[0]["stringData"], json!({ "k": "app {{ .db_user }}" }));
    let spec = "  data: [{secretKey: user, remoteRef: {key: db}}]\n  target: {template: {data: {k: '[[ .usr ]]'}}}\n";
    let (code, _, err) = rendered(spec, VALUES, &flags);
    assert!(code == 1 && err.contains("map has no entry for key \"usr\""), "{err}");
    assert_eq!(rendered(spec, VALUES, &[]).0, 0);
}

#[test]
fn objects_that_are_not_secrets_are_rendered_as_the_cluster_would_have_them() {
    let data = "  dataFrom: [{extract: {key: db}}]\n";
    let of = |target: &str| rendered(&format!("{data}  target:\n{target}"), VALUES, &[]);
    let metadata = json!({ "name": "db", "namespace": "shop" });
    let values = json!({ "user": "app", "password": "p:1", "port": "5432" });
    let (code, objects, err) = of("    manifest: {apiVersion: v1, kind: ConfigMap}\n");
    assert_eq!((code, err.as_str()), (0, ""));
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": values });
    assert_eq!(objects, [map]);
    let (_, objects, _) = of("    manifest: {apiVersion: example.com/v1, kind: AppConfig}\n");
    assert_eq!(objects[0]["spec"], json!({ "data": values }));
    let (code, objects, err) = of("    name: own
    manifest: {apiVersion: example.com/v1, kind: AppConfig}
    template:
      metadata: {labels: {of: '{{ .user }}'}}
      data: {own: '{{ .user }}'}
      templateFrom:
        - {target: spec, literal: 'logging: {level: info}'}
        - {target: 'spec.servers[0].database', literal: 'port: {{ .port }}'}
");
    assert_eq!((code, err.as_str()), (0, ""));
    let metadata = json!({ "name": "own", "namespace": "shop", "labels": { "of": "app" } });
    let spec = json!({ "logging": { "level": "info" }, "servers": [{ "database": { "port": 5432 } }] });
    let want = json!({
        "apiVersion": "example.com/v1", "kind": "AppConfig", "metadata": metadata, "spec": spec, "data": { "own": "app" },
    });
    assert_eq!(objects, [want]);

    for (target, says) in [
        (
            "    manifest: {apiVersion: v1, kind: X}\n    template: {templateFrom: [{target: spec, literal: 'a: ['}]}\n",
            "what it renders to is no YAML",
        ),
        ("    manifest: {apiVersion: rbac.authorization.k8s.io/v1, kind: Role}\n", "decide who may do what"),
    ] {
        let (code, objects, err) = of(target);
        assert!(code == 1 && objects.is_empty() && err.contains(says), "{target}: {err}");
    }
}

#[test]
fn a_failure_is_one_line_in_the_words_of_admission_and_the_rest_is_rendered() {
    let spec = "  data: [{secretKey: user, remoteRef: {key: nowhere}}]
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: good}
spec: {secretStoreRef: {name: s}, data: [{secretKey: a, remoteRef: {key: plain}}]}
";
    let (code, secrets, err) = rendered(spec, VALUES, &[]);
    let says = "m.yaml:13: ExternalSecret shop/db: spec.data[0]: secret \"nowhere\" does not exist in SecretStore \"s\" at the given \
                data; create it there, or correct remoteRef.key\n";
    assert_eq!((code, err.as_str()), (1, says));
    assert_eq!(secrets.len(), 1);
    assert_eq!(secrets[0]["metadata"], json!({ "name": "good" }));
    let (code, secrets, err) = rendered(spec, VALUES, &["--name", "good"]);
    assert_eq!((code, secrets.len(), err.as_str()), (0, 1, ""));
    let (code, _, err) = rendered(spec, VALUES, &["--name", "none"]);
    assert!(code == 1 && err.contains("no ExternalSecret \"none\""), "{err}");
    let (code, secrets, err) = rendered("  data: user\n", VALUES, &[]);
    assert!(code == 1 && secrets.is_empty() && err.contains("spec.data: has to be a list"), "{err}");
}

#[test]
fn what_makes_no_secret_is_said() {
    let data = "  data: [{secretKey: user, remoteRef: {key: nowhere}}]\n";
    let (code, secrets, err) =
        rendered(&format!("{data}  target: {{deletionPolicy: Delete}}\n"), VALUES, &[]);
    assert!(code == 0 && secrets.is_empty(), "{secrets:?}");
    assert!(
        err.contains("\"nowhere\" is not in the data")
            && err.contains("deletionPolicy Delete makes no Secret"),
        "{err}"
    );
}

#[test]
fn values_that_are_no_text_are_refused_and_not_shown() {
    let spec = "  data: [{secretKey: user, remoteRef: {key: pin}}]\n";
    for pin in ["0123", "[a]", "true"] {
        let (code, _, err) = rendered(spec, &format!("pin: {pin}\n"), &[]);
        let says = "latchkey: data.yaml: the value of \"pin\" is neither text nor a map; put it in quotes\n";
        assert_eq!((code, err.as_str()), (1, says), "{pin}");
    }
    let (code, _, err) = rendered(spec, &format!("pin: '{CANARY}\n"), &[]);
    assert!(code == 1 && err.contains("data.yaml:1: this is no YAML") && !err.contains(CANARY), "{err}");
}

#[test]
fn secrets_are_printed_encoded_and_as_json_too() {
    let object = "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: db}, spec: {secretStoreRef: {name: s}, \
                  data: [{secretKey: a, remoteRef: {key: plain}}]}}\n";
    let folder = Folder::new(&[("data.json", "{\"plain\": \"text\"}")]);
    let args = ["render", "-f", "-", "--data", "data.json", "--output", "json"];
    let (code, out, err) = folder.run(&args, object);
    assert_eq!((code, err.as_str()), (0, ""));
    let secret: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(secret["data"], json!({ "a": "dGV4dA==" }));
    let (_, out, _) =
        folder.run(&args, &format!("{object}---\n{}", object.replace("name: db", "name: other")));
    let list: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&list["kind"], &list["items"][1]["metadata"]["name"]), (&json!("List"), &json!("other")));
}
