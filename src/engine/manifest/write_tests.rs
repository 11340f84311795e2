//! What is asked of the API server for an object that is no Secret.

use std::time::Duration;

use latchkey_api::external_secret::{CreationPolicy, ExternalSecretStatus};
use serde_json::json;

use super::*;
use crate::engine::apply::double::{Double, not_found, refusal, version};
use crate::engine::desired::fixture::case;
use crate::engine::job::Stage;
use crate::engine::manifest::{Path, Set};
use latchkey_api::external_secret::{ExternalSecret, ManifestRef};

fn config_maps() -> (u16, Value) {
    (200, json!({ "resources": [{ "name": "configmaps", "kind": "ConfigMap", "namespaced": true }] }))
}

/// A ConfigMap of somebody, as it is listed.
fn listed(name: &str, owner: &str, uid: &str) -> Value {
    let owner = json!([{
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": owner, "uid": uid, "controller": true,
    }]);
    json!({ "metadata": { "name": name, "uid": name, "resourceVersion": "5", "ownerReferences": owner } })
}

fn list(items: &[Value]) -> (u16, Value) {
    (
        200,
        json!({ "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": {}, "items": items }),
    )
}

/// An ExternalSecret in its second version, the first of which was synced.
fn changed() -> ExternalSecret {
    let mut object = case().external_secret;
    object.metadata.generation = Some(2);
    let synced_resource_version = Some("1-abc".to_owned());
    object.status = Some(ExternalSecretStatus { synced_resource_version, ..ExternalSecretStatus::default() });
    object
}

/// What comes of writing it to this API server.
async fn written(double: &Double, object: &ExternalSecret, stage: Stage) -> Result<Applied, Error> {
    let set = Set { at: "x".into(), path: Path::keys(&["data"]), value: json!({ "a": "1" }), merges: false };
    let of = ManifestRef { api_version: "v1".into(), kind: "ConfigMap".into() };
    let rendered = Rendered { manifest: None, creation: object.spec.creation_policy(), ..case().rendered };
    let write = Write {
        rendered: &rendered,
        external_secret: object,
        stage,
        over: None,
        effects: Effects::Apply,
        cached: None,
    };
    let manifest = Manifest { of, sets: vec![set] };
    double.writer().apply_manifest(&write, &manifest, Deadline::after(Duration::from_secs(5))).await
}

#[tokio::test]
async fn a_changed_target_under_owner_leaves_nothing_of_its_own_under_another_name() {
    let others = [
        listed("old", "app", "es-uid"),
        listed("db", "app", "es-uid"),
        listed("earlier", "app", "another-uid"),
        listed("copied", "other", "es-uid"),
    ];
    let double = Double::answering([
        config_maps(),
        not_found(),
        list(&[]), // Secrets
        list(&others),
        (200, json!({ "kind": "Status", "status": "Success" })),
        version("6"),
    ]);
    let applied = written(&double, &changed(), Stage::Stored).await.expect("written");
    assert_eq!((applied.written, applied.orphans_deleted), (Written::Created, vec!["old".to_owned()]));
    let maps = "/api/v1/namespaces/team/configmaps";
    let wanted = [
        "GET /api/v1".to_owned(),
        format!("GET {maps}/db"),
        "GET /api/v1/namespaces/team/secrets".to_owned(),
        format!("GET {maps}"),
        format!("DELETE {maps}/old"),
        format!("POST {maps}"),
    ];
    assert_eq!(double.lines(), wanted);
    let asked = double.asked();
    assert!(asked[3].line.contains("labelSelector=reconcile.external-secrets.io%2Fcreated-by"), "{asked:?}");
    assert_eq!(asked[4].body["preconditions"], json!({ "uid": "old", "resourceVersion": "5" }));
}

#[tokio::test]
async fn nothing_is_looked_for_where_nothing_can_be_or_may_be() {
    let asked = async |object: &ExternalSecret, stage| {
        let double = Double::answering([config_maps(), not_found(), version("6")]);
        let applied = written(&double, object, stage).await.expect("written");
        assert_eq!(applied.orphans_deleted, [] as [String; 0]);
        double.lines().len()
    };
    let mut first = changed();
    first.metadata.generation = Some(1);
    let mut synced = changed();
    synced.metadata.generation = Some(2);
    synced.status.get_or_insert_default().synced_resource_version = Some("2-abc".to_owned());
    let mut merging = changed();
    merging.spec.target.get_or_insert_default().creation_policy = Some(CreationPolicy::CreateOrMerge);
    for object in [first, synced, merging] {
        assert_eq!(asked(&object, Stage::Stored).await, 3);
    }
    assert_eq!(asked(&changed(), Stage::Update).await, 3, "what is admitted may yet be refused");

    // Who gave no right to list gets his object all the same.
    let refused = refusal(403, "Forbidden", "configmaps is forbidden: User \"l\" cannot list resource");
    let double = Double::answering([config_maps(), not_found(), list(&[]), refused, version("6")]);
    let applied = written(&double, &changed(), Stage::Stored).await.expect("written");
    assert_eq!((applied.written, applied.orphans_deleted.len()), (Written::Created, 0));
}

#[tokio::test]
async fn a_kind_that_is_gone_is_asked_about_anew_before_it_is_given_up() {
    let mut first = changed();
    first.metadata.generation = Some(1);
    let double = Double::answering([
        config_maps(),
        not_found(),
        not_found(),
        config_maps(),
        not_found(),
        version("6"),
    ]);
    let applied = written(&double, &first, Stage::Stored).await.expect("written at last");
    assert_eq!(applied.written, Written::Created);
    let double =
        Double::answering([config_maps(), not_found(), not_found(), config_maps(), not_found(), not_found()]);
    let error = written(&double, &first, Stage::Stored).await.expect_err("gone");
    assert!(error.message.contains("refuses to create ConfigMap"), "{error}");
}
