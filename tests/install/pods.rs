//! latchkey's own Pods.

use serde_json::json;

use crate::support::{SYSTEM, world};

#[test]
fn its_pod_is_admitted_where_only_restricted_pods_are() {
    let world = world();
    let namespace = json!({ "metadata": {
        "name": "restricted", "labels": { "pod-security.kubernetes.io/enforce": "restricted" },
    }});
    world.cluster.create("/api/v1/namespaces", &namespace).expect("a namespace");
    let account = json!({ "metadata": { "name": "latchkey" } });
    world
        .cluster
        .create("/api/v1/namespaces/restricted/serviceaccounts", &account)
        .expect("a ServiceAccount");

    let deployment = format!("/apis/apps/v1/namespaces/{SYSTEM}/deployments/latchkey");
    let mut template = world.get(&deployment).expect("the Deployment")["spec"]["template"].take();
    template["apiVersion"] = json!("v1");
    template["kind"] = json!("Pod");
    template["metadata"]["name"] = json!("latchkey");
    let create = ["--namespace", "restricted", "create", "-f", "-"];
    world.kubectl(&create, &template.to_string()).silent();

    // Not because everything is.
    template["metadata"]["name"] = json!("root");
    template["spec"]["securityContext"]["runAsNonRoot"] = json!(false);
    template["spec"]["securityContext"]["runAsUser"] = json!(0);
    let said = world.kubectl(&create, &template.to_string()).refused();
    assert!(said.err.contains("violates PodSecurity"), "{said}");
}

/// The deployment controller runs in the shared world.
#[test]
fn its_deployment_makes_two_pods_and_a_disruption_takes_one() {
    let world = world();
    let pods = format!("/api/v1/namespaces/{SYSTEM}/pods");
    world.wait("two Pods", std::time::Duration::from_secs(60), || {
        (world.get(&pods)?["items"].as_array()?.len() == 2).then_some(())
    });
    let budget = format!("/apis/policy/v1/namespaces/{SYSTEM}/poddisruptionbudgets/latchkey");
    assert_eq!(world.get(&budget).expect("a budget")["spec"]["minAvailable"], 1);
}
