//! The least that a webhook can do: admit everything, over TLS and HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use latchkey_testbed::CertificateAuthority;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::client::Clients;

/// A webhook that admits everything, until this process ends.
pub(crate) struct AdmitAll {
    pub(crate) port: u16,
    pub(crate) ca_pem: String,
    answered: Arc<AtomicUsize>,
}

impl AdmitAll {
    pub(crate) fn start(clients: &Clients) -> Result<Self> {
        let authority = CertificateAuthority::new("admit-all")?;
        let pair = authority.server(&["127.0.0.1"])?;
        let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes())?];
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes())?;
        let mut tls = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let listener = clients.wait(TcpListener::bind(("127.0.0.1", 0)))?;
        let port = listener.local_addr()?.port();
        let answered = Arc::new(AtomicUsize::new(0));
        let router = Router::new().route("/", post(admit)).with_state(answered.clone());
        clients.spawn(serve(listener, TlsAcceptor::from(Arc::new(tls)), router));
        Ok(Self { port, ca_pem: authority.pem().to_owned(), answered })
    }

    /// How many reviews it has answered.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }
}

async fn admit(State(answered): State<Arc<AtomicUsize>>, Json(review): Json<Value>) -> Json<Value> {
    answered.fetch_add(1, Ordering::Relaxed);
    Json(json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": { "uid": review["request"]["uid"], "allowed": true },
    }))
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, service) = (tls.clone(), TowerToHyperService::new(router.clone()));
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let Ok(stream) = tls.accept(stream).await else { return };
            let builder = auto::Builder::new(TokioExecutor::new()).http2_only();
            // A connection that ends badly shows in the figures as requests that failed.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
