//! A cluster that latchkey leaves and comes back to, under `failurePolicy: Fail`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use latchkey_testbed::http::Client;
use serde_json::{Value, json};

use crate::install::cluster::{Cluster, Running, WEBHOOKS};
use crate::support::manifests::{fake, list, pod, store};
use crate::support::{SYSTEM, Said, Splitter, repository};

/// The namespace of whoever uses latchkey.
const SHOP: &str = "shop";

const EXTERNAL_SECRETS: &str = "/apis/external-secrets.io/v1/namespaces/shop/externalsecrets";

/// Everything of latchkey's kinds, and what it writes or leaves.
const KINDS: &str = "externalsecrets,secretstores,clustersecretstores,secrets,configmaps,leases";

/// How latchkey came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// `helm install`
    Helm,
    /// `kubectl apply -f manifests/install.yaml`
    Manifest,
}

/// The cluster, and whoever of latchkey runs.
pub struct Stage {
    pub cluster: Cluster,
    splitter: Splitter,
    pub replicas: Vec<Running>,
    standing: BTreeMap<String, Value>,
    tries: usize,
}

impl Stage {
    /// latchkey has come, and keeps four Secrets, one of each creation policy that it answers for.
    pub fn new(by: By) -> Self {
        let mut stage = Self {
            cluster: Cluster::new(),
            splitter: Splitter::start(),
            replicas: Vec::new(),
            standing: BTreeMap::new(),
            tries: 0,
        };
        stage.apply_installation(by);
        stage.cluster.0.start_controller_manager().expect("controllers");
        stage.start();
        stage.populate();
        stage
    }

    /// Comes back, and takes over what there is without touching it.
    pub fn come_back(&mut self, by: By) {
        self.as_in_a_pod();
        self.apply_installation(by);
        self.start();
        self.cluster.wait("every ExternalSecret's Secret, owned", || self.all_is_owned().then_some(()));
        self.secrets_stand();
    }

    /// A registration that was left behind names latchkey's Service, where latchkey runs in a Pod, and no URL; that of the
    /// chart cannot take the place of one that names both.
    fn as_in_a_pod(&self) {
        let Some(mut left) = self.registration() else { return };
        for webhook in left["webhooks"].as_array_mut().expect("a list") {
            let url = webhook["clientConfig"]["url"].as_str().expect("a URL");
            let path = url.split_once("/review").map(|(_, place)| format!("/review{place}"));
            let service = json!({ "name": "latchkey", "namespace": SYSTEM, "port": 443, "path": path });
            let bundle = webhook["clientConfig"]["caBundle"].take();
            webhook["clientConfig"] = json!({ "service": service, "caBundle": bundle });
        }
        self.cluster.kubectl(&["replace", "-f", "-"], &left.to_string()).good();
    }

    fn apply_installation(&self, by: By) {
        match by {
            By::Helm => self.cluster.install(&["--set", "webhook.failurePolicy=Fail"]).good(),
            By::Manifest => self.cluster.kubectl(&["apply", "-f", "-"], &manifest()).good(),
        };
    }

    /// Two replicas behind one address. They are ready when this returns, and reviews reach them.
    fn start(&mut self) {
        let url = format!("--webhook-url=https://127.0.0.1:{}", self.splitter.port);
        let flags =
            [url.as_str(), "--lease-duration=3s", "--lease-retry-period=500ms", "--shutdown-delay=1s"];
        let flags = flags.map(str::to_owned);
        self.replicas = (0..2).map(|_| self.cluster.begin(None, &flags)).collect();
        let replicas = &self.replicas;
        self.cluster.wait("readiness", || replicas.iter().all(Running::is_ready).then_some(()));
        self.splitter.send_to(&[replicas[0].webhook_port, replicas[1].webhook_port]);
        self.cluster.wait("a review", || {
            self.cluster.kubectl(&["apply", "-n", SHOP, "-f", "-"], &probe_store()).ok.then_some(())
        });
    }

    /// What whoever uses latchkey has.
    pub fn populate(&mut self) {
        let theirs = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "merged" },
            "stringData": { "theirs": "1" },
        });
        let objects = [
            store("store", fake(&[("db", "value")])),
            theirs,
            external_secret("probe", json!({})),
            external_secret("owned", json!({})),
            external_secret("deleting", json!({ "deletionPolicy": "Delete" })),
            external_secret("orphan", json!({ "creationPolicy": "Orphan" })),
            external_secret("merged", json!({ "creationPolicy": "Merge" })),
        ];
        self.cluster.wait("the objects", || self.apply(&list(&objects)).ok.then_some(()));
        self.cluster.wait("four Secrets", || {
            let ready = |name: &&str| self.is_synced(name);
            ["owned", "deleting", "orphan", "merged"].iter().all(ready).then_some(())
        });
        self.standing = self.secrets();
    }

    fn apply(&self, manifest: &str) -> Said {
        self.cluster.kubectl(&["apply", "-n", SHOP, "-f", "-"], manifest)
    }

    fn is_synced(&self, name: &str) -> bool {
        let object = self.cluster.get(&format!("{EXTERNAL_SECRETS}/{name}")).unwrap_or_default();
        object["status"]["conditions"][0]["reason"] == "SecretSynced"
    }

    fn secrets(&self) -> BTreeMap<String, Value> {
        let of = |name: &str| self.cluster.get(&format!("/api/v1/namespaces/{SHOP}/secrets/{name}"));
        let names = ["owned", "deleting", "orphan", "merged"];
        names.into_iter().filter_map(|name| Some((name.to_owned(), of(name)?))).collect()
    }

    /// Each of the four Secrets is what it was, to the resourceVersion.
    pub fn secrets_stand(&self) {
        let now = self.secrets();
        let names: Vec<&String> = self.standing.keys().collect();
        assert_eq!(now.keys().collect::<Vec<_>>(), names);
        let touched: Vec<_> = names.into_iter().filter(|name| now[*name] != self.standing[*name]).collect();
        assert!(touched.is_empty(), "{touched:?} were touched");
    }

    /// Whether each ExternalSecret that owns has its Secret, and it is known as its own.
    fn all_is_owned(&self) -> bool {
        let all = self.cluster.get(EXTERNAL_SECRETS).expect("ExternalSecrets");
        let items = all["items"].as_array().expect("a list");
        items.iter().filter(|item| item["spec"]["target"]["creationPolicy"].is_null()).all(|item| {
            let name = item["metadata"]["name"].as_str().expect("a name");
            let secret = self.cluster.get(&format!("/api/v1/namespaces/{SHOP}/secrets/{name}"));
            secret.is_some_and(|secret| {
                secret["metadata"]["ownerReferences"][0]["uid"] == item["metadata"]["uid"]
            })
        })
    }

    /// As the kernel ends processes, all of them.
    pub fn kill(&mut self) {
        self.replicas.iter_mut().for_each(Running::kill);
        self.replicas.clear();
    }

    /// As a kubelet ends Pods.
    pub fn terminate(&mut self) {
        for mut replica in self.replicas.drain(..) {
            assert!(replica.terminate(), "not in order:\n{}", replica.log());
        }
    }

    /// Those that live have seen their registration go.
    pub fn wait_noticed(&self) {
        for replica in &self.replicas {
            self.cluster.wait("a replica that notices", || {
                replica.log().contains("the webhook is not registered as it should be").then_some(())
            });
        }
    }

    pub fn registration(&self) -> Option<Value> {
        self.cluster.get(&format!("{WEBHOOKS}/latchkey"))
    }

    /// Creates an ExternalSecret, a store and a Pod and changes the first two, all at once or not at all.
    ///
    /// # Errors
    /// What the API server says of the first that it refuses.
    pub fn try_everything(&mut self) -> Result<(), String> {
        self.tries += 1;
        let name = format!("try-{}", self.tries);
        let objects = [
            store(&name, fake(&[("db", "value")])),
            external_secret(&name, json!({})),
            pod(&name, &["owned"]),
        ];
        let note = ["annotate", "-n", SHOP, "--overwrite"];
        let when = format!("tried={name}");
        let said = [
            self.cluster.kubectl(&["create", "-n", SHOP, "-f", "-"], &list(&objects)),
            self.cluster.kubectl(&[note.as_slice(), &["externalsecret/probe", &when]].concat(), ""),
            self.cluster.kubectl(&[note.as_slice(), &["secretstore/store", &when]].concat(), ""),
        ];
        let gone = format!("externalsecret/{name} secretstore/{name} pod/{name}");
        let delete = ["delete", "-n", SHOP, "--timeout=30s", "--ignore-not-found"];
        let gone: Vec<&str> = delete.into_iter().chain(gone.split(' ')).collect();
        self.cluster.kubectl(&gone, "").good();
        said.iter().find(|said| !said.ok).map_or(Ok(()), |said| Err(said.to_string()))
    }

    /// Waits until nothing is refused; how long after it was first tried that was so, which is no time if nothing ever was.
    pub fn wait_free(&mut self) -> Duration {
        let began = Instant::now();
        loop {
            let tried = began.elapsed();
            let Err(refusal) = self.try_everything() else { return tried };
            assert!(tried < Duration::from_secs(60), "held up: {refusal}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Nothing has a finalizer that nobody would take off any more.
    pub fn nothing_has_a_finalizer(&self) {
        let all = self.cluster.kubectl(&["get", KINDS, "-A", "-o", "json"], "").good();
        let list: Value = serde_json::from_str(&all.out).expect("JSON");
        let items = list["items"].as_array().expect("a list");
        assert!(items.iter().any(|item| item["kind"] == "ExternalSecret"), "ExternalSecrets stay");
        for item in items {
            let metadata = &item["metadata"];
            assert!(metadata["finalizers"].is_null(), "{} has a finalizer", metadata["name"]);
        }
    }

    /// The CRDs go, and with them every ExternalSecret; of the Secrets those that they owned.
    pub fn crds_are_gone(&self) {
        let crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        self.cluster.wait("the end of the CRDs", || {
            let all = self.cluster.get(crds)?;
            all["items"].as_array()?.is_empty().then_some(())
        });
        self.cluster.wait("the end of what was owned", || {
            let there: Vec<String> = self.secrets().into_keys().collect();
            (there == ["merged", "orphan"]).then_some(())
        });
        let (now, then) = (self.secrets(), &self.standing);
        for name in ["merged", "orphan"] {
            assert_eq!(now[name]["data"], then[name]["data"]);
        }
    }

    /// The objects that came with latchkey, without the CRDs, as kubectl names them.
    pub fn pieces(&self) -> Vec<[String; 2]> {
        let manifest = self.cluster.helm(&["get", "manifest", "latchkey", "--namespace", SYSTEM]).good().out;
        let documents: Vec<Value> = serde_saphyr::from_multiple(&manifest).expect("YAML");
        let named = |object: Value| {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            Some([text(&object["kind"])?.to_lowercase(), text(&object["metadata"]["name"])?])
        };
        documents
            .into_iter()
            .filter_map(named)
            .filter(|[kind, _]| kind != "customresourcedefinition")
            .collect()
    }

    fn client(&self) -> Client {
        let (cluster, url) = (&self.cluster.0, self.cluster.0.url());
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let token = cluster.user_token("admin").expect("a token");
        let client = Client::tls(port, cluster.ca_pem(), None).expect("a client");
        client.header("Authorization", &format!("Bearer {token}")).header("Content-Type", "application/json")
    }

    /// Creates ExternalSecrets one after the other while `leave` runs; how many, and what refused the rest.
    pub fn while_applying(&mut self, leave: impl FnOnce(&mut Self)) -> (usize, Vec<String>) {
        use std::sync::atomic::{AtomicBool, Ordering};
        let stop = AtomicBool::new(false);
        let apart = self.client();
        std::thread::scope(|scope| {
            let applying = scope.spawn(|| {
                let (mut done, mut refused) = (0, Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    let mut object = external_secret("", json!({}));
                    object["metadata"] = json!({ "name": format!("busy-{}", rand::random::<u64>()) });
                    match apart.json("POST", EXTERNAL_SECRETS, &object) {
                        Ok(_) => done += 1,
                        Err(error) => refused.push(error.to_string()),
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                (done, refused)
            });
            leave(self);
            std::thread::sleep(Duration::from_millis(200));
            stop.store(true, Ordering::Relaxed);
            applying.join().expect("who applies")
        })
    }
}

/// `manifests/install.yaml` with `failurePolicy: Fail` for ExternalSecrets and stores.
fn manifest() -> String {
    let text = std::fs::read_to_string(repository().join("manifests/install.yaml")).expect("the manifest");
    text.replacen("failurePolicy: Ignore", "failurePolicy: Fail", 2)
}

fn external_secret(name: &str, target: Value) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": { "name": name },
        "spec": {
            "refreshInterval": "1h", "secretStoreRef": { "name": "store" }, "target": target,
            "data": [{ "secretKey": "db", "remoteRef": { "key": "db" } }],
        },
    })
}

fn probe_store() -> String {
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": SHOP } });
    list(&[namespace, store("probe", fake(&[("db", "value")]))])
}
