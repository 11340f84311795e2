//! Credentials that end in the middle, and such as were never right.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use latchkey_testbed::{Proxy, Reply, Rule};
use serde_json::{Value, json};

use crate::chaos::{Row, scale};
use crate::support::manifests::{external_secret, one, store, vault};
use crate::support::{Namespace, world};
use crate::vault_document::may_read;

const SECOND: Duration = Duration::from_secs(1);
const LOGIN: &str = "/v1/auth/approle/login";

/// How many syncs of this ExternalSecret have failed.
fn failed_syncs(ns: &Namespace<'_>, name: &str) -> f64 {
    let series = format!(r#"externalsecret_sync_calls_error{{name="{name}",namespace="{}"}}"#, ns.name);
    ns.world.latchkey.metric(&series)
}

/// A SecretStore `own` that logs in at Vault by AppRole, through a proxy.
struct Login {
    ns: Namespace<'static>,
    proxy: Proxy,
}

impl Login {
    fn start(right: bool) -> Self {
        Self::living(right, json!({}))
    }

    /// With these settings of the role, before anybody logs in.
    fn living(right: bool, lives: Value) -> Self {
        let world = world();
        let ns = Namespace::new(world, "login");
        may_read(world, &ns.name, &ns.name);
        let upstream = SocketAddr::from(([127, 0, 0, 1], world.vault.port()));
        let proxy = Proxy::start(upstream).expect("a proxy");
        let role = world.vault.enable_approle(&ns.name, &[&ns.name]).expect("AppRole");
        let mut settings = json!({ "token_policies": [ns.name] });
        lives.as_object().into_iter().flatten().for_each(|(k, v)| settings[k] = v.clone());
        world.vault.api("POST", &format!("auth/approle/role/{}", ns.name), &settings).expect("a role");
        let id = if right { role.secret_id.as_str() } else { "no-such-id" };
        ns.kubectl(&["create", "secret", "generic", "role", &format!("--from-literal=id={id}")]).good();
        let reference = json!({ "name": "role", "key": "id" });
        let auth =
            json!({ "appRole": { "path": "approle", "roleId": role.role_id, "secretRef": reference } });
        ns.apply(&store("own", vault(&proxy.url(), auth)).to_string()).silent();
        Self { ns, proxy }
    }

    fn put(&self, value: &str) {
        let path = format!("secret/{}/app", self.ns.name);
        self.ns.world.vault.put(&path, &json!({ "value": value })).expect("put");
    }

    fn object(&self, name: &str) -> Value {
        let mut object = external_secret(name, "own", one(&format!("{}/app", self.ns.name), "value"));
        object["spec"]["secretStoreRef"]["kind"] = json!("SecretStore");
        object["spec"]["refreshInterval"] = json!("1s");
        object["metadata"]["namespace"] = json!(self.ns.name);
        object
    }

    fn logins(&self) -> usize {
        self.proxy.count(|request| request.path == LOGIN)
    }

    /// The token of the last read.
    fn token(&self) -> String {
        let received = self.proxy.received();
        let reads = received.iter().rev().filter(|it| it.path.starts_with("/v1/secret/"));
        reads.filter_map(|it| it.header("x-vault-token")).next().expect("a read").to_owned()
    }
}

#[test]
fn a_login_that_vault_revokes_is_made_anew_before_anything_fails() {
    let times = scale(3, 20);
    let login = Login::start(true);
    login.put("v");
    login.ns.apply(&login.object("app").to_string()).silent();
    login.ns.wait_ready("app", "True", "SecretSynced");
    let before = login.logins();
    let mut longest = Duration::ZERO;
    for round in 0..times {
        let revoked = json!({ "token": login.token() });
        login.ns.world.vault.api("POST", "auth/token/revoke", &revoked).expect("revoked");
        let began = Instant::now();
        login.put(&format!("v{round}"));
        login.ns.wait_value("app", "value", &format!("v{round}"));
        longest = longest.max(began.elapsed());
    }
    assert_eq!(failed_syncs(&login.ns, "app"), 0.0);
    let logins = login.logins() - before;
    assert!(logins >= times && logins <= 2 * times + 1, "{logins} logins for {times} revocations");
    Row {
        area: "providers",
        fault: "the token of a login at Vault is revoked while in use",
        test: "providers::credentials::a_login_that_vault_revokes_is_made_anew_before_anything_fails",
        tried: format!("{times} revocations, refreshInterval 1s"),
        seen: format!("no failed sync, {logins} logins"),
        well_after: Some(longest),
    }
    .write();
}

/// A login that lives no longer than a few seconds is renewed, or made anew, in time.
#[test]
fn a_login_that_expires_is_made_anew_before_anything_fails() {
    let time = scale(9 * SECOND, 25 * SECOND);
    let login = Login::living(true, json!({ "token_ttl": "5s", "token_max_ttl": "6s" }));
    login.put("v");
    login.ns.apply(&login.object("app").to_string()).silent();
    let began = Instant::now();
    let mut rounds = 0;
    while began.elapsed() < time || login.logins() < 2 {
        assert!(began.elapsed() < 120 * SECOND, "none has expired");
        rounds += 1;
        login.put(&format!("v{rounds}"));
        login.ns.wait_value("app", "value", &format!("v{rounds}"));
    }
    assert_eq!(failed_syncs(&login.ns, "app"), 0.0);
    let logins = login.logins();
    Row {
        area: "providers",
        fault: "logins at Vault live 5 s",
        test: "providers::credentials::a_login_that_expires_is_made_anew_before_anything_fails",
        tried: format!("{} s, {rounds} new values", began.elapsed().as_secs()),
        seen: format!("no failed sync, {logins} logins"),
        well_after: None,
    }
    .write();
}

#[test]
fn wrong_credentials_are_not_shown_over_and_over() {
    let (objects, time) = (scale(20, 200), scale(12 * SECOND, 25 * SECOND));
    let login = Login::start(false);
    login.put("v");
    let began = Instant::now();
    let path = format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets", login.ns.name);
    for i in 0..objects {
        login.ns.world.cluster.create(&path, &login.object(&format!("app{i}"))).expect("admitted");
    }
    let said = login.ns.apply(&login.object("said").to_string()).good();
    let told = said.warnings().concat();
    // Vault says it in other words once it has locked a user out, or on another try.
    assert!(told.contains("role id or secret id is wrong") || told.contains("wrong credentials"), "{said}");
    std::thread::sleep(time.saturating_sub(began.elapsed())); // what is counted is what happens meanwhile
    let (logins, took) = (login.logins(), began.elapsed());
    // At 0, 10 and 70 s, and every 8 min after that; once by the store's validation, which is another connection.
    let most = 4 + took.saturating_sub(70 * SECOND).as_secs() / 480;
    assert!((1..=most).contains(&(logins as u64)), "{logins} logins in {took:?}");
    Row {
        area: "providers",
        fault: "the credentials for Vault are wrong",
        test: "providers::credentials::wrong_credentials_are_not_shown_over_and_over",
        tried: format!("{objects} ExternalSecrets, refreshInterval 1s, {} s", took.as_secs()),
        seen: format!("{logins} logins; each apply is told what is wrong"),
        well_after: None,
    }
    .write();
}

/// A SecretStore `aws` with this `auth` and `role`.
fn aws_store(ns: &Namespace<'_>, more: Value) {
    let mut aws = json!({ "service": "SecretsManager", "region": "us-east-1" });
    for (field, value) in more.as_object().into_iter().flatten() {
        aws[field] = value.clone();
    }
    ns.apply(&store("aws", json!({ "aws": aws })).to_string()).silent();
}

/// Refuses this namespace's reads with this access key; how often it was done.
fn refuse_key(ns: &Namespace<'_>, key: String) -> Arc<AtomicUsize> {
    let (refused, name) = (Arc::new(AtomicUsize::new(0)), ns.name.clone());
    let count = Arc::clone(&refused);
    let reply = Reply::aws_error(
        400,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    );
    ns.world.moto.proxy().add_rule(Rule::new(
        move |request| {
            let is_ours =
                String::from_utf8_lossy(&request.body).contains(&name) && !request.is_action("AssumeRole");
            let matches = is_ours && request.header("authorization").is_some_and(|it| it.contains(&key));
            count.fetch_add(usize::from(matches), Ordering::SeqCst);
            matches
        },
        reply,
    ));
    refused
}

/// The access key of the last read of `db`.
fn key_in_use(ns: &Namespace<'_>) -> String {
    let quoted = format!("{:?}", ns.key("db"));
    let received = ns.world.moto.proxy().received();
    let reads = received.iter().rev().filter(|it| String::from_utf8_lossy(&it.body).contains(&quoted));
    let credential = reads.filter_map(|it| it.header("authorization")?.split_once("Credential=")).next();
    credential.expect("a read").1.split('/').next().expect("a key").to_owned()
}

#[test]
fn a_session_at_aws_that_expires_is_had_anew_before_anything_fails() {
    let times = scale(1, 3);
    let ns = Namespace::new(world(), "session");
    let role = format!("arn:aws:iam::123456789012:role/{}", ns.name);
    aws_store(&ns, json!({ "role": role }));
    ns.put("db", "v");
    ns.apply(&ns.of("db", "db", json!({ "refreshInterval": "1s" })).to_string()).silent();
    let assumed = || {
        let name = &ns.name;
        let is_it = |body: &[u8]| String::from_utf8_lossy(body).contains(name.as_str());
        ns.world.moto.proxy().count(|it| it.is_action("AssumeRole") && is_it(&it.body))
    };
    let (before, mut longest) = (assumed(), Duration::ZERO);
    for round in 0..times {
        if round > 0 {
            std::thread::sleep(11 * SECOND); // sessions that are refused are not had anew more often
        }
        let refused = refuse_key(&ns, key_in_use(&ns));
        let began = Instant::now();
        ns.put("db", &format!("v{round}"));
        ns.wait_value("db", "value", &format!("v{round}"));
        longest = longest.max(began.elapsed());
        assert!(refused.load(Ordering::SeqCst) > 0, "the session was refused");
    }
    assert_eq!(failed_syncs(&ns, "db"), 0.0);
    assert_eq!(assumed() - before, times);
    Row {
        area: "providers",
        fault: "a session at AWS expires while in use",
        test: "providers::credentials::a_session_at_aws_that_expires_is_had_anew_before_anything_fails",
        tried: format!("{times} times, refreshInterval 1s"),
        seen: format!("no failed sync, {times} new sessions"),
        well_after: Some(longest),
    }
    .write();
}

#[test]
fn keys_that_are_rotated_are_read_anew_before_anything_fails() {
    let ns = Namespace::new(world(), "rotated");
    let keys = |id: &str| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "keys" },
            "stringData": { "id": id, "secret": "testbed" },
        })
    };
    ns.apply(&keys("AKIDOLD").to_string()).silent();
    aws_store(
        &ns,
        json!({ "auth": { "secretRef": {
            "accessKeyIDSecretRef": { "name": "keys", "key": "id" },
            "secretAccessKeySecretRef": { "name": "keys", "key": "secret" },
        }}}),
    );
    ns.put("db", "v");
    ns.apply(&ns.of("db", "db", json!({ "refreshInterval": "1s" })).to_string()).silent();
    ns.apply(&keys("AKIDNEW").to_string()).silent();
    refuse_key(&ns, "AKIDOLD".to_owned());
    let began = Instant::now();
    ns.put("db", "after");
    ns.wait_value("db", "value", "after");
    assert_eq!((failed_syncs(&ns, "db"), key_in_use(&ns).as_str()), (0.0, "AKIDNEW"));
    Row {
        area: "providers",
        fault: "access keys are replaced and the old ones refused at once",
        test: "providers::credentials::keys_that_are_rotated_are_read_anew_before_anything_fails",
        tried: "once, refreshInterval 1s".to_owned(),
        seen: "no failed sync".to_owned(),
        well_after: Some(began.elapsed()),
    }
    .write();
}

#[test]
fn a_role_that_may_not_be_assumed_is_not_asked_for_over_and_over() {
    let (objects, time) = (scale(10, 100), scale(12 * SECOND, 25 * SECOND));
    let ns = Namespace::new(world(), "no-role");
    let name = ns.name.clone();
    let of_ours = move |body: &[u8]| String::from_utf8_lossy(body).contains(&name);
    let is_it = of_ours.clone();
    let denied = r#"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>"#;
    let reply = Reply::new(403, denied).header("content-type", "text/xml");
    ns.world.moto.proxy().add_rule(Rule::new(move |it| it.is_action("AssumeRole") && is_it(&it.body), reply));
    aws_store(&ns, json!({ "role": format!("arn:aws:iam::123456789012:role/{}", ns.name) }));
    ns.put("db", "v");
    let began = Instant::now();
    let path = format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets", ns.name);
    for i in 0..objects {
        let mut object = ns.of(&format!("db{i}"), "db", json!({ "refreshInterval": "1s" }));
        object["metadata"]["namespace"] = json!(ns.name);
        ns.world.cluster.create(&path, &object).expect("admitted");
    }
    let said = ns.apply(&ns.of("said", "db", json!({})).to_string()).good();
    assert!(said.warnings().concat().contains("cannot assume role"), "{said}");
    std::thread::sleep(time.saturating_sub(began.elapsed())); // what is counted is what happens meanwhile
    let asked = ns.world.moto.proxy().count(|it| it.is_action("AssumeRole") && of_ours(&it.body));
    let took = began.elapsed();
    let most = usize::try_from(took.as_secs() / 10).expect("small") + 2;
    assert!(asked >= 1 && asked <= 2 * most, "asked {asked} times in {took:?}"); // reads and the store's validation
    Row {
        area: "providers",
        fault: "a role at AWS may not be assumed",
        test: "providers::credentials::a_role_that_may_not_be_assumed_is_not_asked_for_over_and_over",
        tried: format!("{objects} ExternalSecrets, refreshInterval 1s, {} s", took.as_secs()),
        seen: format!("{asked} attempts; each apply is told what is wrong"),
        well_after: None,
    }
    .write();
}
