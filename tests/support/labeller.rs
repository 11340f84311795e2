//! Another mutating webhook, which comes after latchkey's and has the API server call latchkey once more (fact F4).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::{Json, Router, routing::post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::CertificateAuthority;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Namespace;

/// A webhook that changes every new ExternalSecret of one namespace. It ends when this is dropped.
pub struct Labeller {
    _running: DropGuard,
}

impl Labeller {
    /// Gives them the label `added`, under a name that comes after latchkey's.
    pub fn start(ns: &Namespace<'_>) -> Self {
        let patch = json!([{ "op": "add", "path": "/metadata/labels", "value": { "added": "yes" } }]);
        Self::patching(ns, "zz", patch)
    }

    /// Changes them by this JSON patch, and is asked before or after latchkey by how the name of its registration begins.
    pub fn patching(ns: &Namespace<'_>, order: &str, patch: Value) -> Self {
        let authority = CertificateAuthority::new("labeller").expect("a CA");
        let tls = Arc::new(server_config(&authority));
        let stop = CancellationToken::new();
        let (told, port) = std::sync::mpsc::channel();
        let ended = stop.clone();
        let answers = post(move |Json(review): Json<Value>| std::future::ready(answer(&review, &patch)));
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
                told.send(listener.local_addr().expect("its address").port()).expect("who asked");
                latchkey::http::serve(listener, Some(tls), Router::new().route("/", answers), ended).await;
            });
        });
        register(ns, order, port.recv().expect("its port"), &authority);
        Self { _running: stop.drop_guard() }
    }
}

fn server_config(authority: &CertificateAuthority) -> rustls::ServerConfig {
    let pair = authority.server(&["127.0.0.1"]).expect("a certificate");
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("PEM");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().expect("TLS 1.2 and 1.3");
    builder.with_no_client_auth().with_single_cert(chain, key).expect("a pair")
}

fn answer(review: &Value, patch: &Value) -> Json<Value> {
    Json(json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {
            "uid": review["request"]["uid"], "allowed": true, "patchType": "JSONPatch",
            "patch": BASE64_STANDARD.encode(patch.to_string()),
        },
    }))
}

fn register(ns: &Namespace<'_>, order: &str, port: u16, authority: &CertificateAuthority) {
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": { "name": format!("{order}-{}", ns.name) },
        "webhooks": [{
            "name": "labels.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": ns.name } },
            "rules": [{
                "apiGroups": ["external-secrets.io"], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["externalsecrets"],
            }],
            "clientConfig": {
                "url": format!("https://127.0.0.1:{port}/"),
                "caBundle": BASE64_STANDARD.encode(authority.pem()),
            },
        }],
    });
    ns.apply(&configuration.to_string()).good();
}
