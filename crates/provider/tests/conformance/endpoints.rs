//! Addresses that no store may name: never connected to, by whatever way a store leads there.

use std::net::TcpListener;
use std::sync::Arc;

use latchkey_provider::guard::{Guard, Own};
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Connection, Connector, EntryRef, Error, ErrorKind};
use latchkey_testbed::{Proxy, Reply, Rule, free_port};
use serde_json::{Value, json};

use crate::fixture::{Objects, scope, spec};

/// Latchkey's own address in these tests, which nobody may connect to.
struct Admin(TcpListener);

impl Admin {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn connector(&self, allowed: &str) -> Connector {
        let objects = Objects::default();
        objects.put_secret("creds", &[("token", "t")]);
        let allowed = allowed.split_terminator(',').map(|rule| rule.parse().unwrap()).collect();
        let guard = Guard::new(allowed, Own::new(vec![self.0.local_addr().unwrap()]));
        Connector::new(Arc::new(objects), Arc::new(Unobserved)).with_guard(guard)
    }

    /// What connecting a store, or else reading from it, fails with.
    async fn refuses(&self, provider: Value) -> Error {
        let error = match self.connector("").connect(&spec(provider.clone()), &scope()).await {
            Ok(connection) => read(&connection).await.expect_err("an error"),
            Err(error) => error,
        };
        assert_eq!(error.kind, ErrorKind::EndpointRefused, "{provider}: {error}");
        assert!(error.message.contains("--allow-endpoints="), "{error}");
        assert!(self.0.accept().is_err(), "{provider}: somebody connected");
        error
    }
}

async fn read(connection: &Connection) -> Result<(), Error> {
    let reference = EntryRef::new("a".to_owned());
    connection.provider.fetch(&[reference]).await.remove(0).map(drop)
}

fn vault(server: &str) -> Value {
    let auth = json!({ "tokenSecretRef": { "name": "creds", "key": "token" } });
    json!({ "vault": { "server": server, "path": "secret", "auth": auth } })
}

fn kubernetes(url: &str) -> Value {
    let auth = json!({ "token": { "bearerToken": { "name": "creds", "key": "token" } } });
    json!({ "kubernetes": { "server": { "url": url }, "auth": auth } })
}

#[tokio::test]
async fn no_store_reaches_link_local_metadata_or_our_own_addresses() {
    let admin = Admin::new();
    let port = admin.port();
    for host in [
        "169.254.169.254".to_owned(),
        "2852039166".to_owned(),
        "0xa9fea9fe".to_owned(),
        "[::ffff:169.254.169.254]".to_owned(),
        "[fe80::1]:8200".to_owned(),
        "[fd00:ec2::254]".to_owned(),
        "100.100.100.200".to_owned(),
        "metadata.google.internal".to_owned(),
        format!("0.0.0.0:{port}"),
        format!("127.0.0.1:{port}"),
        format!("127.1:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("localhost:{port}"), // known by what it resolves to
    ] {
        admin.refuses(vault(&format!("http://{host}"))).await;
        admin.refuses(kubernetes(&format!("http://{host}"))).await;
        admin.refuses(kubernetes(&host)).await;
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere_else() {
    let admin = Admin::new();
    let vault_server = Proxy::start(([127, 0, 0, 1], free_port()).into()).unwrap();
    for host in [
        "169.254.169.254".to_owned(),
        format!("127.0.0.1:{}", admin.port()),
        format!("localhost:{}", admin.port()),
    ] {
        let to = format!("http://{host}/v1/secret/data/a");
        vault_server.add_rule(Rule::new(|_| true, Reply::new(307, "").header("location", &to)));
        let error = admin.refuses(vault(&vault_server.url())).await;
        assert!(error.message.contains(&format!("vault at {}", vault_server.url())), "{error}");
    }
    let to = format!("http://localhost:{}/metrics", admin.port());
    vault_server.add_rule(Rule::new(|_| true, Reply::new(307, "").header("location", &to)));
    let connector = admin.connector("");
    let connection = connector.connect(&spec(kubernetes(&vault_server.url())), &scope()).await.unwrap();
    read(&connection).await.expect_err("a kubernetes store follows no redirect");
    assert!(admin.0.accept().is_err());
}

#[tokio::test]
async fn what_the_operator_allows_is_called() {
    let admin = Admin::new();
    let body = json!({ "data": { "data": { "v": "1" } } }).to_string();
    let server = Proxy::start(([127, 0, 0, 1], free_port()).into()).unwrap();
    server.add_rule(Rule::new(|_| true, Reply::new(200, &body)));
    let own = Own::new(vec![server.addr()]);
    for (allowed, host, called) in [
        (vec![server.addr().to_string()], "127.0.0.1", true),
        (vec!["127.0.0.0/8".to_owned(), "::1".to_owned()], "localhost", true),
        (vec![format!("127.0.0.1:{}", admin.port())], "127.0.0.1", false),
    ] {
        let rules = allowed.iter().map(|rule| rule.parse().unwrap()).collect();
        let connector = admin.connector("").with_guard(Guard::new(rules, own.clone()));
        let store = spec(vault(&format!("http://{host}:{}", server.addr().port())));
        assert_eq!(connector.check(&store).is_ok(), called, "{allowed:?}");
        let connected = connector.connect(&store, &scope()).await;
        match connected {
            Ok(connection) => assert_eq!(read(&connection).await.is_ok(), called, "{allowed:?}"),
            Err(error) => assert!(!called && error.kind == ErrorKind::EndpointRefused, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_kubeconfig_in_a_secret_is_under_the_same_rules() {
    let admin = Admin::new();
    let kubeconfig = |server: &str| {
        json!({
            "current-context": "a", "contexts": [{ "name": "a", "context": { "cluster": "c" } }],
            "clusters": [{ "name": "c", "cluster": { "server": server } }],
        })
        .to_string()
    };
    for host in ["169.254.169.254", "2852039166", &format!("localhost:{}", admin.port())] {
        let objects = Objects::default();
        objects.put_secret("creds", &[("config", &kubeconfig(&format!("https://{host}")))]);
        let guard = Guard::new(Vec::new(), Own::new(vec![admin.0.local_addr().unwrap()]));
        let connector = Connector::new(Arc::new(objects), Arc::new(Unobserved)).with_guard(guard);
        let store = json!({ "kubernetes": { "authRef": { "name": "creds", "key": "config" } } });
        let error = match connector.connect(&spec(store), &scope()).await {
            Ok(connection) => read(&connection).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind, ErrorKind::EndpointRefused, "{host}: {error}");
    }
    assert!(admin.0.accept().is_err());
}
