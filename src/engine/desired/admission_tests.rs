//! Claims about writes during admission: what waits until the ExternalSecret is stored, and the marks on what does not.

use latchkey_api::external_secret::CreationPolicy::{CreateOrMerge, Merge, Orphan, Owner};

use super::fixture::{Case, case, data, foreign, managed, now, strings};
use super::ownership::{CREATED_BY, MANAGED, label};
use super::*;

const ADMISSION: [Stage; 2] = [Stage::Create, Stage::Update];

fn defers(case: &Case) -> bool {
    matches!(case.desired(), Ok(Desired::Deferred(_)))
}

fn mark(secret: &Secret) -> Option<Pending> {
    Pending::of(&secret.metadata)
}

#[test]
fn an_unmanaged_secret_is_taken_over_only_for_a_stored_external_secret() {
    for policy in [Owner, Orphan, Merge, CreateOrMerge] {
        for stage in ADMISSION {
            assert!(
                defers(&case().under(policy).over(foreign(&[("a", "b")])).at(stage)),
                "{policy:?} {stage:?}"
            );
        }
        let taken = case().under(policy).over(foreign(&[("a", "b")])).written();
        assert_eq!(label(&taken.metadata, MANAGED), Some("true"), "{policy:?}");
    }
}

#[test]
fn a_managed_secret_that_nobody_owns_is_written_at_once() {
    let left_by_orphan = case().under(Orphan).giving(&[("old", "o")]).written();
    for policy in [Owner, Orphan, CreateOrMerge] {
        let secret = case().under(policy).over(left_by_orphan.clone()).at(Stage::Create).written();
        let mark = mark(&secret).expect("a mark");
        assert!(!mark.created && mark.merged == (policy == CreateOrMerge), "{policy:?} {mark:?}");
    }
}

#[test]
fn an_own_secret_is_written_at_once_though_the_label_is_gone() {
    let mut own = case().written();
    own.metadata.labels = None;
    assert_eq!(label(&case().over(own).at(Stage::Update).written().metadata, MANAGED), Some("true"));
}

#[test]
fn keys_that_no_external_secret_wrote_are_not_lost_to_a_version_that_may_be_refused() {
    for policy in [Owner, Orphan] {
        assert!(
            defers(&case().under(policy).over(managed(&[("theirs", "t")])).at(Stage::Create)),
            "{policy:?}"
        );
    }
    for policy in [Merge, CreateOrMerge] {
        let beside = case().under(policy).over(managed(&[("theirs", "t")])).at(Stage::Create).written();
        assert_eq!(data(&beside), strings(&[("password", "hunter2"), ("theirs", "t")]));
        assert!(defers(&case().under(policy).over(managed(&[("password", "t")])).at(Stage::Create)));
    }
}

#[test]
fn what_was_made_for_another_external_secret_waits() {
    let mut left = managed(&[]);
    left.metadata.labels = Some(strings(&[(MANAGED, "true"), (CREATED_BY, "00ff")]));
    assert!(defers(&case().over(left.clone()).at(Stage::Create)));
    assert_eq!(label(&case().over(left).written().metadata, CREATED_BY).map(str::len), Some(56));
}

#[test]
fn a_review_that_is_sent_again_writes_nothing() {
    for stage in ADMISSION {
        let again = case().over(case().at(stage).written()).at(stage).desired();
        assert_eq!(again, Ok(Desired::Nothing(Written::Unchanged)), "{stage:?}");
    }
}

#[test]
fn a_mark_of_another_version_is_renewed_and_still_says_who_made_the_secret() {
    let first = case().at(Stage::Create).written();
    let mut second = case().over(first).at(Stage::Create);
    second.external_secret.metadata.labels = Some(strings(&[("changed", "yes")]));
    let mark = mark(&second.written()).expect("a mark");
    assert!(mark.is_of(&second.external_secret) && mark.created, "{mark:?}");
}

#[test]
fn an_old_mark_is_renewed() {
    let mut first = case().at(Stage::Create).written();
    let old = Pending { at: now() - jiff::SignedDuration::from_secs(50), ..mark(&first).expect("a mark") };
    let annotations = first.metadata.annotations.get_or_insert_default();
    annotations.insert(PENDING.to_owned(), old.to_annotation());
    let renewed = mark(&case().over(first).at(Stage::Create).written());
    assert_eq!(renewed.map(|mark| mark.at), Some(now()));
}

#[test]
fn a_sync_of_the_stored_object_removes_the_mark() {
    let marked = case().at(Stage::Update).written();
    assert_eq!(mark(&case().over(marked).written()), None);
}

#[test]
fn the_mark_of_another_that_merges_too_stays_as_it_is() {
    let mut other = case().under(Merge).giving(&[("other", "o")]).over(managed(&[])).at(Stage::Create);
    other.rendered.external_secret = "other".into();
    other.external_secret.metadata.name = Some("other".into());
    let shared = case().under(Merge).over(other.written()).written();
    assert_eq!(mark(&shared).map(|mark| mark.external_secret).as_deref(), Some("other"));
    assert_eq!(
        case().under(Merge).over(shared).at(Stage::Update).desired(),
        Ok(Desired::Nothing(Written::Unchanged))
    );
}

/// What an update that is being admitted writes over the stored `app`: another password.
fn updated() -> Case {
    let mut update = case().giving(&[("password", "new")]).over(case().written());
    update.external_secret.metadata.generation = Some(2);
    update.replacing(&case().external_secret)
}

#[test]
fn who_holds_the_version_that_is_being_replaced_does_not_bring_back_its_values() {
    let mut version = updated();
    version.external_secret.spec.refresh_interval = Some("2h".into());
    let being_stored = version.written();
    let desired = case().over(being_stored.clone()).desired();
    assert_eq!(desired, Ok(Desired::Nothing(Written::Overtaken)));

    let mut refused = being_stored;
    let long_ago =
        Pending { at: now() - jiff::SignedDuration::from_secs(61), ..mark(&refused).expect("a mark") };
    refused.metadata.annotations.get_or_insert_default().insert(PENDING.into(), long_ago.to_annotation());
    let given_back = case().over(refused).written();
    assert_eq!((data(&given_back), mark(&given_back)), (strings(&[("password", "hunter2")]), None));
}

#[test]
fn who_holds_a_version_that_latchkey_was_not_asked_about_is_not_overtaken_by_an_earlier_one() {
    let mut later = case().over(updated().written());
    later.external_secret.metadata.generation = Some(3);
    later.external_secret.metadata.resource_version = Some("12".into());
    later.external_secret.spec.refresh_interval = Some("3h".into());
    assert_eq!(data(&later.written()), strings(&[("password", "hunter2")]));
}

#[test]
fn what_was_changed_and_changed_back_is_not_overtaken_by_the_change() {
    let mut back = case().over(updated().written());
    back.external_secret.metadata.resource_version = Some("12".into());
    assert_eq!(data(&back.written()), strings(&[("password", "hunter2")]));
}
