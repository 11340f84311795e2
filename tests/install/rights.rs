//! What latchkey may do, and what it may not, as it is installed by the chart. That it may do what it needs is shown by
//! every other test: latchkey runs with these rights there.

use crate::support::{SYSTEM, World, world};

/// The answer of `kubectl auth can-i`, as latchkey.
fn can(world: &World, what: &str) -> bool {
    let user = format!("--as=system:serviceaccount:{SYSTEM}:latchkey");
    let groups = ["--as-group=system:serviceaccounts", "--as-group=system:authenticated"];
    let args: Vec<&str> = what.split(' ').collect();
    let said = world.kubectl(&[&["auth", "can-i", &user], groups.as_slice(), &args].concat(), "");
    assert_eq!(said.ok, said.out.trim() == "yes", "{what}: {said}");
    said.ok
}

#[test]
fn may_do_what_it_is_for() {
    let world = world();
    for what in [
        "watch externalsecrets.external-secrets.io -A",
        "patch externalsecrets.external-secrets.io --subresource=status -A",
        "create externalsecrets.external-secrets.io -n default",
        "watch namespaces",
        "get passwords.generators.external-secrets.io -n default",
        "get clustergenerators.generators.external-secrets.io",
        "patch secrets -n default",
        "create serviceaccounts --subresource=token -n default",
        "update mutatingwebhookconfigurations/latchkey",
        "update leases.coordination.k8s.io/latchkey -n latchkey-system",
    ] {
        assert!(can(world, what), "it may not {what}");
    }
}

#[test]
fn may_do_nothing_else() {
    let world = world();
    for what in [
        // The registration of anybody else, or its own anew.
        "create mutatingwebhookconfigurations",
        "delete mutatingwebhookconfigurations/latchkey",
        "patch mutatingwebhookconfigurations/latchkey",
        "update mutatingwebhookconfigurations/another",
        "list mutatingwebhookconfigurations",
        "create validatingwebhookconfigurations",
        "update validatingwebhookconfigurations",
        "create validatingadmissionpolicies",
        // The API that it serves.
        "deletecollection externalsecrets.external-secrets.io -n default",
        "update clusterexternalsecrets.external-secrets.io",
        "update secretstores.external-secrets.io -n default",
        "delete clustersecretstores.external-secrets.io",
        "list passwords.generators.external-secrets.io -n default",
        "update passwords.generators.external-secrets.io -n default",
        "watch clustergenerators.generators.external-secrets.io",
        "create customresourcedefinitions",
        "update customresourcedefinitions",
        // Objects in namespaces.
        "list configmaps -n default",
        "watch configmaps -n default",
        "create configmaps -n default",
        "update configmaps -n default",
        "list serviceaccounts -n default",
        "create serviceaccounts -n default",
        "create namespaces",
        "update namespaces/default",
        "deletecollection secrets -n default",
        "get pods -n default",
        "create pods -n default",
        "create pods --subresource=exec -n default",
        "create pods --subresource=ephemeralcontainers -n default",
        "create deployments.apps -n default",
        "patch deployments.apps -n latchkey-system",
        "get nodes",
        "create nodes --subresource=proxy",
        "list events.events.k8s.io -n default",
        // Leases of others, and the leader's anywhere else.
        "update leases.coordination.k8s.io/another -n latchkey-system",
        "create leases.coordination.k8s.io -n default",
        "update leases.coordination.k8s.io/latchkey -n default",
        // More rights.
        "escalate clusterroles",
        "bind clusterroles",
        "create clusterroles",
        "create clusterrolebindings",
        "update clusterroles/latchkey",
        "create rolebindings -n default",
        "escalate roles -n latchkey-system",
        "impersonate users",
        "impersonate serviceaccounts -n kube-system",
        "impersonate groups",
        "create certificatesigningrequests",
        "approve signers",
        "* *",
        "get /metrics",
    ] {
        assert!(!can(world, what), "it may {what}");
    }
}

#[test]
fn tokens_of_service_accounts_can_be_left_out() {
    let cluster = super::cluster::Cluster::new();
    cluster.install(&["--set", "rbac.serviceAccountTokenCreate=false"]).good();
    let user = format!("--as=system:serviceaccount:{SYSTEM}:latchkey");
    let said =
        cluster.kubectl(&["auth", "can-i", &user, "create", "serviceaccounts", "--subresource=token"], "");
    assert_eq!(said.out.trim(), "no", "{said}");
}
