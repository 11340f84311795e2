//! Generators, and why they make nothing. The sentences begin as External Secrets Operator's do.

use std::time::Duration;

use latchkey_api::generator::GeneratorKind;
use latchkey_provider as provider;
use latchkey_provider::ErrorKind as Remote;

use super::value::{key_error, merge_error};
use crate::engine::convert::KeyError;
use crate::engine::error::{Error, ErrorKind};
use crate::engine::generate::Refused;
use crate::engine::plan::{Generated, GeneratorKey};
use crate::engine::rewrite::MergeError;

/// What can be made here, for whoever asks for another.
const MADE_HERE: &str = "use one of the kinds that docs/generators.md lists, or read a store";

fn using(kind: ErrorKind, key: &GeneratorKey, what: &str) -> Error {
    Error::new(kind, format!("error using generator: {key}: {what}"))
}

/// A kind of generator that is not made here.
pub fn generator_kind(at: &str, kind: &str) -> Error {
    super::unsupported(&format!("{at}: the generator {kind}"), MADE_HERE)
}

/// A ClusterGenerator of a kind that is not made here.
pub fn generator_unsupported(key: &GeneratorKey, kind: &str) -> Error {
    super::unsupported(&format!("error using generator: {key}: the generator {kind}"), MADE_HERE)
}

/// The generator does not exist.
pub fn generator_not_found(key: &GeneratorKey, at: &str) -> Error {
    let place = match &key.namespace {
        Some(namespace) => format!(" in namespace {namespace:?}"),
        None => String::new(),
    };
    let message = format!("unable to get generator: {key} not found{place}; create it, or correct {at}");
    Error::new(ErrorKind::GeneratorNotFound, message)
}

/// The generator could not be looked up.
pub fn generator_unknown(key: &GeneratorKey, why: &str) -> Error {
    let message =
        format!("unable to get generator: {key}: {why}; check that the API server answers latchkey");
    Error::new(ErrorKind::Cluster, message)
}

/// The installation serves no ClusterGenerators.
pub fn generator_not_served(key: &GeneratorKey) -> Error {
    let message = format!(
        "unable to get generator: {key} cannot be used: this installation of latchkey serves no ClusterGenerators; use a \
         generator of the namespace"
    );
    Error::new(ErrorKind::Generator, message)
}

/// The generator is for another installation.
pub fn generator_of_another_class(key: &GeneratorKey, class: &str) -> Error {
    let what =
        format!("it is for the controller class {class:?}; use another generator, or remove spec.controller");
    using(ErrorKind::Generator, key, &what)
}

/// The generator's specification cannot be read. What is in it is not said: a Fake holds values.
pub fn generator_malformed(key: &GeneratorKey) -> Error {
    let what =
        "its specification has a field of a wrong type; install latchkey's or ESO's CRDs, which refuse such";
    using(ErrorKind::Generator, key, what)
}

/// A ClusterGenerator whose specification is not in the field of its kind.
pub fn generator_lacks_spec(key: &GeneratorKey, kind: GeneratorKind) -> Error {
    let (kind, field) = (kind.name(), kind.field());
    using(ErrorKind::Generator, key, &format!("spec.kind is {kind}; set spec.generator.{field}"))
}

/// The generator cannot make what it says.
pub fn generator_refuses(key: &GeneratorKey, refused: &Refused) -> Error {
    let remedy = match refused.field {
        Some(field) => format!("correct its spec.{field}"),
        None => "try again, and tell whoever runs latchkey if it stays so".to_owned(),
    };
    using(ErrorKind::Generator, key, &format!("{refused}; {remedy}"))
}

/// The seed that an MFA names is not there.
pub fn generator_lacks_seed(key: &GeneratorKey, secret: &str, of: &str) -> Error {
    let what = format!("there is no key {of:?} in Secret {secret:?}; create it, or correct its spec.secret");
    using(ErrorKind::Generator, key, &what)
}

/// The service did not make it.
pub fn generator_failed(key: &GeneratorKey, why: &provider::Error) -> Error {
    let (kind, remedy) = match why.kind {
        Remote::RateLimited | Remote::Unavailable | Remote::ClusterApi => {
            (ErrorKind::Provider(why.kind), "it is tried again in the background")
        }
        Remote::Forbidden | Remote::Unauthenticated => {
            (ErrorKind::Generator, "have its identity granted it, or correct how its spec logs in")
        }
        Remote::Credentials | Remote::Referent => (ErrorKind::Generator, "create what its spec names"),
        Remote::NotFound
        | Remote::PropertyNotFound
        | Remote::InvalidConfig
        | Remote::InvalidRequest
        | Remote::InvalidValue
        | Remote::NotManaged => (ErrorKind::Generator, "correct its spec"),
        Remote::EndpointRefused => (ErrorKind::Generator, "use another address"),
        Remote::Unsupported => (ErrorKind::Unsupported, "use another generator"),
    };
    Error { retry_after: why.retry_after, ..using(kind, key, &format!("{why}; {remedy}")) }
}

/// A dry run has no service make anything.
pub fn generator_not_tried(key: &GeneratorKey) -> String {
    format!(
        "{key} asks a service to make the value, which a dry run does not do: the Secret has not been tried"
    )
}

/// What a service keeps is made for what is stored.
pub fn generator_put_off(key: &GeneratorKey) -> String {
    format!(
        "{key} has a service make what the service keeps until it is told otherwise: it is made, and the Secret written, once \
         this ExternalSecret is stored"
    )
}

/// Credentials are of whoever names the generator, whatever it says.
pub fn generator_namespace(key: &GeneratorKey, field: &str, own: &str) -> String {
    format!(
        "{key}: {field} has no effect: credentials are read from {own:?}, the namespace of whoever names the generator"
    )
}

/// One way to log in is taken, and the others are not.
pub fn generator_ways(key: &GeneratorKey, first: &str, others: &[&str]) -> String {
    let others = others.join(" and ");
    format!(
        "{key}: spec.auth has several ways to log in: auth.{first} is taken, and {others} has no effect; remove what is not meant"
    )
}

/// A server is waited for no longer.
pub fn generator_timeout(key: &GeneratorKey, longest: Duration) -> String {
    format!("{key}: spec.timeout is more than {longest:?}, and the server is waited for no longer than that")
}

/// The deadline passed first.
pub fn generator_too_late(key: &GeneratorKey) -> Error {
    let message = format!("time ran out before {key} had made anything; it is tried again in the background");
    Error::new(ErrorKind::Deadline, message)
}

/// It panicked.
pub fn generator_defect(key: &GeneratorKey) -> Error {
    using(ErrorKind::Unsupported, key, "it failed inside latchkey; this is a defect, please report it")
}

/// Keys that cannot be used.
pub fn generated_keys(entry: &Generated, why: &KeyError) -> Error {
    using(ErrorKind::Value, &entry.key, &format!("{}; use rewrite to change keys", key_error(why)))
}

/// Values that cannot be merged.
pub fn generated_merging(entry: &Generated, step: usize, why: &MergeError) -> Error {
    let (part, what) = merge_error(why);
    let Generated { index, key, .. } = entry;
    let message = format!("spec.dataFrom[{index}].rewrite[{step}]{part}: what {key} makes: {what}");
    Error::new(ErrorKind::Value, message)
}
