//! Against a server that answers as it is told.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

use super::*;

/// Answers in turn; the last stays.
struct InTurn(Vec<ResponseTemplate>, AtomicUsize);

impl Respond for InTurn {
    fn respond(&self, _: &wiremock::Request) -> ResponseTemplate {
        let place = self.1.fetch_add(1, Ordering::SeqCst);
        self.0[place.min(self.0.len() - 1)].clone()
    }
}

async fn server(answers: Vec<ResponseTemplate>) -> (MockServer, Api<ConfigMap>) {
    crate::startup::install_crypto_provider();
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(InTurn(answers, AtomicUsize::new(0))).mount(&server).await;
    let config = Config::new(server.uri().parse().expect("a URI"));
    let client = client(config, &Shared::new(Arc::default())).expect("a client");
    (server, Api::namespaced(client, "a"))
}

fn there() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "metadata": { "name": "b" } }))
}

fn says(code: u16) -> ResponseTemplate {
    ResponseTemplate::new(code).set_body_json(json!({ "code": code, "status": "Failure" }))
}

#[tokio::test]
async fn a_429_is_obeyed_and_the_caller_does_not_see_it() {
    let (server, api) = server(vec![says(429).insert_header("retry-after", "1"), there()]).await;
    let start = std::time::Instant::now();
    assert_eq!(api.get("b").await.expect("it is there").metadata.name.as_deref(), Some("b"));
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(server.received_requests().await.map(|all| all.len()), Some(2));
}

#[tokio::test]
async fn what_would_come_too_late_is_not_asked() {
    let (server, api) = server(vec![says(429).insert_header("retry-after", "60"), there()]).await;
    let start = std::time::Instant::now();
    for _ in 0..2 {
        let error = api.get("b").await.expect_err("refused");
        let kube::Error::Api(status) = error else { panic!("{error}") };
        assert!(status.code == 429 && status.details.as_ref().is_some_and(|d| d.retry_after_seconds > 50));
    }
    assert!(start.elapsed() < LIMIT, "nobody waits for it");
    assert_eq!(server.received_requests().await.map(|all| all.len()), Some(1));
}

#[tokio::test]
async fn an_error_of_the_server_is_the_callers_business() {
    let (server, api) = server(vec![says(500), there()]).await;
    assert!(matches!(api.get("b").await, Err(kube::Error::Api(status)) if status.code == 500));
    api.get("b").await.expect("asked again by the caller");
    assert_eq!(server.received_requests().await.map(|all| all.len()), Some(2));
}

#[tokio::test]
async fn many_callers_at_nobody_are_few_requests() {
    crate::startup::install_crypto_provider();
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
    let metrics = Arc::<Metrics>::default();
    let uri = format!("http://127.0.0.1:{port}").parse().expect("a URI");
    let client = client(Config::new(uri), &Shared::new(Arc::clone(&metrics))).expect("a client");
    let api: Api<ConfigMap> = Api::namespaced(client, "a");
    let failed = Mutex::new(0);
    let worker = async || {
        while api.get("b").await.is_err() {
            *failed.lock().expect("whole") += 1;
        }
    };
    let workers = futures::future::join_all((0..20).map(|_| worker()));
    let seconds = 3;
    let _ = tokio::time::timeout(Duration::from_secs(seconds), workers).await;
    let asked = *failed.lock().expect("whole");
    assert!((3..=20 + 6 * seconds).contains(&asked), "{asked} requests of 20 workers in {seconds} s");
    let sample =
        format!("latchkey_api_requests_total{{verb=\"get\",resource=\"configmaps\",code=\"none\"}} {asked}");
    assert!(metrics.render().contains(&sample), "{}", metrics.render());
}
