//! Identities that Google Cloud trusts though they are another's: ServiceAccounts of any cluster, and what an external account's
//! configuration describes.

use latchkey_api::generator::{GcrFederation, GcrFederationConfig};
use latchkey_api::provider::ServiceAccountSelector;

use super::Access;
use super::google::{self, Subject, Target};
use super::source::External;
use crate::generate::parts::{at, given};
use crate::generate::service_account::Account;
use crate::generate::{World, invalid};
use crate::{Error, ErrorKind};

const AT: &str = "auth.workloadIdentityFederation";

/// A token for whoever that is.
///
/// # Errors
/// There are several ways or none; this one is not supported; Google refuses.
pub async fn access(spec: &GcrFederation, world: &World<'_>) -> Result<Access, Error> {
    match (&spec.cred_config, &spec.service_account_ref, &spec.aws_security_credentials) {
        (None, Some(selector), None) => by_service_account(selector, spec, world).await,
        (Some(config), None, None) => by_config(config, spec, world).await,
        (None, None, Some(_)) => Err(Error::new(
            ErrorKind::Unsupported,
            format!("{AT}.awsSecurityCredentials is not supported by this version; serviceAccountRef is"),
        )),
        _ => Err(invalid(format!(
            "{AT} needs exactly one of credConfig, serviceAccountRef and awsSecurityCredentials"
        ))),
    }
}

async fn by_service_account(
    selector: &ServiceAccountSelector,
    spec: &GcrFederation,
    world: &World<'_>,
) -> Result<Access, Error> {
    let field = format!("{AT}.serviceAccountRef");
    let audience = given(&spec.audience)
        .ok_or_else(|| invalid(format!("{AT}.audience is missing: serviceAccountRef needs it")))?;
    let account = Account::find(world, &field, selector).await?;
    let target = match (email(spec)?, account.annotation(google::ANNOTATION)) {
        (Some(target), _) => Some(target),
        (None, Some(email)) => {
            Some(Target::new(&format!("{field}: the annotation {}", google::ANNOTATION), email)?)
        }
        (None, None) => None,
    };
    let token = account.own_token_or_for(audience).await?;
    google::login(world, Subject { field: &field, audience, token, kind: google::JWT }, target).await
}

async fn by_config(
    reference: &GcrFederationConfig,
    spec: &GcrFederation,
    world: &World<'_>,
) -> Result<Access, Error> {
    let field = format!("{AT}.credConfig");
    let external = External::read(reference, world).await.map_err(|error| at(&field, error))?;
    let audience = given(&spec.audience).or(given(&external.audience));
    let audience = audience.ok_or_else(|| invalid(format!("{AT}.audience and {field} name no audience")))?;
    let endpoint = given(&spec.external_token_endpoint);
    let source = external.source(endpoint).map_err(|error| at(&field, error))?;
    let target = match email(spec)? {
        Some(target) => Some(target),
        None => external.target().map_err(|error| at(&field, error))?,
    };
    let token = source.token(world, &field).await?;
    let kind = given(&external.subject_token_type).unwrap_or(google::JWT);
    google::login(world, Subject { field: &field, audience, token, kind }, target).await
}

fn email(spec: &GcrFederation) -> Result<Option<Target>, Error> {
    let email = given(&spec.gcp_service_account_email);
    email.map(|email| Target::new(&format!("{AT}.gcpServiceAccountEmail"), email)).transpose()
}
