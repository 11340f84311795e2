//! Claims about what becomes of a Secret whose ExternalSecret was not stored.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use latchkey_api::external_secret::CreationPolicy;
use serde_json::{Value, json};

use super::super::apply::double::{Double, conflict, version};
use super::super::desired::fixture::{annotation, case, data, managed, now, strings};
use super::super::desired::ownership::{DATA_HASH, MANAGED, label};
use super::super::error::Error;
use super::super::hash;
use super::super::job::Stage;
use super::super::pending::PENDING;
use super::take_back::withdraw;
use super::*;

const ONE: &str = "/api/v1/namespaces/team/secrets/db";

fn later() -> Timestamp {
    now() + jiff::SignedDuration::from_secs(61)
}

fn created() -> Secret {
    case().at(Stage::Create).written()
}

/// Keys merged at admission into a Secret that another ExternalSecret's author made.
fn merged() -> Secret {
    case().under(CreationPolicy::Merge).over(managed(&[("theirs", "t")])).at(Stage::Create).written()
}

/// A managed Secret that nobody owned, replaced at admission.
fn replaced() -> Secret {
    let left = case().under(CreationPolicy::Orphan).giving(&[("old", "o")]).written();
    case().under(CreationPolicy::Orphan).over(left).at(Stage::Create).written()
}

fn mark(secret: &Secret) -> Pending {
    Pending::of(&secret.metadata).expect("a mark")
}

fn decided(stored: Option<&ExternalSecret>, now: Timestamp) -> Sweep {
    decide(&mark(&created()), "db", stored, now)
}

#[test]
fn without_its_external_secret_it_is_taken_back() {
    assert_eq!(decided(None, later()), Sweep::TakeBack);
}

#[test]
fn a_stored_external_secret_is_synced_whatever_its_version() {
    let mut other = case().external_secret;
    other.metadata.labels = Some(strings(&[("changed", "yes")]));
    for stored in [case().external_secret, other] {
        assert_eq!(decided(Some(&stored), later()), Sweep::Resync);
    }
}

#[test]
fn a_refused_change_of_the_targets_name_is_taken_back() {
    let mut stored = case().external_secret;
    stored.spec.target = None;
    assert_eq!(decided(Some(&stored), later()), Sweep::TakeBack);
    let none = case().under(CreationPolicy::None).external_secret;
    assert_eq!(decided(Some(&none), later()), Sweep::TakeBack);
}

#[test]
fn nothing_is_done_before_the_time_is_up() {
    assert_eq!(decided(None, now() + jiff::SignedDuration::from_secs(60)), Sweep::Keep);
}

#[test]
fn while_the_external_secret_is_being_deleted_nothing_is_done() {
    let mut dying = case().external_secret;
    dying.metadata.deletion_timestamp = Some(Time(now()));
    assert_eq!(decided(Some(&dying), later()), Sweep::Keep);
}

#[test]
fn withdrawing_leaves_what_others_wrote_with_a_true_hash() {
    let mut secret = merged();
    withdraw(&mut secret, "app");
    assert_eq!(data(&secret), strings(&[("theirs", "t")]));
    let digest = hash::data_hash(secret.data.as_ref().expect("data"));
    assert_eq!(annotation(&secret.metadata, DATA_HASH), Some(digest.as_str()));
    assert_eq!(annotation(&secret.metadata, PENDING), None);
    assert_eq!(label(&secret.metadata, "tier"), None);
    assert_eq!(label(&secret.metadata, MANAGED), Some("true"));
}

fn found(secret: &Secret) -> (u16, Value) {
    (200, serde_json::to_value(secret).expect("a Secret serialises"))
}

async fn take_back(double: &Double, judged: &Secret) -> Result<(), Error> {
    double.writer().take_back("team", "db", &mark(judged)).await
}

#[tokio::test]
async fn a_secret_that_admission_made_is_deleted_in_the_version_that_is_there() {
    let double = Double::answering([found(&created()), (200, json!({}))]);
    assert_eq!(take_back(&double, &created()).await, Ok(()));
    assert_eq!(double.lines(), [format!("GET {ONE}"), format!("DELETE {ONE}")]);
    assert_eq!(
        double.asked()[1].body["preconditions"],
        json!({ "uid": "secret-uid", "resourceVersion": "7" })
    );
}

#[tokio::test]
async fn merged_keys_are_withdrawn() {
    let double = Double::answering([found(&merged()), found(&merged()), version("8")]);
    assert_eq!(take_back(&double, &merged()).await, Ok(()));
    assert_eq!(double.lines(), [format!("GET {ONE}"), format!("GET {ONE}"), format!("PUT {ONE}")]);
    assert_eq!(double.asked()[2].body["data"], json!({ "theirs": "dA==" }));
}

#[tokio::test]
async fn a_secret_that_was_there_keeps_what_it_has_and_loses_the_mark() {
    let double = Double::answering([found(&replaced()), version("9")]);
    assert_eq!(take_back(&double, &replaced()).await, Ok(()));
    assert_eq!(double.lines(), [format!("GET {ONE}"), format!("PATCH {ONE}")]);
    assert_eq!(
        double.asked()[1].body,
        json!({ "metadata": {
            "uid": "secret-uid", "resourceVersion": "7", "annotations": { PENDING: null }
        } })
    );
}

#[tokio::test]
async fn what_has_been_adopted_or_marked_again_is_left_alone() {
    let mut again = created();
    let newer = Pending { at: later(), ..mark(&again) };
    again.metadata.annotations.get_or_insert_default().insert(PENDING.into(), newer.to_annotation());
    for now in [again, case().written()] {
        let double = Double::answering([found(&now)]);
        assert_eq!(take_back(&double, &created()).await, Ok(()));
        assert_eq!(double.lines(), [format!("GET {ONE}")]);
    }
}

#[tokio::test]
async fn a_copied_mark_deletes_nothing_and_goes() {
    let mut copy = created();
    for entry in copy.metadata.managed_fields.iter_mut().flatten() {
        entry.manager = Some("some-copier".into());
    }
    let double = Double::answering([found(&copy), version("9")]);
    assert_eq!(take_back(&double, &copy).await, Ok(()));
    assert_eq!(double.lines(), [format!("GET {ONE}"), format!("PATCH {ONE}")]);
}

#[tokio::test]
async fn who_is_second_leaves_it_for_the_next_round() {
    let double = Double::answering([found(&replaced()), conflict()]);
    assert_eq!(take_back(&double, &replaced()).await, Ok(()));
}
