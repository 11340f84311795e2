//! Pushing: into secrets that have ESO's tag. AWS knows no write in place of a certain version, so of two changes of the
//! same secret at once the later one wins, as in ESO.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;

use super::property_path;
use super::push_spec::Spec;
use super::secrets_manager::SecretsManager;
use super::write::Held;
use crate::push::{self, EXTERNAL_SECRETS, MANAGED_BY};
use crate::{Error, ErrorKind, Existing, Push, Pushed, Remote, SecretBytes, Writer, property};

/// What the value should be, byte for byte what is there if that says the same.
fn wanted(push: &Push, there: Option<&SecretBytes>) -> Result<SecretBytes, Error> {
    let value = push.content.value()?;
    let Some(property) = push.remote.part() else { return Ok(value) };
    let path = property_path::steps(property, &push.remote)?;
    let text = push::text(&value, &push.remote)?;
    let there = there.filter(|there| !there.is_empty());
    let json = there.map_or(Some("{}"), object).ok_or_else(|| {
        let text =
            format!("secret {:?} holds no JSON object that a property could be pushed into", push.remote.key);
        Error::new(ErrorKind::InvalidValue, text)
    })?;
    let is = property_path::get(json, &path).and_then(property::unquote);
    if let (Some(there), Some(is)) = (there, is.map(SecretBytes::from))
        && is == value
    {
        return Ok(there.clone());
    }
    let new = property_path::set(json, &path, text).ok_or_else(|| {
        let text = format!("{} cannot be written: something on its way is no JSON object", push.remote);
        Error::new(ErrorKind::InvalidValue, text)
    })?;
    Ok(SecretBytes::from(new.as_str()))
}

/// The value's text if it is a JSON object.
fn object(value: &SecretBytes) -> Option<&str> {
    value.expose_str().filter(|json| property_path::has_members(json).is_some())
}

fn tags(there: &DescribeSecretOutput) -> BTreeMap<String, String> {
    let pair =
        |tag: &aws_sdk_secretsmanager::types::Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    there.tags().iter().filter_map(pair).collect()
}

fn is_managed(there: &DescribeSecretOutput) -> bool {
    tags(there).get(MANAGED_BY).is_some_and(|by| by == EXTERNAL_SECRETS)
}

fn has_value(there: &DescribeSecretOutput) -> bool {
    let mut stages = there.version_ids_to_stages().into_iter().flat_map(HashMap::values).flatten();
    stages.any(|stage| stage == "AWSCURRENT")
}

impl SecretsManager {
    fn remote_id(&self, remote: &Remote) -> String {
        format!("{}{}", self.prefix, remote.key)
    }
}

#[async_trait]
impl Writer for SecretsManager {
    async fn push(&self, push: &Push) -> Result<Pushed, Error> {
        let spec = Spec::of(push)?;
        let new = wanted(push, None)?; // what is wrong with it by itself is told before anything is asked
        let id = self.remote_id(&push.remote);
        let Some(there) = self.described(&id).await? else {
            self.create(&id, &new, &spec).await?;
            return Ok(Pushed::Created);
        };
        if !is_managed(&there) && !push.known {
            return Err(push::not_managed(&push.remote, self.client.place()));
        }
        let restores = there.deleted_date().is_some();
        if restores {
            self.restore(&id).await?;
        }
        let held = self.held(&id).await?.map(|held| held.value);
        let new = wanted(push, held.as_ref())?;
        let retags = self.retag(&id, spec.retag(&tags(&there))).await?;
        let puts = held.as_ref() != Some(&new);
        if puts {
            self.put(&id, &new, spec.format()).await?;
        }
        Ok(match (held, restores, puts || retags) {
            (None, ..) | (_, true, _) => Pushed::Created,
            (Some(_), false, true) => Pushed::Updated,
            (Some(_), false, false) => Pushed::Unchanged,
        })
    }

    async fn delete(&self, remote: &Remote, known: bool) -> Result<(), Error> {
        let id = self.remote_id(remote);
        let Some(there) = self.described(&id).await? else { return Ok(()) };
        if there.deleted_date().is_some() || !(is_managed(&there) || known) {
            return Ok(());
        }
        let Some(property) = remote.part() else { return self.remove(&id).await };
        let path = property_path::steps(property, remote)?;
        let Some(Held { value, format }) = self.held(&id).await? else { return Ok(()) };
        match object(&value).and_then(|json| property_path::remove(json, &path)) {
            None => Ok(()),
            Some(left) if property_path::has_members(&left) == Some(false) => self.remove(&id).await,
            Some(left) => self.put(&id, &SecretBytes::from(left.as_str()), format).await,
        }
    }

    /// Of the secret: as in ESO a property says nothing here.
    async fn existing(&self, remote: &Remote) -> Result<Existing, Error> {
        let id = self.remote_id(remote);
        match self.described(&id).await? {
            Some(there) if there.deleted_date().is_none() && has_value(&there) => {
                Ok(Existing::by(is_managed(&there)))
            }
            Some(_) | None => Ok(Existing::Missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Content, SourceMetadata};

    fn push(property: Option<&str>, value: &str) -> Push {
        let remote = Remote { key: "app".to_owned(), property: property.map(str::to_owned) };
        Push {
            remote,
            content: Content::One(value.into()),
            metadata: None,
            source: SourceMetadata::default(),
            known: false,
        }
    }

    fn after(there: Option<&str>, property: Option<&str>, value: &str) -> Result<String, Error> {
        let there = there.map(SecretBytes::from);
        let new = wanted(&push(property, value), there.as_ref())?;
        Ok(String::from_utf8_lossy(new.expose()).into_owned())
    }

    #[test]
    fn a_property_joins_what_is_there() {
        for (there, property, want) in [
            (None, None, "v"),
            (Some("c4n4ry"), Some(""), "v"),
            (None, Some("a"), r#"{"a":"v"}"#),
            (Some(""), Some("a.b"), r#"{"a":{"b":"v"}}"#),
            (Some(r#"{ "z":1.50, "a":"old" }"#), Some("a"), r#"{ "z":1.50, "a":"v" }"#),
            (Some(r#"{ "z":1.50 }"#), Some("a.b"), r#"{ "z":1.50 ,"a":{"b":"v"}}"#),
        ] {
            assert_eq!(after(there, property, "v").as_deref(), Ok(want), "{there:?} {property:?}");
        }
    }

    #[test]
    fn what_is_there_already_keeps_its_bytes() {
        for there in [r#"{ "z":1, "a": "v" }"#, r#"{"a":"\u0076"}"#] {
            assert_eq!(after(Some(there), Some("a"), "v").as_deref(), Ok(there));
        }
    }

    #[test]
    fn no_property_goes_into_what_is_no_object() {
        for (there, property) in [("c4n4ry", "a"), (r#"["c4n4ry"]"#, "a"), (r#"{"a":"c4n4ry"}"#, "a.b")] {
            let error = after(Some(there), Some(property), "c4n4ry").unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidValue);
            assert!(!error.message.contains("c4n4ry"), "{error}");
        }
    }
}
