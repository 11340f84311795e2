//! What latchkey's rights to generators and to what services keep of theirs are for.

use latchkey_api::generator::RemoteKind;
use serde_json::{Value, json};

use super::probes::Stage;
use crate::support::gitlab::{Gitlab, deploy_token};
use crate::support::manifests::external_secret;

fn made_by(kind: &str, name: &str, spec: Value) -> Value {
    let api = "generators.external-secrets.io/v1alpha1";
    json!({ "apiVersion": api, "kind": kind, "metadata": { "name": name }, "spec": spec })
}

/// An ExternalSecret of what generators of these kinds and names make.
fn generated(name: &str, generators: &[(&str, &str)]) -> Value {
    let from = generators
        .iter()
        .map(|(kind, name)| json!({ "sourceRef": { "generatorRef": { "kind": kind, "name": name } } }));
    let mut object = external_secret(name, "", json!({ "dataFrom": from.collect::<Vec<_>>() }));
    let spec = object["spec"].as_object_mut().expect("a specification");
    spec.retain(|field, _| field != "data" && field != "secretStoreRef");
    object
}

/// Generators of each kind make values.
pub fn generates(stage: &Stage<'_>) -> Result<(), String> {
    let seed = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "seed" },
        "stringData": { "seed": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" },
    });
    let specs = [
        ("Fake", json!({ "data": { "user": "admin" } })),
        ("MFA", json!({ "secret": { "name": "seed", "key": "seed" } })),
        ("Password", json!({})),
        ("SSHKey", json!({ "keyType": "ed25519" })),
        ("UUID", json!({})),
    ];
    let kinds = specs.each_ref().map(|(kind, _)| (*kind, "all"));
    let generators = specs.map(|(kind, spec)| made_by(kind, "all", spec));
    stage.apply(&[&[seed], generators.as_slice(), &[generated("generated", &kinds)]].concat())
}

/// A generator of the whole cluster makes a value.
pub fn generates_of_the_cluster(stage: &Stage<'_>) -> Result<(), String> {
    let spec = json!({ "kind": "Password", "generator": { "passwordSpec": {} } });
    let generator = made_by("ClusterGenerator", &stage.ns, spec);
    stage.apply(&[generator, generated("generated-for-all", &[("ClusterGenerator", &stage.ns)])])
}

/// Whether this is the plural of a kind that asks a service.
pub fn asks_a_service(plural: &str) -> bool {
    RemoteKind::ALL.iter().any(|kind| kind.plural() == plural)
}

/// As little as the API server takes of each kind that asks a service.
fn specification(kind: RemoteKind) -> Value {
    let account = json!({ "name": "sa" });
    match kind {
        RemoteKind::Acr => json!({ "auth": {}, "registry": "r" }),
        RemoteKind::Cloudsmith => {
            json!({ "orgSlug": "o", "serviceSlug": "s", "serviceAccountRef": account })
        }
        RemoteKind::Ecr | RemoteKind::Sts => json!({ "region": "eu-central-1" }),
        RemoteKind::Gcr => json!({ "auth": {}, "projectID": "p" }),
        RemoteKind::Github => {
            json!({ "appID": "1", "installID": "2", "auth": { "privateKey": { "secretRef": { "name": "k" } } } })
        }
        RemoteKind::Gitlab => deploy_token("https://gitlab.example.com"),
        RemoteKind::Grafana => {
            json!({ "url": "https://grafana", "auth": {}, "serviceAccount": { "name": "n", "role": "Viewer" } })
        }
        RemoteKind::Quay => json!({ "robotAccount": "r", "serviceAccountRef": account }),
        RemoteKind::Vault => json!({ "path": "p", "provider": { "server": "https://vault" } }),
        RemoteKind::Webhook => json!({ "url": "https://hook", "result": {} }),
    }
}

/// Generators that ask a service are found: a dry run says of each that it is not asked, or what is missing in what it says.
pub fn finds_generators(stage: &Stage<'_>) -> Result<(), String> {
    let generators: Vec<Value> =
        RemoteKind::ALL.iter().map(|kind| made_by(kind.name(), "each", specification(*kind))).collect();
    stage.apply(&generators)?;
    for kind in RemoteKind::ALL {
        let object = generated("found", &[(kind.name(), "each")]).to_string();
        let said = stage.kubectl(&["apply", "--dry-run=server", "-f", "-"], &object);
        let texts = said.warnings().concat();
        let is_found = texts.contains(&format!("{} \"each\"", kind.name()))
            && !texts.contains("unable to get generator");
        if !said.ok || !is_found {
            return Err(said.to_string());
        }
    }
    Ok(())
}

/// What a service keeps is written down, and the service is told when another has taken its place.
pub fn keeps_books(stage: &Stage<'_>) -> Result<(), String> {
    let gitlab = Gitlab::start();
    stage.apply(&gitlab.objects())?;
    let object = generated("ci", &[("GitlabDeployToken", "ci")]).to_string();
    stage.kubectl(&["apply", "-f", "-"], &object).good();
    let good = |token: &str| gitlab.tokens() == [token];
    stage.wait("the first token", || good("gldt-1"))?;
    stage.wait("its Secret", || stage.kubectl(&["get", "secret", "ci"], "").ok)?;
    stage.kubectl(&["annotate", "externalsecret", "ci", "force-sync=1"], "").good();
    stage.wait("the second token alone", || good("gldt-2"))
}
