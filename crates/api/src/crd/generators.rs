//! The definitions of generators: one version, a specification, and nothing else.

use super::schema;
use crate::generator::{
    AcrSpec, CloudsmithSpec, ClusterGeneratorSpec, EcrSpec, FakeSpec, GROUP, GcrSpec, GeneratorKind,
    GeneratorStateSpec, GithubSpec, GitlabSpec, GrafanaSpec, MfaSpec, PasswordSpec, QuaySpec, RemoteKind,
    SshKeySpec, StsSpec, UuidSpec, VERSION, VaultDynamicSecretSpec, WebhookSpec,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition,
};
use serde_json::{Value, json};

/// Those of the kinds that are served here, ClusterGenerator and GeneratorState.
pub(super) fn all() -> Vec<CustomResourceDefinition> {
    let of_kind = |kind: GeneratorKind| define(kind.name(), kind.plural(), "Namespaced", spec_of(kind));
    let cluster = describe(
        schema::structural::<ClusterGeneratorSpec>(),
        "A generator that ExternalSecrets of all namespaces may name.",
    );
    let cluster = define("ClusterGenerator", "clustergenerators", "Cluster", cluster);
    GeneratorKind::all().map(of_kind).chain([cluster, state()]).collect()
}

fn state() -> CustomResourceDefinition {
    let spec = describe(
        schema::structural::<GeneratorStateSpec>(),
        "What a generator has made and a service keeps, until the service is told to delete it.",
    );
    let mut crd = define("GeneratorState", "generatorstates", "Namespaced", spec);
    crd.spec.names.short_names = Some(vec!["gs".into()]);
    for version in &mut crd.spec.versions {
        version.additional_printer_columns = Some(vec![CustomResourceColumnDefinition {
            name: "GC Deadline".into(),
            type_: "string".into(),
            json_path: ".spec.garbageCollectionDeadline".into(),
            ..CustomResourceColumnDefinition::default()
        }]);
    }
    crd
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
        GeneratorKind::Remote(kind) => spec_of_remote(kind),
    }
}

fn spec_of_remote(kind: RemoteKind) -> Described {
    match kind {
        RemoteKind::Acr => {
            describe(schema::structural::<AcrSpec>(), "Gets a token for an Azure Container Registry.")
        }
        RemoteKind::Cloudsmith => {
            describe(schema::structural::<CloudsmithSpec>(), "Gets a token of Cloudsmith.")
        }
        RemoteKind::Ecr => describe(schema::structural::<EcrSpec>(), "Gets a login for Amazon's registries."),
        RemoteKind::Gcr => describe(schema::structural::<GcrSpec>(), "Gets an access token of Google Cloud."),
        RemoteKind::Github => {
            describe(schema::structural::<GithubSpec>(), "Gets a token of an installation of a GitHub App.")
        }
        RemoteKind::Gitlab => describe(schema::structural::<GitlabSpec>(), "Gets a deploy token of GitLab."),
        RemoteKind::Grafana => {
            describe(schema::structural::<GrafanaSpec>(), "Gets a token of a service account of Grafana.")
        }
        RemoteKind::Quay => {
            describe(schema::structural::<QuaySpec>(), "Gets a token of a robot account of Quay.")
        }
        RemoteKind::Sts => describe(schema::structural::<StsSpec>(), "Gets temporary credentials for AWS."),
        RemoteKind::Vault => {
            describe(schema::structural::<VaultDynamicSecretSpec>(), "Gets whatever a path of Vault makes.")
        }
        RemoteKind::Webhook => {
            describe(schema::structural::<WebhookSpec>(), "Gets whatever an HTTP server answers.")
        }
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
