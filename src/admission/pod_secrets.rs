//! Which Secrets a Pod names. Pure.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, EnvFromSource, EnvVar, EphemeralContainer, PodSpec, Volume};

/// A Secret's name, and whether whoever names it can do without it.
type Reference = (String, bool);

/// The Secrets that the kubelet will want before the Pod can start: environment, volumes (projected ones too) and image
/// pulls; optional ones as well, since what is there should be fresh.
pub fn named(spec: &PodSpec) -> BTreeSet<String> {
    references(spec).map(|(name, _)| name).collect()
}

/// Those of them that the Pod does not start without.
pub fn required(spec: &PodSpec) -> BTreeSet<String> {
    references(spec).filter(|(_, optional)| !optional).map(|(name, _)| name).collect()
}

fn references(spec: &PodSpec) -> impl Iterator<Item = Reference> {
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let environment = containers
        .map(|Container { env, env_from, .. }| (env, env_from))
        .chain(
            spec.ephemeral_containers
                .iter()
                .flatten()
                .map(|EphemeralContainer { env, env_from, .. }| (env, env_from)),
        )
        .flat_map(|(env, env_from)| of_environment(env.as_deref(), env_from.as_deref()));
    let volumes = spec.volumes.iter().flatten().flat_map(of_volume);
    let pulls = spec.image_pull_secrets.iter().flatten().map(|pull| (pull.name.clone(), false));
    environment.chain(volumes).chain(pulls).filter(|(name, _)| !name.is_empty())
}

fn of_environment<'a>(
    env: Option<&'a [EnvVar]>,
    env_from: Option<&'a [EnvFromSource]>,
) -> impl Iterator<Item = Reference> + 'a {
    let single = env.unwrap_or_default().iter().filter_map(|variable| {
        let source = variable.value_from.as_ref()?.secret_key_ref.as_ref()?;
        Some((source.name.clone(), source.optional == Some(true)))
    });
    let whole = env_from.unwrap_or_default().iter().filter_map(|from| {
        let source = from.secret_ref.as_ref()?;
        Some((source.name.clone(), source.optional == Some(true)))
    });
    single.chain(whole)
}

fn of_volume(volume: &Volume) -> Vec<Reference> {
    let direct = volume
        .secret
        .iter()
        .filter_map(|source| Some((source.secret_name.clone()?, source.optional == Some(true))));
    let projected = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
    let projected = projected.filter_map(|source| source.secret.as_ref());
    direct.chain(projected.map(|source| (source.name.clone(), source.optional == Some(true)))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_place_that_can_name_a_secret_is_read() {
        let spec = json!({
            "containers": [{
                "name": "app",
                "env": [
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "env", "key": "a"}}},
                    {"name": "B", "value": "plain"},
                ],
                "envFrom": [{"secretRef": {"name": "env-from"}}, {"configMapRef": {"name": "no"}}],
            }],
            "initContainers": [{"name": "init", "envFrom": [{"secretRef": {"name": "init"}}]}],
            "ephemeralContainers": [{"name": "e", "envFrom": [{"secretRef": {"name": "ephemeral"}}]}],
            "volumes": [
                {"name": "v", "secret": {"secretName": "volume"}},
                {"name": "p", "projected": {"sources": [{"secret": {"name": "projected"}}]}},
                {"name": "c", "configMap": {"name": "no"}},
            ],
            "imagePullSecrets": [{"name": "pull"}],
        });
        let spec: PodSpec = serde_json::from_value(spec).expect("a pod's spec");
        let names: Vec<String> = named(&spec).into_iter().collect();
        assert_eq!(names, ["env", "env-from", "ephemeral", "init", "projected", "pull", "volume"]);
    }
    #[test]
    fn a_secret_is_required_if_any_reference_to_it_is() {
        let spec = json!({
            "containers": [{
                "name": "app",
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "one", "key": "a", "optional": true}}}],
                "envFrom": [{"secretRef": {"name": "two", "optional": true}}],
            }],
            "volumes": [
                {"name": "v", "secret": {"secretName": "two", "optional": false}},
                {"name": "w", "secret": {"secretName": "three", "optional": true}},
                {"name": "p", "projected": {"sources": [{"secret": {"name": "four", "optional": true}}]}},
            ],
        });
        let spec: PodSpec = serde_json::from_value(spec).expect("a pod's spec");
        assert_eq!(required(&spec).into_iter().collect::<Vec<_>>(), ["two"]);
        assert_eq!(named(&spec).len(), 4);
    }
}
