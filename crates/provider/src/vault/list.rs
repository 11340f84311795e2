//! Finding secrets: every folder below a path is listed, and where only tags tell, each secret's metadata is read.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use latchkey_api::provider::vault::VaultKvVersion as KvVersion;
use serde::Deserialize;

use super::http::Answer;
use super::store::Store;
use super::{path, value};
use crate::listing::{self, Found, Listing};
use crate::{Entry, EntryRef, Error, ErrorKind};

/// Requests under way at once.
const CONCURRENCY: usize = 8;

/// How deep folders may lie in one another.
const DEEPEST: usize = 32;

impl Store {
    /// The secrets below the path, by their path within the mount; tags count only where nothing is chosen by name.
    pub(super) async fn list(&self, listing: &Listing) -> Result<Entry, Error> {
        let by_tags = !listing.by_name && !listing.tags.is_empty();
        if by_tags && self.version == KvVersion::V1 {
            let message = "a kv version 1 store of Vault has no metadata: find by name instead of by tags";
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        let names = self.below(listing.path.as_deref().unwrap_or_default()).await?;
        let tagged = stream::iter(names).map(|name| async {
            let is_wanted = !by_tags || self.has_tags(&name, &listing.tags).await?;
            Ok::<_, Error>(is_wanted.then(|| Found { key: name.clone(), name, version: String::new() }))
        });
        let found: Vec<Option<Found>> = tagged.buffered(CONCURRENCY).try_collect().await?;
        listing::bounded(found.into_iter().flatten().collect())
    }

    /// Every secret in this folder and those below it. A folder that is not there is empty.
    async fn below(&self, path: &str) -> Result<Vec<String>, Error> {
        let start = path.trim_matches('/');
        let mut folders = vec![if start.is_empty() { String::new() } else { format!("{start}/") }];
        let mut secrets = Vec::new();
        for _ in 0..DEEPEST {
            let listed = stream::iter(folders).map(|folder| async {
                let names = self.folder(&folder).await?;
                Ok::<_, Error>(names.into_iter().map(move |name| format!("{folder}{name}")))
            });
            let names: Vec<_> = listed.buffered(CONCURRENCY).try_collect().await?;
            let (inner, found): (Vec<String>, Vec<String>) =
                names.into_iter().flatten().partition(|name| name.ends_with('/'));
            secrets.extend(found);
            if inner.is_empty() || secrets.len() + inner.len() > listing::MOST {
                break;
            }
            folders = inner;
        }
        secrets.sort();
        Ok(secrets)
    }

    async fn folder(&self, folder: &str) -> Result<Vec<String>, Error> {
        match self.read(&path::list(self.mount.as_deref(), self.version, folder)?).await? {
            Answer::Missing => Ok(Vec::new()),
            Answer::Found(body) => {
                let listed = serde_json::from_slice::<Listed>(body.expose());
                listed.map(|listed| listed.data.keys).map_err(|_| {
                    Error::new(
                        ErrorKind::InvalidValue,
                        format!("vault's list of {folder:?} is not one of names"),
                    )
                })
            }
        }
    }

    async fn has_tags(&self, name: &str, tags: &BTreeMap<String, String>) -> Result<bool, Error> {
        let of = EntryRef { metadata: true, ..EntryRef::new(name) };
        let answer = self.read(&path::metadata(self.mount.as_deref(), self.version, name)?).await?;
        if matches!(answer, Answer::Missing) {
            return Ok(false); // it has gone since it was listed
        }
        let metadata = value::metadata(&of, &answer)?;
        let has: BTreeMap<String, String> = serde_json::from_slice(metadata.expose()).unwrap_or_default();
        Ok(tags.iter().all(|(tag, value)| has.get(tag) == Some(value)))
    }
}

/// An answer to LIST.
#[derive(Deserialize)]
struct Listed {
    data: Keys,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}
