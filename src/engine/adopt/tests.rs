//! Claims about adoption.

use k8s_openapi::api::core::v1::Secret;
use latchkey_api::external_secret::CreationPolicy::{self, CreateOrMerge, Orphan, Owner};
use serde_json::{Value, json};

use super::super::apply::double::{Double, conflict, not_found};
use super::super::desired::fixture::{case, data, managed, now, owned_by, owner, strings};
use super::*;

const ONE: &str = "/api/v1/namespaces/team/secrets/db";
const ALL: &str = "/api/v1/namespaces/team/secrets";

fn admitted(policy: CreationPolicy, stage: Stage) -> Secret {
    case().under(policy).at(stage).written()
}

fn target(policy: CreationPolicy) -> ExternalSecret {
    case().under(policy).external_secret
}

/// The Secret after the patch, as the API server merges it.
fn patched(secret: &Secret, stored: &ExternalSecret) -> Secret {
    let mut value = serde_json::to_value(secret).expect("a Secret serialises");
    json_patch::merge(&mut value, &Target::of(stored).patch(&secret.metadata));
    serde_json::from_value(value).expect("a Secret")
}

/// A Secret without what differs between any two writes: who wrote which field when.
fn bytes(mut secret: Secret) -> String {
    secret.metadata.managed_fields = None;
    serde_json::to_string(&secret).expect("a Secret serialises")
}

#[test]
fn an_adopted_secret_is_byte_for_byte_what_eso_would_have_written() {
    for policy in [Owner, Orphan, CreateOrMerge] {
        let by_eso = case().under(policy).written();
        for stage in [Stage::Create, Stage::Update] {
            let adopted = patched(&admitted(policy, stage), &target(policy));
            assert_eq!(bytes(adopted), bytes(by_eso.clone()), "{policy:?} {stage:?}");
        }
    }
}

#[test]
fn the_patch_names_the_version_that_it_is_for_and_no_value() {
    let secret = admitted(Owner, Stage::Create);
    assert_eq!(
        Target::of(&target(Owner)).patch(&secret.metadata),
        json!({ "metadata": {
            "uid": "secret-uid",
            "resourceVersion": "7",
            "annotations": { "latchkey.dev/pending": null },
            "ownerReferences": [{
                "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "app", "uid": "es-uid",
                "controller": true, "blockOwnerDeletion": true,
            }],
        } })
    );
    let owned = admitted(Owner, Stage::Update);
    assert_eq!(Target::of(&target(Owner)).patch(&owned.metadata)["metadata"].get("ownerReferences"), None);
}

#[test]
fn only_the_mark_of_just_this_version_fits() {
    let secret = admitted(Owner, Stage::Create);
    let fit = |stored: &ExternalSecret, secret: &Secret| Target::of(stored).fit(&secret.metadata);
    assert!(matches!(fit(&target(Owner), &secret), Fit::Ours(_)));
    assert_eq!(fit(&target(Owner), &managed(&[])), Fit::NotPending);
    let mut changed = target(Owner);
    changed.metadata.labels = Some(strings(&[("changed", "yes")]));
    assert_eq!(fit(&changed, &secret), Fit::Mismatch);
    let mut other = target(Owner);
    other.metadata.name = Some("other".into());
    assert_eq!(fit(&other, &secret), Fit::NotPending);
    let taken = owned_by(secret, owner("external-secrets.io/v1", "ExternalSecret", "other", "u"));
    assert_eq!(fit(&target(Owner), &taken), Fit::Mismatch);
}

fn found(secret: &Secret) -> (u16, Value) {
    (200, serde_json::to_value(secret).expect("a Secret serialises"))
}

#[tokio::test]
async fn adoption_reads_and_patches_metadata_alone() {
    let secret = admitted(Owner, Stage::Create);
    let none = (200, json!({ "metadata": {}, "items": [] }));
    let double = Double::answering([found(&secret), none, found(&patched(&secret, &target(Owner)))]);
    let adopted = match double.writer().adopt(&target(Owner)).await {
        Ok(Adoption::Adopted(adopted)) => adopted,
        other => panic!("it is adopted: {other:?}"),
    };
    assert_eq!(double.lines(), [format!("GET {ONE}"), format!("GET {ALL}"), format!("PATCH {ONE}")]);
    for asked in double.asked() {
        assert!(asked.accept.contains("as=PartialObjectMetadata"), "{asked:?}");
    }
    assert!(adopted.created);
    assert_eq!((adopted.at, adopted.cached), (now(), None));
    assert_eq!(adopted.secret.data_hash.len(), data(&secret).len() * 56);
}

#[tokio::test]
async fn who_is_second_reads_again_and_may_find_it_adopted() {
    let secret = admitted(Orphan, Stage::Create);
    let double = Double::answering([found(&secret), conflict(), found(&case().under(Orphan).written())]);
    assert_eq!(double.writer().adopt(&target(Orphan)).await, Ok(Adoption::NotPending));
}

#[tokio::test]
async fn without_a_secret_there_is_nothing_to_adopt() {
    let double = Double::answering([not_found()]);
    assert_eq!(double.writer().adopt(&target(Owner)).await, Ok(Adoption::NotPending));
}
