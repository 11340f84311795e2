//! The definitions of generators: one version, a specification, and nothing else.

use super::schema;
use crate::generator::{
    ClusterGeneratorSpec, FakeSpec, GROUP, GeneratorKind, MfaSpec, PasswordSpec, SshKeySpec, UuidSpec,
    VERSION,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

/// Those of the kinds that are made here, and ClusterGenerator.
pub(super) fn all() -> Vec<CustomResourceDefinition> {
    let of_kind = |kind: GeneratorKind| define(kind.name(), kind.plural(), "Namespaced", spec_of(kind));
    let cluster = describe(
        schema::structural::<ClusterGeneratorSpec>(),
        "A generator that ExternalSecrets of all namespaces may name.",
    );
    let cluster = define("ClusterGenerator", "clustergenerators", "Cluster", cluster);
    GeneratorKind::ALL.into_iter().map(of_kind).chain([cluster]).collect()
}

/// What is said of an object of this kind, and the schema of its specification.
type Described = (&'static str, Value);

fn describe(schema: Value, text: &'static str) -> Described {
    (text, schema)
}

fn spec_of(kind: GeneratorKind) -> Described {
    match kind {
        GeneratorKind::Fake => {
            describe(schema::structural::<FakeSpec>(), "Gives what is written in it, for trying things out.")
        }
        GeneratorKind::Mfa => describe(
            schema::structural::<MfaSpec>(),
            "Makes one-time passwords by time, as RFC 6238 has them.",
        ),
        GeneratorKind::Password => describe(schema::structural::<PasswordSpec>(), "Makes random passwords."),
        GeneratorKind::SshKey => describe(schema::structural::<SshKeySpec>(), "Makes pairs of SSH keys."),
        GeneratorKind::Uuid => describe(schema::structural::<UuidSpec>(), "Makes random UUIDs."),
    }
}

#[allow(clippy::expect_used)]
fn define(kind: &str, plural: &str, scope: &str, (description, spec): Described) -> CustomResourceDefinition {
    let schema = json!({
        "description": description,
        "type": "object",
        "properties": {
            "apiVersion": { "description": "Group and version of this object.", "type": "string" },
            "kind": { "description": "Kind of this object.", "type": "string" },
            "metadata": { "type": "object" },
            "spec": spec,
        }
    });
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.{GROUP}"),
            "labels": { "external-secrets.io/component": "controller" },
        },
        "spec": {
            "group": GROUP,
            "scope": scope,
            "conversion": { "strategy": "None" },
            "names": {
                "kind": kind, "listKind": format!("{kind}List"),
                "plural": plural, "singular": kind.to_lowercase(),
                "categories": ["external-secrets", "external-secrets-generators"],
            },
            "versions": [{
                "name": VERSION, "served": true, "storage": true,
                "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": schema },
            }],
        },
    });
    serde_json::from_value(crd).expect("the types have schemas that OpenAPI knows")
}
