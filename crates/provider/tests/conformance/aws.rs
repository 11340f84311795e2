//! AWS Secrets Manager, as moto speaks it: reading.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_api::store::SecretStoreSpec;
use latchkey_provider::aws::Endpoints;
use latchkey_provider::observe::Observer;
use latchkey_provider::{
    Cluster, Connection, Connector, Entry, EntryRef, Error, ErrorKind, Listing, Provider,
};
use latchkey_testbed::{Moto, MotoOptions, REGION, Reply, Rule};
use serde_json::{Value, json};

use crate::fixture::{Fixture, Objects, Store, scope, spec};
use crate::suite::conformance;

/// The access key that the rule of [`Aws::start`] refuses, in the place of AWS, since moto takes any.
pub const WRONG_KEY: &str = "AKIAWRONG";

pub struct Aws {
    pub moto: Moto,
    pub objects: Arc<Objects>,
}

impl Aws {
    pub fn start() -> Self {
        let moto = Moto::start(MotoOptions::default()).unwrap();
        let refused = |request: &latchkey_testbed::Received| {
            request.header("authorization").is_some_and(|header| header.contains(WRONG_KEY))
        };
        let message = "The security token included in the request is invalid.";
        let reply = Reply::aws_error(400, "UnrecognizedClientException", message);
        moto.proxy().add_rule(Rule::new(refused, reply));
        let objects = Arc::new(Objects::default());
        objects.put_secret("good", &[("id", "AKIAGOOD\n"), ("secret", "good-secret\n")]);
        objects.put_secret("wrong", &[("id", WRONG_KEY), ("secret", "c4n4ry-secret")]);
        Self { moto, objects }
    }

    pub fn endpoints(&self) -> Endpoints {
        Endpoints {
            secrets_manager: Some(self.moto.endpoint()),
            sts: Some(self.moto.endpoint()),
            ..Endpoints::default()
        }
    }

    pub fn connector_with(&self, observer: Arc<dyn Observer>) -> Connector {
        Connector::new(self.objects.clone(), observer).with_aws_endpoints(self.endpoints())
    }

    pub async fn connect(&self, spec: &SecretStoreSpec) -> Connection {
        self.connector().connect(spec, &scope()).await.unwrap()
    }

    pub async fn provider(&self, spec: &SecretStoreSpec) -> Arc<dyn Provider> {
        self.connect(spec).await.provider
    }
}

/// A store that reads its access key from a Secret of the fixture.
pub fn block(secret: &str) -> Value {
    let selector = |key: &str| json!({ "name": secret, "key": key });
    json!({
        "service": "SecretsManager",
        "region": REGION,
        "auth": { "secretRef": {
            "accessKeyIDSecretRef": selector("id"),
            "secretAccessKeySecretRef": selector("secret"),
        }},
    })
}

pub fn aws(block: &Value) -> SecretStoreSpec {
    spec(json!({ "aws": block }))
}

pub fn entry(key: &str, version: &str) -> EntryRef {
    EntryRef { version: version.to_owned(), ..EntryRef::new(key) }
}

pub fn text(answer: &Result<Entry, Error>) -> &str {
    match answer {
        Ok(Entry::Value(value)) => value.expose_str().unwrap(),
        other => panic!("no text: {other:?}"),
    }
}

#[async_trait]
impl Fixture for Aws {
    async fn write(&self, name: &str, object: &Value) {
        self.moto.put_secret(name, &object.to_string()).unwrap();
    }

    async fn write_binary(&self, name: &str, bytes: &[u8]) -> Option<Option<String>> {
        self.moto.put_secret_binary(name, &STANDARD.encode(bytes)).unwrap();
        Some(None)
    }

    async fn previous_version(&self, _name: &str) -> Option<String> {
        Some("AWSPREVIOUS".to_owned())
    }

    fn spec(&self, store: Store) -> Option<SecretStoreSpec> {
        Some(match store {
            Store::Good => aws(&block("good")),
            Store::WrongCredentials => aws(&block("wrong")),
            Store::Unreachable => {
                self.moto.proxy().go_down(); // the last claim
                aws(&block("good"))
            }
        })
    }

    fn cluster(&self) -> Arc<dyn Cluster> {
        self.objects.clone()
    }

    fn connector(&self) -> Connector {
        self.connector_with(Arc::new(latchkey_provider::observe::Unobserved))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_the_suite() {
    conformance(&Aws::start()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_region_is_named() {
    let aws_fixture = Aws::start();
    let provider = aws_fixture.provider(&aws(&block("good"))).await;
    aws_fixture.moto.proxy().go_down();
    let error = provider.fetch(&[entry("db", "")]).await.remove(0).unwrap_err();
    assert_eq!(error.to_string(), "cannot reach AWS Secrets Manager in us-east-1: connection refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_stages_or_ids() {
    let fixture = Aws::start();
    fixture.moto.put_secret("db", "one").unwrap();
    fixture.moto.put_secret("db", "two").unwrap();
    let stages = fixture.moto.secrets_manager("DescribeSecret", &json!({ "SecretId": "db" })).unwrap();
    let stages = stages["VersionIdsToStages"].as_object().unwrap().clone();
    let (id, _) =
        stages.iter().find(|(_, names)| names.as_array().unwrap().contains(&json!("AWSPREVIOUS"))).unwrap();
    let provider = fixture.provider(&aws(&block("good"))).await;
    let asked = [
        entry("db", ""),
        entry("db", "AWSCURRENT"),
        entry("db", "AWSPREVIOUS"),
        entry("db", &format!("uuid/{id}")),
        entry("db", "NOSUCHSTAGE"),
        entry("db", "uuid/00000000-0000-0000-0000-00000000dead"),
    ];
    let answers = provider.fetch(&asked).await;
    assert_eq!(answers[..4].iter().map(text).collect::<Vec<_>>(), ["two", "two", "one", "one"]);
    for answer in &answers[4..] {
        assert_eq!(answer.as_ref().unwrap_err().kind, ErrorKind::NotFound, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_secrets_are_one_request() {
    let fixture = Aws::start();
    let names: Vec<String> = (0..45).map(|number| format!("many/{number}")).collect();
    for name in names.iter().filter(|name| !name.ends_with("/7")) {
        fixture.moto.put_secret(name, name).unwrap();
    }
    let provider = fixture.provider(&aws(&block("good"))).await;
    assert_eq!(provider.max_batch(), 20);
    let entries: Vec<_> = names.iter().map(|name| entry(name, "")).collect();
    let answers = provider.fetch(&entries).await;
    for (name, answer) in names.iter().zip(&answers) {
        match name.as_str() {
            "many/7" => assert_eq!(answer.as_ref().unwrap_err().kind, ErrorKind::NotFound),
            name => assert_eq!(text(answer), name),
        }
    }
    assert_eq!(fixture.moto.calls("BatchGetSecretValue"), 3);
    assert_eq!(fixture.moto.calls("GetSecretValue"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_finds_secrets_by_arn_and_with_a_prefix() {
    let fixture = Aws::start();
    fixture.moto.put_secret("team/db", "value of db").unwrap();
    fixture.moto.put_secret("team/web", "value of web").unwrap();
    let arn = fixture.moto.secrets_manager("DescribeSecret", &json!({ "SecretId": "team/db" })).unwrap();
    let arn = arn["ARN"].as_str().unwrap().to_owned();
    let provider = fixture.provider(&aws(&block("good"))).await;
    let answers = provider.fetch(&[entry(&arn, ""), entry("team/web", ""), entry(&arn, "")]).await;
    assert_eq!(answers.iter().map(text).collect::<Vec<_>>(), ["value of db", "value of web", "value of db"]);

    let mut prefixed = block("good");
    prefixed["prefix"] = json!("team/");
    let provider = fixture.provider(&aws(&prefixed)).await;
    let answers = provider.fetch(&[entry("db", ""), entry("web", "")]).await;
    assert_eq!(answers.iter().map(text).collect::<Vec<_>>(), ["value of db", "value of web"]);
    let missing = provider.fetch(&[entry("nobody", "")]).await.remove(0).unwrap_err();
    assert!(missing.message.contains("\"team/nobody\""), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_batches_are_not_allowed_secrets_are_read_one_by_one() {
    let fixture = Aws::start();
    fixture.moto.put_secret("a", "1").unwrap();
    fixture.moto.put_secret("b", "2").unwrap();
    fixture.moto.deny("BatchGetSecretValue");
    let provider = fixture.provider(&aws(&block("good"))).await;
    for _ in 0..2 {
        let answers = provider.fetch(&[entry("a", ""), entry("b", "")]).await;
        assert_eq!(answers.iter().map(text).collect::<Vec<_>>(), ["1", "2"]);
    }
    assert_eq!(fixture.moto.calls("BatchGetSecretValue"), 1, "the refusal is remembered");
    assert_eq!(fixture.moto.calls("GetSecretValue"), 4);
    assert_eq!(provider.max_batch(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_secret_is_not_found() {
    let fixture = Aws::start();
    fixture.moto.put_secret("gone", "x").unwrap();
    fixture.moto.put_secret("here", "y").unwrap();
    fixture.moto.secrets_manager("DeleteSecret", &json!({ "SecretId": "gone" })).unwrap();
    let provider = fixture.provider(&aws(&block("good"))).await;
    let alone = provider.fetch(&[entry("gone", "")]).await.remove(0).unwrap_err();
    assert_eq!(alone.kind, ErrorKind::NotFound, "{alone}");
    let together = provider.fetch(&[entry("gone", ""), entry("here", "")]).await;
    assert_eq!(together[0].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(text(&together[1]), "y");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_the_tags() {
    let fixture = Aws::start();
    let tags = json!([{ "Key": "team", "Value": "a<b" }, { "Key": "app.name", "Value": "web" }]);
    let body = json!({ "Name": "db", "SecretString": "c4n4ry", "Tags": tags });
    fixture.moto.secrets_manager("CreateSecret", &body).unwrap();
    let provider = fixture.provider(&aws(&block("good"))).await;
    let reference = EntryRef { metadata: true, ..entry("db", "") };
    let answer = provider.fetch(std::slice::from_ref(&reference)).await.remove(0);
    assert_eq!(text(&answer), r#"{"app.name":"web","team":"a\u003cb"}"#);
    let tag = |name| provider.value(&reference, answer.as_ref().unwrap(), Some(name)).unwrap();
    assert_eq!((tag("team").expose_str(), tag("app.name").expose_str()), (Some("a<b"), Some("web")));
    assert_eq!(fixture.moto.calls("GetSecretValue"), 0);
    let missing = EntryRef { metadata: true, ..entry("nobody", "") };
    assert_eq!(provider.fetch(&[missing]).await.remove(0).unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_their_kind_and_aws_sentence() {
    let fixture = Aws::start();
    fixture.moto.deny("GetSecretValue");
    let mut store = aws(&block("good"));
    store.retry_settings =
        serde_json::from_value(json!({ "maxRetries": 2, "retryInterval": "10ms" })).unwrap();
    let provider = fixture.provider(&store).await;
    let denied = provider.fetch(&[entry("db", "")]).await.remove(0).unwrap_err();
    assert_eq!(denied.kind, ErrorKind::Forbidden);
    assert_eq!(
        denied.to_string(),
        "cannot read secret \"db\": AWS Secrets Manager in us-east-1 says: User: arn:aws:iam::123456789012:user/test \
         is not authorized to perform: GetSecretValue (AccessDeniedException)"
    );
    for (status, code, want, attempts) in [
        (400, "ThrottlingException", ErrorKind::RateLimited, 2),
        (500, "InternalServiceError", ErrorKind::Unavailable, 2),
        (503, "ServiceUnavailable", ErrorKind::Unavailable, 2),
        (400, "InvalidParameterException", ErrorKind::InvalidRequest, 1),
        (400, "DecryptionFailure", ErrorKind::Forbidden, 1),
    ] {
        fixture.moto.proxy().forget();
        fixture.moto.fail("GetSecretValue", status, code, "as the test says");
        let error = provider.fetch(&[entry("db", "")]).await.remove(0).unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (want, Some(code)), "{error}");
        assert_eq!(fixture.moto.calls("GetSecretValue"), attempts, "{code}: attempts are those of the store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_server_is_unavailable_in_time() {
    let fixture = Aws::start();
    fixture.moto.proxy().delay(Duration::from_secs(30));
    let provider = fixture.provider(&aws(&block("good"))).await;
    let since = std::time::Instant::now();
    let error = provider.fetch(&[entry("db", "")]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert!(since.elapsed() < Duration::from_secs(12));
    fixture.moto.proxy().behave();
}

#[derive(Debug, Default)]
pub struct Calls(pub Mutex<Vec<(&'static str, &'static str, bool)>>);

impl Observer for Calls {
    fn call(&self, provider: &'static str, call: &'static str, success: bool, _took: Duration) {
        self.0.lock().unwrap().push((provider, call, success));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_reported() {
    let fixture = Aws::start();
    fixture.moto.put_secret("a", "1").unwrap();
    let calls = Arc::new(Calls::default());
    let connection =
        fixture.connector_with(calls.clone()).connect(&aws(&block("good")), &scope()).await.unwrap();
    connection.provider.fetch(&[entry("a", "")]).await;
    connection.provider.fetch(&[entry("nobody", "")]).await;
    connection.provider.fetch(&[entry("a", ""), entry("nobody", "")]).await;
    let name = "AWS/SecretsManager";
    let want = [
        (name, "GetSecretValue", true),
        (name, "GetSecretValue", false),
        (name, "BatchGetSecretValue", true),
    ];
    assert_eq!(*calls.0.lock().unwrap(), want);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_services_and_regions_that_are_none_are_refused() {
    let connector = Connector::new(Arc::new(Objects::default()), Arc::new(Calls::default()));
    let connect = async |block: Value| connector.connect(&aws(&block), &scope()).await.unwrap_err();
    let error = connect(json!({ "service": "ParameterStore", "region": "eu-central-1" })).await;
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.message.contains("ParameterStore"), "{error}");
    for region in ["", "eu.evil.example/", "EU"] {
        let error = connect(json!({ "service": "SecretsManager", "region": region })).await;
        assert_eq!(error.kind, ErrorKind::InvalidConfig, "{region}");
    }
}

/// On one thread, so that the subscriber of this test sees all and only what this test does.
#[tokio::test]
async fn no_value_or_key_reaches_the_log() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let fixture = Aws::start();
    fixture.moto.put_secret("a", "c4n4ry-value").unwrap();
    fixture.moto.put_secret_binary("b", &STANDARD.encode("c4n4ry-binary")).unwrap();
    fixture
        .objects
        .put_secret("logged", &[("id", "AKIALOG"), ("secret", "c4n4ry-secret"), ("session", "c4n4ry-token")]);
    let mut store = block("logged");
    store["auth"]["secretRef"]["sessionTokenSecretRef"] = json!({ "name": "logged", "key": "session" });
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || Lines(writer.clone()))
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let provider = fixture.provider(&aws(&store)).await;
    assert_eq!(text(&provider.fetch(&[entry("a", "")]).await[0]), "c4n4ry-value");
    assert!(provider.fetch(&[entry("a", ""), entry("b", "")]).await.iter().all(Result::is_ok));
    drop(guard);
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert!(log.contains("TRACE"), "something was logged");
    for encoded in ["c4n4ry".to_owned(), STANDARD.encode("c4n4ry-binary")] {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&encoded)).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_found_by_the_beginning_of_their_names_and_by_tags() {
    let aws_fixture = Aws::start();
    for number in 0..120 {
        aws_fixture.moto.put_secret(&format!("many/{number:03}"), "x").unwrap();
    }
    for (name, team, env) in
        [("team/a", "shop", "prod"), ("team/b", "shop", "test"), ("other", "shop", "prod")]
    {
        aws_fixture.moto.put_secret(name, name).unwrap();
        let tags = json!([{ "Key": "team", "Value": team }, { "Key": "env", "Value": env }]);
        aws_fixture.moto.secrets_manager("TagResource", &json!({ "SecretId": name, "Tags": tags })).unwrap();
    }
    let names = async |block: &Value, path: Option<&str>, by_name, tags: Value| -> Result<Vec<_>, Error> {
        let provider = aws_fixture.provider(&aws(block)).await;
        let tags = serde_json::from_value(tags).unwrap();
        let listing = Listing { path: path.map(str::to_owned), tags, by_name };
        match provider.fetch(&[EntryRef::listing(listing)]).await.remove(0)? {
            Entry::List(found) => {
                Ok(found.into_iter().map(|found| (found.name, found.key)).collect::<Vec<_>>())
            }
            other @ (Entry::Value(_) | Entry::Map(_)) => panic!("no list: {other:?}"),
        }
    };
    let pair = |name: &str, key: &str| (name.to_owned(), key.to_owned());
    let block = block("good");
    assert_eq!(names(&block, Some("many/"), true, json!({})).await.unwrap().len(), 120, "more than one page");
    let found = names(&block, None, false, json!({ "team": "shop", "env": "prod" })).await.unwrap();
    assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().len(), 2, "{found:?}");
    let crossed = names(&block, None, false, json!({ "team": "prod" })).await.unwrap();
    assert!(crossed.is_empty(), "a key and a value that some secret has, but not together: {crossed:?}");
    let mut prefixed = block.clone();
    prefixed["prefix"] = json!("team/");
    let found = names(&prefixed, None, true, json!({})).await.unwrap();
    assert_eq!(found, [pair("team/a", "a"), pair("team/b", "b")]);
    let error = names(&block, Some("team/"), false, json!({})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest, "{error}");
}
