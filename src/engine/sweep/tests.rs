//! Claims about what becomes of a Secret whose ExternalSecret was not stored.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use latchkey_api::external_secret::CreationPolicy;
use serde_json::{Value, json};

use super::super::apply::double::{Double, conflict, version};
use super::super::desired::fixture::{annotation, case, data, foreign, managed, now, strings};
use super::super::desired::ownership::{DATA_HASH, MANAGED, label};
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

#[test]
fn without_its_external_secret_each_write_is_taken_back_as_far_as_it_can_be() {
    assert_eq!(decide(&created().metadata, None, later()), Sweep::Delete);
    assert_eq!(decide(&merged().metadata, None, later()), Sweep::Withdraw);
    assert_eq!(decide(&replaced().metadata, None, later()), Sweep::Unmark);
}

#[test]
fn a_stored_external_secret_is_synced_whatever_its_version() {
    let mut other = case().external_secret;
    other.metadata.labels = Some(strings(&[("changed", "yes")]));
    for stored in [case().external_secret, other] {
        for secret in [created(), merged(), replaced()] {
            assert_eq!(decide(&secret.metadata, Some(&stored), later()), Sweep::Resync);
        }
    }
}

#[test]
fn a_refused_change_of_the_targets_name_is_taken_back() {
    let mut stored = case().external_secret;
    stored.spec.target = None;
    assert_eq!(decide(&created().metadata, Some(&stored), later()), Sweep::Delete);
    assert_eq!(decide(&merged().metadata, Some(&stored), later()), Sweep::Withdraw);
    let none = case().under(CreationPolicy::None).external_secret;
    assert_eq!(decide(&created().metadata, Some(&none), later()), Sweep::Delete);
}

#[test]
fn nothing_is_done_before_the_time_is_up_nor_without_a_mark() {
    assert_eq!(decide(&created().metadata, None, now() + jiff::SignedDuration::from_secs(60)), Sweep::Keep);
    assert_eq!(decide(&case().written().metadata, None, later()), Sweep::Keep);
    assert_eq!(decide(&foreign(&[]).metadata, None, later()), Sweep::Keep);
}

#[test]
fn a_mark_that_cannot_be_read_is_left_alone() {
    let mut secret = created();
    secret.metadata.annotations.get_or_insert_default().insert(PENDING.into(), "{\"v\":2}".into());
    assert_eq!(decide(&secret.metadata, None, later()), Sweep::Keep);
}

#[test]
fn while_the_external_secret_is_being_deleted_nothing_is_done() {
    let mut dying = case().external_secret;
    dying.metadata.deletion_timestamp = Some(Time(now()));
    assert_eq!(decide(&created().metadata, Some(&dying), later()), Sweep::Keep);
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

#[tokio::test]
async fn a_pending_secret_is_deleted_in_the_version_that_is_there() {
    let double = Double::answering([found(&created()), (200, json!({}))]);
    assert_eq!(double.writer().delete_pending(&created().metadata).await, Ok(true));
    assert_eq!(double.lines(), [format!("GET {ONE}"), format!("DELETE {ONE}")]);
    assert_eq!(
        double.asked()[1].body["preconditions"],
        json!({ "uid": "secret-uid", "resourceVersion": "7" })
    );
}

#[tokio::test]
async fn a_secret_that_is_another_by_now_is_not_deleted() {
    let mut again = created();
    again.metadata.uid = Some("another".into());
    let adopted = case().written();
    for now in [again, adopted] {
        let double = Double::answering([found(&now)]);
        assert_eq!(double.writer().delete_pending(&created().metadata).await, Ok(false));
    }
}

#[tokio::test]
async fn a_copied_mark_deletes_nothing() {
    let mut copy = created();
    for entry in copy.metadata.managed_fields.iter_mut().flatten() {
        entry.manager = Some("some-copier".into());
    }
    let double = Double::answering([found(&copy)]);
    assert_eq!(double.writer().delete_pending(&copy.metadata).await, Ok(false));
}

#[tokio::test]
async fn withdrawing_replaces_and_unmarking_patches_metadata() {
    let double = Double::answering([found(&merged()), version("8"), version("9")]);
    assert_eq!(double.writer().withdraw_pending(&merged().metadata).await, Ok(true));
    assert_eq!(double.writer().unmark_pending(&replaced().metadata).await, Ok(true));
    assert_eq!(double.lines(), [format!("GET {ONE}"), format!("PUT {ONE}"), format!("PATCH {ONE}")]);
    assert_eq!(
        double.asked()[2].body,
        json!({ "metadata": {
            "uid": "secret-uid", "resourceVersion": "7", "annotations": { PENDING: null }
        } })
    );
}

#[tokio::test]
async fn who_is_second_leaves_it_for_the_next_round() {
    let double = Double::answering([conflict()]);
    assert_eq!(double.writer().unmark_pending(&replaced().metadata).await, Ok(false));
}
