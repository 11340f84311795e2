//! Generators that ask a service: a real Vault, a server that answers JSON, and a GitLab of the tests' own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::support::gitlab::Gitlab;
use crate::support::{LocalServer, Namespace, Remote, Said, manifests, world};

const API: &str = "generators.external-secrets.io/v1alpha1";

/// Longer than the pause between two looks at the GeneratorStates, and the grace of the tests' latchkey.
const LIMIT: Duration = Duration::from_secs(90);

fn generator(kind: &str, name: &str, spec: Value) -> String {
    json!({ "apiVersion": API, "kind": kind, "metadata": { "name": name }, "spec": spec }).to_string()
}

/// An ExternalSecret of nothing but this generator.
fn of(name: &str, kind: &str, generator: &str) -> String {
    let reference = json!({ "apiVersion": API, "kind": kind, "name": generator });
    let object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": name },
        "spec": { "refreshInterval": "1h", "dataFrom": [{ "sourceRef": { "generatorRef": reference } }] },
    });
    object.to_string()
}

#[track_caller]
fn warned(said: &Said, text: &str) {
    assert!(said.ok && said.warnings().iter().any(|warning| warning.contains(text)), "{said}");
}

fn states(ns: &Namespace<'_>) -> Vec<Value> {
    let path = format!("/apis/{API}/namespaces/{}/generatorstates", ns.name);
    ns.world.get(&path).and_then(|list| list["items"].as_array().cloned()).unwrap_or_default()
}

#[test]
fn what_vault_makes_is_there_when_apply_returns_and_is_made_once_for_a_review() {
    let ns = Namespace::new(world(), "gen-vault");
    ns.token(world().vault.root_token());
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "key": "token" } });
    let provider = json!({ "server": world().vault.addr(), "auth": auth });
    let spec = json!({
        "provider": provider, "path": "sys/tools/random/16", "method": "POST", "parameters": { "format": "hex" },
    });
    ns.apply(&generator("VaultDynamicSecret", "random", spec.clone())).silent();
    warned(&ns.dry_run(&of("one", "VaultDynamicSecret", "random")), "which a dry run does not do");
    assert!(ns.secret("one").is_none());
    ns.apply(&of("one", "VaultDynamicSecret", "random")).silent();
    let made = ns.value("one", "random_bytes").expect("it is there");
    assert_eq!(made.len(), 32, "16 bytes in hexadecimal");
    ns.wait_ready("one", "True", "SecretSynced");
    ns.apply(&of("one", "VaultDynamicSecret", "random")).silent();
    assert_eq!(ns.value("one", "random_bytes"), Some(made.clone()), "nothing has changed");
    ns.force_sync("one").good();
    ns.world.wait("another value", LIMIT, || ns.value("one", "random_bytes").filter(|now| *now != made));

    let cluster = json!({ "kind": "VaultDynamicSecret", "generator": { "vaultDynamicSecretSpec": spec } });
    ns.apply(&generator("ClusterGenerator", &ns.name, cluster)).silent();
    ns.apply(&of("two", "ClusterGenerator", &ns.name)).silent();
    assert!(ns.value("two", "random_bytes").is_some());
    ns.kubectl(&["delete", "clustergenerator", &ns.name]).good();

    let denied = json!({ "provider": provider, "path": "nowhere/creds/x" });
    ns.apply(&generator("VaultDynamicSecret", "nowhere", denied)).silent();
    warned(&ns.apply(&of("three", "VaultDynamicSecret", "nowhere")), "VaultDynamicSecret \"nowhere\"");
    ns.wait_ready("three", "False", "SecretSyncedError");
}

#[test]
fn a_server_is_asked_with_what_its_secrets_hold() {
    let ns = Namespace::new(world(), "gen-webhook");
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let answer = move |headers: HeaderMap| async move {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        let login = headers.get("authorization").and_then(|value| value.to_str().ok());
        match login {
            Some("Bearer t0p") => {
                Ok(Json(json!({ "result": { "user": "u", "password": format!("p{number}") } })))
            }
            Some(_) | None => Err(StatusCode::UNAUTHORIZED),
        }
    };
    let server = LocalServer::start(None, Router::new().route("/creds", get(answer)));
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "login", "labels": { "external-secrets.io/type": "webhook" } },
        "stringData": { "token": "t0p" },
    });
    ns.apply(&secret.to_string()).good();
    let spec = json!({
        "url": format!("http://127.0.0.1:{}/creds", server.port),
        "headers": { "Authorization": "Bearer {{ .login.token }}" },
        "result": { "jsonPath": "$.result" },
        "secrets": [{ "name": "login", "secretRef": { "name": "login", "key": "token" } }],
    });
    ns.apply(&generator("Webhook", "creds", spec)).silent();
    ns.apply(&of("creds", "Webhook", "creds")).silent();
    assert_eq!(ns.value("creds", "user").as_deref(), Some("u"));
    assert_eq!(ns.value("creds", "password").as_deref(), Some("p0"));
    ns.wait_ready("creds", "True", "SecretSynced");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "for the review, and not again for what is stored");
}

#[test]
fn what_a_service_keeps_is_revoked_when_another_takes_its_place_and_when_its_owner_goes() {
    let ns = Namespace::new(world(), "gen-gitlab");
    let gitlab = Gitlab::start();
    ns.apply(&manifests::list(&gitlab.objects())).silent();
    let [_, mut lost] = gitlab.objects();
    lost["metadata"]["name"] = json!("lost");
    lost["spec"]["auth"]["token"]["secretRef"]["name"] = json!("nobodys");
    ns.apply(&lost.to_string()).silent();
    let wrong = of("lost", "GitlabDeployToken", "lost");
    warned(&ns.dry_run(&wrong), "Kubernetes secret \"nobodys\"");
    warned(&ns.apply(&wrong), "Kubernetes secret \"nobodys\"");
    assert_eq!(gitlab.made(), 0);

    warned(&ns.apply(&of("ci", "GitlabDeployToken", "ci")), "once this ExternalSecret is stored");
    ns.wait_ready("ci", "True", "SecretSynced");
    assert_eq!(ns.value("ci", "token").as_deref(), Some("gldt-1"));
    let [state] = &states(&ns)[..] else { panic!("one state: {:?}", states(&ns)) };
    assert_eq!(state["metadata"]["finalizers"], json!(["generatorstate.externalsecrets.io/finalizer"]));
    assert_eq!(state["metadata"]["ownerReferences"][0]["name"], "ci");
    assert!(!state.to_string().contains("gldt-"), "a GeneratorState holds no value");

    warned(&ns.force_sync("ci"), "once this ExternalSecret is stored");
    ns.wait_value("ci", "token", "gldt-2");
    ns.world.wait("the end of the former one", LIMIT, || {
        (gitlab.tokens() == ["gldt-2"] && states(&ns).len() == 1).then_some(())
    });

    ns.kubectl(&["delete", "secret", "ci"]).good();
    ns.wait_value("ci", "token", "gldt-2"); // it is in use still: a repair has no other made

    ns.kubectl(&["delete", "externalsecret", "ci"]).good();
    ns.world.wait("the end of the last one", LIMIT, || {
        (gitlab.tokens().is_empty() && states(&ns).is_empty()).then_some(())
    });
    assert_eq!(gitlab.made(), 2);

    ns.apply(&of("ci", "GitlabDeployToken", "ci")).good();
    ns.wait_value("ci", "token", "gldt-3"); // the one that was made for its namesake is revoked
    assert_eq!(gitlab.tokens(), ["gldt-3"]);
}

#[test]
fn what_could_not_be_used_is_revoked() {
    let ns = Namespace::new(world(), "gen-unused");
    let gitlab = Gitlab::start();
    ns.apply(&manifests::list(&gitlab.objects())).silent();
    // Its template asks for what no deploy token has.
    let mut object: Value = serde_json::from_str(&of("ci", "GitlabDeployToken", "ci")).expect("JSON");
    object["spec"]["target"] =
        json!({ "template": { "data": { "a": "{{ .nothing | b64dec | toJson | fail }}" } } });
    ns.apply(&object.to_string()).good();
    ns.wait_ready("ci", "False", "SecretSyncedError");
    assert!(gitlab.made() >= 1);
    ns.world.wait("a state that is to go", LIMIT, || {
        let all = states(&ns);
        all.iter().all(|state| !state["spec"]["garbageCollectionDeadline"].is_null()).then_some(())
    });
    ns.kubectl(&["delete", "externalsecret", "ci"]).good();
    ns.world.wait("the end of all", LIMIT, || gitlab.tokens().is_empty().then_some(()));
}

#[test]
fn what_a_service_keeps_is_pushed_and_revoked_like_that_of_an_external_secret() {
    let remote = Remote::start("gen-pushed");
    let ns = &remote.ns;
    let gitlab = Gitlab::start();
    ns.apply(&manifests::list(&gitlab.objects())).silent();
    let data = json!([crate::push_secrets::entry(ns, "token", "ci", "token")]);
    let selector =
        json!({ "generatorRef": { "apiVersion": API, "kind": "GitlabDeployToken", "name": "ci" } });
    let spec = json!({ "data": data, "selector": selector });
    let push = |spec: &Value| crate::push_secrets::push(ns, "ci", spec.clone());
    ns.apply(&push(&spec).to_string()).silent();
    crate::push_secrets::wait_remote(ns, "ci", &json!({ "token": "gldt-1" }));
    crate::push_secrets::wait_ready(ns, "ci", "True", "Synced");
    let [state] = &states(ns)[..] else { panic!("one state: {:?}", states(ns)) };
    let owner = &state["metadata"]["ownerReferences"][0];
    assert_eq!((&owner["kind"], &owner["name"]), (&json!("PushSecret"), &json!("ci")));
    assert!(!state.to_string().contains("gldt-"), "a GeneratorState holds no value");

    let annotated = manifests::annotated(push(&spec), "again", "1");
    ns.apply(&annotated.to_string()).silent();
    crate::push_secrets::wait_remote(ns, "ci", &json!({ "token": "gldt-2" }));
    ns.world.wait("the end of the former one", LIMIT, || {
        (gitlab.tokens() == ["gldt-2"] && states(ns).len() == 1).then_some(())
    });

    // While a store does not take it, each try has the same one pushed.
    remote.seal();
    ns.apply(&manifests::annotated(push(&spec), "again", "2").to_string()).silent();
    crate::push_secrets::wait_ready(ns, "ci", "False", "Errored");
    remote.proxy.behave();
    crate::push_secrets::wait_ready(ns, "ci", "True", "Synced");
    crate::push_secrets::wait_remote(ns, "ci", &json!({ "token": "gldt-3" }));
    assert_eq!(gitlab.made(), 3);

    // A Secret takes its place, and no other state does.
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "source" }, "stringData": { "token": "own" },
    });
    ns.apply(&secret.to_string()).good();
    let mut from_secret = push(&spec);
    from_secret["spec"]["selector"] = json!({ "secret": { "name": "source" } });
    ns.apply(&from_secret.to_string()).good();
    crate::push_secrets::wait_remote(ns, "ci", &json!({ "token": "own" }));
    ns.world.wait("the end of what was made", LIMIT, || {
        (gitlab.tokens().is_empty() && states(ns).is_empty()).then_some(())
    });

    // And what the last one is goes with the PushSecret.
    ns.apply(&push(&spec).to_string()).good();
    crate::push_secrets::wait_remote(ns, "ci", &json!({ "token": "gldt-4" }));
    ns.kubectl(&["delete", "pushsecret", "ci"]).good();
    ns.world.wait("the end of the last one", LIMIT, || {
        (gitlab.tokens().is_empty() && states(ns).is_empty()).then_some(())
    });
}
