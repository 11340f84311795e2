use super::super::ignored_fields;
use super::*;
use serde_json::{Value, json};

const OTHER: &str =
    "namespace should either be empty or match the namespace of the SecretStore for a namespaced SecretStore";

fn spec(provider: &Value) -> SecretStoreSpec {
    serde_json::from_value(json!({ "provider": provider })).expect("the fields of the type")
}

fn texts(errors: &[InvalidStore]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// What is wrong with a SecretStore of the namespace `team`.
fn namespaced(provider: Value) -> Vec<String> {
    texts(&validate_store(StoreKind::SecretStore, Some("team"), &spec(&provider)).errors)
}

fn cluster(provider: Value) -> Vec<String> {
    texts(&validate_store(StoreKind::ClusterSecretStore, None, &spec(&provider)).errors)
}

fn secret(namespace: &str) -> Value {
    json!({ "name": "s", "key": "k", "namespace": namespace })
}

fn vault_with(auth: Value) -> Value {
    json!({ "vault": { "server": "https://vault", "auth": auth } })
}

#[test]
fn a_store_has_one_provider() {
    let none = "secret stores must only have exactly one backend specified, found 0";
    assert_eq!(namespaced(json!({})), [none]);
    let two = json!({ "fake": { "data": [] }, "gcpsm": {} });
    assert_eq!(namespaced(two), ["secret stores must only have exactly one backend specified, found 2"]);
}

#[test]
fn a_provider_that_is_not_read_is_a_warning() {
    let validation = validate_store(StoreKind::SecretStore, Some("team"), &spec(&json!({ "openBao": {} })));
    assert_eq!(validation.errors, []);
    assert_eq!(validation.warnings, [StoreWarning::Unsupported("openBao")]);
}

#[test]
fn a_service_or_a_login_that_is_not_read_is_a_warning() {
    let warnings = |provider: Value| {
        let validation = validate_store(StoreKind::SecretStore, Some("team"), &spec(&provider));
        validation.warnings.iter().map(|warning| warning.message("s").to_string()).collect::<Vec<_>>()
    };
    let aws = |service: &str| warnings(json!({ "aws": { "service": service, "region": "eu-west-1" } }));
    assert_eq!(aws("SecretsManager"), Vec::<String>::new());
    let said = r#"store s uses the provider "aws with the service ParameterStore", which is not supported: nothing that uses it is synced"#;
    assert_eq!(aws("ParameterStore"), [said]);
    assert_eq!(warnings(vault_with(json!({ "iam": { "vaultRole": "r" } }))).len(), 1);
    let first = json!({ "userPass": { "username": "u" }, "iam": { "vaultRole": "r" } });
    assert_eq!(warnings(vault_with(first)), Vec::<String>::new());
}

#[test]
fn a_refresh_interval_is_seconds_or_a_duration_and_not_negative() {
    let with = |interval: Value| {
        let spec = json!({ "provider": { "gcpsm": {} }, "refreshInterval": interval });
        let spec = serde_json::from_value(spec).expect("the fields of the type");
        texts(&validate_store(StoreKind::SecretStore, Some("team"), &spec).errors)
    };
    for good in [json!(0), json!(60), json!(""), json!("0"), json!("10m")] {
        assert_eq!(with(good), Vec::<String>::new());
    }
    assert_eq!(with(json!(-1)), [r#"invalid refreshInterval "-1": must not be negative"#]);
    assert_eq!(with(json!("-1m")), [r#"invalid refreshInterval "-1m": must not be negative"#]);
    assert_eq!(with(json!("60")), [r#"invalid refreshInterval "60": time: missing unit in duration "60""#]);
}

/// Every reference of every typed provider, as a function from the referred Secret to the provider block.
fn references() -> Vec<(&'static str, Value)> {
    let s = secret("other");
    let account = json!({ "name": "sa", "namespace": "other" });
    let aws =
        |auth: Value| json!({ "aws": { "service": "SecretsManager", "region": "eu-west-1", "auth": auth } });
    let ours = json!({ "name": "s", "key": "k" });
    vec![
        ("invalid Auth.SecretRef.AccessKeyID: ", aws(json!({ "secretRef": { "accessKeyIDSecretRef": s } }))),
        (
            "invalid Auth.SecretRef.SecretAccessKey: ",
            aws(json!({ "secretRef": { "secretAccessKeySecretRef": s } })),
        ),
        (
            "invalid Auth.SecretRef.SessionToken: ",
            aws(json!({ "secretRef": { "sessionTokenSecretRef": s } })),
        ),
        ("invalid Auth.JWT.ServiceAccountRef: ", aws(json!({ "jwt": { "serviceAccountRef": account } }))),
        ("invalid Auth.TokenSecretRef: ", vault_with(json!({ "tokenSecretRef": s }))),
        (
            "invalid Auth.AppRole.SecretRef: ",
            vault_with(json!({ "appRole": { "roleId": "r", "secretRef": s } })),
        ),
        (
            "invalid Auth.AppRole.RoleRef: ",
            vault_with(json!({ "appRole": { "roleRef": s, "secretRef": ours } })),
        ),
        (
            "invalid Auth.Kubernetes.ServiceAccountRef: ",
            vault_with(json!({ "kubernetes": { "role": "r", "serviceAccountRef": account } })),
        ),
        (
            "invalid Auth.Kubernetes.SecretRef: ",
            vault_with(json!({ "kubernetes": { "role": "r", "secretRef": s } })),
        ),
        ("invalid Auth.Ldap.SecretRef: ", vault_with(json!({ "ldap": { "username": "u", "secretRef": s } }))),
        (
            "invalid Auth.UserPass.SecretRef: ",
            vault_with(json!({ "userPass": { "username": "u", "secretRef": s } })),
        ),
        ("invalid Auth.Jwt.SecretRef: ", vault_with(json!({ "jwt": { "secretRef": s } }))),
        (
            "invalid Auth.Jwt.KubernetesServiceAccountToken.ServiceAccountRef: ",
            vault_with(
                json!({ "jwt": { "kubernetesServiceAccountToken": { "serviceAccountRef": account } } }),
            ),
        ),
        ("invalid Auth.Cert.ClientCert: ", vault_with(json!({ "cert": { "clientCert": s } }))),
        ("invalid Auth.Cert.SecretRef: ", vault_with(json!({ "cert": { "secretRef": s } }))),
        (
            "invalid Auth.TokenSecretRef: ",
            vault_with(json!({ "iam": { "vaultRole": "r", "jwt": { "serviceAccountRef": account } } })),
        ),
        (
            "invalid Auth.TokenSecretRef: ",
            vault_with(json!({ "iam": { "vaultRole": "r", "secretRef": { "accessKeyIDSecretRef": s } } })),
        ),
        (
            "invalid Auth.Gcp.SecretRef: ",
            vault_with(json!({ "gcp": { "role": "r", "secretRef": { "secretAccessKeySecretRef": s } } })),
        ),
        (
            "invalid ClientTLS.SecretRef: ",
            json!({ "vault": { "server": "https://v", "tls": { "certSecretRef": ours, "keySecretRef": s } } }),
        ),
        ("", json!({ "kubernetes": { "auth": { "token": { "bearerToken": s } } } })),
        ("", json!({ "kubernetes": { "auth": { "cert": { "clientCert": s } } } })),
        ("", json!({ "kubernetes": { "auth": { "serviceAccount": account } } })),
    ]
}

#[test]
fn a_store_of_a_namespace_refers_to_nothing_in_another() {
    for (prefix, provider) in references() {
        assert_eq!(namespaced(provider.clone()), [format!("{prefix}{OTHER}")], "{provider}");
    }
}

#[test]
fn a_store_of_a_namespace_may_name_it() {
    for (_, provider) in references() {
        let own: Value = serde_json::from_str(&provider.to_string().replace("other", "team"))
            .expect("the fields of the type");
        assert_eq!(namespaced(own.clone()), Vec::<String>::new(), "{own}");
    }
}

#[test]
fn a_store_of_the_cluster_may_name_any_namespace() {
    for (_, provider) in references() {
        assert_eq!(cluster(provider.clone()), Vec::<String>::new(), "{provider}");
    }
}

#[test]
fn a_store_of_the_cluster_may_leave_the_namespace_to_its_user_except_for_kubernetes() {
    let ours = json!({ "name": "s", "key": "k" });
    assert_eq!(cluster(vault_with(json!({ "tokenSecretRef": ours }))), Vec::<String>::new());
    let kubernetes = |auth: Value| json!({ "kubernetes": { "auth": auth } });
    assert_eq!(
        cluster(kubernetes(json!({ "token": { "bearerToken": ours } }))),
        ["cluster scope requires namespace"]
    );
    assert_eq!(cluster(kubernetes(json!({ "serviceAccount": { "name": "sa" } }))), Vec::<String>::new());
}

#[test]
fn kubernetes_needs_whole_references() {
    let with =
        |token: Value| namespaced(json!({ "kubernetes": { "auth": { "token": { "bearerToken": token } } } }));
    assert_eq!(with(json!({ "key": "k" })), ["BearerToken.Name cannot be empty"]);
    assert_eq!(with(json!({ "name": "s" })), ["BearerToken.Key cannot be empty"]);
}

#[test]
fn a_certificate_authority_of_kubernetes_has_a_namespace_in_the_cluster_alone() {
    let with = |authority: Value| json!({ "kubernetes": { "server": { "caProvider": authority } } });
    let (without, other) = (
        with(json!({ "type": "ConfigMap", "name": "ca" })),
        with(json!({ "type": "ConfigMap", "name": "ca", "namespace": "n" })),
    );
    assert_eq!(cluster(without.clone()), ["CAProvider.namespace must not be empty with ClusterSecretStore"]);
    assert_eq!(namespaced(other.clone()), ["CAProvider.namespace must be empty with SecretStore"]);
    assert_eq!([cluster(other), namespaced(without)].concat(), Vec::<String>::new());
}

#[test]
fn kubernetes_without_certificates_is_a_warning() {
    let validation =
        validate_store(StoreKind::SecretStore, Some("team"), &spec(&json!({ "kubernetes": {} })));
    assert_eq!(validation.errors, []);
    let warnings: Vec<_> =
        validation.warnings.iter().map(|warning| warning.message("s").to_string()).collect();
    assert_eq!(
        warnings,
        ["No caBundle or caProvider specified; TLS connections will use system certificate roots."]
    );
}

#[test]
fn vault_needs_the_halves_of_a_pair() {
    assert_eq!(
        namespaced(vault_with(json!({ "appRole": { "secretRef": {} } }))),
        ["invalid Auth.AppRole: neither `roleId` nor `roleRef` was supplied"]
    );
    assert_eq!(
        namespaced(vault_with(json!({ "jwt": {} }))),
        [
            "neither `secretRef` nor `kubernetesServiceAccountToken` was supplied as token source for jwt authentication"
        ]
    );
    assert_eq!(
        namespaced(
            json!({ "vault": { "server": "https://v", "tls": { "certSecretRef": { "name": "s" } } } })
        ),
        ["when provided, both ClientTLS.ClientCert and ClientTLS.SecretRef should be provided"]
    );
    assert_eq!(
        namespaced(
            json!({ "vault": { "server": "https://v", "version": "v1", "checkAndSet": { "required": true } } })
        ),
        ["checkAndSet is not supported with Vault KV version v1"]
    );
}

#[test]
fn fake_has_keys_and_values_and_a_warning() {
    let with = |key: &str, value: &str| json!({ "fake": { "data": [{ "key": key, "value": value }] } });
    assert_eq!(namespaced(with("", "v")), ["key must be set in data 0"]);
    assert_eq!(namespaced(with("k", "")), ["at least one value must be set in data 0"]);
    let good = validate_store(StoreKind::SecretStore, Some("team"), &spec(&with("k", "v")));
    let warnings: Vec<_> = good.warnings.iter().map(|warning| warning.message("demo").to_string()).collect();
    assert_eq!(good.errors, []);
    assert_eq!(warnings, ["store demo isn't currently maintained. Please plan and prepare accordingly."]);
}

#[test]
fn aws_has_a_region_and_one_way_to_delete() {
    let with = |region: &str, settings: Value| {
        namespaced(
            json!({ "aws": { "service": "SecretsManager", "region": region, "secretsManager": settings } }),
        )
    };
    assert_eq!(with("eu-west-1", json!({})), Vec::<String>::new());
    assert_eq!(with("", json!({})), ["region not found: "]);
    assert_eq!(with("evil.example/", json!({})), ["region not found: evil.example/"]);
    for days in [7, 30] {
        assert_eq!(with("a", json!({ "recoveryWindowInDays": days })), Vec::<String>::new());
    }
    assert_eq!(
        with("a", json!({ "recoveryWindowInDays": 6 })),
        ["invalid DeleteSecretInput: RecoveryWindowInDays must be between 7 and 30 days"]
    );
    assert_eq!(
        with("a", json!({ "recoveryWindowInDays": 7, "forceDeleteWithoutRecovery": true })),
        ["invalid DeleteSecretInput: ForceDeleteWithoutRecovery conflicts with RecoveryWindowInDays"]
    );
}

#[test]
fn names_the_field_that_has_no_effect() {
    let jwt = json!({ "jwt": { "serviceAccountToken": "" } });
    let old = spec(&json!({ "aws": { "service": "SecretsManager", "region": "us-east-1", "auth": jwt } }));
    assert_eq!(ignored_fields(&old), ["spec.provider.aws.auth.jwt.serviceAccountToken"]);
    assert_eq!(ignored_fields(&spec(&json!({ "fake": { "data": [] } }))), Vec::<&str>::new());
}
