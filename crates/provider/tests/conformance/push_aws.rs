//! What is pushed into AWS Secrets Manager, and what is left alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_provider::{Content, ErrorKind, Existing, Pushed, SecretBytes};
use serde_json::{Value, json};

use crate::aws::{Aws, aws, block};
use crate::live::Log;
use crate::pushing::{CANARY, Pusher, whole};

/// A pusher into secrets whose names begin with `team/`.
async fn pusher(fixture: &Aws) -> Pusher {
    pusher_with(fixture, json!({})).await
}

async fn pusher_with(fixture: &Aws, deletion: Value) -> Pusher {
    let mut store = block("good");
    store["prefix"] = json!("team/");
    store["secretsManager"] = deletion;
    Pusher(fixture.provider(&aws(&store)).await)
}

fn described(fixture: &Aws, name: &str) -> Option<Value> {
    fixture.moto.secrets_manager("DescribeSecret", &json!({ "SecretId": name })).ok()
}

fn versions(fixture: &Aws, name: &str) -> usize {
    described(fixture, name).unwrap()["VersionIdsToStages"].as_object().unwrap().len()
}

fn tags(fixture: &Aws, name: &str) -> Value {
    let tags = described(fixture, name).unwrap()["Tags"].as_array().cloned().unwrap_or_default();
    Value::Object(
        tags.iter().map(|tag| (tag["Key"].as_str().unwrap().to_owned(), tag["Value"].clone())).collect(),
    )
}

/// The text, or the bytes as text with a mark before them.
fn value(fixture: &Aws, name: &str) -> String {
    let value = fixture.moto.secrets_manager("GetSecretValue", &json!({ "SecretId": name })).unwrap();
    let binary =
        |value: &Value| String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap();
    match &value["SecretString"] {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            format!("binary {}", binary(&value["SecretBinary"]))
        }
    }
}

const WRITES: [&str; 5] = ["CreateSecret", "PutSecretValue", "TagResource", "UntagResource", "DeleteSecret"];

fn writes(fixture: &Aws) -> usize {
    WRITES.iter().map(|action| fixture.moto.calls(action)).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_value_is_created_updated_and_left_alone() {
    let fixture = Aws::start();
    let pusher = pusher(&fixture).await;
    assert_eq!(pusher.push("db", None, "one").await, Ok(Pushed::Created));
    assert_eq!(value(&fixture, "team/db"), "binary one");
    assert_eq!(tags(&fixture, "team/db"), json!({ "managed-by": "external-secrets" }));
    assert_eq!(
        described(&fixture, "team/db").unwrap()["Description"],
        "secret 'managed-by:external-secrets'"
    );
    fixture.moto.proxy().forget();
    assert_eq!(pusher.push("db", None, "one").await, Ok(Pushed::Unchanged));
    assert_eq!((writes(&fixture), versions(&fixture, "team/db")), (0, 1));
    assert_eq!(pusher.push("db", None, "two").await, Ok(Pushed::Updated));
    assert_eq!(
        pusher.with("db", None, "three", json!({ "secretPushFormat": "string" })).await,
        Ok(Pushed::Updated)
    );
    assert_eq!(value(&fixture, "team/db"), "three");
    assert_eq!(pusher.push("db", None, "three").await, Ok(Pushed::Unchanged), "as text or as bytes");
    assert_eq!(pusher.content("db", None, whole(&[("a", "<")])).await, Ok(Pushed::Updated));
    assert_eq!(value(&fixture, "team/db"), r#"binary {"a":"<"}"#);
    let bytes = || Content::One(SecretBytes::new(*b"\xff\x00"));
    assert_eq!(pusher.content("bytes", None, bytes()).await, Ok(Pushed::Created));
    assert_eq!(pusher.content("bytes", None, bytes()).await, Ok(Pushed::Unchanged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_keeps_the_others() {
    let fixture = Aws::start();
    let pusher = pusher(&fixture).await;
    assert_eq!(pusher.push("part", Some("a"), "1").await, Ok(Pushed::Created));
    let own = json!({ "SecretId": "team/part", "SecretString": r#"{"n":1.50,"a":"1"}"# });
    fixture.moto.secrets_manager("PutSecretValue", &own).unwrap();
    assert_eq!(pusher.push("part", Some("o.in"), "2").await, Ok(Pushed::Updated));
    assert_eq!(value(&fixture, "team/part"), r#"binary {"n":1.50,"a":"1","o":{"in":"2"}}"#);
    fixture.moto.proxy().forget();
    assert_eq!(pusher.push("part", Some("o.in"), "2").await, Ok(Pushed::Unchanged));
    assert_eq!(writes(&fixture), 0);
    for property in [None, Some("o.in"), Some("in"), Some("")] {
        let existing = pusher.existing("part", property).await;
        assert_eq!(existing, Ok(Existing::Managed), "of the secret, not of {property:?}");
    }
    let empty =
        json!({ "Name": "team/empty", "Tags": [{ "Key": "managed-by", "Value": "external-secrets" }] });
    fixture.moto.secrets_manager("CreateSecret", &empty).unwrap();
    assert_eq!(pusher.existing("empty", None).await, Ok(Existing::Missing), "it has no value");
    assert_eq!(pusher.existing("nobody", None).await, Ok(Existing::Missing));
    pusher.push("plain", None, CANARY).await.unwrap();
    let error = pusher.push("plain", Some("a"), CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidValue, "{error}");
    assert_eq!(pusher.push("plain", Some("a.#"), "1").await.unwrap_err().kind, ErrorKind::InvalidRequest);
    assert_eq!(value(&fixture, "team/plain"), format!("binary {CANARY}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_has_put_there_is_left_alone_unless_known() {
    let fixture = Aws::start();
    fixture.moto.put_secret("team/theirs", CANARY).unwrap();
    let pusher = pusher(&fixture).await;
    let error = pusher.push("theirs", None, "mine").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotManaged);
    let want = "secret not managed by external-secrets: \"theirs\" in AWS Secrets Manager in us-east-1";
    assert_eq!(error.message, want);
    for property in [None, Some("a")] {
        assert_eq!(pusher.delete("theirs", property, false).await, Ok(()));
    }
    assert_eq!(pusher.existing("theirs", None).await, Ok(Existing::Foreign));
    assert_eq!(pusher.known("theirs", None, CANARY).await, Ok(Pushed::Unchanged));
    assert_eq!((writes(&fixture), value(&fixture, "team/theirs")), (0, CANARY.to_owned()));
    assert_eq!(pusher.known("theirs", None, "mine").await, Ok(Pushed::Updated));
    assert_eq!(value(&fixture, "team/theirs"), "binary mine");
    assert_eq!(pusher.delete("theirs", None, true).await, Ok(()));
    assert_eq!(pusher.existing("theirs", None).await, Ok(Existing::Missing));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_is_deleted_and_the_secret_with_the_last() {
    let fixture = Aws::start();
    let pusher = pusher_with(&fixture, json!({ "forceDeleteWithoutRecovery": true })).await;
    let string = json!({ "secretPushFormat": "string" });
    for property in ["a", "o.in"] {
        pusher.with("gone", Some(property), "1", string.clone()).await.unwrap();
    }
    assert_eq!(pusher.delete("gone", Some("c"), false).await, Ok(()));
    assert_eq!(pusher.delete("gone", Some("a"), false).await, Ok(()));
    assert_eq!(value(&fixture, "team/gone"), r#"{"o":{"in":"1"}}"#, "still a text");
    assert_eq!(pusher.delete("gone", Some("o.in"), false).await, Ok(()));
    assert!(described(&fixture, "team/gone").is_none());
    assert_eq!(pusher.delete("gone", None, false).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_secret_is_restored() {
    let fixture = Aws::start();
    let pusher = pusher_with(&fixture, json!({ "recoveryWindowInDays": 7 })).await;
    pusher.push("back", None, "1").await.unwrap();
    assert_eq!(pusher.delete("back", None, false).await, Ok(()));
    assert!(described(&fixture, "team/back").unwrap()["DeletedDate"].is_number());
    assert_eq!(pusher.existing("back", None).await, Ok(Existing::Missing));
    assert_eq!(pusher.delete("back", None, false).await, Ok(()));
    assert_eq!(pusher.push("back", None, "2").await, Ok(Pushed::Created));
    assert_eq!(value(&fixture, "team/back"), "binary 2");
    let wrong = pusher_with(&fixture, json!({ "recoveryWindowInDays": 3 })).await;
    assert_eq!(wrong.delete("back", None, false).await.unwrap_err().kind, ErrorKind::InvalidConfig);
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_pushed_along() {
    let fixture = Aws::start();
    let pusher = pusher(&fixture).await;
    let push = async |metadata| pusher.with("meta", None, "1", metadata).await;
    let given = json!({ "tags": { "a": "1", "b": "1" }, "description": "mine", "kmsKeyId": "alias/mine" });
    assert_eq!(push(given.clone()).await, Ok(Pushed::Created));
    let created = described(&fixture, "team/meta").unwrap();
    assert_eq!((&created["Description"], &created["KmsKeyId"]), (&json!("mine"), &json!("alias/mine")));
    fixture.moto.proxy().forget();
    assert_eq!(push(given).await, Ok(Pushed::Unchanged));
    assert_eq!(writes(&fixture), 0);
    assert_eq!(push(json!({ "tags": { "a": "2" } })).await, Ok(Pushed::Updated));
    assert_eq!(tags(&fixture, "team/meta"), json!({ "a": "2", "managed-by": "external-secrets" }));
    assert_eq!(versions(&fixture, "team/meta"), 1);
    for (metadata, kind, says) in [
        (json!({ "secretPushFormat": CANARY }), ErrorKind::InvalidConfig, "spec.secretPushFormat"),
        (json!({ "labels": {} }), ErrorKind::InvalidConfig, "spec.labels"),
        (json!({ "resourcePolicy": {} }), ErrorKind::Unsupported, "spec.resourcePolicy"),
    ] {
        let error = push(metadata).await.unwrap_err();
        assert!(error.kind == kind && error.message.contains(says), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_without_what_they_quote() {
    let fixture = Aws::start();
    let pusher = pusher(&fixture).await;
    let quotes = format!("Value '{CANARY}' at 'secretBinary' failed to satisfy constraint");
    fixture.moto.fail("CreateSecret", 400, "ValidationException", &quotes);
    let error = pusher.push("refused", None, CANARY).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot write secret \"team/refused\": AWS Secrets Manager in us-east-1 refused (ValidationException)"
    );
    fixture.moto.fail("CreateSecret", 400, "ResourceExistsException", "exists");
    assert_eq!(pusher.push("refused", None, CANARY).await.unwrap_err().kind, ErrorKind::Unavailable);
    fixture.moto.proxy().behave();
    fixture.moto.deny("PutSecretValue");
    pusher.push("refused", None, "1").await.unwrap();
    let error = pusher.push("refused", None, CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.message.contains("is not authorized to perform: PutSecretValue"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_tried_again_is_the_same() {
    let fixture = Aws::start();
    let pusher = pusher(&fixture).await;
    let reply = latchkey_testbed::Reply::aws_error(500, "InternalServiceError", "again");
    let is_create = |request: &latchkey_testbed::Received| request.is_action("CreateSecret");
    fixture.moto.proxy().add_rule(latchkey_testbed::Rule::new(is_create, reply).times(1));
    assert_eq!(pusher.push("again", None, "1").await, Ok(Pushed::Created));
    let sent: Vec<_> = fixture.moto.proxy().received().into_iter().filter(is_create).collect();
    assert_eq!((sent.len(), &sent[0].body), (2, &sent[1].body), "with the token that makes it one request");
    assert!(String::from_utf8_lossy(&sent[0].body).contains("ClientRequestToken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_delete_otherwise_are_others() {
    let fixture = Aws::start();
    let identity = async |deletion: Value| {
        let mut store = block("good");
        store["secretsManager"] = deletion;
        fixture.connect(&aws(&store)).await.identity
    };
    let plain = identity(json!({})).await;
    assert_eq!(plain, identity(json!({})).await);
    assert_ne!(plain, identity(json!({ "forceDeleteWithoutRecovery": true })).await);
    assert_ne!(
        identity(json!({ "recoveryWindowInDays": 7 })).await,
        identity(json!({ "recoveryWindowInDays": 8 })).await
    );
}

/// On one thread, so that the subscriber of this test sees what this test does.
#[tokio::test]
async fn no_value_that_is_pushed_reaches_the_log() {
    let fixture = Aws::start();
    let log = Log::start();
    let pusher = pusher(&fixture).await;
    pusher.push("logged", None, CANARY).await.unwrap();
    pusher.with("logged", Some("a"), "2", json!({})).await.unwrap_err();
    pusher.with("texts", None, CANARY, json!({ "secretPushFormat": "string" })).await.unwrap();
    pusher.with("texts", None, "c4n4ry again", json!({ "secretPushFormat": "string" })).await.unwrap();
    log.end(&[CANARY, &STANDARD.encode(CANARY)]);
}
