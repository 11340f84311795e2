//! The templates of a webhook, and the Secrets that they may take.

use std::collections::BTreeMap;

use latchkey_api::generator::{WebhookSecret, WebhookSpec};
use latchkey_gotmpl::{Bytes, Functions, Limits, Map, Options, Template, Value, library};

use super::super::{World, invalid};
use crate::{Error, ErrorKind, SecretBytes};

/// The label of Secrets that are meant for webhooks, and its value.
const LABEL: (&str, &str) = ("external-secrets.io/type", "webhook");

/// How long a template may take.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(2);

/// The data of each Secret, by the name that templates know it by.
#[derive(Debug, Default)]
pub struct Secrets(BTreeMap<String, BTreeMap<String, SecretBytes>>);

impl Secrets {
    /// As they are, in addresses too: External Secrets Operator escapes what a `remoteRef` says alone, and a generator has none.
    pub fn plain(&self) -> Value {
        let one = |(name, data): (&String, &BTreeMap<String, SecretBytes>)| {
            let values = data.iter().map(|(key, value)| (key, value.expose().to_vec()));
            (Bytes::from(name.as_bytes()), Value::string_map(values))
        };
        Value::from(Map::any(self.0.iter().map(one)))
    }
}

/// Reads what the generator names.
///
/// # Errors
/// A Secret is not there, or is not meant for webhooks.
pub async fn secrets(spec: &WebhookSpec, world: &World<'_>) -> Result<Secrets, Error> {
    let mut all = Secrets::default();
    for (index, WebhookSecret { name, secret_ref }) in spec.secrets.iter().enumerate() {
        let at = format!("secrets[{index}].secretRef");
        let namespace = world.scope.credentials_namespace(secret_ref.namespace.as_deref())?;
        let secret = secret_ref.name.as_deref().filter(|secret| !secret.is_empty());
        let secret = secret.ok_or_else(|| invalid(format!("{at} has no name")))?;
        let missing = |error: Error| Error {
            message: format!(
                "{at}: cannot get Kubernetes secret {secret:?} from namespace {namespace:?}: {}",
                error.message
            ),
            ..error
        };
        let labels = world.cluster.secret_labels(namespace, secret).await.map_err(missing)?;
        if labels.get(LABEL.0).is_none_or(|is| is != LABEL.1) {
            let text = format!(
                "{at}: secret {secret:?} in namespace {namespace:?} does not contain needed label '{}: {}'",
                LABEL.0, LABEL.1
            );
            return Err(Error::new(ErrorKind::Credentials, text));
        }
        let data = world.cluster.secret(namespace, secret).await.map_err(missing)?;
        all.0.entry(name.clone()).or_default().extend(data);
    }
    Ok(all)
}

/// What the template that stands in this field makes.
///
/// # Errors
/// It cannot be parsed or executed, or passes a limit. The engine's texts hold no value.
pub fn executed(at: &str, text: &str, data: &Value) -> Result<SecretBytes, Error> {
    static FUNCTIONS: std::sync::LazyLock<Functions> = std::sync::LazyLock::new(library::external_secrets);
    let failed = |why: String| invalid(format!("{at}: {why}"));
    let template = Template::parse("webhooktemplate", text, &Options::default(), &FUNCTIONS);
    let template = template.map_err(|error| failed(error.to_string()))?;
    let began = std::time::Instant::now();
    let is_over = || began.elapsed() > LONGEST;
    let limits = Limits { deadline: Some(&is_over), ..Limits::default() };
    let output = template.execute(data, &limits).map_err(|error| failed(error.to_string()))?;
    Ok(SecretBytes::new(output.as_slice()))
}
