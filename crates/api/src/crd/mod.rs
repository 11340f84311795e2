//! The CustomResourceDefinitions, made of the types.

mod generators;
mod schema;

use crate::cluster_external_secret::{
    ClusterExternalSecret, ClusterExternalSecretSpec, ClusterExternalSecretStatus,
};
use crate::external_secret::{ExternalSecret, ExternalSecretSpec, ExternalSecretStatus};
use crate::push_secret::{
    ClusterPushSecret, ClusterPushSecretSpec, ClusterPushSecretStatus, PUSH_VERSION, PushSecret,
    PushSecretSpec, PushSecretStatus,
};
use crate::store::{SecretStore, SecretStoreSpec, SecretStoreStatus};
use crate::{OLD_VERSION, VERSION};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceConversion, CustomResourceDefinition, CustomResourceDefinitionVersion,
    CustomResourceValidation,
};
use kube::CustomResourceExt;
use schemars::JsonSchema;
use serde_json::{Value, json};

/// The versions of a kind: that in which objects are stored, then older ones that are served as well.
const VERSIONS: &[&str] = &[VERSION, OLD_VERSION];
/// Those of PushSecret and ClusterPushSecret.
const PUSH_VERSIONS: &[&str] = &[PUSH_VERSION];

/// All definitions: ExternalSecret, SecretStore, ClusterSecretStore, ClusterExternalSecret, PushSecret, ClusterPushSecret, and
/// the generators.
///
/// Each of the first four serves v1, which is stored, and v1beta1 with the same schema, which reads and writes the same objects. The older
/// version is not marked as deprecated: kubectl would print a warning each time that an older manifest is applied.
///
/// # Panics
/// If a type has a schema that is no schema of OpenAPI; the tests of this crate would not pass then.
pub fn crds() -> Vec<CustomResourceDefinition> {
    let external_secrets = define::<ExternalSecretSpec, ExternalSecretStatus>(
        ExternalSecret::crd(),
        VERSIONS,
        "Which remote values go into which Secret of its namespace, and how fresh they are kept.",
    );
    let stores = define::<SecretStoreSpec, SecretStoreStatus>(
        SecretStore::crd(),
        VERSIONS,
        "Where remote values live and how to get at them, for the ExternalSecrets of one namespace.",
    );
    let cluster_stores = define::<SecretStoreSpec, SecretStoreStatus>(
        for_the_cluster(SecretStore::crd()),
        VERSIONS,
        "Where remote values live and how to get at them, for the ExternalSecrets of all namespaces or of some.",
    );
    let cluster_external_secrets = define::<ClusterExternalSecretSpec, ClusterExternalSecretStatus>(
        ClusterExternalSecret::crd(),
        VERSIONS,
        "One ExternalSecret for many namespaces.",
    );
    let push_secrets = define::<PushSecretSpec, PushSecretStatus>(
        PushSecret::crd(),
        PUSH_VERSIONS,
        "Which keys of a Secret of its namespace go to which stores, under which names.",
    );
    let cluster_push_secrets = define::<ClusterPushSecretSpec, ClusterPushSecretStatus>(
        ClusterPushSecret::crd(),
        PUSH_VERSIONS,
        "One PushSecret for many namespaces.",
    );
    let own = [
        external_secrets,
        stores,
        cluster_stores,
        cluster_external_secrets,
        push_secrets,
        cluster_push_secrets,
    ];
    own.into_iter().chain(generators::all()).collect()
}

/// The definition that the derive makes of SecretStore, with the other kind's names.
fn for_the_cluster(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    crd.metadata.name = Some(format!("clustersecretstores.{}", crate::GROUP));
    crd.spec.scope = "Cluster".into();
    crd.spec.names.kind = "ClusterSecretStore".into();
    crd.spec.names.plural = "clustersecretstores".into();
    crd.spec.names.singular = Some("clustersecretstore".into());
    crd.spec.names.short_names = Some(vec!["css".into()]);
    crd
}

/// Adds to a definition without schema the schema, the versions (the first is stored) and what they share.
fn define<Spec: JsonSchema, Status: JsonSchema>(
    mut crd: CustomResourceDefinition,
    versions: &[&str],
    description: &str,
) -> CustomResourceDefinition {
    let kind = crd.spec.names.kind.clone();
    crd.metadata.labels = Some([("external-secrets.io/component".into(), "controller".into())].into());
    crd.spec.names.list_kind = Some(format!("{kind}List"));
    crd.spec.conversion = Some(CustomResourceConversion { strategy: "None".into(), webhook: None });
    let schema = validation(root::<Spec, Status>(description));
    let derived = std::mem::take(&mut crd.spec.versions);
    let numbered = |version: &CustomResourceDefinitionVersion| {
        let of = |(place, name): (usize, &&str)| CustomResourceDefinitionVersion {
            name: (*name).to_owned(),
            served: true,
            storage: place == 0,
            schema: Some(schema.clone()),
            ..version.clone()
        };
        versions.iter().enumerate().map(of).collect::<Vec<_>>()
    };
    crd.spec.versions = derived.iter().flat_map(numbered).collect();
    crd
}

fn root<Spec: JsonSchema, Status: JsonSchema>(description: &str) -> Value {
    json!({
        "description": description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": { "description": "Group and version of this object.", "type": "string" },
            "kind": { "description": "Kind of this object.", "type": "string" },
            "metadata": { "type": "object" },
            "spec": schema::structural::<Spec>(),
            "status": schema::structural::<Status>(),
        }
    })
}

#[allow(clippy::expect_used)]
fn validation(schema: Value) -> CustomResourceValidation {
    let schema = serde_json::from_value(schema).expect("the types have schemas that OpenAPI knows");
    CustomResourceValidation { open_api_v3_schema: Some(schema) }
}

/// The definitions as one YAML document each, the first of them without a separator before it.
pub fn crds_yaml() -> Result<String, serde_saphyr::SerializeError> {
    let documents: Result<Vec<String>, _> = crds().iter().map(crd_yaml).collect();
    Ok(documents?.join("---\n"))
}

/// One definition as YAML.
pub fn crd_yaml(crd: &CustomResourceDefinition) -> Result<String, serde_saphyr::SerializeError> {
    serde_saphyr::to_string(crd)
}
