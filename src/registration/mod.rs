//! How the API server is told of the webhook: a MutatingWebhookConfiguration.
//!
//! latchkey creates it whole where there is none. Of one that is there it keeps what it does not work without: the webhooks,
//! their addresses and CA, their rules and conditions, and how they are called. What a cluster may want otherwise stays as
//! it is found: timeout, failure policy, selectors, conditions besides.

mod brake;
mod cas;
mod conditions;
mod desired;
mod keep;

pub use desired::{Desired, PATH_EXTERNAL_SECRETS, PATH_PODS, PATH_PUSH_SECRETS, PATH_STORES};
pub use keep::{Error, Keeper};
