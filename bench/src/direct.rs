//! Reviews straight to latchkey's port, over TLS and HTTP/2 as the API server sends them, without the API server.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::body::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use latchkey_testbed::ControlPlane;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsConnector;

use crate::admit_all::AdmitAll;
use crate::client::trusting;
use crate::samples::Samples;
use crate::stage::Stage;

/// How many connections there are: one for each replica of the API server.
const CONNECTIONS: usize = 2;

/// Reviews of one kind, and the way to send them.
#[derive(Clone)]
pub(crate) struct Direct {
    connections: Vec<SendRequest<Full<Bytes>>>,
    url: String,
    bodies: Arc<Vec<Bytes>>,
}

impl Direct {
    /// These reviews, to be sent to this path of latchkey's.
    pub(crate) async fn connect(stage: &Stage, path: &str, reviews: &[Value]) -> Result<Self> {
        let bodies =
            reviews.iter().map(|review| Ok(serde_json::to_vec(review)?.into())).collect::<Result<_>>()?;
        Self::to(stage.latchkey.webhook_port, &stage.ca_pem()?, path, Arc::new(bodies)).await
    }

    /// The same reviews, to be sent to the webhook that admits everything.
    pub(crate) async fn to_admit_all(&self, server: &AdmitAll) -> Result<Self> {
        Self::to(server.port, &server.ca_pem, "/", Arc::clone(&self.bodies)).await
    }

    async fn to(port: u16, ca: &str, path: &str, bodies: Arc<Vec<Bytes>>) -> Result<Self> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(connect(port, ca).await?);
        }
        Ok(Self { connections, url: format!("https://127.0.0.1:{port}{path}?timeout=5s"), bodies })
    }

    /// Sends so many, so many at once.
    pub(crate) async fn flood(&self, count: usize, at_once: usize) -> Result<()> {
        let clients = (0..at_once).map(|client| {
            let mut this = self.clone();
            tokio::spawn(async move {
                for number in (client..count).step_by(at_once) {
                    this.send(number).await?;
                }
                anyhow::Ok(())
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.context("a client panicked")??;
        }
        Ok(())
    }

    /// Sends so many a second for this time, each when it is its turn (in milliseconds, as the timer goes), whether or not the
    /// ones before are answered; how long each took from then.
    pub(crate) async fn paced(&self, per_second: f64, time: Duration) -> Result<Samples> {
        let start = Instant::now();
        let count = (per_second * time.as_secs_f64()) as usize;
        let mut answers = Vec::with_capacity(count);
        for number in 0..count {
            sleep_until(start + Duration::from_secs_f64(number as f64 / per_second)).await;
            let (turn, mut this) = (Instant::now(), self.clone());
            answers.push(tokio::spawn(async move { this.send(number).await.map(|()| turn.elapsed()) }));
        }
        let mut samples = Samples::default();
        for answer in answers {
            samples.push(answer.await.context("a client panicked")??);
        }
        Ok(samples)
    }

    async fn send(&mut self, number: usize) -> Result<()> {
        let body = self.bodies[number % self.bodies.len()].clone();
        let request = Request::post(&self.url).header("content-type", "application/json");
        let request = request.body(Full::new(body))?;
        let connection = number % self.connections.len();
        let answer = self.connections[connection].send_request(request).await?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        let allowed = body.windows(14).any(|part| part == br#""allowed":true"#);
        ensure!(
            head.status == 200 && allowed,
            "a review was answered {}: {}",
            head.status,
            String::from_utf8_lossy(&body)
        );
        Ok(())
    }
}

async fn connect(port: u16, ca: &str) -> Result<SendRequest<Full<Bytes>>> {
    let mut tls = trusting(ca)?;
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("127.0.0.1")?;
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await?;
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        let _ = connection.await; // how it ends shows in the requests
    });
    Ok(sender)
}

/// The review of an object that is created, as the API server makes it: with all its defaults, which a dry run gives.
pub(crate) fn creation(cluster: &ControlPlane, path: &str, object: &Value) -> Result<Value> {
    let admitted = cluster.api("POST", &format!("{path}?dryRun=All"), object)?;
    Ok(review("CREATE", &admitted, &Value::Null))
}

/// The review of an object that is changed.
pub(crate) fn update(new: &Value, old: &Value) -> Value {
    review("UPDATE", new, old)
}

fn review(operation: &str, object: &Value, old: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api_version = text(&object["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let kind = text(&object["kind"]);
    let resource = format!("{}s", kind.to_lowercase());
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": { "group": group, "version": version, "kind": kind },
            "resource": { "group": group, "version": version, "resource": resource },
            "requestKind": { "group": group, "version": version, "kind": kind },
            "requestResource": { "group": group, "version": version, "resource": resource },
            "name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"],
            "operation": operation,
            "userInfo": {
                "username": "admin", "uid": "014fbff9a07c", "groups": ["system:authenticated", "system:masters"],
                "extra": { "authentication.kubernetes.io/credential-id": ["X509SHA256=0123456789abcdef"] },
            },
            "object": object, "oldObject": old, "dryRun": false,
            "options": { "apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions", "fieldManager": "kubectl-create" },
        },
    })
}
