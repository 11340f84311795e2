//! A client that can be as rude as one wants: TCP, TLS and HTTP in single steps.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{Latchkey, Options, SYSTEM, World};

/// Longer than anything that a busy machine takes.
pub const LONG: Duration = Duration::from_secs(30);

/// One webhook.
#[derive(Clone)]
pub struct Webhook {
    pub port: u16,
    http1: TlsConnector,
    http2: TlsConnector,
}

impl Webhook {
    /// That of this replica.
    pub fn of(world: &World, replica: &Latchkey) -> Self {
        latchkey::startup::install_crypto_provider();
        let secret = world.get(&format!("/api/v1/namespaces/{SYSTEM}/secrets/latchkey-tls"));
        let authority = secret.expect("the certificate")["data"]["ca.crt"].as_str().map(str::to_owned);
        let pem = BASE64_STANDARD.decode(authority.expect("a CA")).expect("base64");
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.expect("PEM")).expect("a CA");
        }
        let connector = |protocol: &[u8]| {
            let config = ClientConfig::builder().with_root_certificates(roots.clone());
            let mut config = config.with_no_client_auth();
            config.alpn_protocols = vec![protocol.to_vec()];
            TlsConnector::from(Arc::new(config))
        };
        Self { port: replica.webhook_port, http1: connector(b"http/1.1"), http2: connector(b"h2") }
    }

    /// A connection without a word.
    pub async fn tcp(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.expect("the webhook listens")
    }

    /// After the handshake, if it comes to that.
    pub async fn tls(&self, h2: bool) -> std::io::Result<TlsStream<TcpStream>> {
        let connector = if h2 { &self.http2 } else { &self.http1 };
        connector.connect("127.0.0.1".try_into().expect("a name"), self.tcp().await).await
    }

    /// A request of HTTP/1.1 on a connection of its own: the status and the body.
    pub async fn post(&self, path: &str, body: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        let mut stream = self.tls(false).await?;
        let head = head(path, body.len(), "close");
        let sent = async {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body).await?;
            stream.flush().await
        };
        let _ = sent.await; // what is too long may be answered before it is all sent
        let mut raw = Vec::new();
        let _ = stream.read_to_end(&mut raw).await; // without TLS's own goodbye the answer is whole all the same
        parse(&raw).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }
}

/// The head of a request that has a body of this length.
pub fn head(path: &str, length: usize, connection: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: latchkey\r\nContent-Type: application/json\r\n\
         Connection: {connection}\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn parse(raw: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
    let status = std::str::from_utf8(&raw[..end]).ok()?.split(' ').nth(1)?.parse().ok()?;
    Some((status, raw[end + 4..].to_vec()))
}

/// A replica beside the world's own, which nobody is sent to but by these tests.
pub fn replica(world: &World, flags: &[&str]) -> Latchkey {
    let log: &[&str] =
        if flags.iter().any(|flag| flag.starts_with("--log=")) { &[] } else { &["--log=info"] };
    let flags = ["--register=false"].iter().chain(log).chain(flags).map(|flag| (*flag).to_owned());
    let options = Options { flags: flags.collect(), ..Options::default() };
    let replica = Latchkey::start(&world.cluster, &world.moto, options);
    replica.wait_ready();
    replica
}

/// Runs clients to their end.
pub fn run<T>(clients: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(clients)
}

/// The review of a Pod that names no Secret: it is admitted without a call of any kind.
pub fn review_of_pod(uid: &str) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": uid, "kind": { "group": "", "version": "v1", "kind": "Pod" },
            "resource": { "group": "", "version": "v1", "resource": "pods" },
            "namespace": "default", "name": "pod", "operation": "CREATE", "userInfo": { "username": "test" },
            "object": {
                "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "pod" },
                "spec": { "containers": [{ "name": "app", "image": "nginx" }] },
            },
            "oldObject": null, "dryRun": false,
        },
    })
}

/// Whether a review is answered as it should be, on a new connection.
pub async fn answers(webhook: &Webhook) -> bool {
    let body = review_of_pod("well").to_string();
    let answer = tokio::time::timeout(LONG, webhook.post("/review/pods?timeout=10s", body.as_bytes())).await;
    let Ok(Ok((200, body))) = answer else { return false };
    serde_json::from_slice(&body)
        .is_ok_and(|it: Value| it["response"]["uid"] == "well" && it["response"]["allowed"] == true)
}
