//! When a replica is ready, and how it ends.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chaos::{Row, scale};
use crate::replicas::stage::{Stage, stage};
use crate::support::{Latchkey, Namespace, Options, manifests};

const SOON: Duration = Duration::from_secs(20);

/// A replica that is alone and whose webhook is registered under its own address.
fn replica(stage: &Stage, flags: &[&str]) -> Latchkey {
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    Latchkey::start(&stage.world.cluster, &stage.world.moto, Options { flags, ..Options::default() })
}

/// What `/readyz` says: its status and its page.
fn readyz(replica: &Latchkey) -> Option<(u16, String)> {
    replica.admin("/readyz").map(|answer| (answer.status, answer.text()))
}

/// Waits until the API server asks this replica: what is applied has its Secret at once.
fn wait_asked(ns: &Namespace<'_>) {
    ns.world.wait("the API server's notice of the registration", Duration::from_secs(30), || {
        ns.kubectl(&["delete", "externalsecret", "probe", "--ignore-not-found"]).good();
        ns.kubectl(&["delete", "secret", "probe", "--ignore-not-found"]).good();
        ns.external("probe", manifests::one("key", "value")).good();
        ns.secret("probe")
    });
}

fn with_values<'a>(stage: &'a Stage, prefix: &str) -> Namespace<'a> {
    let ns = Namespace::new(&stage.world, prefix);
    let store = manifests::cluster_store(&ns.name, manifests::fake(&[("key", r#"{"value":"one"}"#)]));
    ns.apply(&store.to_string()).good();
    ns
}

/// The right to list one resource, taken away until this is dropped.
struct Withheld<'a> {
    stage: &'a Stage,
    roles: Vec<(String, Value)>,
}

impl<'a> Withheld<'a> {
    fn new(stage: &'a Stage, resource: &str) -> Self {
        const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
        let all = stage.world.get(ROLES).expect("ClusterRoles");
        let roles = all["items"].as_array().expect("a list").iter().filter_map(|role| {
            let name = role["metadata"]["name"].as_str().filter(|name| name.starts_with("latchkey"))?;
            Some((format!("{ROLES}/{name}"), role.clone()))
        });
        let withheld = Self { stage, roles: roles.collect() };
        for (path, role) in &withheld.roles {
            let mut role = role.clone();
            for rule in role["rules"].as_array_mut().into_iter().flatten() {
                if rule["resources"].as_array().is_some_and(|names| names.contains(&json!(resource)))
                    && let Some(verbs) = rule["verbs"].as_array_mut()
                {
                    verbs.retain(|verb| verb != "list");
                }
            }
            stage.world.cluster.api("PUT", path, &role).expect("the role is changed");
        }
        withheld
    }
}

impl Drop for Withheld<'_> {
    fn drop(&mut self) {
        for (path, role) in &self.roles {
            let mut role = role.clone();
            role["metadata"]["resourceVersion"].take();
            self.stage.world.cluster.api("PUT", path, &role).expect("the role is as it was");
        }
    }
}

#[test]
fn is_not_ready_before_its_caches_are_full() {
    let stage = stage();
    let withheld = Withheld::new(&stage, "secretstores");
    let replica = replica(&stage, &["--log=info"]);
    let (start, mut asked) = (Instant::now(), 0);
    while start.elapsed() < scale(Duration::from_secs(3), Duration::from_secs(20)) {
        if let Some((status, page)) = readyz(&replica) {
            asked += 1;
            assert_eq!(status, 503, "{page}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    stage.world.wait("everything else", SOON, || {
        let (_, page) = readyz(&replica)?;
        let there = ["crds", "registered", "Secrets", "serving"].iter();
        let there = there.filter(|name| page.contains(&format!("[+] {name}\n"))).count();
        (there == 4 && page.contains("[-] SecretStores: not yet")).then_some(())
    });
    assert_eq!(
        replica.admin("/livez").expect("an answer").status,
        200,
        "it lives, and need not be restarted"
    );
    drop(withheld);
    let start = Instant::now();
    replica.wait_ready();
    Row {
        area: "rollouts",
        fault: "a replica starts and cannot list SecretStores",
        test: "rollouts::phases::is_not_ready_before_its_caches_are_full",
        tried: format!("/readyz asked {asked} times"),
        seen: "503 each time, naming the list that is missing; no connections are sent there".into(),
        well_after: Some(start.elapsed()),
    }
    .write();
}

/// An address that takes connections and says nothing.
fn tarpit() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        let _kept: Vec<TcpStream> = listener.incoming().flatten().collect();
    });
    port
}

/// Makes the store that everything in the namespace reads one that does not answer.
fn hang(ns: &Namespace<'_>) {
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "namespace": ns.name, "key": "token" } });
    let server = format!("http://127.0.0.1:{}", tarpit());
    ns.token("irrelevant");
    ns.apply(&manifests::cluster_store(&ns.name, manifests::vault(&server, auth)).to_string()).good();
}

/// How many reviews of ExternalSecrets were answered.
fn answered(replica: &Latchkey) -> f64 {
    replica.metric("latchkey_admission_requests_total{resource=\"externalsecrets\"")
}

#[test]
fn what_is_asked_before_the_end_is_answered() {
    let stage = stage();
    let mut replica = replica(&stage, &["--shutdown-delay=500ms", "--log=info"]);
    replica.wait_ready();
    let ns = with_values(&stage, "slow-end");
    wait_asked(&ns);
    hang(&ns);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| (ns.external("slow", manifests::one("key", "value")), Instant::now()));
        stage.world.wait("the review", SOON, || (connections(&replica) >= 1.0).then_some(()));
        std::thread::sleep(Duration::from_millis(500)); // it is under way; the store is waited for much longer
        replica.signal("TERM");
        let told = Instant::now();
        stage.world.wait("no readiness", SOON, || readyz(&replica).filter(|(status, _)| *status == 503));
        let unready = told.elapsed();
        let (said, at) = slow.join().expect("kubectl ends");
        let warnings = said.good().warnings().join("\n");
        assert!(warnings.contains("ExternalSecret") && !warnings.contains("failed calling"), "{warnings}");
        let status = stage.world.wait("its end", Duration::from_secs(60), || replica.exited());
        assert!(status.success(), "{status}: {}", replica.log());
        Row {
            area: "rollouts",
            fault: "SIGTERM while a review waits for a store that does not answer",
            test: "rollouts::phases::what_is_asked_before_the_end_is_answered",
            tried: "1 review".into(),
            seen: format!(
                "not ready after {:.1} s; the review was answered {:.1} s after the signal; exit 0",
                unready.as_secs_f64(),
                at.saturating_duration_since(told).as_secs_f64()
            ),
            well_after: Some(told.elapsed()),
        }
        .write();
    });
}

fn connections(replica: &Latchkey) -> f64 {
    replica.metric("latchkey_connections{server=\"webhook\"}")
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let stage = stage();
    let mut longest = Duration::ZERO;
    for (first, second) in [("TERM", "TERM"), ("INT", "TERM"), ("TERM", "INT")] {
        let mut replica = replica(&stage, &["--shutdown-delay=120s", "--log=info"]);
        replica.wait_ready();
        let ns = with_values(&stage, "twice");
        wait_asked(&ns);
        replica.signal(first);
        stage.world.wait("no readiness", SOON, || readyz(&replica).filter(|(status, _)| *status == 503));
        let before = answered(&replica);
        ns.external("while-it-leaves", manifests::one("key", "value")).silent();
        assert!(answered(&replica) > before, "it is not ready, and answers");
        hang(&ns);
        std::thread::scope(|scope| {
            let slow = scope.spawn(|| ns.external("slow", manifests::one("key", "value")));
            std::thread::sleep(Duration::from_millis(500));
            replica.signal(second);
            let told = Instant::now();
            let status = stage.world.wait("its end", SOON, || replica.exited());
            longest = longest.max(told.elapsed());
            assert_eq!(status.code(), Some(1), "{first}, {second}: it did not end in order, and says so");
            slow.join().expect("kubectl ends").good(); // by failurePolicy Ignore
        });
        assert!(replica.log().contains("stopped at once by a second signal"), "{}", replica.log());
    }
    Row {
        area: "rollouts",
        fault: "a second signal while a replica leaves, with a review under way",
        test: "rollouts::phases::a_second_signal_ends_it_at_once",
        tried: "SIGTERM and SIGINT in three orders".into(),
        seen: "answers until then; then the process ends with 1, and the API server goes on without it"
            .into(),
        well_after: Some(longest),
    }
    .write();
}

#[test]
fn a_signal_is_heard_before_anything_has_begun() {
    let stage = stage();
    let kubeconfig = stage.world.cluster.dir().join("nobody.kubeconfig");
    let server = format!("http://127.0.0.1:{}", tarpit());
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": { "server": server } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
        "users": [{ "name": "it", "user": { "token": "nobody's" } }],
    });
    std::fs::write(&kubeconfig, config.to_string()).expect("a kubeconfig");
    let mut longest = Duration::ZERO;
    for signal in ["TERM", "INT"] {
        let env = vec![("KUBECONFIG".to_owned(), kubeconfig.display().to_string())];
        let options = Options { flags: vec!["--log=info".to_owned()], env, ..Options::default() };
        let mut replica = Latchkey::start(&stage.world.cluster, &stage.world.moto, options);
        stage.world.wait("its first words to the API server", SOON, || {
            replica.log().contains("talking to the API server").then_some(())
        });
        assert_eq!(readyz(&replica).expect("an answer").0, 503);
        replica.signal(signal);
        let told = Instant::now();
        let status = stage.world.wait("its end", SOON, || replica.exited());
        longest = longest.max(told.elapsed());
        assert_eq!(status.code(), Some(0), "{signal}: {}", replica.log());
    }
    Row {
        area: "rollouts",
        fault: "a signal while a replica starts and the API server does not answer it",
        test: "rollouts::phases::a_signal_is_heard_before_anything_has_begun",
        tried: "SIGTERM and SIGINT".into(),
        seen: "the process ends with 0".into(),
        well_after: Some(longest),
    }
    .write();
}
