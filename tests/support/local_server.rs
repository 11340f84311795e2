//! Small servers of the tests' own, on a thread and a port of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::CertificateAuthority;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Namespace;

/// A server on loopback. It ends when this is dropped.
#[derive(Debug)]
pub struct LocalServer {
    pub port: u16,
    _running: DropGuard,
}

impl LocalServer {
    /// Speaks HTTP, or HTTPS with this configuration.
    pub fn start(tls: Option<rustls::ServerConfig>, router: Router) -> Self {
        let stop = CancellationToken::new();
        let (told, port) = std::sync::mpsc::channel();
        let (tls, ended) = (tls.map(Arc::new), stop.clone());
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
                told.send(listener.local_addr().expect("its address").port()).expect("who asked");
                latchkey::http::serve(listener, tls, router, ended).await;
            });
        });
        Self { port: port.recv().expect("its port"), _running: stop.drop_guard() }
    }

    /// A webhook, by this registration: its kind, its name, and its one webhook, which is asked about one namespace alone.
    pub fn registered(
        router: Router,
        ns: &Namespace<'_>,
        (kind, name): (&str, String),
        mut webhook: Value,
    ) -> Self {
        let (server, client_config) = Self::webhook(router);
        webhook["clientConfig"] = client_config;
        webhook["admissionReviewVersions"] = json!(["v1"]);
        webhook["sideEffects"] = json!("None");
        webhook["namespaceSelector"] = json!({ "matchLabels": { "kubernetes.io/metadata.name": ns.name } });
        let registration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": { "name": name },
            "webhooks": [webhook],
        });
        ns.apply(&registration.to_string()).good();
        server
    }

    /// A webhook, and the `clientConfig` with which the API server finds it.
    fn webhook(router: Router) -> (Self, Value) {
        let authority = CertificateAuthority::new("another webhook's").expect("a CA");
        let server = Self::start(Some(server_config(&authority)), router);
        let config = json!({
            "url": format!("https://127.0.0.1:{}/", server.port),
            "caBundle": BASE64_STANDARD.encode(authority.pem()),
        });
        (server, config)
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
