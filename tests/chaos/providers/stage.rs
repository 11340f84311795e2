//! A store of a test's own at each provider, and the ways to break it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::{
    Breakage, CertificateAuthority, Pair, Proxy, Received, Reply, Rule, Vault, VaultOptions, http,
};
use serde_json::{Value, json};

use super::tls;
use crate::support::manifests::{cluster_store, external_secret, one, vault};
use crate::support::{Namespace, World, world};

/// Where the values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Vault,
    Aws,
    Kubernetes,
}

/// What is done to the store.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Requests are ill served.
    Breakage(Breakage),
    /// Requests get this answer.
    Reply(fn(Kind) -> Reply),
    /// Nobody listens.
    Gone,
    /// The server, which is the test's own then, is sealed.
    Sealed,
    /// The server shows this certificate.
    Certificate(fn(&CertificateAuthority) -> Pair),
}

/// A namespace with a store, and what stands between latchkey and the provider.
pub struct Stage {
    pub ns: Namespace<'static>,
    pub kind: Kind,
    /// None at AWS, where all stores share the way.
    own: Option<Proxy>,
    sealable: Option<Vault>,
    authority: CertificateAuthority,
    broken: Arc<AtomicBool>,
}

impl Stage {
    /// A store that works, ready for this fault.
    pub fn start(kind: Kind, fault: Option<Fault>) -> Self {
        let world = world();
        let ns = Namespace::new(world, "provider");
        let authority = CertificateAuthority::new("a store's").expect("an authority");
        let sealable = matches!(fault, Some(Fault::Sealed))
            .then(|| Vault::start(VaultOptions::default()).expect("a Vault"));
        let own = match kind {
            Kind::Aws => None,
            Kind::Kubernetes => Some(Proxy::before(api_server(world)).expect("a proxy")),
            Kind::Vault => {
                let port = sealable.as_ref().unwrap_or(&world.vault).port();
                let upstream = SocketAddr::from(([127, 0, 0, 1], port));
                let proxy = match fault {
                    Some(Fault::Certificate(_)) => Proxy::start_tls(upstream, &tls::good(&authority)),
                    _ => Proxy::start(upstream),
                };
                Some(proxy.expect("a proxy"))
            }
        };
        let stage = Self { ns, kind, own, sealable, authority, broken: Arc::default() };
        stage.make_store();
        stage
    }

    fn make_store(&self) {
        let (ns, name) = (&self.ns, &self.ns.name);
        let provider = match self.kind {
            Kind::Vault => {
                ns.token(self.vault().root_token());
                let auth =
                    json!({ "tokenSecretRef": { "name": "vault-token", "namespace": name, "key": "token" } });
                let mut provider = vault(&self.proxy().url(), auth);
                if self.proxy().url().starts_with("https") {
                    provider["vault"]["caBundle"] = json!(BASE64_STANDARD.encode(self.authority.pem()));
                }
                provider
            }
            Kind::Aws => json!({ "aws": { "service": "SecretsManager", "region": "us-east-1" } }),
            Kind::Kubernetes => {
                let subject = format!("--serviceaccount={name}:default");
                ns.kubectl(&["create", "rolebinding", "reader", "--clusterrole=view-secrets", &subject])
                    .good();
                let token = ns.world.cluster.service_account_token(name, "default", &[]).expect("a token");
                ns.token(&token);
                let bearer = json!({ "name": "vault-token", "namespace": name, "key": "token" });
                json!({ "kubernetes": {
                    "remoteNamespace": name, "server": { "url": self.proxy().url() },
                    "auth": { "token": { "bearerToken": bearer } },
                }})
            }
        };
        ns.apply(&cluster_store(name, provider).to_string()).good(); // it may warn of the http
        ns.wait_store("True", "Valid");
    }

    fn vault(&self) -> &Vault {
        self.sealable.as_ref().unwrap_or(&self.ns.world.vault)
    }

    pub fn proxy(&self) -> &Proxy {
        self.own.as_ref().unwrap_or_else(|| self.ns.world.moto.proxy())
    }

    /// Writes the value of a remote secret of this name.
    pub fn put(&self, name: &str, value: &str) {
        let ns = &self.ns;
        match self.kind {
            Kind::Vault => {
                let path = format!("secret/{}/{name}", ns.name);
                self.vault().put(&path, &json!({ "value": value })).expect("put");
            }
            Kind::Aws => ns.put(name, &json!({ "value": value }).to_string()),
            Kind::Kubernetes => {
                let secret = json!({
                    "apiVersion": "v1", "kind": "Secret", "metadata": { "name": format!("remote-{name}") },
                    "stringData": { "value": value },
                });
                ns.apply(&secret.to_string()).good();
            }
        }
    }

    /// An ExternalSecret that takes the remote secret `remote`.
    pub fn object(&self, name: &str, remote: &str, interval: &str) -> Value {
        let key = match self.kind {
            Kind::Vault | Kind::Aws => format!("{}/{remote}", self.ns.name),
            Kind::Kubernetes => format!("remote-{remote}"),
        };
        let mut spec = one(&key, "value");
        spec["refreshInterval"] = json!(interval);
        let mut object = external_secret(name, &self.ns.name, spec);
        object["metadata"]["namespace"] = json!(self.ns.name);
        object
    }

    /// Creates an ExternalSecret as a client of the API does; how long that took.
    pub fn create(&self, name: &str, remote: &str) -> std::time::Duration {
        let path = format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets", self.ns.name);
        let (object, began) = (self.object(name, remote, "1h"), Instant::now());
        self.ns.world.cluster.create(&path, &object).expect("admitted");
        began.elapsed()
    }

    /// Whether a request is one of this store's.
    pub fn concerns(&self) -> impl Fn(&Received) -> bool + Clone + Send + 'static {
        let (shared, name) = (self.own.is_none(), format!("{}/", self.ns.name));
        move |request| !shared || String::from_utf8_lossy(&request.body).contains(&name)
    }

    /// The times of the store's calls since then.
    pub fn calls_since(&self, since: Instant) -> Vec<Instant> {
        let (received, concerns) = (self.proxy().received(), self.concerns());
        received.into_iter().filter(|it| it.at >= since && concerns(it)).map(|it| it.at).collect()
    }

    /// Breaks the store.
    pub fn breaks(&self, fault: Fault) {
        match fault {
            Fault::Breakage(breakage) => {
                let matches = self.while_broken();
                self.proxy().add_rule(Rule::fault(matches, breakage));
            }
            Fault::Reply(reply) => self.answers(reply(self.kind)),
            Fault::Gone => self.proxy().go_down(),
            Fault::Sealed => self.vault().seal().expect("sealed"),
            Fault::Certificate(pair) => {
                self.proxy().present(&pair(&self.authority)).expect("presented");
            }
        }
    }

    /// Answers the store's requests with this.
    pub fn answers(&self, reply: Reply) {
        self.proxy().add_rule(Rule::new(self.while_broken(), reply));
    }

    /// Ends what [`Self::answers`] began.
    pub fn mends_answers(&self) {
        self.broken.store(false, Ordering::SeqCst);
    }

    fn while_broken(&self) -> impl Fn(&Received) -> bool + Send + 'static {
        let (broken, concerns) = (Arc::clone(&self.broken), self.concerns());
        broken.store(true, Ordering::SeqCst);
        move |request| broken.load(Ordering::SeqCst) && concerns(request)
    }

    /// Mends the store. What hangs goes on hanging.
    pub fn mends(&self, fault: Fault) {
        self.broken.store(false, Ordering::SeqCst);
        match fault {
            Fault::Breakage(_) | Fault::Reply(_) => {}
            Fault::Gone => self.proxy().come_up().expect("its port"),
            Fault::Sealed => self.vault().unseal().expect("unsealed"),
            Fault::Certificate(_) => {
                self.proxy().present(&tls::good(&self.authority)).expect("presented");
            }
        }
    }

    /// Whether latchkey's metrics say that the store is left alone.
    pub fn is_said_to_be_down(&self) -> bool {
        let series = format!(
            r#"latchkey_store_down{{kind="ClusterSecretStore",namespace="",name="{}"}}"#,
            self.ns.name
        );
        self.ns.world.latchkey.metric(&series) > 0.0
    }

    /// How many calls of the provider have failed so far, and how many have been measured; of all stores.
    pub fn measured(&self) -> (f64, f64) {
        let provider = match self.kind {
            Kind::Vault => "HashiCorp/Vault",
            Kind::Aws => "AWS/SecretsManager",
            Kind::Kubernetes => "Kubernetes",
        };
        let page = self.ns.world.latchkey.metrics();
        let sum = |name: &str, also: &str| {
            let of = format!(r#"{name}{{provider="{provider}""#);
            let lines = page.lines().filter(|line| line.starts_with(&of) && line.contains(also));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        let errors = sum("externalsecret_provider_api_calls_count", r#"status="error""#);
        (errors, sum("latchkey_provider_call_duration_seconds_count", ""))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.mends_answers();
    }
}

fn api_server(world: &World) -> http::Client {
    let port = world.cluster.api_server_addr().port();
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "view-secrets" },
        "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] }],
    });
    world.apply(&role.to_string()).good();
    http::Client::tls(port, world.cluster.ca_pem(), None).expect("a client")
}
