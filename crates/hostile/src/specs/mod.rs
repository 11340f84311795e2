//! Specifications made up by the schemas of the CRDs: valid ones, and what is almost one, of every kind.

mod hints;
mod run;
mod shape;

use latchkey::registration::{PATH_EXTERNAL_SECRETS, PATH_PUSH_SECRETS, PATH_STORES};
use latchkey_api::crd::crds;
use latchkey_api::{GROUP, generator};
use serde_json::{Value, json};

pub use run::run;

use crate::Random;

/// A kind of objects with the schema of its specification.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its name.
    pub kind: String,
    group: String,
    version: String,
    namespaced: bool,
    schema: Value,
}

/// All kinds that there are CRDs of.
///
/// # Panics
/// A CRD has no schema.
pub fn subjects() -> Vec<Subject> {
    let made = crds().into_iter().map(|crd| {
        let first = crd.spec.versions.into_iter().next().expect("a version");
        let schema = first.schema.and_then(|schema| schema.open_api_v3_schema).expect("a schema");
        let schema = serde_json::to_value(schema).expect("a schema is JSON");
        Subject {
            kind: crd.spec.names.kind,
            group: crd.spec.group,
            version: first.name,
            namespaced: crd.spec.scope == "Namespaced",
            schema: schema["properties"]["spec"].clone(),
        }
    });
    made.filter(|subject| subject.kind != "GeneratorState").collect() // nobody writes one by hand, and no admission sees it
}

impl Subject {
    /// An object of this kind; the same choices make the same one.
    pub fn object(&self, random: &mut Random) -> Value {
        let name = random.pick(&["app", "made", "store", "web"]);
        let mut metadata =
            json!({ "name": name, "labels": { "a": "b" }, "annotations": { "force-sync": "1" } });
        if self.namespaced {
            metadata["namespace"] = json!("team");
        }
        let spec = shape::value(random, &self.schema, &hints::At::spec(&self.kind));
        json!({ "apiVersion": format!("{}/{}", self.group, self.version), "kind": self.kind, "metadata": metadata, "spec": spec })
    }

    /// Whether its specification has fields at all: without any, nothing can be wrong with it.
    pub fn has_fields(&self) -> bool {
        self.schema["properties"].as_object().is_some_and(|properties| !properties.is_empty())
    }

    /// Whether it is a generator: nobody reviews one, but ExternalSecrets use it.
    fn is_generator(&self) -> bool {
        self.group == generator::GROUP
    }

    /// Where its reviews go.
    fn path(&self) -> &'static str {
        match self.kind.as_str() {
            "PushSecret" | "ClusterPushSecret" => PATH_PUSH_SECRETS,
            "SecretStore" | "ClusterSecretStore" => PATH_STORES,
            _ => PATH_EXTERNAL_SECRETS,
        }
    }
}

/// An ExternalSecret whose values the generator of this name makes.
fn user_of(generator: &Subject, name: &str) -> Value {
    let api_version = format!("{}/{}", generator::GROUP, generator.version);
    let reference = json!({ "apiVersion": api_version, "kind": generator.kind, "name": name });
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "ExternalSecret", "metadata": { "name": "app", "namespace": "team" },
        "spec": { "refreshInterval": "1h", "dataFrom": [{ "sourceRef": { "generatorRef": reference } }] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_object_and_each_kind_is_there() {
        let subjects = subjects();
        assert!(subjects.len() >= 12, "{}", subjects.len());
        for subject in &subjects {
            let of = |seed| subject.object(&mut Random::new(seed));
            assert_eq!(of(7), of(7), "{}", subject.kind);
            let different = (0..50).map(|seed| of(seed)["spec"].to_string());
            let different: std::collections::BTreeSet<_> = different.collect();
            assert!(different.len() > 10, "{}: {different:?}", subject.kind);
        }
    }
}
