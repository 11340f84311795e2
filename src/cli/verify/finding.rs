//! What is wrong with a manifest, and where.

use serde::Serialize;

use crate::cli::manifests::{Broken, Object};
use crate::engine::{Error, ErrorKind};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// It cannot work.
    Error,
    /// It may fail, or something has no effect.
    Warning,
    /// It cannot be told from these files.
    Note,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// The document is no YAML.
    Unreadable,
    /// A kind, or a version, of the group that latchkey does not serve.
    Unserved,
    /// A field that the kind does not have.
    UnknownField,
    /// A value of another type than the field's.
    WrongType,
    /// A field that has to be there.
    MissingField,
    /// A value that the field does not take.
    NotAllowed,
    /// A specification that can never work, as admission finds it.
    InvalidSpec,
    /// A field that this version of latchkey does not act on.
    Unsupported,
    /// A regular expression that is none.
    Pattern,
    /// A template that cannot be parsed.
    Template,
    /// A template names a key that `data` does not fetch, or a PushSecret one that its Secret does not have.
    UnfetchedKey,
    /// Two entries, or two ExternalSecrets, write one key of a Secret.
    DuplicateKey,
    /// Two ExternalSecrets own one Secret, or two PushSecrets push to one place.
    SharedTarget,
    /// A store that no manifest defines.
    StoreElsewhere,
    /// Something that works and is perhaps not meant.
    Questionable,
}

impl Kind {
    /// All kinds, for the list of rules.
    pub(super) const ALL: [Self; 15] = [
        Self::Unreadable,
        Self::Unserved,
        Self::UnknownField,
        Self::WrongType,
        Self::MissingField,
        Self::NotAllowed,
        Self::InvalidSpec,
        Self::Unsupported,
        Self::Pattern,
        Self::Template,
        Self::UnfetchedKey,
        Self::DuplicateKey,
        Self::SharedTarget,
        Self::StoreElsewhere,
        Self::Questionable,
    ];

    /// The kind's name, as in the JSON.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Unserved => "unserved",
            Self::UnknownField => "unknown-field",
            Self::WrongType => "wrong-type",
            Self::MissingField => "missing-field",
            Self::NotAllowed => "not-allowed",
            Self::InvalidSpec => "invalid-spec",
            Self::Unsupported => "unsupported",
            Self::Pattern => "pattern",
            Self::Template => "template",
            Self::UnfetchedKey => "unfetched-key",
            Self::DuplicateKey => "duplicate-key",
            Self::SharedTarget => "shared-target",
            Self::StoreElsewhere => "store-elsewhere",
            Self::Questionable => "questionable",
        }
    }

    /// What it means, in one sentence.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Unreadable => "The document is no YAML.",
            Self::Unserved => "latchkey does not serve this kind or version of its group.",
            Self::UnknownField => "The kind has no such field.",
            Self::WrongType => "The field takes a value of another type.",
            Self::MissingField => "A field that has to be there is missing.",
            Self::NotAllowed => "The field does not take this value.",
            Self::InvalidSpec => "The specification can never work.",
            Self::Unsupported => "This version of latchkey does not act on the field.",
            Self::Pattern => "The regular expression does not compile.",
            Self::Template => "The template cannot be parsed.",
            Self::UnfetchedKey => {
                "A template names a key that data does not fetch, or a PushSecret one that its Secret does not have."
            }
            Self::DuplicateKey => "Two entries, or two ExternalSecrets, write the same key.",
            Self::SharedTarget => {
                "Two ExternalSecrets own the same Secret, or two PushSecrets push to the same place."
            }
            Self::StoreElsewhere => "No manifest of the set defines the store.",
            Self::Questionable => "It works and is perhaps not meant.",
        }
    }

    /// What an error of the core is.
    pub(super) fn of(error: &Error) -> Self {
        match error.kind {
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::Template => Self::Template,
            ErrorKind::InvalidSpec
            | ErrorKind::StoreNotFound
            | ErrorKind::StoreDenied
            | ErrorKind::KeyDenied
            | ErrorKind::StoreNotReady
            | ErrorKind::Provider(_)
            | ErrorKind::Value
            | ErrorKind::GenericTarget
            | ErrorKind::OwnedByAnother
            | ErrorKind::ForeignOwner
            | ErrorKind::Immutable
            | ErrorKind::NotOwner
            | ErrorKind::WriteRefused
            | ErrorKind::Cluster
            | ErrorKind::Deadline
            | ErrorKind::GeneratorNotFound
            | ErrorKind::Generator
            | ErrorKind::BackingOff => Self::InvalidSpec,
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The file, as it was named.
    pub(crate) file: String,
    /// The line of the field, or of the object, counted from one.
    pub(crate) line: u64,
    pub(crate) severity: Severity,
    pub(crate) kind: Kind,
    /// The object: `ExternalSecret team-a/db`. None of a document that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<String>,
    /// The field, where one is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// What is wrong and what to do. It names no value of a secret.
    pub(crate) message: String,
}

impl Finding {
    /// An object is wrong, as this sentence says; it may begin with the field.
    pub(super) fn of(object: &Object, severity: Severity, kind: Kind, said: impl Into<String>) -> Self {
        let said = said.into();
        let (field, message) = match said.split_once(": ").filter(|(field, _)| is_field(field)) {
            Some((field, rest)) => (Some(field.to_owned()), rest.to_owned()),
            None => (leading_field(&said), said),
        };
        Self {
            file: object.file.clone(),
            line: object.lines.of(field.as_deref().unwrap_or_default()),
            severity,
            kind,
            object: Some(object.title()),
            field: field.filter(|field| !message.starts_with(field.as_str())),
            message,
        }
    }

    /// A document is no YAML.
    pub(super) fn unreadable(broken: &Broken) -> Self {
        Self {
            file: broken.file.clone(),
            line: broken.why.line,
            severity: Severity::Error,
            kind: Kind::Unreadable,
            object: None,
            field: None,
            message: format!("{}; correct it", broken.why.why),
        }
    }

    /// The one line for a person.
    pub(crate) fn line(&self) -> String {
        let Self { file, line, severity, .. } = self;
        let grade = match severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
            Severity::Note => "note: ",
        };
        format!("{file}:{line}: {grade}{}", self.said())
    }

    /// The message behind the object and the field that it is about.
    pub(super) fn said(&self) -> String {
        let parts = [self.object.as_deref(), self.field.as_deref(), Some(self.message.as_str())];
        parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
    }
}

fn is_field(text: &str) -> bool {
    let root = text.split(['.', '[']).next().unwrap_or_default();
    let quoted = text.split('"').step_by(2).any(|outside| outside.contains(' '));
    matches!(root, "apiVersion" | "kind" | "metadata" | "spec" | "status") && !quoted
}

/// The field that a sentence begins with.
fn leading_field(said: &str) -> Option<String> {
    said.split(' ').next().filter(|word| is_field(word) && word.contains('.')).map(str::to_owned)
}
