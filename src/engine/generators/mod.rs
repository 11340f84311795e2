//! From a plan to what its generators make: each object is looked up, then asked.
//!
//! Whether what is made is written over what the Secret holds is for [`desired`](super::desired) to decide, which sees the
//! Secret. What a service makes is remembered for a while, since it makes another one each time that it is asked.

pub mod books;
mod known;
pub(super) mod memory;
mod remarks;
pub(super) mod remote;
pub mod states;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use latchkey_api::external_secret::{ExternalSecret, StoreKind};
use latchkey_api::generator::{Generator, GeneratorKind};
use latchkey_provider::{ErrorKind as Remote, SecretBytes};
use serde_json::Value;
use tokio::time::timeout_at;

pub use self::known::Known;
use self::remote::{Asking, Line};
use self::states::Owner;
use super::convert::{Data, valid_keys};
use super::generate::make;
use super::plan::{Generated, GeneratorKey, Plan};
use super::stores::LookupFailed;
use super::{Deadline, Engine, Error, message};

/// What the generators of a plan made, by the index of their entry in `spec.dataFrom`.
pub type Made = BTreeMap<usize, Data>;

/// What comes of asking them.
#[derive(Debug)]
pub(super) enum Generation {
    /// All have made what they are for. There may be something to say of them, for the prompt.
    Made(Made, Vec<String>),
    /// One would ask a service, which is not done now: why, and what else there is to say.
    PutOff(Vec<String>),
}

/// A generator, with its specification as it is written.
type Found = (Generator, Value);

impl Engine {
    /// Asks every generator that the plan names, in its order, once all are known. What services keep of what they made is added
    /// to `books`.
    ///
    /// # Errors
    /// One is not there, is for another installation, or cannot make what it says, even if it is not asked now; or time runs out.
    pub(super) async fn generate(
        &self,
        plan: &Plan,
        asking: &Asking<'_>,
        deadline: Deadline,
        books: &mut Vec<Line>,
    ) -> Result<Generation, Error> {
        let mut made = Made::new();
        let found = self.found(plan, asking.known, deadline).await?;
        let remark = |(entry, (generator, spec)): &(&Generated, Found)| {
            remarks::remarks(&entry.key, generator, spec, &plan.namespace)
        };
        let remarks: Vec<String> = found.iter().flat_map(remark).collect();
        let mut put_off = None;
        for (entry, (generator, _)) in &found {
            let Some(remote) = generator.remote() else { continue };
            let Some(why) = asking.put_off(entry, remote) else { continue };
            let late = |_| Err(message::generator_too_late(&entry.key));
            let tried = self.tried(&plan.namespace, &entry.key, remote);
            timeout_at(deadline.instant(), tried).await.unwrap_or_else(late)?;
            put_off.get_or_insert(why);
        }
        if let Some(why) = put_off {
            return Ok(Generation::PutOff([why].into_iter().chain(remarks).collect()));
        }
        for (entry, (generator, spec)) in found {
            let late = |_| Err(message::generator_too_late(&entry.key));
            let values = match generator.remote() {
                Some(remote) => {
                    let asked = self.made_by_service(asking, (entry, remote, &spec), books);
                    timeout_at(deadline.instant(), asked).await.unwrap_or_else(late)?
                }
                None => {
                    let made = self.made_here(&plan.namespace, &entry.key, generator);
                    timeout_at(deadline.instant(), made).await.unwrap_or_else(late)?
                }
            };
            made.insert(entry.index, renamed(entry, values)?);
        }
        Ok(Generation::Made(made, remarks))
    }

    async fn found<'p>(
        &self,
        plan: &'p Plan,
        known: &Known,
        deadline: Deadline,
    ) -> Result<Vec<(&'p Generated, Found)>, Error> {
        let mut all = Vec::new();
        for entry in &plan.generated {
            let at = format!("spec.dataFrom[{}].sourceRef.generatorRef", entry.index);
            let late = |_| Err(message::generator_too_late(&entry.key));
            let found = self.our_generator(&entry.key, known, &at);
            let found = timeout_at(deadline.instant(), found).await.unwrap_or_else(late)?;
            all.push((entry, found));
        }
        Ok(all)
    }

    /// A generator that is this installation's.
    async fn our_generator(&self, key: &GeneratorKey, known: &Known, at: &str) -> Result<Found, Error> {
        let (generator, spec) = self.generator(key, known, at).await?;
        match self.is_class(generator.controller()) {
            true => Ok((generator, spec)),
            false => Err(message::generator_of_another_class(key, generator.controller())),
        }
    }

    /// What one generator makes for a PushSecret of this namespace that names it in this field. What a service keeps of it is added
    /// to `books`.
    pub(super) async fn generated(
        &self,
        (namespace, owner): (&str, &Owner),
        key: &GeneratorKey,
        at: &str,
        books: &mut Vec<Line>,
    ) -> Result<Data, Error> {
        let (generator, spec) = self.our_generator(key, &Known::default(), at).await?;
        match generator.remote() {
            Some(remote) => self.made_to_be_pushed((namespace, owner), (key, remote, &spec), books).await,
            None => self.made_here(namespace, key, generator).await,
        }
    }

    async fn made_here(
        &self,
        namespace: &str,
        key: &GeneratorKey,
        generator: Generator,
    ) -> Result<Data, Error> {
        let seed = self.seed(namespace, key, &generator).await?;
        let making = move || make(&generator, seed.as_ref(), Timestamp::now());
        let made = tokio::task::spawn_blocking(making).await;
        let made = made.map_err(|_| message::generator_defect(key))?;
        made.map_err(|refused| message::generator_refuses(key, &refused))
    }

    async fn generator(&self, key: &GeneratorKey, known: &Known, at: &str) -> Result<Found, Error> {
        if key.kind.is_none() && !self.serves(StoreKind::ClusterSecretStore) {
            return Err(message::generator_not_served(key));
        }
        let spec = match known.get(key) {
            Some(spec) => spec,
            None => {
                let spec = self.inner.stores.generator(key).await;
                let spec = spec.map_err(|LookupFailed(why)| message::generator_unknown(key, &why))?;
                Arc::new(spec.ok_or_else(|| message::generator_not_found(key, at))?)
            }
        };
        let (kind, spec) = resolved(key, &spec)?;
        let generator = Generator::read(kind, spec).map_err(|_| message::generator_malformed(key))?;
        Ok((generator, spec.clone()))
    }

    /// What the Secret that an MFA names holds. It is one of the ExternalSecret's namespace, as with External Secrets Operator.
    async fn seed(
        &self,
        namespace: &str,
        key: &GeneratorKey,
        generator: &Generator,
    ) -> Result<Option<SecretBytes>, Error> {
        let Generator::Mfa(mfa) = generator else { return Ok(None) };
        let (name, seed) =
            (mfa.secret.name.as_deref().unwrap_or_default(), mfa.secret.key.as_deref().unwrap_or_default());
        match self.inner.cluster.secret(namespace, name).await {
            Ok(mut data) => match data.remove(seed) {
                Some(value) => Ok(Some(value)),
                None => Err(message::generator_lacks_seed(key, name, seed)),
            },
            Err(error) if error.kind == Remote::ClusterApi => {
                Err(message::cluster(&format!("Secret {name:?} could not be read"), &error.message))
            }
            Err(_) => Err(message::generator_lacks_seed(key, name, seed)),
        }
    }

    /// The generators that the ExternalSecret names and that may say whose they are by `spec.controller`, if each is this
    /// installation's. What is not there is nobody's; what cannot be looked up is for the sync to complain of.
    pub(super) async fn our_generators(&self, external_secret: &ExternalSecret) -> Option<Known> {
        let mut known = Known::default();
        let namespace = external_secret.metadata.namespace.as_deref().unwrap_or_default();
        for (_, reference) in external_secret.spec.generators() {
            let Some(key) = GeneratorKey::of(reference, namespace).filter(GeneratorKey::may_have_a_class)
            else {
                continue;
            };
            if key.kind.is_none() && !self.serves(StoreKind::ClusterSecretStore) {
                continue;
            }
            let Ok(Some(spec)) = self.inner.stores.generator(&key).await else { continue };
            let of_another_class = |generator: Generator| !self.is_class(generator.controller());
            if resolved(&key, &spec)
                .is_ok_and(|(kind, spec)| Generator::read(kind, spec).is_ok_and(of_another_class))
            {
                return None;
            }
            known.insert(key, spec);
        }
        Some(known)
    }
}

/// Which kind it is in the end, and what is said of it: a ClusterGenerator holds another generator.
fn resolved<'a>(key: &GeneratorKey, spec: &'a Value) -> Result<(GeneratorKind, &'a Value), Error> {
    if let Some(kind) = key.kind {
        return Ok((kind, spec));
    }
    let named = spec["kind"].as_str().unwrap_or_default();
    let kind = GeneratorKind::named(named).ok_or_else(|| message::generator_unsupported(key, named))?;
    match spec["generator"].get(kind.field()) {
        Some(spec) => Ok((kind, spec)),
        None => Err(message::generator_lacks_spec(key, kind)),
    }
}

/// Keys are rewritten and must then be keys of a Secret; nothing is converted or decoded.
fn renamed(entry: &Generated, values: Data) -> Result<Data, Error> {
    let mut values = values;
    for (step, rewriting) in entry.rewrite.iter().enumerate() {
        values = rewriting.apply(values).map_err(|why| message::generated_merging(entry, step, &why))?;
    }
    valid_keys(values).map_err(|why| message::generated_keys(entry, &why))
}

#[cfg(test)]
mod tests;
