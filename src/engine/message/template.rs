//! Templates. Their errors name where the template stands; what they were executed on is not theirs to tell.

use latchkey_api::external_secret::DecodingStrategy;

use super::value::strategy_name;
use crate::engine::convert::KeyError;
use crate::engine::error::{Error, ErrorKind};

fn failed(message: String) -> Error {
    Error::new(ErrorKind::Template, message)
}

/// A template that cannot be parsed or executed.
pub fn template_failed(at: &str, why: &str) -> Error {
    failed(format!("{at}: {why}; correct the template"))
}

/// A template that fails where it comes to a place which it need not come to: it asks for a key there that is never fetched.
pub fn template_may_fail(at: &str, why: &str) -> Error {
    failed(format!(
        "{at}: {why}, wherever the template comes to that place; fetch the key, or correct the template"
    ))
}

/// A rendered text that should be a YAML map of keys and values.
pub fn template_map(at: &str, why: &str) -> Error {
    failed(format!(
        "{at} does not render to a YAML map of keys and single values: {why}; correct the template"
    ))
}

/// A rendered value that is not in the encoding that `valuesDecodingStrategy` names. Its key was rendered too, and is not named.
pub fn template_not_text(at: &str, strategy: DecodingStrategy) -> Error {
    let name = strategy_name(strategy);
    failed(format!(
        "{at}: a value that it renders is not {name}; correct the template, or valuesDecodingStrategy"
    ))
}

/// A rendered key that no Secret can have. It may be made of values: nothing of it is told.
pub fn rendered_key(at: &str, why: &KeyError) -> Error {
    let what = match why {
        KeyError::Collision(_) => "is there twice".to_owned(),
        KeyError::Character(..) => {
            "has another character than a Secret's: letters, digits, '-', '_' and '.' only".to_owned()
        }
        KeyError::TooLong(length) => format!("has {length} bytes, and a Secret's has no more than 253"),
        KeyError::Impossible(_) => "is none that a Secret can have".to_owned(),
    };
    failed(format!("{at}: a key that it renders {what}; correct the template"))
}

/// `templateFrom` names a target that a Secret does not have.
pub fn template_target(at: &str, target: &str) -> Error {
    failed(format!("{at}.target {target:?} is nothing that a Secret has; set Data, Labels or Annotations"))
}

/// A ConfigMap or Secret of `templateFrom`, or a key of it, is not there.
pub fn template_object_missing(at: &str, what: &str) -> Error {
    failed(format!("{at}: {what} not found; create it, or correct the reference"))
}

/// A template in a Secret that cannot be used. Its text is that Secret's, and so is what an error would quote of it.
pub fn template_hidden(at: &str, why: &Error) -> Error {
    let message = format!(
        "{at}: the template cannot be executed, and why is not said, as it would tell of the Secret's content; try the template \
         in a ConfigMap"
    );
    Error::new(why.kind.clone(), message)
}
