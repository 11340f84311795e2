//! The provider: which requests are made for which references.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client as Sdk;
use aws_sdk_secretsmanager::operation::batch_get_secret_value::BatchGetSecretValueOutput;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::Tag;
use futures::stream::{self, StreamExt as _};
use latchkey_api::provider::Aws;
use latchkey_api::provider::aws::AwsSecretsManager;

use super::batch::{self, Answer, Permission};
use super::client::Client;
use super::config::Settings;
use super::failure;
use super::login::Login;
use crate::property::{self, Document};
use crate::{Entry, EntryRef, Error, ErrorKind, Provider, Scope, SecretBytes, Validation, Writer};

/// ESO's label of its calls.
pub const NAME: &str = "AWS/SecretsManager";

const DOCUMENT: Document =
    Document { lookup: property::literal_then_path, missing: ErrorKind::PropertyNotFound };

/// Requests under way at once for one fetch.
const CONCURRENT: usize = 8;

type Answers = Vec<(EntryRef, Result<Entry, Error>)>;

/// A store at AWS Secrets Manager.
#[derive(Debug)]
pub struct SecretsManager {
    pub(super) prefix: String,
    pub(super) client: Client,
    pub(super) deletion: AwsSecretsManager,
    batches: Permission,
}

impl SecretsManager {
    /// Makes no request.
    pub fn new(settings: Settings, block: Aws, scope: Scope, login: Login) -> Self {
        let prefix = block.prefix.clone().unwrap_or_default();
        let deletion = block.secrets_manager.clone().unwrap_or_default();
        let client = Client::new(settings, block, scope, login);
        Self { prefix, client, deletion, batches: Permission::default() }
    }

    fn id(&self, entry: &EntryRef) -> String {
        format!("{}{}", self.prefix, entry.key)
    }

    async fn single(&self, entry: EntryRef) -> Answers {
        let read = match &entry.listing {
            Some(listing) => self.list(listing).await,
            None if entry.metadata => self.tags(&entry).await,
            None => self.one(&entry).await,
        };
        vec![(entry, read)]
    }

    /// By `version`: the stage AWSCURRENT without one, an id after `uuid/`, else a stage.
    async fn one(&self, entry: &EntryRef) -> Result<Entry, Error> {
        let id = self.id(entry);
        let version = if entry.version.is_empty() { "AWSCURRENT" } else { &entry.version };
        let send = |client: Sdk| {
            let request = client.get_secret_value().secret_id(&id);
            let request = match version.strip_prefix("uuid/") {
                Some(version) => request.version_id(version),
                None => request.version_stage(version),
            };
            request.send()
        };
        let output = self.client.call("GetSecretValue", &doing(&id), send).await?;
        value(output.secret_binary, output.secret_string, &id)
    }

    /// A secret's tags as a JSON object.
    async fn tags(&self, entry: &EntryRef) -> Result<Entry, Error> {
        let id = self.id(entry);
        let send = |client: Sdk| client.describe_secret().secret_id(&id).send();
        let output = self.client.call("DescribeSecret", &doing(&id), send).await?;
        let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
        let tags: BTreeMap<String, String> = output.tags().iter().filter_map(pair).collect();
        let json = serde_json::to_string(&tags).unwrap_or_default(); // a map of texts is always JSON
        let json = property::go_json(&json, property::Numbers::Verbatim, true).unwrap_or(json);
        Ok(Entry::Value(json.into()))
    }

    async fn several(&self, entries: Vec<EntryRef>) -> Answers {
        let ids: Vec<String> = entries.iter().map(|entry| self.id(entry)).collect();
        let doing = format!("cannot read {} secrets at once", ids.len());
        let send = |client: Sdk| client.batch_get_secret_value().set_secret_id_list(Some(ids.clone())).send();
        match self.client.call("BatchGetSecretValue", &doing, send).await {
            Ok(output) => self.split(entries, &output).await,
            Err(error) if is_for_the_batch(&error) => {
                if error.kind == ErrorKind::Forbidden {
                    tracing::info!(reason = %error, "reading secrets one by one");
                    self.batches.refuse();
                }
                self.singles(entries).await
            }
            Err(error) => entries.into_iter().map(|entry| (entry, Err(error.clone()))).collect(),
        }
    }

    /// Each secret's own answer; one that the batch does not speak of is asked for by itself.
    async fn split(&self, entries: Vec<EntryRef>, output: &BatchGetSecretValueOutput) -> Answers {
        let mut answers = Vec::with_capacity(entries.len());
        let mut unanswered = Vec::new();
        for entry in entries {
            let id = self.id(&entry);
            match batch::answer(output, &id) {
                Some(Answer::Value(found)) => {
                    let read = value(found.secret_binary.clone(), found.secret_string.clone(), &id);
                    answers.push((entry, read));
                }
                Some(Answer::Refusal(why)) => {
                    let error = failure::of_code(
                        why.error_code(),
                        why.message(),
                        400,
                        &doing(&id),
                        self.client.place(),
                    );
                    answers.push((entry, Err(error)));
                }
                None => unanswered.push(entry),
            }
        }
        answers.extend(self.singles(unanswered).await);
        answers
    }

    async fn singles(&self, entries: Vec<EntryRef>) -> Answers {
        let reads = entries.into_iter().map(|entry| self.single(entry));
        stream::iter(reads).buffer_unordered(CONCURRENT).concat().await
    }

    /// Each distinct reference once: those that a batch can hold by batches, the others by themselves.
    async fn read(&self, entries: BTreeSet<EntryRef>) -> Answers {
        let batched =
            |entry: &EntryRef| !entry.metadata && entry.version.is_empty() && entry.listing.is_none();
        let (mut together, mut alone): (Vec<_>, Vec<_>) = entries.into_iter().partition(batched);
        if together.len() < 2 || !self.batches.likely() {
            alone.append(&mut together);
        }
        let chunks: Vec<_> = together.chunks(batch::MOST).map(<[EntryRef]>::to_vec).collect();
        let batches = chunks.into_iter().map(|chunk| self.several(chunk));
        let batches = stream::iter(batches).buffer_unordered(CONCURRENT).concat();
        let (mut answers, others) = futures::join!(batches, self.singles(alone));
        answers.extend(others);
        answers
    }
}

#[async_trait]
impl Provider for SecretsManager {
    fn name(&self) -> &'static str {
        NAME
    }

    fn location(&self) -> String {
        self.client.place().to_owned()
    }

    fn max_batch(&self) -> usize {
        if self.batches.likely() { batch::MOST } else { 1 }
    }

    /// With the store's prefix. An ARN stays as it is written: what it names besides the name is for the pattern to say.
    fn resolved_key(&self, entry: &EntryRef) -> String {
        self.id(entry)
    }

    /// What is pushed is named, what is read may be given by its ARN, which ends in letters that nobody can know.
    fn written_as(&self, entry: &EntryRef) -> Option<String> {
        let id = self.id(entry);
        (entry.listing.is_none() && !id.starts_with("arn:")).then_some(id)
    }

    async fn fetch(&self, entries: &[EntryRef]) -> Vec<Result<Entry, Error>> {
        let answers: HashMap<_, _> = self.read(entries.iter().cloned().collect()).await.into_iter().collect();
        let unanswered =
            || Err(Error::new(ErrorKind::Unavailable, format!("no answer from {}", self.client.place())));
        entries.iter().map(|entry| answers.get(entry).cloned().unwrap_or_else(unanswered)).collect()
    }

    fn value(&self, of: &EntryRef, entry: &Entry, property: Option<&str>) -> Result<SecretBytes, Error> {
        DOCUMENT.value(of, entry, property)
    }

    fn map(
        &self,
        of: &EntryRef,
        entry: &Entry,
        property: Option<&str>,
    ) -> Result<BTreeMap<String, SecretBytes>, Error> {
        DOCUMENT.map(of, entry, property)
    }

    /// As in ESO: the credentials can be had. What they may read differs by secret.
    async fn validate(&self) -> Result<Validation, Error> {
        self.client.log_in().await.map(|()| Validation::Ready)
    }

    fn writer(&self) -> Option<&dyn Writer> {
        Some(self)
    }

    fn validates_where_it_reads(&self) -> bool {
        false
    }
}

fn doing(id: &str) -> String {
    format!("cannot read secret {id:?}")
}

/// Whether the request failed for being a batch: refused by policy, or not understood (an endpoint that is not AWS).
fn is_for_the_batch(error: &Error) -> bool {
    match error.kind {
        ErrorKind::Forbidden => error.code.as_deref() != Some("AccessDenied"), // that is the role's, said by STS
        ErrorKind::NotFound | ErrorKind::InvalidRequest => true,
        ErrorKind::InvalidValue => true, // more than is read of one answer
        ErrorKind::PropertyNotFound
        | ErrorKind::Unauthenticated
        | ErrorKind::Credentials
        | ErrorKind::Referent
        | ErrorKind::InvalidConfig
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable
        | ErrorKind::EndpointRefused
        | ErrorKind::ClusterApi
        | ErrorKind::NotManaged
        | ErrorKind::Unsupported => false,
    }
}

fn value(binary: Option<Blob>, text: Option<String>, id: &str) -> Result<Entry, Error> {
    let bytes = binary.map(Blob::into_inner).or_else(|| text.map(String::into_bytes));
    let none =
        || Error::new(ErrorKind::InvalidValue, format!("secret {id:?} holds neither a text nor a binary"));
    bytes.map(|bytes| Entry::Value(bytes.into())).ok_or_else(none)
}
