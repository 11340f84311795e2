//! `template.templateFrom`: templates that stand in ConfigMaps, in Secrets or in the specification.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use latchkey_api::external_secret::{DecodingStrategy, Template, TemplateAs, TemplateFrom, TemplateRef};
use latchkey_provider::SecretBytes;

use super::check::{Faults, Keys};
use super::{Parts, template, yaml};
use crate::engine::convert::Data;
use crate::engine::decode::by_strategy;
use crate::engine::error::Error;
use crate::engine::message;

/// What templates may stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        })
    }
}

/// An object of the ExternalSecret's namespace that holds templates.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object {
    /// Which kind.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
}

/// The data of such objects; none for one that does not exist.
pub type Objects = BTreeMap<Object, Option<Data>>;

/// The objects that a template needs.
pub fn objects(of: Option<&Template>) -> BTreeSet<Object> {
    let sources = of.iter().flat_map(|template| &template.template_from);
    sources
        .flat_map(|source| references(source).map(|(kind, of)| Object { kind, name: of.name.clone() }))
        .collect()
}

fn references(source: &TemplateFrom) -> impl Iterator<Item = (ObjectKind, &TemplateRef)> {
    let config_map = source.config_map.iter().map(|of| (ObjectKind::ConfigMap, of));
    config_map.chain(source.secret.iter().map(|of| (ObjectKind::Secret, of)))
}

/// Where the result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Data,
    Labels,
    Annotations,
}

impl Target {
    fn parse(at: &str, target: Option<&str>) -> Result<Self, Error> {
        let is = |name: &str| target.is_none_or(|target| target.eq_ignore_ascii_case(name));
        match () {
            () if is("Data") => Ok(Self::Data),
            () if is("Labels") => Ok(Self::Labels),
            () if is("Annotations") => Ok(Self::Annotations),
            () => Err(message::template_target(at, target.unwrap_or_default())),
        }
    }

    /// Sets a value under a key that is written in the specification.
    fn insert(self, parts: &mut Parts, key: &str, value: SecretBytes) {
        match self {
            Self::Data => parts.set(key, value),
            Self::Labels => drop(parts.labels.insert(key.to_owned(), text(&value))),
            Self::Annotations => drop(parts.annotations.insert(key.to_owned(), text(&value))),
        }
    }

    /// Sets a value under a key that was rendered there.
    fn insert_computed(self, parts: &mut Parts, key: String, value: SecretBytes, place: &Place) {
        match self {
            Self::Data => parts.set_computed(key, value, place),
            Self::Labels => drop(parts.labels.insert(key, text(&value))),
            Self::Annotations => drop(parts.annotations.insert(key, text(&value))),
        }
    }
}

fn text(value: &SecretBytes) -> String {
    String::from_utf8_lossy(value.expose()).into_owned()
}

fn path(index: usize) -> String {
    format!("spec.target.template.templateFrom[{index}]")
}

/// Checks what needs no object.
pub(super) fn check(
    faults: &mut Faults,
    index: usize,
    source: &TemplateFrom,
    keys: Keys<'_>,
    elsewhere: impl Fn(&TemplateFrom) -> bool,
) {
    let at = path(index);
    if !elsewhere(source) {
        faults.broken.extend(Target::parse(&at, source.target.as_deref()).err());
    }
    if let Some(text) = &source.literal {
        faults.text(&format!("{at}.literal"), text, keys);
    }
}

/// Renders one source into the parts: its ConfigMap, its Secret, then its literal.
pub(super) fn apply(
    parts: &mut Parts,
    index: usize,
    source: &TemplateFrom,
    values: &Data,
    objects: &Objects,
) -> Result<(), Error> {
    let at = path(index);
    let target = Target::parse(&at, source.target.as_deref())?;
    let decoding = source.values_decoding_strategy.unwrap_or_default();
    for (kind, of) in references(source) {
        for (at, key, template_as, text) in items_of(&at, kind, of, objects)? {
            let place = Place { at, hidden: Hidden(kind) };
            let inserted = match template_as {
                TemplateAs::Values => {
                    template::run(&place.at, &text, values).map(|value| target.insert(parts, key, value))
                }
                TemplateAs::KeysAndValues => insert_map(parts, target, &place, &text, values, decoding),
            };
            inserted.map_err(|error| place.hide(error))?;
        }
    }
    match &source.literal {
        Some(text) => {
            let place = Place { at: format!("{at}.literal"), hidden: Hidden::NOT };
            insert_map(parts, target, &place, text, values, decoding)
        }
        None => Ok(()),
    }
}

/// Where a template stands that renders to a map.
#[derive(Debug, Clone)]
pub struct Place {
    at: String,
    hidden: Hidden,
}

impl Place {
    /// The field, and the object's key.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// The error as it may be shown.
    pub fn hide(&self, error: Error) -> Error {
        self.hidden.hide(&self.at, error)
    }
}

/// Whether what is wrong with a template may be shown: one in a Secret is hidden.
#[derive(Debug, Clone, Copy)]
pub struct Hidden(ObjectKind);

impl Hidden {
    /// Everybody who reads the ExternalSecret may see it.
    const NOT: Self = Self(ObjectKind::ConfigMap);

    /// The error as it may be shown.
    pub fn hide(self, at: &str, error: Error) -> Error {
        match self.0 {
            ObjectKind::ConfigMap => error,
            ObjectKind::Secret => message::template_hidden(at, &error),
        }
    }
}

/// Where an item stands, its key, how it is used, its text, whether its faults may be shown.
type HiddenItem<'a> = (String, &'a str, TemplateAs, String, Hidden);

/// The texts of a source's ConfigMap and Secret.
///
/// # Errors
/// One is not there.
pub fn items<'a>(
    at: &str,
    source: &'a TemplateFrom,
    objects: &Objects,
) -> Result<Vec<HiddenItem<'a>>, Error> {
    let mut all = Vec::new();
    for (kind, of) in references(source) {
        let items = items_of(at, kind, of, objects)?.into_iter();
        all.extend(items.map(|(at, key, template_as, text)| (at, key, template_as, text, Hidden(kind))));
    }
    Ok(all)
}

/// Where an item stands, its key, how it is used, its text.
type Item<'a> = (String, &'a str, TemplateAs, String);

fn items_of<'a>(
    at: &str,
    kind: ObjectKind,
    of: &'a TemplateRef,
    objects: &Objects,
) -> Result<Vec<Item<'a>>, Error> {
    let field = match kind {
        ObjectKind::ConfigMap => format!("{at}.configMap"),
        ObjectKind::Secret => format!("{at}.secret"),
    };
    let object = Object { kind, name: of.name.clone() };
    let named = format!("{kind} {:?}", of.name);
    let data = objects
        .get(&object)
        .and_then(Option::as_ref)
        .ok_or_else(|| message::template_object_missing(&field, &named))?;
    let items = of.items.iter().map(|item| match data.get(&item.key) {
        Some(text) => {
            let text = String::from_utf8_lossy(text.expose()).into_owned();
            Ok((
                format!("{field} {named} key {:?}", item.key),
                &*item.key,
                item.template_as.unwrap_or_default(),
                text,
            ))
        }
        None => Err(message::template_object_missing(&field, &format!("key {:?} of {named}", item.key))),
    });
    items.collect()
}

fn insert_map(
    parts: &mut Parts,
    target: Target,
    place: &Place,
    text: &str,
    values: &Data,
    decoding: DecodingStrategy,
) -> Result<(), Error> {
    let at = &place.at;
    let rendered = template::run(at, text, values)?;
    let map = yaml::string_map(rendered.expose());
    for (key, text) in map.map_err(|why| message::template_map(at, &why))? {
        let value = by_strategy(decoding, &text);
        let value = value.ok_or_else(|| message::template_not_text(at, decoding))?;
        target.insert_computed(parts, key, value, place);
    }
    Ok(())
}
