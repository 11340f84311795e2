//! Real handshakes on a free port.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client, Version};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::body::{Bodies, MAX_BODY};
use super::tls::{Resolver, certified_key, server_config};

struct Server {
    url: String,
    resolver: Arc<Resolver>,
    drain: CancellationToken,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(router: Router) -> (Self, Client) {
        crate::startup::install_crypto_provider();
        let (resolver, drain) = (Arc::new(Resolver::default()), CancellationToken::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let tls = Arc::new(server_config(resolver.clone()));
        let serving = tokio::spawn(super::serve(listener, Some(tls), router, drain.clone()));
        let server = Self { url, resolver, drain, serving };
        let client = server.swap();
        (server, client)
    }

    /// Exchanges the certificate; the client trusts the new one alone.
    fn swap(&self) -> Client {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        let pair = certified_key(certificate.as_bytes(), key.serialize_pem().as_bytes());
        self.resolver.set(pair.expect("a pair"));
        let trusted = Certificate::from_pem(certificate.as_bytes()).expect("a certificate");
        Client::builder().tls_certs_only([trusted]).build().expect("a client")
    }
}

#[tokio::test]
async fn speaks_http2_and_exchanges_its_certificate_while_serving() {
    let (server, first) = Server::start(Router::new().route("/", get(|| async { "here" }))).await;
    let answer = first.get(&server.url).send().await.expect("an answer");
    assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_2));

    let second = server.swap();
    assert!(second.get(&server.url).send().await.is_ok(), "new connections get the new certificate");
    assert!(first.get(&server.url).send().await.is_ok(), "an open connection stays open");
    let third = server.swap();
    assert!(third.get(&server.url).send().await.is_ok(), "and once more");
}

#[tokio::test]
async fn without_a_certificate_no_handshake_succeeds() {
    let (server, _) = Server::start(Router::new()).await;
    let stranger = Server::start(Router::new()).await.1;
    assert!(stranger.get(&server.url).send().await.is_err());
}

#[tokio::test]
async fn answers_what_it_was_asked_before_it_drained() {
    let (started, release) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (starts, released) = (started.clone(), release.clone());
    let slow = get(move || async move {
        starts.notify_one();
        released.notified().await;
        "done"
    });
    let (server, client) = Server::start(Router::new().route("/", slow)).await;
    let request = tokio::spawn(client.get(&server.url).send());
    started.notified().await;
    server.drain.cancel();
    release.notify_one();
    assert_eq!(request.await.expect("no panic").expect("an answer").status(), StatusCode::OK);
    let ended = tokio::time::timeout(Duration::from_secs(5), server.serving).await;
    ended.expect("the open connection is told to close").expect("no panic");
    assert!(client.get(&server.url).send().await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_body_that_is_too_large_gets_an_answer() {
    let take = axum::routing::post(async |request: axum::extract::Request| {
        Bodies::default().read(request).await.map(|whole| whole.bytes.len().to_string())
    });
    let (server, client) = Server::start(Router::new().route("/", take)).await;
    let send = async |size| {
        client.post(&server.url).body(vec![b' '; size]).send().await.map(|answer| answer.status())
    };
    assert_eq!(send(MAX_BODY).await.expect("an answer"), StatusCode::OK);
    assert_eq!(send(MAX_BODY + 1).await.expect("an answer"), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send(MAX_BODY * 2).await.expect("an answer"), StatusCode::PAYLOAD_TOO_LARGE);
}
