//! How the API server is told of the webhook: a MutatingWebhookConfiguration.
//!
//! latchkey creates it whole where there is none. Of one that is there it keeps the address and the CA, and adds webhooks
//! that are missing; rules, selectors and policies in it are whoever's who wrote them.

mod brake;
mod conditions;
mod desired;
mod keep;

pub use desired::{Desired, PATH_EXTERNAL_SECRETS, PATH_PODS, PATH_STORES};
pub use keep::{Error, Keeper};
