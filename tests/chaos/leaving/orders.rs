//! Who goes first: Helm's release, the replicas, the namespace, the CRDs, or any piece of the installation before any other.

use std::time::Duration;

use rand::seq::SliceRandom as _;

use super::stage::{By, Stage};
use crate::chaos::{Row, scale};
use crate::support::SYSTEM;

/// One way to leave, and what is left of the registration.
struct Way {
    fault: &'static str,
    alive: bool,
    leave: fn(&mut Stage),
    registration: Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing.
    Nothing,
    /// It is there, and the API server does not call it.
    Idle,
}

const UNINSTALL: [&str; 4] = ["uninstall", "latchkey", "--namespace", SYSTEM];

fn uninstall(stage: &mut Stage) {
    stage.cluster.helm(&UNINSTALL).good();
}

fn delete_namespace(stage: &mut Stage) {
    stage.cluster.kubectl(&["delete", "namespace", SYSTEM, "--timeout=120s"], "").good();
}

fn delete_manifest(stage: &mut Stage) {
    // Its namespace takes some of it along before kubectl comes to it.
    let delete = ["delete", "-f", "manifests/install.yaml", "--ignore-not-found", "--timeout=120s"];
    let but_crds = ["-l", "app.kubernetes.io/name=latchkey"];
    stage.cluster.kubectl(&[delete.as_slice(), &but_crds].concat(), "").good();
}

/// Each object by itself, in no order, as whoever prunes or tidies by hand may do it.
fn delete_pieces(stage: &mut Stage) {
    let mut pieces = stage.pieces();
    pieces.shuffle(&mut rand::rng());
    eprintln!("deleted in this order: {pieces:?}");
    for [kind, name] in &pieces {
        let delete = ["delete", kind, name, "--namespace", SYSTEM, "--wait=false"];
        stage.cluster.kubectl(&delete, "").good();
    }
    stage.cluster.helm(&UNINSTALL).good(); // the release itself, as its user would then try
}

const BY_HELM: [Way; 4] = [
    Way {
        fault: "helm uninstall while replicas answer and ExternalSecrets are applied",
        alive: true,
        leave: uninstall,
        registration: Left::Nothing,
    },
    Way {
        fault: "helm uninstall after all replicas were killed",
        alive: false,
        leave: uninstall,
        registration: Left::Nothing,
    },
    Way {
        fault: "its namespace deleted while replicas answer and ExternalSecrets are applied",
        alive: true,
        leave: delete_namespace,
        registration: Left::Idle,
    },
    Way {
        fault: "its namespace deleted after all replicas were killed",
        alive: false,
        leave: delete_namespace,
        registration: Left::Idle,
    },
];

const PIECES: [Way; 2] = [
    Way {
        fault: "its objects deleted one by one in random order, then helm uninstall",
        alive: true,
        leave: delete_pieces,
        registration: Left::Nothing,
    },
    Way {
        fault: "its objects deleted one by one in random order after all replicas were killed",
        alive: false,
        leave: delete_pieces,
        registration: Left::Nothing,
    },
];

const BY_MANIFEST: [Way; 2] = [
    Way {
        fault: "kubectl delete -f install.yaml, but for the CRDs, while replicas answer and ExternalSecrets are applied",
        alive: true,
        leave: delete_manifest,
        registration: Left::Nothing,
    },
    Way {
        fault: "kubectl delete -f install.yaml, but for the CRDs, after all replicas were killed",
        alive: false,
        leave: delete_manifest,
        registration: Left::Nothing,
    },
];

/// What was seen of one way, so often tried.
#[derive(Default)]
struct Seen {
    applied: usize,
    held_up: Duration,
}

/// Leaves once, and looks at what is left.
fn leave(stage: &mut Stage, way: &Way, seen: &mut Seen) {
    if way.alive {
        let (applied, refused) = stage.while_applying(way.leave);
        assert!(refused.is_empty(), "{} of {applied}: {refused:?}", refused.len());
        assert!(applied > 0);
        seen.applied += applied;
    } else {
        stage.kill();
        let refusal = stage.try_everything().expect_err("failurePolicy is Fail, and nobody answers");
        assert!(refusal.contains("latchkey.dev"), "{refusal}");
        (way.leave)(stage);
    }
    seen.held_up = seen.held_up.max(stage.wait_free());
    if way.alive && way.registration == Left::Nothing {
        stage.wait_noticed();
    }
    assert_eq!(stage.registration().is_some(), way.registration == Left::Idle, "the registration");
    stage.nothing_has_a_finalizer();
    stage.secrets_stand();
    stage.terminate();
    assert_eq!(stage.registration().is_some(), way.registration == Left::Idle, "the registration");
}

fn row(way: &Way, test: &'static str, times: usize, seen: &Seen) {
    let applied = match way.alive {
        true => format!("none of {} applies refused; ", seen.applied),
        false => String::new(),
    };
    let registration = match way.registration {
        Left::Nothing => "no registration left",
        Left::Idle => "a registration left that the API server does not call",
    };
    Row {
        area: "leaving",
        fault: way.fault,
        test,
        tried: format!("{times} times, failurePolicy Fail"),
        seen: format!(
            "{applied}{registration}, no finalizer, no Secret touched then or by the next installation"
        ),
        well_after: Some(seen.held_up),
    }
    .write();
}

/// Each of these ways, so often in the long form, on one cluster; latchkey comes back after each, and is there when this returns.
fn each_way(by: By, ways: &[&Way], often: usize, test: &'static str) -> Stage {
    let mut stage = Stage::new(by);
    for way in ways {
        let mut seen = Seen::default();
        let times = scale(1, often);
        for _ in 0..times {
            leave(&mut stage, way, &mut seen);
            stage.come_back(by);
        }
        row(way, test, times, &seen);
    }
    stage
}

/// Then the CRDs go too, which is to say that every ExternalSecret is deleted, and with it what it owns. The last that
/// a cluster sees: its garbage collector takes half a minute to see that a kind is back.
fn with_the_crds(mut stage: Stage, fault: &'static str, test: &'static str, order: &[fn(&mut Stage)]) {
    order.iter().for_each(|step| step(&mut stage));
    stage.crds_are_gone();
    assert_eq!(stage.registration(), None);
    stage.terminate();
    Row {
        area: "leaving",
        fault,
        test,
        tried: "once, failurePolicy Fail".into(),
        seen: "no CRD hung; the Secrets of creationPolicy Owner went with their ExternalSecrets, those of Orphan and \
               Merge stayed"
            .into(),
        well_after: None,
    }
    .write();
}

#[test]
fn helm_uninstall_in_any_order_holds_up_nothing() {
    const TEST: &str = "leaving::orders::helm_uninstall_in_any_order_holds_up_nothing";
    let [alive, .., namespace_dead] = &BY_HELM;
    let stage = each_way(By::Helm, scale(&[alive, namespace_dead], &BY_HELM.each_ref()), 2, TEST);
    with_the_crds(stage, "the CRDs deleted after helm uninstall", TEST, &[uninstall, delete_crds]);
}

#[test]
fn the_manifest_may_be_deleted_with_or_without_its_crds() {
    const TEST: &str = "leaving::orders::the_manifest_may_be_deleted_with_or_without_its_crds";
    let stage = each_way(By::Manifest, scale(&[&BY_MANIFEST[0]], &BY_MANIFEST.each_ref()), 2, TEST);
    with_the_crds(stage, "the whole of install.yaml deleted", TEST, &[delete_everything]);
}

#[test]
fn no_order_of_its_pieces_holds_up_anything() {
    const TEST: &str = "leaving::orders::no_order_of_its_pieces_holds_up_anything";
    let stage = each_way(By::Helm, scale(&[&PIECES[1]], &PIECES.each_ref()), 4, TEST);
    let fault = "the CRDs deleted while replicas answer, then helm uninstall";
    with_the_crds(stage, fault, TEST, &[delete_crds, uninstall]);
}

fn delete_everything(stage: &mut Stage) {
    // Its namespace takes some of it along before kubectl comes to it.
    let delete = ["delete", "-f", "manifests/install.yaml", "--ignore-not-found", "--timeout=120s"];
    stage.cluster.kubectl(&delete, "").good();
}

fn delete_crds(stage: &mut Stage) {
    let delete = ["delete", "-f", "manifests/crds", "--timeout=120s"];
    stage.cluster.kubectl(&delete, "").good();
}
