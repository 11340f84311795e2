//! The generators that ask AWS, as moto speaks it. Of the public registry moto knows nothing: there a reply stands in its
//! place, which is given to a request that is signed for that service alone.

use std::sync::Arc;
use std::time::Duration;

use latchkey_api::generator::{Remote, RemoteKind};
use latchkey_provider::aws::Endpoints;
use latchkey_provider::generate::Made;
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Connector, Error, ErrorKind, SecretBytes};
use latchkey_testbed::{REGION, Received, Reply, Rule};
use serde_json::{Value, json};

use crate::aws::{Aws, block};
use crate::fixture::NAMESPACE;

fn endpoints(fixture: &Aws) -> Endpoints {
    let url = Some(fixture.moto.endpoint());
    Endpoints { secrets_manager: None, sts: url.clone(), ecr: url.clone(), ecr_public: url }
}

async fn make(fixture: &Aws, kind: RemoteKind, secret: &str, change: Value) -> Result<Made, Error> {
    let mut spec = json!({ "region": REGION, "auth": block(secret)["auth"] });
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let connector = Connector::new(fixture.objects.clone(), Arc::new(Unobserved));
    let connector = connector.with_aws_endpoints(endpoints(fixture));
    connector.generate(&Remote::read(kind, &spec).unwrap(), NAMESPACE).await
}

fn text<'a>(made: &'a Made, key: &str) -> &'a str {
    made.data
        .get(key)
        .and_then(SecretBytes::expose_str)
        .unwrap_or_else(|| panic!("{key} of {:?}", made.data.keys()))
}

fn keys(made: &Made) -> Vec<&str> {
    made.data.keys().map(String::as_str).collect()
}

fn is_later(seconds: &str) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(seconds.parse::<u64>().unwrap() > now, "{seconds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_for_the_private_registry() {
    let fixture = Aws::start();
    let made = make(&fixture, RemoteKind::Ecr, "good", json!({})).await.unwrap();
    assert_eq!(keys(&made), ["expires_at", "password", "proxy_endpoint", "username"]);
    assert_eq!(text(&made, "username"), "AWS");
    assert!(text(&made, "proxy_endpoint").contains(&format!(".dkr.ecr.{REGION}.amazonaws.com")));
    assert_eq!(text(&made, "expires_at"), "1420070400", "moto's, always");
    assert_eq!(made.state, None);

    let role = json!({ "role": "arn:aws:iam::123456789012:role/puller" });
    make(&fixture, RemoteKind::Ecr, "good", role).await.unwrap();
    let assumed =
        fixture.moto.proxy().received().iter().filter(|request| request.is_action("AssumeRole")).count();
    assert_eq!(assumed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_for_the_public_registry_is_signed_for_its_one_region() {
    let fixture = Aws::start();
    let right = |request: &Received| {
        let scope = request.header("authorization").unwrap_or_default().to_owned();
        request.header("x-amz-target") == Some("SpencerFrontendService.GetAuthorizationToken")
            && scope.contains("/us-east-1/ecr-public/aws4_request")
    };
    let answer =
        json!({ "authorizationData": { "authorizationToken": "QVdTOnB3", "expiresAt": 4_102_444_800.5 } });
    fixture.moto.proxy().add_rule(Rule::new(right, Reply::new(200, &answer.to_string())));
    let made = make(&fixture, RemoteKind::Ecr, "good", json!({ "scope": "public" })).await.unwrap();
    assert_eq!(keys(&made), ["expires_at", "password", "username"]);
    assert_eq!((text(&made, "password"), text(&made, "expires_at")), ("pw", "4102444800"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_so_many_seconds() {
    let fixture = Aws::start();
    let made =
        make(&fixture, RemoteKind::Sts, "good", json!({ "requestParameters": { "sessionDuration": 1800 } }));
    let made = made.await.unwrap();
    assert_eq!(keys(&made), ["access_key_id", "expiration", "secret_access_key", "session_token"]);
    is_later(text(&made, "expiration"));
    let asked = fixture.moto.proxy().received();
    let body = asked.iter().find(|request| request.is_action("GetSessionToken")).unwrap().body.clone();
    assert!(String::from_utf8_lossy(&body).contains("DurationSeconds=1800"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_told_without_a_value() {
    let fixture = Aws::start();
    for (kind, secret, change, expected) in [
        (RemoteKind::Ecr, "wrong", json!({}), ErrorKind::Unauthenticated),
        (RemoteKind::Ecr, "nowhere", json!({}), ErrorKind::Credentials),
        (RemoteKind::Ecr, "good", json!({ "scope": "other" }), ErrorKind::InvalidConfig),
        (RemoteKind::Sts, "good", json!({ "region": "" }), ErrorKind::InvalidConfig),
        (RemoteKind::Sts, "good", json!({ "auth": { "jwt": {} } }), ErrorKind::InvalidConfig),
    ] {
        let error = make(&fixture, kind, secret, change.clone()).await.unwrap_err();
        assert_eq!(error.kind, expected, "{kind:?} {change}: {error}");
        assert!(!format!("{error:?}").contains("c4n4ry"), "{error}");
    }
}

/// A refusal as STS words it, which does not speak JSON.
fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    let body = format!("<ErrorResponse>{error}<RequestId>1f-2</RequestId></ErrorResponse>");
    Reply::new(status, &body).header("content-type", "text/xml")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_asks_to_be_left_alone_is_asked_once_and_says_for_how_long() {
    let (ecr, sts) = ("GetAuthorizationToken", "GetSessionToken");
    let limited = "Rate exceeded";
    for (kind, action, wanted, reply) in [
        (RemoteKind::Ecr, ecr, ErrorKind::RateLimited, Reply::aws_error(400, "ThrottlingException", limited)),
        (RemoteKind::Ecr, ecr, ErrorKind::Unavailable, Reply::aws_error(503, "ServiceUnavailable", "")),
        (RemoteKind::Sts, sts, ErrorKind::RateLimited, refusal(400, "Throttling", limited)),
        (RemoteKind::Sts, sts, ErrorKind::Unavailable, refusal(503, "ServiceUnavailable", "")),
    ] {
        let fixture = Aws::start();
        let proxy = fixture.moto.proxy();
        proxy.add_rule(Rule::new(move |request| request.is_action(action), reply.header("retry-after", "7")));
        let error = make(&fixture, kind, "good", json!({})).await.unwrap_err();
        assert_eq!((error.kind, error.retry_after), (wanted, Some(Duration::from_secs(7))), "{error}");
        assert_eq!(proxy.count(|request| request.is_action(action)), 1, "{action}: {wanted:?}");
    }
}

/// Moto gives a session to everybody: whoever comes without the code of his device is refused before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_given_by_a_second_factor() {
    let fixture = Aws::start();
    let refuses = |request: &Received| {
        let form: std::collections::BTreeMap<String, String> =
            url::form_urlencoded::parse(&request.body).into_owned().collect();
        let is = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
        let right = is("SerialNumber", "arn:aws:iam::123456789012:mfa/ann") && is("TokenCode", "123456");
        request.is_action("GetSessionToken") && !right
    };
    let says = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
    fixture.moto.proxy().add_rule(Rule::new(refuses, refusal(403, "AccessDenied", says)));
    let of = |serial: &str, code: &str| json!({ "requestParameters": { "serialNumber": serial, "tokenCode": code } });
    let device = "arn:aws:iam::123456789012:mfa/ann";
    let made = make(&fixture, RemoteKind::Sts, "good", of(device, "123456")).await.unwrap();
    assert_eq!(keys(&made), ["access_key_id", "expiration", "secret_access_key", "session_token"]);
    for change in [of(device, "654321"), of("arn:aws:iam::123456789012:mfa/bob", "123456"), json!({})] {
        let error = make(&fixture, RemoteKind::Sts, "good", change).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
        assert!(error.message.contains("MultiFactorAuthentication failed"), "{error}");
    }
}
