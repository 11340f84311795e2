//! What the definitions promise: rules of the API server, exactly ESO's defaults, and the files that are committed.

use latchkey_api::crd::{crd_yaml, crds};
use latchkey_api::provider::UNSUPPORTED;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

fn definitions() -> Vec<(String, Value)> {
    let name = |crd: &Value| crd["spec"]["names"]["kind"].as_str().unwrap_or_default().to_owned();
    let values = crds().into_iter().map(|crd| serde_json::to_value(crd).expect("JSON"));
    values.map(|crd| (name(&crd), crd)).collect()
}

/// Those that are served in two versions and have a status.
fn objects() -> Vec<(String, Value)> {
    definitions().into_iter().take(4).collect()
}

/// PushSecret and ClusterPushSecret.
fn pushes() -> Vec<(String, Value)> {
    definitions().into_iter().skip(4).take(2).collect()
}

fn schema(crd: &Value) -> &Value {
    &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
}

/// Calls `visit` with each schema below this one and its path.
fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), property, visit);
    }
    for (key, suffix) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[key].is_object() {
            walk(&format!("{path}{suffix}"), &schema[key], visit);
        }
    }
}

#[test]
fn schemas_are_structural() {
    for (kind, crd) in definitions() {
        walk("", schema(&crd), &mut |path, schema| {
            let anything = ["x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"]
                .iter()
                .any(|extension| schema[extension] == true);
            assert!(schema["type"].is_string() || anything, "{kind}{path} has no type: {schema}");
            for forbidden in
                ["$ref", "oneOf", "anyOf", "allOf", "const", "title", "x-latchkey-nullable", "$defs"]
            {
                assert!(schema.get(forbidden).is_none(), "{kind}{path} has {forbidden}");
            }
            assert!(
                schema.get("properties").is_none() || schema.get("additionalProperties").is_none(),
                "{kind}{path}"
            );
        });
    }
}

#[test]
fn only_the_refresh_times_may_be_null() {
    let mut nullable = Vec::new();
    for (kind, crd) in definitions() {
        walk("", schema(&crd), &mut |path, schema| {
            let null_is_listed =
                schema["enum"].as_array().is_some_and(|values| values.contains(&Value::Null));
            if schema["nullable"] == true || null_is_listed {
                nullable.push(format!("{kind}{path}"));
            }
        });
    }
    assert_eq!(nullable, ["ExternalSecret.status.refreshTime", "PushSecret.status.refreshTime"]);
}

#[test]
fn every_field_is_described_in_one_line() {
    for (kind, crd) in definitions() {
        walk("", schema(&crd), &mut |path, schema| {
            let of_kubernetes = path == ".metadata" || path.ends_with("[]") || path.ends_with("{}");
            let description = schema["description"].as_str().unwrap_or_default();
            assert!(of_kubernetes || !description.is_empty(), "{kind}{path} has no description");
            assert!(!description.contains('\n'), "{kind}{path}: {description}");
        });
    }
}

#[test]
fn the_defaults_are_esos_and_no_others() {
    let mut found = BTreeMap::new();
    for (kind, crd) in definitions() {
        walk("", schema(&crd), &mut |path, schema| {
            if let Some(default) = schema.get("default") {
                found.insert(format!("{kind}{path}"), default.clone());
            }
        });
    }
    let template = "ExternalSecret.spec.target.template";
    let merge = "ExternalSecret.spec.dataFrom[].rewrite[].merge";
    let generators = "generators.external-secrets.io/v1alpha1";
    let mut expected: BTreeMap<String, Value> = [
        ("ExternalSecret.spec.refreshInterval".into(), json!("1h0m0s")),
        (
            "ExternalSecret.spec.target".into(),
            json!({ "creationPolicy": "Owner", "deletionPolicy": "Retain" }),
        ),
        ("ExternalSecret.spec.target.creationPolicy".into(), json!("Owner")),
        ("ExternalSecret.spec.target.deletionPolicy".into(), json!("Retain")),
        (format!("{template}.engineVersion"), json!("v2")),
        (format!("{template}.mergePolicy"), json!("Replace")),
        (format!("{template}.templateFrom[].target"), json!("Data")),
        (format!("{template}.templateFrom[].configMap.items[].templateAs"), json!("Values")),
        (format!("{template}.templateFrom[].secret.items[].templateAs"), json!("Values")),
        (format!("{merge}.into"), json!("")),
        (format!("{merge}.priorityPolicy"), json!("Strict")),
        (format!("{merge}.conflictPolicy"), json!("Error")),
        (format!("{merge}.strategy"), json!("Extract")),
        ("ExternalSecret.spec.data[].sourceRef.generatorRef.apiVersion".into(), json!(generators)),
        ("ExternalSecret.spec.dataFrom[].sourceRef.generatorRef.apiVersion".into(), json!(generators)),
        ("ExternalSecret.status.binding.name".into(), json!("")),
        ("SSHKey.spec.keyType".into(), json!("rsa")),
        ("ClusterGenerator.spec.generator.sshKeySpec.keyType".into(), json!("rsa")),
    ]
    .into();
    let each: Vec<(String, Value)> = expected
        .iter()
        .filter_map(|(path, default)| {
            Some((path.strip_prefix("ExternalSecret.spec.")?.to_owned(), default.clone()))
        })
        .collect();
    for (path, default) in each {
        expected.insert(format!("ClusterExternalSecret.spec.externalSecretSpec.{path}"), default);
    }
    push_defaults(&mut expected);
    remote_generator_defaults(&mut expected);
    for password in ["Password.spec", "ClusterGenerator.spec.generator.passwordSpec"] {
        for (field, default) in [
            ("length", json!(24)),
            ("noUpper", json!(false)),
            ("allowRepeat", json!(false)),
            ("encoding", json!("raw")),
        ] {
            expected.insert(format!("{password}.{field}"), default);
        }
    }
    for kind in ["SecretStore", "ClusterSecretStore"] {
        for (path, default) in [
            ("aws.sessionTagsPolicy", "None"),
            ("vault.version", "v2"),
            ("vault.auth.appRole.path", "approle"),
            ("vault.auth.kubernetes.mountPath", "kubernetes"),
            ("vault.auth.ldap.path", "ldap"),
            ("vault.auth.userPass.path", "userpass"),
            ("vault.auth.jwt.path", "jwt"),
            ("vault.auth.cert.path", "cert"),
            ("vault.auth.gcp.path", "gcp"),
            ("kubernetes.server.url", "kubernetes.default"),
            ("kubernetes.remoteNamespace", "default"),
        ] {
            expected.insert(format!("{kind}.spec.provider.{path}"), json!(default));
        }
    }
    assert_eq!(found, expected);
}

/// Those of the generators that ask a service; of Vault's those of a store.
fn remote_generator_defaults(expected: &mut BTreeMap<String, Value>) {
    let vault = [
        ("version", "v2"),
        ("auth.appRole.path", "approle"),
        ("auth.kubernetes.mountPath", "kubernetes"),
        ("auth.ldap.path", "ldap"),
        ("auth.userPass.path", "userpass"),
        ("auth.jwt.path", "jwt"),
        ("auth.cert.path", "cert"),
        ("auth.gcp.path", "gcp"),
    ];
    for dynamic in ["VaultDynamicSecret.spec", "ClusterGenerator.spec.generator.vaultDynamicSecretSpec"] {
        expected.insert(format!("{dynamic}.resultType"), json!("Data"));
        expected.insert(format!("{dynamic}.allowEmptyResponse"), json!(false));
        for (path, default) in vault {
            expected.insert(format!("{dynamic}.provider.{path}"), json!(default));
        }
    }
    for acr in ["ACRAccessToken.spec", "ClusterGenerator.spec.generator.acrAccessTokenSpec"] {
        expected.insert(format!("{acr}.environmentType"), json!("PublicCloud"));
    }
}

/// Those of a PushSecret, and of the specification of one in a ClusterPushSecret.
fn push_defaults(expected: &mut BTreeMap<String, Value>) {
    let templates: Vec<(String, Value)> = expected
        .iter()
        .filter_map(|(path, default)| {
            let path = path.strip_prefix("ExternalSecret.spec.target.template.")?;
            Some((format!("template.{path}"), default.clone()))
        })
        .collect();
    let own = [
        ("refreshInterval", "1h0m0s"),
        ("updatePolicy", "Replace"),
        ("deletionPolicy", "None"),
        ("secretStoreRefs[].kind", "SecretStore"),
        ("selector.generatorRef.apiVersion", "generators.external-secrets.io/v1alpha1"),
        ("data[].conversionStrategy", "None"),
        ("dataTo[].storeRef.kind", "SecretStore"),
        ("dataTo[].conversionStrategy", "None"),
    ];
    let own = own.map(|(path, default)| (path.to_owned(), json!(default)));
    for (path, default) in templates.into_iter().chain(own) {
        for spec in ["PushSecret.spec", "ClusterPushSecret.spec.pushSecretSpec"] {
            expected.insert(format!("{spec}.{path}"), default.clone());
        }
    }
    expected.insert("PushSecret.status.syncedPushSecrets{}{}.conversionStrategy".into(), json!("None"));
}

#[test]
fn push_secrets_are_served_in_one_version() {
    for (kind, crd) in pushes() {
        let versions = crd["spec"]["versions"].as_array().expect("versions");
        let seen: Vec<_> = versions
            .iter()
            .map(|version| {
                (&version["name"], &version["served"], &version["storage"], &version["subresources"])
            })
            .collect();
        assert_eq!(json!(seen), json!([["v1alpha1", true, true, { "status": {} }]]), "{kind}");
        assert_eq!(crd["spec"]["conversion"], json!({ "strategy": "None" }), "{kind}");
    }
}

#[test]
fn the_rules_of_push_secrets_are_esos() {
    let mut found = Vec::new();
    let (_, crd) = pushes().swap_remove(0);
    walk("", schema(&crd), &mut |path, schema| {
        for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
            found.push((path.to_owned(), rule["message"].as_str().unwrap_or_default().to_owned()));
        }
    });
    let store = "storeRef must specify either name or labelSelector";
    let expected = [
        (".spec.dataTo[]", store),
        (
            ".spec.dataTo[]",
            "remoteKey and rewrite are mutually exclusive: rewrite is only supported in per-key mode (without remoteKey)",
        ),
        (".spec.dataTo[].rewrite[]", "exactly one of regexp or transform must be set"),
        (".spec.secretStoreRefs[]", store),
    ];
    assert_eq!(found, expected.map(|(path, message)| (path.to_owned(), message.to_owned())));
    let selector = &schema(&crd)["properties"]["spec"]["properties"]["selector"];
    assert_eq!([&selector["minProperties"], &selector["maxProperties"]], [&json!(1), &json!(1)]);
}

#[test]
fn both_versions_are_served_with_one_schema_and_no_warning() {
    for (kind, crd) in objects() {
        let versions = crd["spec"]["versions"].as_array().expect("versions");
        let seen: Vec<_> = versions
            .iter()
            .map(|version| (&version["name"], &version["served"], &version["storage"]))
            .collect();
        assert_eq!(json!(seen), json!([["v1", true, true], ["v1beta1", true, false]]), "{kind}");
        assert_eq!(versions[0]["schema"], versions[1]["schema"], "{kind}");
        assert!(versions.iter().all(|version| version.get("deprecated").is_none()), "{kind}");
        assert_eq!(crd["spec"]["conversion"], json!({ "strategy": "None" }), "{kind}");
    }
}

#[test]
fn a_definition_fits_into_the_annotation_of_a_client_side_apply() {
    for (kind, crd) in definitions() {
        let size = crd.to_string().len();
        assert!(size < 200 * 1024, "{kind} has {size} bytes, and 256 KiB is the limit for all annotations");
    }
}

#[test]
fn names_and_columns_are_esos() {
    let surface: Vec<_> = objects()
        .into_iter()
        .chain(pushes())
        .map(|(_, crd)| {
            let names = &crd["spec"]["names"];
            let columns = crd["spec"]["versions"][0]["additionalPrinterColumns"].as_array().expect("columns");
            json!([
                crd["metadata"]["name"],
                crd["metadata"]["labels"],
                crd["spec"]["scope"],
                [
                    names["kind"],
                    names["listKind"],
                    names["singular"],
                    names["shortNames"],
                    names["categories"]
                ],
                columns.iter().map(|column| &column["name"]).collect::<Vec<_>>(),
            ])
        })
        .collect();
    let label = json!({ "external-secrets.io/component": "controller" });
    let stores = json!(["AGE", "Status", "Capabilities", "Ready"]);
    let category = json!(["external-secrets"]);
    assert_eq!(
        json!(surface),
        json!([
            [
                "externalsecrets.external-secrets.io",
                label,
                "Namespaced",
                ["ExternalSecret", "ExternalSecretList", "externalsecret", ["es"], category],
                ["StoreType", "Store", "Refresh Interval", "Status", "Ready", "Last Sync"]
            ],
            [
                "secretstores.external-secrets.io",
                label,
                "Namespaced",
                ["SecretStore", "SecretStoreList", "secretstore", ["ss"], category],
                stores
            ],
            [
                "clustersecretstores.external-secrets.io",
                label,
                "Cluster",
                ["ClusterSecretStore", "ClusterSecretStoreList", "clustersecretstore", ["css"], category],
                stores
            ],
            [
                "clusterexternalsecrets.external-secrets.io",
                label,
                "Cluster",
                [
                    "ClusterExternalSecret",
                    "ClusterExternalSecretList",
                    "clusterexternalsecret",
                    ["ces"],
                    category
                ],
                ["Store", "Refresh Interval", "Ready"]
            ],
            [
                "pushsecrets.external-secrets.io",
                label,
                "Namespaced",
                ["PushSecret", "PushSecretList", "pushsecret", ["ps"], category],
                ["AGE", "Status", "Last Sync"]
            ],
            [
                "clusterpushsecrets.external-secrets.io",
                label,
                "Cluster",
                ["ClusterPushSecret", "ClusterPushSecretList", "clusterpushsecret", null, category],
                ["AGE", "Status"]
            ],
        ])
    );
}

#[test]
fn generators_are_named_as_esos_and_served_in_one_version() {
    let generators: Vec<_> = definitions().split_off(6).into_iter().map(|(_, crd)| crd).collect();
    let surface: Vec<_> = generators
        .iter()
        .map(|crd| json!([crd["metadata"]["name"], crd["spec"]["scope"], crd["spec"]["names"]["singular"]]))
        .collect();
    let group = |plural: &str| format!("{plural}.generators.external-secrets.io");
    assert_eq!(
        json!(surface),
        json!([
            [group("fakes"), "Namespaced", "fake"],
            [group("mfas"), "Namespaced", "mfa"],
            [group("passwords"), "Namespaced", "password"],
            [group("sshkeys"), "Namespaced", "sshkey"],
            [group("uuids"), "Namespaced", "uuid"],
            [group("acraccesstokens"), "Namespaced", "acraccesstoken"],
            [group("cloudsmithaccesstokens"), "Namespaced", "cloudsmithaccesstoken"],
            [group("ecrauthorizationtokens"), "Namespaced", "ecrauthorizationtoken"],
            [group("gcraccesstokens"), "Namespaced", "gcraccesstoken"],
            [group("githubaccesstokens"), "Namespaced", "githubaccesstoken"],
            [group("gitlabdeploytokens"), "Namespaced", "gitlabdeploytoken"],
            [group("grafanas"), "Namespaced", "grafana"],
            [group("quayaccesstokens"), "Namespaced", "quayaccesstoken"],
            [group("stssessiontokens"), "Namespaced", "stssessiontoken"],
            [group("vaultdynamicsecrets"), "Namespaced", "vaultdynamicsecret"],
            [group("webhooks"), "Namespaced", "webhook"],
            [group("clustergenerators"), "Cluster", "clustergenerator"],
            [group("generatorstates"), "Namespaced", "generatorstate"],
        ])
    );
    for crd in generators {
        let versions: Vec<_> = crd["spec"]["versions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|version| &version["name"])
            .collect();
        assert_eq!(versions, ["v1alpha1"]);
        assert_eq!(
            crd["spec"]["names"]["categories"],
            json!(["external-secrets", "external-secrets-generators"])
        );
    }
}

#[test]
fn external_secrets_are_found_by_store_target_and_interval() {
    let (_, crd) = definitions().swap_remove(0);
    for version in crd["spec"]["versions"].as_array().expect("versions") {
        let fields = json!([
            { "jsonPath": ".spec.secretStoreRef.name" },
            { "jsonPath": ".spec.secretStoreRef.kind" },
            { "jsonPath": ".spec.target.name" },
            { "jsonPath": ".spec.refreshInterval" },
        ]);
        assert_eq!(version["selectableFields"], fields);
    }
}

#[test]
fn a_provider_that_is_not_read_is_kept_as_it_is() {
    let (_, crd) = definitions().swap_remove(1);
    let providers = &schema(&crd)["properties"]["spec"]["properties"]["provider"];
    assert_eq!([&providers["minProperties"], &providers["maxProperties"]], [&json!(1), &json!(1)]);
    for key in UNSUPPORTED {
        assert_eq!(providers["properties"][key]["x-kubernetes-preserve-unknown-fields"], true, "{key}");
    }
    assert_eq!(providers["properties"].as_object().map(|blocks| blocks.len()), Some(UNSUPPORTED.len() + 4));
}

#[test]
fn the_committed_files_are_the_generated_ones() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/crds");
    for crd in crds() {
        let name = format!("{}.yaml", crd.spec.names.plural);
        let committed = std::fs::read_to_string(directory.join(&name)).unwrap_or_default();
        let generated = crd_yaml(&crd).expect("YAML");
        assert!(committed == generated, "{name} is stale: cargo run -p latchkey-api --example crds");
    }
}
