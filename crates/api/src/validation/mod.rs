//! What is wrong with an object beyond its schema, in the words that External Secrets Operator's webhook uses.
//!
//! All of it is pure: nothing is looked up, and the caller compiles regular expressions.

mod aws;
mod external_secret;
mod fake;
mod ignored;
mod kubernetes;
mod privileged;
mod push_problem;
mod push_secret;
mod scope;
mod store;
mod vault;

pub use external_secret::{Invalid, questionable, validate_external_secret};
pub use ignored::{Ignored, ignored_fields};
pub use privileged::validate_template;
pub use push_problem::{InvalidPush, PushProblem};
pub use push_secret::validate_push_secret;
pub use store::{InvalidStore, SelectorError, StoreValidation, StoreWarning, validate_store};
