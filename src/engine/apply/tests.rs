//! Claims about the requests that a write makes; what is written is `desired`'s.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use latchkey_api::external_secret::CreationPolicy;
use serde_json::{Value, json};

use super::super::desired::fixture::{Case, case, foreign, managed};
use super::super::pending::{PENDING, Pending};
use super::double::{Double, conflict, not_found, refusal, version};
use super::*;

const ONE: &str = "/api/v1/namespaces/team/secrets/db";
const ALL: &str = "/api/v1/namespaces/team/secrets";

async fn apply(double: &Double, case: &Case, effects: Effects) -> Result<Applied, Error> {
    let Case { rendered, external_secret, stage, replaces: _, existing: _ } = case;
    let write = Write { rendered, external_secret, stage: *stage, over: None, effects, cached: None };
    double.writer().apply(&write, Deadline::after(Duration::from_secs(5))).await
}

fn found(secret: &Secret) -> (u16, Value) {
    (200, serde_json::to_value(secret).expect("a Secret serialises"))
}

/// What the double was asked, as (method and path, …).
fn asks(double: &Double, lines: &[(&str, &str)]) {
    let expected: Vec<_> = lines.iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(double.lines(), expected);
}

fn exists() -> (u16, Value) {
    refusal(409, "AlreadyExists", "secrets \"db\" already exists")
}

fn admitted() -> Case {
    case().at(Stage::Create)
}

#[tokio::test]
async fn a_new_secret_is_made_without_a_look() {
    let double = Double::answering([version("8")]);
    let applied = apply(&double, &admitted(), Effects::Apply).await.expect("it is made");
    asks(&double, &[("POST", ALL)]);
    let made = &double.asked()[0];
    assert!(made.line.ends_with("?&fieldManager=externalsecrets.external-secrets.io%2Fapp"), "{}", made.line);
    assert!(
        made.accept.contains("as=PartialObjectMetadata"),
        "the values are not asked back: {}",
        made.accept
    );
    assert_eq!(made.body["data"], json!({ "password": "aHVudGVyMg==" }));
    let secret = applied.secret.expect("a state");
    assert_eq!((applied.written, secret.resource_version.as_str()), (Written::Created, "8"));
    assert_eq!(made.body["metadata"]["annotations"][DATA_HASH], json!(secret.data_hash));
}

#[tokio::test]
async fn a_changed_secret_is_replaced_in_the_version_that_was_read() {
    let case = case().giving(&[("password", "new")]).at(Stage::Update);
    let double =
        Double::answering([found(&case.clone().giving(&[]).at(Stage::Stored).written()), version("8")]);
    let applied = apply(&double, &case, Effects::Apply).await.expect("it is replaced");
    asks(&double, &[("GET", ONE), ("PUT", ONE)]);
    assert_eq!(double.asked()[1].body["metadata"]["resourceVersion"], json!("7"));
    assert_eq!(applied.written, Written::Updated);
}

#[tokio::test]
async fn what_is_right_already_is_read_and_no_more() {
    let double = Double::answering([found(&case().written())]);
    let applied = apply(&double, &case(), Effects::Apply).await.expect("it is right");
    asks(&double, &[("GET", ONE)]);
    assert_eq!(applied.written, Written::Unchanged);
    assert_eq!(applied.secret.map(|secret| secret.resource_version).as_deref(), Some("7"));
}

#[tokio::test]
async fn a_policy_that_writes_nothing_asks_nothing() {
    let double = Double::default();
    let applied = apply(&double, &case().under(CreationPolicy::None), Effects::Apply).await;
    assert_eq!(applied.map(|applied| applied.written), Ok(Written::NotWanted));
    asks(&double, &[]);
}

#[tokio::test]
async fn a_deferred_takeover_says_why_and_writes_nothing() {
    let double = Double::answering([exists(), found(&foreign(&[("a", "b")]))]);
    let applied = apply(&double, &admitted(), Effects::Apply).await.expect("it is admitted");
    asks(&double, &[("POST", ALL), ("GET", ONE)]);
    assert_eq!(applied.written, Written::Deferred);
    assert!(applied.notes[0].contains("once this ExternalSecret is stored"), "{:?}", applied.notes);
}

#[tokio::test]
async fn a_dry_run_proves_the_write_and_knows_no_version() {
    let double = Double::answering([version("8")]);
    let applied = apply(&double, &admitted(), Effects::DryRun).await.expect("it would be made");
    assert!(double.asked()[0].line.contains("dryRun=All"), "{}", double.asked()[0].line);
    assert_eq!(applied.secret.map(|secret| secret.resource_version).as_deref(), Some(""));
}

/// A full namespace takes no new Secret, and lets those be changed that are there.
#[tokio::test]
async fn a_secret_that_cannot_be_made_is_looked_for() {
    let full = || refusal(403, "Forbidden", "exceeded quota: full");
    let there = case().giving(&[("password", "old")]).written();
    let double = Double::answering([full(), found(&there), version("9")]);
    let applied = apply(&double, &admitted(), Effects::Apply).await.expect("it is changed");
    asks(&double, &[("POST", ALL), ("GET", ONE), ("PUT", ONE)]);
    assert_eq!(applied.written, Written::Updated);
    let double = Double::answering([full(), not_found(), full()]);
    let error = apply(&double, &admitted(), Effects::Apply).await.expect_err("it is refused");
    asks(&double, &[("POST", ALL), ("GET", ONE), ("POST", ALL)]);
    assert!(error.to_string().contains("quota"), "{error}");
}

#[tokio::test]
async fn who_is_second_reads_again() {
    let before = case().giving(&[]).written();
    let double =
        Double::answering([not_found(), exists(), found(&before), conflict(), found(&before), version("9")]);
    let case = case().at(Stage::Update);
    let applied = apply(&double, &case, Effects::Apply).await.expect("the third attempt");
    asks(&double, &[("GET", ONE), ("POST", ALL), ("GET", ONE), ("PUT", ONE), ("GET", ONE), ("PUT", ONE)]);
    assert_eq!(applied.written, Written::Updated);
}

#[tokio::test]
async fn a_secret_that_vanishes_meanwhile_is_made_again() {
    let case = case().at(Stage::Update);
    let double = Double::answering([found(&managed(&[])), not_found(), not_found(), version("9")]);
    let applied = apply(&double, &case, Effects::Apply).await.expect("it is made");
    asks(&double, &[("GET", ONE), ("PUT", ONE), ("GET", ONE), ("POST", ALL)]);
    assert_eq!(applied.written, Written::Created);
}

#[tokio::test]
async fn after_some_races_it_is_given_up() {
    let race = [found(&managed(&[])), conflict()];
    let double = Double::answering(race.into_iter().cycle().take(2 * ATTEMPTS as usize));
    let error = apply(&double, &case().at(Stage::Update), Effects::Apply).await.expect_err("it is given up");
    assert_eq!(error.kind, ErrorKind::Cluster);
}

#[tokio::test]
async fn the_deadline_ends_a_write_that_gets_no_answer() {
    let double = Double::default();
    let Case { rendered, external_secret, stage, .. } = &case();
    let (over, effects) = (None, Effects::Apply);
    let write = Write { rendered, external_secret, stage: *stage, over, effects, cached: None };
    let answer = double.writer().apply(&write, Deadline::after(Duration::from_millis(5))).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::Deadline));
}

#[tokio::test]
async fn other_secrets_of_the_owner_go_once_the_new_one_is_due() {
    let later = Pending {
        external_secret: "app".into(),
        spec_hash: "00".into(),
        at: Timestamp::now(),
        created: true,
        merged: false,
        cached: None,
        over: case().external_secret.metadata.resource_version,
    };
    let list = json!({ "metadata": {}, "items": [
        { "metadata": { "name": "db", "uid": "a", "resourceVersion": "1" } },
        { "metadata": { "name": "old", "uid": "b", "resourceVersion": "2" } },
        { "metadata": { "name": "copied", "uid": "c", "resourceVersion": "3", "ownerReferences": [
            { "apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "u", "controller": true }
        ] } },
        { "metadata": { "name": "of-a-later-version", "uid": "d", "resourceVersion": "4", "annotations": {
            PENDING: later.to_annotation(),
        } } },
    ] });
    let double = Double::answering([not_found(), (200, list), (200, json!({})), version("8")]);
    let applied = apply(&double, &case(), Effects::Apply).await.expect("it is made");
    let old = "/api/v1/namespaces/team/secrets/old";
    asks(&double, &[("GET", ONE), ("GET", ALL), ("DELETE", old), ("POST", ALL)]);
    assert_eq!(double.asked()[2].body["preconditions"], json!({ "uid": "b", "resourceVersion": "2" }));
    assert_eq!(applied.orphans_deleted, ["old"]);
}

#[tokio::test]
async fn a_secret_without_values_at_the_provider_is_deleted_in_the_version_that_was_read() {
    let mut empty = case();
    empty.rendered.provider_empty = true;
    empty.rendered.deletion = latchkey_api::external_secret::DeletionPolicy::Delete;
    let double = Double::answering([found(&case().written()), (200, json!({}))]);
    let applied = apply(&double, &empty, Effects::Apply).await.expect("it is deleted");
    asks(&double, &[("GET", ONE), ("DELETE", ONE)]);
    let preconditions = &double.asked()[1].body["preconditions"];
    assert_eq!(preconditions, &json!({ "uid": "secret-uid", "resourceVersion": "7" }));
    assert_eq!((applied.written, applied.secret), (Written::Deleted, None));
}

async fn refused_with(code: u16, reason: &str, message: &str, causes: Value) -> Error {
    let (code, mut status) = refusal(code, reason, message);
    status["details"] = json!({ "causes": causes });
    let refused = (code, status);
    let double = Double::answering([refused.clone(), not_found(), refused]);
    apply(&double, &admitted(), Effects::Apply).await.expect_err("it is refused")
}

#[tokio::test]
async fn refusals_are_told_without_values() {
    let label = "Secret \"db\" is invalid: metadata.labels: Invalid value: \"hunter2\": must be …";
    let quota = "secrets \"db\" is forbidden: exceeded quota: q, requested: secrets=1, used: secrets=2, limited: secrets=2";
    let rbac = "secrets is forbidden: User \"system:serviceaccount:latchkey:latchkey\" cannot create resource \"secrets\"";
    let webhook = "admission webhook \"policy.example.com\" denied the request: password is hunter2";
    let policy =
        "secrets \"db\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: hunter2";
    let invalid =
        json!([{ "reason": "FieldValueInvalid", "field": "metadata.labels", "message": "hunter2" }]);
    let keyed =
        json!([{ "reason": "FieldValueInvalid", "field": "metadata.labels[hunter2]", "message": "hunter2" }]);
    let ending = json!([{ "reason": "NamespaceTerminating", "field": "metadata.namespace" }]);
    let none = json!([]);
    let by_webhook = "admission webhook \"policy.example.com\" refuses Secret \"db\"; correct spec.target, or that webhook";
    for (code, reason, message, causes, told) in [
        (
            422,
            "Invalid",
            label,
            &invalid,
            "the API server refuses Secret \"db\": metadata.labels (FieldValueInvalid); correct spec.target.template",
        ),
        (
            422,
            "Invalid",
            label,
            &keyed,
            "the API server refuses Secret \"db\": metadata.labels (FieldValueInvalid); correct spec.target.template",
        ),
        (
            403,
            "Forbidden",
            quota,
            &none,
            "the API server refuses Secret \"db\": exceeded quota: q, requested: secrets=1, used: secrets=2, limited: \
             secrets=2; delete what is not needed, or raise the quota",
        ),
        (
            403,
            "Forbidden",
            rbac,
            &none,
            "latchkey has no right to create Secret \"db\"; grant its ServiceAccount the verb \"create\" on secrets in \
             namespace \"team\"",
        ),
        (403, "Forbidden", webhook, &none, by_webhook),
        (400, "BadRequest", webhook, &none, by_webhook),
        (
            422,
            "Invalid",
            policy,
            &none,
            "ValidatingAdmissionPolicy \"p\" refuses Secret \"db\"; correct spec.target, or that policy",
        ),
        (
            403,
            "Forbidden",
            "x",
            &ending,
            "namespace \"team\" is being deleted; wait until it is gone, or use another",
        ),
        (
            404,
            "NotFound",
            "namespaces \"team\" not found",
            &none,
            "namespace \"team\" does not exist; create it",
        ),
        (
            413,
            "RequestEntityTooLarge",
            "limit is 3145728",
            &none,
            "Secret \"db\" is larger than the API server takes; ask for less",
        ),
        (
            405,
            "MethodNotAllowed",
            "hunter2",
            &none,
            "the API server refuses Secret \"db\": MethodNotAllowed (405); see its audit log",
        ),
    ] {
        let error = refused_with(code, reason, message, causes.clone()).await;
        assert_eq!(error, Error::new(ErrorKind::WriteRefused, told));
    }
}

#[tokio::test]
async fn what_passes_is_no_refusal() {
    let webhook =
        "Internal error occurred: failed calling webhook \"policy.example.com\": failed to call webhook";
    for (code, message, told) in [
        (
            500,
            webhook,
            "admission webhook \"policy.example.com\" does not answer the API server for Secret \"db\"",
        ),
        (503, "", "the API server cannot be asked now: ServiceUnavailable (503)"),
        (429, "", "the API server cannot be asked now: ServiceUnavailable (429)"),
        (401, "", "the API server cannot be asked now: ServiceUnavailable (401)"),
    ] {
        let error = refused_with(code, "ServiceUnavailable", message, json!([])).await;
        assert_eq!(error, Error::new(ErrorKind::Cluster, told));
    }
}

#[tokio::test]
async fn a_reason_that_is_not_the_api_servers_is_not_told() {
    let webhook = "admission webhook \"policy.example.com\" denied the request: hunter2";
    for (code, told) in
        [(500, "the API server cannot be asked now: 500"), (429, "the API server cannot be asked now: 429")]
    {
        let error = refused_with(code, "hunter2", webhook, json!([])).await;
        assert_eq!(error, Error::new(ErrorKind::Cluster, told));
    }
    let error = refused_with(405, "hunter2", "hunter2", json!([])).await;
    let told = "the API server refuses Secret \"db\": 405; see its audit log";
    assert_eq!(error, Error::new(ErrorKind::WriteRefused, told));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    let double = Double::answering([(200, json!({ "data": { "password": "hunter2 is not base64" } }))]);
    let error = apply(&double, &case(), Effects::Apply).await.expect_err("it cannot be read");
    assert_eq!(error.kind, ErrorKind::Cluster);
    assert!(!error.message.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_secret_is_valid_as_long_as_its_data_is_what_was_written() {
    let written = case().written();
    let mut relabelled = written.clone();
    relabelled.metadata.labels.get_or_insert_default().insert("other".into(), "o".into());
    let mut changed = written.clone();
    changed.data = foreign(&[("password", "changed")]).data;
    let mut unmanaged = written.clone();
    unmanaged.metadata.labels = None;
    for (secret, valid) in [(&written, true), (&relabelled, true), (&changed, false), (&unmanaged, false)] {
        let double = Double::answering([found(secret)]);
        let verified = double.writer().verify("team", "db").await.expect("an answer");
        assert_eq!(verified.is_some(), valid, "{:?}", secret.metadata);
    }
    let gone = Double::answering([not_found()]).writer().verify("team", "db").await;
    assert_eq!(gone, Ok(None));
}
