//! The requests that change a secret. What AWS says to those that carry a value is not repeated, lest it quotes the value.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::Client as Sdk;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::Tag;

use super::push_spec::{self, Format, Retag, Spec};
use super::secrets_manager::SecretsManager;
use crate::{Error, ErrorKind, SecretBytes};

/// A value as it is.
pub struct Held {
    /// Its bytes.
    pub value: SecretBytes,
    /// In which field they are.
    pub format: Format,
}

impl SecretsManager {
    /// What there is to know of a secret besides its value, if there is one.
    pub(super) async fn described(&self, id: &str) -> Result<Option<DescribeSecretOutput>, Error> {
        let send = |client: Sdk| client.describe_secret().secret_id(id).send();
        absent(self.client.call("DescribeSecret", &format!("cannot look at secret {id:?}"), send).await)
    }

    /// The current value, if there is one.
    pub(super) async fn held(&self, id: &str) -> Result<Option<Held>, Error> {
        let send = |client: Sdk| client.get_secret_value().secret_id(id).send();
        let read = self.client.call("GetSecretValue", &format!("cannot read secret {id:?}"), send).await;
        Ok(absent(read)?.and_then(|output| {
            let text = output.secret_string.map(|text| Held { value: text.into(), format: Format::String });
            let binary = |bytes: Blob| Held { value: bytes.into_inner().into(), format: Format::Binary };
            text.or_else(|| output.secret_binary.map(binary))
        }))
    }

    /// Makes a secret with the mark.
    pub(super) async fn create(&self, id: &str, value: &SecretBytes, spec: &Spec) -> Result<(), Error> {
        let tags: Vec<Tag> = tags(&spec.tags());
        let (binary, text) = fields(id, value, spec.format())?;
        let send = |client: Sdk| {
            let request = client.create_secret().name(id).description(spec.description());
            let request = request.set_kms_key_id(spec.key()).set_tags(Some(tags.clone()));
            request.set_secret_binary(binary.clone()).set_secret_string(text.clone()).send()
        };
        let created = self.client.call("CreateSecret", &doing(id), send).await;
        created.map(drop).map_err(|error| match error.code.as_deref() {
            Some("ResourceExistsException") => {
                let text = format!("{}: somebody else has created it meanwhile", doing(id));
                Error { kind: ErrorKind::Unavailable, message: text, ..error }
            }
            Some(_) | None => silent(error),
        })
    }

    /// Makes this the current value. Each call has a token by which AWS takes it once, however often the SDK sends it.
    pub(super) async fn put(&self, id: &str, value: &SecretBytes, format: Format) -> Result<(), Error> {
        let (binary, text) = fields(id, value, format)?;
        let send = |client: Sdk| {
            let request = client.put_secret_value().secret_id(id);
            request.set_secret_binary(binary.clone()).set_secret_string(text.clone()).send()
        };
        self.client.call("PutSecretValue", &doing(id), send).await.map(drop).map_err(silent)
    }

    /// Takes back a deletion whose recovery window is not over.
    pub(super) async fn restore(&self, id: &str) -> Result<(), Error> {
        let send = |client: Sdk| client.restore_secret().secret_id(id).send();
        self.client.call("RestoreSecret", &format!("cannot restore secret {id:?}"), send).await.map(drop)
    }

    /// Whether there was anything to do.
    pub(super) async fn retag(&self, id: &str, retag: Retag) -> Result<bool, Error> {
        let Retag { remove, set } = retag;
        let (removes, sets) = (!remove.is_empty(), !set.is_empty());
        if removes {
            let send =
                |client: Sdk| client.untag_resource().secret_id(id).set_tag_keys(Some(remove.clone())).send();
            self.client.call("UntagResource", &format!("cannot untag secret {id:?}"), send).await?;
        }
        if sets {
            let tags = tags(&set);
            let send = |client: Sdk| client.tag_resource().secret_id(id).set_tags(Some(tags.clone())).send();
            self.client.call("TagResource", &format!("cannot tag secret {id:?}"), send).await?;
        }
        Ok(removes || sets)
    }

    /// Deletes as the store says.
    pub(super) async fn remove(&self, id: &str) -> Result<(), Error> {
        let (force, days) = push_spec::deletion(&self.deletion)?;
        let send = |client: Sdk| {
            let request = client.delete_secret().secret_id(id);
            request.set_force_delete_without_recovery(force).set_recovery_window_in_days(days).send()
        };
        let deleted = self.client.call("DeleteSecret", &format!("cannot delete secret {id:?}"), send).await;
        absent(deleted).map(drop)
    }
}

fn doing(id: &str) -> String {
    format!("cannot write secret {id:?}")
}

fn absent<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Without AWS's own sentence, unless it says who may not do what.
fn silent(error: Error) -> Error {
    match error.message.split_once(" says: ") {
        Some((ours, _)) if error.kind != ErrorKind::Forbidden => {
            Error { message: format!("{ours} refused"), ..error }
        }
        Some(_) | None => error,
    }
}

fn fields(id: &str, value: &SecretBytes, format: Format) -> Result<(Option<Blob>, Option<String>), Error> {
    match format {
        Format::Binary => Ok((Some(Blob::new(value.expose())), None)),
        Format::String => {
            let text = value.expose_str().ok_or_else(|| {
                let text = format!("the value for secret {id:?} is not text, as secretPushFormat says");
                Error::new(ErrorKind::InvalidValue, text)
            })?;
            Ok((None, Some(text.to_owned())))
        }
    }
}

fn tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_may_quote_the_value_is_cut() {
        let error = |kind| silent(Error::new(kind, "cannot write secret \"a\": AWS says: Value 'c4n4ry'"));
        assert_eq!(error(ErrorKind::InvalidRequest).message, "cannot write secret \"a\": AWS refused");
        assert!(error(ErrorKind::Forbidden).message.contains("says"));
    }

    #[test]
    fn a_text_is_text() {
        let bytes = SecretBytes::new(*b"\xff");
        assert_eq!(fields("a", &bytes, Format::String).unwrap_err().kind, ErrorKind::InvalidValue);
        assert!(matches!(fields("a", &bytes, Format::Binary), Ok((Some(_), None))));
    }
}
