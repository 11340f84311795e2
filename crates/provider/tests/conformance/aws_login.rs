//! AWS Secrets Manager, as moto speaks it: credentials.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use latchkey_api::store::StoreKind;
use latchkey_provider::aws::Endpoints;
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Connector, ErrorKind, Scope, Validation};
use latchkey_testbed::{REGION, Received, Reply, Rule};
use serde_json::{Value, json};

use crate::aws::{Aws, Calls, WRONG_KEY, aws, block, entry, text};
use crate::fixture::{Fixture as _, NAMESPACE, Objects, scope};

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";

fn form(request: &Received) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

fn asked(fixture: &Aws, action: &str) -> Vec<BTreeMap<String, String>> {
    fixture.moto.proxy().received().iter().filter(|request| request.is_action(action)).map(form).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_assumed_one_after_the_other() {
    let fixture = Aws::start();
    fixture.moto.put_secret("db", "value").unwrap();
    let mut store = block("good");
    store["additionalRoles"] = json!(["arn:aws:iam::123456789012:role/hop"]);
    store["role"] = json!(ROLE);
    store["externalID"] = json!("ext");
    store["sessionTags"] = json!([{ "key": "cost", "value": "low" }]);
    store["transitiveTagKeys"] = json!(["cost"]);
    store["sessionTagsPolicy"] = json!("Custom");
    store["customSessionTags"] = json!({ "env": "prod", "none": "" });
    let calls = Arc::new(Calls::default());
    let connector = fixture.connector_with(calls.clone());
    let provider = connector.connect(&aws(&store), &scope()).await.unwrap().provider;
    for _ in 0..3 {
        assert_eq!(text(&provider.fetch(&[entry("db", "")]).await[0]), "value");
    }
    let asked = asked(&fixture, "AssumeRole");
    assert_eq!(asked.len(), 2, "credentials are kept");
    assert_eq!(asked[0]["RoleArn"], "arn:aws:iam::123456789012:role/hop");
    assert!(!asked[0].contains_key("ExternalId") && !asked[0].contains_key("Tags.member.1.Key"));
    let last = &asked[1];
    assert_eq!((last["RoleArn"].as_str(), last["ExternalId"].as_str()), (ROLE, "ext"));
    assert_eq!(last["TransitiveTagKeys.member.1"], "cost");
    let tags: BTreeMap<_, _> = (1..=5)
        .map(|at| {
            (
                last[&format!("Tags.member.{at}.Key")].as_str(),
                last[&format!("Tags.member.{at}.Value")].as_str(),
            )
        })
        .collect();
    let want = [
        ("cost", "low"),
        ("env", "prod"),
        ("esoNamespace", NAMESPACE),
        ("esoStoreKind", "SecretStore"),
        ("esoStoreName", "conformance"),
    ];
    assert_eq!(tags, BTreeMap::from(want));
    let assumed = calls.0.lock().unwrap().iter().filter(|(_, call, ok)| *call == "AssumeRole" && *ok).count();
    assert_eq!(assumed, 2);
}

fn irsa(fixture: &Aws, annotations: &[(&str, &str)]) -> (Connector, Value) {
    let annotations =
        annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut objects = Objects::default();
    let account = (annotations, "c4n4ry.token".to_owned());
    objects.service_accounts.insert((NAMESPACE.to_owned(), "reader".to_owned()), account);
    let connector =
        Connector::new(Arc::new(objects), Arc::new(Unobserved)).with_aws_endpoints(fixture.endpoints());
    let account = json!({ "name": "reader", "audiences": ["more"] });
    let store = json!({
        "service": "SecretsManager",
        "region": REGION,
        "auth": { "jwt": { "serviceAccountRef": account } },
    });
    (connector, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_stands_for_its_role() {
    let fixture = Aws::start();
    fixture.moto.put_secret("db", "value").unwrap();
    let (connector, store) = irsa(&fixture, &[("eks.amazonaws.com/role-arn", ROLE)]);
    let provider = connector.connect(&aws(&store), &scope()).await.unwrap().provider;
    assert_eq!(provider.validate().await, Ok(Validation::Ready));
    assert_eq!(text(&provider.fetch(&[entry("db", "")]).await[0]), "value");
    let asked = asked(&fixture, "AssumeRoleWithWebIdentity");
    assert_eq!(asked[0]["RoleArn"], ROLE);
    assert_eq!(asked[0]["WebIdentityToken"], "c4n4ry.token");
    assert_eq!(asked[0]["RoleSessionName"], "external-secrets-provider-aws");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_without_a_role_is_named() {
    let fixture = Aws::start();
    let (connector, store) = irsa(&fixture, &[]);
    let error = connector.connect(&aws(&store), &scope()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Credentials);
    assert!(
        error.message.contains("reader") && error.message.contains("eks.amazonaws.com/role-arn"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sts_refuses_is_told_as_it_says() {
    let fixture = Aws::start();
    for (code, want) in [
        ("AccessDenied", ErrorKind::Forbidden),
        ("InvalidIdentityToken", ErrorKind::Unauthenticated),
        ("ValidationError", ErrorKind::InvalidConfig),
    ] {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error>\
             <RequestId>0</RequestId></ErrorResponse>"
        );
        let reply = Reply::new(403, &body).header("content-type", "text/xml");
        let rule = Rule::new(|request: &Received| request.is_action("AssumeRoleWithWebIdentity"), reply);
        fixture.moto.proxy().add_rule(rule);
        let (connector, store) = irsa(&fixture, &[("eks.amazonaws.com/role-arn", ROLE)]); // the one before remembers
        let provider = connector.connect(&aws(&store), &scope()).await.unwrap().provider;
        for error in [
            provider.validate().await.unwrap_err(),
            provider.fetch(&[entry("db", "")]).await.remove(0).unwrap_err(),
            provider.fetch(&[entry("db", ""), entry("web", "")]).await.remove(0).unwrap_err(),
        ] {
            assert_eq!((error.kind, error.code.as_deref()), (want, Some(code)), "{error}");
            assert!(error.message.contains("Not authorized") && error.message.contains(ROLE), "{error}");
            assert!(!error.message.contains("c4n4ry"), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_keys_are_read_again_before_failing() {
    let fixture = Aws::start();
    fixture.moto.put_secret("db", "value").unwrap();
    fixture.objects.put_secret("rotating", &[("id", WRONG_KEY), ("secret", "old")]);
    let provider = fixture.provider(&aws(&block("rotating"))).await;
    fixture.objects.put_secret("rotating", &[("id", "AKIANEW"), ("secret", "new")]);
    assert_eq!(text(&provider.fetch(&[entry("db", "")]).await[0]), "value");
    assert_eq!(*fixture.objects.forgotten.lock().unwrap(), [NAMESPACE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_stay_wrong_do_not_double_the_requests() {
    let fixture = Aws::start();
    let provider = fixture.provider(&aws(&block("wrong"))).await;
    for _ in 0..3 {
        let error = provider.fetch(&[entry("db", "")]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthenticated);
    }
    assert_eq!(fixture.moto.calls("GetSecretValue"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret_or_key_is_told_in_esos_words() {
    let fixture = Aws::start();
    let connector = fixture.connector();
    fixture.objects.put_secret("half", &[("secret", "s")]);
    for (secret, want) in [
        ("none", "cannot get Kubernetes secret \"none\" from namespace \"team\": "),
        ("half", "cannot find secret data for key: \"id\""),
    ] {
        let error = connector.connect(&aws(&block(secret)), &scope()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Credentials);
        assert!(error.message.contains(want), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_store_reads_credentials_where_it_is_used() {
    let fixture = Aws::start();
    let scope = Scope { kind: StoreKind::ClusterSecretStore, store_namespace: None, ..scope() };
    let connector = fixture.connector();
    assert!(connector.connect(&aws(&block("good")), &scope).await.is_ok());
    let validating = Scope { namespace: None, ..scope };
    let error = connector.connect(&aws(&block("good")), &validating).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Referent);
}

/// The environment belongs to a process, so this claim runs this file's own test in another one.
fn in_environment(test: &str, environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("aws_login::{test}"), "--ignored", "--nocapture"]);
    for name in
        ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_ROLE_ARN"]
    {
        command.env_remove(name);
    }
    let nowhere = std::env::temp_dir().join("latchkey-no-such-home");
    command.env("HOME", nowhere).env("AWS_EC2_METADATA_DISABLED", "true").envs(environment.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn store_without_credentials() -> Value {
    json!({ "service": "SecretsManager", "region": REGION })
}

fn connector_of_the_environment() -> Connector {
    Connector::new(Arc::new(Objects::default()), Arc::new(Unobserved))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_the_environment_is_asked() {
    let fixture = Aws::start();
    fixture.moto.put_secret("db", "value").unwrap();
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let endpoint = fixture.moto.endpoint();
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_SECRETSMANAGER_ENDPOINT"] {
        in_environment("child_reads_db", &[keys[0], keys[1], (name, &endpoint)]);
    }
    assert_eq!(fixture.moto.calls("GetSecretValue"), 3);
    in_environment("child_has_no_credentials", &[("AWS_ENDPOINT_URL", &endpoint)]);
    let role = [keys[0], keys[1], ("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint.as_str())];
    for name in ["AWS_ENDPOINT_URL_STS", "AWS_STS_ENDPOINT"] {
        in_environment("child_assumes_a_role", &[role[0], role[1], role[2], (name, &endpoint)]);
    }
    assert_eq!(fixture.moto.calls("AssumeRole"), 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by without_credentials_the_environment_is_asked"]
async fn child_reads_db() {
    assert_ne!(
        Endpoints::from_env(),
        Endpoints { secrets_manager: Some(String::new()), ..Endpoints::default() }
    );
    let connection =
        connector_of_the_environment().connect(&aws(&store_without_credentials()), &scope()).await;
    assert_eq!(text(&connection.unwrap().provider.fetch(&[entry("db", "")]).await[0]), "value");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by without_credentials_the_environment_is_asked"]
async fn child_assumes_a_role() {
    let mut store = store_without_credentials();
    store["role"] = json!(ROLE);
    let connection = connector_of_the_environment().connect(&aws(&store), &scope()).await;
    assert_eq!(text(&connection.unwrap().provider.fetch(&[entry("db", "")]).await[0]), "value");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by without_credentials_the_environment_is_asked"]
async fn child_has_no_credentials() {
    let connection =
        connector_of_the_environment().connect(&aws(&store_without_credentials()), &scope()).await;
    let provider = connection.unwrap().provider;
    for error in [
        provider.validate().await.unwrap_err(),
        provider.fetch(&[entry("db", "")]).await.remove(0).unwrap_err(),
        provider.fetch(&[entry("db", ""), entry("web", "")]).await.remove(0).unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::Credentials, "{error}");
        assert!(error.message.contains("names no credentials"), "{error}");
    }
}
