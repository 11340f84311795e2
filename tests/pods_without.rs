//! Pods while the store is down: a last good Secret is used, at once; one that never was there is told of.

use std::time::Duration;

use serde_json::json;

use crate::support::manifests::{annotated, pod};
use crate::support::{Remote, Said};

const FAILURE_MODE: &str = "latchkey.dev/failure-mode";

/// A namespace whose ExternalSecret `a` could not be synced, as Vault is sealed.
fn never_synced(prefix: &str) -> Remote {
    let remote = Remote::start(prefix);
    remote.put("a", "1");
    remote.seal();
    assert_eq!(remote.ns.external("a", remote.spec("a")).good().warnings().len(), 1);
    remote
}

fn apply(remote: &Remote, name: &str, mode: Option<&str>) -> Said {
    let object = pod(name, &["a"]);
    let object = mode.map_or(object.clone(), |mode| annotated(object, FAILURE_MODE, mode));
    remote.ns.apply(&object.to_string())
}

fn dry_run(remote: &Remote, name: &str, mode: Option<&str>) -> Said {
    let object = pod(name, &["a"]);
    let object = mode.map_or(object.clone(), |mode| annotated(object, FAILURE_MODE, mode));
    remote.ns.dry_run(&object.to_string())
}

/// One warning that says which Secret, which ExternalSecret, which server and why.
#[track_caller]
fn warns(remote: &Remote, said: Said) {
    let said = said.good();
    let [warning] = said.warnings()[..] else { panic!("not one warning: {said}") };
    for part in ["Secret \"a\" is not there", &format!("ExternalSecret {}/a", remote.ns.name), "is sealed"] {
        assert!(warning.contains(part), "no {part:?} in: {said}");
    }
}

#[track_caller]
fn denies(remote: &Remote, said: Said) {
    let said = said.refused();
    for part in ["pods.latchkey.dev", "Secret \"a\" is not there", &remote.proxy.url(), "is sealed"] {
        assert!(said.err.contains(part), "no {part:?} in: {said}");
    }
    assert!(said.warnings().is_empty(), "{said}");
}

#[test]
fn a_secret_that_is_not_there_warns_by_default_and_denies_where_that_is_wanted() {
    let remote = never_synced("pod-missing");
    warns(&remote, dry_run(&remote, "warned", None));
    warns(&remote, apply(&remote, "warned", None));
    denies(&remote, dry_run(&remote, "denied", Some("deny")));
    denies(&remote, apply(&remote, "denied", Some("deny")));

    let label = format!("{FAILURE_MODE}=deny");
    remote.ns.world.kubectl(&["label", "namespace", &remote.ns.name, &label], "").good();
    denies(&remote, apply(&remote, "denied", None));
    warns(&remote, apply(&remote, "excepted", Some("warn")));
    let pods = remote.ns.kubectl(&["get", "pods", "-o", "name"]).good().out;
    assert_eq!(pods.split_whitespace().collect::<Vec<_>>(), ["pod/excepted", "pod/warned"]);
    assert_eq!(remote.started_with("warned"), None, "there is nothing to start with");
}

/// Whoever can do without a Secret is not kept from starting, whatever is wanted for those who cannot.
#[test]
fn an_optional_secret_only_ever_warns() {
    let remote = never_synced("pod-optional");
    let mut object = annotated(pod("app", &["a"]), FAILURE_MODE, "deny");
    object["spec"]["containers"][0]["envFrom"][0]["secretRef"]["optional"] = json!(true);
    warns(&remote, remote.ns.apply(&object.to_string()));
}

#[test]
fn a_pod_gets_its_secret_once_the_store_is_back() {
    let remote = never_synced("pod-back");
    remote.proxy.behave();
    remote.ns.wait_ready("a", "True", "SecretSynced");
    apply(&remote, "app", Some("deny")).silent();
    assert_eq!(remote.ns.value("a", "value").as_deref(), Some("1"));
}

/// Ten Pods do not make ten calls: the first that is told of the outage tells the others.
#[test]
fn a_last_good_secret_is_used_with_a_warning_and_without_waiting_each_time() {
    let remote = Remote::start("pod-last-good");
    remote.synced_every("1s", "a", "1");
    remote.seal();
    remote.ns.world.wait("the end of the interval", Duration::from_secs(10), || {
        (!dry_run(&remote, "app", None).good().warnings().is_empty()).then_some(())
    });
    let before = remote.reads();
    for round in 0..10 {
        let said = apply(&remote, &format!("app-{round}"), Some("deny")).good();
        let [warning] = said.warnings()[..] else { panic!("not one warning: {said}") };
        for part in ["Secret \"a\" stays as it was last good", &remote.proxy.url(), "is sealed"] {
            assert!(warning.contains(part), "no {part:?} in: {said}");
        }
    }
    let calls = remote.reads() - before;
    assert!(calls < 10, "{calls} calls for 10 Pods and the refresher");
    assert_eq!(remote.ns.value("a", "value").as_deref(), Some("1"));
    assert!(remote.started_with("app-9").is_some());
}
