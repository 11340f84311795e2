//! Where what is pushed comes from: a Secret, several by their labels, or a generator.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::ListParams;
use kube::core::Selector;
use kube::{Api, ResourceExt};
use latchkey_api::PushSecret;
use latchkey_api::push_secret::PushSecretSpec;
use latchkey_provider::SecretBytes;

use super::super::Term;
use crate::engine::push::{self, Made, Source};
use crate::engine::{Deadline, Error, message};
use crate::lookup::Key;
use crate::telemetry::chain;

impl Term<'_> {
    /// What is pushed, templates done; none if the Secret that is named is not there. Where no Secret has the labels, there is
    /// nothing to push, and nobody has deleted anything. What a generator makes is in `made` as well, or has been since the last
    /// try.
    pub(super) async fn sources(
        &self,
        object: &PushSecret,
        made: &mut Option<Made>,
        deadline: Deadline,
    ) -> Result<Option<Vec<Source>>, Error> {
        let engine = &self.refresher.engine;
        let namespace = object.namespace().unwrap_or_default();
        let raw: Vec<Source> = match &object.spec.selector.generator_ref {
            Some(generator) => {
                if made.is_none() {
                    let of = (namespace.as_str(), object);
                    *made = Some(engine.generated_source(of, generator, deadline).await?);
                }
                made.iter().map(|made| made.source.clone()).collect()
            }
            None => {
                let Some(secrets) = self.secrets_of(&namespace, &object.spec).await? else { return Ok(None) };
                secrets.into_iter().map(of_secret).collect()
            }
        };
        let mut sources = Vec::new();
        for source in raw {
            let template = object.spec.template.as_ref();
            sources.push(engine.templated_source(&namespace, template, source, deadline).await?);
        }
        Ok(Some(sources))
    }

    /// The Secrets that are pushed, in the order of their names; none if there is no Secret of the name that is given.
    async fn secrets_of(&self, namespace: &str, spec: &PushSecretSpec) -> Result<Option<Vec<Secret>>, Error> {
        let api: Api<Secret> = Api::namespaced(self.refresher.client.clone(), namespace);
        if let Some(name) = push::named(spec) {
            let secret =
                api.get_opt(name).await.map_err(|error| unread(&format!("Secret {name:?}"), &error))?;
            return Ok(secret.map(|secret| vec![secret]));
        }
        let selector = spec.selector.secret.as_ref().and_then(|secret| secret.selector.as_ref());
        let params = params(selector.ok_or_else(message::source_unnamed)?)?;
        let list = api.list(&params).await;
        let mut secrets = list
            .map_err(|error| unread("the Secrets with the labels of spec.selector.secret.selector", &error))?
            .items;
        secrets.sort_by_key(ResourceExt::name_any);
        Ok(Some(secrets))
    }

    /// Whether a source was changed after the last push, as far as its managedFields tell.
    pub(super) async fn source_changed_since(&self, object: &PushSecret) -> bool {
        let Some(pushed) = object.status.as_ref().and_then(|status| status.refresh_time.as_ref()) else {
            return true;
        };
        let Some(name) = object.spec.selector.secret.as_ref().and_then(|of| of.name.as_ref()) else {
            return object.spec.selector.generator_ref.is_none();
        };
        let key = Key::new(object.namespace().unwrap_or_default(), name);
        match self.refresher.lookup.secret_metadata(&key).await {
            Ok(Some(metadata)) => {
                let changes = metadata.managed_fields.iter().flatten();
                let last: Option<Timestamp> = changes.filter_map(|one| Some(one.time.as_ref()?.0)).max();
                last.is_none_or(|last| last >= pushed.0)
            }
            Ok(None) => true,
            Err(_) => false, // the watch and the interval see to it
        }
    }
}

fn params(selector: &LabelSelector) -> Result<ListParams, Error> {
    let selector = Selector::try_from(selector.clone());
    let selector = selector.map_err(|why| message::source_selector(&why.to_string()))?;
    Ok(ListParams::default().labels_from(&selector))
}

fn of_secret(secret: Secret) -> Source {
    let metadata = push::carried(&secret.metadata, secret.type_);
    let data = secret.data.unwrap_or_default().into_iter();
    let data = data.map(|(key, value)| (key, SecretBytes::new(value.0))).collect();
    Source { data, metadata }
}

fn unread(what: &str, error: &kube::Error) -> Error {
    message::cluster(&format!("{what} could not be read"), &chain(error))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::ErrorKind;

    fn labels(expression: Value) -> Result<ListParams, Error> {
        let selector = json!({ "matchLabels": { "a": "b" }, "matchExpressions": [expression] });
        params(&serde_json::from_value(selector).expect("a selector"))
    }

    #[test]
    fn labels_that_are_no_selector_are_an_error_and_not_an_empty_list() {
        let good = labels(json!({ "key": "x", "operator": "Exists" })).expect("a selector");
        assert_eq!(good.label_selector.as_deref(), Some("a=b,x"));
        let bad = labels(json!({ "key": "x", "operator": "Is" })).expect_err("no operator");
        assert_eq!(bad.kind, ErrorKind::InvalidSpec);
        assert!(bad.message.starts_with("could not get source secret: spec.selector"), "{bad}");
    }
}
