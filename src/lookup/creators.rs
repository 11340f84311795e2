//! How many Secrets each ExternalSecret has made: more than one, or another than its target, is seldom, and then it is looked
//! at closely.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{PoisonError, RwLock};

use kube::core::ObjectMeta;

use super::{Key, Lookup};
use crate::engine::apply::Known;

/// An ExternalSecret, by what its Secrets are labelled with. Two may have the same, once in 10^19: then one look too many is
/// made.
pub(super) fn creator(namespace: &str, created_by: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (namespace, created_by).hash(&mut hasher);
    hasher.finish()
}

/// Secrets by creator.
#[derive(Debug, Default)]
pub(super) struct Creators(RwLock<HashMap<u64, u32>>);

impl Creators {
    /// A Secret was of the first, and is of the second now.
    pub(super) fn change(&self, before: Option<u64>, now: Option<u64>) {
        if before == now {
            return;
        }
        let mut creators = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = before {
            match creators.get_mut(&before) {
                Some(count) if *count > 1 => *count -= 1,
                Some(_) | None => drop(creators.remove(&before)),
            }
        }
        if let Some(now) = now {
            *creators.entry(now).or_default() += 1;
        }
    }

    fn count(&self, creator: u64) -> u32 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&creator).copied().unwrap_or_default()
    }
}

impl Known for Lookup {
    fn may_have_others(&self, namespace: &str, created_by: &str, target: &str) -> bool {
        let creator = creator(namespace, created_by);
        let target = self.secret(&Key::new(namespace, target));
        let is_target = target.is_some_and(|row| row.creator == Some(creator));
        self.creators.count(creator) > u32::from(is_target)
    }

    fn marked(&self, namespace: &str, name: &str) -> Option<ObjectMeta> {
        self.secret(&Key::new(namespace, name))?.marked.as_deref().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_and_deleted_is_counted() {
        let creators = Creators::default();
        let counts = || [1, 2].map(|creator| creators.count(creator));
        creators.change(None, Some(1));
        creators.change(None, Some(1));
        creators.change(Some(1), Some(1));
        assert_eq!(counts(), [2, 0]);
        creators.change(Some(1), Some(2));
        assert_eq!(counts(), [1, 1]);
        creators.change(Some(1), None);
        creators.change(Some(2), None);
        assert_eq!(counts(), [0, 0]);
        assert!(creators.0.read().expect("no panic").is_empty());
    }
}
