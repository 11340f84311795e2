//! Kubernetes: a real API server.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use latchkey_api::store::SecretStoreSpec;
use latchkey_provider::observe::Observer;
use latchkey_provider::{
    Cluster, Connection, Connector, Entry, EntryRef, Error, ErrorKind, Listing, Validation,
};
use latchkey_testbed::{ControlPlane, ControlPlaneOptions, Proxy, Reply, Rule, free_port};
use serde_json::{Value, json};

use crate::fixture::{Fixture, NAMESPACE, Objects, Store, scope, spec};
use crate::live::{Calls, Live, Log, client_authority, control_plane, service_account};
use crate::suite::conformance;

/// A store of [`NAMESPACE`] in the shared control plane, with this `auth`.
pub fn store(auth: Value) -> Value {
    json!({ "server": server(control_plane()), "remoteNamespace": NAMESPACE, "auth": auth })
}

fn server(plane: &ControlPlane) -> Value {
    json!({ "url": plane.url(), "caBundle": STANDARD.encode(plane.ca_pem()) })
}

/// `token.bearerToken` from the key `token` of the Secret `creds`.
pub fn token_auth() -> Value {
    json!({ "token": { "bearerToken": { "name": "creds", "key": "token" } } })
}

/// Puts a Secret there, in place of what was there.
pub fn put(name: &str, mut secret: Value) {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
    let _ = control_plane().api("DELETE", &format!("{path}/{name}"), &Value::Null); // it may not be there
    secret["metadata"]["name"] = json!(name);
    control_plane().api("POST", &path, &secret).unwrap();
}

/// A role that may get Secrets, for a subject.
pub fn may_get_secrets(name: &str, subject: Value) {
    let rbac = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}");
    let rules = json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] }]);
    let role = json!({ "metadata": { "name": name }, "rules": rules });
    control_plane().create(&format!("{rbac}/roles"), &role).unwrap();
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name });
    let binding = json!({ "metadata": { "name": name }, "roleRef": role, "subjects": [subject] });
    control_plane().create(&format!("{rbac}/rolebindings"), &binding).unwrap();
}

pub struct Bench {
    pub connection: Connection,
    cluster: Arc<Live>,
    calls: Arc<Calls>,
}

impl Bench {
    /// Connects with the Secret `creds` of these keys.
    pub async fn new(store: Value, creds: &[(&str, &str)]) -> Self {
        Self::try_new(store, creds).await.unwrap()
    }

    async fn try_new(store: Value, creds: &[(&str, &str)]) -> Result<Self, Error> {
        let (cluster, calls) = (Arc::new(Live::default()), Calls::new());
        cluster.0.put_secret("creds", creds);
        let connector =
            Connector::new(cluster.clone() as Arc<dyn Cluster>, calls.clone() as Arc<dyn Observer>);
        let connection = connector.connect(&spec(json!({ "kubernetes": store })), &scope()).await?;
        Ok(Self { connection, cluster, calls })
    }

    pub async fn admin() -> Self {
        Self::new(store(token_auth()), &[("token", control_plane().user_token("admin").unwrap())]).await
    }

    async fn entry(&self, reference: &EntryRef) -> Result<Entry, Error> {
        self.connection.provider.fetch(std::slice::from_ref(reference)).await.remove(0)
    }

    async fn value(&self, reference: &EntryRef, property: Option<&str>) -> Result<String, Error> {
        let entry = self.entry(reference).await?;
        let value = self.connection.provider.value(reference, &entry, property)?;
        Ok(String::from_utf8(value.expose().to_vec()).unwrap())
    }

    async fn validate(&self) -> Result<Validation, Error> {
        self.connection.provider.validate().await
    }

    /// Reads, and validates.
    async fn works(&self) {
        static WRITTEN: OnceLock<()> = OnceLock::new();
        WRITTEN.get_or_init(|| put("works", json!({ "stringData": { "v": "read" } })));
        assert_eq!(self.value(&reference("works"), Some("v")).await.as_deref(), Ok("read"));
        assert_eq!(self.validate().await, Ok(Validation::Ready));
    }
}

fn reference(key: &str) -> EntryRef {
    EntryRef::new(key.to_owned())
}

struct Suite;

#[async_trait]
impl Fixture for Suite {
    async fn write(&self, name: &str, object: &Value) {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let fields = object.as_object().unwrap().iter().map(|(key, value)| (key.clone(), json!(text(value))));
        put(&self.key(name), json!({ "stringData": fields.collect::<serde_json::Map<_, _>>() }));
    }

    async fn write_binary(&self, name: &str, bytes: &[u8]) -> Option<Option<String>> {
        put(&self.key(name), json!({ "data": { "blob": STANDARD.encode(bytes) } }));
        Some(Some("blob".to_owned()))
    }

    fn key(&self, name: &str) -> String {
        format!("suite-{name}")
    }

    fn spec(&self, which: Store) -> Option<SecretStoreSpec> {
        let key = if which == Store::WrongCredentials { "wrong" } else { "token" };
        let mut store = store(json!({ "token": { "bearerToken": { "name": "creds", "key": key } } }));
        if which == Store::Unreachable {
            store["server"]["url"] = json!(format!("https://127.0.0.1:{}", free_port()));
        }
        Some(spec(json!({ "kubernetes": store })))
    }

    fn cluster(&self) -> Arc<dyn Cluster> {
        let objects = Objects::default();
        let admin = control_plane().user_token("admin").unwrap();
        objects.put_secret("creds", &[("token", admin), ("wrong", "c4n4ry-nobody")]);
        Arc::new(objects)
    }
}

#[tokio::test]
async fn passes_the_suite() {
    conformance(&Suite).await;
}

#[tokio::test]
async fn a_service_account_needs_the_right_to_get_secrets() {
    service_account("kube-allowed");
    service_account("kube-denied");
    may_get_secrets(
        "kube-allowed",
        json!({ "kind": "ServiceAccount", "namespace": NAMESPACE, "name": "kube-allowed" }),
    );
    let auth = |name: &str| store(json!({ "serviceAccount": { "name": name } }));
    let bench = Bench::new(auth("kube-allowed"), &[]).await;
    bench.works().await;
    bench.works().await;
    assert_eq!(bench.cluster.0.tokens.lock().unwrap().len(), 1, "one token serves all calls");
    let denied = Bench::new(auth("kube-denied"), &[]).await;
    let error = denied.entry(&reference("works")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
    let error = denied.validate().await.unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Forbidden, "client is not allowed to get secrets")
    );
    assert_ne!(bench.connection.identity, denied.connection.identity);
}

/// The API server knows a ServiceAccount's uid from its token, so the old token dies with the old account.
#[tokio::test]
async fn a_refused_token_of_a_service_account_is_requested_anew() {
    service_account("kube-again");
    may_get_secrets(
        "kube-again",
        json!({ "kind": "ServiceAccount", "namespace": NAMESPACE, "name": "kube-again" }),
    );
    let bench = Bench::new(store(json!({ "serviceAccount": { "name": "kube-again" } })), &[]).await;
    bench.works().await;
    let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/kube-again");
    control_plane().api("DELETE", &path, &Value::Null).unwrap();
    service_account("kube-again");
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while bench.cluster.0.tokens.lock().unwrap().len() == 1 {
        bench.works().await; // the API server may remember the old token for some seconds
        assert!(std::time::Instant::now() < deadline, "the old token is still taken");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(*bench.cluster.0.forgotten.lock().unwrap(), [NAMESPACE]);
}

#[tokio::test]
async fn a_token_is_requested_again_before_it_expires() {
    let proxy = Proxy::start(([127, 0, 0, 1], free_port()).into()).unwrap();
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" } }).to_string();
    proxy.add_rule(Rule::new(|_| true, Reply::new(200, &secret)));
    let expires = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 4;
    let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(json!({ "exp": expires }).to_string()));
    let account = (NAMESPACE.to_owned(), "kube-short".to_owned());
    let objects =
        Objects { service_accounts: [(account, (Default::default(), token))].into(), ..Objects::default() };
    let cluster = Arc::new(objects);
    let connector = Connector::new(cluster.clone() as Arc<dyn Cluster>, Calls::new() as Arc<dyn Observer>);
    let store =
        json!({ "server": { "url": proxy.url() }, "auth": { "serviceAccount": { "name": "kube-short" } } });
    let connection = connector.connect(&spec(json!({ "kubernetes": store })), &scope()).await.unwrap();
    for (pause, tokens) in [(0, 1), (1, 1), (3, 2)] {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        connection.provider.fetch(&[reference("a")]).await.remove(0).unwrap();
        assert_eq!(cluster.tokens.lock().unwrap().len(), tokens, "after {pause} s");
    }
}

#[tokio::test]
async fn a_client_certificate_is_who_it_says() {
    may_get_secrets(
        "kube-cert",
        json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "kube-cert" }),
    );
    let auth = json!({ "cert": {
        "clientCert": { "name": "creds", "key": "crt" }, "clientKey": { "name": "creds", "key": "key" },
    } });
    let pair = client_authority().client("kube-cert", None).unwrap();
    let bench = Bench::new(store(auth.clone()), &[("crt", &pair.certificate), ("key", &pair.key)]).await;
    bench.works().await;
    let error = Bench::try_new(store(auth), &[("crt", "c4n4ry"), ("key", "c4n4ry")]).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Credentials);
    assert!(!error.message.contains("c4n4ry"), "{error}");
}

#[tokio::test]
async fn a_kubeconfig_brings_server_and_token() {
    let (plane, admin) = (control_plane(), control_plane().user_token("admin").unwrap());
    let text = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
         clusters: [{{name: k, cluster: {{server: '{}', certificate-authority-data: {}}}}}]\n\
         users: [{{name: u, user: {{token: {admin}}}}}]\n",
        plane.url(),
        STANDARD.encode(plane.ca_pem()),
    );
    let store = json!({ "remoteNamespace": NAMESPACE, "authRef": { "name": "creds", "key": "config" } });
    Bench::new(store.clone(), &[("config", &text)]).await.works().await;
    let files = std::fs::read_to_string(plane.admin_kubeconfig()).unwrap();
    let error = Bench::try_new(store, &[("config", &files)]).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unsupported, "it names a file: {error}");
}

#[tokio::test]
async fn metadata_is_labels_and_annotations() {
    let labels = json!({ "app.kubernetes.io/name": "shop", "tier": "web" });
    put("meta", json!({ "metadata": { "labels": labels }, "stringData": { "v": "1" } }));
    let bench = Bench::admin().await;
    let of = EntryRef { metadata: true, ..reference("meta") };
    let whole = r#"{"annotations":null,"labels":{"app.kubernetes.io/name":"shop","tier":"web"}}"#;
    assert_eq!(bench.value(&of, None).await.as_deref(), Ok(whole));
    assert_eq!(bench.value(&of, Some("labels.tier")).await.as_deref(), Ok("web"));
    assert_eq!(bench.value(&of, Some("labels.app.kubernetes.io/name")).await.as_deref(), Ok("shop"));
    let entry = bench.entry(&of).await.unwrap();
    let map = bench.connection.provider.map(&of, &entry, Some("labels")).unwrap();
    assert_eq!(map["tier"].expose_str(), Some("\"web\""), "quotes and all, as ESO gives it");
}

#[tokio::test]
async fn a_key_that_is_no_name_reaches_no_server() {
    let bench = Bench::admin().await;
    for key in ["../configmaps/kube-root-ca.crt", "a/b", "A_b", ""] {
        assert_eq!(bench.entry(&reference(key)).await.unwrap_err().kind, ErrorKind::InvalidRequest, "{key}");
    }
    assert_eq!(bench.calls.succeeded("GetSecret"), 0);
}

#[tokio::test]
async fn a_server_is_trusted_by_the_stores_authority_alone() {
    let mut untrusted = store(token_auth());
    untrusted["server"]["caBundle"] = Value::Null;
    let bench = Bench::new(untrusted, &[("token", "t")]).await;
    for error in [bench.entry(&reference("a")).await.unwrap_err(), bench.validate().await.unwrap_err()] {
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        assert!(error.message.contains("the store needs a caBundle or caProvider"), "{error}");
    }
}

#[tokio::test]
async fn a_stopped_server_is_unavailable_and_comes_back() {
    let options = ControlPlaneOptions { controller_manager: false, ..ControlPlaneOptions::default() };
    let plane = ControlPlane::start(options).unwrap();
    let secret = json!({ "metadata": { "name": "a" }, "stringData": { "v": "1" } });
    plane.create("/api/v1/namespaces/default/secrets", &secret).unwrap();
    let store = json!({ "server": server(&plane), "auth": token_auth() });
    let bench = Bench::new(store, &[("token", plane.user_token("admin").unwrap())]).await;
    assert_eq!(bench.value(&reference("a"), Some("v")).await.as_deref(), Ok("1"), "of the default namespace");
    plane.stop_api_server();
    let error = bench.entry(&reference("a")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    let refused = format!("cannot reach kubernetes at {}: connection refused", plane.url());
    assert_eq!(bench.validate().await.unwrap_err().message, refused);
    plane.start_api_server().unwrap();
    assert_eq!(bench.value(&reference("a"), Some("v")).await.as_deref(), Ok("1"));
}

#[tokio::test]
async fn what_is_no_api_server_is_told() {
    let proxy = Proxy::start(([127, 0, 0, 1], free_port()).into()).unwrap();
    let bench =
        Bench::new(json!({ "server": { "url": proxy.url() }, "auth": token_auth() }), &[("token", "t")])
            .await;
    for (status, body, kind) in [
        (404, "404 page not found", ErrorKind::InvalidConfig),
        (200, "<html>welcome</html>", ErrorKind::InvalidConfig),
        (502, "bad gateway", ErrorKind::Unavailable),
    ] {
        proxy.fail_next(status, body, 1);
        let error = bench.entry(&reference("a")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
}

#[tokio::test]
async fn no_value_or_credential_reaches_the_log() {
    put("logged", json!({ "stringData": { "v": "c4n4ry" } }));
    service_account("kube-logged");
    let subject = json!({ "kind": "ServiceAccount", "namespace": NAMESPACE, "name": "kube-logged" });
    may_get_secrets("kube-logged", subject);
    let log = Log::start();
    let bench = Bench::new(store(json!({ "serviceAccount": { "name": "kube-logged" } })), &[]).await;
    assert_eq!(bench.value(&reference("logged"), Some("v")).await.as_deref(), Ok("c4n4ry"));
    bench.entry(&reference("nobody")).await.unwrap_err();
    let admin = Bench::admin().await;
    admin.works().await;
    tracing::debug!(?bench.connection, ?admin.connection, "shown whole");
    let token = control_plane().user_token("admin").unwrap();
    log.end(&["c4n4ry", &STANDARD.encode("c4n4ry"), token, "eyJ"]); // how a JWT begins
}

#[tokio::test]
async fn secrets_are_found_by_label_or_all_and_each_is_a_json_object() {
    for (name, tier) in [("find-a", "web"), ("find-b", "web"), ("find-c", "db")] {
        put(name, json!({ "metadata": { "labels": { "find-tier": tier } }, "stringData": { "v": name } }));
    }
    let bench = Bench::admin().await;
    let list = async |by_name, tags: Value| {
        let listing = Listing { path: None, tags: serde_json::from_value(tags).unwrap(), by_name };
        match bench.entry(&EntryRef::listing(listing)).await.unwrap() {
            Entry::List(found) => found.into_iter().map(|found| found.name).collect::<Vec<_>>(),
            other @ (Entry::Value(_) | Entry::Map(_)) => panic!("no list: {other:?}"),
        }
    };
    assert_eq!(list(false, json!({ "find-tier": "web" })).await, ["find-a", "find-b"]);
    assert!(list(true, json!({})).await.contains(&"find-c".to_owned()));
    assert_eq!(bench.value(&reference("find-a"), None).await.as_deref(), Ok(r#"{"v":"find-a"}"#));
    let provider = &bench.connection.provider;
    let tagged = Listing { tags: [("a".to_owned(), "b".to_owned())].into(), ..Listing::default() };
    assert!(!provider.chooses_by_name(&tagged) && provider.chooses_by_name(&Listing::default()));
}
