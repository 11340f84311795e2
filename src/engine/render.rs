//! From the selected values to everything that this ExternalSecret gives its Secret.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_api::external_secret::{
    CreationPolicy, DeletionPolicy, MergePolicy, Template, TemplateFrom, TemplateMetadata,
};
use latchkey_provider::SecretBytes;

use super::convert::{Data, writable_keys};
use super::error::Error;
use super::manifest::{self, Manifest};
use super::message;
use super::outcome::MissingEntry;
use super::plan::{Plan, TargetPlan};
use super::select::Selected;

mod check;
mod from;
mod template;
mod yaml;

pub use check::{Faults, Keys, faults, faults_but};
pub use from::{Object, ObjectKind, Objects, Place, items, objects};
pub use template::{KeyTemplate, TemplateError, execute, limits, said, set_delimiters};

/// What one ExternalSecret gives its Secret, final: templates are done. Only what the Secret holds already is not known
/// here; under `Merge` and `CreateOrMerge` its other keys stay beside these.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The namespace of both.
    pub namespace: String,
    /// The ExternalSecret's name.
    pub external_secret: String,
    /// The Secret's name.
    pub name: String,
    /// Who owns what.
    pub creation: CreationPolicy,
    /// What happens when nothing is left at the provider.
    pub deletion: DeletionPolicy,
    /// Whether the Secret is made immutable.
    pub immutable: bool,
    /// The Secret's type, if the template names one; else that of the Secret stays.
    pub type_: Option<String>,
    /// The labels to set, without the bookkeeping ones.
    pub labels: BTreeMap<String, String>,
    /// The annotations to set, without the bookkeeping ones.
    pub annotations: BTreeMap<String, String>,
    /// The finalizers to add.
    pub finalizers: Vec<String>,
    /// The keys and values that are this ExternalSecret's: over whatever the Secret holds under them.
    pub data: Data,
    /// Whether the provider gave nothing at all, which `deletion` speaks of (a template may give keys all the same).
    pub provider_empty: bool,
    /// Entries that the provider does not have, skipped by `deletionPolicy` Delete or Merge.
    pub missing: Vec<MissingEntry>,
    /// What may fail with other values, see [`Plan`].
    pub doubts: Vec<Error>,
    /// Those keys of `data` whose values were made by generators, or may hold such.
    pub made: BTreeSet<String>,
    /// Those keys of `data` that a template rendered: they may be made of values, and no message names them.
    pub computed: BTreeSet<String>,
    /// Why it is not rendered, where a Secret that is there stays as it is: only one that has to be made fails.
    pub failed: Option<Error>,
    /// Whether what was made is to be written over what was made before.
    pub renew: bool,
    /// What is written instead of a Secret, if it is another kind of object.
    pub manifest: Option<Manifest>,
}

/// Renders what the provider gave. `objects` is what [`objects`] asks for.
///
/// # Errors
/// A template that fails, a key that no Secret can have; unless that matters only for a Secret that has to be made.
pub fn render(plan: &Plan, selected: Selected, objects: Result<&Objects, Error>) -> Result<Rendered, Error> {
    let Selected { data, missing, made } = selected;
    let provider_empty = data.is_empty();
    let (parts, written, failed) = match objects.and_then(|objects| parts(&plan.target, data, objects)) {
        Ok((parts, written)) => (parts, written, None),
        Err(why) if plan.target.keeps_what_is_there() => (Parts::default(), None, Some(why)),
        Err(why) => return Err(why),
    };
    let TargetPlan { name, creation, deletion, immutable, manifest, template, .. } = &plan.target;
    let made = match template {
        Some(_) if !made.is_empty() => parts.data.keys().cloned().collect(), // a template may put it anywhere
        Some(_) | None => made,
    };
    Ok(Rendered {
        namespace: plan.namespace.clone(),
        external_secret: plan.name.clone(),
        name: name.clone(),
        creation: *creation,
        deletion: *deletion,
        immutable: *immutable,
        type_: parts.type_,
        labels: parts.labels,
        annotations: parts.annotations,
        finalizers: parts.finalizers,
        data: parts.data,
        provider_empty,
        missing,
        doubts: plan.doubts.clone(),
        made,
        computed: parts.computed.into_keys().collect(),
        failed,
        renew: false,
        manifest: written.or_else(|| manifest.clone().map(|of| Manifest { of, sets: Vec::new() })),
    })
}

/// What the target decides, checked, and what is written instead of a Secret.
fn parts(target: &TargetPlan, data: Data, objects: &Objects) -> Result<(Parts, Option<Manifest>), Error> {
    let TargetPlan { name, creation, deletion, manifest, template, fault, labels, annotations, .. } = target;
    let is_written = is_written(*creation, *deletion, data.is_empty());
    if let Some(fault) = fault.as_ref().filter(|_| is_written) {
        return Err(fault.clone());
    }
    let (parts, written) = match template {
        _ if manifest.is_some() && is_written => {
            let (written, parts) = manifest::make(target, data, objects)?;
            (parts, written)
        }
        Some(template) if is_written => (templated(template, data, objects)?, None),
        Some(template) => (Parts { type_: type_of(template), data, ..Parts::default() }, None),
        None => {
            let (labels, annotations) = (labels.clone(), annotations.clone());
            (Parts { data, labels, annotations, ..Parts::default() }, None)
        }
    };
    if written.as_ref().is_none_or(|written| manifest::is_config_map(&written.of)) {
        writable(name, &parts)?;
    }
    Ok((parts, written))
}

/// Checks the keys. One that a template rendered is not named.
fn writable(name: &str, parts: &Parts) -> Result<(), Error> {
    let written = parts.data.keys().filter(|key| !parts.computed.contains_key(*key));
    writable_keys(written).map_err(|why| message::target_key(name, &why))?;
    parts.computed.iter().try_for_each(|(key, place)| {
        writable_keys([key].into_iter()).map_err(|why| place.hide(message::rendered_key(place.at(), &why)))
    })
}

/// Whether rendering may take long enough to keep others waiting.
pub fn takes_long(plan: &Plan, objects: &Objects) -> bool {
    let Some(template) = &plan.target.template else { return false };
    let metadata =
        template.metadata.iter().flat_map(|metadata| metadata.labels.iter().chain(&metadata.annotations));
    let own = template.data.iter().flatten().chain(metadata).map(|(_, text)| text.as_str());
    let literals = template.template_from.iter().filter_map(|source| source.literal.as_deref());
    let of_objects = objects.values().flatten().flat_map(Data::values).filter_map(|text| text.expose_str());
    own.chain(literals).chain(of_objects).any(template::takes_long)
}

/// Whether the template is used at all: a Secret that is deleted, left alone or not wanted needs none, and the template
/// would fail for want of values.
fn is_written(creation: CreationPolicy, deletion: DeletionPolicy, provider_empty: bool) -> bool {
    match (creation, deletion) {
        (CreationPolicy::None, _) => false,
        (_, DeletionPolicy::Delete | DeletionPolicy::Retain) => !provider_empty,
        (_, DeletionPolicy::Merge) => true,
    }
}

/// What the template decides.
#[derive(Debug, Default)]
pub struct Parts {
    /// The Secret's type.
    pub type_: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its finalizers.
    pub finalizers: Vec<String>,
    /// Its keys and values.
    pub data: Data,
    /// Where those of its keys are rendered that are not written in the specification or at the provider.
    pub computed: BTreeMap<String, Place>,
}

impl Parts {
    /// Sets a value under a key that is written in the specification.
    fn set(&mut self, key: &str, value: SecretBytes) {
        self.computed.remove(key);
        self.data.insert(key.to_owned(), value);
    }

    /// Sets a value under a key that was rendered there.
    fn set_computed(&mut self, key: String, value: SecretBytes, place: &Place) {
        self.computed.insert(key.clone(), place.clone());
        self.data.insert(key, value);
    }
}

/// Later wins: the values (unless the template replaces them), `templateFrom`, `template.data` and `template.metadata`.
///
/// # Errors
/// A template that fails.
pub fn templated(template: &Template, values: Data, objects: &Objects) -> Result<Parts, Error> {
    let keeps_values = makes_nothing(template) || template.merge_policy == Some(MergePolicy::Merge);
    laid(template, values, objects, keeps_values, |_| false)
}

/// The same, but for sources that go elsewhere, and whatever the merge policy: it is one of Secrets, as with External Secrets
/// Operator.
///
/// # Errors
/// A template that fails.
pub fn templated_but(
    template: &Template,
    values: Data,
    objects: &Objects,
    elsewhere: impl Fn(&TemplateFrom) -> bool,
) -> Result<Parts, Error> {
    laid(template, values, objects, makes_nothing(template), elsewhere)
}

/// Whether it makes no keys of its own.
fn makes_nothing(template: &Template) -> bool {
    template.data.as_ref().is_none_or(BTreeMap::is_empty) && template.template_from.is_empty()
}

fn laid(
    template: &Template,
    values: Data,
    objects: &Objects,
    keeps_values: bool,
    elsewhere: impl Fn(&TemplateFrom) -> bool,
) -> Result<Parts, Error> {
    let Template { type_: _, engine_version: _, merge_policy: _, metadata, data, template_from } = template;
    let mut parts = Parts { type_: type_of(template), ..Parts::default() };
    if keeps_values {
        parts.data = values.clone();
    }
    for (index, source) in template_from.iter().enumerate().filter(|(_, source)| !elsewhere(source)) {
        from::apply(&mut parts, index, source, &values, objects)?;
    }
    for (key, text) in data.iter().flatten() {
        let value = template::run(&format!("spec.target.template.data[{key:?}]"), text, &values)?;
        parts.set(key, value);
    }
    if let Some(metadata) = metadata {
        add_metadata(&mut parts, metadata, &values)?;
    }
    Ok(parts)
}

/// The type that it gives; an empty one is none, as with External Secrets Operator.
fn type_of(template: &Template) -> Option<String> {
    template.type_.clone().filter(|type_| !type_.is_empty())
}

fn add_metadata(parts: &mut Parts, metadata: &TemplateMetadata, values: &Data) -> Result<(), Error> {
    let TemplateMetadata { labels, annotations, finalizers } = metadata;
    for (name, texts, rendered) in
        [("labels", labels, &mut parts.labels), ("annotations", annotations, &mut parts.annotations)]
    {
        for (key, text) in texts {
            let at = format!("spec.target.template.metadata.{name}[{key:?}]");
            let value = template::run(&at, text, values)?;
            rendered.insert(key.clone(), String::from_utf8_lossy(value.expose()).into_owned());
        }
    }
    parts.finalizers.clone_from(finalizers);
    Ok(())
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
