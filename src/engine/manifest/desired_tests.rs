use std::collections::BTreeMap;

use latchkey_api::external_secret::ManifestRef;

use super::super::{Path, Set};
use super::*;

fn rendered(creation: CreationPolicy, deletion: DeletionPolicy, empty: bool) -> Rendered {
    let manifest = Manifest {
        of: ManifestRef { api_version: "v1".into(), kind: "ConfigMap".into() },
        sets: vec![Set {
            at: "spec.target".into(),
            path: Path::keys(&["data"]),
            value: json!({"user": "app"}),
            merges: creation == CreationPolicy::Merge,
        }],
    };
    Rendered {
        namespace: "shop".into(),
        external_secret: "app".into(),
        name: "app".into(),
        creation,
        deletion,
        immutable: false,
        type_: None,
        labels: BTreeMap::from([("l".into(), "1".into())]),
        annotations: BTreeMap::from([(LAST_APPLIED.into(), "{}".into())]),
        finalizers: Vec::new(),
        data: BTreeMap::new(),
        provider_empty: empty,
        missing: Vec::new(),
        doubts: Vec::new(),
        made: Default::default(),
        computed: Default::default(),
        failed: None,
        renew: false,
        manifest: Some(manifest),
    }
}

/// What is done about what is there, in a word, and the object that is sent.
fn done(there: Option<&Value>, rendered: &Rendered) -> (String, Value) {
    let claim =
        Claim { namespace: "shop", external_secret: "app", uid: Some("u1"), creation: rendered.creation };
    match desired(there, rendered, rendered.manifest.as_ref().expect("a manifest"), &claim) {
        Ok(Desired::Nothing(written)) => (format!("{written:?}"), Value::Null),
        Ok(Desired::Create(object)) => ("create".into(), object),
        Ok(Desired::Update(object)) => ("update".into(), object),
        Ok(Desired::Delete(version)) => ("delete".into(), json!(version.uid)),
        Err(error) => (error.kind.as_str().to_owned(), Value::Null),
    }
}

fn there(labels: Value, owner: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"own": "1"},
        "metadata": {"name": "app", "namespace": "shop", "uid": "o", "labels": labels, "ownerReferences": owner},
    })
}

fn owner(kind: &str, name: &str, uid: &str) -> Value {
    json!([{"apiVersion": "external-secrets.io/v1", "kind": kind, "name": name, "uid": uid, "controller": true}])
}

#[test]
fn what_is_done_depends_on_the_policy_and_on_whose_the_object_is() {
    use CreationPolicy::{CreateOrMerge, Merge, None as Nothing, Orphan, Owner};
    let nobodys = there(json!({}), json!([]));
    let managed = there(json!({ MANAGED: "true" }), json!([]));
    let own = there(json!({ MANAGED: "true" }), owner("ExternalSecret", "app", "u1"));
    let others = there(json!({}), owner("ExternalSecret", "other", "u2"));
    let foreign = there(json!({}), owner("Application", "other", "u2"));
    for (policy, object, does) in [
        (Owner, None, "create"),
        (Orphan, None, "create"),
        (CreateOrMerge, None, "create"),
        (Merge, None, "TargetMissing"),
        (Nothing, None, "NotWanted"),
        (Nothing, Some(&nobodys), "NotWanted"),
        (Owner, Some(&nobodys), "foreign_owner"),
        (Merge, Some(&nobodys), "update"),
        (CreateOrMerge, Some(&nobodys), "update"),
        (Owner, Some(&managed), "update"),
        (Owner, Some(&own), "update"),
        (Merge, Some(&others), "owned_by_another"),
        (Owner, Some(&foreign), "foreign_owner"),
        (Merge, Some(&foreign), "update"),
    ] {
        let rendered = rendered(policy, DeletionPolicy::Retain, false);
        assert_eq!(done(object, &rendered).0, does, "{policy:?} {object:?}");
    }
}

#[test]
fn only_its_own_object_is_deleted_when_nothing_is_left() {
    let own = there(json!({}), owner("ExternalSecret", "app", "u1"));
    let earlier = there(json!({}), owner("ExternalSecret", "app", "u0"));
    let nobodys = there(json!({}), json!([]));
    for (deletion, object, does) in [
        (DeletionPolicy::Retain, Some(&own), "Retained"),
        (DeletionPolicy::Delete, Some(&own), "delete"),
        (DeletionPolicy::Delete, Some(&earlier), "not_owner"),
        (DeletionPolicy::Delete, Some(&nobodys), "not_owner"),
        (DeletionPolicy::Delete, None, "Deleted"),
    ] {
        let rendered = rendered(CreationPolicy::Owner, deletion, true);
        assert_eq!(done(object, &rendered).0, does, "{deletion:?}");
    }
}

#[test]
fn what_was_written_is_right_and_changes_nothing_the_next_time() {
    let owning = rendered(CreationPolicy::Owner, DeletionPolicy::Retain, false);
    let (does, object) = done(None, &owning);
    assert_eq!((does.as_str(), &object["data"]), ("create", &json!({"user": "app"})));
    let metadata = &object["metadata"];
    assert_eq!((&metadata["labels"][MANAGED], &metadata["labels"]["l"]), (&json!("true"), &json!("1")));
    assert_eq!(metadata["ownerReferences"][0]["uid"], "u1");
    assert!(metadata["annotations"][LAST_APPLIED].is_null());
    assert_eq!(done(Some(&object), &owning).0, "Unchanged");
    let merging = rendered(CreationPolicy::Merge, DeletionPolicy::Retain, false);
    let (_, merged) = done(Some(&there(json!({}), json!([]))), &merging);
    assert_eq!(merged["data"], json!({"own": "1", "user": "app"}));
    assert!(merged["metadata"]["ownerReferences"].is_null());
}
