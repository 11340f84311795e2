//! From fetched entries to the keys and values that they give.

use std::collections::BTreeSet;

use latchkey_api::external_secret::{ConversionStrategy, DecodingStrategy, DeletionPolicy, NullBytePolicy};
use latchkey_provider::{self as provider, Entry, Provider};

use super::convert::{Data, convert_keys, valid_keys};
use super::decode::decode;
use super::error::Error;
use super::generators::Made;
use super::message::{self, Read};
use super::outcome::MissingEntry;
use super::plan::{Plan, Source, SourcePath, Take};
use super::rewrite::Rewriting;

/// What came of one source's entry.
#[derive(Debug, Clone, Copy)]
pub struct Fetched<'a> {
    /// The client, which knows how to take an entry apart.
    pub provider: &'a dyn Provider,
    /// The entry, or why there is none.
    pub entry: Result<&'a Entry, &'a provider::Error>,
}

/// The provider's keys and values, and what it does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// The keys and values; of two sources with one key the later has won.
    pub data: Data,
    /// Entries that do not exist, skipped by `deletionPolicy` Delete or Merge.
    pub missing: Vec<MissingEntry>,
    /// Those of the keys whose values were made by generators.
    pub made: BTreeSet<String>,
}

impl Selected {
    fn read(&mut self, values: Data) {
        self.made.retain(|key| !values.contains_key(key));
        self.data.extend(values);
    }

    fn make(&mut self, values: &Data) {
        self.made.extend(values.keys().cloned());
        self.data.extend(values.clone());
    }
}

/// Takes from the entries what the plan asks for, in its order, and puts between them what generators made. `of` gives what
/// came of a source's entry.
///
/// # Errors
/// The first source that fails. A missing entry fails under `deletionPolicy: Retain` alone, a missing property always.
pub fn select<'a>(
    plan: &Plan,
    made: &Made,
    of: impl Fn(&Source) -> Option<Fetched<'a>>,
) -> Result<Selected, Error> {
    let mut selected = Selected::default();
    let mut made = made.iter().peekable();
    for source in &plan.sources {
        while let Some((_, values)) = made.next_if(|(index, _)| source.at.comes_after(**index)) {
            selected.make(values);
        }
        let fetched = of(source).ok_or_else(|| message::not_read(source))?;
        match take(source, fetched) {
            Ok(values) => selected.read(values),
            Err(Failed::Remote(_, cause)) if is_skipped(plan.target.deletion, &cause) => {
                selected.missing.push(missing(source));
            }
            Err(failed) => return Err(failed.said(source, fetched.provider)),
        }
    }
    made.for_each(|(_, values)| selected.make(values));
    Ok(selected)
}

/// The provider's `NotFound` is all that `deletionPolicy` speaks of.
fn is_skipped(policy: DeletionPolicy, cause: &provider::Error) -> bool {
    let skips = match policy {
        DeletionPolicy::Delete | DeletionPolicy::Merge => true,
        DeletionPolicy::Retain => false,
    };
    skips && cause.kind == provider::ErrorKind::NotFound
}

fn missing(source: &Source) -> MissingEntry {
    let (index, in_data) = match source.at {
        SourcePath::Data(index) => (index, true),
        SourcePath::Extract(index) | SourcePath::Find(index) => (index, false),
    };
    MissingEntry { index, key: source.entry.key.clone(), in_data }
}

/// Why a source gives nothing.
enum Failed {
    /// The store, or the look into what it gave.
    Remote(Read, provider::Error),
    /// What was done with it here; already said.
    Here(Error),
}

impl Failed {
    fn said(self, source: &Source, provider: &dyn Provider) -> Error {
        match self {
            Self::Remote(read, cause) => message::remote(source, &provider.location(), read, &cause),
            Self::Here(error) => error,
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Here(error)
    }
}

fn take(source: &Source, fetched: Fetched<'_>) -> Result<Data, Failed> {
    let entry = fetched.entry.map_err(|cause| Failed::Remote(Read::Entry, cause.clone()))?;
    let inside = |cause| Failed::Remote(Read::Inside, cause);
    let property = source.property.as_deref();
    match &source.take {
        Take::Value { secret_key, decoding, null_bytes } => {
            let value = fetched.provider.value(&source.entry, entry, property).map_err(inside)?;
            let one = Data::from([(secret_key.clone(), value)]);
            Ok(decoded(source, one, *decoding, *null_bytes)?)
        }
        Take::Map { conversion, rewrite, decoding, null_bytes } => {
            let values = fetched.provider.map(&source.entry, entry, property).map_err(inside)?;
            let values = renamed(source, values, rewrite, *conversion)?;
            Ok(decoded(source, values, *decoding, *null_bytes)?)
        }
        Take::Found { name: _, conversion, rewrite, decoding, null_bytes } => {
            let Entry::Map(values) = entry else { return Err(message::not_read(source).into()) };
            let mut values = values.clone();
            if fetched.provider.converts_found() {
                values = convert_keys(*conversion, values).map_err(|why| message::keys(source, &why))?;
            }
            let values = renamed(source, values, rewrite, *conversion)?;
            Ok(decoded(source, values, *decoding, *null_bytes)?)
        }
    }
}

/// Names are converted only where they are not rewritten.
fn renamed(
    source: &Source,
    values: Data,
    rewrite: &[Rewriting],
    conversion: ConversionStrategy,
) -> Result<Data, Error> {
    let mut values = values;
    for (step, rewriting) in rewrite.iter().enumerate() {
        values = rewriting.apply(values).map_err(|why| message::merging(source, step, &why))?;
    }
    if rewrite.is_empty() {
        values = convert_keys(conversion, values).map_err(|why| message::keys(source, &why))?;
    }
    valid_keys(values).map_err(|why| message::keys(source, &why))
}

fn decoded(
    source: &Source,
    values: Data,
    strategy: DecodingStrategy,
    null_bytes: NullBytePolicy,
) -> Result<Data, Error> {
    let decoded = values.into_iter().map(|(key, value)| match decode(strategy, null_bytes, &value) {
        Ok(value) => Ok((key, value)),
        Err(why) => Err(message::decoding(source, &key, why)),
    });
    decoded.collect()
}

#[cfg(test)]
#[path = "select_tests.rs"]
mod tests;
