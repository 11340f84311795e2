//! Sprig's functions, as External Secrets Operator has them: without `env`, `expandenv` and `getHostByName`, with `hexdec` and
//! a `htpasswd` of three arguments, and with errors that tell nothing of the data.
//!
//! What differs from Go:
//!
//! - `keys`, `values` and what else has no order in Go are in the order of the keys.
//! - Where Go's list is nil, it is empty here: `toJson (rest list)` is `[]`, not `null`.
//! - Out of a range, Go tells the numbers; here they are not told.
//! - Without the feature `crypto` there are no hashes, random values, passwords, keys and certificates.
//! - What Go would compute until memory or time end is bounded by the template's limits.

mod cast;
mod convert;
#[cfg(feature = "crypto")]
mod crypto;
mod date;
mod defaults;
mod dicts;
mod encodings;
mod json;
mod lists;
mod math;
mod merge;
mod paths;
mod reflect;
mod regexp;
mod semver;
mod strings;
mod url;

pub(super) use date::span as duration;

use crate::buffer::Buffer;
use crate::{Bytes, Call, FuncError, Functions, Signature, Value, builtin};

type Outcome<T> = std::result::Result<T, FuncError>;
type Result = Outcome<Value>;

/// What Go says of a nil that something was expected of.
const NIL: &str = "runtime error: invalid memory address or nil pointer dereference";

/// Adds them.
pub(super) fn add(functions: &mut Functions) {
    let mut shelf = Shelf(functions);
    strings::add(&mut shelf);
    convert::add(&mut shelf);
    defaults::add(&mut shelf);
    reflect::add(&mut shelf);
    lists::add(&mut shelf);
    dicts::add(&mut shelf);
    merge::add(&mut shelf);
    json::add(&mut shelf);
    encodings::add(&mut shelf);
    math::add(&mut shelf);
    date::add(&mut shelf);
    url::add(&mut shelf);
    #[cfg(feature = "crypto")]
    crypto::add(&mut shelf);
    paths::add(&mut shelf);
    regexp::add(&mut shelf);
    semver::add(&mut shelf);
}

/// Where the functions are put: each pays for the size of its arguments before it looks at them.
struct Shelf<'a>(&'a mut Functions);

impl Shelf<'_> {
    fn add(&mut self, name: &'static str, signature: Signature, body: fn(&Call<'_>) -> Result) -> &mut Self {
        self.0.add(name, signature, move |call| {
            call.budget().steps(call.args().iter().map(size).sum())?;
            body(call)
        });
        self
    }

    /// The same function under several names.
    fn all(
        &mut self,
        names: &[&'static str],
        signature: Signature,
        body: fn(&Call<'_>) -> Result,
    ) -> &mut Self {
        for name in names {
            self.add(name, signature, body);
        }
        self
    }
}

/// How many steps it takes to look at an argument.
fn size(value: &Value) -> u64 {
    match value {
        Value::Str(bytes) => bytes.len() as u64 / 256,
        Value::List(list) => list.len() as u64,
        Value::Map(map) => map.len() as u64,
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Int64(_)
        | Value::Byte(_)
        | Value::Float(_)
        | Value::Object(_) => 0,
    }
}

/// A refusal in these words.
fn refuse<T>(message: impl Into<String>) -> Outcome<T> {
    Err(FuncError::failed(message))
}

/// A string that is written piece by piece, as long as the budget allows.
fn text(call: &Call<'_>, write: impl FnOnce(&mut Buffer)) -> Result {
    builtin::written(call.budget(), write).map(Value::Str)
}

/// What sprig makes of a value that it needs as a string.
fn string_of(call: &Call<'_>, value: &Value) -> Outcome<Bytes> {
    if let Value::Str(bytes) = value { Ok(bytes.clone()) } else { crate::display(value, call.budget()) }
}
