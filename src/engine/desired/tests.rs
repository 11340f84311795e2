//! Claims about what the Secret becomes: a good default, one thing changed.

use latchkey_api::external_secret::CreationPolicy::{CreateOrMerge, Merge, None as NoPolicy, Orphan, Owner};
use latchkey_api::external_secret::DeletionPolicy;
use serde_json::json;

use super::super::error::ErrorKind;
use super::super::hash;
use super::fixture::{
    Case, MANAGER, annotation, case, data, foreign, managed, now, owned_by, owner, strings,
};
use super::ownership::{CREATED_BY, DATA_HASH, MANAGED, label};
use super::*;

const ADMISSION: [Stage; 2] = [Stage::Create, Stage::Update];
const STAGES: [Stage; 3] = [Stage::Create, Stage::Update, Stage::Stored];
const ES: &str = "external-secrets.io/v1";

fn rejects(case: &Case, kind: ErrorKind) -> String {
    match case.desired() {
        Err(error) if error.kind == kind => error.message,
        other => panic!("expected {kind:?}, got {other:?}"),
    }
}

fn defers(case: &Case) -> bool {
    matches!(case.desired(), Ok(Desired::Deferred(_)))
}

fn mark(secret: &Secret) -> Option<Pending> {
    Pending::of(&secret.metadata)
}

// ---- what is written

#[test]
fn a_stored_external_secret_makes_just_what_eso_would_make() {
    let Ok(Desired::Create(secret)) = case().desired() else { panic!("it is created") };
    assert_eq!(
        serde_json::to_value(&*secret).expect("a Secret serialises"),
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "db",
                "namespace": "team",
                "labels": {
                    "tier": "backend",
                    "reconcile.external-secrets.io/managed": "true",
                    "reconcile.external-secrets.io/created-by": hash::created_by("team", "app"),
                },
                "annotations": {
                    "note": "n",
                    "reconcile.external-secrets.io/data-hash": hash::data_hash(
                        secret.data.as_ref().expect("data")
                    ),
                },
                "ownerReferences": [{
                    "apiVersion": "external-secrets.io/v1",
                    "kind": "ExternalSecret",
                    "name": "app",
                    "uid": "es-uid",
                    "controller": true,
                    "blockOwnerDeletion": true,
                }],
            },
            "data": { "password": "aHVudGVyMg==" },
        })
    );
}

#[test]
fn no_owner_is_named_before_it_is_stored() {
    let created = case().at(Stage::Create).written();
    assert_eq!(created.metadata.owner_references, None);
    for stage in [Stage::Update, Stage::Stored] {
        let owners = case().at(stage).written().metadata.owner_references.expect("an owner");
        assert_eq!(owners, [owner(ES, "ExternalSecret", "app", "es-uid")], "{stage:?}");
    }
}

#[test]
fn a_write_during_admission_is_marked_and_no_other() {
    for stage in ADMISSION {
        let mark = mark(&case().at(stage).written()).expect("a mark");
        assert!(mark.is_of(&case().external_secret) && mark.created && !mark.merged, "{mark:?}");
        assert_eq!(mark.at, now());
    }
    assert_eq!(mark(&case().written()), None);
}

#[test]
fn an_unchanged_secret_is_not_written_at_any_stage() {
    for stage in [Stage::Update, Stage::Stored] {
        for policy in [Owner, Orphan, CreateOrMerge] {
            let first = case().under(policy).written();
            let again = case().under(policy).over(first).at(stage).desired();
            assert_eq!(again, Ok(Desired::Nothing(Written::Unchanged)), "{policy:?} {stage:?}");
        }
    }
}

#[test]
fn owner_and_orphan_hold_own_keys_alone() {
    for policy in [Owner, Orphan] {
        let secret = case().under(policy).over(managed(&[("theirs", "t")])).written();
        assert_eq!(data(&secret), strings(&[("password", "hunter2")]), "{policy:?}");
    }
}

#[test]
fn merging_policies_keep_other_keys_and_replace_own() {
    for policy in [Merge, CreateOrMerge] {
        let before = case().under(policy).giving(&[("old", "o"), ("password", "p")]);
        let before = before.over(managed(&[("theirs", "t")])).written();
        let secret = case().under(policy).over(before).written();
        assert_eq!(data(&secret), strings(&[("password", "hunter2"), ("theirs", "t")]), "{policy:?}");
    }
}

#[test]
fn the_data_hash_is_of_all_keys() {
    let secret = case().under(Merge).over(managed(&[("theirs", "t")])).written();
    let hash = hash::data_hash(secret.data.as_ref().expect("data"));
    assert_eq!(annotation(&secret.metadata, DATA_HASH), Some(hash.as_str()));
}

#[test]
fn the_mark_changes_no_hash() {
    let hash = |stage| annotation(&case().at(stage).written().metadata, DATA_HASH).map(str::to_owned);
    assert_eq!(hash(Stage::Create), hash(Stage::Stored));
}

#[test]
fn stale_labels_and_annotations_go_and_those_of_others_stay() {
    let mut first = case();
    first.rendered.labels = strings(&[("stale", "s")]);
    first.rendered.annotations = strings(&[("stale", "s")]);
    let mut before = first.written();
    before.metadata.labels.get_or_insert_default().insert("theirs".into(), "t".into());
    let metadata = case().over(before).written().metadata;
    assert_eq!(label(&metadata, "stale"), None);
    assert_eq!(annotation(&metadata, "stale"), None);
    assert_eq!(label(&metadata, "theirs"), Some("t"));
    assert_eq!(label(&metadata, "tier"), Some("backend"));
}

#[test]
fn a_mark_among_the_rendered_annotations_is_not_taken_over() {
    let mut case = case();
    case.rendered.annotations = strings(&[(PENDING, "forged")]);
    assert_eq!(annotation(&case.written().metadata, PENDING), None);
}

#[test]
fn the_type_is_the_templates_or_stays() {
    let mut typed = case();
    typed.rendered.type_ = Some("kubernetes.io/tls".into());
    let tls = typed.written();
    assert_eq!(tls.type_.as_deref(), Some("kubernetes.io/tls"));
    let later = case().giving(&[("password", "new")]).over(tls).written();
    assert_eq!(later.type_.as_deref(), Some("kubernetes.io/tls"));
}

#[test]
fn a_change_of_type_is_refused_in_plain_words() {
    let mut case = case().over(case().written());
    case.rendered.type_ = Some("kubernetes.io/tls".into());
    let message = rejects(&case, ErrorKind::WriteRefused);
    assert!(message.contains(r#""Opaque""#) && message.contains("delete the Secret"), "{message}");
}

#[test]
fn what_no_secret_can_hold_is_refused_with_the_key_that_is_the_largest() {
    let (half, rest) = ("a".repeat(1 << 19), "b".repeat((1 << 19) - 7));
    let fits = case().giving(&[("half", &half), ("rest", &rest), ("seven", "1234567")]);
    assert_eq!(data(&fits.written()).len(), 3);
    let case = case().under(Merge).over(managed(&[("theirs", "12345678")]));
    let message = rejects(&case.giving(&[("half", &half), ("rest", &rest)]), ErrorKind::WriteRefused);
    assert!(message.contains("would hold 1048577 bytes") && message.contains(r#""half""#), "{message}");
}

#[test]
fn the_largest_key_is_not_named_if_a_template_rendered_it_or_another_wrote_it() {
    let large = "a".repeat(1 << 20);
    let mut rendered = case().giving(&[("hunter2", &large), ("more", "b")]);
    rendered.rendered.computed = ["hunter2".to_owned()].into();
    let theirs = case().under(Merge).over(managed(&[("hunter2", &large)]));
    for case in [rendered, theirs] {
        let message = rejects(&case, ErrorKind::WriteRefused);
        assert!(message.contains("its values has 1048576;") && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn privileged_types_are_neither_made_nor_written() {
    for type_ in ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"] {
        let mut making = case();
        making.rendered.type_ = Some(type_.into());
        rejects(&making, ErrorKind::InvalidSpec);
        let mut there = managed(&[]);
        there.type_ = Some(type_.into());
        for policy in [Owner, Orphan, Merge, CreateOrMerge] {
            rejects(&case().under(policy).over(there.clone()), ErrorKind::WriteRefused);
        }
    }
}

#[test]
fn finalizers_are_added_once_and_not_to_what_is_being_deleted() {
    let mut case = case();
    case.rendered.finalizers = vec!["example.com/a".into()];
    let secret = case.written();
    assert_eq!(secret.metadata.finalizers.as_deref(), Some(["example.com/a".to_owned()].as_slice()));
    assert_eq!(case.clone().over(secret).desired(), Ok(Desired::Nothing(Written::Unchanged)));
    let mut dying = managed(&[]);
    dying.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now()));
    assert_eq!(case.over(dying).written().metadata.finalizers, None);
}

#[test]
fn long_names_have_their_stale_labels_removed_too() {
    let name = "an-external-secret-of-more-than-27-bytes";
    let named = |mut case: Case| {
        case.rendered.external_secret = name.into();
        case.external_secret.metadata.name = Some(name.into());
        case
    };
    let mut first = named(case());
    first.rendered.labels = strings(&[("stale", "s")]);
    let before = first.written();
    assert_ne!(before.metadata.managed_fields.as_ref().and_then(|f| f[0].manager.as_deref()), Some(MANAGER));
    assert_eq!(label(&named(case()).over(before).written().metadata, "stale"), None);
}

#[test]
fn debug_shows_no_value() {
    let shown = format!("{:?}", case().at(Stage::Create).desired());
    assert!(shown.contains("db") && !shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
}

// ---- policies

#[test]
fn merge_waits_for_its_target_and_none_wants_nothing() {
    for stage in STAGES {
        let merge = case().under(Merge).at(stage).desired();
        assert_eq!(merge, Ok(Desired::Nothing(Written::TargetMissing)));
        let none = case().under(NoPolicy).over(foreign(&[])).at(stage).desired();
        assert_eq!(none, Ok(Desired::Nothing(Written::NotWanted)));
    }
}

#[test]
fn leaving_owner_removes_the_owner_and_its_label() {
    for policy in [Orphan, Merge, CreateOrMerge] {
        let metadata = case().under(policy).over(case().written()).written().metadata;
        assert_eq!(metadata.owner_references, None, "{policy:?}");
        assert_eq!(label(&metadata, CREATED_BY), None, "{policy:?}");
        assert_eq!(label(&metadata, MANAGED), Some("true"), "{policy:?}");
    }
}

#[test]
fn owners_that_do_not_control_stay() {
    let mut other = owner("v1", "ConfigMap", "c", "u");
    other.controller = None;
    let secret = case().over(owned_by(managed(&[]), other.clone())).written();
    let owners = secret.metadata.owner_references.expect("owners");
    assert_eq!(owners, [other, owner(ES, "ExternalSecret", "app", "es-uid")]);
}

#[test]
fn an_empty_provider_follows_the_deletion_policy() {
    let own = case().written();
    let version = Version::of(&own.metadata);
    let empty = |deletion, stage| {
        let mut case = case().giving(&[]).over(own.clone()).at(stage);
        case.rendered.provider_empty = true;
        case.rendered.deletion = deletion;
        case
    };
    for stage in STAGES {
        let retained = empty(DeletionPolicy::Retain, stage).desired();
        assert_eq!(retained, Ok(Desired::Nothing(Written::Retained)));
        assert_eq!(data(&empty(DeletionPolicy::Merge, stage).written()), strings(&[]));
    }
    assert_eq!(empty(DeletionPolicy::Delete, Stage::Stored).desired(), Ok(Desired::Delete(version)));
    for stage in ADMISSION {
        assert!(defers(&empty(DeletionPolicy::Delete, stage)), "a refused version must not delete");
    }
    let mut gone = empty(DeletionPolicy::Delete, Stage::Stored);
    gone.existing = None;
    assert_eq!(gone.desired(), Ok(Desired::Nothing(Written::Deleted)));
}

#[test]
fn only_an_owner_deletes_and_only_what_is_its_own() {
    let mut empty = case().over(foreign(&[("a", "b")]));
    empty.rendered.provider_empty = true;
    empty.rendered.deletion = DeletionPolicy::Delete;
    rejects(&empty, ErrorKind::NotOwner);
    for policy in [Orphan, Merge, CreateOrMerge, NoPolicy] {
        rejects(&empty.clone().under(policy).over(case().written()), ErrorKind::NotOwner);
    }
}

// ---- immutable Secrets

#[test]
fn with_target_immutable_a_secret_is_frozen_as_it_is() {
    let mut changed = case().giving(&[("password", "new")]).over(case().written());
    changed.rendered.immutable = true;
    changed.rendered.labels = strings(&[("new", "label")]);
    let frozen = changed.written();
    assert_eq!(frozen.immutable, Some(true));
    assert_eq!(data(&frozen), strings(&[("password", "hunter2")]));
    assert_eq!(label(&frozen.metadata, "new"), None);
    assert_eq!(changed.over(frozen).desired(), Ok(Desired::Nothing(Written::Unchanged)));
}

#[test]
fn what_cannot_be_rendered_matters_only_if_a_frozen_secret_has_to_be_made() {
    let mut failed = case().giving(&[]);
    failed.rendered.immutable = true;
    failed.rendered.failed = Some(Error::new(ErrorKind::Template, "it fails"));
    assert_eq!(rejects(&failed, ErrorKind::Template), "it fails");
    let frozen = failed.clone().over(case().written()).written();
    assert_eq!(data(&frozen), strings(&[("password", "hunter2")]));
    assert_eq!(failed.over(frozen).desired(), Ok(Desired::Nothing(Written::Unchanged)));
}

#[test]
fn data_of_an_immutable_secret_is_not_changed_but_its_labels_are() {
    let mut frozen = case().written();
    frozen.immutable = Some(true);
    let changed = case().giving(&[("password", "new")]).over(frozen.clone());
    rejects(&changed, ErrorKind::Immutable);
    let mut labelled = case().over(frozen);
    labelled.rendered.labels = strings(&[("new", "label")]);
    let written = labelled.written();
    assert_eq!(label(&written.metadata, "new"), Some("label"));
    assert_eq!(written.immutable, Some(true));
}

// ---- whose it is

#[test]
fn a_secret_of_another_external_secret_is_never_touched() {
    let theirs = owned_by(managed(&[]), owner("external-secrets.io/v1beta1", "ExternalSecret", "other", "u"));
    for stage in STAGES {
        for policy in [Owner, Orphan, Merge, CreateOrMerge] {
            let message =
                rejects(&case().under(policy).over(theirs.clone()).at(stage), ErrorKind::OwnedByAnother);
            assert!(message.contains(r#""other""#), "{message}");
        }
    }
}

#[test]
fn a_secret_that_another_external_secret_is_about_to_own_is_not_touched() {
    let mut other = case().at(Stage::Create);
    other.rendered.external_secret = "other".into();
    other.external_secret.metadata.name = Some("other".into());
    for stage in STAGES {
        rejects(&case().over(other.written()).at(stage), ErrorKind::OwnedByAnother);
    }
}

#[test]
fn a_foreign_controller_is_an_obstacle_to_owner_alone() {
    let theirs = || owned_by(managed(&[]), owner("example.com/v1", "Database", "main", "u"));
    rejects(&case().over(theirs()), ErrorKind::ForeignOwner);
    for policy in [Orphan, Merge, CreateOrMerge] {
        let owners = case().under(policy).over(theirs()).written().metadata.owner_references;
        assert_eq!(owners.map(|owners| owners.len()), Some(1), "{policy:?}");
    }
}

#[test]
fn an_earlier_external_secret_of_the_name_is_replaced_as_owner() {
    let mut before = case().written();
    before.metadata.owner_references = Some(vec![owner(ES, "ExternalSecret", "app", "old-uid")]);
    let owners = case().over(before).written().metadata.owner_references;
    assert_eq!(owners, Some(vec![owner(ES, "ExternalSecret", "app", "es-uid")]));
}

#[test]
fn at_create_a_dead_owner_is_removed_lest_the_secret_be_collected_with_it() {
    let secret = case().over(case().written()).at(Stage::Create).written();
    assert_eq!(secret.metadata.owner_references, None);
    assert!(mark(&secret).is_some_and(|mark| mark.created), "it would have gone without this admission");
}
