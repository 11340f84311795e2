//! `dataFrom[].find`: the list that a store gave, what of it is chosen, and the values of that.
//!
//! The values are read like those of any other entry: by the same calls, remembered and shared with whoever names them.

use std::collections::{BTreeMap, HashMap};

use latchkey_provider::{Entry, EntryRef, Error as ProviderError, ErrorKind, Found, Provider};

use super::Engine;
use super::fetch::Terms;
use super::flight::Answer;
use super::key_limits::Limits;
use super::plan::{Plan, Source, SourcePath, StoreKey, Take};
use super::resolve::Opened;

/// What a `find` gave: names with their values, or why there are none.
pub(super) type Findings = HashMap<SourcePath, Result<Entry, ProviderError>>;

impl Engine {
    /// What the plan finds in this store, given what came of its lists.
    pub(super) async fn find(
        &self,
        plan: &Plan,
        opened: &mut Opened,
        answers: &HashMap<EntryRef, Answer>,
        (limits, terms): (&Limits, Terms),
    ) -> Findings {
        let key = opened.store.key.clone();
        let mut findings = Findings::new();
        for source in finds(plan, &key) {
            let Some(answer) = answers.get(&source.entry) else { continue };
            let found = match answer {
                Ok(read) => {
                    let wanted = chosen(&*opened.reader.provider, source, &read.entry, limits);
                    self.values_of(opened, wanted, terms).await
                }
                Err(error) => Err(error.clone()),
            };
            findings.insert(source.at, found);
        }
        findings
    }

    /// The values of these; one that is gone since it was listed is left out.
    async fn values_of(
        &self,
        opened: &mut Opened,
        wanted: Vec<(String, EntryRef)>,
        terms: Terms,
    ) -> Result<Entry, ProviderError> {
        let entries: Vec<EntryRef> = wanted.iter().map(|(_, entry)| entry.clone()).collect();
        let answers = self.read_well(opened, &entries, &[], terms).await;
        let mut values = BTreeMap::new();
        for ((name, of), answer) in wanted.into_iter().zip(answers) {
            match answer {
                Ok(read) => {
                    values.insert(name, opened.reader.provider.value(&of, &read.entry, None)?);
                }
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Entry::Map(values))
    }
}

fn finds<'a>(plan: &'a Plan, store: &StoreKey) -> impl Iterator<Item = &'a Source> {
    let store = store.clone();
    plan.sources.iter().filter(move |source| source.entry.listing.is_some() && source.store == store)
}

/// The names that are asked for and that the namespace may name, with what they are read by.
fn chosen(
    provider: &dyn Provider,
    source: &Source,
    list: &Entry,
    limits: &Limits,
) -> Vec<(String, EntryRef)> {
    let (Entry::List(list), Take::Found { name, .. }, Some(listing)) =
        (list, &source.take, &source.entry.listing)
    else {
        return Vec::new();
    };
    let pattern = name.as_ref().filter(|_| provider.chooses_by_name(listing));
    let fits = |found: &&Found| pattern.is_none_or(|pattern| pattern.is_match(&found.name));
    let entry = |found: &Found| {
        let entry = EntryRef { version: found.version.clone(), ..EntryRef::new(found.key.clone()) };
        (found.name.clone(), entry)
    };
    let wanted = list.iter().filter(fits).map(entry);
    wanted.filter(|(_, entry)| limits.allow(&provider.resolved_key(entry))).collect()
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
