//! An admission request, as far as it is read here; `http::review` makes it from bytes.

use std::collections::BTreeMap;

use k8s_openapi::api::authentication::v1::UserInfo;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::engine::{Effects, Lane};

/// What is done to the object. Reviews of other operations are never asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// It is new.
    Create,
    /// It is there and changes.
    Update,
}

impl Operation {
    /// As a metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
        }
    }
}

/// One request for admission.
#[derive(Clone)]
pub struct Request {
    /// What is done.
    pub operation: Operation,
    /// The object's kind.
    pub kind: String,
    /// Its namespace; empty for objects of the cluster.
    pub namespace: String,
    /// Its name; empty where the API server will make one.
    pub name: String,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// Who asks.
    pub user: UserInfo,
    /// The object as it would be stored.
    pub object: Value,
    /// The object as it is stored, on an update.
    pub old: Option<Value>,
}

/// The object is not what its kind says; the text names the field and never quotes the object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {kind} cannot be read: check its fields against the schema (kubectl explain {kind})")]
pub struct Unreadable {
    /// The kind that was expected.
    pub kind: &'static str,
}

impl Request {
    /// The object, typed.
    ///
    /// # Errors
    /// It is not of that kind's form.
    pub fn object<T: DeserializeOwned>(&self, kind: &'static str) -> Result<T, Unreadable> {
        T::deserialize(&self.object).map_err(|_| Unreadable { kind })
    }

    /// One of the object's annotations.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.object["metadata"]["annotations"][name].as_str()
    }

    /// How far a sync for it may go, and which share of the remote budget it uses.
    pub fn reach(&self) -> (Effects, Lane) {
        match self.dry_run {
            true => (Effects::DryRun, Lane::DryRun),
            false => (Effects::Apply, Lane::Admission),
        }
    }

    /// Whether the object is on its way out.
    pub fn is_being_deleted(&self) -> bool {
        !self.object["metadata"]["deletionTimestamp"].is_null()
    }
}

/// What is answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Response {
    /// Why it is refused; admitted if none.
    pub denied: Option<String>,
    /// What is said at the prompt though it is admitted.
    pub warnings: Vec<String>,
    /// What goes into the cluster's audit log, by short names.
    pub audit: BTreeMap<String, String>,
    /// What changes in the object.
    pub patch: Option<json_patch::Patch>,
    /// In one word, for the metric.
    pub outcome: &'static str,
}

impl Response {
    /// Admitted without a word, because of `outcome`.
    pub fn admitted(outcome: &'static str) -> Self {
        Self { outcome, ..Self::default() }
    }

    /// The same, naming the object's fields that have no effect, so that nobody relies on them.
    #[must_use]
    pub fn ignoring(self, object: &str, fields: &[&str]) -> Self {
        fields.iter().fold(self, |response, field| {
            response.warned(format!("{object}: {field} has no effect; it is accepted for old manifests only"))
        })
    }

    /// The same with a warning for each of these remarks on the object.
    pub fn remarked(self, object: &str, remarks: impl IntoIterator<Item = String>) -> Self {
        remarks.into_iter().fold(self, |response, remark| response.warned(format!("{object}: {remark}")))
    }

    /// Refused with this text.
    pub fn denied(text: String) -> Self {
        Self { denied: Some(text), outcome: "denied", ..Self::default() }
    }

    /// The same with one more audit annotation.
    #[must_use]
    pub fn audited(mut self, name: &str, value: impl Into<String>) -> Self {
        self.audit.insert(name.to_owned(), value.into());
        self
    }

    /// The same with one more warning.
    #[must_use]
    pub fn warned(mut self, text: String) -> Self {
        self.warnings.push(text);
        self
    }
}
