//! Finding secrets: by the beginning of their names and by tags. AWS's filters take tags' keys and values apart, so they are compared
//! once more.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::Client as Sdk;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry};

use super::secrets_manager::SecretsManager;
use crate::listing::{self, Found, Listing};
use crate::{Entry, Error, ErrorKind};

/// What one answer may have.
const PAGE: i32 = 100;

impl SecretsManager {
    /// The secrets of the store's prefix whose names begin with the path and that have all tags.
    pub(super) async fn list(&self, listing: &Listing) -> Result<Entry, Error> {
        if !listing.by_name && listing.tags.is_empty() {
            let message = "AWS Secrets Manager is searched by name or by tags: give find.name or find.tags";
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        let filters = self.filters(listing);
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let send = |client: Sdk| {
                let request = client.list_secrets().max_results(PAGE).set_filters(filters.clone());
                request.set_next_token(token.clone()).send()
            };
            let page = self.client.call("ListSecrets", "cannot list secrets", send).await?;
            let fitting = page.secret_list().iter().filter(|secret| has_all(secret, &listing.tags));
            found.extend(fitting.filter_map(|secret| self.found(secret)));
            token = page.next_token().map(str::to_owned);
            if token.is_none() || found.len() > listing::MOST {
                return listing::bounded(found);
            }
        }
    }

    fn filters(&self, listing: &Listing) -> Option<Vec<Filter>> {
        let filter = |key, value: &str| Filter::builder().key(key).values(value).build();
        let path = format!("{}{}", self.prefix, listing.path.as_deref().unwrap_or_default());
        let name = (!path.is_empty()).then(|| filter(FilterNameStringType::Name, &path));
        let tags = listing.tags.iter().flat_map(|(key, value)| {
            [filter(FilterNameStringType::TagKey, key), filter(FilterNameStringType::TagValue, value)]
        });
        let filters: Vec<Filter> = name.into_iter().chain(tags).collect();
        (!filters.is_empty()).then_some(filters)
    }

    /// Under its whole name, and by the key that leads there with the store's prefix before it.
    fn found(&self, secret: &SecretListEntry) -> Option<Found> {
        let name = secret.name()?;
        let key = name.strip_prefix(&self.prefix)?;
        Some(Found { name: name.to_owned(), key: key.to_owned(), version: String::new() })
    }
}

fn has_all(secret: &SecretListEntry, tags: &BTreeMap<String, String>) -> bool {
    let has = |key: &str, value: &str| {
        secret.tags().iter().any(|tag| tag.key() == Some(key) && tag.value() == Some(value))
    };
    tags.iter().all(|(key, value)| has(key, value))
}
