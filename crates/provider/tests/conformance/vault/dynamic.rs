//! Generators at a real Vault: whatever a path of it makes, and by how many logins.

use std::sync::Arc;
use std::time::Duration;

use latchkey_api::generator::{Remote, RemoteKind};
use latchkey_provider::observe::Observer;
use latchkey_provider::{Cluster, Connector, ErrorKind};
use serde_json::{Value, json};

use super::{own_vault, vault};
use crate::fixture::NAMESPACE;
use crate::live::{Calls, Live};
use latchkey_testbed::{ListenerTls, Vault};

struct Generating {
    connector: Connector,
    cluster: Arc<Live>,
    calls: Arc<Calls>,
    spec: Value,
}

impl Generating {
    /// Tokens by a login of this role, whose own tokens live so long.
    fn of(vault: &Vault, role: &str, life: &str) -> Self {
        vault.policy("maker", r#"path "auth/token/create" { capabilities = ["update"] }"#).unwrap();
        let known = vault.enable_approle(role, &["maker"]).unwrap();
        let lives = json!({ "token_policies": ["maker"], "token_ttl": life });
        vault.api("POST", &format!("auth/approle/role/{role}"), &lives).unwrap();
        let (cluster, calls) = (Arc::new(Live::default()), Calls::new());
        cluster.0.put_secret("creds", &[("id", &known.secret_id)]);
        let auth =
            json!({ "appRole": { "roleId": known.role_id, "secretRef": { "name": "creds", "key": "id" } } });
        let spec = json!({
            "provider": { "server": vault.addr(), "auth": auth }, "path": "auth/token/create", "method": "POST",
            "parameters": { "policies": ["maker"] }, "resultType": "Auth",
        });
        let connector =
            Connector::new(cluster.clone() as Arc<dyn Cluster>, calls.clone() as Arc<dyn Observer>);
        Self { connector, cluster, calls, spec }
    }

    async fn make(&self) -> Result<String, latchkey_provider::Error> {
        let remote = Remote::read(RemoteKind::Vault, &self.spec).unwrap();
        let made = self.connector.generate(&remote, NAMESPACE).await?;
        Ok(made.data["client_token"].expose_str().unwrap().to_owned())
    }

    fn logins(&self) -> usize {
        self.calls.succeeded("Login")
    }
}

fn lives(vault: &Vault, token: &str) -> bool {
    vault.api("POST", "auth/token/lookup", &json!({ "token": token })).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_login_is_shared_until_the_credentials_change() {
    let making = Generating::of(vault(), "sharing", "1h");
    let (first, second) = tokio::join!(making.make(), making.make());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first, second);
    assert_eq!(making.logins(), 1, "for both");
    let again = Generating::of(vault(), "sharing", "1h"); // it has got another secret id
    let id = again.cluster.0.secrets.lock().unwrap().values().next().unwrap()["id"].clone();
    making.cluster.0.put_secret("creds", &[("id", id.expose_str().unwrap())]);
    making.make().await.unwrap();
    assert_eq!(making.logins(), 2);
    drop(making);
    assert!(lives(vault(), &first) && lives(vault(), &second), "their parent is not revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_has_lived_for_a_while_makes_nothing_more() {
    let making = Generating::of(vault(), "aging", "10s");
    making.make().await.unwrap();
    assert_eq!(making.logins(), 1);
    let anew = async {
        while making.logins() == 1 {
            making.make().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let began = std::time::Instant::now();
    tokio::time::timeout(Duration::from_secs(8), anew)
        .await
        .expect("another login, long before the first ends");
    assert!(began.elapsed() > Duration::from_millis(500), "and not at once: {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_was_revoked_meanwhile_is_made_anew_and_one_that_is_refused_is_not_tried_at_once() {
    let vault = own_vault(ListenerTls::Off);
    let making = Generating::of(&vault, "revoked", "1h");
    making.make().await.unwrap();
    vault.api("POST", "sys/leases/revoke-prefix/auth/approle/login", &json!({})).unwrap();
    making.make().await.unwrap();
    assert_eq!(making.logins(), 2);
    making.cluster.0.put_secret("creds", &[("id", "c4n4ry")]);
    for _ in 0..3 {
        let error = making.make().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthenticated, "{error}");
        assert!(!format!("{error:?}").contains("c4n4ry"), "{error}");
    }
    assert_eq!(making.calls.made("Login"), 3, "a wrong secret id is shown once: Vault locks who tries often");
}
