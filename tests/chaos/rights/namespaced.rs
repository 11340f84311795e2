//! latchkey for one namespace, with Roles alone.

use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::CertificateAuthority;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::generating;
use super::grants::{self, Grant};
use super::probes::{self, Probe, Stage};
use super::pushing;
use crate::chaos::Row;
use crate::install::cluster::{Cluster, Running, WEBHOOKS, moto};
use crate::support::manifests::{fake, list, pod, store};
use crate::support::{SYSTEM, Said};

/// What an installation for one namespace does: all but ClusterSecretStores and its own registration.
const PROBES: [Probe; 16] = [
    probes::leads,
    probes::applies,
    probes::validates,
    probes::changes,
    pushing::pushes,
    generating::generates,
    generating::finds_generators,
    generating::keeps_books,
    probes::repairs,
    probes::knows_what_is_stored,
    probes::releases,
    probes::releases_a_store,
    probes::reads_templates,
    probes::speaks_for_accounts,
    probes::obeys_namespaces,
    probes::counts_events,
];

const SET: &str = "scopedNamespace=shop,scopedRBAC=true";

fn place() -> Cluster {
    let cluster = Cluster::new();
    for name in ["shop", "other"] {
        cluster
            .0
            .create("/api/v1/namespaces", &json!({ "metadata": { "name": name } }))
            .expect("a namespace");
    }
    cluster
}

/// Puts files of this data into a folder of the cluster's.
fn files(cluster: &Cluster, data: &[(&str, &[u8])]) -> PathBuf {
    let folder = cluster.0.dir().join("certificate");
    std::fs::create_dir_all(&folder).expect("a folder");
    data.iter().for_each(|(name, data)| std::fs::write(folder.join(name), data).expect("written"));
    folder
}

/// latchkey as the chart's Deployment starts it, with its certificate in this folder.
fn latchkey(cluster: &Cluster, moto: Option<&latchkey_testbed::Moto>, folder: &std::path::Path) -> Running {
    let file = |flag: &str, name: &str| format!("--{flag}={}", folder.join(name).display());
    let flags = [
        file("tls-cert-file", "tls.crt"),
        file("tls-key-file", "tls.key"),
        file("ca-file", "ca.crt"),
        "--scoped-namespace=shop".into(),
        "--cluster-stores=false".into(),
        "--register=false".into(),
        "--lease-duration=3s".into(),
        "--lease-retry-period=500ms".into(),
        "--generator-gc-grace-period=1s".into(),
    ];
    cluster.start(moto, &flags)
}

/// Has the API server call latchkey outside the cluster, for these namespaces; the rest of the chart's registration stays.
fn route(cluster: &Cluster, port: u16, namespaces: Option<&Value>) {
    let path = format!("{WEBHOOKS}/latchkey");
    let mut registration = cluster.get(&path).expect("the registration");
    for webhook in registration["webhooks"].as_array_mut().expect("a list") {
        let client = &mut webhook["clientConfig"];
        if let Some(place) = client["service"]["path"].as_str().map(str::to_owned) {
            *client =
                json!({ "url": format!("https://127.0.0.1:{port}{place}"), "caBundle": client["caBundle"] });
        }
        if let Some(namespaces) = namespaces {
            webhook["namespaceSelector"] = namespaces.clone();
        }
    }
    cluster.0.api("PUT", &path, &registration).expect("it is routed");
}

fn apply(cluster: &Cluster, namespace: &str, objects: &[Value]) -> Said {
    cluster.kubectl(&["apply", "-n", namespace, "-f", "-"], &list(objects)).good()
}

fn external_secret(name: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": name },
        "spec": {
            "refreshInterval": "1h", "secretStoreRef": { "kind": kind, "name": "own" },
            "data": [{ "secretKey": "db", "remoteRef": { "key": "db" } }],
        },
    })
}

/// What latchkey may do in this namespace, as the API server lists it.
fn rules(cluster: &Cluster, user: &str, namespace: &str) -> String {
    let (user, groups) = (format!("--as={user}"), ["system:serviceaccounts", "system:authenticated"]);
    let groups = groups.map(|group| format!("--as-group={group}"));
    let args = ["auth", "can-i", "--list", "-n", namespace, &user, &groups[0], &groups[1]];
    cluster.kubectl(&args, "").good().out
}

#[test]
fn roles_alone_do_for_one_namespace() {
    let (cluster, moto) = (place(), moto());
    let authority = CertificateAuthority::new("somebody else's").expect("a CA");
    let pair = authority.server(&["127.0.0.1"]).expect("a certificate");
    let ca = authority.pem().as_bytes();
    let data = [("tls.crt", pair.certificate.as_bytes()), ("tls.key", pair.key.as_bytes()), ("ca.crt", ca)];
    let folder = files(&cluster, &data);
    let set = format!("{SET},webhook.existingSecret=theirs,webhook.caBundle={}", BASE64_STANDARD.encode(ca));
    cluster.install(&["--set", &set]).good();
    cluster.0.start_controller_manager().expect("controllers");
    let running = latchkey(&cluster, Some(&moto), &folder);
    route(&cluster, running.webhook_port, None);

    let stage = Stage {
        cluster: &cluster,
        moto: &moto,
        latchkey: &running,
        ns: "shop".into(),
        patience: Duration::from_secs(40),
    };
    for (place, probe) in PROBES.iter().enumerate() {
        probe(&stage).unwrap_or_else(|error| panic!("probe {place}: {error}"));
    }
    pods_are_seen_to(&cluster);
    cluster_stores_are_not_served(&cluster);
    other_namespaces_are_left_alone(&cluster, &running);
    nothing_is_permitted_elsewhere(&cluster);
    drop(running);
    let rights = each_right_is_used(&cluster);
    Row {
        area: "rights",
        fault: "installed for one namespace, with Roles and no ClusterRole",
        test: "rights::namespaced::roles_alone_do_for_one_namespace",
        tried: format!("{rights} rights"),
        seen: "each used and none missed; another namespace, and ClusterSecretStores, left alone".into(),
        well_after: None,
    }
    .write();
}

fn pods_are_seen_to(cluster: &Cluster) {
    cluster.wait("the ServiceAccount", || cluster.get("/api/v1/namespaces/shop/serviceaccounts/default"));
    apply(cluster, "shop", &[pod("app", &["applied"])]);
    let pod = cluster.get("/api/v1/namespaces/shop/pods/app").expect("the Pod");
    assert!(pod["metadata"]["annotations"]["latchkey.dev/started-with"].is_string(), "{pod}");
}

fn cluster_stores_are_not_served(cluster: &Cluster) {
    let said = apply(cluster, "shop", &[external_secret("global", "ClusterSecretStore")]);
    let text = "ExternalSecret shop/global: ClusterSecretStore \"own\" cannot be used: this installation of latchkey \
                serves no ClusterSecretStores; use a SecretStore of the namespace";
    assert_eq!(said.warnings(), [text], "{said}");
}

/// Neither by its watches nor, should the registration send it what is not its, by its webhook.
fn other_namespaces_are_left_alone(cluster: &Cluster, running: &Running) {
    let own = store("own", fake(&[("db", "1")]));
    apply(cluster, "other", &[own.clone(), external_secret("unseen", "SecretStore")]).silent();
    route(cluster, running.webhook_port, Some(&json!({})));
    cluster.wait("a review from elsewhere", || {
        cluster
            .kubectl(&["annotate", "-n", "other", "externalsecret", "unseen", "again=1", "--overwrite"], "")
            .good();
        cluster.kubectl(&["annotate", "-n", "other", "externalsecret", "unseen", "again-"], "").good();
        running.metrics().contains("outcome=\"out_of_scope\"").then_some(())
    });
    apply(cluster, "other", &[own, external_secret("unseen", "SecretStore"), pod("app", &["unseen"])])
        .silent();
    apply(cluster, "shop", &[external_secret("later", "SecretStore")]);
    cluster.wait("what came later, where it is seen to", || {
        let later = cluster.get("/apis/external-secrets.io/v1/namespaces/shop/externalsecrets/later")?;
        (later["status"]["conditions"][0]["reason"] == "SecretSynced").then_some(())
    });
    assert_eq!(cluster.get("/api/v1/namespaces/other/secrets/unseen"), None);
    for (kind, name) in [("externalsecrets", "unseen"), ("secretstores", "own")] {
        let path = format!("/apis/external-secrets.io/v1/namespaces/other/{kind}/{name}");
        assert!(cluster.get(&path).expect("it is stored")["status"].is_null(), "{path}");
    }
}

/// Elsewhere latchkey may do what any ServiceAccount may, and no more.
fn nothing_is_permitted_elsewhere(cluster: &Cluster) {
    let own = format!("system:serviceaccount:{SYSTEM}:latchkey");
    let anybody = "system:serviceaccount:default:default";
    for namespace in ["other", "default", "kube-system"] {
        assert_eq!(rules(cluster, &own, namespace), rules(cluster, anybody, namespace));
    }
    assert_ne!(rules(cluster, &own, "shop"), rules(cluster, anybody, "shop"));
    for kind in ["clusterroles", "clusterrolebindings"] {
        let all = cluster.kubectl(&["get", kind, "-o", "name"], "").good().out;
        assert!(!all.contains("latchkey"), "{all}");
    }
}

fn each_right_is_used(cluster: &Cluster) -> usize {
    let roles = [grants::role(Some("shop"), "latchkey-targets"), grants::role(Some(SYSTEM), "latchkey")];
    let all: Vec<Grant> = roles.iter().flat_map(|role| grants::grants(cluster, role)).collect();
    let by_admission = ["update externalsecrets/finalizers"]; // where a plugin asks for it
    cluster.wait("an end of the watches", || (grants::unused(cluster, &all) == by_admission).then_some(()));
    let forbidden: Vec<Value> = grants::asked(cluster).into_iter().filter(grants::was_forbidden).collect();
    assert!(forbidden.is_empty(), "{forbidden:?}");
    all.len()
}

#[test]
fn helm_makes_a_certificate_that_holds_and_keeps_it() {
    let cluster = place();
    cluster.install(&["--set", SET]).good();
    let path = format!("/api/v1/namespaces/{SYSTEM}/secrets/latchkey-webhook-tls");
    let made = cluster.get(&path).expect("the certificate")["data"].clone();
    assert_eq!(cluster.ca_bundle().as_deref(), made["ca.crt"].as_str());

    let decoded = |name: &str| BASE64_STANDARD.decode(made[name].as_str().expect("a key")).expect("base64");
    let [tls, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map(decoded);
    let folder = files(&cluster, &[("tls.crt", &tls), ("tls.key", &key), ("ca.crt", &ca)]);
    let running = latchkey(&cluster, None, &folder);
    shakes_hands(running.webhook_port, &ca, &format!("latchkey.{SYSTEM}.svc"));

    let upgrade = ["upgrade", "latchkey", "manifests/chart", "--namespace", SYSTEM, "--set", SET];
    cluster.helm(&[upgrade.as_slice(), &["--set", "log=debug"]].concat()).good();
    assert_eq!(cluster.get(&path).expect("the certificate")["data"], made, "an upgrade keeps it");
    assert_eq!(cluster.ca_bundle().as_deref(), made["ca.crt"].as_str());
}

/// As the API server would by way of the Service.
fn shakes_hands(port: u16, ca: &[u8], name: &str) {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca).expect("PEM")).expect("a CA");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().expect("TLS 1.2 and 1.3");
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let name = name.to_owned().try_into().expect("a name");
    let mut connection = rustls::ClientConnection::new(config, name).expect("a connection");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("latchkey listens");
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).expect("the certificate holds");
    }
}
