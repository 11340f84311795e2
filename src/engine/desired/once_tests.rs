//! Claims about made values: which are kept, which are written, which wait.

use latchkey_api::external_secret::CreationPolicy::{Merge, Orphan};

use super::super::fixture::{Case, case, data, managed, strings};
use super::super::{Desired, Stage};
use crate::engine::outcome::Written;

/// A case whose only value was just made.
fn made(value: &str) -> Case {
    let mut case = case().giving(&[("password", value)]);
    case.rendered.made = ["password".to_owned()].into();
    case
}

fn renewing(value: &str) -> Case {
    let mut case = made(value);
    case.rendered.renew = true;
    case
}

fn unchanged(case: &Case) -> bool {
    matches!(case.desired(), Ok(Desired::Nothing(Written::Unchanged)))
}

#[test]
fn what_the_secret_holds_is_kept_unless_a_renewal_is_due() {
    let secret = made("one").written();
    assert!(unchanged(&made("two").over(secret.clone())));
    assert_eq!(data(&renewing("two").over(secret).written()), strings(&[("password", "two")]));
}

#[test]
fn a_repair_keeps_it_and_takes_away_what_is_foreign() {
    let mut secret = made("one").written();
    secret.metadata.labels = None;
    secret.data.get_or_insert_default().insert("foreign".into(), Default::default());
    assert_eq!(data(&made("two").over(secret).written()), strings(&[("password", "one")]));
}

#[test]
fn what_somebody_else_wrote_or_took_away_is_made_anew() {
    let foreign = managed(&[("password", "guess")]);
    assert_eq!(data(&made("two").over(foreign).written()), strings(&[("password", "two")]));
    let mut emptied = made("one").written();
    emptied.data = None;
    assert_eq!(data(&made("two").over(emptied).written()), strings(&[("password", "two")]));
}

#[test]
fn a_repeated_review_keeps_what_the_first_wrote() {
    let first = made("one").at(Stage::Create).written();
    assert!(unchanged(&made("two").at(Stage::Create).over(first)));
}

#[test]
fn what_was_made_for_a_version_that_was_refused_is_not_kept() {
    let first = made("one").at(Stage::Create).written();
    let mut other = made("two").over(first);
    other.external_secret.metadata.labels = Some(strings(&[("another", "version")]));
    assert_eq!(data(&other.written()), strings(&[("password", "two")]));
}

#[test]
fn an_external_secret_made_again_keeps_what_it_left() {
    for policy in [Orphan, Merge] {
        let left = made("one").under(policy).over(managed(&[])).written();
        assert!(unchanged(&made("two").under(policy).at(Stage::Create).over(left)), "{policy:?}");
    }
}

#[test]
fn during_admission_nothing_is_made_over_what_could_not_be_given_back() {
    let secret = made("one").written();
    let update = renewing("two").at(Stage::Update).over(secret.clone());
    assert!(
        matches!(update.desired(), Ok(Desired::Deferred(why)) if why.contains("once this ExternalSecret is stored"))
    );
    assert!(matches!(renewing("one").at(Stage::Update).over(secret).desired(), Ok(Desired::Nothing(_))));
}

#[test]
fn beside_what_is_kept_what_was_read_is_written() {
    let both = |password: &str, user: &str| {
        let mut case = case().giving(&[("password", password), ("user", user)]);
        case.rendered.made = ["password".to_owned()].into();
        case
    };
    let secret = both("one", "a").written();
    let after = both("two", "b").over(secret).written();
    assert_eq!(data(&after), strings(&[("password", "one"), ("user", "b")]));
}
