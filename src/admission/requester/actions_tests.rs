use serde_json::json;

use super::*;

fn object(policy: &str) -> ExternalSecret {
    let object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {
            "secretStoreRef": {"name": "aws"},
            "target": {"name": "db-secret", "creationPolicy": policy},
            "data": [{
                "secretKey": "a", "remoteRef": {"key": "k"},
                "sourceRef": {"storeRef": {"kind": "ClusterSecretStore", "name": "vault"}},
            }],
        },
    });
    serde_json::from_value(object).expect("an ExternalSecret")
}

fn asked(policy: &str) -> Vec<String> {
    actions(&object(policy), "shop").iter().map(ToString::to_string).collect()
}

#[test]
fn whoever_takes_templates_out_of_a_secret_must_be_able_to_read_it() {
    let mut object = object("Owner");
    let from = json!({"templateFrom": [{"secret": {"name": "texts", "items": [{"key": "a"}]}}]});
    let template = serde_json::from_value(from).expect("a template");
    object.spec.target.get_or_insert_default().template = Some(template);
    let asked: Vec<String> = actions(&object, "shop").iter().map(ToString::to_string).collect();
    assert!(asked.contains(&"get secrets \"texts\" in namespace \"shop\"".to_owned()), "{asked:?}");
}

#[test]
fn whoever_has_a_secret_made_must_be_able_to_make_it_and_to_use_the_stores() {
    let stores = [
        "use secretstores.external-secrets.io \"aws\" in namespace \"shop\"",
        "use clustersecretstores.external-secrets.io \"vault\"",
    ];
    for policy in ["Owner", "Orphan", "CreateOrMerge"] {
        assert_eq!(asked(policy)[0], "create secrets in namespace \"shop\"");
        assert_eq!(asked(policy)[1..], stores);
    }
    assert_eq!(asked("Merge")[0], "update secrets \"db-secret\" in namespace \"shop\"");
    assert_eq!(asked("None"), stores);
}

#[test]
fn whoever_has_a_value_made_must_be_able_to_use_the_generator() {
    let mut object = object("None");
    let of = |kind| json!({"sourceRef": {"generatorRef": {"kind": kind, "name": "it"}}});
    object.spec.data_from = ["MFA", "ClusterGenerator", "Other"]
        .map(|kind| serde_json::from_value(of(kind)).expect("an entry"))
        .into();
    let asked: Vec<String> = actions(&object, "shop").iter().map(ToString::to_string).collect();
    let generators = [
        "use mfas.generators.external-secrets.io \"it\" in namespace \"shop\"",
        "use clustergenerators.generators.external-secrets.io \"it\"",
    ];
    assert_eq!(asked[2..], generators);
}

#[test]
fn only_a_target_that_is_new_to_the_object_can_be_taken_over() {
    let target = |policy: &str| target_of(&object(policy));
    assert_eq!(newly_targeted(&object("Owner"), None), Some(target("Owner")));
    assert_eq!(newly_targeted(&object("Owner"), Some(&object("Orphan"))), None);
    assert_eq!(newly_targeted(&object("Owner"), Some(&object("Merge"))), Some(target("Owner")));
    assert_eq!(newly_targeted(&object("Merge"), None), None);
}
