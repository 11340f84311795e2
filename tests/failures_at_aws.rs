//! What AWS refuses is said with AWS's own code, as anything else that cannot be synced.

use latchkey_testbed::{Reply, Rule};
use serde_json::{Value, json};

use crate::support::manifests::one;
use crate::support::{CANARY, Failing, Namespace, world};

const NO_DATA: &str = "could not get secret data from provider";

/// A spec that takes the property `password` of a remote key of the namespace's own out of its store `aws`.
fn password_of(ns: &Namespace<'_>, key: &str) -> Value {
    let mut spec = one(&ns.key(key), "password");
    spec["secretStoreRef"] = json!({ "name": "aws" });
    spec
}

/// AWS refuses the namespace's key `app` from now on.
fn refuse(ns: &Namespace<'_>, code: &str, text: &str) {
    let key = ns.key("app");
    let reply = Reply::aws_error(400, code, text);
    let concerns = move |body: &[u8]| String::from_utf8_lossy(body).contains(&key);
    ns.world.moto.proxy().add_rule(Rule::new(move |request| concerns(&request.body), reply));
}

#[test]
fn a_missing_secret() {
    let ns = Namespace::with_aws(world(), "aws-no-key");
    let says = format!(
        "spec.data[0]: secret \"{}\" does not exist in SecretStore \"aws\" at AWS Secrets Manager in us-east-1 \
         (ResourceNotFoundException); \
         create it there, or correct remoteRef.key",
        ns.key("app"),
    );
    Failing::new(&ns, password_of(&ns, "app"), &says).warns_or_denies(NO_DATA);
}

#[test]
fn a_missing_property() {
    let ns = Namespace::with_aws(world(), "aws-no-property");
    ns.put("app", &json!({ "pass": CANARY }).to_string());
    let says = format!(
        "spec.data[0]: secret \"{}\" of SecretStore \"aws\" at AWS Secrets Manager in us-east-1 has no property \"password\"; \
         correct remoteRef.property, or add it there",
        ns.key("app"),
    );
    Failing::new(&ns, password_of(&ns, "app"), &says).warns_or_denies(NO_DATA);
}

#[test]
fn a_missing_permission() {
    let ns = Namespace::with_aws(world(), "aws-no-permission");
    ns.put("app", &json!({ "password": CANARY }).to_string());
    let text = "User: arn:aws:iam::1:user/app is not authorized to perform: secretsmanager:GetSecretValue";
    refuse(&ns, "AccessDeniedException", text);
    let says = format!(
        "spec.data[0]: secret \"{0}\" of SecretStore \"aws\": cannot read secret \"{0}\": \
         AWS Secrets Manager in us-east-1 says: {text} (AccessDeniedException); \
         allow the store's credentials to read it, or correct remoteRef.key",
        ns.key("app"),
    );
    Failing::new(&ns, password_of(&ns, "app"), &says).warns_or_denies(NO_DATA);
}

#[test]
fn credentials_that_aws_does_not_know() {
    let ns = Namespace::with_aws(world(), "aws-no-login");
    ns.put("app", &json!({ "password": CANARY }).to_string());
    let text = "The security token included in the request is invalid";
    refuse(&ns, "UnrecognizedClientException", text);
    let says = format!(
        "spec.data[0]: secret \"{0}\" of SecretStore \"aws\": cannot read secret \"{0}\": \
         AWS Secrets Manager in us-east-1 says: {text} (UnrecognizedClientException); \
         correct the credentials that the store names",
        ns.key("app"),
    );
    Failing::new(&ns, password_of(&ns, "app"), &says).warns_or_denies(NO_DATA);
}
