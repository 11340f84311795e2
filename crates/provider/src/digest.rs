//! The digest that is a connection's identity.

use sha3::{Digest as _, Sha3_224};

use crate::connect::Identity;

/// Takes in parts by name, in order. Names and lengths are hashed too, so that no two sets of parts read the same.
#[derive(Clone)]
pub struct Digest(Sha3_224);

impl Digest {
    /// A digest for one kind of provider.
    pub fn new(kind: &str) -> Self {
        Self(Sha3_224::new()).part("kind", kind)
    }

    /// The same with one more part.
    #[must_use]
    pub fn part(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        for bytes in [name.as_bytes(), value.as_ref()] {
            self.0.update((bytes.len() as u64).to_be_bytes());
            self.0.update(bytes);
        }
        self
    }

    /// The same with a part that may be absent; an absent one is not an empty one.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.part(name, value),
            None => self,
        }
    }

    /// The identity of all parts.
    pub fn identity(self) -> Identity {
        Identity(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_every_set_of_parts_apart() {
        let digest = || Digest::new("vault");
        let all = [
            digest(),
            digest().part("a", ""),
            digest().part("a", "b").part("c", ""),
            digest().part("a", "bc"),
            digest().part("ab", "c"),
            Digest::new("aws"),
        ];
        let mut seen = std::collections::HashSet::new();
        assert!(all.into_iter().all(|digest| seen.insert(digest.identity())));
        assert_eq!(digest().maybe("a", None::<&str>).identity(), digest().identity());
    }
}
