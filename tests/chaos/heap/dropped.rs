//! Values that were synced, exchanged and dropped.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use latchkey_testbed::random_token;
use serde_json::{Value, json};

use super::memory::{Find, Form, search};
use crate::canary::search::{Forms, telling};
use crate::chaos::{Row, scale};
use crate::support::{Namespace, Options, World, manifests};

/// How long connections may stay open that nobody uses, with what stood in their buffers.
const IDLE_CONNECTIONS: Duration = Duration::from_secs(45);

/// The value in each store, and what is made of it.
struct Scene<'a> {
    ns: Namespace<'a>,
}

/// What holds the value: stores of a kind each. Not the fake one, whose values stand in the store itself for everybody to read.
const STORES: [&str; 2] = ["aws", "vault"];

impl<'a> Scene<'a> {
    fn new(world: &'a World) -> Self {
        let ns = Namespace::new(world, "heap");
        let token =
            json!({ "metadata": { "name": "token" }, "stringData": { "token": world.vault.root_token() } });
        world.cluster.create(&format!("/api/v1/namespaces/{}/secrets", ns.name), &token).expect("a token");
        let auth = json!({ "tokenSecretRef": { "name": "token", "key": "token" } });
        let aws = json!({ "aws": { "service": "SecretsManager", "region": "us-east-1" } });
        ns.apply(&manifests::store("vault", manifests::vault(&world.vault.addr(), auth)).to_string()).good();
        ns.apply(&manifests::store("aws", aws).to_string()).good();
        Self { ns }
    }

    /// Puts it where the stores read.
    fn put(&self, value: &str) {
        let of = |store: &str| json!({ "password": value, "store": store }); // a find tells whose it is
        self.ns.world.vault.put("secret/heap", &of("vault")).expect("put");
        self.ns.world.moto.put_secret("heap", &of("aws").to_string()).expect("put");
    }

    /// One of each store by a template, one whole, at admission.
    fn sync(&self, value: &str) {
        for store in STORES {
            let template = json!({ "data": { "url": "postgres://u:{{ .password }}@db", "all": "{{ printf \"%q\" .password }}" } });
            let mut spec = manifests::one("heap", "password");
            spec["target"] = json!({ "template": template });
            self.ns.apply(&external(store, store, spec).to_string()).good();
            self.ns
                .apply(&external(&format!("{store}-whole"), store, manifests::all_of("heap")).to_string())
                .good();
        }
        self.ns
            .apply(
                &manifests::pod(&format!("pod-{}", value.len()), &["aws-whole", "vault-whole"]).to_string(),
            )
            .good();
        self.wait(value);
    }

    /// Asks for the value of now.
    fn refresh(&self, value: &str) {
        for store in STORES {
            self.ns.force_sync(store);
            self.ns.force_sync(&format!("{store}-whole"));
        }
        self.wait(value);
    }

    fn wait(&self, value: &str) {
        for store in STORES {
            self.ns.wait_value(store, "url", &format!("postgres://u:{value}@db"));
            self.ns.wait_value(&format!("{store}-whole"), "password", value);
            self.ns.wait_ready(store, "True", "SecretSynced");
        }
    }

    /// Takes away everything that made latchkey hold a value.
    fn delete(&self) {
        for kind in ["externalsecrets", "secrets", "secretstores", "pods"] {
            self.ns.kubectl(&["delete", kind, "--all", "--wait=false"]).good();
        }
        self.ns.wait_gone("aws-whole", Duration::from_secs(30));
    }
}

fn external(name: &str, store: &str, spec: Value) -> Value {
    let mut object = manifests::external_secret(name, store, spec);
    object["spec"]["secretStoreRef"] = json!({ "kind": "SecretStore", "name": store });
    object
}

/// What is looked for: what the value could be in a buffer of JSON, of HTTP, or of a Secret's.
fn forms(value: &str) -> Vec<Form> {
    const WANTED: [&str; 5] = ["plain", "JSON", "base64 after 0", "base64 after 1", "base64 after 2"];
    let forms = Forms::of(value);
    WANTED.map(|name| Form { name, bytes: forms.named(name).as_bytes().to_vec() }).into()
}

fn counted(finds: &[Find]) -> BTreeMap<&'static str, usize> {
    finds.iter().fold(BTreeMap::new(), |mut counts, find| {
        *counts.entry(find.form).or_default() += 1;
        counts
    })
}

#[test]
fn a_value_that_was_dropped_is_nowhere_in_memory() {
    let flags = vec!["--core-dumps".to_owned()]; // the test may be nobody special, and must look
    let world = World::start(Options { flags, ..Options::default() });
    let scene = Scene::new(&world);
    let pid = world.latchkey.pid();
    let mut dropped = Vec::new();
    for round in 0..scale(2, 20) {
        let value = telling(&format!("{round}-{}", random_token()));
        scene.put(&value);
        if round == 0 {
            scene.sync(&value)
        } else {
            scene.refresh(&value)
        }
        dropped.push(value);
    }
    let held = dropped.last().cloned().expect("a value");
    let held = search(pid, &forms(&held));
    assert!(counted(&held).contains_key("JSON"), "what is held is not found: {:?}", counted(&held));

    scene.delete();
    let start = Instant::now();
    let forms: Vec<Form> = dropped.iter().flat_map(|value| forms(value)).collect();
    let mut finds = search(pid, &forms);
    let at_once = counted(&finds);
    while !finds.is_empty() && start.elapsed() < IDLE_CONNECTIONS {
        std::thread::sleep(Duration::from_secs(2));
        finds = search(pid, &forms);
    }
    for find in &finds {
        eprintln!("{} in {}: {}", find.form, find.mapping, find.around);
    }
    assert!(finds.is_empty(), "{:?} after {:?}; at once: {at_once:?}", counted(&finds), start.elapsed());
    Row {
        area: "heap",
        fault: "the memory of the process is searched for values that were synced and exchanged",
        test: "heap::dropped::a_value_that_was_dropped_is_nowhere_in_memory",
        tried: format!("{} values from 2 stores, in 5 forms", dropped.len()),
        seen: format!(
            "{} finds of the value that is held; of those dropped {} at once (caches and buffers), then 0",
            held.len(),
            at_once.values().sum::<usize>()
        ),
        well_after: Some(start.elapsed()),
    }
    .write();
}
