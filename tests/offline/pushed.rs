//! `latchkey render` of what is pushed, and of what is made in many namespaces.

use super::*;

const VAULT: &str = "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: vault, labels: {tier: one}}\nspec:\n  \
                     provider: {vault: {server: 'https://vault.example.com', auth: {tokenSecretRef: {name: t, namespace: a, key: token}}}}\n---\n";
const SOURCE: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: app, namespace: shop}\nstringData: {user: admin, password: hunter2}\n\
                      data: {user: aWdub3JlZA==, blob: //4=}\n---\n";

fn push(spec: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nmetadata: {{name: p, namespace: shop}}\nspec:\n{spec}"
    )
}

/// What is printed, and what is said beside.
fn rendered(manifest: &str, more: &[&str]) -> (i32, Vec<Value>, String) {
    let folder = Folder::new(&[("m.yaml", manifest), ("data.yaml", "db: {user: remote}\n")]);
    let (code, out, err) = folder.run(&[&["render", "-f", "m.yaml"], more].concat(), "");
    let all: Vec<Value> = serde_saphyr::from_multiple(&out).unwrap_or_else(|error| panic!("{out}: {error}"));
    (code, all.into_iter().filter(|one| !one.is_null()).collect(), err)
}

#[test]
fn each_thing_is_printed_with_its_place() {
    let spec = "  secretStoreRefs: [{labelSelector: {matchLabels: {tier: one}}, kind: ClusterSecretStore}]
  selector: {secret: {name: app}}
  template: {data: {dsn: '{{ .user }}:{{ .password }}'}}
  data:
    - match: {secretKey: dsn, remoteRef: {remoteKey: app, property: dsn}}
    - match: {secretKey: blob, remoteRef: {remoteKey: blob}}
  dataTo:
    - storeRef: {name: vault, kind: ClusterSecretStore}
      match: {regexp: '^pass'}
      rewrite: [{regexp: {source: '^', target: 'team/'}}]
";
    let manifest = [VAULT, SOURCE, &push(spec)].concat();
    let (code, all, err) = rendered(&manifest, &["--plain"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let store = "ClusterSecretStore/vault";
    let entries = json!([
        { "store": store, "remoteKey": "app", "property": "dsn", "text": "admin:hunter2" },
        { "store": store, "remoteKey": "blob", "value": "//4=" },
        { "store": store, "remoteKey": "team/password", "text": "hunter2" },
    ]);
    assert_eq!(all, [json!({ "metadata": { "name": "p", "namespace": "shop" }, "pushed": entries })]);
    let (_, all, _) = rendered(&manifest, &[]);
    assert_eq!(all[0]["pushed"][2]["value"], "aHVudGVyMg==");
}

#[test]
fn what_an_external_secret_makes_is_pushed_and_kubernetes_keeps_the_keys() {
    let kubernetes = "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: k8s}\nspec:\n  provider: {kubernetes: \
                      {server: {caProvider: {type: ConfigMap, name: ca, key: ca}}, auth: {serviceAccount: {name: r}}}}\n---\n";
    let made = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db, namespace: shop}\nspec:\n  \
                secretStoreRef: {name: k8s}\n  dataFrom: [{extract: {key: db}}]\n---\n";
    let spec = "  secretStoreRefs: [{name: k8s}]\n  selector: {secret: {name: db}}\n  data: [{match: {remoteRef: {remoteKey: copy}}}]\n";
    let manifest = [kubernetes, made, &push(spec)].concat();
    let (code, all, err) = rendered(&manifest, &["--plain", "--data", "data.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(all.len(), 2, "{all:?}");
    let entry =
        json!({ "store": "SecretStore/k8s", "remoteKey": "copy", "stringData": { "user": "remote" } });
    assert_eq!(all[1]["pushed"], json!([entry]));
}

#[test]
fn labels_that_no_secret_has_push_nothing() {
    let spec = "  secretStoreRefs: [{name: vault, kind: ClusterSecretStore}]\n  selector: {secret: {selector: {matchLabels: {a: b}}}}\n  \
                data: [{match: {secretKey: user, remoteRef: {remoteKey: app}}}]\n";
    let (code, all, err) = rendered(&[VAULT, SOURCE, &push(spec)].concat(), &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(all[0]["pushed"], json!([]));
}

#[test]
fn what_cannot_be_pushed_is_one_line() {
    let one = |selector: &str, key: &str| {
        push(&format!(
            "  secretStoreRefs: [{{name: vault, kind: ClusterSecretStore}}]\n  selector: {selector}\n  \
             data: [{{match: {{secretKey: {key}, remoteRef: {{remoteKey: app}}}}}}]\n"
        ))
    };
    for (object, says) in [
        (one("{secret: {name: gone}}", "user"), "could not get source secret: Secret \"gone\" not found"),
        (one("{secret: {name: app}}", "usr"), "secret key usr does not exist"),
        (one("{generatorRef: {kind: Password, name: strong}}", "password"), "\"strong\" not found"),
    ] {
        let (code, all, err) = rendered(&[VAULT, SOURCE, &object].concat(), &[]);
        assert!(code == 1 && all.is_empty() && err.contains(says), "{err}");
        assert!(err.starts_with("m.yaml:") && err.contains("PushSecret shop/p: "), "{err}");
    }
}

#[test]
fn what_is_for_many_namespaces_is_rendered_for_those_of_the_files() {
    let namespaces = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n---\napiVersion: v1\nkind: Namespace\n\
                      metadata: {name: other}\n---\n";
    let secrets = "apiVersion: external-secrets.io/v1\nkind: ClusterExternalSecret\nmetadata: {name: all}\nspec:\n  \
                   namespaceSelectors: [{matchLabels: {team: a}}]\n  namespaces: [named]\n  externalSecretName: db\n  \
                   externalSecretSpec:\n    secretStoreRef: {name: vault, kind: ClusterSecretStore}\n    \
                   dataFrom: [{extract: {key: db}}]\n---\n";
    let pushes = "apiVersion: external-secrets.io/v1alpha1\nkind: ClusterPushSecret\nmetadata: {name: all}\nspec:\n  \
                  namespaceSelectors: [{matchLabels: {team: a}}]\n  pushSecretSpec:\n    \
                  secretStoreRefs: [{name: vault, kind: ClusterSecretStore}]\n    selector: {secret: {name: db}}\n    \
                  data: [{match: {secretKey: user, remoteRef: {remoteKey: app}}}]\n";
    let manifest = [namespaces, VAULT, secrets, pushes].concat();
    let (code, all, err) = rendered(&manifest, &["--plain", "--data", "data.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let metadata: Vec<_> = all.iter().map(|one| one["metadata"].clone()).collect();
    let at = |name: &str, namespace: &str| json!({ "name": name, "namespace": namespace });
    assert_eq!(metadata, [at("db", "named"), at("db", "shop"), at("all", "shop")]);
    assert_eq!(all[2]["pushed"][0]["text"], "remote");
    // Without such a namespace one stands for all.
    let (code, all, err) = rendered(
        &[VAULT, &secrets.replace("  namespaces: [named]\n", "")].concat(),
        &["--data", "data.yaml"],
    );
    assert_eq!((code, all.len(), err.as_str()), (0, 1, ""));
    assert_eq!(all[0]["metadata"], json!({ "name": "db" }));
}
