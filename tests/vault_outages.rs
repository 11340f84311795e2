//! Vault sealed or stopped: Secrets stay, everybody is told which server and why, and it passes by itself.

use std::time::Duration;

use latchkey_testbed::{Vault, VaultOptions};
use serde_json::json;

use crate::support::manifests::one;
use crate::support::{Namespace, world};

/// A Vault that breaks, with a value that an ExternalSecret has been synced from.
struct Outage {
    vault: Vault,
    ns: Namespace<'static>,
}

impl Outage {
    fn start(prefix: &str) -> Self {
        let ns = Namespace::new(world(), prefix);
        let vault = Vault::start(VaultOptions::default()).expect("a Vault");
        vault.put("secret/app", &json!({ "password": "before" })).expect("put");
        ns.vault_store(&vault.addr(), vault.root_token());
        ns.external("app", one("app", "password")).silent();
        ns.wait_ready("app", "True", "SecretSynced");
        Self { vault, ns }
    }

    /// One warning at the prompt, an event, ESO's condition, all with the same reason; and the Secret as it was.
    fn is_told(&self, why: &str) {
        let Self { vault, ns } = self;
        let before = ns.secret("app").expect("a Secret");
        let said = ns.force_sync("app").good();
        let warnings = said.warnings();
        assert_eq!(warnings.len(), 1, "{said}");
        let server = vault.addr();
        for part in ["ExternalSecret", "app", &ns.name, &server, why] {
            assert!(warnings[0].contains(part), "no {part:?} in: {said}");
        }
        ns.wait_ready("app", "False", "SecretSyncedError");
        let (_, _, message) = ns.ready("app").expect("a condition");
        assert!(message.starts_with("could not get secret data from provider: "), "{message}");
        assert!(message.contains(&server) && message.contains(why), "{message}");
        ns.world.wait("an event that says why", Duration::from_secs(10), || {
            ns.events("app").into_iter().find(|(.., note)| note.contains(why) && note.contains(&server))
        });
        ns.wait_store("False", "InvalidProviderConfig");
        let after = ns.secret("app").expect("the Secret stays");
        assert_eq!(after["data"], before["data"]);
        assert_eq!(after["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
    }

    /// The new value arrives without anybody doing anything.
    fn recovers(&self) {
        let Self { vault, ns } = self;
        vault.put("secret/app", &json!({ "password": "after" })).expect("put");
        ns.world.wait("the value of after the outage", Duration::from_secs(60), || {
            ns.value("app", "password").filter(|value| value == "after")
        });
        ns.wait_ready("app", "True", "SecretSynced");
        ns.wait_store("True", "Valid");
    }
}

#[test]
fn a_sealed_vault_takes_nothing_away_and_is_told_of() {
    let outage = Outage::start("vault-sealed");
    outage.vault.seal().expect("sealed");
    outage.is_told("is sealed");
    outage.vault.unseal().expect("unsealed");
    outage.recovers();
}

#[test]
fn a_stopped_vault_takes_nothing_away_and_is_told_of() {
    let outage = Outage::start("vault-stopped");
    outage.vault.stop();
    outage.is_told("connection refused");
    outage.vault.start_again().expect("started");
    outage.recovers();
}

#[test]
fn a_person_who_asks_does_not_wait_for_the_backoff_of_an_outage_that_is_over() {
    let outage = Outage::start("vault-asked");
    outage.vault.seal().expect("sealed");
    for _ in 0..4 {
        assert_eq!(outage.ns.force_sync("app").good().warnings().len(), 1);
    }
    outage.vault.unseal().expect("unsealed");
    outage.vault.put("secret/app", &json!({ "password": "after" })).expect("put");
    outage.ns.force_sync("app").silent();
    assert_eq!(outage.ns.value("app", "password").as_deref(), Some("after"));
}
