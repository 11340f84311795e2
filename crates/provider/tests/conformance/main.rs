//! One suite of claims that every provider passes, each against the real thing.
//!
//! A provider brings a [`fixture::Fixture`]: how to write into its store, and store specifications that are right, have
//! wrong credentials, or name a server that is not there. [`suite::conformance`] does the rest.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[cfg(feature = "generators")]
mod accounts;
mod credentials;
#[cfg(all(feature = "vault", feature = "kubernetes"))]
mod endpoints;
mod fixture;
#[cfg(feature = "generators")]
mod generators_aws;
#[cfg(feature = "generators")]
mod generators_cloud;
#[cfg(feature = "generators")]
mod generators_http;
#[cfg(feature = "generators")]
mod generators_tried;
#[cfg(feature = "generators")]
mod generators_webhook;
#[cfg(any(feature = "aws", feature = "vault", feature = "kubernetes"))]
mod live;
#[cfg(any(feature = "aws", feature = "kubernetes", feature = "vault"))]
mod pushing;
#[cfg(feature = "generators")]
mod rs256;
mod suite;

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod aws_login;
#[cfg(feature = "fake")]
mod fake;
#[cfg(feature = "kubernetes")]
mod kubernetes;
#[cfg(feature = "aws")]
mod push_aws;
#[cfg(feature = "kubernetes")]
mod push_kubernetes;
#[cfg(feature = "vault")]
mod vault;
