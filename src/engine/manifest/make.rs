//! From values and a template to what is put into an object.

use latchkey_api::external_secret::{CreationPolicy, ManifestRef, Template, TemplateAs, TemplateFrom};
use latchkey_provider::SecretBytes;
use serde_json::{Map, Value};

use super::{Manifest, Path, Set, is_config_map, json};
use crate::engine::convert::Data;
use crate::engine::error::{Error, ErrorKind};
use crate::engine::plan::TargetPlan;
use crate::engine::render::{self, Keys, Objects, Parts, execute, items, said};

/// Fields of an object that no template writes: what it is, whose it is, and what its controller says of it.
const RESERVED: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// The path that a source of templates is put at; none if it is one of those that Secrets have.
fn path(at: &str, source: &TemplateFrom) -> Result<Option<Path>, Error> {
    let Some(text) = source.target.as_deref().filter(|_| is_path(source)) else { return Ok(None) };
    let refused = |why: &str| Error::new(ErrorKind::Template, format!("{at}.target: {text:?}: {why}"));
    let path =
        Path::parse(text).map_err(|why| refused(&format!("{why}; write a path such as \"spec.a[0].b\"")))?;
    if RESERVED.contains(&path.root()) {
        return Err(refused(
            "this field is not a template's to write; use \"Labels\", \"Annotations\" or another field",
        ));
    }
    Ok(Some(path))
}

/// Whether its target is a path, rather than one that Secrets have.
fn is_path(source: &TemplateFrom) -> bool {
    let known = ["", "Data", "Labels", "Annotations"];
    let of = |target: &str| known.iter().any(|known| known.eq_ignore_ascii_case(target));
    source.target.as_deref().is_some_and(|target| !of(target))
}

fn place(index: usize) -> String {
    format!("spec.target.template.templateFrom[{index}]")
}

/// What is wrong with the templates of such a target, before anything is read.
pub fn faults(of: Option<&Template>, keys: Keys<'_>) -> render::Faults {
    let mut faults = render::faults_but(of, keys, is_path);
    for (index, source) in of.iter().flat_map(|template| template.template_from.iter().enumerate()) {
        faults.broken.extend(path(&place(index), source).err());
    }
    faults
}

/// Makes what is put into the object, and its metadata.
///
/// # Errors
/// A template that fails, or does not make what can stand there.
pub fn make(
    target: &TargetPlan,
    values: Data,
    objects: &Objects,
) -> Result<(Option<Manifest>, Parts), Error> {
    let Some(of) = &target.manifest else { return Ok((None, Parts::default())) };
    let mut sets = Vec::new();
    let parts = match &target.template {
        Some(template) => {
            for (index, source) in template.template_from.iter().enumerate() {
                from(&mut sets, &place(index), source, &values, objects)?;
            }
            render::templated_but(template, values, objects, is_path)?
        }
        None => Parts {
            data: values,
            labels: target.labels.clone(),
            annotations: target.annotations.clone(),
            ..Parts::default()
        },
    };
    if !parts.data.is_empty() || sets.is_empty() {
        let path = Path::keys(place_of_data(target, of));
        let joins = sets.iter().any(|set| set.path.root() == path.root());
        let merges =
            joins || matches!(target.creation, CreationPolicy::Merge | CreationPolicy::CreateOrMerge);
        sets.push(Set { at: "spec.target".into(), path, value: texts(&parts)?, merges });
    }
    Ok((Some(Manifest { of: of.clone(), sets }), parts))
}

/// Where texts stand under their keys: templates of `data` are of the object's own `data`, whatever it is.
fn place_of_data(target: &TargetPlan, of: &ManifestRef) -> &'static [&'static str] {
    let is_made = |template: &Template| {
        !template.template_from.is_empty() || template.data.as_ref().is_some_and(|data| !data.is_empty())
    };
    match target.template.as_ref().is_some_and(is_made) || is_config_map(of) {
        true => &["data"],
        false => &["spec", "data"],
    }
}

fn texts(parts: &Parts) -> Result<Value, Error> {
    let not_text = |key: &String| match parts.computed.get(key) {
        Some(place) => {
            let why = format!("{}: a value that it renders is not text; encode it", place.at());
            place.hide(Error::new(ErrorKind::Value, why))
        }
        None => {
            let why = format!(
                "the value under {key:?} is not text, and only text can stand there; encode it by a template"
            );
            Error::new(ErrorKind::Value, why)
        }
    };
    let text = |(key, value): (&String, &SecretBytes)| match value.expose_str() {
        Some(text) => Ok((key.clone(), Value::String(text.to_owned()))),
        None => Err(not_text(key)),
    };
    Ok(Value::Object(parts.data.iter().map(text).collect::<Result<Map<_, _>, _>>()?))
}

/// What one source puts at its path: a literal and `KeysAndValues` the whole text, `Values` each key its own.
fn from(
    sets: &mut Vec<Set>,
    at: &str,
    source: &TemplateFrom,
    values: &Data,
    objects: &Objects,
) -> Result<(), Error> {
    let Some(path) = path(at, source)? else { return Ok(()) };
    for (at, key, template_as, text, hidden) in items(at, source, objects)? {
        let made = rendered(&at, &text, values).map_err(|error| hidden.hide(&at, error))?;
        match template_as {
            TemplateAs::Values => sets.push(Set { at, path: path.below(key), value: made, merges: false }),
            TemplateAs::KeysAndValues => sets.push(set(at, &path, made)),
        }
    }
    if let Some(text) = &source.literal {
        let at = format!("{at}.literal");
        let made = rendered(&at, text, values)?;
        sets.push(set(at, &path, made));
    }
    Ok(())
}

/// A field of the object itself is replaced; what is deeper is merged.
fn set(at: String, path: &Path, value: Value) -> Set {
    Set { at, path: path.clone(), value, merges: !path.is_single() }
}

fn rendered(at: &str, text: &str, values: &Data) -> Result<Value, Error> {
    let text = execute(text, values).map_err(|why| said(at, &why))?;
    json::read(text.expose()).map_err(|why| {
        Error::new(
            ErrorKind::Template,
            format!("{at}: what it renders to is no YAML: {why}; correct the template"),
        )
    })
}
